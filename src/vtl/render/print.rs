//! Values as text: `toString()`, and JSON as json-smart writes it.

use std::rc::Rc;

use super::{Interrupt, Rendered, Renderer};
use crate::vtl::error::RenderError;
use crate::vtl::json;
use crate::vtl::limits;
use crate::vtl::number::Number;
use crate::vtl::value::{List, ListKind, Map, MapKind, Scope, Value};

impl Renderer<'_> {
    /// `toString()`. `None` where that is null: a null, or a block that contains itself too often.
    pub fn text(&mut self, value: &Value) -> Rendered<Option<String>> {
        Ok(match value {
            Value::Null => None,
            Value::String(text) => {
                self.charge(text.len())?;
                Some(text.to_string())
            }
            Value::Define(define) => {
                let mut out = String::new();
                let frame = define.frame;
                self.render_define(define, frame, &mut out)?.then_some(out)
            }
            _ => {
                let mut out = String::new();
                self.write(value, &mut out, 0)?;
                Some(out)
            }
        })
    }

    /// The value as JSON, as `$input.json()` writes it.
    pub fn json(&mut self, value: &Value) -> Rendered<String> {
        let mut out = String::new();
        self.write_json(value, json::Slashes::Plain, &mut out, 0)?;
        Ok(out)
    }

    fn write(&mut self, value: &Value, out: &mut String, depth: usize) -> Rendered<()> {
        check_depth(depth)?;
        self.step(1)?;
        match value {
            Value::Null => self.emit(out, "null"),
            Value::Bool(value) => self.emit(out, if *value { "true" } else { "false" }),
            Value::Number(number) => {
                // the digits of a large number take their time
                self.step(number.size() * number.size() / 16)?;
                self.emit(out, &number.to_string())
            }
            Value::Char(c) => self.emit(out, c.encode_utf8(&mut [0; 4])),
            Value::String(text) => self.emit(out, text),
            Value::List(list) => self.write_list(list, out, depth),
            Value::Map(map) => self.write_map(map, out, depth),
            Value::Entry(map, key) => {
                self.write(&key.0, out, depth + 1)?;
                self.emit(out, "=")?;
                self.write(&map.get(key), out, depth + 1)
            }
            Value::View(map, part) => {
                let items = map.part(*part);
                self.write_items(&items, None, out, depth)
            }
            Value::Define(_) => {
                let text = self.text(value)?;
                self.emit(out, text.as_deref().unwrap_or("null"))
            }
            Value::Scope(scope) => self.write_map(&scope.storage, out, depth),
            Value::ScopeInfo(scope) => self.emit(out, &scope_info(scope)),
            // Java prints a class name and an address here
            Value::Iterator(_) => self.emit(out, "java.util.Iterator"),
            Value::Input => self.emit(out, "$input"),
            Value::Util => self.emit(out, "$util"),
        }
    }

    fn write_list(&mut self, list: &Rc<List>, out: &mut String, depth: usize) -> Rendered<()> {
        match list.kind {
            ListKind::Json => self.write_json_list(list, json::Slashes::Escaped, out, depth),
            ListKind::Array => self.emit(out, "[Ljava.lang.String;"),
            ListKind::Java | ListKind::Fixed => {
                let items = list.items.borrow().clone();
                self.write_items(&items, Some(list), out, depth)
            }
        }
    }

    fn write_items(&mut self, items: &[Value], own: Option<&Rc<List>>, out: &mut String, depth: usize) -> Rendered<()> {
        self.emit(out, "[")?;
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.emit(out, ", ")?;
            }
            match (item, own) {
                (Value::List(list), Some(own)) if Rc::ptr_eq(list, own) => self.emit(out, "(this Collection)")?,
                _ => self.write(item, out, depth + 1)?,
            }
        }
        self.emit(out, "]")
    }

    fn write_map(&mut self, map: &Rc<Map>, out: &mut String, depth: usize) -> Rendered<()> {
        if map.kind == MapKind::Context {
            return Ok(());
        }
        self.emit(out, "{")?;
        for (i, (key, value)) in map.entries().iter().enumerate() {
            if i > 0 {
                self.emit(out, ", ")?;
            }
            for (part, separator) in [(&key.0, "="), (value, "")] {
                match part {
                    Value::Map(part) if Rc::ptr_eq(part, map) => self.emit(out, "(this Map)")?,
                    _ => self.write(part, out, depth + 1)?,
                }
                self.emit(out, separator)?;
            }
        }
        self.emit(out, "}")
    }

    // ------------------------------------------------------------------------------------------------------ JSON

    fn write_json(&mut self, value: &Value, slashes: json::Slashes, out: &mut String, depth: usize) -> Rendered<()> {
        check_depth(depth)?;
        self.step(1)?;
        match value {
            Value::Number(Number::Double(n)) if n.is_infinite() => self.emit(out, "null"),
            Value::Number(Number::Float(n)) if n.is_infinite() => self.emit(out, "null"),
            Value::Null | Value::Bool(_) | Value::Number(_) => self.write(value, out, depth),
            Value::Char(c) => self.write_json_text(&c.to_string(), slashes, out),
            Value::String(text) => self.write_json_text(text, slashes, out),
            Value::List(list) => self.write_json_list(list, slashes, out, depth),
            Value::View(map, part) => {
                let items = map.part(*part);
                self.write_json_items(&items, slashes, out, depth)
            }
            Value::Map(map) => self.write_json_map(map, slashes, out, depth),
            Value::Scope(scope) => self.write_json_map(&scope.storage, slashes, out, depth),
            _ => {
                let text = self.text(value)?.unwrap_or_default();
                self.write_json_text(&text, slashes, out)
            }
        }
    }

    fn write_json_text(&mut self, text: &str, slashes: json::Slashes, out: &mut String) -> Rendered<()> {
        let mut quoted = String::with_capacity(text.len() + 2);
        json::write_string(text, slashes, &mut quoted);
        self.emit(out, &quoted)
    }

    fn write_json_list(&mut self, list: &List, slashes: json::Slashes, out: &mut String, depth: usize) -> Rendered<()> {
        let items = list.items.borrow().clone();
        self.write_json_items(&items, slashes, out, depth)
    }

    fn write_json_items(
        &mut self,
        items: &[Value],
        slashes: json::Slashes,
        out: &mut String,
        depth: usize,
    ) -> Rendered<()> {
        self.emit(out, "[")?;
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                self.emit(out, ",")?;
            }
            self.write_json(item, slashes, out, depth + 1)?;
        }
        self.emit(out, "]")
    }

    fn write_json_map(
        &mut self,
        map: &Rc<Map>,
        slashes: json::Slashes,
        out: &mut String,
        depth: usize,
    ) -> Rendered<()> {
        self.emit(out, "{")?;
        for (i, (key, value)) in map.entries().iter().enumerate() {
            if i > 0 {
                self.emit(out, ",")?;
            }
            let Some(key) = self.text(&key.0)? else {
                return Err(RenderError::runtime("a map with the key null cannot be JSON").into());
            };
            self.write_json_text(&key, slashes, out)?;
            self.emit(out, ":")?;
            self.write_json(value, slashes, out, depth + 1)?;
        }
        self.emit(out, "}")
    }
}

fn check_depth(depth: usize) -> Result<(), Interrupt> {
    if depth > limits::VALUE_DEPTH {
        let message = format!("lists and maps nested more than {} deep cannot be printed", limits::VALUE_DEPTH);
        return Err(RenderError::limit(message).into());
    }
    Ok(())
}

fn scope_info(scope: &Scope) -> String {
    let depth = scope.depth();
    let depth = if depth > 1 { format!(" depth:{depth}") } else { String::new() };
    format!("#foreach[type:block{depth} template:template line:{} column:{}]", scope.at.line, scope.at.column)
}
