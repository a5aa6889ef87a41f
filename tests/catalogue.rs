//! Every code that a person can meet has a page that helps, every page has a code, and every code is named by a test.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use poc::explain::{Explanation, Subject, all, page};

const SUBJECTS: [Subject; 4] = [Subject::Warning, Subject::Mistake, Subject::Problem, Subject::Finding];

fn pages(subject: Subject) -> Vec<Explanation> {
    all().into_iter().filter(|page| page.subject == subject).collect()
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    for subject in SUBJECTS {
        let codes = subject.codes();
        let told: Vec<&str> = pages(subject).iter().map(|page| page.code).collect();
        let without: Vec<&&str> = codes.iter().filter(|code| !told.contains(code)).collect();
        assert!(without.is_empty(), "{subject:?} without a page: {without:?}");
        let unknown: Vec<&&str> = told.iter().filter(|code| !codes.contains(code)).collect();
        assert!(unknown.is_empty(), "pages without a {subject:?}: {unknown:?}");
        assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len(), "a page stands twice");
        assert!(told.is_sorted(), "{subject:?}: pages stand in the order of their codes: {told:?}");
    }
}

/// Names of refusals are texts, so the compiler does not know whether they have a page.
#[test]
fn every_refusal_is_by_a_code() {
    let codes: BTreeSet<&str> = SUBJECTS.into_iter().flat_map(Subject::codes).collect();
    let mut texts = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut |_, text| texts.push(text));
    let mut named = BTreeSet::new();
    for text in &texts {
        let text: String = text.split_whitespace().collect();
        for (at, start) in text.match_indices("Error::refused(\"") {
            let name = text[at + start.len()..].split('"').next().unwrap_or_default();
            named.insert(name.to_owned());
        }
    }
    assert!(named.len() > 20, "{named:?}");
    let unknown: Vec<&String> = named.iter().filter(|name| !codes.contains(name.as_str())).collect();
    assert!(unknown.is_empty(), "refusals without a page: {unknown:?}");
}

/// `poc explain` takes a code without its subject.
#[test]
fn a_code_means_one_thing() {
    let mut seen = BTreeSet::new();
    for code in SUBJECTS.into_iter().flat_map(Subject::codes) {
        assert!(seen.insert(code), "{code} means two things");
    }
}

#[test]
fn every_page_says_enough() {
    for page in all() {
        let Explanation { code, title, text, .. } = &page;
        assert!(!title.is_empty() && title.len() <= 80 && !title.ends_with('.'), "{code}: {title}");
        let words = text.split_whitespace().count();
        assert!(words >= 8, "{code} says {words} words");
        assert!(text.matches("```").count().is_multiple_of(2), "{code}: a block is not closed");
        assert!(text.lines().all(|line| line.chars().count() <= 130), "{code}: a line is too long");
        let has =
            |parts: &[&str]| parts.iter().all(|part| text.contains(&format!("\n{part}")) || text.starts_with(part));
        match page.subject {
            Subject::Warning => {
                assert!(has(&["Before:", "After:"]), "{code} has no example");
                let (before, after) = text.split_once("\nAfter:").expect("there is an example");
                let block = |part: &str| part.split("```").nth(1).map(str::trim).unwrap_or_default().to_owned();
                assert!(
                    !block(before).is_empty() && !block(after).is_empty(),
                    "{code}: a side of the example is empty"
                );
                assert_ne!(block(before), block(after), "{code}");
            }
            Subject::Problem | Subject::Finding => {
                assert!(has(&["Why:", "Do:", "Then:"]), "{code} lacks why, what to do or how to go on")
            }
            Subject::Mistake => assert!(text.trim_end().ends_with(['.', '`']), "{code}: {text}"),
        }
    }
}

#[test]
fn a_code_is_found_however_it_is_written() {
    assert_eq!(page("poc010").map(|page| page.code), Ok("POC010"));
    assert_eq!(page("not-ours").map(|page| page.code), Ok("not_ours"));
    assert_eq!(page("missing_kye").map(|page| page.code), Err(Some("missing_key")));
    assert_eq!(page("zzz").map(|page| page.code), Err(None));
}

#[test]
fn every_code_is_named_by_a_test() {
    let texts = tests();
    let named = |code: &str| {
        // As a text, as one of several snapshots, in front of its message, in a snapshot of errors, as a pointer to its page.
        let forms = [
            format!("\"{code}\""),
            format!("\"{code}-"),
            format!("\"{code}: "),
            format!("[{code}]"),
            format!("\n    {code} "),
            format!("explain {code}"),
        ];
        texts.iter().any(|text| forms.iter().any(|form| text.contains(form.as_str())))
    };
    let codes: Vec<&str> = SUBJECTS.into_iter().flat_map(Subject::codes).collect();
    let unnamed: Vec<&str> = codes.iter().copied().filter(|code| !named(code)).collect();
    assert!(unnamed.is_empty(), "no test names {unnamed:?}");
}

