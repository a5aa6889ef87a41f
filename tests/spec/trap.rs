//! The article's trap: selection patterns for JSON that is spaced otherwise (POC010).

use poc::spec::Warning;

use crate::project::Project;

const TODAY: &str = "2026-11-26";

fn of(warnings: Vec<Warning>, code: &str) -> Vec<Warning> {
    warnings.into_iter().filter(|warning| warning.code.name() == code).collect()
}

/// A project of which the handler raises its errors so, and `400` has this pattern.
fn told_of_pattern(runtime: &str, file: &str, code: &str, pattern: &str) -> Vec<Warning> {
    // The lines alone are no handler.
    let named = if code.contains("main") { "" } else { "main = None\n" };
    let project = Project::new().file(&format!("app/{file}"), format!("{named}{code}"));
    let sections = format!(
        "function: {{ runtime: {runtime}, handler: handler.main }}\napi:\n  resources:\n    /a:\n      GET:\n        responses:\n          \
         200: {{}}\n          400: {{ pattern: '{pattern}' }}\n"
    );
    of(project.warnings(&sections, TODAY), "POC010")
}

const COMPACT: &str = ".*\"httpStatus\":400.*";
const SPACED: &str = ".*\"httpStatus\": 400.*";
const EITHER: &str = ".*\"httpStatus\": ?400.*";

#[test]
fn python_writes_a_space_after_the_colon() {
    let article = "def main(event, context):\n    err = {'httpStatus': 400}\n    raise Exception(json.dumps(err))\n";
    let told = told_of_pattern("python3.13", "handler.py", article, COMPACT);
    let [warning] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(
        warning.message,
        "the pattern `.*\"httpStatus\":400.*` cannot match: json.dumps writes `\"httpStatus\": 400` with a space after the colon"
    );
    assert_eq!(warning.help, "write `.*\"httpStatus\": ?400.*`, which takes both");
    assert_eq!((warning.span.line, warning.span.column), (12, 27));
    for right in [SPACED, EITHER, ".*\"httpStatus\":\\s*4\\d\\d.*", ".*must be a number.*"] {
        assert_eq!(told_of_pattern("python3.13", "handler.py", article, right), [], "{right}");
    }
}

#[test]
fn python_that_writes_otherwise_is_believed() {
    for code in [
        "raise Exception(json.dumps(err, separators=(',', ':')))\n",
        "raise Exception('{\"httpStatus\":400}')\njson.dumps(x)\n",
        "raise Exception(\"{\\\"httpStatus\\\":400}\")\njson.dumps(x)\n",
        "raise ValueError('no')\n",
        "raise Exception(orjson.dumps(err).decode())\n",
    ] {
        assert_eq!(told_of_pattern("python3.13", "handler.py", code, COMPACT), [], "{code}");
    }
    // A comment prints nothing.
    let code = "# \"httpStatus\":400 is what the API looks for\nraise Exception(json.dumps(err))\n";
    assert_eq!(told_of_pattern("python3.13", "handler.py", code, COMPACT).len(), 1);
    let indented = "raise Exception(json.dumps(err, indent=2))\n";
    let told = told_of_pattern("python3.13", "handler.py", indented, COMPACT);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].help, "write `(?s).*\"httpStatus\": ?400.*`, which takes both");
}

/// Patterns that look for JSON in other ways than the article's.
#[test]
fn what_else_cannot_match_what_python_writes() {
    let code = "def main(event, context):\n    raise Exception(json.dumps({'httpStatus': 400}))\n";
    for (pattern, better) in [
        (".*\"httpStatus\":(400|401).*", ".*\"httpStatus\": ?(400|401).*"),
        (".*httpStatus\":400.*", ".*httpStatus\": ?400.*"),
        (".*\"httpStatus\":  400.*", ".*\"httpStatus\": ?400.*"),
        (".*\"httpStatus\":400.*|.*\"httpStatus\":401.*", ".*\"httpStatus\": ?400.*|.*\"httpStatus\": ?401.*"),
        (".*\"httpStatus\": 400.*|.*\"httpStatus\":401.*", ".*\"httpStatus\": ?400.*|.*\"httpStatus\": ?401.*"),
    ] {
        let told = told_of_pattern("python3.13", "handler.py", code, pattern);
        let [warning] = told.as_slice() else { panic!("{pattern}: {told:?}") };
        assert_eq!(warning.help, format!("write `{better}`, which takes both"));
        assert_eq!(told_of_pattern("python3.13", "handler.py", code, better), [], "{better}");
    }
}

