//! What is not a deploy.yaml at all: YAML that is broken, hostile, or read differently by different readers.

use std::fmt::Write;

use poc::spec::{Document, Fault, MAX_BYTES};

use crate::project::{Project, refuses};

fn open(project: &Project, name: &str) -> Fault {
    let faults = Document::open(&project.path(name)).expect_err("it is refused");
    assert_eq!(faults.len(), 1, "{faults:?}");
    faults.into_iter().next().expect("one fault")
}

fn form(text: &str) -> Vec<Fault> {
    Document::parse("deploy.yaml".as_ref(), text.to_string()).expect_err("it is refused")
}

#[test]
fn a_missing_file_is_named() {
    let fault = open(&Project::new(), "deploy.yaml");
    assert_eq!(fault.code, "missing_file");
    assert!(fault.message.contains("deploy.yaml"), "{fault}");
    assert!(fault.help.as_deref().is_some_and(|help| help.contains("`poc init`")), "{fault}");
    // There is no line to show, and machines are told which file it is.
    assert!(fault.span.as_ref().is_some_and(|span| span.is_blank() && span.source.path.ends_with("deploy.yaml")));
    assert!(fault.to_string().starts_with("there is no file"), "{fault}");
}

#[test]
fn a_directory_is_not_a_file() {
    assert_eq!(open(&Project::new(), "app").code, "not_a_file");
}

#[test]
fn nothing_but_comments_is_empty() {
    for text in ["", "\n", "# a comment\n\n"] {
        let fault = open(&Project::new().file("deploy.yaml", text), "deploy.yaml");
        assert_eq!(fault.code, "empty_file", "{text:?}");
        assert!(fault.help.as_deref().is_some_and(|help| help.contains("to start from")), "{fault}");
    }
}

#[test]
fn an_explicit_nothing_is_no_mapping() {
    for (text, found) in [("---\n", "nothing"), ("- a\n", "a list"), ("hello\n", "text"), ("null\n", "nothing")] {
        let faults = form(text);
        assert_eq!(faults[0].code, "wrong_type", "{text:?}");
        assert!(faults[0].message.ends_with(&format!("found {found}")), "{}", faults[0]);
    }
}

#[test]
fn other_encodings_are_told_with_the_line() {
    let fault = open(&Project::new().file("deploy.yaml", b"name: a\nregion: \xff\xfe\n"), "deploy.yaml");
    assert_eq!(fault.code, "not_utf8");
    assert!(fault.message.contains("line 2"), "{fault}");
    assert_eq!(fault.span.as_ref().map(|span| (span.line, span.column)), Some((2, 9)));
}

#[test]
fn a_hundred_megabytes_are_not_read() {
    let project = Project::new().file("deploy.yaml", "");
    let file = std::fs::File::options().write(true).open(project.path("deploy.yaml")).expect("it is there");
    file.set_len(100 * 1024 * 1024).expect("a file with a hole");
    assert_eq!(open(&project, "deploy.yaml").code, "too_large");
}

#[test]
fn a_file_of_the_greatest_size_is_read_and_one_byte_more_is_not() {
    let most = usize::try_from(MAX_BYTES).expect("a megabyte fits");
    let text = format!("name: a\n#{}", "x".repeat(most - 9));
    assert_eq!(text.len(), most);
    let project = Project::new().file("deploy.yaml", &text);
    assert!(Document::open(&project.path("deploy.yaml")).is_ok());
    let project = Project::new().file("deploy.yaml", format!("{text}x"));
    assert_eq!(open(&project, "deploy.yaml").code, "too_large");
}

#[test]
fn broken_yaml_is_told_where_it_breaks() {
    let faults = form("name: a\nfunction: {runtime: b\nstage: prod\n");
    assert_eq!(faults[0].code, "yaml_syntax");
    assert!(faults[0].span.as_ref().is_some_and(|span| span.line >= 2), "{}", faults[0]);
    let faults = form("a: b: c\n");
    assert_eq!(faults[0].code, "yaml_syntax");
    assert_eq!(faults[0].span.as_ref().map(|span| (span.line, span.column)), Some((1, 5)));
}