/// Kinds that no test can bring about: a step that is put off is no failure of the run; every refusal of our own is called
/// something else; and a system that gives a server no handlers for signals.
const UNSEEN: [&str; 3] = ["deferred", "refused", "server"];

/// Mistakes and warnings are together in one snapshot each, for their tests can make all of them; these are made all over
/// the place. `KIND.snap`, or `KIND-how.snap` where one is met in more than one way.
#[test]
fn every_problem_and_finding_is_in_a_snapshot_as_a_person_sees_it() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/problems");
    let mut seen = BTreeSet::new();
    for entry in fs::read_dir(directory).expect("it is there") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        // What a failed run left beside them is no snapshot yet.
        let Some(stem) = name.strip_suffix(".snap") else { continue };
        seen.insert(stem.split('-').next().unwrap_or_default().to_owned());
    }
    let codes = [Subject::Problem, Subject::Finding].into_iter().flat_map(Subject::codes);
    let wanted: BTreeSet<String> = codes.filter(|code| !UNSEEN.contains(code)).map(str::to_owned).collect();
    assert_eq!(seen, wanted);
}

/// What takes the kind of a mistake or of a problem as the first of its arguments.
const TAKE_A_KIND: [&str; 8] =
    ["fault", "fault_in_key", "refuse", "Broken::new", "Error::refused", "Error::in_the_way", "problem", "wrong"];

/// Kinds are texts where they are used: each has a page, and each page's kind is used.
#[test]
fn the_sources_use_the_kinds_that_have_pages_and_no_others() {
    let mut used = BTreeSet::new();
    let mut unknown = Vec::new();
    let codes: Vec<&str> =
        [Subject::Mistake, Subject::Problem, Subject::Finding].into_iter().flat_map(Subject::codes).collect();
    for (file, text) in files("src") {
        // The embedded cloud stands for AWS, which has kinds of its own.
        let lists_them = file.ends_with("/event/kind.rs") || file.ends_with("/spec/mistake.rs");
        if file.contains("/src/local/") || file.contains("/tests/") || file.ends_with("/tests.rs") || lists_them {
            continue;
        }
        let text = text.split_once("mod tests {").map_or(text.as_str(), |(code, _)| code);
        used.extend(codes.iter().copied().filter(|code| {
            let member: String = code.split('_').map(capital).collect();
            text.contains(&format!("\"{code}\"")) || text.contains(&format!("::{member}"))
        }));
        for call in TAKE_A_KIND.map(|name| format!("{name}(")) {
            let calls = text.match_indices(&call).map(|(at, found)| (&text[..at], &text[at + found.len()..]));
            let whole =
                calls.filter(|(before, _)| !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ':')));
            let kinds = whole.filter_map(|(_, rest)| Some(rest.trim_start().strip_prefix('"')?.split_once('"')?.0));
            let words = |kind: &&str| kind.chars().all(|c| c.is_ascii_lowercase() || matches!(c, '_' | '0'..='9'));
            unknown
                .extend(kinds.filter(words).filter(|kind| !codes.contains(kind)).map(|kind| format!("{file}: {kind}")));
        }
    }
    assert!(unknown.is_empty(), "without a page: {unknown:#?}");
    let unused: Vec<&&str> = codes.iter().filter(|code| !used.contains(*code)).collect();
    assert!(unused.is_empty(), "nothing uses {unused:?}");
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// The texts of all tests but this one: files under tests/, and those parts of src/ that are tests.
fn tests() -> Vec<String> {
    let of_tests = |(path, text): (String, String)| {
        let all = path.contains("/tests/") || path.ends_with("/tests.rs");
        if all { Some(text) } else { text.split_once("mod tests {").map(|(_, tests)| tests.to_owned()) }
    };
    let all = files("tests").into_iter().chain(files("src"));
    all.filter(|(path, _)| !path.ends_with("/catalogue.rs")).filter_map(of_tests).collect()
}

/// Path and text of every source file under a directory of the package.
fn files(directory: &str) -> Vec<(String, String)> {
    fn walk(directory: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(directory).expect("it can be read") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "node_modules" {
                walk(&path, found);
            } else if name.ends_with(".rs") {
                let text = fs::read_to_string(&path).expect("it can be read");
                found.push((path.display().to_string().replace('\\', "/"), text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(directory), &mut found);
    found
}

/// Every file of Rust below the directory, with its text.
fn walk(directory: &Path, each: &mut dyn FnMut(&Path, String)) {
    for entry in fs::read_dir(directory).expect("it can be read") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("node_modules") {
            walk(&path, each);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("it can be read");
            each(&path, text);
        }
    }
}
