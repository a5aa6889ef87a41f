//! `poc init` in directories where something is already, and with names that other languages read otherwise.

use std::fs;
use std::process::Command;

use super::Ran;
use super::first_hour::Empty;

/// As YAML reads them, they are numbers, truth values, nothing, or no scalars at all.
#[test]
fn whatever_a_project_is_called_its_name_is_a_text() {
    let empty = Empty::new();
    for name in ["123", "true", "null", "no", "1e5", "0x1F", "007", "2026-11-26", "-", "_1", "NaN"] {
        let project = format!("p-{name}");
        empty.poc(&["init", &project, &format!("--name={name}"), "--yes"]).exits(0);
        let validated = empty.poc(&["validate", "-f", &format!("{project}/deploy.yaml"), "--json"]).exits(0);
        assert_eq!(validated.json()["app"], name);
    }
}

/// The flag, the environment and the prompt ask the same of a region.
#[test]
fn a_region_looks_like_one_wherever_it_comes_from() {
    let empty = Empty::new();
    for region in ["nowhere", "eu-west", "EU-WEST-1", "a-b-c"] {
        let refused = empty.poc(&["init", "--region", region, "--yes"]).exits(2);
        assert!(refused.err.contains("a region looks like eu-west-1"), "{}", refused.err);
        let mut command = empty.command(&["init", "--yes"]);
        let refused = Ran::of(command.env("AWS_REGION", region).output().unwrap()).exits(2);
        assert!(refused.err.contains(&format!("AWS_REGION is {region}")), "{}", refused.err);
    }
    assert!(empty.files().is_empty());
    let mut command = empty.command(&["init", "--yes"]);
    Ran::of(command.env("AWS_DEFAULT_REGION", "eu-north-1").output().unwrap()).exits(0);
    assert!(empty.read("deploy.yaml").contains("\nregion: eu-north-1\n"));
}

/// What is to be typed next can be pasted into a shell.
#[test]
#[cfg(unix)]
fn the_way_into_the_directory_is_quoted() {
    let empty = Empty::new();
    for directory in ["a b", "it's", "x$(touch owned)", "-dash", "~home", "a;b"] {
        let made = empty.poc(&["init", "--yes", "--", directory]).exits(0);
        let line = made.out.lines().find(|line| line.starts_with("  cd ")).unwrap();
        let typed = format!("{} && pwd", line.trim());
        let shell = Command::new("sh").args(["-c", &typed]).current_dir(empty.path()).output().unwrap();
        let arrived = String::from_utf8(shell.stdout).unwrap();
        assert!(arrived.trim_end().ends_with(&format!("/{directory}")), "{line}: {arrived}");
    }
    assert!(!empty.path().join("owned").exists());
}

#[test]
#[cfg(unix)]
fn nothing_is_written_through_a_link_that_leads_nowhere() {
    for name in ["deploy.yaml", "app/handler.py", ".gitignore", ".poc/deploy.schema.json"] {
        let empty = Empty::new();
        let link = empty.path().join("flats").join(name);
        let outside = empty.path().join("outside");
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&outside, &link).unwrap();
        let ran = empty.poc(&["init", "flats", "--yes"]);
        assert!(!outside.exists(), "{name} was written through");
        match name {
            // The program's own, made anew.
            ".poc/deploy.schema.json" => assert_eq!(ran.code, Some(0), "{}", ran.err),
            _ => assert!(ran.code == Some(2) && ran.err.contains("nothing was written"), "{name}: {}", ran.err),
        }
    }
}

