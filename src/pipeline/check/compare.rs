//! An answer against what a check expects. Pure.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;

use crate::event::Difference;
use crate::spec::model::Expectation;

/// Bodies can be large; so much of one says what it is.
const SHOWN: usize = 2_000;

pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

/// In the order in which a person would look; empty where all is as expected.
pub(super) fn differences(expected: &Expectation, answer: &Answer) -> Vec<Difference> {
    let mut found = Vec::new();
    if let Some(status) = expected.status.filter(|status| *status != answer.status) {
        found.push(difference("status", Some(status.into()), Some(answer.status.into())));
    }
    for (name, value) in &expected.headers {
        let mut given = answer.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
        let first = given.next();
        if first.as_deref() != Some(value) && !given.any(|other| other == *value) {
            let got = first.map(|text| text.into_owned().into());
            found.push(difference(format!("header {name}"), Some(value.clone().into()), got));
        }
    }
    let body = String::from_utf8_lossy(&answer.body);
    if let Some(wanted) = &expected.json {
        match serde_json::from_str::<Value>(&body) {
            Ok(got) => compare(wanted, &got, "json".to_owned(), &mut found),
            Err(_) => found.push(difference("json", Some(wanted.clone()), Some(shortened(&body).into()))),
        }
    }
    if let Some(text) = expected.text.as_ref().filter(|text| **text != body) {
        found.push(difference("text", Some(text.clone().into()), Some(shortened(&body).into())));
    }
    // A status that differs is explained by the body, which nobody asked for but everybody wants to see.
    let whole = |one: &Difference| one.at == "json" || one.at == "text";
    if found.first().is_some_and(|first| first.at == "status") && !found.iter().any(whole) {
        found.push(difference("body", None, Some(shortened(&body).into())));
    }
    found
}

/// Of an object, what is expected must be there, and more may be; a list must be the same list.
fn compare(wanted: &Value, got: &Value, at: String, found: &mut Vec<Difference>) {
    match (wanted, got) {
        (Value::Object(wanted), Value::Object(got)) => {
            for (name, wanted) in wanted {
                let at = format!("{at}.{name}");
                match got.get(name) {
                    Some(got) => compare(wanted, got, at, found),
                    None => found.push(difference(at, Some(wanted.clone()), None)),
                }
            }
        }
        (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => {
            for (index, (wanted, got)) in wanted.iter().zip(got).enumerate() {
                compare(wanted, got, format!("{at}[{index}]"), found);
            }
        }
        (Value::Number(wanted), Value::Number(got)) if same_number(wanted, got) => {}
        (wanted, got) if wanted == got => {}
        (wanted, got) => found.push(difference(at, Some(wanted.clone()), Some(got.clone()))),
    }
}

/// 1 and 1.0 are one number.
fn same_number(one: &serde_json::Number, other: &serde_json::Number) -> bool {
    let whole = |number: &serde_json::Number| number.is_i64() || number.is_u64();
    one == other || (!(whole(one) && whole(other)) && one.as_f64() == other.as_f64())
}

fn difference(at: impl Into<String>, expected: Option<Value>, got: Option<Value>) -> Difference {
    Difference { at: at.into(), expected, got }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn json_differences(wanted: Value, got: &str) -> Vec<String> {
        let expected = Expectation { json: Some(wanted), ..Expectation::default() };
        let answer = Answer { status: 200, headers: HeaderMap::new(), body: got.to_owned().into() };
        differences(&expected, &answer)
            .into_iter()
            .map(|one| format!("{} {:?} {:?}", one.at, one.expected, one.got))
            .collect()
    }

    #[test]
    fn an_object_may_hold_more_than_is_expected_and_numbers_are_numbers() {
        assert!(json_differences(json!({"result": true}), r#"{"result": true, "score": 0.9}"#).is_empty());
        assert!(
            json_differences(json!({"n": 1, "list": [1.0, {}]}), r#"{"n": 1.0, "list": [1, {"more": 1}]}"#).is_empty()
        );
        assert!(json_differences(json!(9007199254740993u64), "9007199254740993").is_empty());
    }

    #[test]
    fn what_differs_is_told_by_its_path() {
        let told = json_differences(json!({"a": {"b": [1, 2]}, "c": null}), r#"{"a": {"b": [1, 3]}}"#);
        assert_eq!(told, ["json.a.b[1] Some(Number(2)) Some(Number(3))", "json.c Some(Null) None"]);
        assert_eq!(json_differences(json!([1]), "[1, 2]").len(), 1);
        assert_eq!(json_differences(json!(9007199254740993u64), "9007199254740992").len(), 1);
        assert_eq!(json_differences(json!({}), "<html>"), [r#"json Some(Object {}) Some(String("<html>"))"#]);
    }

    #[test]
    fn headers_are_found_whatever_their_case_and_a_wrong_status_shows_the_body() {
        let mut headers = HeaderMap::new();
        headers.append("x-kind", "one".parse().unwrap());
        headers.append("x-kind", "two".parse().unwrap());
        let answer = Answer { status: 500, headers, body: "oh".into() };
        let expected = |status, kind: &str| Expectation {
            status: Some(status),
            headers: BTreeMap::from([("X-Kind".to_owned(), kind.to_owned())]),
            ..Expectation::default()
        };
        assert!(differences(&expected(500, "two"), &answer).is_empty());
        let told: Vec<String> = differences(&expected(500, "three"), &answer).into_iter().map(|one| one.at).collect();
        assert_eq!(told, ["header X-Kind"]);
        let told: Vec<String> = differences(&expected(200, "one"), &answer).into_iter().map(|one| one.at).collect();
        assert_eq!(told, ["status", "body"]);
        let json = |json| Expectation { json: Some(json), ..expected(200, "one") };
        let told = |wanted: Value, body: &str| -> Vec<String> {
            let answer = Answer { status: 500, headers: answer.headers.clone(), body: body.to_owned().into() };
            differences(&json(wanted), &answer).into_iter().map(|one| one.at).collect()
        };
        assert_eq!(told(json!({ "result": true }), r#"{"message":"oh"}"#), ["status", "json.result", "body"]);
        assert_eq!(told(json!({ "result": true }), "oh"), ["status", "json"]);
    }
}
