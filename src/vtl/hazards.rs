//! What a template does that goes well until somebody sends the wrong text: values put into JSON as they came. A walk over
//! the parsed template that renders nothing. It follows what each reference can hold and whether it is printed between
//! quotes, and keeps quiet where it cannot tell.

use std::collections::{HashMap, HashSet};

use super::ast::{Action, Block, Body, Call, Expr, Interpolated, Node, Operator, Over, Reference, Set, Step};
use super::error::Position;
use super::java_regex::JavaPattern;
use super::parameters::key_of;
use super::parser::Preparation;

/// Why a reference is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HazardKind {
    /// Text of the caller's (a parameter, the user agent) as it came: whoever sends a `"` writes JSON of his own.
    RawParameter,
    /// Text out of the payload as it came, between quotes, or the payload itself outside of them.
    RawBody,
    /// `$util.escapeJavaScript` alone: it writes `\'` for an apostrophe, which JSON does not know.
    Apostrophe,
    /// Escaped text outside of quotes: what is no number is no JSON.
    Unquoted,
}

/// One reference that does it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hazard {
    pub kind: HazardKind,
    /// The reference as it stands in the template.
    pub reference: String,
    /// The request parameter it comes from, where the template's text says which.
    pub parameter: Option<String>,
    /// Of the reference; from 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// Macros in macros and blocks in blocks beyond this are left alone.
const DEPTH: usize = 16;
/// So many references are followed; a template of more is one that a program wrote.
const WORK: usize = 50_000;

/// Texts that break out of a JSON string or are no number: what matches none of them cannot do harm.
const ATTACKS: [&str; 9] = ["\"", "\\", "a\"", "\"a", "1\"", "1\\", "1,\"a\":1", "\n", "1\n"];

/// Methods that give a number or a yes or no, whatever the text.
const HARMLESS: [&str; 20] = [
    "length",
    "size",
    "indexOf",
    "lastIndexOf",
    "hashCode",
    "compareTo",
    "compareToIgnoreCase",
    "codePointAt",
    "equals",
    "equalsIgnoreCase",
    "contains",
    "containsKey",
    "containsValue",
    "startsWith",
    "endsWith",
    "isEmpty",
    "matches",
    "intValue",
    "longValue",
    "doubleValue",
];

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    Parameter(Option<String>),
    Body,
}

/// What a value may hold, from harmless to worst.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Taint {
    Clean,
    /// Nothing in it ends a JSON string.
    Escaped {
        from: Origin,
        apostrophes: bool,
    },
    /// A JSON text.
    Json(Origin),
    /// Part of a document: text, or a number, `true`, `false`, which print as JSON has them.
    Value(Origin),
    Text {
        from: Origin,
        quotes: bool,
        backslashes: bool,
    },
}

impl Taint {
    fn text(from: Origin) -> Taint {
        Taint::Text { from, quotes: true, backslashes: true }
    }

    fn rank(&self) -> u8 {
        match self {
            Taint::Clean => 0,
            Taint::Escaped { apostrophes: false, .. } => 1,
            Taint::Escaped { .. } => 2,
            Taint::Json(_) => 3,
            Taint::Value(_) => 4,
            Taint::Text { .. } => 5,
        }
    }

    fn or(self, other: Taint) -> Taint {
        if other.rank() > self.rank() { other } else { self }
    }

    fn origin(&self) -> Option<&Origin> {
        match self {
            Taint::Clean => None,
            Taint::Escaped { from, .. } | Taint::Json(from) | Taint::Value(from) | Taint::Text { from, .. } => {
                Some(from)
            }
        }
    }
}

/// Where in the JSON that comes out the walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    in_string: bool,
    escaping: bool,
    /// False after branches that leave it in different places.
    known: bool,
}

impl Place {
    fn pass(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                _ if self.escaping => self.escaping = false,
                '\\' if self.in_string => self.escaping = true,
                '"' => self.in_string = !self.in_string,
                _ => {}
            }
        }
    }
}

/// Every hazard of a template that makes JSON, in the order of the text.
pub(super) fn of(block: &Block, preparation: &Preparation) -> Vec<Hazard> {
    let mut walk = Walk {
        preparation,
        variables: HashMap::new(),
        defined: HashMap::new(),
        safe: HashSet::new(),
        place: Place { in_string: false, escaping: false, known: true },
        whole: prints_one_reference(block),
        depth: 0,
        work: 0,
        found: Vec::new(),
    };
    walk.block(block);
    let mut found = walk.found;
    found.sort_by_key(|hazard| (hazard.line, hazard.column));
    found.dedup();
    found
}

