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
    let code = handler::code(look);
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
    let bare = asked.text.trim_start_matches('^').trim_end_matches('$');
    let bare = bare.strip_prefix(".*").unwrap_or(bare);
    let wide = format!(".*{}.*", bare.strip_suffix(".*").unwrap_or(bare));
    let takes = |pattern: &JavaPattern| {
        member.objects(&Spacing::ALL).iter().any(|text| pattern.matches_whole(text) == Ok(true))
    };
    let mends = !bare.contains('|') && JavaPattern::compile(&wide).is_ok_and(|pattern| takes(&pattern));
    let help = format!("write `{}`", if mends { wide } else { within });
    look.warn_of(route, WarningCode::PatternOfPart, place(look, route, asked.status), message, help);
    true
}

/// The article's own trap: `"httpStatus":400`, and Python's `json.dumps` writes `"httpStatus": 400`.
fn of_other_spacing(look: &Look<'_>, route: &Route, asked: &Asked<'_>, code: Option<&[String]>) {
    let (Some(language), Some(code)) = (Language::of(&look.spec.function.runtime), code) else { return };
    let spacings = handler::spacings(language, code);
    let printed: Vec<Spacing> = spacings.iter().copied().collect();
    let others: Vec<Spacing> = Spacing::ALL.into_iter().filter(|one| !spacings.contains(one)).collect();
    let members = Member::all_of(asked.text);
    let better = for_any_spacing(&members, asked.text, &printed);
    let matches = |member: &Member, pattern: &JavaPattern, spacings: &[Spacing]| {
        member.objects(spacings).into_iter().any(|text| pattern.matches_whole(&text) == Ok(true))
    };
    let mended = better.as_deref().and_then(|better| JavaPattern::compile(better).ok());
    let missed = |member: &&Member| {
        let meant = matches(member, &asked.pattern, &others)
            || mended.as_ref().is_some_and(|mended| matches(member, mended, &printed));
        // Code that writes no JSON, or writes this member by hand, prints it in its own way.
        meant && !matches(member, &asked.pattern, &printed) && !member.stands_in(code)
    };
    let Some(member) = members.iter().find(missed).filter(|_| !printed.is_empty()) else { return };
    let shown = match printed.first() {
        Some(Spacing::Indented) => "each member on a line of its own, which `.` does not cross".to_owned(),
        Some(Spacing::Compact) => format!("`\"{}\":{}` without a space", member.name, member.value),
        _ => format!("`\"{}\": {}` with a space after the colon", member.name, member.value),
    };
    let message = format!("the pattern `{}` cannot match: {} writes {shown}", asked.text, language.writer());
    let help = match better {
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
            let help = "keep them apart: each error belongs to one pattern, like `(?!.*\"httpStatus\").+` for the rest";
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
    /// The first that the pattern's text names.
    fn named_by(pattern: &str) -> Option<Member> {
        Member::all_of(pattern).into_iter().next()
    }

    /// Every one that the pattern's text names, whatever it says between colon and value. The quote before the name may be
    /// left to `.*`.
    fn all_of(pattern: &str) -> Vec<Member> {
        let member = |(closing, _): (usize, &str)| {
            let part_of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            let begins = pattern[..closing].rfind(|c| !part_of_name(c)).map_or(0, |at| at + 1);
            let name = &pattern[begins..closing];
            if name.is_empty() || pattern[..begins].ends_with('\\') {
                return None;
            }
            let colon = closing + 1;
            let after = passed(&pattern[colon..]).strip_prefix(':')?;
            let value_at = pattern.len() - passed(after).len();
            let value = value(&pattern[value_at..])?;
            Some(Member { name: name.to_owned(), value, gap: (colon, value_at) })
        };
        pattern.match_indices('"').filter_map(member).collect()
    }

    /// Objects with the member first, in the middle and last.
    fn objects(&self, spacings: &[Spacing]) -> Vec<String> {
        let own = (self.name.as_str(), self.value.as_str());
        let (before, after) = (("errorType", "\"ValueError\""), ("message", "\"gre must be a number\""));
        let orders = [vec![own, after], vec![before, own, after], vec![before, own], vec![own]];
        spacings.iter().flat_map(|spacing| orders.iter().map(|members| spacing.object(members))).collect()
    }

    /// The code has its name in a text of its own, with whatever value, and not as a name in an object.
    fn stands_in(&self, code: &[String]) -> bool {
        let in_a_text = |line: &str| {
            let escaped =
                line.match_indices(&format!("\\\"{}\\\"", self.name)).any(|(at, found)| colon(line, at, found));
            let quoted = format!("\"{}\"", self.name);
            escaped
                || line
                    .match_indices(&quoted)
                    .any(|(at, found)| colon(line, at, found) && handler::within_text(line, at))
        };
        code.iter().any(|text| text.lines().any(in_a_text))
    }
}

fn colon(line: &str, at: usize, found: &str) -> bool {
    line[at + found.len()..].trim_start().starts_with(':')
}

/// The pattern with room for a space in each of its members, where that takes what is printed.
fn for_any_spacing(members: &[Member], pattern: &str, printed: &[Spacing]) -> Option<String> {
    let mut better = pattern.to_owned();
    for member in members.iter().rev() {
        better.replace_range(member.gap.0..member.gap.1, ": ?");
    }
    if printed.contains(&Spacing::Indented) {
        better.insert_str(0, "(?s)");
    }
    let compiled = JavaPattern::compile(&better).ok()?;
    let takes = |member: &Member, spacings: &[Spacing]| {
        member.objects(spacings).iter().any(|text| compiled.matches_whole(text) == Ok(true))
    };
    let takes_all = |member: &Member| takes(member, printed) && takes(member, &[Spacing::Compact]);
    members.iter().all(takes_all).then_some(better)
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
    // Of alternatives the first.
    if let Some(group) = rest.strip_prefix("(?:").or_else(|| rest.strip_prefix('(')) {
        return value(group);
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
        } else if let Some((class, _)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            digits.push(class.chars().next().filter(char::is_ascii_digit)?);
            class.len() + 2
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
        is(".*httpStatus\":(400|401).*", "httpStatus", "400");
        is(".*\"httpStatus\":(?:4\\d\\d|500).*", "httpStatus", "400");
        is(".*\"httpStatus\":[45]00.*", "httpStatus", "400");
        assert_eq!(named(".*Error.*"), None);
        assert_eq!(named(".*\"quoted\".*"), None);
        assert_eq!(named(".*\"a\":.*"), None);
    }

    #[test]
    fn a_better_pattern_takes_both() {
        let better = |pattern: &str, printed: &[Spacing]| for_any_spacing(&Member::all_of(pattern), pattern, printed);
        let compact = ".*\"httpStatus\":400.*";
        assert_eq!(better(compact, &[Spacing::Spaced]).as_deref(), Some(".*\"httpStatus\": ?400.*"));
        assert_eq!(better(compact, &[Spacing::Indented]).as_deref(), Some("(?s).*\"httpStatus\": ?400.*"));
        assert_eq!(
            better(".*\"a\":400.*|.*\"a\":  401.*", &[Spacing::Spaced]).as_deref(),
            Some(".*\"a\": ?400.*|.*\"a\": ?401.*")
        );
    }
}
