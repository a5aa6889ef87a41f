//! Selection patterns: whether they match what the function prints, and nothing else (AWS_FACTS C6). Each verdict comes from
//! the pattern engine that answers requests, asked about texts as the function's language writes them.

use std::collections::BTreeSet;

use super::super::model::{IntegrationKind, Route};
use super::handler::{self, Language, Spacing};
use super::{Look, Place, WarningCode, called, in_method, samples};
use crate::vtl::JavaPattern;

/// A response's pattern, ready to be asked.
struct Asked<'r> {
    status: u16,
    text: &'r str,
    pattern: JavaPattern,
}

pub(super) fn look(look: &Look<'_>) {
    let code = handler::code(look.spec);
    for route in look.spec.api.routes.iter().filter(|route| route.integration.kind == IntegrationKind::Lambda) {
        let asked: Vec<Asked<'_>> = route
            .responses
            .iter()
            .filter_map(|(status, response)| {
                let text = response.pattern.as_deref()?;
                Some(Asked { status: *status, text, pattern: JavaPattern::compile(text).ok()? })
            })
            .collect();
        for one in &asked {
            if !of_status(look, route, one) && !of_part(look, route, one) {
                of_other_spacing(look, route, one, code.as_deref());
            }
        }
        overlap(look, route, &asked, code.as_deref());
        outcomes(look, route);
    }
}

fn place(look: &Look<'_>, route: &Route, status: u16) -> Place {
    look.place(&in_method(route, &["responses", &status.to_string(), "pattern"]))
}

/// `4\d{2}`: the habit of HTTP backends. For a function it is the error's text that is matched, as a whole.
fn of_status(look: &Look<'_>, route: &Route, asked: &Asked<'_>) -> bool {
    let matches = |text: &str| asked.pattern.matches_whole(text) == Ok(true);
    let code = asked.status.to_string();
    if !matches(&code) || matches(&format!("{code} bad")) || matches(&format!("Error: {code}")) || matches("bad") {
        return false;
    }
    let message = format!("the pattern `{}` matches an error whose whole text is `{code}`, and no status", asked.text);
    let help = "a function's status is not looked at: match the text of its errors, like `.*must be a number.*`";
    look.warn_of(route, WarningCode::PatternOfStatus, place(look, route, asked.status), message, help);
    true
}

/// `Bad request` never matches `Bad request: gre is missing`.
fn of_part(look: &Look<'_>, route: &Route, asked: &Asked<'_>) -> bool {
    let Some(member) = Member::named_by(asked.text) else { return false };
    let matches = |text: &String| asked.pattern.matches_whole(text) == Ok(true);
    if member.objects(&Spacing::ALL).iter().any(matches) {
        return false;
    }
    let within = format!(".*(?:{}).*", asked.text);
    let Ok(pattern) = JavaPattern::compile(&within) else { return false };
    let found = member.objects(&Spacing::ALL).iter().any(|text| pattern.matches_whole(text) == Ok(true));
    if !found {
        return false;
    }
    let message =
        format!("the pattern `{}` matches a part of the error's text, and the whole is asked for", asked.text);
    let help = format!("write `.*{}.*`", asked.text.trim_start_matches('^').trim_end_matches('$'));
    look.warn_of(route, WarningCode::PatternOfPart, place(look, route, asked.status), message, help);
    true
}

/// The article's own trap: `"httpStatus":400`, and Python's `json.dumps` writes `"httpStatus": 400`.
fn of_other_spacing(look: &Look<'_>, route: &Route, asked: &Asked<'_>, code: Option<&[String]>) {
    let (Some(language), Some(code)) = (Language::of(&look.spec.function.runtime), code) else { return };
    let Some(member) = Member::named_by(asked.text) else { return };
    let spacings = handler::spacings(language, code);
    // Code that writes no JSON, or writes this member by hand, prints it in its own way.
    if spacings.is_empty() || member.stands_in(code) {
        return;
    }
    let matches = |spacings: &[Spacing]| {
        member.objects(spacings).into_iter().any(|text| asked.pattern.matches_whole(&text) == Ok(true))
    };
    let printed: Vec<Spacing> = spacings.iter().copied().collect();
    let others: Vec<Spacing> = Spacing::ALL.into_iter().filter(|one| !spacings.contains(one)).collect();
    if matches(&printed) || !matches(&others) {
        return;
    }
    let shown = match printed.first() {
        Some(Spacing::Indented) => "each member on a line of its own, which `.` does not cross".to_owned(),
        Some(Spacing::Compact) => format!("`\"{}\":{}` without a space", member.name, member.value),
        _ => format!("`\"{}\": {}` with a space after the colon", member.name, member.value),
    };
    let message = format!("the pattern `{}` cannot match: {} writes {shown}", asked.text, language.writer());
    let help = match member.for_any_spacing(asked.text, &printed) {
        Some(better) => format!("write `{better}`, which takes both"),
        None => "let the pattern take white space after the colon: `: ?`".to_owned(),
    };
    look.warn_of(route, WarningCode::PatternOfOtherSpacing, place(look, route, asked.status), message, help);
}

