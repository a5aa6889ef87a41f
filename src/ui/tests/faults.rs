//! Mistakes in the input, as people and editors see them.

use std::sync::Arc;

use crate::pipeline::Failure;
use crate::spec::{Fault, Source, Span};
use crate::ui::{Format, Look, Ui, Volume, diagnostics};

const FILE: &str = "\
name: ServerlessPOC
function:
  name: ServerlessPOCAdmission
  memmory: 256
  timeout: \"ten\"
api:
  resources:
    /admit:
      GET:
        request:
          templates:
            application/json: templates/admit/request.vtl
usage_plan:
  quota: { limit: 500, period: fortnight }
";

const TEMPLATE: &str = "{\n  #if($input.params('gre') > 300)\n  \"gre\": 1\n}\n";

/// A mistake at the first occurrence of `place`.
fn fault(path: &str, text: &str, place: &str, code: &'static str, message: &str, help: &str) -> Fault {
    let start = text.find(place).expect("the place is in the text");
    let before = &text[..start];
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let source = Arc::new(Source { path: path.into(), text: text.to_owned() });
    let line = before.matches('\n').count() + 1;
    Fault {
        code,
        path: String::new(),
        span: Some(Span { source, start, end: start + place.len(), line, column }),
        message: message.to_owned(),
        help: (!help.is_empty()).then(|| help.to_owned()),
    }
}

fn three() -> Vec<Fault> {
    let place = "#if($input.params('gre') > 300)\n  \"gre\": 1\n}";
    vec![
        fault(
            "deploy.yaml",
            FILE,
            "fortnight",
            "unknown_value",
            "`fortnight` is not a quota period",
            "one of day, week, month",
        ),
        fault(
            "templates/admit/request.vtl",
            TEMPLATE,
            place,
            "template_syntax",
            "this #if has no #end",
            "every #if, #foreach and #macro is closed by #end",
        ),
        fault(
            "deploy.yaml",
            FILE,
            "memmory",
            "unknown_key",
            "there is no key `memmory` in `function`",
            "did you mean `memory`?",
        ),
    ]
}

fn err(faults: Vec<Fault>, width: usize) -> String {
    let (ui, captured) = Ui::captured(Format::Human, Volume::Normal, width, None);
    ui.failed("validate", &Failure::Faults(faults));
    assert_eq!(captured.out(), "");
    captured.err()
}