/// And not where the parser noticed.
#[test]
fn what_is_open_is_told_where_it_opens() {
    for (text, place, says) in [
        ("a:\n  b: x\n▸\tc: y\n", "tab", "indent with spaces"),
        ("a:\n▸\tb: x\n", "tab", "indent with spaces"),
        ("a: 1\nb: ▸{c: d\ne: f\n", "`{`", "close it with `}`; line 3"),
        ("a: ▸[b, {c: d}\ne:\n  f: 1\n", "`[`", "close it with `]`"),
        ("a: ▸[b, c}\n", "mismatched bracket", "check"),
        ("a: ▸'b\nc: it's\n", "line 2 only", "close it in its own line"),
        ("a: ▸\"b\nc: \"d\"\n", "line 2 only", "close it in its own line"),
        ("a: ▸\"b\nc: d\n", "unclosed quote", ""),
        ("a:\n  ▸memory:256\n  b: 2\n", "`memory:256` is one word", "a space after the colon: memory: 256"),
        // Brackets and quotes in blocks, comments and texts open nothing.
        ("a: |\n  [ { \"\n# [\nb: it's [\nc: \"x\" ▸y\n", "trailing content", "check"),
        ("a: {b: [c]}\nd: e▸: f\n", "mapping values", "check"),
        ("a: {b: c▸: d}\n", "", "check"),
    ] {
        let faults = form(&text.replace('▸', ""));
        let found = faults[0].span.as_ref().map(|span| (span.line, span.column));
        assert_eq!((faults[0].code, found), ("yaml_syntax", crate::project::mark(text)), "{text}\n{}", faults[0]);
        assert!(faults[0].message.contains(place), "{text}\n{}", faults[0]);
        assert!(faults[0].help.as_deref().is_some_and(|help| help.contains(says)), "{text}\n{}", faults[0]);
    }
    refuses("function:\n  ▸memory:256\n", "wrong_type", &["must be a mapping", "a space after the colon: memory: 256"]);
}

#[test]
fn anchors_aliases_tags_and_repeated_keys_are_all_reported_together() {
    let faults = form("a: &x 1\nb: *x\nc: !!str 2\na: 3\nd: *nowhere\n");
    let found: Vec<_> =
        faults.iter().map(|f| (f.code, f.span.as_ref().map_or((0, 0), |s| (s.line, s.column)))).collect();
    let expected =
        [("anchor", (1, 4)), ("alias", (2, 4)), ("tag", (3, 4)), ("duplicate_key", (4, 1)), ("alias", (5, 4))];
    assert_eq!(found, expected, "{faults:?}");
}

#[test]
fn a_key_is_the_same_key_quoted_or_not() {
    let faults = form("x: {\"200\": a, 200: b}\n");
    assert_eq!(faults[0].code, "duplicate_key");
    assert_eq!(faults[0].span.as_ref().map(|span| (span.line, span.column)), Some((1, 15)));
}

#[test]
fn merge_keys_are_not_read() {
    assert_eq!(form("a: &x {b: 1}\nc: {<<: *x}\n").iter().map(|f| f.code).collect::<Vec<_>>(), ["anchor", "alias"]);
}

#[test]
fn a_second_document_is_refused() {
    let faults = form("name: a\n---\nname: b\n");
    assert_eq!(faults[0].code, "several_documents");
    assert_eq!(faults[0].span.as_ref().map(|span| span.line), Some(2));
}

#[test]
fn a_list_is_no_key() {
    let faults = form("[a, b]: c\n");
    assert_eq!(faults[0].code, "key_not_text", "{faults:?}");
    let faults = form("? {a: b}\n: c\n");
    assert_eq!(faults[0].code, "key_not_text", "{faults:?}");
}

#[test]
fn a_billion_laughs_end_at_the_first_anchor() {
    let mut text = "a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_string();
    for (last, this) in ('a'..'i').zip('b'..='i') {
        let _ = writeln!(text, "{this}: &{this} [*{last}, *{last}, *{last}, *{last}, *{last}, *{last}, *{last}]");
    }
    let faults = form(&text);
    assert_eq!(faults[0].code, "anchor");
    assert!(faults.len() <= 60, "{}", faults.len());
}

