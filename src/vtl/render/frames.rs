//! Variables: the template's own, those of macro calls, and a loop's while its element is null.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Rendered, Renderer};
use crate::vtl::ast::{Argument, Expr};
use crate::vtl::value::Value;

/// The template's own variables.
pub(super) const BASE: usize = 0;

pub(super) enum Frame {
    Base(HashMap<String, Value>),
    /// A macro call. Arguments are evaluated in the caller's frame, each time they are used.
    Macro {
        outer: usize,
        local: HashMap<String, Value>,
        arguments: HashMap<String, Argument>,
    },
    /// A loop whose element is null: the variable is hidden even if there is an outer one.
    NullElement {
        outer: usize,
        key: String,
        active: bool,
    },
}

impl Frame {
    pub fn base(variables: Vec<(String, Value)>) -> Self {
        Self::Base(variables.into_iter().collect())
    }
}

impl Renderer<'_> {
    /// A variable; null where there is none.
    pub(super) fn get(&mut self, mut frame: usize, key: &str) -> Rendered<Value> {
        loop {
            match &self.frames[frame] {
                Frame::Base(variables) => return Ok(variables.get(key).cloned().unwrap_or(Value::Null)),
                Frame::Macro { outer, local, arguments } => {
                    let outer = *outer;
                    if let Some(value) = local.get(key).filter(|value| !value.is_null()) {
                        return Ok(value.clone());
                    }
                    if let Some(argument) = arguments.get(key) {
                        let expr = Arc::clone(&argument.expr);
                        return self.argument(&expr, outer);
                    }
                    frame = outer;
                }
                Frame::NullElement { outer, key: hidden, active } => {
                    if *active && hidden == key {
                        return Ok(Value::Null);
                    }
                    frame = *outer;
                }
            }
        }
    }

    /// An argument of a macro. A plain variable that does not exist is null, not "".
    fn argument(&mut self, expr: &Expr, frame: usize) -> Rendered<Value> {
        self.step(1)?;
        self.deeper(|renderer| match expr {
            Expr::Reference(reference) if reference.steps.is_empty() => renderer.get(frame, &reference.root),
            Expr::Reference(reference) => renderer.execute(reference, frame),
            _ => renderer.value(expr, frame),
        })
    }

    /// Sets a variable in the frame and in all around it.
    pub(super) fn put(&mut self, mut frame: usize, key: &str, value: &Value) {
        loop {
            match &mut self.frames[frame] {
                Frame::Base(variables) => {
                    variables.insert(key.to_owned(), value.clone());
                    return;
                }
                Frame::Macro { outer, local, .. } => {
                    local.insert(key.to_owned(), value.clone());
                    frame = *outer;
                }
                Frame::NullElement { outer, key: hidden, active } => {
                    *active |= value.is_null() && hidden == key;
                    frame = *outer;
                }
            }
        }
    }

    /// Removes a variable from the frame and from all around it; an argument of that name too.
    pub(super) fn remove(&mut self, mut frame: usize, key: &str) {
        loop {
            match &mut self.frames[frame] {
                Frame::Base(variables) => {
                    variables.remove(key);
                    return;
                }
                Frame::Macro { outer, local, arguments } => {
                    local.remove(key);
                    arguments.remove(key);
                    frame = *outer;
                }
                Frame::NullElement { outer, key: hidden, active } => {
                    *active &= hidden != key;
                    frame = *outer;
                }
            }
        }
    }

    /// Puts back what a variable was.
    pub(super) fn restore(&mut self, frame: usize, key: &str, value: &Value) {
        if value.is_null() {
            self.remove(frame, key);
        } else {
            self.put(frame, key, value);
        }
    }

    /// The text of the argument that a macro's parameter stands for.
    pub(super) fn argument_literal(&self, mut frame: usize, reference: &str) -> Option<Arc<str>> {
        let key = reference.strip_prefix('$')?;
        loop {
            match &self.frames[frame] {
                Frame::Base(_) => return None,
                Frame::Macro { outer, arguments, .. } => {
                    if let Some(argument) = arguments.get(key) {
                        return Some(Arc::clone(&argument.literal));
                    }
                    frame = *outer;
                }
                Frame::NullElement { outer, .. } => frame = *outer,
            }
        }
    }

    /// Runs `work` in a frame of its own, which is forgotten afterwards unless a block refers to it.
    pub(super) fn in_frame<T>(
        &mut self,
        frame: Frame,
        work: impl FnOnce(&mut Self, usize) -> Rendered<T>,
    ) -> Rendered<T> {
        let captures = self.captures;
        let index = self.frames.len();
        self.frames.push(frame);
        let result = work(self, index);
        if self.captures == captures && self.frames.len() == index + 1 {
            self.frames.pop();
        }
        result
    }
}
