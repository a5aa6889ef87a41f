//! What people and programs see, whole: the words are reviewed here.

mod calls;
mod ends;
mod events;
mod faults;
mod live;
mod packages;
mod pages;
mod plans;
mod problems;
mod served;
#[path = "../../../tests/support/terminal.rs"]
mod terminal;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::engine::plan::{Change, Plan, Side, Slow, Step};
use crate::event::Action;
use crate::pipeline::{Planned, Target};

fn target() -> Target {
    Target {
        app: "ServerlessPOC".to_owned(),
        stage: "prod".to_owned(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        place: "AWS".to_owned(),
    }
}

fn step(id: &str, kind: &'static str, name: &str, action: Action, changes: Vec<Change>) -> Step {
    Step {
        step: id.to_owned(),
        kind,
        name: name.to_owned(),
        action,
        changes,
        consequences: Vec::new(),
        slow: None,
        after: Vec::new(),
    }
}

fn slow(minutes: u64, why: &str) -> Option<Slow> {
    Some(Slow { why: why.to_owned(), usual: Duration::from_secs(minutes * 60) })
}

fn planned(steps: Vec<Step>) -> Planned {
    Planned { target: target(), notes: Vec::new(), plan: Plan { steps }, requests: 23 }
}

fn known_after(step: &str) -> Side {
    Side::KnownAfter(step.to_owned())
}

fn outputs() -> BTreeMap<String, String> {
    let host = "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/prod";
    let call = format!("curl -H \"x-api-key: $(poc key show)\" '{host}/admit?gre=800&gpa=4&rank=1'");
    BTreeMap::from(
        [
            ("api_keys", "ServerlessPOC"),
            ("call", call.as_str()),
            ("custom_url", "https://api.example.com/poc"),
            ("function_arn", "arn:aws:lambda:us-east-1:123456789012:function:ServerlessPOCAdmission"),
            ("invoke_url", host),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned())),
    )
}
