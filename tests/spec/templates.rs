//! Mapping templates: files, syntax, and the parameters they read.

use crate::project::{Project, accepts, refuses};

/// `GET /a` that declares `gre` and has this template.
fn with(template: &str) -> String {
    format!(
        "api:\n  resources:\n    /a:\n      GET:\n        query: {{ gre: required }}\n        request:\n          templates:\n            application/json: {template}\n"
    )
}

#[test]
fn a_template_is_a_file_or_stands_in_the_file() {
    let project = Project::new().file("t/a.vtl", "{\"gre\": \"$input.params('gre')\"}");
    let template = project.spec(&with("t/a.vtl")).api.routes[0].integration.templates["application/json"].clone();
    assert_eq!(
        (template.text.as_str(), template.file),
        ("{\"gre\": \"$input.params('gre')\"}", Some(project.path("t/a.vtl")))
    );
    let template =
        accepts(&with("{ inline: \"${stage}\" }")).api.routes[0].integration.templates["application/json"].clone();
    assert_eq!((template.text.as_str(), template.file), ("${stage}", None));
}

#[test]
fn template_files_must_be_readable() {
    let project = Project::new()
        .file("latin1.vtl", b"\xe4")
        .file("huge.vtl", "x".repeat(300 * 1024 + 1))
        .file("most.vtl", "x".repeat(300 * 1024));
    project.refuses(&with("▸gone.vtl"), "missing_file", &["there is no file", "gone.vtl", "deploy.yaml is in"]);
    project.refuses(&with("▸app"), "not_a_file", &["is a directory"]);
    project.refuses(&with("▸latin1.vtl"), "not_utf8", &["line 1"]);
    project.refuses(&with("▸huge.vtl"), "too_large", &["300 KB"]);
    project.spec(&with("most.vtl"));
    refuses(&with(&format!("{{ inline: ▸{} }}", "x".repeat(300 * 1024 + 1))), "template_syntax", &["307201 bytes"]);
    refuses(&with("{ ▸inlin: x, inline: y }"), "unknown_key", &["did you mean `inline`?"]);
    refuses(&with("{}").replace("application/json:", "▸application/json:"), "missing_key", &["no `inline`"]);
    refuses(&with("▸5"), "wrong_type", &["must be text"]);
}

#[test]
fn a_template_says_something() {
    refuses(&with("{ inline: ▸\"\" }"), "empty_template", &["the template is empty"]);
}

#[test]
fn template_keys_are_content_types() {
    accepts(&with("{ inline: x }").replace("application/json", "$default"));
    refuses(&with("{ inline: x }").replace("application/json", "▸json"), "bad_content_type", &["application/json"]);
}

/// Code, file name, line and column of the one mistake.
fn place(project: &Project, sections: &str) -> (&'static str, String, usize, usize, String) {
    let faults = project.faults(sections);
    let [fault] = &faults[..] else { panic!("one mistake: {faults:?}") };
    let span = fault.span.as_ref().expect("a place");
    let file = span.source.path.file_name().expect("a file").to_string_lossy().into_owned();
    (fault.code, file, span.line, span.column, fault.to_string())
}

#[test]
fn syntax_is_told_in_the_templates_own_lines() {
    let project = Project::new().file("t.vtl", "{\n  #if($x)\n  \"a\": 1\n}\n");
    let (code, file, line, _, text) = place(&project, &with("t.vtl"));
    assert_eq!((code, file.as_str()), ("template_syntax", "t.vtl"), "{text}");
    assert!((2..=5).contains(&line), "{text}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let project = Project::new().file("t.vtl", "#set(gre = 1)\n\"a\": 1\n#if($x\n#end\n");
    let faults = project.faults(&with("t.vtl"));
    let lines: Vec<usize> = faults.iter().map(|fault| fault.span.as_ref().expect("a place").line).collect();
    assert!(faults.iter().all(|fault| fault.code == "template_syntax"), "{faults:?}");
    assert_eq!(lines, [1, 4], "{faults:?}");
    let inline = with("{ inline: \"#set(1)\\n#set(2)\" }");
    assert_eq!(Project::new().faults(&inline).len(), 2);
}

/// A token may be a whole paragraph.
#[test]
fn a_message_is_one_line() {
    for template in ["{\n#if \"a\n\tb\"#end", "#set($x \"a\n\n {\")\n", "#if(true)\n  \"a\": 1\n"] {
        let project = Project::new().file("t.vtl", template);
        let (code, .., text) = place(&project, &with("t.vtl"));
        assert_eq!(code, "template_syntax", "{text}");
        assert!(!text.contains('\n') && text.len() < 400, "{text}");
    }
}

#[test]
fn files_of_nearly_the_same_name_are_named() {
    let project = Project::new().file("t/request.vtl", "{}");
    project.refuses(&with("▸t/reqest.vtl"), "missing_file", &["did you mean `t/request.vtl`?"]);
    project.refuses(&with("▸t/gone.vtl"), "missing_file", &["(paths start from"]);
    project.refuses("package: { path: ▸apps }\n", "missing_file", &["did you mean `app`?"]);
}

#[test]
fn a_parameter_must_be_declared() {
    let project = Project::new().file("t.vtl", "{\n  \"a\": \"$input.params('grre')\"\n}\n");
    let (code, file, line, column, text) = place(&project, &with("t.vtl"));
    assert_eq!((code, file.as_str(), line, column), ("undeclared_parameter", "t.vtl", 2, 9), "{text}");
    assert!(text.contains("`grre`") && text.contains("did you mean `gre`?"), "{text}");
}

/// API Gateway hands over all that was sent, so that one that resembles none is a matter of taste.
#[test]
fn a_parameter_like_none_may_be_meant() {
    accepts(&with("{ inline: \"$input.params('zzz')\" }"));
    let short = with("{ inline: \"$input.params('y')\" }").replace("gre: required", "x: optional");
    accepts(&short);
}

#[test]
fn a_parameter_declared_anywhere_is_declared() {
    let sections = "api: { resources: { \"/{id}\": { GET: { query: { q: optional }, headers: { X-H: optional }, request: { templates: \
                    { application/json: { inline: \"$input.params('id')$input.params('q')$input.params().header.get('X-H')\" } } } } } } }\n";
    accepts(sections);
}

#[test]
fn lines_of_a_block_are_lines_of_the_file() {
    let template = "\n              inline: |\n                {\n                  \"a\": \"▸$input.params('gree')\"\n                }";
    refuses(&with(template), "undeclared_parameter", &["`gree`", "did you mean `gre`?"]);
    let blank_first = template.replace("|\n", "|\n\n");
    refuses(&with(&blank_first), "undeclared_parameter", &["`gree`"]);
    let header = template.replace('|', "|2-").replace("                {", "                  {");
    refuses(&with(&header), "undeclared_parameter", &["`gree`"]);
}

#[test]
fn lines_of_other_texts_are_told_in_words() {
    refuses(
        &with("{ inline: ▸\"a\\n $input.params('gree')\" }"),
        "undeclared_parameter",
        &["(line 2, column 2 of the template)"],
    );
}

#[test]
fn response_templates_are_judged_too() {
    refuses(
        "api: { resources: { /a: { GET: { query: { gre: optional }, responses: { 200: { templates: { application/json: { inline: ▸\"$input.params('Gre')\" } } } } } } } }\n",
        "undeclared_parameter",
        &["`Gre`"],
    );
}
