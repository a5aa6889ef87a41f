//! Values and operators: what stands in `#set`, in conditions and among arguments.

use std::sync::Arc;

use super::reference::begins_value;
use super::{Fault, Kind, Parsed, Parser, parse_inner};
use crate::vtl::ast::{Chain, Expr, Interpolated, Link, Operator, Range};
use crate::vtl::error::{Position, RenderError};
use crate::vtl::literal;
use crate::vtl::number::Number;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Parsed<Expr> {
        self.operations(0)
    }

    /// Operators of at least this level, by precedence.
    fn operations(&mut self, level: u8) -> Parsed<Expr> {
        let mut left = self.unary()?;
        let mut chain_level = None;
        while let Some(operator) = operator(self.peek()?).filter(|operator| operator.level() >= level) {
            self.take()?;
            let first = self.next;
            let right = self.nested(|parser| parser.operations(operator.level() + 1))?;
            let link = Link { operator, right, literal: self.literal_from(first).into() };
            left = match left {
                Expr::Chain(mut chain) if chain_level == Some(operator.level()) => {
                    chain.links.push(link);
                    Expr::Chain(chain)
                }
                first => Expr::Chain(Box::new(Chain { first, links: vec![link] })),
            };
            chain_level = Some(operator.level());
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        let blank = self.peek()? == Kind::Whitespace;
        if self.peek_at(usize::from(blank))? == Kind::Not {
            self.skip(Kind::Whitespace)?;
            self.take()?;
            let operand = self.nested(Self::unary)?;
            return Ok(Expr::Not(Box::new(operand)));
        }
        self.skip(Kind::Whitespace)?;
        let value = if self.skip(Kind::LeftParen)? {
            let first = self.next;
            let inner = self.nested(Self::expression)?;
            let literal = self.literal_from(first).into();
            self.expect(Kind::RightParen, "an operator or )")?;
            Expr::Parenthesis(Box::new(inner), literal)
        } else {
            self.value()?
        };
        self.skip(Kind::Whitespace)?;
        Ok(value)
    }

    /// A value with white space around it: an argument of a method, an element of a list.
    pub(super) fn parameter(&mut self) -> Parsed<Expr> {
        self.skip(Kind::Whitespace)?;
        let value = self.value()?;
        self.skip(Kind::Whitespace)?;
        Ok(value)
    }

    /// What can stand between `[` and `]` of a reference.
    pub(super) fn index(&mut self) -> Parsed<Expr> {
        match self.peek()? {
            Kind::StringLiteral | Kind::Integer | Kind::True | Kind::False => self.value(),
            Kind::Identifier | Kind::ReferenceLeftCurly => self.value(),
            _ => {
                let found = self.found();
                Err(self
                    .unexpected(&format!("{found} cannot be an index: use a string, a whole number or a reference")))
            }
        }
    }

    pub(super) fn value(&mut self) -> Parsed<Expr> {
        match self.peek()? {
            Kind::StringLiteral => self.string(),
            Kind::Integer | Kind::Float => {
                let token = self.take()?;
                let number = Number::from_literal(self.image(token)).unwrap_or_else(|| {
                    let error = RenderError::limit("a number with more than 4,000 digits").or_at(self.position(token));
                    self.preparation.fail(Fault::Render(error));
                    Number::Int(0)
                });
                Ok(Expr::Number(number))
            }
            Kind::True => self.take().map(|_| Expr::Bool(true)),
            Kind::False => self.take().map(|_| Expr::Bool(false)),
            Kind::Identifier | Kind::ReferenceLeftCurly => Ok(Expr::Reference(Box::new(self.reference()?))),
            Kind::LeftBracket => self.nested(Self::list_or_range),
            Kind::LeftCurly => self.nested(Self::map),
            _ => Err(self.no_value()),
        }
    }

    fn no_value(&self) -> crate::vtl::ParseError {
        let found = self.found();
        let hint = match found.as_str() {
            "`null`" => "; Velocity has no null: compare with '' instead",
            _ if self.tokens.get(self.next).is_some_and(|t| t.kind == Kind::Word) => {
                "; a variable needs $, a string needs quotes"
            }
            _ => "",
        };
        self.unexpected(&format!("{found} where a value is expected{hint}"))
    }

    fn list_or_range(&mut self) -> Parsed<Expr> {
        let first_token = self.next;
        self.expect(Kind::LeftBracket, "[")?;
        let mut elements = Vec::new();
        if self.peek()? == Kind::Whitespace || begins_value(self.peek()?) {
            self.skip(Kind::Whitespace)?;
            let can_be_range = self.peek()? == Kind::Integer || self.at_reference()?;
            let first = self.value()?;
            self.skip(Kind::Whitespace)?;
            if can_be_range && self.skip(Kind::DoubleDot)? {
                return self.range(first, first_token);
            }
            elements.push(first);
            while self.skip(Kind::Comma)? {
                elements.push(self.parameter()?);
            }
        }
        self.expect(Kind::RightBracket, ", or ] in a list")?;
        Ok(Expr::List(elements))
    }

    /// The rest of `[from..to]`.
    fn range(&mut self, from: Expr, first_token: usize) -> Parsed<Expr> {
        self.skip(Kind::Whitespace)?;
        if self.peek()? != Kind::Integer && !self.at_reference()? {
            let found = self.found();
            return Err(self.unexpected(&format!("{found} where a range expects a whole number or a reference")));
        }
        let to = self.value()?;
        self.skip(Kind::Whitespace)?;
        self.expect(Kind::RightBracket, "] to close the range")?;
        let literal = self.literal_from(first_token).into();
        Ok(Expr::Range(Box::new(Range { from, to, literal })))
    }

    fn map(&mut self) -> Parsed<Expr> {
        self.expect(Kind::LeftCurly, "{")?;
        let mut entries = Vec::new();
        let blank = usize::from(self.peek()? == Kind::Whitespace);
        if begins_value(self.peek_at(blank)?) {
            entries.push(self.entry()?);
            while self.skip(Kind::Comma)? {
                entries.push(self.entry()?);
            }
        }
        self.skip(Kind::Whitespace)?;
        if !self.skip(Kind::ReferenceRightCurly)? {
            let expected = if entries.is_empty() {
                "a map's key is expected: a string in quotes, a number or a reference"
            } else {
                ", or } in a map is expected"
            };
            if self.peek()? != Kind::RightCurly {
                let found = self.found();
                return Err(self.unexpected(&format!("{found} where {expected}")));
            }
            self.take()?;
        }
        Ok(Expr::Map(entries))
    }

    fn entry(&mut self) -> Parsed<(Expr, Expr)> {
        let key = self.parameter()?;
        self.expect(Kind::Colon, ": after a map's key")?;
        Ok((key, self.parameter()?))
    }

    fn string(&mut self) -> Parsed<Expr> {
        let token = self.take()?;
        let at = self.position(token);
        let Some(string) = literal::read(self.image(token)) else {
            let message = "\\u in a string must be followed by four hexadecimal digits";
            self.preparation.fail(Fault::Render(RenderError::runtime(message).or_at(at)));
            return Ok(Expr::String("".into()));
        };
        if !string.interpolate {
            return Ok(Expr::String(string.text.into()));
        }
        let padded = !string.text.contains("##");
        let text = if padded { string.text + " " } else { string.text };
        let inside = Position { line: at.line, column: at.column + 1 };
        let depth = self.depth;
        let parsed = self.nested(|parser| Ok(parse_inner(&text, inside, depth + 1, parser.preparation)))?;
        Ok(Expr::Interpolated(match parsed {
            Ok(block) => Interpolated { block, padded },
            Err(error) => {
                self.preparation.fail(Fault::Parse(error));
                Interpolated { block: Arc::default(), padded }
            }
        }))
    }
}

fn operator(kind: Kind) -> Option<Operator> {
    Some(match kind {
        Kind::Or => Operator::Or,
        Kind::And => Operator::And,
        Kind::Equal => Operator::Equal,
        Kind::NotEqual => Operator::NotEqual,
        Kind::Less => Operator::Less,
        Kind::LessEqual => Operator::LessEqual,
        Kind::Greater => Operator::Greater,
        Kind::GreaterEqual => Operator::GreaterEqual,
        Kind::Plus => Operator::Add,
        Kind::Minus => Operator::Subtract,
        Kind::Multiply => Operator::Multiply,
        Kind::Divide => Operator::Divide,
        Kind::Modulus => Operator::Modulus,
        _ => return None,
    })
}