#[test]
fn a_function_that_is_there_is_deployed_as_it_is() {
    let empty = Empty::new();
    fs::create_dir(empty.path().join("src")).unwrap();
    let mine = "def handler(event, context):\n    return {'size': event['size']}\n";
    fs::write(empty.path().join("src/handler.py"), mine).unwrap();
    let made = empty.poc(&["init", "--name", "mine", "--handler", "src/", "--yes"]).exits(0);
    insta::assert_snapshot!(made.out, @r"
    mine in this directory:

      deploy.yaml              what is deployed; every part is explained
      src/handler.py           your function, as it is
      templates/request.vtl    the function's event, out of the query
      templates/error.vtl      what callers get for bad input
      .gitignore               keeps .poc out of git
      .poc/deploy.schema.json  lets editors complete deploy.yaml

    First: deploy.yaml and templates/request.vtl send src/handler.py size and rooms: put what it takes
           in their place

    Next:
      poc deploy --local  try it on this machine, no AWS account needed
      poc dev             serve it here, and deploy every edit
      poc deploy          build it on AWS
    ");
    assert_eq!(empty.read("src/handler.py"), mine);
    let text = empty.read("deploy.yaml");
    assert!(text.contains("\npackage: { path: src }\n") && text.contains("\n  handler: handler.handler\n"), "{text}");
    empty.poc(&["validate"]).exits(0);
    let deployed = empty.poc(&["deploy", "--local", "--yes", "--json"]).exits(0).last_event();
    assert_eq!(deployed["checks"], serde_json::json!({ "passed": 2, "failed": 0 }));
    let called = empty.poc(&["call", "--local", "GET", "/predict?size=80&rooms=3"]).exits(0);
    assert!(called.out.contains("\"80\""), "{}", called.out);
}

/// File, text, and what deploy.yaml says of it.
const CODE: [(&str, &str, &[&str]); 8] = [
    ("app/handler.py", "def predict(x): pass\n", &["handler: handler.lambda_handler", "runtime: python"]),
    ("app/app.py", "handler = Mangum(app)\n", &["handler: app.handler", "runtime: python"]),
    ("app/lambda_function.py", "def lambda_handler(a, b): pass\n", &["handler: lambda_function.lambda_handler"]),
    ("app/model.py", "import x\n\n\ndef lambda_handler(a, b): pass\n", &["handler: model.lambda_handler"]),
    ("app/index.mjs", "export const handler = async () => 1;\n", &["handler: index.handler", "runtime: nodejs"]),
    ("app/index.js", "exports.handler = async () => 1;\n", &["handler: index.handler", "runtime: nodejs"]),
    ("app/Cargo.toml", "[package]\nname = \"mine\"\n", &["handler: bootstrap", "runtime: provided.al2023"]),
    ("app/Dockerfile", "FROM scratch\n", &["package: { image: \"mine:latest\" }"]),
];

#[test]
fn the_handler_is_found_in_the_code() {
    for (path, text, lines) in CODE {
        let empty = Empty::new();
        fs::create_dir(empty.path().join("app")).unwrap();
        fs::write(empty.path().join(path), text).unwrap();
        empty.poc(&["init", "--name", "mine", "--yes"]).exits(0);
        assert_eq!(empty.read(path), text);
        let code: Vec<String> = empty.files().into_iter().filter(|file| file.starts_with("app/")).collect();
        assert_eq!(code, [path], "nothing is put beside it");
        // What it lacks is said by both.
        let ready = text.contains("andler") || !path.contains(".py");
        let ran = empty.poc(&["validate"]).exits(if ready { 0 } else { 2 });
        assert_eq!(ran.err.contains("handler.py has no `lambda_handler`"), !ready, "{path}: {}", ran.err);
        let written = empty.read("deploy.yaml");
        for line in lines {
            assert!(written.lines().any(|one| one.trim().starts_with(line)), "{path}: {line}\n{written}");
        }
    }
}

#[test]
fn the_code_goes_where_it_is_wanted_inside_of_the_project() {
    let empty = Empty::new();
    empty.poc(&["init", "flats", "--handler", "my code", "--yes"]).exits(0);
    assert!(empty.read("flats/my code/handler.py").contains("def predict"));
    empty.poc(&["validate", "-f", "flats/deploy.yaml"]).exits(0);
    for outside in ["../elsewhere", "/tmp", "", "templates", ".poc/code", "${env:HOME}"] {
        empty.poc(&["init", "other", &format!("--handler={outside}"), "--yes"]).exits(2);
    }
    assert!(!empty.path().join("other").exists());
}

#[test]
fn what_init_would_not_heed_it_refuses() {
    let empty = Empty::new();
    let file = empty.poc(&["init", "-f", "other.yaml", "--yes"]).exits(2);
    assert!(file.err.contains("leave out --file"), "{}", file.err);
    let stage = empty.poc(&["init", "--stage", "dev", "--yes"]).exits(2);
    assert!(stage.err.contains("leave out --stage"), "{}", stage.err);
    assert!(empty.files().is_empty());
    let quiet = empty.poc(&["init", "--yes", "-q"]).exits(0);
    assert!(quiet.out.contains("deploy.yaml") && !quiet.out.contains("Next:"), "{}", quiet.out);
}

/// git does not see `.poc/`, so a clone lacks what deploy.yaml names for editors.
#[test]
fn the_schema_comes_back_in_a_clone() {
    let empty = Empty::new();
    empty.poc(&["init", "--name", "flats", "--yes"]).exits(0);
    let schema = empty.read(".poc/deploy.schema.json");
    let gone = || drop(fs::remove_dir_all(empty.path().join(".poc")));
    for command in [&["validate"][..], &["package"], &["plan", "--local"], &["policy", "--account", "123456789012"]] {
        gone();
        empty.poc(command).exits(0);
        assert_eq!(empty.read(".poc/deploy.schema.json"), schema, "{command:?}");
    }
    // A file that names none, or one elsewhere, gets none.
    for line in ["# a comment", "# yaml-language-server: $schema=../deploy.schema.json"] {
        gone();
        let text = empty.read("deploy.yaml");
        let rest = text.split_once('\n').unwrap().1;
        fs::write(empty.path().join("deploy.yaml"), format!("{line}\n{rest}")).unwrap();
        empty.poc(&["validate"]).exits(0);
        assert!(!empty.path().join(".poc").exists());
    }
}

/// Nothing can be written, here because of a file in the way, and nothing is said of it.
#[test]
fn where_the_schema_cannot_be_written_nothing_is_amiss() {
    let empty = Empty::new();
    empty.poc(&["init", "--name", "flats", "--yes"]).exits(0);
    let said = empty.poc(&["validate"]).exits(0);
    fs::remove_dir_all(empty.path().join(".poc")).unwrap();
    fs::write(empty.path().join(".poc"), "in the way").unwrap();
    let again = empty.poc(&["validate"]).exits(0);
    assert_eq!((again.out, again.err), (said.out, said.err));
}
