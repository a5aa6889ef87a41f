//! References: their values, how they print, and the steps from a value to its parts.

use super::{Rendered, Renderer};
use crate::vtl::ast::{Reference, Step};
use crate::vtl::error::RenderError;
use crate::vtl::number::Number;
use crate::vtl::value::{Key, ListKind, Value};

impl Renderer<'_> {
    pub(super) fn reference(&mut self, reference: &Reference, frame: usize, out: &mut String) -> Rendered<()> {
        if reference.runt {
            return self.emit(out, &reference.root);
        }
        let value = self.execute(reference, frame)?;
        if reference.escaped {
            // any reference has a value here: a null one has ""
            self.emit(out, &reference.escape_prefix)?;
            return self.null_string(reference, frame, out);
        }
        if let Value::Define(define) = &value
            && self.render_define(define, frame, out)?
        {
            return Ok(());
        }
        if let Value::String(text) = &value {
            self.emit(out, &reference.escape_prefix)?;
            self.emit(out, &reference.prefix)?;
            return self.emit(out, text);
        }
        match self.text(&value)? {
            Some(text) => {
                self.emit(out, &reference.escape_prefix)?;
                self.emit(out, &reference.prefix)?;
                self.emit(out, &text)
            }
            None => {
                self.emit(out, &reference.escape_prefix.repeat(2))?;
                self.emit(out, &reference.prefix)?;
                self.null_string(reference, frame, out)
            }
        }
    }

    /// The text that stands for the reference; in a macro, that of the argument it stands for.
    fn null_string(&mut self, reference: &Reference, frame: usize, out: &mut String) -> Rendered<()> {
        let literal = self.argument_literal(frame, &reference.null_string);
        self.emit(out, literal.as_deref().unwrap_or(&reference.null_string))
    }

    /// The value. What is null has the value "": API Gateway's own, see the module's documentation.
    pub(super) fn execute(&mut self, reference: &Reference, frame: usize) -> Rendered<Value> {
        if reference.runt {
            return Ok(Value::Null);
        }
        self.step(1)?;
        let mut value = self.get(frame, &reference.root)?;
        for step in &reference.steps {
            if value.is_null() {
                break;
            }
            value = self.take_step(&value, step, frame)?;
        }
        Ok(if value.is_null() { Value::text("") } else { value })
    }

    pub(super) fn take_step(&mut self, target: &Value, step: &Step, frame: usize) -> Rendered<Value> {
        self.step(1)?;
        match step {
            Step::Property(name) => self.property(target, name),
            Step::Method(name, arguments) => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(self.value(argument, frame)?);
                }
                Ok(self.call(target, name, &values)?.unwrap_or(Value::Null))
            }
            Step::Index(index) => {
                let index = self.value(index, frame)?;
                let index = self.absolute_index(target, index)?;
                Ok(self.call(target, "get", &[index])?.unwrap_or(Value::Null))
            }
        }
    }

    /// `getName()`, `get("name")` or `isName()`, in this order.
    fn property(&mut self, target: &Value, name: &str) -> Rendered<Value> {
        if matches!(target, Value::List(list) if list.kind == ListKind::Array) {
            return Ok(Value::Null);
        }
        let toggled = toggle_first(name);
        for spelling in [name, &toggled] {
            if let Some(value) = self.call(target, &format!("get{spelling}"), &[])? {
                return Ok(value);
            }
        }
        match target {
            Value::Map(map) => return Ok(map.get(&Key::text(name))),
            Value::Scope(scope) => return Ok(scope.get(&Key::text(name))),
            _ => {}
        }
        for spelling in [name, &toggled] {
            if let Some(value @ Value::Bool(_)) = self.call(target, &format!("is{spelling}"), &[])? {
                return Ok(value);
            }
        }
        Ok(Value::Null)
    }

    /// A negative index counts from the end, in anything that has a size.
    pub(super) fn absolute_index(&mut self, target: &Value, index: Value) -> Rendered<Value> {
        let Value::Number(Number::Int(n @ ..0)) = index else { return Ok(index) };
        match self.call(target, "size", &[])? {
            Some(Value::Number(size)) => Ok(Value::Number(Number::Int(size.to_int().wrapping_add(n)))),
            _ => {
                Err(RenderError::runtime(format!("index {n}: only what has a size can be indexed from its end")).into())
            }
        }
    }
}

/// The name with its first letter in the other case.
fn toggle_first(name: &str) -> String {
    let mut chars = name.chars();
    match chars.next() {
        Some(c) if c.is_ascii_lowercase() => c.to_ascii_uppercase().to_string() + chars.as_str(),
        Some(c) => c.to_ascii_lowercase().to_string() + chars.as_str(),
        None => String::new(),
    }
}
