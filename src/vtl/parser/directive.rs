//! `#name(arguments)`: the directives that are not part of the grammar, and macro calls.

use std::sync::Arc;

use super::{Fault, Kind, Parsed, Parser};
use crate::vtl::ParseError;
use crate::vtl::ast::{Action, Argument, Block, Body, Call, Directive, Expr, Foreach, Macro, Node, Over};
use crate::vtl::error::{Position, RenderError};

/// Directives with arguments, and whether they have a block.
const PLUGGABLE: &[(&str, bool)] = &[
    ("foreach", true),
    ("macro", true),
    ("literal", true),
    ("define", true),
    ("include", false),
    ("parse", false),
    ("evaluate", false),
    ("break", false),
    ("stop", false),
];

pub(super) fn is_pluggable(name: &str) -> bool {
    PLUGGABLE.iter().any(|(known, _)| *known == name)
}

/// Whether `#name(…)` goes on to an `#end`.
pub(super) fn has_block(name: &str) -> bool {
    let known = PLUGGABLE.iter().find(|(known, _)| *known == name);
    known.map_or(name.starts_with('@'), |(_, has_block)| *has_block)
}

/// Whether `#name` is part of the language, macros aside.
pub(super) fn is_known(name: &str) -> bool {
    is_pluggable(name) || matches!(name, "if" | "end" | "set" | "else" | "elseif")
}

/// The kind of an argument, where the language cares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Word,
    StringOrReference,
    Other,
}

/// A directive as written.
struct Written {
    name: String,
    /// Of the name.
    token: usize,
    at: Position,
    arguments: Vec<(Sort, Argument)>,
    /// The block, and its text where it has any.
    block: Option<(Block, Option<String>)>,
}