/// Whether all that the template prints is one reference: then what it holds is the JSON, and not a part of some.
fn prints_one_reference(block: &Block) -> bool {
    let prints = |node: &&Node| match node {
        Node::Text(text) => !text.trim().is_empty(),
        Node::Set(_) => false,
        _ => true,
    };
    let mut printing = block.iter().filter(prints);
    matches!((printing.next(), printing.next()), (Some(Node::Reference(_)), None))
}

#[derive(Debug)]
struct Walk<'t> {
    preparation: &'t Preparation,
    variables: HashMap<String, Taint>,
    /// `#define`d blocks.
    defined: HashMap<String, Block>,
    /// References that a condition around this place has judged.
    safe: HashSet<String>,
    place: Place,
    whole: bool,
    depth: usize,
    work: usize,
    found: Vec<Hazard>,
}

impl Walk<'_> {
    fn block(&mut self, block: &Block) {
        if self.depth >= DEPTH {
            return;
        }
        self.depth += 1;
        for node in block.iter() {
            match node {
                Node::Text(text) => self.place.pass(text),
                Node::Reference(reference) => self.print(reference),
                Node::Set(set) => self.set(set),
                Node::If(branches) => {
                    let conditions = branches.iter().map(|branch| (branch.condition.as_ref(), &branch.block)).collect();
                    self.branches(conditions);
                }
                Node::Directive(directive) => self.directive(&directive.action),
            }
        }
        self.depth -= 1;
    }

    /// Each from the same start; afterwards a variable may hold what any of them left in it.
    fn branches(&mut self, branches: Vec<(Option<&Expr>, &Block)>) {
        let (variables, place, safe) = (self.variables.clone(), self.place, self.safe.clone());
        let complete = branches.iter().any(|(condition, _)| condition.is_none());
        let mut left = if complete { HashMap::new() } else { variables.clone() };
        let mut places = if complete { Vec::new() } else { vec![place] };
        // What holds where the conditions before did not.
        let mut otherwise = safe.clone();
        for (condition, block) in branches {
            self.variables.clone_from(&variables);
            self.place = place;
            self.safe.clone_from(&otherwise);
            if let Some(condition) = condition {
                judged(condition, true, &mut self.safe);
                judged(condition, false, &mut otherwise);
            }
            self.block(block);
            places.push(self.place);
            for (name, taint) in self.variables.drain() {
                let before = left.remove(&name).unwrap_or(Taint::Clean);
                left.insert(name, before.or(taint));
            }
        }
        self.variables = left;
        self.safe = safe;
        self.place = places.first().copied().unwrap_or(place);
        if places.iter().any(|other| *other != self.place) {
            self.place.known = false;
        }
    }

    fn directive(&mut self, action: &Action) {
        match action {
            Action::Foreach(foreach) => {
                let over = match &foreach.over {
                    Over::Value(argument) => self.value(&argument.expr),
                    Over::Nothing | Over::Missing => Taint::Clean,
                };
                let before = self.variables.clone();
                self.variables.insert(foreach.key.clone(), over);
                if let Body::Block(block) = &foreach.body {
                    self.block(block);
                }
                for (name, taint) in before {
                    let after = self.variables.remove(&name).unwrap_or(Taint::Clean);
                    self.variables.insert(name, after.or(taint));
                }
            }
            Action::Define { key, block } => {
                self.defined.insert(key.clone(), block.clone());
            }
            Action::Call(call) => self.call(call),
            Action::Evaluate(_) => self.place.known = false,
            Action::Break(_) | Action::Stop(_) | Action::Unavailable(_) => {}
        }
    }

    fn call(&mut self, call: &Call) {
        let Some(called) = self.preparation.macros.get(&call.name) else {
            return self.place.pass(&call.literal);
        };
        let given: Vec<Taint> = call.arguments.iter().map(|argument| self.value(&argument.expr)).collect();
        let before = self.variables.clone();
        for (at, name) in called.parameters.iter().enumerate() {
            self.variables.insert(name.clone(), given.get(at).cloned().unwrap_or(Taint::Clean));
        }
        if let Some(body) = &call.block {
            self.defined.insert("bodyContent".to_owned(), body.clone());
        }
        let block = called.block.clone();
        self.block(&block);
        self.variables = before;
    }

    fn set(&mut self, set: &Set) {
        let taint = self.value(&set.right);
        let name = if set.left.steps.is_empty() { &set.variable } else { &set.left.root };
        if name == "context" {
            return;
        }
        // A part of it changes: the rest stays what it was.
        let before = match set.left.steps.is_empty() {
            true => Taint::Clean,
            false => self.variables.get(name).cloned().unwrap_or(Taint::Clean),
        };
        self.variables.insert(name.clone(), before.or(taint));
        self.defined.remove(name);
        // What a condition said of the old value says nothing of the new one.
        let (bare, within) = (name.clone(), format!("{name}."));
        self.safe.retain(|known| *known != bare && !known.starts_with(&within));
    }

    fn print(&mut self, reference: &Reference) {
        if reference.escaped || reference.runt || !reference.computable {
            return self.place.pass(&reference.null_string);
        }
        self.place.pass(&reference.prefix);
        if reference.steps.is_empty()
            && let Some(block) = self.defined.get(&reference.root).cloned()
        {
            return self.block(&block);
        }
        let taint = self.reference(reference);
        // Whatever it prints, the escape before it is used up.
        self.place.escaping = false;
        let Some(kind) = self.hazard(&taint, reference) else { return };
        let parameter = match taint.origin() {
            Some(Origin::Parameter(name)) => name.clone(),
            _ => None,
        };
        let Position { line, column } = reference.at;
        self.found.push(Hazard { kind, reference: reference.text.clone(), parameter, line, column });
    }

    fn hazard(&self, taint: &Taint, reference: &Reference) -> Option<HazardKind> {
        let raw = |from: &Origin| match from {
            Origin::Parameter(_) => HazardKind::RawParameter,
            Origin::Body => HazardKind::RawBody,
        };
        let Place { in_string, known, .. } = self.place;
        match taint {
            Taint::Clean => None,
            Taint::Text { from: Origin::Body, .. } if self.whole => None,
            Taint::Text { from, .. } if known || matches!(from, Origin::Parameter(_)) => Some(raw(from)),
            _ if !known => None,
            Taint::Json(from) | Taint::Value(from) => in_string.then(|| raw(from)),
            Taint::Escaped { apostrophes: true, .. } if in_string && !names_an_id(reference) => {
                Some(HazardKind::Apostrophe)
            }
            Taint::Escaped { .. } if !in_string && !self.whole => Some(HazardKind::Unquoted),
            Taint::Escaped { .. } | Taint::Text { .. } => None,
        }
    }

    // ----------------------------------------------------------------------------------------------------- values

    fn value(&mut self, expr: &Expr) -> Taint {
        self.work += 1;
        if self.work > WORK || self.depth >= DEPTH {
            return Taint::Clean;
        }
        self.depth += 1;
        let taint = match expr {
            Expr::String(_) | Expr::Number(_) | Expr::Bool(_) | Expr::Word | Expr::Range(_) | Expr::Not(_) => {
                Taint::Clean
            }
            Expr::Interpolated(inner) => self.interpolated(inner),
            Expr::Reference(reference) => self.reference(reference),
            Expr::List(items) => items.iter().fold(Taint::Clean, |taint, item| taint.or(self.value(item))),
            Expr::Map(entries) => {
                entries.iter().fold(Taint::Clean, |taint, (key, value)| taint.or(self.value(key)).or(self.value(value)))
            }
            Expr::Parenthesis(inner, _) => self.value(inner),
            // Texts are joined by +; everything else computes or compares.
            Expr::Chain(chain) if chain.links.iter().all(|link| link.operator == Operator::Add) => {
                let first = self.value(&chain.first);
                chain.links.iter().fold(first, |taint, link| taint.or(self.value(&link.right)))
            }
            Expr::Chain(_) => Taint::Clean,
        };
        self.depth -= 1;
        taint
    }

    /// All that a string's references can bring into it.
    fn interpolated(&mut self, inner: &Interpolated) -> Taint {
        self.printed(&inner.block)
    }

    fn printed(&mut self, block: &Block) -> Taint {
        if self.depth >= DEPTH {
            return Taint::Clean;
        }
        self.depth += 1;
        let mut taint = Taint::Clean;
        for node in block.iter() {
            taint = taint.or(match node {
                Node::Reference(reference) => self.reference(reference),
                Node::If(branches) => {
                    branches.iter().fold(Taint::Clean, |taint, branch| taint.or(self.printed(&branch.block)))
                }
                Node::Set(set) => {
                    self.set(set);
                    Taint::Clean
                }
                Node::Text(_) | Node::Directive(_) => Taint::Clean,
            });
        }
        self.depth -= 1;
        taint
    }

    fn reference(&mut self, reference: &Reference) -> Taint {
        self.work += 1;
        if reference.escaped || reference.runt || !reference.computable || self.safe.contains(&spelling(reference)) {
            return Taint::Clean;
        }
        let (taint, rest) = match (reference.root.as_str(), reference.steps.as_slice()) {
            ("input", [Step::Method(name, arguments), rest @ ..]) => match name.as_str() {
                "params" => (Taint::text(Origin::Parameter(parameter(arguments, rest))), rest),
                "path" => (Taint::Value(Origin::Body), rest),
                "json" => (Taint::Json(Origin::Body), rest),
                "getBody" => (Taint::text(Origin::Body), rest),
                _ => (Taint::Clean, rest),
            },
            ("input", [Step::Property(name), rest @ ..]) if name == "body" => (Taint::text(Origin::Body), rest),
            ("input" | "stageVariables" | "foreach" | "velocityCount", _) => (Taint::Clean, &[][..]),
            ("util", [Step::Method(name, arguments), rest @ ..]) => {
                let given = arguments.iter().fold(Taint::Clean, |taint, argument| taint.or(self.value(argument)));
                (util(name, given), rest)
            }
            ("context", [Step::Property(identity), Step::Property(agent), rest @ ..])
                if identity == "identity" && agent == "userAgent" =>
            {
                (Taint::text(Origin::Parameter(Some("User-Agent".to_owned()))), rest)
            }
            ("context" | "util", _) => (Taint::Clean, &[][..]),
            (name, steps) => (self.variables.get(name).cloned().unwrap_or(Taint::Clean), steps),
        };
        rest.iter().fold(taint, |taint, step| self.step(&reference.root, taint, step))
    }

    fn step(&mut self, root: &str, taint: Taint, step: &Step) -> Taint {
        let Step::Method(name, arguments) = step else { return taint };
        if HARMLESS.contains(&name.as_str()) {
            return Taint::Clean;
        }
        match (name.as_str(), arguments.as_slice()) {
            ("replaceAll" | "replace" | "replaceFirst", [Expr::String(what), with]) => {
                let with_taint = self.value(with);
                let with = if let Expr::String(with) = with { Some(&**with) } else { None };
                replaced(taint, name, what, with).or(with_taint)
            }
            ("add" | "put" | "set" | "addAll" | "putAll", arguments) => {
                let given = arguments.iter().fold(Taint::Clean, |taint, argument| taint.or(self.value(argument)));
                let known = self.variables.get(root).cloned().unwrap_or(Taint::Clean);
                self.variables.insert(root.to_owned(), known.or(given));
                Taint::Clean
            }
            ("concat", arguments) => arguments.iter().fold(taint, |taint, argument| taint.or(self.value(argument))),
            _ => taint,
        }
    }
}

