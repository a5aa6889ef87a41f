//! From text to the parsed template, statement by statement.
//!
//! A hand-written descent over the language's own grammar. Two habits of the reference implementation are visible in
//! templates and therefore kept: tokens are taken no earlier than it takes them (see [`lexer`](super::lexer)), and the
//! parts of the template are *prepared* in the order in which they end. Preparing means registering macros, parsing
//! the insides of strings and checking directives' arguments; what fails there is reported only if the whole text parses.

mod directive;
mod expression;
mod recovery;
mod reference;

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::ast::{Block, Branch, Macro, Node, Set};
use super::error::{LineIndex, ParseError, Position, RenderError};
use super::lexer::{LexError, Lexer};
use super::limits;
use super::names::Names;
use super::parameters::ParameterUse;
use super::scanner::State;
use super::token::{Kind, Token};
use recovery::Recovery;

/// Macros by name.
pub(super) type Macros = IndexMap<String, Arc<Macro>>;

/// What the texts parsed for one template share.
#[derive(Debug, Clone, Default)]
pub(super) struct Preparation {
    /// The first definition of a name is the one that counts.
    pub macros: Macros,
    /// Names of macros seen so far, for the sake of `\#name`.
    pub macro_names: HashSet<String>,
    pub parameters: Vec<ParameterUse>,
    pub names: Names,
    /// The first thing that went wrong after parsing.
    pub fault: Option<Fault>,
}

/// What can go wrong in preparing a template that parses.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    Parse(ParseError),
    /// Every render fails with this.
    Render(RenderError),
}

impl Preparation {
    pub(super) fn fail(&mut self, fault: Fault) {
        self.fault.get_or_insert(fault);
    }
}

/// Parses a whole template.
pub(super) fn parse(text: &str, preparation: &mut Preparation) -> Result<Block, ParseError> {
    too_large(text)?;
    Parser::new(text, START, 0, false, preparation).template()
}

/// Everything that keeps a template from being one, in the order of the text: empty where [`parse`] takes it.
pub(super) fn faults(text: &str) -> Vec<ParseError> {
    if let Err(error) = too_large(text) {
        return vec![error];
    }
    let mut preparation = Preparation::default();
    let mut parser = Parser::new(text, START, 0, false, &mut preparation);
    parser.recovery = Some(Recovery::default());
    let mut faults = parser.all();
    if let (true, Some(Fault::Parse(error))) = (faults.is_empty(), preparation.fault) {
        faults.push(error);
    }
    faults
}

const START: Position = Position { line: 1, column: 1 };

fn too_large(text: &str) -> Parsed<()> {
    if text.len() > limits::TEMPLATE_BYTES {
        let message = format!(
            "the template has {} bytes; API Gateway takes at most {} (300 KB)",
            text.len(),
            limits::TEMPLATE_BYTES
        );
        return Err(ParseError::new(START, message));
    }
    Ok(())
}

/// Parses text that occurs inside a template already parsed: a string to be interpolated, or what `#evaluate` is given.
pub(super) fn parse_inner(
    text: &str,
    at: Position,
    depth: usize,
    preparation: &mut Preparation,
) -> Result<Block, ParseError> {
    Parser::new(text, at, depth, true, preparation).template()
}

type Parsed<T> = Result<T, ParseError>;

pub(super) struct Parser<'p> {
    lexer: Lexer,
    /// All tokens taken so far, and the one that is next.
    tokens: Vec<Token>,
    next: usize,
    lines: LineIndex,
    depth: usize,
    /// Macros registered so far exist for this text.
    inner: bool,
    /// Where the first mistake does not end it.
    recovery: Option<Recovery>,
    preparation: &'p mut Preparation,
}

impl<'p> Parser<'p> {
    fn new(text: &str, base: Position, depth: usize, inner: bool, preparation: &'p mut Preparation) -> Self {
        Self {
            lexer: Lexer::new(text),
            tokens: Vec::new(),
            next: 0,
            lines: LineIndex::new(text, base),
            depth,
            inner,
            recovery: None,
            preparation,
        }
    }