#[test]
fn deep_nesting_ends_without_a_crash() {
    for text in ["[".repeat(100_000), "{a: ".repeat(100_000), format!("a: {}", "- ".repeat(50_000))] {
        let faults = form(&text);
        assert!(matches!(faults[0].code, "too_deep" | "yaml_syntax"), "{}", faults[0]);
    }
    let mut steps = String::new();
    for depth in 0..300 {
        let _ = writeln!(steps, "{}a:", " ".repeat(depth));
    }
    assert_eq!(form(&steps)[0].code, "too_deep");
}

#[test]
fn more_values_than_any_file_needs_are_refused() {
    let faults = form(&format!("a: [{}]\n", "1,".repeat(200_000)));
    assert_eq!(faults[0].code, "too_large");
}

#[test]
fn huge_keys_and_values_are_shortened_in_messages() {
    let key = "k".repeat(900);
    let faults = Project::new().faults(&format!("{key}: 1\n"));
    assert_eq!(faults[0].code, "unknown_key");
    assert!(faults[0].message.len() < 120, "{}", faults[0]);
    let value = "v".repeat(500_000);
    let faults = Project::new().faults(&format!("api: {{endpoint: \"{value}\", resources: {{/a: {{GET: {{}}}}}}}}\n"));
    assert_eq!(faults.len(), 1);
    assert!(faults[0].to_string().len() < 400, "{}", faults[0].to_string().len());
}

#[test]
fn control_characters_are_named() {
    let faults = form("name: a\nregion: b\u{1b}[31m\n");
    assert_eq!(faults[0].code, "control_character");
    assert!(faults[0].message.contains("U+001B"), "{}", faults[0]);
    assert_eq!(faults[0].span.as_ref().map(|span| (span.line, span.column)), Some((2, 10)));
    // Written as an escape they are YAML, and no message may carry them to a terminal.
    let faults = Project::new().faults("name: \"a\\e[31m\"\n");
    assert_eq!(faults[0].code, "bad_name");
    assert!(!faults[0].to_string().contains('\u{1b}'), "{}", faults[0]);
}

#[test]
fn columns_count_characters() {
    refuses("tags: { \"äß𝒜\": ▸1 }\n", "wrong_type", &["found a whole number", "put it in quotes: \"1\""]);
}

#[test]
fn windows_line_ends_change_nothing() {
    let text = crate::project::complete("function:\n  runtime: python3.13\n  handler: handler.main\n  memory: 5\n");
    let faults = Project::new().read(&text.replace('\n', "\r\n")).expect_err("5 MB are too little");
    assert_eq!(faults[0].span.as_ref().map(|span| (span.line, span.column)), Some((9, 11)));
}

/// Whatever happens to the sample's text, it is read or refused, never a crash, and every mistake has a place in it.
#[test]
fn a_damaged_file_is_never_a_crash() {
    let sample = include_str!("../../deploy.yaml");
    let pieces = [
        "\u{0}", "{", "}", "[", "]", ":", "\n", "\t", " ", "'", "\"", "|", ">", "-", "&a ", "*a", "!t ", "$", "${",
        "%", "#", "ä", "\u{feff}", "0", "~", "? ",
    ];
    let mut state = 42_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap_or_default() % below
    };
    let project = Project::new();
    for _ in 0..1_000 {
        let mut text: Vec<char> = sample.chars().collect();
        for _ in 0..=next(4) {
            let at = next(text.len());
            match next(4) {
                0 => text.truncate(at.max(1)),
                1 => drop(text.splice(at..at, pieces[next(pieces.len())].chars())),
                2 => drop(text.drain(at..(at + next(40)).min(text.len()))),
                _ => text[at] = pieces[next(pieces.len())].chars().next().unwrap_or(' '),
            }
            if text.is_empty() {
                text.push('x');
            }
        }
        let text: String = text.into_iter().collect();
        for fault in project.read(&text).err().unwrap_or_default() {
            if let Some(span) = &fault.span {
                assert!(
                    span.start <= span.end && span.source.text.get(span.start..span.end).is_some(),
                    "{text}\n{fault}"
                );
                assert!(span.line >= 1 && span.column >= 1, "{fault}");
                assert!(span.line <= span.source.text.lines().count() + 1, "{text}\n{fault}");
            }
            assert!(
                !fault.message.is_empty() && !fault.message.ends_with('.') && !fault.message.contains('\n'),
                "{fault}"
            );
            assert!(fault.help.as_deref().is_some_and(|help| !help.is_empty()), "{fault}");
        }
    }
}