fn util(name: &str, given: Taint) -> Taint {
    let Some(from) = given.origin().cloned() else { return Taint::Clean };
    match name {
        "escapeJavaScript" => Taint::Escaped { from, apostrophes: true },
        "urlEncode" | "base64Encode" => Taint::Escaped { from, apostrophes: false },
        "parseJson" => Taint::Value(from),
        _ => Taint::text(from),
    }
}

/// What is left after a replacement whose pattern the template's text says.
fn replaced(taint: Taint, method: &str, what: &str, with: Option<&str>) -> Taint {
    let pattern = if method == "replace" { None } else { JavaPattern::compile(what).ok() };
    let takes = |text: &str| match &pattern {
        Some(pattern) => pattern.matches_whole(text) == Ok(true),
        None => what == text,
    };
    let all = method != "replaceFirst";
    // `\"` in place of a quote is the escape that is wanted; nothing at all is as good.
    let mends = |sign: &str| all && takes(sign) && with.is_some_and(|with| !ends_a_string(with));
    match taint {
        Taint::Escaped { from, apostrophes } => {
            let mended = all && takes("\\'") && with == Some("'");
            Taint::Escaped { from, apostrophes: apostrophes && !mended }
        }
        Taint::Value(from) => replaced(Taint::text(from), method, what, with),
        Taint::Text { from, quotes, backslashes } => {
            // What leaves digits alone leaves numbers.
            if with == Some("") && ["\"", "\\", ",", ":", "{", "a", "\n"].iter().all(|sign| mends(sign)) {
                return Taint::Clean;
            }
            let (quotes, backslashes) = (quotes && !mends("\""), backslashes && !mends("\\"));
            match quotes || backslashes {
                true => Taint::Text { from, quotes, backslashes },
                false => Taint::Escaped { from, apostrophes: false },
            }
        }
        other => other,
    }
}

