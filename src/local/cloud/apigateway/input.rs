//! A request's JSON body, read member by member, with the complaints of AWS's deserialiser and of its constraint
//! checks. Both come before any look at what exists.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::fail;
use crate::local::cloud::{Failure, Request};

/// The body of one operation, or a structure within it.
#[derive(Debug, Default)]
pub struct Input(Map<String, Value>);

impl Input {
    pub fn new(request: &Request) -> Result<Input, Failure> {
        if request.body.is_empty() {
            return Ok(Input::default());
        }
        match serde_json::from_slice(&request.body) {
            Ok(Value::Object(members)) => Ok(Input(members)),
            Ok(Value::Null) => Ok(Input::default()),
            Ok(_) | Err(_) => Err(fail::serialization("Unexpected value: expected a structure")),
        }
    }

    fn get(&self, member: &str) -> Option<&Value> {
        self.0.get(member).filter(|value| !value.is_null())
    }

    pub fn text(&self, member: &str) -> Result<Option<String>, Failure> {
        self.get(member).map(text).transpose()
    }

    pub fn flag(&self, member: &str) -> Result<Option<bool>, Failure> {
        self.get(member).map(flag).transpose()
    }

    pub fn integer(&self, member: &str) -> Result<Option<i64>, Failure> {
        let whole = |value: &Value| value.as_i64().ok_or_else(|| unconverted(value, "an Integer"));
        self.get(member).map(whole).transpose()
    }

    pub fn number(&self, member: &str) -> Result<Option<f64>, Failure> {
        let number = |value: &Value| value.as_f64().ok_or_else(|| unconverted(value, "a Double"));
        self.get(member).map(number).transpose()
    }

    pub fn texts(&self, member: &str) -> Result<Option<Vec<String>>, Failure> {
        self.list(member)?.map(|items| items.iter().map(text).collect()).transpose()
    }

    pub fn text_map(&self, member: &str) -> Result<Option<BTreeMap<String, String>>, Failure> {
        self.map(member, text)
    }

    pub fn flag_map(&self, member: &str) -> Result<Option<BTreeMap<String, bool>>, Failure> {
        self.map(member, flag)
    }

    /// A nested structure; an absent one is `None`.
    pub fn structure(&self, member: &str) -> Result<Option<Input>, Failure> {
        self.get(member).map(structure).transpose()
    }

    /// A list of structures.
    pub fn structures(&self, member: &str) -> Result<Vec<Input>, Failure> {
        self.list(member)?.map(|items| items.iter().map(structure).collect()).unwrap_or_else(|| Ok(Vec::new()))
    }

    /// A map of structures.
    pub fn structure_map(&self, member: &str) -> Result<Option<BTreeMap<String, Input>>, Failure> {
        self.map(member, structure)
    }

    fn list(&self, member: &str) -> Result<Option<&Vec<Value>>, Failure> {
        match self.get(member) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(fail::serialization("Unexpected value: expected a list")),
        }
    }

    fn map<T>(
        &self,
        member: &str,
        read: impl Fn(&Value) -> Result<T, Failure>,
    ) -> Result<Option<BTreeMap<String, T>>, Failure> {
        let Some(value) = self.get(member) else { return Ok(None) };
        let Value::Object(entries) = value else {
            return Err(fail::serialization("Unexpected value: expected a map"));
        };
        entries.iter().map(|(key, value)| Ok((key.clone(), read(value)?))).collect::<Result<_, _>>().map(Some)
    }
}

fn text(value: &Value) -> Result<String, Failure> {
    value.as_str().map(str::to_owned).ok_or_else(|| unconverted(value, "an String"))
}

fn flag(value: &Value) -> Result<bool, Failure> {
    value.as_bool().ok_or_else(|| unconverted(value, "a Boolean"))
}

fn structure(value: &Value) -> Result<Input, Failure> {
    match value {
        Value::Object(members) => Ok(Input(members.clone())),
        _ => Err(fail::serialization("Unexpected value: expected a structure")),
    }
}

/// `class java.lang.Boolean can not be converted to an String`: AWS's own grammar.
fn unconverted(value: &Value, wanted: &str) -> Failure {
    let class = match value {
        Value::Bool(_) => "java.lang.Boolean",
        Value::Number(_) => "com.amazon.coral.value.json.numbers.TruncatingBigNumber",
        Value::String(_) => "java.lang.String",
        Value::Array(_) => "java.util.ArrayList",
        Value::Null | Value::Object(_) => "java.util.LinkedHashMap",
    };
    fail::serialization(format!("class {class} can not be converted to {wanted}"))
}

/// What the model's constraints find wrong, collected: AWS reports all of it at once.
#[derive(Debug, Default)]
pub struct Constraints(Vec<String>);

impl Constraints {
    #[must_use]
    pub fn required(mut self, member: &str, value: Option<&str>) -> Constraints {
        if value.is_none() {
            self.0.push(format!("Value null at '{member}' failed to satisfy constraint: Member must not be null"));
        }
        self
    }

    #[must_use]
    pub fn one_of(mut self, member: &str, value: Option<&str>, allowed: &[&str]) -> Constraints {
        if let Some(value) = value.filter(|value| !allowed.contains(value)) {
            self.0.push(format!(
                "Value '{value}' at '{member}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                allowed.join(", ")
            ));
        }
        self
    }

    #[must_use]
    pub fn all_of(mut self, member: &str, values: &[String], allowed: &[&str]) -> Constraints {
        if values.iter().any(|value| !allowed.contains(&value.as_str())) {
            self.0.push(format!(
                "Value '[{}]' at '{member}' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [{}]]",
                values.join(", "),
                allowed.join(", ")
            ));
        }
        self
    }

    /// `[1-5]\d\d`, the one pattern the model has.
    #[must_use]
    pub fn status_code(mut self, value: &str) -> Constraints {
        let digits = value.as_bytes();
        if digits.len() != 3 || !(b'1'..=b'5').contains(&digits[0]) || !digits[1..].iter().all(u8::is_ascii_digit) {
            self.0.push(format!(
                "Value '{value}' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d"
            ));
        }
        self
    }

    /// # Errors
    /// `ValidationException` when anything was found.
    pub fn check(self) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        let noun = if self.0.len() == 1 { "error" } else { "errors" };
        let message = format!("{} validation {noun} detected: {}", self.0.len(), self.0.join("; "));
        Err(Failure::new(400, "ValidationException", message))
    }
}
