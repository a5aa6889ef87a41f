//! Java's methods: what templates can call on values.
//!
//! A method exists for certain types of arguments only, as in Java; a call that fits none has the value null. A method
//! that exists and fails, fails the render.

mod collections;
mod format;
mod input;
mod numbers;
mod scope;
mod strings;
mod util;
mod without;

pub(super) use numbers::decimal_of;

use super::error::RenderError;
use super::limits;
use super::number::Number;
use super::render::{Rendered, Renderer};
use super::value::Value;

/// The result of a call; `None` where there is no such method.
pub(super) type Called = Rendered<Option<Value>>;

fn found(value: Value) -> Called {
    Ok(Some(value))
}

/// A method without a result: that is "", not null.
fn void() -> Called {
    found(Value::text(""))
}

fn fail(message: impl Into<String>) -> Called {
    Err(RenderError::runtime(message).into())
}

fn unsupported(what: &str) -> Called {
    fail(format!("UnsupportedOperationException: {what} cannot be changed"))
}

impl Renderer<'_> {
    /// Calls a method.
    pub fn call(&mut self, target: &Value, name: &str, arguments: &[Value]) -> Called {
        self.step(1)?;
        let called = match target {
            Value::String(text) => self.string_method(text, name, arguments)?,
            Value::Number(number) => self.number_method(number, name, arguments)?,
            Value::Bool(value) => self.boolean_method(*value, name, arguments)?,
            Value::Char(c) => self.char_method(*c, name, arguments)?,
            Value::List(list) => self.list_method(list, name, arguments)?,
            Value::Map(map) => self.map_method(map, name, arguments)?,
            Value::Entry(map, key) => self.entry_method(map, key, name, arguments)?,
            Value::View(map, part) => self.view_method(map, *part, name, arguments)?,
            Value::Iterator(cursor) => self.iterator_method(cursor, name, arguments)?,
            Value::Scope(scope) => self.scope_method(scope, name, arguments)?,
            Value::ScopeInfo(scope) => self.scope_info_method(scope, name, arguments)?,
            Value::Input => self.input_method(name, arguments)?,
            Value::Util => self.util_method(name, arguments)?,
            Value::Define(_) | Value::Null => None,
        };
        match called {
            Some(value) => found(value),
            None => self.object_method(target, name, arguments),
        }
    }

    /// What every object has.
    fn object_method(&mut self, target: &Value, name: &str, arguments: &[Value]) -> Called {
        match (name, arguments) {
            ("toString", []) => {
                let text = self.text(target)?;
                found(text.map_or(Value::Null, Value::text))
            }
            ("compareTo", [_])
                if matches!(target, Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Char(_)) =>
            {
                fail("ClassCastException: compareTo takes a value of the same type")
            }
            ("equals", [other]) => found(Value::Bool(self.equals(target, other)?)),
            ("hashCode", []) => {
                let mut fuel = limits::VALUE_FUEL;
                let hash = target.hash_code(&mut fuel);
                self.step((limits::VALUE_FUEL - fuel) as usize)?;
                found(Value::Number(Number::Int(hash)))
            }
            (name, [_, ..]) if without::exists(target, name) => {
                fail(format!("IllegalArgumentException: wrong number of arguments for {name}()"))
            }
            _ => Ok(None),
        }
    }

    /// `equals()`.
    pub(super) fn equals(&mut self, left: &Value, right: &Value) -> Result<bool, RenderError> {
        if let (Value::String(left), Value::String(right)) = (left, right) {
            self.step(left.len().min(right.len()) / limits::BYTES_PER_STEP)?;
            return Ok(left == right);
        }
        let mut fuel = limits::VALUE_FUEL;
        let equal = left.equals(right, &mut fuel);
        self.step((limits::VALUE_FUEL - fuel) as usize)?;
        Ok(equal)
    }

    /// Counts the work of finding a key that is more than a text or a number.
    fn check_key(&mut self, key: &Value) -> Result<(), RenderError> {
        if key.holds_others() {
            self.step(50 * limits::KEY_FUEL as usize)?;
        }
        Ok(())
    }

    /// Counts the elements of a list or map that is gone through or grows.
    fn check_elements(&mut self, count: usize) -> Result<(), RenderError> {
        if count > limits::ELEMENTS {
            return Err(RenderError::limit(format!("a list or map of more than {} elements", limits::ELEMENTS)));
        }
        self.step(count)
    }
}
