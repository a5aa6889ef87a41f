//! Filters: `[?(@.price < 10 && @.name)]`.

use std::cmp::Ordering;

use super::{Followed, Miss, Path, find, invalid, parse};
use crate::vtl::error::RenderError;
use crate::vtl::java;
use crate::vtl::java_regex::JavaRegex;
use crate::vtl::methods::decimal_of;
use crate::vtl::render::Renderer;
use crate::vtl::value::Value;

#[derive(Debug)]
pub(in crate::vtl) enum Filter {
    One(Box<Criterion>),
    All(Vec<Filter>),
    Either(Box<Filter>, Box<Filter>),
}

#[derive(Debug)]
pub(in crate::vtl) enum Criterion {
    Exists { path: Path, negated: bool },
    Compare { left: Operand, operator: Comparison, right: Operand },
}

#[derive(Debug)]
pub(in crate::vtl) enum Operand {
    Path(Path),
    Text(String),
    Pattern(Box<JavaRegex>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::vtl) enum Comparison {
    Equal,
    GreaterEqual,
    LessEqual,
    NotEqual,
    Less,
    Greater,
    Matches,
}

/// In the order in which they are looked for.
const COMPARISONS: &[(&str, Comparison)] = &[
    ("==", Comparison::Equal),
    (">=", Comparison::GreaterEqual),
    ("<=", Comparison::LessEqual),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("=~", Comparison::Matches),
];

impl Filter {
    /// Reads `[?(…)]`.
    pub fn parse(text: &str, depth: usize) -> Result<Self, RenderError> {
        let inner = text
            .trim()
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .and_then(|rest| rest.trim().strip_prefix('?'))
            .and_then(|rest| rest.trim().strip_prefix('('))
            .and_then(|rest| rest.strip_suffix(')'))
            .ok_or_else(|| invalid(format!("{text}: a filter is [?(…)]")))?;
        let (mut criteria, mut operators) = (Vec::new(), Vec::new());
        let mut rest = inner.trim();
        while let Some(at) = ["&&", "||"].iter().filter_map(|operator| rest.find(operator)).min() {
            criteria.push(Criterion::parse(&rest[..at], depth)?);
            operators.push(&rest[at..at + 2]);
            rest = &rest[at + 2..];
        }
        let mut root = Self::One(Box::new(Criterion::parse(rest, depth)?));
        // from the right, without precedence, as Jayway does it
        while let (Some(operator), Some(criterion)) = (operators.pop(), criteria.pop()) {
            root = root.combined(operator, Self::One(Box::new(criterion)));
        }
        Ok(root)
    }

    fn combined(self, operator: &str, other: Self) -> Self {
        match (operator, self) {
            ("&&", Self::All(mut all)) => {
                all.push(other);
                Self::All(all)
            }
            ("&&", Self::Either(left, right)) => Self::Either(left, Box::new(Self::All(vec![*right, other]))),
            ("&&", one) => Self::All(vec![one, other]),
            (_, filter) => Self::Either(Box::new(filter), Box::new(other)),
        }
    }