/// Whether a text, put between quotes, ends them. In a replacement `\\` stands for one backslash.
fn ends_a_string(with: &str) -> bool {
    let bare = with.replace("\\\\", "\\");
    let mut place = Place { in_string: true, escaping: false, known: true };
    place.pass(&bare);
    !place.in_string || place.escaping
}

/// The parameter that `params('x')` or `params().querystring.x` reads.
fn parameter(arguments: &[Expr], rest: &[Step]) -> Option<String> {
    match (arguments, rest) {
        ([Expr::String(name)], _) => Some(name.to_string()),
        ([], [_, step, ..]) => key_of(step),
        _ => None,
    }
}

/// Nobody makes up ids with an apostrophe.
fn names_an_id(reference: &Reference) -> bool {
    fn last(reference: &Reference) -> Option<String> {
        match reference.steps.last() {
            Some(Step::Property(name)) => Some(name.clone()),
            Some(Step::Method(name, arguments)) if name == "escapeJavaScript" => match arguments.as_slice() {
                [Expr::Reference(inner)] => last(inner),
                _ => None,
            },
            None => Some(reference.root.clone()),
            Some(_) => None,
        }
    }
    last(reference).is_some_and(|name| {
        let name = name.as_str();
        matches!(name, "id" | "ID" | "uuid") || ["_id", "-id", "Id", "ID"].iter().any(|end| name.ends_with(end))
    })
}

