//! The site: its folder, its bucket, its pages.

use std::time::Duration;

use crate::project::{Project, complete, refuses};

fn project() -> Project {
    Project::new().file("web/index.html", "<p>").file("web/more/oops.html", "<p>")
}

#[test]
fn what_is_left_out_has_a_default() {
    let project = project().account("123456789012");
    let site = project.spec("site: { path: web }\n").site.expect("a site");
    assert_eq!(site.path, project.path("web"));
    assert_eq!(site.bucket, "poc-site-shop-123456789012-eu-west-1");
    assert_eq!((site.index.as_str(), site.error, site.cache), ("index.html", None, Duration::from_secs(300)));
    assert_eq!(project.spec("").site, None);
    let said = "site: { path: web, bucket: pages, error: more/oops.html, cache: 0, ignore: [\"*.map\"] }\n";
    let site = project.spec(said).site.expect("a site");
    assert_eq!((site.bucket.as_str(), site.error.as_deref()), ("pages", Some("more/oops.html")));
    assert_eq!((site.cache, site.ignore), (Duration::ZERO, vec!["*.map".to_owned()]));
}

#[test]
fn every_stage_has_a_bucket_of_its_own() {
    let bucket = |site: &str, stage: &str| {
        let text = format!("site: {{ path: web, {site} }}\nstages: {{ dev: {stage} }}\n");
        project().stage("dev").spec(&text).site.expect("a site").bucket
    };
    assert_eq!(bucket("bucket: pages", "{}"), "pages-dev");
    assert_eq!(bucket("bucket: \"pages-${stage}\"", "{}"), "pages-dev");
    assert_eq!(bucket("bucket: pages", "{ site: { bucket: other } }"), "other");
    assert_eq!(bucket("", "{}"), "poc-site-shop-000000000000-eu-west-1-dev");
    let none = project().stage("dev").spec("site: { path: web }\nstages: { dev: { site: null } }\n");
    assert_eq!(none.site, None);
}

#[test]
fn the_folder_is_there_and_holds_nothing_that_is_not_for_everybody() {
    refuses("▸site: {}\n", "missing_key", &["`site` has no `path`", "the folder of the pages"]);
    refuses("site: { path: ▸nowhere }\n", "missing_file", &["there is no", "nowhere"]);
    project().refuses("site: { path: ▸web/index.html }\n", "not_a_directory", &["is not a directory"]);
    let all = Project::new().file("index.html", "<p>");
    for path in [".", "\"\"", "app/.."] {
        let text = format!("site: {{ path: ▸{path} }}\n");
        all.refuses(&text, "site_holds_project", &["everybody could read deploy.yaml", "a folder of their own"]);
    }
    let code = Project::new()
        .file("app/index.html", "<p>")
        .file("web/index.html", "")
        .file("web/app/handler.py", "def main(event, context): pass\n");
    code.refuses("site: { path: ▸app }\n", "site_holds_package", &["everybody could read the function's code"]);
    let sections = "package: { path: web/app }\nsite: { path: ▸web }\n";
    code.refuses(sections, "site_holds_package", &["everybody could read the function's code"]);
}

#[test]
fn the_bucket_is_one_and_not_the_packages() {
    let project = project();
    project.refuses("site: { path: web, bucket: ▸Pages }\n", "bad_bucket", &["it must be lower case"]);
    let same = "package: { path: app, bucket: one }\nsite: { path: web, bucket: ▸one }\n";
    project.refuses(same, "same_bucket", &["the site's bucket is the package's", "a bucket of its own"]);
}

#[test]
fn its_pages_are_in_the_folder() {
    let project = project();
    project.refuses("site: { path: web, index: ▸home.html }\n", "missing_file", &["has no home.html", "`index`"]);
    project.refuses("site: { path: web, error: ▸404.html }\n", "missing_file", &["has no 404.html", "`error`"]);
    Project::new().file("web/a.html", "").refuses(
        "site: { path: ▸web }\n",
        "missing_file",
        &["has no index.html", "`index`"],
    );
    for bad in ["more/oops.html", "\"\"", ".hidden"] {
        let text = format!("site: {{ path: web, index: ▸{bad} }}\n");
        project.refuses(&text, "bad_page", &["is not the name of a page", "like index.html"]);
    }
    for bad in ["/more/oops.html", "../app/handler.py", "more/", ".git/config", "\"\""] {
        let text = format!("site: {{ path: web, error: ▸{bad} }}\n");
        project.refuses(&text, "bad_page", &["is not a page of the site", "like error.html"]);
    }
    project.refuses("site: { path: web, cache: ▸-1 }\n", "out_of_range", &["outside 0 to 31536000"]);
    project.refuses("site: { path: web, ▸cach: 1 }\n", "unknown_key", &["not a key of `site`", "did you mean `cache`"]);
    project.refuses("site: { path: web, ignore: [▸\"[z-a]\"] }\n", "bad_ignore_pattern", &["not a .gitignore pattern"]);
}

#[test]
fn what_came_from_the_environment_is_not_shown() {
    let project = project().env("PAGES", "hush-hush");
    for text in ["site: { path: \"${env:PAGES}\" }\n", "site: { path: web, index: \"${env:PAGES}\" }\n"] {
        let faults = project.read(&complete(text)).expect_err("it is not there");
        let told: String = faults.iter().map(ToString::to_string).collect();
        assert!(!told.contains("hush") && told.contains("${env:PAGES}"), "{told}");
    }
}
