//! The section `package`: a directory, a zip or an image; what prepares it and what goes with it.

use poc::spec::model::{Dependencies, Image, ImageReference, PackageSource, Run, Spec};

use crate::project::{Project, accepts, refuses};

const BARE: &str = "function: { memory: 512 }\n";

fn image(spec: &Spec) -> &Image {
    match &spec.package.source {
        PackageSource::Image(image) => image,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_image_is_named_short_or_whole() {
    let short = |name: &str| accepts(&format!("package: {{ image: \"{name}\" }}\n{BARE}"));
    let spec = short("team/model:1.4");
    assert_eq!(image(&spec).uri(), "000000000000.dkr.ecr.eu-west-1.amazonaws.com/team/model:1.4");
    assert_eq!((image(&spec).account.as_str(), image(&spec).repository.as_str()), ("000000000000", "team/model"));
    assert_eq!((spec.function.runtime.as_str(), spec.function.handler.as_str()), ("", ""));
    assert_eq!(spec.package.bucket, "poc-shop-000000000000-eu-west-1", "the lock is kept there");
    assert_eq!(image(&short("model")).reference, ImageReference::Tag("latest".to_owned()));
    let whole = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/model";
    let digest = format!("sha256:{}", "0a".repeat(32));
    for (name, reference) in [
        (format!("{whole}:2"), ImageReference::Tag("2".to_owned())),
        (format!("{whole}@{digest}"), ImageReference::Digest(digest.clone())),
        (format!("{whole}:2@{digest}"), ImageReference::Digest(digest.clone())),
    ] {
        let spec = short(&name);
        assert_eq!((image(&spec).account.as_str(), &image(&spec).reference), ("123456789012", &reference), "{name}");
    }
    let known = Project::new().account("210987654321");
    let spec = known
        .spec(&format!("package: {{ image: \"${{account}}.dkr.ecr.${{region}}.amazonaws.com/model:1\" }}\n{BARE}"));
    assert_eq!(image(&spec).uri(), "210987654321.dkr.ecr.eu-west-1.amazonaws.com/model:1");
}

#[test]
fn what_lambda_takes_no_image_from_is_refused() {
    let refuses = |name: &str, code: &str, says: &[&str]| {
        refuses(&format!("package: {{ image: ▸\"{name}\" }}\n{BARE}"), code, says);
    };
    refuses("public.ecr.aws/lambda/python:3.13", "bad_image", &["no other", "copy it there"]);
    refuses("docker.io/library/r-base:4", "bad_image", &["copy it there"]);
    refuses("localhost:5000/model", "bad_image", &["not in a private registry"]);
    refuses("https://model:1", "bad_image", &["leave out the scheme"]);
    refuses("Model:1", "bad_image", &["does not name an image", "REPOSITORY:TAG"]);
    refuses("model:", "bad_image", &["does not name an image"]);
    refuses("model@sha256:abc", "bad_image", &["does not name an image"]);
    refuses("model:a:b", "bad_image", &["does not name an image"]);
    let elsewhere = "123456789012.dkr.ecr.us-east-1.amazonaws.com/model:1";
    refuses(elsewhere, "wrong_region", &["the image is in us-east-1, the function in eu-west-1"]);
}

#[test]
fn an_image_brings_what_a_directory_would_be_told() {
    for (key, value) in [("path", "app"), ("ignore", "[a]"), ("build", "[make]"), ("dependencies", "none")] {
        refuses(
            &format!("package: {{ image: model, ▸{key}: {value} }}\n{BARE}"),
            "image_and_path",
            &["exclude each other"],
        );
    }
    for (key, value) in [("runtime", "python3.13"), ("handler", "a.b"), ("layers", "[x]")] {
        let function = format!("package: {{ image: model }}\nfunction: {{ ▸{key}: {value} }}\n");
        refuses(&function, "unused_key", &[&format!("a container image takes no `{key}`")]);
    }
    refuses("▸package: { bucket: some-bucket }\n", "missing_key", &["neither `path` nor `image`"]);
}

#[test]
fn what_goes_before_the_images_own() {
    let spec = accepts(&format!(
        "package:\n  image:\n    uri: model:1\n    command: [app.main]\n    entry_point: [/run.sh, -x]\n    \
         working_directory: /srv\n{BARE}"
    ));
    let image = image(&spec);
    assert_eq!(
        (image.command.join(" "), image.entry_point.join(" ")),
        ("app.main".to_owned(), "/run.sh -x".to_owned())
    );
    assert_eq!(image.working_directory.as_deref(), Some("/srv"));
    refuses(
        &format!("package: {{ image: {{ uri: m1, working_directory: ▸srv }} }}\n{BARE}"),
        "bad_directory",
        &["/var/task"],
    );
    refuses(&format!("package: {{ ▸image: {{ command: [a] }} }}\n{BARE}"), "missing_key", &["`image` has no `uri`"]);
    refuses(
        &format!("package: {{ image: {{ uri: m1, ▸entrypoint: [a] }} }}\n{BARE}"),
        "unknown_key",
        &["did you mean `entry_point`?"],
    );
}

#[test]
fn commands_are_lines_or_words() {
    let project = Project::new().file("shared/a", "").env("TOKEN", "hush");
    let spec = project.spec(
        "package: { path: app, build: { run: [\"make ${stage}\", [cp, a b, \"${env:TOKEN}\"]], inputs: [shared] } }\n",
    );
    let build = &spec.package.build;
    assert_eq!(build.commands[0].run, Run::Shell("make prod".to_owned()));
    assert_eq!(build.commands[1].run, Run::Program(["cp", "a b", "hush"].map(str::to_owned).to_vec()));
    assert_eq!(build.commands[1].shown, "cp 'a b' ${env:TOKEN}");
    assert!(!format!("{spec:?}").contains("hush"));
    assert_eq!(build.inputs, [project.path("shared")]);
    refuses("package: { path: app, build: ▸make }\n", "wrong_type", &["must be a list"]);
    refuses("package: { path: app, build: [▸\"\"] }\n", "empty_command", &["npm run build"]);
    refuses("package: { path: app, build: { run: [a], inputs: [▸gone] } }\n", "missing_file", &["there is no `gone`"]);
}

#[test]
fn what_a_build_makes_may_be_missing_until_then() {
    let spec =
        accepts("package: { path: dist, build: [make] }\nfunction: { runtime: python3.13, handler: made.main }\n");
    assert!(matches!(&spec.package.source, PackageSource::Directory { path, .. } if path.ends_with("dist")));
    refuses("package: { path: ▸dist.zip, build: [make] }\n", "missing_file", &["there is no"]);
    refuses("package: { path: ▸dist }\n", "missing_file", &["there is no"]);
}

#[test]
fn libraries_are_found_left_out_or_listed_in_a_file() {
    let project = Project::new().file("lists/prod.txt", "six\n").file("lists/prod.yaml", "");
    let read =
        |value: &str| project.spec(&format!("package: {{ path: app, dependencies: {value} }}\n")).package.dependencies;
    assert_eq!(accepts("").package.dependencies, Dependencies::Auto);
    assert_eq!((read("auto"), read("none")), (Dependencies::Auto, Dependencies::None));
    assert_eq!(read("lists/prod.txt"), Dependencies::File(project.path("lists/prod.txt")));
    let says = ["did you mean `none`?"];
    refuses("package: { path: app, dependencies: ▸nonne }\n", "missing_file", &says);
    project.refuses("package: { path: app, dependencies: ▸lists/prod.yaml }\n", "unknown_value", &["requirements.txt"]);
    project.refuses("package: { path: app, dependencies: ▸lists/gone.txt }\n", "missing_file", &["there is no"]);
}

#[test]
fn a_ready_zip_is_prepared_by_somebody_else() {
    let project = Project::new().file("app.zip", "");
    for key in ["ignore: [a]", "build: [make]", "dependencies: none"] {
        project.refuses(
            &format!("package: {{ path: app.zip, ▸{key} }}\n"),
            "unused_key",
            &["no effect on a ready .zip"],
        );
    }
}