/// References of which a condition, holding or not, says that they are harmless.
fn judged(condition: &Expr, holds: bool, safe: &mut HashSet<String>) {
    match condition {
        Expr::Parenthesis(inner, _) => judged(inner, holds, safe),
        Expr::Not(inner) => judged(inner, !holds, safe),
        Expr::Reference(reference) if holds => {
            let Some((Step::Method(name, arguments), before)) = reference.steps.split_last() else { return };
            let harmless = match (name.as_str(), arguments.as_slice()) {
                ("matches", [Expr::String(pattern)]) => stops_attacks(pattern),
                ("equals", [Expr::String(_) | Expr::Number(_)]) => true,
                _ => false,
            };
            if harmless {
                safe.insert(spelled(&reference.root, before));
            }
        }
        Expr::Chain(chain) => {
            let all = |operator: Operator| chain.links.iter().all(|link| link.operator == operator);
            if (holds && all(Operator::And)) || (!holds && all(Operator::Or)) {
                judged(&chain.first, holds, safe);
                chain.links.iter().for_each(|link| judged(&link.right, holds, safe));
            } else if let [link] = chain.links.as_slice() {
                let equal = if holds { Operator::Equal } else { Operator::NotEqual };
                let known = |expr: &Expr| matches!(expr, Expr::String(_) | Expr::Number(_) | Expr::Bool(_));
                match (&chain.first, &link.right) {
                    (Expr::Reference(reference), constant) | (constant, Expr::Reference(reference))
                        if link.operator == equal && known(constant) =>
                    {
                        safe.insert(spelling(reference));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn stops_attacks(pattern: &str) -> bool {
    JavaPattern::compile(pattern)
        .is_ok_and(|pattern| ATTACKS.iter().all(|attack| pattern.matches_whole(attack) == Ok(false)))
}

/// A reference's root and steps, the same for every way of writing it.
fn spelling(reference: &Reference) -> String {
    spelled(&reference.root, &reference.steps)
}

fn spelled(root: &str, steps: &[Step]) -> String {
    let mut text = root.to_owned();
    for step in steps {
        text += &match step {
            Step::Property(name) => format!(".{name}"),
            Step::Method(name, arguments) => {
                let arguments: Vec<String> = arguments.iter().map(argument).collect();
                format!(".{name}({})", arguments.join(","))
            }
            Step::Index(index) => format!(".[{}]", argument(index)),
        };
    }
    text
}

fn argument(expr: &Expr) -> String {
    match expr {
        Expr::String(text) => format!("{text:?}"),
        Expr::Reference(reference) => format!("${}", spelling(reference)),
        other => format!("{other:?}"),
    }
}

#[cfg(test)]
mod tests;