impl Parser<'_> {
    pub(super) fn directive(&mut self) -> Parsed<Node> {
        let kind = self.peek()?;
        let token = self.take()?;
        let image = self.image(token);
        let name: String = match kind {
            Kind::BracketedWord => {
                let inner: Vec<char> = image.chars().skip(2).collect();
                inner[..inner.len().saturating_sub(1)].iter().collect()
            }
            _ => image.chars().skip(1).collect(),
        };
        let mut written = Written { name, token, at: self.position(token), arguments: Vec::new(), block: None };
        self.lexer.enter_directive();
        if !self.lexer.at_parenthesis() {
            if written.name == "macro" {
                let message = "#macro needs the macro's name, as in #macro(greet $who)";
                return Err(ParseError::new(written.at, message));
            }
            self.lexer.leave_directive();
            return Ok(self.prepare(written));
        }
        let names = self.preparation.names.mark();
        self.arguments(&mut written)?;
        if has_block(&written.name) {
            self.peek()?;
            let first = self.next;
            let block = self.statements()?;
            let text = (self.next > first).then(|| self.literal_from(first));
            self.end(&format!("#{}", written.name), written.token)?;
            written.block = Some((block, text));
            self.check_macro(&written)?;
        }
        if written.name == "literal" {
            self.preparation.names.back_to(names);
        }
        Ok(self.prepare(written))
    }

    fn arguments(&mut self, written: &mut Written) -> Parsed<()> {
        let name = written.name.clone();
        self.skip(Kind::Whitespace)?;
        self.expect(Kind::LeftParen, &format!("( after #{name}"))?;
        loop {
            let blank = usize::from(self.peek()? == Kind::Whitespace);
            let following = self.peek_at(blank)?;
            if following == Kind::Comma {
                self.skip(Kind::Whitespace)?;
                self.take()?;
                self.skip(Kind::Whitespace)?;
            } else if following == Kind::Word || super::reference::begins_value(following) {
                self.skip(Kind::Whitespace)?;
            } else {
                break;
            }
            let argument = self.argument()?;
            self.check_argument(written, argument.0)?;
            written.arguments.push(argument);
        }
        self.skip(Kind::Whitespace)?;
        let opener = written.token;
        self.expect(Kind::RightParen, &format!("an argument or ) in #{name}"))
            .map_err(|error| self.opened_at(error, &format!("#{name}"), opener))?;
        Ok(())
    }

    fn argument(&mut self) -> Parsed<(Sort, Argument)> {
        let first = self.next;
        let (sort, expr) = match self.peek()? {
            Kind::Word => {
                self.take()?;
                (Sort::Word, Expr::Word)
            }
            Kind::StringLiteral | Kind::Identifier | Kind::ReferenceLeftCurly => {
                (Sort::StringOrReference, self.value()?)
            }
            _ => (Sort::Other, self.value()?),
        };
        let argument = Argument {
            expr: Arc::new(expr),
            literal: self.literal_from(first).into(),
            head: self.image(first).to_owned(),
            at: self.position(first),
        };
        Ok((sort, argument))
    }

    /// Bare words are names of macros, the `in` of `#foreach`, or wrong.
    fn check_argument(&self, written: &Written, sort: Sort) -> Parsed<()> {
        let position = written.arguments.len();
        let name = &written.name;
        if name == "macro" && position == 0 {
            return if sort == Sort::Word {
                Ok(())
            } else {
                let message = "the first argument of #macro is its name, without quotes or $, as in #macro(greet $who)";
                Err(ParseError::new(written.at, message))
            };
        }
        let is_macro = self.inner && self.preparation.macros.contains_key(name);
        let allowed = !is_macro && (!is_pluggable(name) || (name == "foreach" && position == 1));
        if sort != Sort::Word || allowed {
            return Ok(());
        }
        let message =
            format!("argument {} of #{name} is a bare word: a variable needs $, a string needs quotes", position + 1);
        Err(ParseError::new(written.at, message))
    }

    fn check_macro(&mut self, written: &Written) -> Parsed<()> {
        if written.name != "macro" {
            return Ok(());
        }
        match written.arguments.first() {
            Some((_, name)) => {
                self.preparation.macro_names.insert(name.head.clone());
                Ok(())
            }
            None => Err(ParseError::new(written.at, "#macro needs the macro's name, as in #macro(greet $who)")),
        }
    }

    // ------------------------------------------------------------------------------------------------- preparing

    /// Turns a directive into what it does, checking what can be checked before it runs.
    fn prepare(&mut self, written: Written) -> Node {
        match written.name.as_str() {
            "foreach" => self.prepare_foreach(written),
            "macro" => self.prepare_macro(written),
            "literal" => self.prepare_literal(written),
            "define" => self.prepare_define(written),
            "evaluate" => self.prepare_evaluate(written),
            "break" | "stop" => self.prepare_stop(written),
            "include" if written.arguments.is_empty() => Node::Text(String::new()),
            "include" => unavailable(&written, "#include"),
            "parse" => unavailable(&written, "#parse"),
            name if name.starts_with('@') && written.block.is_none() => Node::Text(format!("#{name}")),
            _ => self.prepare_call(written),
        }
    }

    fn fail_render(&mut self, at: Position, message: &str) -> Node {
        self.preparation.fail(Fault::Render(RenderError::runtime(message).or_at(at)));
        Node::Text(String::new())
    }

    fn prepare_foreach(&mut self, written: Written) -> Node {
        let usage = "#foreach needs a variable and a list, as in #foreach($item in $list)";
        let Some((block, _)) = written.block else { return self.fail_render(written.at, usage) };
        let count = written.arguments.len();
        let mut arguments = written.arguments.into_iter().map(|(_, argument)| argument);
        let key = match arguments.next() {
            Some(Argument { expr, head, .. }) => match &*expr {
                Expr::Reference(reference) => reference.root.clone(),
                _ => head.chars().skip(1).collect(),
            },
            None => String::new(),
        };
        self.preparation.names.set(&key);
        let over = match arguments.nth(1) {
            Some(list) => Over::Value(list),
            None if count == 2 => Over::Nothing,
            None => Over::Missing,
        };
        let body = arguments.next().map_or(Body::Block(block), Body::Argument);
        node(written.at, Action::Foreach(Foreach { key, over, body }))
    }

    fn prepare_macro(&mut self, written: Written) -> Node {
        let Some((block, _)) = written.block else { return Node::Text(String::new()) };
        let mut names = written.arguments.into_iter().map(|(_, argument)| argument.head);
        let name = names.next().unwrap_or_default();
        let parameters: Vec<String> =
            names.map(|head| head.strip_prefix('$').map_or(head.clone(), str::to_owned)).collect();
        parameters.iter().for_each(|parameter| self.preparation.names.set(parameter));
        let definition = Macro { parameters, block };
        self.preparation.macros.entry(name).or_insert_with(|| Arc::new(definition));
        Node::Text(String::new())
    }

    fn prepare_literal(&mut self, written: Written) -> Node {
        let first = written.arguments.into_iter().next().map(|(_, argument)| argument.literal.to_string());
        match first.or(written.block.and_then(|(_, text)| text)) {
            Some(text) => Node::Text(text),
            None => self.fail_render(written.at, "#literal has nothing in it"),
        }
    }

    fn prepare_define(&mut self, written: Written) -> Node {
        let mut arguments = written.arguments.into_iter();
        let (Some((_, name)), None, Some((block, _))) = (arguments.next(), arguments.next(), written.block) else {
            return self.fail_render(written.at, "#define takes one variable, as in #define($block)");
        };
        let key: String = name.head.chars().skip(1).collect();
        self.preparation.names.set(&key);
        node(written.at, Action::Define { key, block })
    }

    fn prepare_evaluate(&mut self, written: Written) -> Node {
        let at = written.at;
        let mut arguments = written.arguments.into_iter();
        let problem = match (arguments.next(), arguments.next()) {
            (Some((Sort::StringOrReference, argument)), None) => {
                self.preparation.names.anything = true;
                return node(at, Action::Evaluate(argument));
            }
            (Some(_), None) => "the argument of #evaluate must be a string or a reference",
            _ => "#evaluate takes exactly one argument, a string or a reference",
        };
        self.preparation.fail(Fault::Parse(ParseError::new(at, problem)));
        Node::Text(String::new())
    }

    fn prepare_stop(&mut self, written: Written) -> Node {
        let mut arguments = written.arguments.into_iter().map(|(_, argument)| argument);
        let argument = arguments.next();
        if arguments.next().is_some() {
            return self.fail_render(written.at, &format!("#{} takes at most one argument", written.name));
        }
        let action = if written.name == "break" { Action::Break(argument) } else { Action::Stop(argument) };
        node(written.at, action)
    }

    fn prepare_call(&mut self, written: Written) -> Node {
        let literal: String = self.tokens[written.token..self.next].iter().map(|token| token.image.as_str()).collect();
        let bare_word = written.arguments.iter().find(|(sort, _)| *sort == Sort::Word);
        let bare_word = bare_word.map(|(_, argument)| (argument.head.clone(), argument.at));
        let name = written.name.strip_prefix('@').map_or(written.name.clone(), str::to_owned);
        let call = Call {
            name,
            arguments: written.arguments.into_iter().map(|(_, argument)| argument).collect(),
            block: written.block.map(|(block, _)| block),
            literal: literal.into(),
            bare_word,
        };
        self.preparation.names.call(&call.name, written.at);
        node(written.at, Action::Call(call))
    }
}

fn node(at: Position, action: Action) -> Node {
    Node::Directive(Box::new(Directive { at, action }))
}

fn unavailable(written: &Written, name: &'static str) -> Node {
    node(written.at, Action::Unavailable(name))
}