    fn template(mut self) -> Parsed<Block> {
        let block = self.statements()?;
        self.nothing_more()?;
        Ok(block)
    }

    /// The text ends where its statements do.
    fn nothing_more(&mut self) -> Parsed<()> {
        match self.peek()? {
            Kind::Eof => Ok(()),
            Kind::End => Err(self.unexpected("#end closes nothing here: no #if, #foreach, #macro or #define is open")),
            Kind::Else => Err(self.unexpected("#else without an open #if")),
            Kind::ElseIf => Err(self.unexpected("#elseif without an open #if")),
            _ => {
                let found = self.found();
                Err(self.unexpected(&format!("{found} cannot stand here; write ${{…}} around the reference before it")))
            }
        }
    }

    // ---------------------------------------------------------------------------------------------------- tokens

    /// The kind of the next token.
    fn peek(&mut self) -> Parsed<Kind> {
        self.peek_at(0)
    }

    /// The kind of the token after `ahead` others. Asking for it takes it from the text.
    fn peek_at(&mut self, ahead: usize) -> Parsed<Kind> {
        while self.tokens.len() <= self.next + ahead {
            let token = self.lexer.next_token().map_err(|error| self.unreadable(error))?;
            self.tokens.push(token);
        }
        Ok(self.tokens[self.next + ahead].kind)
    }

    /// Takes the next token, whatever it is; its place in `tokens`.
    fn take(&mut self) -> Parsed<usize> {
        self.peek()?;
        self.next += 1;
        Ok(self.next - 1)
    }

    /// Takes the next token if it is of this kind.
    fn skip(&mut self, kind: Kind) -> Parsed<bool> {
        let found = self.peek()? == kind;
        if found {
            self.next += 1;
        }
        Ok(found)
    }

    /// Takes the next token, which must be of this kind.
    fn expect(&mut self, kind: Kind, expected: &str) -> Parsed<usize> {
        if self.peek()? == kind {
            self.take()
        } else {
            let found = self.found();
            Err(self.unexpected(&format!("{found} where {expected} is expected")))
        }
    }

    fn image(&self, token: usize) -> &str {
        &self.tokens[token].image
    }

    /// The text of the tokens from `first` up to the next one.
    fn literal_from(&self, first: usize) -> String {
        self.tokens[first.min(self.next)..self.next].iter().map(Token::literal).collect()
    }

    fn position(&self, token: usize) -> Position {
        let offset = self.tokens.get(token).map_or(0, |t| t.offset);
        self.lines.position(offset)
    }

    // ---------------------------------------------------------------------------------------------------- errors

    /// An error at the next token.
    fn unexpected(&self, message: &str) -> ParseError {
        ParseError::new(self.position(self.next), message)
    }

    /// The next token, in words.
    fn found(&self) -> String {
        match self.tokens.get(self.next) {
            Some(token) if token.kind != Kind::Eof => {
                // A token may be many lines of text: the first one that says something is enough.
                let image = token.image.trim();
                let line = image.lines().next().unwrap_or_default().trim_end();
                let mut short: String = line.chars().take(30).flat_map(shown).collect();
                if line.chars().nth(30).is_some() || line.len() < image.len() {
                    short.push('…');
                }
                if short.is_empty() { "white space".to_owned() } else { format!("`{short}`") }
            }
            _ => "the end of the template".to_owned(),
        }
    }

