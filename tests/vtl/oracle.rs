//! The real engine and ours on templates made up from seeds. Needs Java and the packages that `oracle/README.md` names;
//! `VTL_ORACLE_CASES` says how many templates, `VTL_ORACLE_SEED` from which seed.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::{case, corpus, generate, wide};
use serde_json::Value;

#[test]
#[ignore = "needs Java and Apache Velocity: tests/vtl/oracle/README.md"]
fn made_up_templates_come_out_as_from_the_real_engine() {
    let number = |name: &str, usual: u64| {
        std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{name}={text}")))
    };
    let first = number("VTL_ORACLE_SEED", 1);
    let cases: Vec<Value> = (first..first + number("VTL_ORACLE_CASES", 1500))
        .map(|seed| if seed.is_multiple_of(2) { generate::case(seed) } else { wide::case(seed) })
        .collect();
    let expected = real(&cases);
    assert_eq!(expected.len(), cases.len(), "the real engine left some out");
    let mut wrong = Vec::new();
    let mut compared = 0;
    for (case, expected) in cases.iter().zip(&expected) {
        if not_represented(case, expected) {
            continue;
        }
        compared += 1;
        let mut result = case::run(case);
        result["name"] = case["name"].clone();
        if corpus::compared(&result) != corpus::compared(expected) {
            let (name, template) = (&case["name"], &case["template"]);
            wrong.push(format!("{name}\n  template: {template}\n  expected: {expected}\n  got:      {result}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} cases differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared * 100 >= cases.len() * 95, "only {compared} of {} cases could be compared", cases.len());
}

/// What the real engine makes of the cases.
fn real(cases: &[Value]) -> Vec<Value> {
    let mut child = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vtl/oracle/run.sh"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("oracle/run.sh: {error}"));
    let input = serde_json::to_vec(cases).unwrap_or_default();
    // it reads all before it writes anything
    child.stdin.take().map(|mut stdin| stdin.write_all(&input)).transpose().unwrap_or_else(|error| panic!("{error}"));
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("oracle/run.sh: {error}"));
    assert!(output.status.success(), "oracle/run.sh failed");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("oracle/run.sh: {error}"))
}

/// Whether a case is about what the oracle's README says it does not stand for.
fn not_represented(case: &Value, expected: &Value) -> bool {
    let template = case["template"].as_str().unwrap_or_default();
    let has = |what: &[&str]| what.iter().any(|what| template.contains(what));
    let identity = expected
        .to_string()
        .split('@')
        .skip(1)
        .any(|rest| rest.len() >= 5 && rest.bytes().take(5).all(|byte| byte.is_ascii_hexdigit()));
    identity
        // the hash of an array or an iterator is its identity, too
        || has(&["split", "iterator"]) && has(&["hashCode"])
        || has(&[".class", "getClass", "getBytes"])
        || has(&["toHexString"]) && expected["output"].as_str().is_some_and(|out| out.contains("0x1."))
        // a text taken apart between the halves of a character
        || has(&["$u"]) && has(&["split(", "replaceAll", "substring", "charAt", "subSequence"])
}