/// What is raised is not always what writes JSON elsewhere.
#[test]
fn errors_written_by_hand_are_believed() {
    for code in [
        "print(json.dumps(event))\nraise Exception('{\"httpStatus\":%d}' % 400)\n",
        "print(json.dumps(event))\nraise Exception(f'{{\"httpStatus\":{status}}}')\n",
        "print(json.dumps(event))\nraise Exception(f\"{{\\\"httpStatus\\\":{status}}}\")\n",
        "print(json.dumps(event))\nraise Exception(\"\"\"{\"httpStatus\":400}\"\"\")\n",
        "model = pickle.dumps(x)\n",
    ] {
        assert_eq!(told_of_pattern("python3.13", "handler.py", code, COMPACT), [], "{code}");
    }
    let spaced = "raise Exception(json.dumps(err, separators=(\", \", \": \")))\n";
    assert_eq!(told_of_pattern("python3.13", "handler.py", spaced, SPACED), []);
    assert_eq!(told_of_pattern("python3.13", "handler.py", spaced, COMPACT).len(), 1);
    let apostrophe = "raise Exception(json.dumps({'message': \"can't\", \"httpStatus\": 400}))\n";
    assert_eq!(told_of_pattern("python3.13", "handler.py", apostrophe, COMPACT).len(), 1);
}

/// Its sources lie beside the deploy.yaml.
#[test]
fn rust_writes_none() {
    let sections = format!(
        "function: {{ runtime: provided.al2023, handler: bootstrap }}\napi: {{ resources: {{ /a: {{ GET: {{ responses: {{ 200: {{}}, 400: {{ \
         pattern: '{SPACED}' }} }} }} }} }} }}\n"
    );
    let code = "use serde_json::json;\nErr(json!({ \"httpStatus\": 400 }).to_string().into())\n";
    let project = Project::new().file("app/bootstrap", "").file("src/main.rs", code);
    let told = of(project.warnings(&sections, TODAY), "POC010");
    let [warning] = told.as_slice() else { panic!("{told:?}") };
    assert!(warning.message.ends_with("serde_json writes `\"httpStatus\":400` without a space"), "{}", warning.message);
    assert_eq!(of(project.warnings(&sections.replace(SPACED, COMPACT), TODAY), "POC010"), []);
}

#[test]
fn javascript_writes_none() {
    let code = "export const main = async () => { throw new Error(JSON.stringify({ httpStatus: 400 })); };\n";
    let told = told_of_pattern("nodejs24.x", "handler.mjs", code, SPACED);
    let [warning] = told.as_slice() else { panic!("{told:?}") };
    assert!(
        warning.message.ends_with("JSON.stringify writes `\"httpStatus\":400` without a space"),
        "{}",
        warning.message
    );
    assert_eq!(told_of_pattern("nodejs24.x", "handler.mjs", code, COMPACT), []);
    assert_eq!(told_of_pattern("nodejs24.x", "handler.mjs", code, EITHER), []);
}

/// What cannot be looked into is not judged.
#[test]
fn compiled_code_and_zips_are_not_judged() {
    assert_eq!(told_of_pattern("provided.al2023", "bootstrap", "json.dumps(err)", SPACED), []);
    let project = Project::new().file("code.zip", "PK");
    let sections = format!(
        "package: {{ path: code.zip }}\napi: {{ resources: {{ /a: {{ GET: {{ responses: {{ 200: {{}}, 400: {{ pattern: '{COMPACT}' }} }} }} }} }} }}\n"
    );
    assert_eq!(of(project.warnings(&sections, TODAY), "POC010"), []);
}
