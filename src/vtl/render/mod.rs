//! From the parsed template and a request to text.
//!
//! One [`Renderer`] lives for one render. It counts what the template does ([`limits`](super::limits)); nothing it does
//! is observable outside but its result.

mod directives;
mod expressions;
mod frames;
mod nodes;
mod print;
mod references;

use std::collections::HashMap;
use std::rc::{Rc, Weak};
use std::sync::{Arc, Mutex, PoisonError};

use super::ast::Block;
use super::error::{ParseError, RenderError};
use super::input::Input;
use super::java_regex::JavaRegex;
use super::limits;
use super::parser::{Fault, Preparation, parse_inner};
use super::value::{List, Map, Value};
use frames::Frame;

/// Why rendering does not go on.
pub(super) enum Interrupt {
    Failed(RenderError),
    /// `#break`, `#stop`.
    Stopped(Stop),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// Whatever is innermost: a loop, a macro, a block, the template.
    Nearest,
    /// The loop with this number.
    Loop(usize),
    /// The whole text that is being rendered, up to `#evaluate`.
    All,
}

impl From<RenderError> for Interrupt {
    fn from(error: RenderError) -> Self {
        Self::Failed(error)
    }
}

pub(super) type Rendered<T> = Result<T, Interrupt>;

/// Regular expressions by their text, for all renders of a template.
#[derive(Debug, Default)]
pub(super) struct Patterns(Mutex<HashMap<String, Arc<JavaRegex>>>);

impl Patterns {
    /// Patterns that are made from requests shall not fill the memory.
    const MOST: usize = 100;

    fn get(&self, pattern: &str) -> Result<Arc<JavaRegex>, RenderError> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = known().get(pattern) {
            return Ok(Arc::clone(regex));
        }
        let regex = Arc::new(JavaRegex::new(pattern)?);
        let mut known = known();
        if known.len() < Self::MOST {
            known.insert(pattern.to_owned(), Arc::clone(&regex));
        }
        Ok(regex)
    }
}

pub(super) struct Renderer<'t> {
    /// The template's; a render that evaluates text has its own.
    pub preparation: Arc<Preparation>,
    pub input: Input<'t>,
    frames: Vec<Frame>,
    /// How many blocks were made that refer to frames: while it stays the same, a frame left can be forgotten.
    captures: usize,
    steps: u64,
    bytes: u64,
    depth: usize,
    macro_depth: usize,
    evaluate_depth: usize,
    loops: usize,
    /// Containers that other containers were put into: they may be part of circles.
    linked_lists: Vec<Weak<List>>,
    linked_maps: Vec<Weak<Map>>,
    /// Those this render has paid for.
    regexes: HashMap<String, Arc<JavaRegex>>,
    patterns: &'t Patterns,
}

impl<'t> Renderer<'t> {
    pub fn new(
        preparation: Arc<Preparation>,
        input: Input<'t>,
        variables: Vec<(String, Value)>,
        patterns: &'t Patterns,
    ) -> Self {
        Self {
            preparation,
            input,
            frames: vec![Frame::base(variables)],
            captures: 0,
            steps: 0,
            bytes: 0,
            depth: 0,
            macro_depth: 0,
            evaluate_depth: 0,
            loops: 0,
            linked_lists: Vec::new(),
            linked_maps: Vec::new(),
            regexes: HashMap::new(),
            patterns,
        }
    }

    /// Renders the template.
    pub fn run(&mut self, block: &Block) -> Result<String, RenderError> {
        let mut out = String::new();
        match self.block(block, frames::BASE, &mut out) {
            Ok(()) | Err(Interrupt::Stopped(Stop::Nearest | Stop::All)) => Ok(out),
            Err(Interrupt::Stopped(Stop::Loop(_))) => Err(RenderError::runtime("#break names a loop that is over")),
            Err(Interrupt::Failed(error)) => Err(error),
        }
    }

    /// A value as JSON.
    pub fn json_of(&mut self, value: &Value) -> Result<String, RenderError> {
        self.json(value).map_err(|interrupt| match interrupt {
            Interrupt::Failed(error) => error,
            Interrupt::Stopped(_) => RenderError::runtime("a block that stops the template cannot be JSON"),
        })
    }