/// Which of two patterns answers is not defined.
fn overlap(look: &Look<'_>, route: &Route, asked: &[Asked<'_>], code: Option<&[String]>) {
    let language = Language::of(&look.spec.function.runtime);
    let spacings: BTreeSet<Spacing> = match (language, code) {
        (Some(language), Some(code)) => handler::spacings(language, code),
        _ => BTreeSet::new(),
    };
    let spacings: Vec<Spacing> =
        if spacings.is_empty() { Spacing::ALL.to_vec() } else { spacings.into_iter().collect() };
    for (at, later) in asked.iter().enumerate() {
        for earlier in &asked[..at] {
            let Some(text) = common(earlier, later, &spacings) else { continue };
            let message = format!(
                "`{}` and `{}` both match an error like {}, and which of them answers is not defined",
                earlier.status,
                later.status,
                shown(&text)
            );
            let help = "keep them apart: each error belongs to one pattern, like `(?!.*\"httpStatus\").*` for the rest";
            let place = place(look, route, later.status);
            look.warn_of(route, WarningCode::PatternsOverlap, place, message, help);
        }
    }
}

/// A text that one of the two was written for, and that both match.
fn common(one: &Asked<'_>, other: &Asked<'_>, spacings: &[Spacing]) -> Option<String> {
    let both = |text: &String| {
        !text.is_empty() && [one, other].iter().all(|asked| asked.pattern.matches_whole(text) == Ok(true))
    };
    let written_for = |asked: &Asked<'_>| {
        let objects = Member::named_by(asked.text).map(|member| member.objects(spacings)).unwrap_or_default();
        objects.into_iter().chain(samples::of(asked.text, &asked.pattern))
    };
    written_for(one).chain(written_for(other)).find(both)
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    let short = short.replace("\\\"", "\"").replace("\\'", "'");
    if text.chars().count() > 60 { format!("`{short}…`") } else { format!("`{short}`") }
}

/// What callers get for success, and for an error that nobody foresaw.
fn outcomes(look: &Look<'_>, route: &Route) {
    let Some((status, _)) = route.responses.iter().find(|(_, response)| response.pattern.is_none()) else { return };
    let key = status.to_string();
    if *status >= 400 {
        let place = look.key(&in_method(route, &["responses", &key]));
        let message = format!("`{}` answers {status} when the function succeeds", called(route));
        let help = format!("give `{key}` a `pattern`, and leave it out of the response that success gets");
        look.warn_of(route, WarningCode::SuccessIsError, place, message, help);
    } else if route.responses.values().all(|response| response.pattern.is_none()) {
        let own = in_method(route, &["responses"]);
        let place = if look.node(&own).is_some() { look.key(&own) } else { look.key(&in_method(route, &[])) };
        let message =
            format!("`{}` answers {status} when the function fails, with the error and its trace", called(route));
        let help = "add `500: { pattern: '(\\n|.)+', templates: … }`, which is every error";
        look.warn_of(route, WarningCode::ErrorIsSuccess, place, message, help);
    }
}

/// A member of a JSON object that a pattern looks for: `"httpStatus":400`.
#[derive(Debug, PartialEq, Eq)]
struct Member {
    name: String,
    /// As JSON.
    value: String,
    /// Where in the pattern what stands between the two begins and ends, in bytes.
    gap: (usize, usize),
}

