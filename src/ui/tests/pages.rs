//! A site's pages in a plan and in a status: some names, and how many more.

use super::*;
use crate::pipeline::{ResourceState, ResourceStatus, Status};
use crate::ui::{Look, human, outcome};

const URL: &str = "http://pages.s3-website-us-east-1.amazonaws.com/";

fn change(path: &str, before: impl Into<Side>, after: impl Into<Side>) -> Change {
    Change::new(format!("site · {path}"), before, after)
}

fn some() -> Vec<Change> {
    let mut changes = vec![change("about.html", Side::Absent, "aa"), change("a\u{1b}[2J.html", Side::Absent, "aa")];
    changes.extend((0..40).map(|n| change(&format!("assets/page-{n:02}.js"), "aa", "bb")));
    changes.push(change("old.html", "aa", Side::Absent));
    changes
}

fn bare(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

fn look(verbose: bool) -> Look {
    Look::plain(70, verbose)
}

#[test]
fn a_plan_names_a_few_pages_and_counts_the_rest() {
    let site = Step {
        consequences: vec!["hidden files are not shown: .env".to_owned()],
        ..step("site", "site", URL, Action::Update, some())
    };
    let moved = vec![Change::new("api", "https://old.example.com", known_after("rest_api"))];
    let planned = planned(vec![site, step("site_settings", "site settings", "poc.json", Action::Update, moved)]);
    let text = bare(&human::plan(&planned, &look(false)));
    insta::assert_snapshot!(text, @r"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

      ~ update   site http://pages.s3-website-us-east-1.amazonaws.com/
          + about.html, a\u{1b}[2J.html
          ~ assets/page-00.js, assets/page-01.js, assets/page-02.js,
            assets/page-03.js, assets/page-04.js and 35 more
          - old.html
          ! hidden files are not shown: .env
      ~ update   site settings poc.json
          api  https://old.example.com → (known after rest_api)

    Plan: 0 to create, 2 to update, 0 to delete.
    ");
    let text = bare(&human::plan(&planned, &look(true)));
    assert!((0..40).all(|n| text.contains(&format!("assets/page-{n:02}.js"))), "{text}");
    assert!(!text.contains("aa") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_status_tells_which_pages_differ() {
    let resource = ResourceStatus {
        step: "site".to_owned(),
        kind: "site",
        name: URL.to_owned(),
        state: ResourceState::Drifted,
        drift: some(),
        facts: Vec::new(),
    };
    let status = Status {
        target: target(),
        deployed: true,
        outputs: BTreeMap::new(),
        resources: vec![resource],
        releases: Vec::new(),
    };
    insta::assert_snapshot!(bare(&outcome::status(&status, &look(false))), @r"
    ServerlessPOC · stage prod · us-east-1 · account 123456789012

      ~ drifted  site http://pages.s3-website-us-east-1.amazonaws.com/
          + about.html, a\u{1b}[2J.html
          ~ assets/page-00.js, assets/page-01.js, assets/page-02.js,
            assets/page-03.js, assets/page-04.js and 35 more
          - old.html

    1 resource: 1 drifted. `poc plan` shows how to put that right, `poc
    deploy` does it.
    ");
}
