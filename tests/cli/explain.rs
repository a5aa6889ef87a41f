//! `poc explain`: the story behind a code, and that errors point at it.

use super::Desk;

#[test]
fn a_warning_has_its_story_and_an_example() {
    let told = Desk::new().poc(&["explain", "POC012"]).exits(0);
    insta::assert_snapshot!(told.out, @r#"
    POC012: a pattern that matches a part of the text only

    A pattern has to match the whole of the error's text. One that describes a part of it, as a search
    would, matches nothing.

    Before:

        400: { pattern: '"httpStatus": ?400' }

    After:

        400: { pattern: '.*"httpStatus": ?400.*' }
    "#);
    assert_eq!(told.err, "");
}

#[test]
fn a_problem_says_why_and_what_to_do() {
    insta::assert_snapshot!(Desk::new().poc(&["explain", "not_ours"]).exits(0).out, @"
    not_ours: it is not ours

    Why:  Something of this name exists and does not carry this application's tags, so it may belong to
          somebody else. poc changes and deletes only what is its own. Another stage of the application
          is somebody else, too.

    Do:   Choose another name, or take it over with `--adopt` if it is yours to change. A stage's things
          are not taken over: write the new stage under `stages:`.

    Then: Run the same command again: what is done stays done, and it continues where it stopped.
    ");
}

#[test]
fn a_mistake_says_what_would_be_right() {
    insta::assert_snapshot!(Desk::new().poc(&["explain", "no_default"]).exits(0).out, @"
    no_default: no response is the default

    Each response has a pattern, so what succeeds matches none and would be answered with 500. Leave the
    pattern out of exactly one.
    ");
}

#[test]
fn without_a_code_all_are_listed() {
    let told = Desk::new().poc(&["explain"]).exits(0).out;
    for line in ["  POC001  ", "  unknown_key  ", "  not_ours  "] {
        assert!(told.lines().any(|one| one.replace("    ", "  ").starts_with(line.trim_end())), "{line}: {told}");
    }
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
}

#[test]
fn a_code_that_there_is_not_has_a_neighbour() {
    let desk = Desk::new();
    let near = desk.poc(&["explain", "POC01O"]).exits(2);
    insta::assert_snapshot!(near.err, @"
    error: there is no code `POC01O`; did you mean `POC010`?
    See `poc explain --help`.
    ");
    let far = desk.poc(&["explain", "something_else_entirely"]).exits(2);
    assert!(far.err.contains("`poc explain` lists all of them"), "{}", far.err);
}

#[test]
fn pages_are_data_too() {
    let desk = Desk::new();
    let page = desk.poc(&["explain", "POC012", "--json"]).exits(0).json();
    assert_eq!((&page["code"], &page["subject"]), (&"POC012".into(), &"warning".into()));
    assert!(page["text"].as_str().unwrap().contains("```"), "{page}");
    let all = desk.poc(&["explain", "--json"]).exits(0).json();
    assert!(all.as_array().unwrap().contains(&page));
}

/// What an error names is a page.
#[test]
fn errors_point_at_their_pages() {
    let desk = Desk::new();
    desk.edit("deploy.yaml", "memory: 256", "memroy: 256");
    let mistake = desk.poc(&["validate"]).exits(2);
    assert!(mistake.err.contains("`poc explain unknown_key` says more."), "{}", mistake.err);
    desk.edit("deploy.yaml", "memroy: 256", "memory: 256");
    let problem = desk.poc(&["logs", "--local"]).exits(1);
    let pointer = problem.err.lines().find_map(|line| line.trim().strip_prefix("more: poc explain "));
    let page = desk.poc(&["explain", pointer.expect("it points at a page")]).exits(0);
    assert!(page.out.contains("Why:") && page.out.contains("Then:"), "{}", page.out);
}
