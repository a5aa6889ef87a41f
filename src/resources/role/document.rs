//! Policy documents: how IAM sends them, and when two of them say the same.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

/// Lambda may assume the role, nobody else.
pub(super) fn trust() -> Value {
    json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
        }],
    })
}

/// IAM sends documents percent-encoded. What is no JSON is taken as the text it is: it differs from anything wanted.
pub(in crate::resources) fn read(text: &str) -> Value {
    let decoded = percent_decode_str(text).decode_utf8_lossy();
    // A document that came plain may hold a percent sign of its own.
    let plain = if text.trim_start().starts_with('{') { text } else { &decoded };
    serde_json::from_str(plain).unwrap_or_else(|_| Value::String(plain.to_owned()))
}

/// Do both grant the same? In IAM the order of statements and of lists means nothing, and one thing is a list of one.
pub(in crate::resources) fn same(one: &Value, other: &Value) -> bool {
    canonical(one) == canonical(other)
}

fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(canonical).collect();
            items.sort_by_cached_key(ToString::to_string);
            items.dedup();
            match items.pop() {
                Some(only) if items.is_empty() => only,
                Some(last) => {
                    items.push(last);
                    Value::Array(items)
                }
                None => Value::Array(items),
            }
        }
        Value::Object(members) => {
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            Value::Object(sorted.into_iter().map(|(key, value)| (key.clone(), canonical(value))).collect::<Map<_, _>>())
        }
        Value::Bool(_) | Value::Number(_) => Value::String(value.to_string()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_lists_of_one_do_not_matter() {
        let one = json!({"Statement": [
            {"Action": ["a:B", "a:C"], "Resource": ["*"], "Effect": "Allow"},
            {"Action": "x:Y", "Resource": "*", "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": false}}},
        ]});
        let other = json!({"Statement": [
            {"Effect": "Deny", "Resource": "*", "Action": ["x:Y"], "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
            {"Effect": "Allow", "Resource": "*", "Action": ["a:C", "a:B"]},
        ]});
        assert!(same(&one, &other));
    }

    #[test]
    fn another_right_is_a_difference() {
        let one = json!({"Statement": {"Action": ["a:B", "a:C"], "Resource": "*"}});
        let other = json!({"Statement": {"Action": "a:B", "Resource": "*"}});
        assert!(!same(&one, &other));
    }

    #[test]
    fn documents_come_encoded_or_plain() {
        let encoded = "%7B%22Resource%22%3A%20%22a%2Fb%2525%22%7D";
        assert_eq!(read(encoded), json!({"Resource": "a/b%25"}));
        assert_eq!(read(r#"{"Resource": "a/b%25"}"#), json!({"Resource": "a/b%25"}));
        assert_eq!(read("broken"), json!("broken"));
    }
}