    // ---------------------------------------------------------------------------------------------------- limits

    /// Counts work.
    pub fn step(&mut self, count: usize) -> Result<(), RenderError> {
        self.steps += count as u64;
        if self.steps > limits::STEPS {
            return Err(RenderError::limit(format!("the template takes more than {} steps", limits::STEPS)));
        }
        Ok(())
    }

    /// Counts text that was made.
    pub fn charge(&mut self, bytes: usize) -> Result<(), RenderError> {
        self.bytes += bytes as u64;
        if self.bytes > limits::BYTES {
            return Err(RenderError::limit(format!("the template makes more than {} bytes of text", limits::BYTES)));
        }
        Ok(())
    }

    /// Checks the length of one text that was made, and counts it.
    pub fn made(&mut self, text: String) -> Result<Value, RenderError> {
        self.check_text(text.len())?;
        self.charge(text.len())?;
        Ok(Value::text(text))
    }

    /// Checks the length of a text that is being made.
    pub fn check_text(&self, bytes: usize) -> Result<(), RenderError> {
        if bytes > limits::TEXT_BYTES {
            return Err(RenderError::limit(format!("a text grew beyond {} bytes", limits::TEXT_BYTES)));
        }
        Ok(())
    }

    fn emit(&mut self, out: &mut String, text: &str) -> Rendered<()> {
        self.check_text(out.len() + text.len())?;
        self.charge(text.len())?;
        out.push_str(text);
        Ok(())
    }

    /// Runs `work` one level deeper.
    fn deeper<T>(&mut self, work: impl FnOnce(&mut Self) -> Rendered<T>) -> Rendered<T> {
        if self.depth >= limits::DEPTH {
            return Err(RenderError::limit(format!("rendering goes deeper than {} levels", limits::DEPTH)).into());
        }
        self.depth += 1;
        let result = work(self);
        self.depth -= 1;
        result
    }

    // ------------------------------------------------------------------------------------------- other templates

    /// Parses what `#evaluate` is given. Its macros stay.
    fn parse(&mut self, text: &str, at: super::Position) -> Result<Block, RenderError> {
        // what rendering uses of the stack is not there for parsing
        let preparation = Arc::make_mut(&mut self.preparation);
        let parsed = parse_inner(text, at, self.depth / 2, preparation);
        match (parsed, preparation.fault.take()) {
            (Ok(block), None) => Ok(block),
            (Err(ParseError { message, .. }), _) | (Ok(_), Some(Fault::Parse(ParseError { message, .. }))) => {
                Err(RenderError::parse(at, format!("the text given to #evaluate does not parse: {message}")))
            }
            (Ok(_), Some(Fault::Render(error))) => Err(error),
        }
    }

    /// A compiled regular expression.
    pub fn regex(&mut self, pattern: &str) -> Result<Arc<JavaRegex>, RenderError> {
        if let Some(regex) = self.regexes.get(pattern) {
            return Ok(Arc::clone(regex));
        }
        // compiling costs far more than matching
        self.step(limits::REGEX_STEPS + pattern.len())?;
        let regex = self.patterns.get(pattern)?;
        self.regexes.insert(pattern.to_owned(), Arc::clone(&regex));
        Ok(regex)
    }

    // ------------------------------------------------------------------------------------------------ containers

    /// Remembers a list that something was put into.
    pub fn link_list(&mut self, list: &Rc<List>, value: &Value) {
        if value.holds_others() {
            self.linked_lists.push(Rc::downgrade(list));
        }
    }

    /// Remembers a map that something was put into.
    pub fn link_map(&mut self, map: &Rc<Map>, value: &Value) {
        if value.holds_others() {
            self.linked_maps.push(Rc::downgrade(map));
        }
    }
}

impl Drop for Renderer<'_> {
    fn drop(&mut self) {
        // containers that hold themselves are freed by emptying them
        for list in self.linked_lists.drain(..).filter_map(|list| list.upgrade()) {
            let items = std::mem::take(&mut *list.items.borrow_mut());
            drop(Value::list(list.kind, items));
        }
        for map in self.linked_maps.drain(..).filter_map(|map| map.upgrade()) {
            map.clear();
        }
    }
}
