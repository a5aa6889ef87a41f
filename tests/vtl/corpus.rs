//! The corpus: expected outputs of the real Apache Velocity 1.7 with Jayway JsonPath and commons-lang.
//!
//! `VTL_CASES` names another file of cases in the same form.

use crate::case;
use crate::{generate, wide};
use serde_json::Value;

fn read(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A result without what is for reading only.
pub fn compared(result: &Value) -> Value {
    let mut result = result.clone();
    if let Some(result) = result.as_object_mut() {
        result.shift_remove("message");
    }
    result
}

#[track_caller]
fn check(cases: &[Value]) {
    let mut wrong = Vec::new();
    for case in cases {
        let result = case::run(case);
        if compared(&result) != compared(&case["expected"]) {
            let (name, template, expected) = (&case["name"], &case["template"], &case["expected"]);
            wrong.push(format!("{name}\n  template: {template}\n  expected: {expected}\n  got:      {result}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_case_of_the_corpus_comes_out_as_expected() {
    let own = || concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vtl/cases.json").to_owned();
    check(&read(&std::env::var("VTL_CASES").unwrap_or_else(|_| own())));
}

/// Cases made up from seeds, with the results of the real engine; in each file by one of the generators.
#[test]
fn made_up_cases_come_out_as_the_real_engine_has_them() {
    made_up(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vtl/made_up.json"), generate::case);
    made_up(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vtl/made_up_wide.json"), wide::case);
}

#[track_caller]
fn made_up(path: &str, generate: impl Fn(u64) -> Value) {
    let mut cases = read(path);
    for case in &mut cases {
        let whole = generate(case["seed"].as_u64().unwrap_or(0));
        assert_eq!(whole["template"], case["template"], "the generator changed: make the file anew");
        for (key, value) in whole.as_object().into_iter().flatten() {
            case[key] = value.clone();
        }
    }
    check(&cases);
}