impl Member {
    /// The first that the pattern's text names, whatever it says between colon and value.
    fn named_by(pattern: &str) -> Option<Member> {
        let mut from = 0;
        while let Some(open) = pattern[from..].find('"').map(|at| from + at) {
            let rest = &pattern[open + 1..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-')).unwrap_or(rest.len());
            from = open + 1;
            let name = &rest[..end];
            if name.is_empty() || !rest[end..].starts_with('"') {
                continue;
            }
            let colon = open + 1 + end + 1;
            let Some(after) = passed(&pattern[colon..]).strip_prefix(':') else { continue };
            let value_at = pattern.len() - passed(after).len();
            let Some(value) = value(&pattern[value_at..]) else { continue };
            return Some(Member { name: name.to_owned(), value, gap: (colon, value_at) });
        }
        None
    }

    /// Objects with the member first, in the middle and last.
    fn objects(&self, spacings: &[Spacing]) -> Vec<String> {
        let own = (self.name.as_str(), self.value.as_str());
        let (before, after) = (("errorType", "\"ValueError\""), ("message", "\"gre must be a number\""));
        let orders = [vec![own, after], vec![before, own, after], vec![before, own], vec![own]];
        spacings.iter().flat_map(|spacing| orders.iter().map(|members| spacing.object(members))).collect()
    }

    /// The code has it in a text of its own, and not as a name in an object.
    fn stands_in(&self, code: &[String]) -> bool {
        let by_hand = [":", ": "].map(|colon| format!("\"{}\"{colon}{}", self.name, self.value));
        let unquoted = |text: &str| text.replace("\\\"", "\"");
        let in_a_text = |line: &str| {
            // `"httpStatus": 400,` is a member of a dictionary; within quotes it is a text.
            let line = unquoted(line);
            by_hand.iter().any(|text| {
                line.match_indices(text.as_str()).any(|(at, _)| {
                    let before = &line[..at];
                    before.matches('\'').count() % 2 == 1 || before.matches('`').count() % 2 == 1
                })
            })
        };
        let escaped = [":", ": "].map(|colon| format!("\\\"{}\\\"{colon}{}", self.name, self.value));
        code.iter().any(|text| text.lines().any(in_a_text) || escaped.iter().any(|known| text.contains(known)))
    }

    /// The pattern with room for a space, where that takes what is printed.
    fn for_any_spacing(&self, pattern: &str, printed: &[Spacing]) -> Option<String> {
        let start = if printed.contains(&Spacing::Indented) { "(?s)" } else { "" };
        let better = format!("{start}{}: ?{}", &pattern[..self.gap.0], &pattern[self.gap.1..]);
        let compiled = JavaPattern::compile(&better).ok()?;
        let takes =
            |spacings: &[Spacing]| self.objects(spacings).iter().any(|text| compiled.matches_whole(text) == Ok(true));
        (takes(printed) && takes(&[Spacing::Compact])).then_some(better)
    }
}

/// The rest after white space, and what stands for it in a pattern.
fn passed(mut rest: &str) -> &str {
    loop {
        let before = rest.len();
        for space in ["\\s", "\\h", "[ ]", " "] {
            if let Some(after) = rest.strip_prefix(space) {
                rest = after.trim_start_matches(['?', '*', '+']);
            }
        }
        if rest.len() == before {
            return rest;
        }
    }
}

/// The value that a pattern's text begins with, as JSON: a number, with `4\d\d` and the like read as one of them.
fn value(rest: &str) -> Option<String> {
    if let Some(text) = rest.strip_prefix('"') {
        let end = text.find('"')?;
        let plain = text[..end].chars().all(|c| c.is_ascii_alphanumeric() || " _-".contains(c)) && end > 0;
        return plain.then(|| format!("\"{}\"", &text[..end]));
    }
    if let Some(word) = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word)) {
        return Some(word.to_owned());
    }
    let mut digits = String::new();
    let mut rest = rest;
    loop {
        let taken = if let Some(digit) = rest.chars().next().filter(char::is_ascii_digit) {
            digits.push(digit);
            1
        } else if rest.starts_with("\\d") && !digits.is_empty() {
            digits.push('0');
            2
        } else if let Some(times) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(n, _)| n) {
            let times = times.parse::<usize>().ok().filter(|n| (1..9).contains(n))?;
            let last = digits.chars().last()?;
            digits.extend(std::iter::repeat_n(last, times - 1));
            times.to_string().len() + 2
        } else {
            break;
        };
        rest = &rest[taken..];
    }
    (!digits.is_empty()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(pattern: &str) -> Option<(String, String)> {
        Member::named_by(pattern).map(|member| (member.name, member.value))
    }

    #[test]
    fn members_that_patterns_name() {
        let is = |pattern: &str, name: &str, value: &str| {
            assert_eq!(named(pattern), Some((name.to_owned(), value.to_owned())), "{pattern}");
        };
        is(".*\"httpStatus\":400.*", "httpStatus", "400");
        is(".*\"httpStatus\"\\s*:\\s*4\\d\\d.*", "httpStatus", "400");
        is(".*\"code\": ?5\\d{2}.*", "code", "500");
        is("\\{\"type\":\"BadRequest\".*", "type", "\"BadRequest\"");
        is(".*\"retry\":true.*", "retry", "true");
        assert_eq!(named(".*Error.*"), None);
        assert_eq!(named(".*\"quoted\".*"), None);
        assert_eq!(named(".*\"a\":.*"), None);
    }

    #[test]
    fn a_better_pattern_takes_both() {
        let member = Member::named_by(".*\"httpStatus\":400.*").expect("it names one");
        let better = member.for_any_spacing(".*\"httpStatus\":400.*", &[Spacing::Spaced]);
        assert_eq!(better.as_deref(), Some(".*\"httpStatus\": ?400.*"));
        let better = member.for_any_spacing(".*\"httpStatus\":400.*", &[Spacing::Indented]);
        assert_eq!(better.as_deref(), Some("(?s).*\"httpStatus\": ?400.*"));
    }
}