    fn unreadable(&self, error: LexError) -> ParseError {
        let message = match (error.state, error.at_end) {
            (State::Reference | State::Modifier, true) => {
                "the template ends in the middle of a reference: a lone $ at the end is not text, leave it out or set a \
                 variable to '$'"
            }
            (State::PreDirective, true) => "the template ends after #: leave it out or set a variable to '#'",
            (State::Textblock, true) => "#[[ is never closed: add ]]#",
            (State::LineComment, true) => "the comment ends in $ or # at the end of the template: end the line",
            (State::FormalComment | State::MultiLineComment, true) => "the comment is never closed: add *#",
            (_, true) => "the template ends in the middle of a directive",
            (State::Index, false) => "only a string, a whole number, true, false or a reference can be an index",
            (State::Arguments, false) => {
                "this cannot stand among a method's arguments: arguments are literals, lists, maps and references; compute \
                 with #set first, and close strings with the quote that opened them"
            }
            (_, false) => {
                "this cannot stand in a directive: close strings with the quote that opened them, and use only Velocity's \
                 operators"
            }
        };
        ParseError::new(self.lines.position(error.offset), message)
    }

    /// Runs `parse` one level deeper.
    fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= limits::NESTING {
            let message = format!("nested more than {} levels deep", limits::NESTING);
            return Err(self.unexpected(&message));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    // ------------------------------------------------------------------------------------------------ statements

    /// Statements up to something that is none.
    fn statements(&mut self) -> Parsed<Block> {
        let mut nodes = Vec::new();
        loop {
            let first = self.next;
            match self.next_statement(&mut nodes) {
                Ok(true) => {}
                Ok(false) => return Ok(Arc::new(nodes)),
                Err(error) => self.recover(first, error)?,
            }
        }
    }

    /// Whether there was one.
    fn next_statement(&mut self, nodes: &mut Vec<Node>) -> Parsed<bool> {
        if self.peek()?.begins_statement() {
            self.statement(nodes)?;
            return Ok(true);
        }
        self.skip_orphan()
    }

    fn statement(&mut self, nodes: &mut Vec<Node>) -> Parsed<()> {
        let node = match self.peek()? {
            Kind::If => self.nested(Self::if_statement)?,
            Kind::Identifier => self.reference_statement()?,
            Kind::ReferenceLeftCurly if self.peek_at(1)? == Kind::Identifier => self.reference_statement()?,
            Kind::LineCommentStart => {
                let token = self.take()?;
                self.skip(Kind::LineComment)?;
                self.comment(token)
            }
            Kind::FormalComment | Kind::MultiLineComment => {
                let token = self.take()?;
                self.comment(token)
            }
            Kind::Textblock => {
                let token = self.take()?;
                let image = self.image(token);
                Node::Text(image.get(3..image.len().saturating_sub(3)).unwrap_or_default().to_owned())
            }
            Kind::SetDirective => self.set()?,
            Kind::EscapeDirective => self.escaped_directive()?,
            Kind::DoubleEscape => self.escapes()?,
            Kind::Word | Kind::BracketedWord => self.nested(Self::directive)?,
            _ => {
                let token = self.take()?;
                Node::Text(self.tokens[token].literal())
            }
        };
        push_merging(nodes, node);
        Ok(())
    }

    fn reference_statement(&mut self) -> Parsed<Node> {
        Ok(Node::Reference(Box::new(self.reference()?)))
    }

    /// A comment prints what stood before it in the same token.
    fn comment(&self, token: usize) -> Node {
        let image = self.image(token);
        let end = image.find("##").or_else(|| image.find("#*")).unwrap_or(0);
        Node::Text(image[..end].to_owned())
    }

    /// `\#if`: one backslash in two is printed, if `if` is a directive.
    fn escaped_directive(&mut self) -> Parsed<Node> {
        let token = self.take()?;
        let image = self.image(token);
        let hash = image.find('#').unwrap_or(0);
        let (backslashes, directive) = image.split_at(hash);
        let name = directive.trim_start_matches('#').trim_start_matches('{').trim_end_matches('}');
        let text = if directive::is_known(name) || self.preparation.macro_names.contains(name) {
            format!("{}{directive}", &backslashes[..(hash.saturating_sub(1)) / 2])
        } else {
            image.to_owned()
        };
        // a `#literal` around it sees what it became
        self.tokens[token].image.clone_from(&text);
        Ok(Node::Text(text))
    }

    /// `\\` in front of something that is escaped by it or not.
    fn escapes(&mut self) -> Parsed<Node> {
        let mut count = 0;
        while self.skip(Kind::DoubleEscape)? {
            count += 1;
        }
        let control = matches!(self.peek()?, Kind::If | Kind::Else | Kind::ElseIf | Kind::End);
        let following: String = self.image(self.next).chars().skip(1).collect();
        let directive = directive::is_pluggable(&following) || self.preparation.macro_names.contains(&following);
        Ok(Node::Text(if control || directive { "\\" } else { "\\\\" }.repeat(count)))
    }

    fn set(&mut self) -> Parsed<Node> {
        let opener = self.take()?;
        self.skip(Kind::Whitespace)?;
        if !self.at_reference()? {
            let found = self.found();
            return Err(
                self.unexpected(&format!("{found} where #set expects the reference to set, as in #set($x = 1)"))
            );
        }
        let first = self.next;
        let left = self.reference()?;
        let variable = self.image(first).chars().skip(1).collect();
        self.skip(Kind::Whitespace)?;
        self.expect(Kind::Assign, "= in #set")?;
        let right = self.nested(Self::expression)?;
        self.expect(Kind::RightParen, ") to close #set").map_err(|error| self.opened_at(error, "#set", opener))?;
        self.lexer.end_set();
        self.preparation.names.assign(&left);
        Ok(Node::Set(Box::new(Set { left, variable, right })))
    }

    fn if_statement(&mut self) -> Parsed<Node> {
        let opener = self.next;
        let mut branches = vec![self.branch("#if")?];
        while self.peek()? == Kind::ElseIf {
            branches.push(self.branch("#elseif")?);
        }
        if self.skip(Kind::Else)? {
            branches.push(Branch { condition: None, block: self.statements()? });
        }
        self.end("#if", opener)?;
        Ok(Node::If(branches))
    }

    fn branch(&mut self, name: &str) -> Parsed<Branch> {
        let opener = self.take()?;
        self.skip(Kind::Whitespace)?;
        self.expect(Kind::LeftParen, &format!("( after {name}"))?;
        let condition = self.nested(Self::expression)?;
        self.expect(Kind::RightParen, &format!(") to close {name}"))
            .map_err(|error| self.opened_at(error, name, opener))?;
        Ok(Branch { condition: Some(condition), block: self.statements()? })
    }

    /// The `#end` of what began at the token `opener`.
    fn end(&mut self, name: &str, opener: usize) -> Parsed<()> {
        if self.skip(Kind::End)? {
            return Ok(());
        }
        let at = self.position(opener);
        let message = match self.peek()? {
            Kind::Eof => format!("{name} at {at} is never closed: add #end"),
            Kind::Else => format!("a second #else, or one that belongs to no #if, inside {name} at {at}"),
            Kind::ElseIf => format!("#elseif after #else, or one that belongs to no #if, inside {name} at {at}"),
            _ => format!("{} cannot stand inside {name} at {at}", self.found()),
        };
        Err(self.unexpected(&message))
    }

    /// Adds what was open to an error at the end of the template.
    fn opened_at(&self, mut error: ParseError, name: &str, opener: usize) -> ParseError {
        if self.tokens.get(self.next).is_some_and(|token| token.kind == Kind::Eof) {
            error.message = format!("{name} at {} is never closed: add )", self.position(opener));
        }
        error
    }
}

/// A character as a message of one line has it.
fn shown(c: char) -> Vec<char> {
    if c.is_control() { c.escape_default().collect() } else { vec![c] }
}

/// Adds a node; text to text.
fn push_merging(nodes: &mut Vec<Node>, node: Node) {
    match (nodes.last_mut(), node) {
        (Some(Node::Text(before)), Node::Text(text)) => before.push_str(&text),
        (_, Node::Text(text)) if text.is_empty() => {}
        (_, node) => nodes.push(node),
    }
}