    pub(super) fn accepts(&self, renderer: &mut Renderer, item: &Value, root: &Value) -> Followed<bool> {
        match self {
            Self::One(criterion) => criterion.holds(renderer, item, root),
            Self::All(all) => {
                for filter in all {
                    if !filter.accepts(renderer, item, root)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Either(left, right) => {
                Ok(left.accepts(renderer, item, root)? || right.accepts(renderer, item, root)?)
            }
        }
    }
}

impl Criterion {
    fn parse(text: &str, depth: usize) -> Result<Self, RenderError> {
        let text = text.trim().trim_start_matches(['[', '?', '(', ' ']).trim_end_matches([')', ' ']);
        let found =
            COMPARISONS.iter().find_map(|(image, operator)| text.find(image).map(|at| (at, image.len(), *operator)));
        let Some((at, length, operator)) = found else {
            let (negated, path) = text.strip_prefix('!').map_or((false, text), |path| (true, path));
            return match Operand::parse(path, depth)? {
                Operand::Path(path) => Ok(Self::Exists { path, negated }),
                _ => Err(invalid(format!("{text:?} compares nothing"))),
            };
        };
        let left = Operand::parse(text[..at].trim(), depth)?;
        let right = Operand::parse(text[at + length..].trim(), depth)?;
        Ok(Self::Compare { left, operator, right })
    }

    fn holds(&self, renderer: &mut Renderer, item: &Value, root: &Value) -> Followed<bool> {
        renderer.step(1)?;
        match self {
            Self::Exists { path, negated } => match find(renderer, path, item, root) {
                Ok(value) => Ok(value.is_null() == *negated),
                Err(Miss::Nothing) => Ok(*negated),
                Err(failed) => Err(failed),
            },
            Self::Compare { left, operator: Comparison::Matches, right } => matches(renderer, left, right, item, root),
            Self::Compare { left, operator, right } => {
                let left = match left.value(renderer, item, root) {
                    Err(Miss::Nothing) => return Ok(false),
                    other => other?,
                };
                let right = match right.value(renderer, item, root) {
                    Err(Miss::Nothing) => return Ok(false),
                    other => other?,
                };
                operator.holds(&left, &right)
            }
        }
    }
}

impl Operand {
    fn parse(text: &str, depth: usize) -> Result<Self, RenderError> {
        if text.starts_with(['$', '@']) {
            let path = parse::path(text, depth)?;
            return if path.is_definite() {
                Ok(Self::Path(path))
            } else {
                Err(invalid(format!("{text}: a path in a filter must lead to one place")))
            };
        }
        if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Ok(Self::Text(inner.to_owned()));
        }
        if let Some(rest) = text.strip_prefix('/') {
            let (pattern, ignore_case) = match rest.strip_suffix("/i") {
                Some(pattern) => (Some(pattern), true),
                None => (rest.strip_suffix('/'), false),
            };
            if let Some(pattern) = pattern {
                return Ok(Self::Pattern(Box::new(JavaRegex::new(&format!(
                    "{}{pattern}",
                    if ignore_case { "(?i)" } else { "" }
                ))?)));
            }
        }
        Ok(Self::Text(text.to_owned()))
    }

    fn value(&self, renderer: &mut Renderer, item: &Value, root: &Value) -> Followed<Value> {
        match self {
            Self::Path(path) => find(renderer, path, item, root),
            Self::Text(text) => Ok(Value::text(text.as_str())),
            Self::Pattern(_) => Err(Miss::Nothing),
        }
    }
}

fn matches(renderer: &mut Renderer, left: &Operand, right: &Operand, item: &Value, root: &Value) -> Followed<bool> {
    let (regex, target) = match (left, right) {
        (Operand::Pattern(regex), target) | (target, Operand::Pattern(regex)) => (regex, target),
        _ => return Err(invalid("=~ needs a /pattern/").into()),
    };
    let target = match target.value(renderer, item, root) {
        Err(Miss::Nothing) => return Ok(false),
        other => other?,
    };
    match renderer.text(&target)? {
        Some(text) => {
            renderer.step(text.len() / 16 + regex.cost(&text))?;
            Ok(regex.matches_whole(&text)?)
        }
        None => Ok(false),
    }
}

impl Comparison {
    fn holds(self, left: &Value, right: &Value) -> Followed<bool> {
        let one_is_null = left.is_null() != right.is_null();
        if one_is_null && !matches!(self, Self::Equal | Self::NotEqual) {
            return Ok(false);
        }
        // what cannot be compared fits no criterion
        let Some(order) = compare(right, left)? else { return Ok(false) };
        Ok(match self {
            Self::Equal => order == Ordering::Equal,
            Self::NotEqual => order != Ordering::Equal,
            Self::Less => order == Ordering::Greater,
            Self::LessEqual => order != Ordering::Less,
            Self::Greater => order == Ordering::Less,
            Self::GreaterEqual => order != Ordering::Greater,
            Self::Matches => false,
        })
    }
}

/// Compares what is expected with what is there.
fn compare(expected: &Value, value: &Value) -> Result<Option<Ordering>, RenderError> {
    let nullish = |v: &Value| v.is_null() || matches!(v, Value::String(text) if &**text == "null");
    match (nullish(expected), nullish(value)) {
        (true, true) => return Ok(Some(Ordering::Equal)),
        (true, false) => return Ok(Some(Ordering::Less)),
        (false, true) => return Ok(Some(Ordering::Greater)),
        (false, false) => {}
    }
    match (expected, value) {
        (Value::String(expected), Value::String(value)) => {
            let expected = expected.replace("\\'", "'");
            Ok(Some(java::compare(&expected, value).cmp(&0)))
        }
        (Value::Number(_) | Value::String(_), Value::Number(_)) => match (decimal_of(expected), decimal_of(value)) {
            (Some(expected), Some(value)) => Ok(Some(expected.cmp(&value))),
            _ => Err(RenderError::runtime("NumberFormatException: a number is compared with something that is none")),
        },
        (Value::String(expected), Value::Bool(value)) => Ok(Some(expected.eq_ignore_ascii_case("true").cmp(value))),
        (Value::Bool(expected), Value::Bool(value)) => Ok(Some(expected.cmp(value))),
        _ => Ok(None),
    }
}