#[test]
fn several_at_once_in_the_order_of_the_text() {
    insta::assert_snapshot!(err(three(), 100), @r#"
      error[unknown_key]: there is no key `memmory` in `function`
       ╭─[deploy.yaml:4:3]
     3     name: ServerlessPOCAdmission
     4     memmory: 256
       ·   ───────
     5     timeout: "ten"
       ╰────
      help: did you mean `memory`?

      error[unknown_value]: `fortnight` is not a quota period
        ╭─[deploy.yaml:14:32]
     13   usage_plan:
     14     quota: { limit: 500, period: fortnight }
        ·                                ─────────
        ╰────
      help: one of day, week, month

      error[template_syntax]: this #if has no #end
       ╭─[templates/admit/request.vtl:2:3]
     1       {
     2   ╭─▶   #if($input.params('gre') > 300)
     3         "gre": 1
     4   ╰─▶ }
       ╰────
      help: every #if, #foreach and #macro is closed by #end

    3 mistakes in deploy.yaml and templates/admit/request.vtl; nothing was sent to AWS.
    `poc explain unknown_key` says more.
    "#);
}

#[test]
fn on_a_narrow_terminal() {
    let help = "a Lambda function may run for 1 to 900 seconds; write the number of seconds without quotes, as in `timeout: 10`";
    let message = "`timeout` is a text, and a number of seconds is needed here for the Lambda function";
    let fault = fault("deploy.yaml", FILE, "\"ten\"", "wrong_type", message, help);
    insta::assert_snapshot!(err(vec![fault], 60), @r#"
      error[wrong_type]: `timeout` is a text, and a number of
        seconds is needed here for the Lambda function
       ╭─[deploy.yaml:5:12]
     4     memmory: 256
     5     timeout: "ten"
       ·            ─────
     6   api:
       ╰────
      help: a Lambda function may run for 1 to 900 seconds;
            write the number of seconds without quotes, as in
            `timeout: 10`

    1 mistake in deploy.yaml; nothing was sent to AWS.
    `poc explain wrong_type` says more.
    "#);
}

#[test]
fn in_a_line_wider_than_the_terminal() {
    let text = format!("api: {{ description: \"{}\", nmae: x, other: \"{}\" }}\n", "a".repeat(150), "b".repeat(150));
    let fault = fault("deploy.yaml", &text, "nmae", "unknown_key", "there is no key `nmae` in `api`", "");
    let text = err(vec![fault], 60);
    insta::assert_snapshot!(text, @r#"
      error[unknown_key]: there is no key `nmae` in `api`
       ╭─[deploy.yaml:1:175]
     1   aaaaaaaaaaaaaaaaaaaaaa", nmae: x, other: "bbbbbbbb
       ·                          ────
       ╰────

    1 mistake in deploy.yaml; nothing was sent to AWS.
    `poc explain unknown_key` says more.
    "#);
}

#[test]
fn at_the_very_end_and_in_an_empty_file() {
    let mut fault = fault("deploy.yaml", "name: x\n", "x", "missing_key", "`function` is missing", "add `function:`");
    if let Some(span) = &mut fault.span {
        (span.start, span.end, span.line, span.column) = (8, 8, 2, 1);
    }
    let mut empty = fault.clone();
    empty.span = Some(Span {
        source: Arc::new(Source { path: "deploy.yaml".into(), text: String::new() }),
        start: 0,
        end: 0,
        line: 1,
        column: 1,
    });
    empty.message = "the file is empty".to_owned();
    insta::assert_snapshot!(err(vec![fault], 80), @"
      error[missing_key]: `function` is missing
       ╭─[deploy.yaml:2:1]
     1   name: x
       ╰────
      help: add `function:`

    1 mistake in deploy.yaml; nothing was sent to AWS.
    `poc explain missing_key` says more.
    ");
    insta::assert_snapshot!(err(vec![empty], 80), @"
      error[missing_key]: the file is empty
      help: add `function:`

    1 mistake in deploy.yaml; nothing was sent to AWS.
    `poc explain missing_key` says more.
    ");
}

#[test]
fn without_a_text_to_point_into() {
    let fault = Fault {
        code: "missing_file",
        path: String::new(),
        span: None,
        message: "there is no file `deploy.yaml` here".to_owned(),
        help: Some("check the path, or name another with `-f PATH`".to_owned()),
    };
    insta::assert_snapshot!(err(vec![fault], 80), @"
      error[missing_file]: there is no file `deploy.yaml` here
      help: check the path, or name another with `-f PATH`

    1 mistake; nothing was sent to AWS.
    `poc explain missing_file` says more.
    ");
}

#[test]
fn a_text_cannot_drive_the_terminal() {
    let text = "name: \u{1b}[2Jx\u{202e}\n\tkey: é1\n";
    let fault = fault("deploy.yaml", text, "é1", "unknown_value", "bad \u{1b}[31mname", "");
    let text = err(vec![fault], 80);
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text:?}");
    insta::assert_snapshot!(text, @r#"
      error[unknown_value]: bad \u{1b}[31mname
       ╭─[deploy.yaml:2:7]
     1   name: �[2Jx�
     2    key: é1
       ·       ──
       ╰────

    1 mistake in deploy.yaml; nothing was sent to AWS.
    `poc explain unknown_value` says more.
    "#);
}

#[test]
fn a_span_beyond_its_text_does_not_hide_the_mistake() {
    let mut fault = fault("deploy.yaml", "name: é\n", "é", "unknown_value", "the name is wrong", "");
    if let Some(span) = &mut fault.span {
        (span.start, span.end) = (7, 999);
    }
    assert!(err(vec![fault], 80).contains("the name is wrong"));
}

#[test]
fn without_utf8() {
    let text = diagnostics::faults(&three()[2..], &Look::ascii(80));
    insta::assert_snapshot!(anstream::adapter::strip_str(&text), @r#"
      error[unknown_key]: there is no key `memmory` in `function`
       ,-[deploy.yaml:4:3]
     3     name: ServerlessPOCAdmission
     4     memmory: 256
       :   ^^^^^^^
     5     timeout: "ten"
       `----
      help: did you mean `memory`?

    1 mistake in deploy.yaml; nothing was sent to AWS.
    `poc explain unknown_key` says more.
    "#);
}

#[test]
fn for_editors() {
    let (ui, captured) = Ui::captured(Format::JsonDocument, Volume::Normal, 100, None);
    ui.failed("validate", &Failure::Faults(three()[2..].to_vec()));
    insta::assert_snapshot!(captured.out(), @r#"
    {
      "valid": false,
      "faults": [
        {
          "code": "unknown_key",
          "path": "",
          "file": "deploy.yaml",
          "line": 4,
          "column": 3,
          "message": "there is no key `memmory` in `function`",
          "help": "did you mean `memory`?"
        }
      ]
    }
    "#);
}

#[test]
fn in_a_deploy_for_programs() {
    let (ui, captured) = Ui::captured(Format::JsonLines, Volume::Normal, 100, None);
    ui.failed("deploy", &Failure::Faults(three()[2..].to_vec()));
    insta::assert_snapshot!(captured.out(), @r#"
    {"event":"invalid","valid":false,"faults":[{"code":"unknown_key","path":"","file":"deploy.yaml","line":4,"column":3,"message":"there is no key `memmory` in `function`","help":"did you mean `memory`?"}]}
    {"event":"finished","command":"deploy","outcome":"failed","outputs":{},"requests":0,"writes":0,"elapsed_ms":0}
    "#);
}
