//! From the text of a path to its steps. Lenient where Jayway is, and as strict.

use super::filter::Filter;
use super::{Elements, Path, Step, invalid};
use crate::vtl::error::RenderError;

/// Filters inside filters.
const DEPTH: usize = 10;

type Parsed<T> = Result<T, RenderError>;

pub(super) fn path(text: &str, depth: usize) -> Parsed<Path> {
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.ends_with("..") || depth > DEPTH {
        return Err(invalid(format!("{text:?} is no path")));
    }
    let mut chars: Vec<char> = trimmed.chars().collect();
    let from_root = chars[0] != '@';
    if !matches!(chars[0], '$' | '@') {
        chars.splice(0..0, ['$', '.']);
    }
    if chars.get(1).is_some_and(|c| !matches!(c, '.' | '[')) {
        return Err(invalid(format!("{text:?}: . or [ must follow {}", chars[0])));
    }
    let steps = Steps { chars: &chars, position: 1, depth }.all()?;
    Ok(Path { from_root, steps })
}

struct Steps<'t> {
    chars: &'t [char],
    position: usize,
    depth: usize,
}

impl Steps<'_> {
    fn all(mut self) -> Parsed<Vec<Step>> {
        let mut steps = Vec::new();
        while let Some(&c) = self.chars.get(self.position) {
            match c {
                ' ' => return Err(invalid("a space in a path")),
                '$' => {
                    // a second root is no step
                    self.position += 1;
                    return Err(invalid("$ inside a path"));
                }
                '[' => steps.push(self.brackets()?),
                '.' => {
                    self.position += 1;
                    steps.extend(self.dotted()?);
                }
                '*' => {
                    self.position += 1;
                    steps.push(Step::Wildcard);
                }
                _ => {
                    let name = self.name();
                    steps.push(Step::Properties(vec![name]));
                }
            }
        }
        Ok(steps)
    }

    /// What follows a dot.
    fn dotted(&mut self) -> Parsed<Option<Step>> {
        match self.chars.get(self.position) {
            None => Err(invalid("a path ends in .")),
            Some('.') => {
                self.position += 1;
                Ok(Some(Step::Scan))
            }
            Some(_) => {
                let name = self.name();
                Ok(match name.as_str() {
                    "" => None,
                    "*" => Some(Step::Wildcard),
                    // a bracket that closes nothing makes it a list of names, none of which is quoted
                    _ if name.contains(']') => Some(Step::Properties(Vec::new())),
                    _ => Some(Step::Properties(vec![name])),
                })
            }
        }
    }

    fn name(&mut self) -> String {
        let rest = &self.chars[self.position..];
        let name: String = rest.iter().take_while(|c| !matches!(c, '.' | '[' | ' ')).collect();
        self.position += name.chars().count();
        name
    }

    /// `[…]`, up to the bracket that closes it, or to the end.
    fn brackets(&mut self) -> Parsed<Step> {
        let start = self.position;
        let mut open = 0;
        self.position += 1;
        while let Some(&c) = self.chars.get(self.position) {
            self.position += 1;
            match c {
                ']' if open == 0 => break,
                ']' => open -= 1,
                '[' => open += 1,
                _ => {}
            }
        }
        step(&self.chars[start..self.position], self.depth)
    }
}

/// What a bracketed part means: the first character that means anything decides.
fn step(fragment: &[char], depth: usize) -> Parsed<Step> {
    if fragment == ['[', '*', ']'] {
        return Ok(Step::Wildcard);
    }
    for (i, c) in fragment.iter().enumerate() {
        match c {
            // brackets that were opened before the filter's own do not count
            '?' => return filter(&fragment[fragment[..i].iter().rposition(|&c| c == '[').unwrap_or(0)..], depth),
            '\'' => return properties(&fragment[i..]),
            '@' => return from_end(&fragment[i..]),
            ':' | '-' => return elements(&fragment[i..]),
            c if c.is_ascii_digit() => return elements(&fragment[i..]),
            _ => {}
        }
    }
    Err(invalid(format!("{:?} is neither a name in single quotes nor an index", fragment.iter().collect::<String>())))
}

/// Names in single quotes, up to the first `]`.
fn properties(fragment: &[char]) -> Parsed<Step> {
    let mut names = Vec::new();
    let mut open: Option<String> = None;
    for &c in fragment {
        match (c, &mut open) {
            (']', _) => return Ok(Step::Properties(names)),
            ('\'', Some(_)) => names.extend(open.take()),
            ('\'', None) => open = Some(String::new()),
            (c, Some(name)) => name.push(c),
            _ => {}
        }
    }
    Err(invalid("a name's bracket is never closed"))
}

/// `(@.length-1)`
fn from_end(fragment: &[char]) -> Parsed<Step> {
    let text: String = fragment.iter().skip(2).filter(|c| !matches!(c, ' ' | '(')).collect();
    let (function, offset) = text.split_once('-').ok_or_else(|| invalid("an index from the end needs -"))?;
    let offset = offset.split_once(')').ok_or_else(|| invalid("an index from the end needs )"))?.0;
    if !matches!(function.trim_end_matches(')'), "size" | "length") {
        return Err(invalid(format!("@.{function} is not @.length or @.size()")));
    }
    Ok(Step::Elements(Elements::FromEnd(number(&format!("-{offset}"))?)))
}

fn number(text: &str) -> Parsed<i32> {
    text.parse().map_err(|_| invalid(format!("{text:?} is no index")))
}

/// Indexes and slices.
fn elements(fragment: &[char]) -> Parsed<Step> {
    let allowed = |c: &&char| c.is_ascii_digit() || matches!(c, ',' | ' ' | ':' | '-');
    let text: String = fragment.iter().take_while(allowed).filter(|&&c| c != ' ').collect();
    if fragment.iter().all(|c| allowed(&c)) {
        return Err(invalid("an index's bracket is never closed"));
    }
    let elements = match text.split_once(':') {
        Some(("", to)) => Elements::SliceTo(number(to)?),
        Some((from, "")) => Elements::SliceFrom(number(from)?),
        Some((from, to)) => Elements::SliceBetween(number(from)?, number(to)?),
        None => {
            let list = text.strip_suffix(',').unwrap_or(&text);
            let indexes = list.split(',').map(number).collect::<Parsed<Vec<i32>>>()?;
            match indexes.as_slice() {
                [index] => Elements::Index(*index),
                _ => Elements::Indexes(indexes),
            }
        }
    };
    Ok(Step::Elements(elements))
}

/// The filter in `[?(…)]`.
fn filter(fragment: &[char], depth: usize) -> Parsed<Step> {
    let mut quoted = false;
    let mut previous = ' ';
    let (mut parentheses, mut brackets) = (0, 0);
    for (i, &c) in fragment.iter().enumerate() {
        match c {
            '\'' if previous != '\\' => quoted = !quoted,
            '(' if !quoted => parentheses += 1,
            ')' if !quoted => parentheses -= 1,
            '[' if !quoted => brackets += 1,
            ']' if !quoted => {
                brackets -= 1;
                if parentheses == 0 {
                    if brackets != 0 {
                        break;
                    }
                    let text: String = fragment[..=i].iter().collect();
                    return Filter::parse(&text, depth + 1).map(Step::Filter);
                }
            }
            _ => {}
        }
        previous = c;
    }
    Err(invalid("the brackets of a filter are not balanced"))
}
