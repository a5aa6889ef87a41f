//! Values of expressions, and whether conditions hold.

use std::cmp::Ordering;

use super::{Interrupt, Rendered, Renderer};
use crate::vtl::ast::{Chain, Expr, Interpolated, Link, Operator, Range};
use crate::vtl::error::{RenderError, RenderErrorKind};
use crate::vtl::limits;
use crate::vtl::number::Number;
use crate::vtl::value::{Key, ListKind, Map, MapKind, Value};

impl Renderer<'_> {
    pub(super) fn value(&mut self, expr: &Expr, frame: usize) -> Rendered<Value> {
        self.step(1)?;
        match expr {
            Expr::String(text) => Ok(Value::text(&**text)),
            Expr::Interpolated(string) => self.deeper(|renderer| renderer.interpolate(string, frame)),
            Expr::Number(number) => Ok(Value::Number(number.clone())),
            Expr::Bool(value) => Ok(Value::Bool(*value)),
            Expr::Word => Ok(Value::Null),
            Expr::Reference(reference) if reference.computable => {
                self.deeper(|renderer| renderer.execute(reference, frame))
            }
            Expr::Reference(_) => Ok(Value::Null),
            Expr::List(elements) => self.deeper(|renderer| renderer.list(elements, frame)),
            Expr::Map(entries) => self.deeper(|renderer| renderer.map(entries, frame)),
            Expr::Range(range) => self.range(range, frame),
            Expr::Parenthesis(inner, _) => self.deeper(|renderer| renderer.value(inner, frame)),
            Expr::Not(operand) => Ok(Value::Bool(!self.deeper(|renderer| renderer.holds(operand, frame))?)),
            Expr::Chain(chain) => self.deeper(|renderer| renderer.chain(chain, frame)),
        }
    }

    /// As a condition: only references, comparisons and `true` can hold. A reference holds unless it is `false`.
    pub(super) fn holds(&mut self, expr: &Expr, frame: usize) -> Rendered<bool> {
        self.step(1)?;
        match expr {
            Expr::Bool(value) => Ok(*value),
            Expr::Reference(reference) => match self.execute(reference, frame)? {
                Value::Null => Ok(false),
                Value::Bool(value) => Ok(value),
                // asked for its text, to see that it has one
                value @ Value::Define(_) => Ok(self.text(&value).map_err(wrapped)?.is_some()),
                _ => Ok(true),
            },
            Expr::Parenthesis(inner, _) => self.deeper(|renderer| renderer.holds(inner, frame)),
            Expr::Not(operand) => Ok(!self.deeper(|renderer| renderer.holds(operand, frame))?),
            Expr::Chain(chain) if chain.links.iter().all(|link| link.operator.is_arithmetic()) => Ok(false),
            Expr::Chain(chain) => {
                Ok(matches!(self.deeper(|renderer| renderer.chain(chain, frame))?, Value::Bool(true)))
            }
            _ => Ok(false),
        }
    }

    pub(super) fn interpolate(&mut self, string: &Interpolated, frame: usize) -> Rendered<Value> {
        let mut text = String::new();
        self.block(&string.block, frame, &mut text)?;
        if string.padded {
            text.pop();
        }
        Ok(Value::text(text))
    }

    fn list(&mut self, elements: &[Expr], frame: usize) -> Rendered<Value> {
        let mut items = Vec::with_capacity(elements.len());
        for element in elements {
            items.push(self.value(element, frame)?);
        }
        Ok(Value::list(ListKind::Java, items))
    }

    fn map(&mut self, entries: &[(Expr, Expr)], frame: usize) -> Rendered<Value> {
        let map = Map::new(MapKind::Linked);
        for (key, value) in entries {
            let key = self.value(key, frame)?;
            let value = self.value(value, frame)?;
            map.put(Key(key), value);
        }
        Ok(Value::Map(map))
    }

    fn range(&mut self, range: &Range, frame: usize) -> Rendered<Value> {
        let from = self.value(&range.from, frame)?;
        let to = self.value(&range.to, frame)?;
        let (Value::Number(from), Value::Number(to)) = (from, to) else { return Ok(Value::Null) };
        let (from, to) = (from.to_int(), to.to_int());
        let count = usize::try_from(i64::from(from).abs_diff(i64::from(to)) + 1).unwrap_or(usize::MAX);
        if count > limits::ELEMENTS {
            return Err(RenderError::limit(format!("a range of {count} numbers")).into());
        }
        self.step(count)?;
        let number = |n: i32| Value::Number(Number::Int(n));
        let items = if from < to { (from..=to).map(number).collect() } else { (to..=from).rev().map(number).collect() };
        Ok(Value::list(ListKind::Java, items))
    }

    // ------------------------------------------------------------------------------------------------- operators

    fn chain(&mut self, chain: &Chain, frame: usize) -> Rendered<Value> {
        match chain.links.first().map(|link| link.operator) {
            Some(Operator::Or) => self.logical(chain, true, frame),
            Some(Operator::And) => self.logical(chain, false, frame),
            _ => {
                let mut left = self.value(&chain.first, frame)?;
                let mut left_literal = literal(&chain.first);
                for link in &chain.links {
                    self.step(1)?;
                    let right = self.value(&link.right, frame)?;
                    left = self.apply(link, left, left_literal, right)?;
                    left_literal = &link.literal;
                }
                Ok(left)
            }
        }
    }

    /// `||` and `&&`: the first operand that decides ends it.
    fn logical(&mut self, chain: &Chain, decisive: bool, frame: usize) -> Rendered<Value> {
        let mut result = self.holds(&chain.first, frame)?;
        for link in &chain.links {
            if result == decisive {
                break;
            }
            result = self.holds(&link.right, frame)?;
        }
        Ok(Value::Bool(result))
    }

    fn apply(&mut self, link: &Link, left: Value, left_literal: &str, right: Value) -> Rendered<Value> {
        match link.operator {
            Operator::Equal => Ok(Value::Bool(self.equal(&left, &right)?)),
            Operator::NotEqual => Ok(Value::Bool(!self.equal(&left, &right)?)),
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual => {
                let (Value::Number(left), Value::Number(right)) = (left, right) else { return Ok(Value::Bool(false)) };
                let order = left.compare(&right)?;
                Ok(Value::Bool(match link.operator {
                    Operator::Less => order == Ordering::Less,
                    Operator::LessEqual => order != Ordering::Greater,
                    Operator::Greater => order == Ordering::Greater,
                    _ => order != Ordering::Less,
                }))
            }
            Operator::Add if matches!(left, Value::String(_)) || matches!(right, Value::String(_)) => {
                let left = self.operand_text(&left, left_literal)?;
                let right = self.operand_text(&right, literal(&link.right))?;
                Ok(self.made(left + &right)?)
            }
            operator => {
                let (Value::Number(left), Value::Number(right)) = (left, right) else { return Ok(Value::Null) };
                self.step(left.size() * right.size() / 16)?;
                Ok(left.compute(operator, &right)?.map_or(Value::Null, Value::Number))
            }
        }
    }

    /// An operand that is added to a text. One without a value counts as its own source text.
    fn operand_text(&mut self, value: &Value, literal: &str) -> Rendered<String> {
        if value.is_null() {
            return Ok(literal.to_owned());
        }
        Ok(self.text(value)?.unwrap_or_else(|| "null".to_owned()))
    }

    /// `==`: numbers by value, objects of one class by `equals`, everything else by its text.
    fn equal(&mut self, left: &Value, right: &Value) -> Rendered<bool> {
        if let (Value::Number(left), Value::Number(right)) = (left, right) {
            return Ok(left.compare(right)? == Ordering::Equal);
        }
        if same_class(left, right) {
            return Ok(self.equals(left, right)?);
        }
        Ok(self.text(left)? == self.text(right)?)
    }
}

/// What fails in a condition fails as a condition, even where it does not parse.
fn wrapped(interrupt: Interrupt) -> Interrupt {
    match interrupt {
        Interrupt::Failed(error) if error.kind == RenderErrorKind::Parse => {
            Interrupt::Failed(RenderError { kind: RenderErrorKind::Runtime, ..error })
        }
        other => other,
    }
}

/// Whether one value's class is a subclass of the other's.
fn same_class(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::List(a), Value::List(b)) => {
            let array = |kind| kind == ListKind::Array;
            let fixed = |kind| kind == ListKind::Fixed;
            array(a.kind) == array(b.kind) && fixed(a.kind) == fixed(b.kind)
        }
        (Value::View(_, a), Value::View(_, b)) => a == b,
        _ => std::mem::discriminant(left) == std::mem::discriminant(right),
    }
}

/// The text of an operand, as the language remembers it.
fn literal(expr: &Expr) -> &str {
    match expr {
        Expr::Parenthesis(_, literal) => literal,
        Expr::Range(range) => &range.literal,
        Expr::Reference(reference) => &reference.null_string,
        Expr::Chain(chain) => chain.links.last().map_or("", |link| &link.literal),
        _ => "",
    }
}
