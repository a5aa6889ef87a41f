//! The characters of a pattern, with `\Q…\E` taken apart, and the flags that say how to read them.

use super::fault::{PatternError, invalid};

/// `(?idmsuxU)`
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    pub ignore_case: bool,
    pub unix_lines: bool,
    pub multiline: bool,
    pub dot_all: bool,
    pub unicode_case: bool,
    pub comments: bool,
    pub unicode_classes: bool,
}

impl Flags {
    pub fn set(&mut self, flag: char, on: bool) -> Result<(), PatternError> {
        let field = match flag {
            'i' => &mut self.ignore_case,
            'd' => &mut self.unix_lines,
            'm' => &mut self.multiline,
            's' => &mut self.dot_all,
            'u' => &mut self.unicode_case,
            'x' => &mut self.comments,
            'U' => {
                self.unicode_case = on;
                &mut self.unicode_classes
            }
            // Java takes it and does not know what it was for either
            'c' => return Ok(()),
            _ => {
                return Err(invalid(format!("`(?{flag}` is not a group of Java's"))
                    .help("write (…), (?:…), (?<name>…), (?=…), (?!…), (?<=…), (?<!…) or (?>…)"));
            }
        };
        *field = on;
        Ok(())
    }
}

pub(super) struct Reader {
    /// Each with whether it was quoted, and so stands for itself.
    tokens: Vec<(char, bool)>,
    position: usize,
    pub flags: Flags,
}

/// One character of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// It may mean something.
    Bare(char),
    /// From a quotation.
    Quoted(char),
}

impl Reader {
    pub fn new(pattern: &str) -> Self {
        let mut tokens = Vec::with_capacity(pattern.len());
        let mut chars = pattern.chars().peekable();
        let mut quoted = false;
        while let Some(c) = chars.next() {
            match (c, chars.peek()) {
                ('\\', Some('Q')) if !quoted => {
                    chars.next();
                    quoted = true;
                }
                ('\\', Some('E')) if quoted => {
                    chars.next();
                    quoted = false;
                }
                // an escaped backslash begins no quotation
                ('\\', Some(_)) if !quoted => {
                    tokens.push((c, false));
                    tokens.extend(chars.next().map(|c| (c, false)));
                }
                _ => tokens.push((c, quoted)),
            }
        }
        Self { tokens, position: 0, flags: Flags::default() }
    }

    /// The next character, after blanks and comments where those are no part of the pattern.
    pub fn peek(&mut self) -> Option<Token> {
        if self.flags.comments {
            self.skip_comments();
        }
        let &(c, quoted) = self.tokens.get(self.position)?;
        Some(if quoted { Token::Quoted(c) } else { Token::Bare(c) })
    }

    pub fn next(&mut self) -> Option<Token> {
        let token = self.peek()?;
        self.position += 1;
        Some(token)
    }

    /// Takes the next character if it is this one.
    pub fn eat(&mut self, c: char) -> bool {
        let is = self.peek() == Some(Token::Bare(c));
        self.position += usize::from(is);
        is
    }

    /// The next character, whatever it is: what follows a backslash.
    pub fn raw(&mut self) -> Option<char> {
        let &(c, _) = self.tokens.get(self.position)?;
        self.position += 1;
        Some(c)
    }

    pub fn skip(&mut self) {
        self.position += 1;
    }

    pub fn peek_raw(&self) -> Option<char> {
        self.tokens.get(self.position).map(|&(c, _)| c)
    }

    /// The character after the next one.
    pub fn peek_second(&self) -> Option<Token> {
        let &(c, quoted) = self.tokens.get(self.position + 1)?;
        Some(if quoted { Token::Quoted(c) } else { Token::Bare(c) })
    }

    pub fn back(&mut self) {
        self.position = self.position.saturating_sub(1);
    }

    pub fn at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// What is left, for a message.
    pub fn ahead(&self, count: usize) -> String {
        self.tokens[self.position.min(self.tokens.len())..].iter().take(count).map(|&(c, _)| c).collect()
    }

    /// The text up to a closing brace, which is taken too.
    pub fn braced(&mut self) -> Option<String> {
        let length = self.tokens[self.position..].iter().position(|&(c, _)| c == '}')?;
        let text = self.tokens[self.position..self.position + length].iter().map(|&(c, _)| c).collect();
        self.position += length + 1;
        Some(text)
    }

    fn skip_comments(&mut self) {
        let mut comment = false;
        while let Some(&(c, quoted)) = self.tokens.get(self.position) {
            let blank = matches!(c, ' ' | '\t'..='\r');
            if comment && self.ends_line(c) {
                comment = false;
            } else if !quoted && c == '#' {
                comment = true;
            } else if !comment && (quoted || !blank) {
                return;
            }
            self.position += 1;
        }
    }

    fn ends_line(&self, c: char) -> bool {
        c == '\n' || !self.flags.unix_lines && matches!(c, '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
    }
}
