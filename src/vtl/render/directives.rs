//! Rendering `#foreach`, macros, `#define`, `#evaluate`, `#break` and `#stop`.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::frames::Frame;
use super::{Interrupt, Rendered, Renderer, Stop};
use crate::vtl::ast::{Action, Argument, Block, Body, Call, Directive, Expr, Foreach, Macro, Over};
use crate::vtl::cursor::Cursor;
use crate::vtl::error::{Position, RenderError};
use crate::vtl::limits;
use crate::vtl::value::{Define, Map, MapKind, Scope, Value};

const COUNT: &str = "velocityCount";
const HAS_NEXT: &str = "velocityHasNext";
const SCOPE: &str = "foreach";

impl Renderer<'_> {
    pub(super) fn directive(&mut self, directive: &Directive, frame: usize, out: &mut String) -> Rendered<()> {
        match &directive.action {
            Action::Foreach(foreach) => self.foreach(foreach, directive.at, frame, out),
            Action::Call(call) => self.call_macro(call, directive.at, frame, out),
            Action::Define { key, block } => {
                let define = self.capture(block, frame, limits::DEFINE_DEPTH);
                self.put(frame, key, &define);
                Ok(())
            }
            Action::Evaluate(argument) => self.evaluate(argument, directive.at, frame, out),
            Action::Break(None) => Err(Interrupt::Stopped(Stop::Nearest)),
            Action::Break(Some(argument)) => match self.value(&argument.expr, frame)? {
                Value::Scope(scope) => Err(Interrupt::Stopped(Stop::Loop(scope.id))),
                _ => Err(RenderError::runtime("#break takes the scope of a loop, as in #break($foreach)").into()),
            },
            Action::Stop(argument) => {
                if let Some(argument) = argument {
                    self.value(&argument.expr, frame)?;
                }
                Err(Interrupt::Stopped(Stop::All))
            }
            Action::Unavailable(name) => {
                Err(RenderError::runtime(format!("{name} is not available: API Gateway has no other templates")).into())
            }
        }
    }

    // --------------------------------------------------------------------------------------------------- foreach

    fn foreach(&mut self, foreach: &Foreach, at: Position, frame: usize, out: &mut String) -> Rendered<()> {
        let list = match &foreach.over {
            Over::Value(argument) => self.value(&argument.expr, frame)?,
            Over::Nothing => return Ok(()),
            Over::Missing => {
                return Err(RenderError::runtime("#foreach needs a list, as in #foreach($x in $list)").into());
            }
        };
        let Some(mut cursor) = cursor(&list) else { return Ok(()) };
        let saved = [self.get(frame, &foreach.key)?, self.get(frame, COUNT)?, self.get(frame, HAS_NEXT)?];
        let scope = self.open_scope(at, frame)?;
        let result = self.rounds(foreach, &mut cursor, &scope, frame, out);
        match result {
            Ok(()) | Err(Interrupt::Stopped(Stop::Nearest)) => {}
            Err(Interrupt::Stopped(Stop::Loop(id))) if id == scope.id => {}
            Err(interrupt) => {
                self.close_loop(foreach, &saved, frame)?;
                return Err(interrupt);
            }
        }
        self.close_loop(foreach, &saved, frame)
    }

    fn open_scope(&mut self, at: Position, frame: usize) -> Rendered<Rc<Scope>> {
        let (parent, replaced) = match self.get(frame, SCOPE)? {
            Value::Scope(parent) => (Some(parent), Value::Null),
            other => (None, other),
        };
        self.loops += 1;
        let scope = Rc::new(Scope {
            id: self.loops,
            index: Cell::new(-1),
            has_next: Cell::new(false),
            parent,
            replaced,
            storage: Map::new(MapKind::Hash),
            at,
        });
        self.put(frame, SCOPE, &Value::Scope(Rc::clone(&scope)));
        Ok(scope)
    }

    fn rounds(
        &mut self,
        foreach: &Foreach,
        cursor: &mut Iteration,
        scope: &Scope,
        frame: usize,
        out: &mut String,
    ) -> Rendered<()> {
        // a frame that hides the variable, made for the first null
        let mut null_frame = None;
        for round in 1..=limits::FOREACH_ROUNDS {
            if !cursor.has_next() {
                break;
            }
            self.step(1)?;
            self.put(frame, COUNT, &Value::int(round));
            let value = cursor.advance()?;
            let more = cursor.has_next();
            self.put(frame, HAS_NEXT, &Value::Bool(more));
            self.put(frame, &foreach.key, &value);
            scope.index.set(scope.index.get() + 1);
            scope.has_next.set(more);
            let inside = if value.is_null() {
                *null_frame.get_or_insert_with(|| {
                    // referred to until the loop ends
                    self.captures += 1;
                    self.frames.push(Frame::NullElement { outer: frame, key: foreach.key.clone(), active: true });
                    self.frames.len() - 1
                })
            } else {
                frame
            };
            match &foreach.body {
                Body::Block(block) => self.block(block, inside, out)?,
                Body::Argument(argument) => self.render_argument(&argument.expr, inside, out)?,
            }
        }
        Ok(())
    }

    /// Puts back the variables of a loop.
    fn close_loop(&mut self, foreach: &Foreach, saved: &[Value; 3], frame: usize) -> Rendered<()> {
        for (key, value) in [&foreach.key[..], COUNT, HAS_NEXT].iter().zip(saved) {
            self.restore(frame, key, value);
        }
        if let Value::Scope(scope) = self.get(frame, SCOPE)? {
            match &scope.parent {
                Some(parent) => self.put(frame, SCOPE, &Value::Scope(Rc::clone(parent))),
                None => self.restore(frame, SCOPE, &scope.replaced),
            }
        }
        Ok(())
    }

    /// An argument in the place of a block: only the references in it print.
    fn render_argument(&mut self, expr: &Expr, frame: usize, out: &mut String) -> Rendered<()> {
        match expr {
            Expr::Reference(reference) => self.reference(reference, frame, out),
            Expr::List(elements) => elements.iter().try_for_each(|e| self.render_argument(e, frame, out)),
            Expr::Map(entries) => entries.iter().try_for_each(|(key, value)| {
                self.render_argument(key, frame, out)?;
                self.render_argument(value, frame, out)
            }),
            Expr::Range(range) => {
                self.render_argument(&range.from, frame, out)?;
                self.render_argument(&range.to, frame, out)
            }
            _ => Ok(()),
        }
    }

    // ---------------------------------------------------------------------------------------------------- macros

    fn call_macro(&mut self, call: &Call, at: Position, frame: usize, out: &mut String) -> Rendered<()> {
        let Some(definition) = self.preparation.macros.get(&call.name).cloned() else {
            return self.emit(out, &call.literal);
        };
        if let Some((word, at)) = &call.bare_word {
            let message = format!("`{word}` in the call of #{}: a variable needs $, a string needs quotes", call.name);
            return Err(RenderError::parse(*at, message).into());
        }
        let body = call.block.as_ref().map(|block| self.capture(block, frame, limits::MACRO_DEPTH));
        let callee = self.macro_frame(&definition, call, body, frame)?;
        if self.macro_depth >= limits::MACRO_DEPTH {
            let message = format!("#{}: macros call one another more than {} deep", call.name, limits::MACRO_DEPTH);
            return Err(RenderError::runtime(message).or_at(at).into());
        }
        let block = Arc::clone(&definition.block);
        self.macro_depth += 1;
        let result = self.in_frame(callee, |renderer, inner| renderer.block(&block, inner, out));
        match result {
            // as in the language itself, a macro left by #break still counts as being called
            Err(Interrupt::Stopped(Stop::Nearest)) => Ok(()),
            Ok(()) => {
                self.macro_depth -= 1;
                Ok(())
            }
            Err(interrupt) => Err(interrupt),
        }
    }

    fn macro_frame(&mut self, definition: &Macro, call: &Call, body: Option<Value>, frame: usize) -> Rendered<Frame> {
        let mut local = HashMap::new();
        let mut arguments = HashMap::new();
        for (parameter, argument) in definition.parameters.iter().zip(&call.arguments) {
            match &*argument.expr {
                Expr::Number(_) | Expr::Bool(_) | Expr::Word => {
                    let value = self.value(&argument.expr, frame)?;
                    local.insert(parameter.clone(), value);
                }
                _ => {
                    arguments.insert(parameter.clone(), argument.clone());
                }
            }
        }
        if let Some(body) = body {
            local.insert("bodyContent".to_owned(), body);
        }
        Ok(Frame::Macro { outer: frame, local, arguments })
    }

    // ---------------------------------------------------------------------------------------------------- blocks

    fn capture(&mut self, block: &Block, frame: usize, max_depth: usize) -> Value {
        self.captures += 1;
        Value::Define(Rc::new(Define { block: Arc::clone(block), frame, max_depth, depth: Cell::new(0) }))
    }

    /// Renders a block where it is used, with the variables there. False where it contains itself too often.
    pub(super) fn render_define(&mut self, define: &Define, frame: usize, out: &mut String) -> Rendered<bool> {
        if define.depth.get() >= define.max_depth {
            return Ok(false);
        }
        define.depth.set(define.depth.get() + 1);
        let result = self.block(&define.block, frame, out);
        match result {
            Ok(()) | Err(Interrupt::Stopped(Stop::Nearest)) => {
                define.depth.set(define.depth.get() - 1);
                Ok(true)
            }
            Err(interrupt) => Err(interrupt),
        }
    }

    fn evaluate(&mut self, argument: &Argument, at: Position, frame: usize, out: &mut String) -> Rendered<()> {
        let value = self.value(&argument.expr, frame)?;
        let text = self.text(&value)?.unwrap_or_default();
        if self.evaluate_depth >= limits::EVALUATE_DEPTH {
            let message = format!("#evaluate inside #evaluate more than {} deep", limits::EVALUATE_DEPTH);
            return Err(RenderError::limit(message).into());
        }
        self.step(text.len())?;
        let block = self.parse(&text, at)?;
        self.evaluate_depth += 1;
        let result = self.block(&block, frame, out);
        self.evaluate_depth -= 1;
        match result {
            Err(Interrupt::Stopped(Stop::Nearest | Stop::All)) => Ok(()),
            other => other,
        }
    }
}

/// A loop's way through its list.
enum Iteration {
    Own(Cursor),
    /// An iterator the template made itself; it goes on where it was.
    Shared(Rc<RefCell<Cursor>>),
}

impl Iteration {
    fn has_next(&self) -> bool {
        match self {
            Self::Own(cursor) => cursor.has_next(),
            Self::Shared(cursor) => cursor.borrow().has_next(),
        }
    }

    fn advance(&mut self) -> Result<Value, RenderError> {
        match self {
            Self::Own(cursor) => cursor.advance(),
            Self::Shared(cursor) => cursor.borrow_mut().advance(),
        }
    }
}

fn cursor(list: &Value) -> Option<Iteration> {
    match list {
        Value::Iterator(cursor) => Some(Iteration::Shared(Rc::clone(cursor))),
        other => Cursor::over(other).map(Iteration::Own),
    }
}
