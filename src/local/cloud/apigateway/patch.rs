//! PATCH bodies: a list of `{op, path, value, from}`, whose values are always strings and whose paths escape `/` as
//! `~1` and `~` as `~0` (`AWS_FACTS` 0). What a path means is each resource's own affair.

use super::fail;
use super::input::{Constraints, Input};
use crate::local::cloud::Failure;

const OPS: [&str; 6] = ["add", "remove", "move", "test", "replace", "copy"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Add,
    Remove,
    Replace,
    Copy,
    Move,
    Test,
}

/// One operation of a PATCH body.
#[derive(Clone, Debug)]
pub struct Patch {
    pub op: Op,
    op_name: String,
    /// As sent.
    pub path: String,
    /// The path's parts, unescaped.
    pub parts: Vec<String>,
    pub value: Option<String>,
    pub from: Option<String>,
}

/// The operations of a body. `shape` is the name AWS gives the input in its complaints; `constraints` are what is
/// found wrong outside of the body, reported with it.
pub fn read(
    input: &Input,
    shape: &str,
    constraints: impl FnOnce(Constraints) -> Constraints,
) -> Result<Vec<Patch>, Failure> {
    let mut found = Constraints::default();
    let mut raw = Vec::new();
    for (index, operation) in input.structures("patchOperations")?.iter().enumerate() {
        let op = operation.text("op")?;
        let member = format!("{shape}.patchOperations.{}.member.op", index + 1);
        found = found.one_of(&member, op.as_deref(), &OPS);
        raw.push((op, operation.text("path")?, operation.text("value")?, operation.text("from")?));
    }
    constraints(found).check()?;
    raw.into_iter()
        .map(|(op, path, value, from)| {
            let op_name = op.ok_or_else(|| {
                fail::bad_request("Invalid patch operation specified. Must be 'add'|'remove'|'replace'")
            })?;
            let path = path.ok_or_else(|| fail::bad_request("Invalid patch path null"))?;
            let op = match op_name.as_str() {
                "add" => Op::Add,
                "remove" => Op::Remove,
                "replace" => Op::Replace,
                "copy" => Op::Copy,
                "move" => Op::Move,
                _ => Op::Test,
            };
            let parts = path.split('/').skip(1).map(unescape).collect();
            Ok(Patch { op, op_name, path, parts, value, from })
        })
        .collect()
}

fn unescape(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

impl Patch {
    pub fn parts(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    /// The value, where a missing one means empty.
    pub fn text(&self) -> String {
        self.value.clone().unwrap_or_default()
    }

    /// The value as AWS stores optional texts: empty means none, and so does `remove`.
    pub fn optional(&self) -> Option<String> {
        if self.op == Op::Remove { None } else { self.value.clone().filter(|value| !value.is_empty()) }
    }

    /// `true` in any case is true; everything else is false.
    pub fn flag(&self) -> bool {
        self.value.as_deref().is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    pub fn number<T: std::str::FromStr>(&self) -> Result<T, Failure> {
        let value = self.value.as_deref().unwrap_or_default();
        value.parse().map_err(|_| fail::bad_request(format!("Invalid value '{value}' specified for {}", self.path)))
    }

    /// Resources that know `replace` alone, on a few paths: returns the path.
    pub fn replaces(&self, paths: &[&str]) -> Result<&str, Failure> {
        if self.op != Op::Replace {
            return Err(fail::bad_request(format!(
                "Invalid patch path  '{}' specified for op '{}'. Please choose supported operations",
                self.path, self.op_name
            )));
        }
        if paths.contains(&self.path.as_str()) { Ok(&self.path) } else { Err(self.not_one_of(paths)) }
    }

    pub fn not_one_of(&self, paths: &[&str]) -> Failure {
        fail::bad_request(format!(
            "Invalid patch path  '{}' specified for op '{}'. Must be one of: [{}]",
            self.path,
            self.op_name,
            paths.join(", ")
        ))
    }

    pub fn invalid_path(&self) -> Failure {
        fail::bad_request(format!("Invalid patch path {}", self.path))
    }

    /// Refuses every operation but those.
    pub fn only(&self, ops: &[Op]) -> Result<(), Failure> {
        if ops.contains(&self.op) {
            return Ok(());
        }
        let names: Vec<&str> = ops.iter().map(|op| op.name()).collect();
        Err(fail::bad_request(format!("Invalid patch operation specified. Must be one of: [{}]", names.join(", "))))
    }

    /// Refuses `copy`, `move` and `test`.
    pub fn edits(&self) -> Result<(), Failure> {
        if matches!(self.op, Op::Add | Op::Remove | Op::Replace) {
            return Ok(());
        }
        Err(fail::bad_request("Invalid patch operation specified. Must be 'add'|'remove'|'replace'"))
    }
}

impl Op {
    fn name(self) -> &'static str {
        match self {
            Op::Add => "add",
            Op::Remove => "remove",
            Op::Replace => "replace",
            Op::Copy => "copy",
            Op::Move => "move",
            Op::Test => "test",
        }
    }
}
