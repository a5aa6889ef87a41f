//! The tokens of a template, one at a time, with the lexical states between them.
//!
//! Tokens must be taken one by one as the parser needs them: some of the parser's decisions ([`Lexer::enter_directive`],
//! [`Lexer::leave_directive`], [`Lexer::end_set`]) change what the following characters mean.

use super::scanner::{Scanner, State};
use super::token::{Kind, Token, special_text};

/// The text stops making sense at `offset`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LexError {
    /// In characters.
    pub offset: usize,
    pub state: State,
    /// The text ended in the middle of something, as opposed to a character that cannot stand here.
    pub at_end: bool,
}

struct Saved {
    state: State,
    open: usize,
    closed: usize,
}

pub(super) struct Lexer {
    scanner: Scanner,
    position: usize,
    state: State,
    stack: Vec<Saved>,
    /// Parentheses opened and closed in this state.
    open: usize,
    closed: usize,
    in_comment: bool,
    in_set: bool,
}

impl Lexer {
    pub fn new(text: &str) -> Self {
        Self {
            scanner: Scanner::new(text),
            position: 0,
            state: State::Default,
            stack: Vec::new(),
            open: 0,
            closed: 0,
            in_comment: false,
            in_set: false,
        }
    }

    /// Goes on at `position`, in characters, as if nothing had been there before.
    pub fn resume(&mut self, position: usize) {
        self.position = position.min(self.scanner.len());
        self.state = State::Default;
        self.stack.clear();
        (self.open, self.closed) = (0, 0);
        (self.in_comment, self.in_set) = (false, false);
    }

    /// After a directive's name: its arguments follow.
    pub fn enter_directive(&mut self) {
        self.state = State::Directive;
    }

    /// After a directive's name: no arguments follow.
    pub fn leave_directive(&mut self) {
        self.pop();
    }

    /// After the closing parenthesis of `#set`.
    pub fn end_set(&mut self) {
        self.in_set = false;
    }

    /// Whether the next character that is not white space is `(`.
    pub fn at_parenthesis(&self) -> bool {
        let mut i = self.position;
        while matches!(self.scanner.at(i), Some(' ' | '\n' | '\r' | '\t')) {
            i += 1;
        }
        self.scanner.at(i) == Some('(')
    }

    /// The next token; [`Kind::Eof`] at the end, as often as asked.
    pub fn next_token(&mut self) -> Result<Token, LexError> {
        let mut special = String::new();
        // where the last of the abandoned tokens looks like a comment, none of them is printed
        let mut dropped = false;
        loop {
            let begin = self.position;
            if begin >= self.scanner.len() {
                // the end is reported at the last character, as the reference implementation does it
                return Ok(Token { kind: Kind::Eof, image: String::new(), special, offset: begin.saturating_sub(1) });
            }
            let kind = self.scan_one()?;
            let image = self.scanner.text(begin, self.position);
            match kind {
                Kind::CommentChar => {}
                Kind::ReferenceTerminator | Kind::DirectiveTerminator => {
                    special.push_str(&special_text(&image));
                    dropped = image.starts_with("##");
                    self.position -= 1;
                    self.pop();
                }
                _ => {
                    let special = if dropped { String::new() } else { special };
                    return Ok(self.finish(Token { kind, image, special, offset: begin }));
                }
            }
        }
    }

    /// Moves past the characters of one token, through all beginnings of it.
    fn scan_one(&mut self) -> Result<Kind, LexError> {
        loop {
            let at_end = self.position >= self.scanner.len();
            let found = if at_end { None } else { self.scanner.longest(self.state, self.position) };
            let Some((kind, length)) = found else {
                return Err(LexError { offset: self.position, state: self.state, at_end });
            };
            self.position += length;
            if !kind.is_more() {
                return Ok(kind);
            }
            if !self.in_comment {
                self.begin(kind);
            }
        }
    }

    /// Goes to the state in which the rest of the token is to be read.
    fn begin(&mut self, kind: Kind) {
        let comment = match kind {
            Kind::TextblockStart => Some(State::Textblock),
            Kind::FormalCommentStart => {
                self.position -= 1;
                Some(State::FormalComment)
            }
            Kind::MultiLineCommentStart => Some(State::MultiLineComment),
            _ => None,
        };
        if let Some(state) = comment {
            self.in_comment = true;
            self.push(state);
            return;
        }
        if self.state == State::Reference || (kind == Kind::Hash && self.state == State::Modifier) {
            self.pop();
        }
        self.push(if kind == Kind::Hash { State::PreDirective } else { State::Reference });
    }

    /// Does what a whole token does to the states.
    fn finish(&mut self, mut token: Token) -> Token {
        match token.kind {
            Kind::IndexLeft => self.push(State::Index),
            Kind::IndexRight => {
                self.pop();
            }
            Kind::LeftParen => {
                self.open += 1;
                if self.state == State::Modifier {
                    self.state = State::Arguments;
                }
            }
            Kind::RightParen => self.close_parenthesis(),
            Kind::MethodRightParen => self.state = State::Reference,
            Kind::SetDirective => {
                self.push(State::Directive);
                self.in_set = true;
                self.open += 1;
            }
            Kind::LineCommentStart => {
                if self.state == State::Reference {
                    self.pop();
                }
                self.in_comment = true;
                self.push(State::LineComment);
            }
            Kind::LineComment | Kind::FormalComment | Kind::MultiLineComment | Kind::Textblock => {
                self.in_comment = false;
                self.pop();
            }
            Kind::StringLiteral if self.state == State::Directive && !self.in_set && self.open == 0 => {
                self.pop();
            }
            Kind::If | Kind::ElseIf => self.state = State::Directive,
            Kind::End | Kind::Else | Kind::ReferenceRightCurly => {
                self.pop();
            }
            Kind::Integer => self.finish_integer(&mut token),
            Kind::Float if self.open == 0 && !self.in_set && self.state != State::Arguments => {
                self.pop();
            }
            Kind::Dot => {
                // the letter belongs to the identifier that follows
                self.position -= 1;
                token.image = ".".to_owned();
                self.state = State::Modifier;
            }
            _ => {}
        }
        token
    }

    fn finish_integer(&mut self, token: &mut Token) {
        if token.image.ends_with("..") {
            self.position -= 2;
            token.image.truncate(token.image.len() - 2);
        }
        if self.open == 0 && !self.in_set && !matches!(self.state, State::Arguments | State::Index) {
            self.pop();
        }
    }

    /// Drops to the state below the one that has an open parenthesis; at the bottom it is just text.
    fn close_parenthesis(&mut self) {
        if self.in_comment {
            return;
        }
        loop {
            if self.open > 0 {
                if self.open == self.closed + 1 {
                    self.pop();
                } else {
                    self.closed += 1;
                }
                return;
            }
            if !self.pop() {
                return;
            }
        }
    }

    fn push(&mut self, state: State) {
        self.stack.push(Saved { state: self.state, open: self.open, closed: self.closed });
        self.open = 0;
        self.state = state;
    }

    fn pop(&mut self) -> bool {
        match self.stack.pop() {
            Some(saved) => {
                self.open = saved.open;
                self.closed = saved.closed;
                self.state = saved.state;
                true
            }
            None => {
                self.open = 0;
                self.state = State::Default;
                false
            }
        }
    }
}
