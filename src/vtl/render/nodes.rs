//! Rendering blocks, `#set` and `#if`.

use super::{Interrupt, Rendered, Renderer};
use crate::vtl::ast::{Branch, Node, Reference, Set, Step};
use crate::vtl::value::{Key, Value};

impl Renderer<'_> {
    pub(super) fn block(&mut self, nodes: &[Node], frame: usize, out: &mut String) -> Rendered<()> {
        self.deeper(|renderer| {
            for node in nodes {
                renderer.step(1)?;
                renderer.node(node, frame, out)?;
            }
            Ok(())
        })
    }

    fn node(&mut self, node: &Node, frame: usize, out: &mut String) -> Rendered<()> {
        match node {
            Node::Text(text) => self.emit(out, text),
            Node::Reference(reference) => {
                self.reference(reference, frame, out).map_err(|error| at(error, reference.at))
            }
            Node::Set(set) => self.set(set, frame).map_err(|error| at(error, set.left.at)),
            Node::If(branches) => self.branches(branches, frame, out),
            Node::Directive(directive) => {
                self.directive(directive, frame, out).map_err(|error| at(error, directive.at))
            }
        }
    }

    fn branches(&mut self, branches: &[Branch], frame: usize, out: &mut String) -> Rendered<()> {
        for branch in branches {
            let holds = match &branch.condition {
                Some(condition) => self.holds(condition, frame)?,
                None => true,
            };
            if holds {
                return self.block(&branch.block, frame, out);
            }
        }
        Ok(())
    }

    /// A null on the right changes nothing.
    fn set(&mut self, set: &Set, frame: usize) -> Rendered<()> {
        let value = self.value(&set.right, frame)?;
        if value.is_null() {
            return Ok(());
        }
        if set.left.steps.is_empty() {
            self.put(frame, &set.variable, &value);
            return Ok(());
        }
        self.assign(&set.left, value, frame)
    }

    /// Sets a property or an element. Where the way there is null, nothing happens.
    fn assign(&mut self, left: &Reference, value: Value, frame: usize) -> Rendered<()> {
        let Some((last, steps)) = left.steps.split_last() else { return Ok(()) };
        let mut target = self.get(frame, &left.root)?;
        for step in steps {
            if target.is_null() {
                return Ok(());
            }
            target = self.take_step(&target, step, frame)?;
        }
        match (last, &target) {
            (_, Value::Null) => Ok(()),
            (Step::Index(index), _) => {
                let index = self.value(index, frame)?;
                let index = self.absolute_index(&target, index)?;
                let arguments = [index, value];
                if self.call(&target, "set", &arguments)?.is_none() {
                    self.call(&target, "put", &arguments)?;
                }
                Ok(())
            }
            (Step::Property(name) | Step::Method(name, _), Value::Map(_) | Value::Scope(_)) => {
                self.call(&target, "put", &[Key::text(name).0, value])?;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// Says where something failed, unless that is known better.
fn at(interrupt: Interrupt, position: crate::vtl::Position) -> Interrupt {
    match interrupt {
        Interrupt::Failed(error) => Interrupt::Failed(error.or_at(position)),
        stopped => stopped,
    }
}
