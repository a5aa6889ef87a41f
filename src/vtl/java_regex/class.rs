//! Classes in brackets, read as Java reads them: `&&` takes all that is to its right, `^` negates the whole.
//!
//! A set of characters is the text of it within another class's brackets: `\x{61}`, `\x{61}-\x{7a}`, `[…&&…]`.

use super::fault::{PatternError, invalid, unsupported};
use super::reader::{Flags, Token};
use super::translate::{Escape, Translator};

/// Classes in classes.
const DEPTH: usize = 50;

impl Translator {
    /// A class, after its opening bracket, as a set. Where it does not `close`, it is the right side of `&&` and ends
    /// before the bracket.
    pub(super) fn class(&mut self, depth: usize, close: bool) -> Result<String, PatternError> {
        if depth > DEPTH {
            return Err(unsupported("its classes nest too deep"));
        }
        let negated = close && self.reader.eat('^');
        let mut set = String::new();
        loop {
            let Some(token) = self.reader.peek() else {
                return Err(invalid("a character class is not closed").help("write \\[ for the character itself"));
            };
            match token {
                Token::Bare(']') if !set.is_empty() => {
                    if close {
                        self.reader.next();
                    }
                    break;
                }
                Token::Bare('[') => {
                    self.reader.next();
                    set += &self.class(depth + 1, true)?;
                }
                Token::Bare('&') if self.intersects() => set = self.intersection(set, depth)?,
                _ => set += &self.range()?,
            }
        }
        Ok(format!("[{}{set}]", if negated { "^" } else { "" }))
    }

    /// Takes `&&`.
    fn intersects(&mut self) -> bool {
        self.reader.next();
        let both = self.reader.eat('&');
        if !both {
            self.reader.back();
        }
        both
    }

    /// What is to the right of `&&`, with what was to its left.
    fn intersection(&mut self, left: String, depth: usize) -> Result<String, PatternError> {
        let mut right = String::new();
        loop {
            match self.reader.peek() {
                None => return Err(invalid("a character class is not closed")),
                Some(Token::Bare(']' | '&')) => break,
                Some(Token::Bare('[')) => {
                    self.reader.next();
                    right += &self.class(depth + 1, true)?;
                }
                Some(_) => right += &self.class(depth + 1, false)?,
            }
        }
        match (left.is_empty(), right.is_empty()) {
            (true, true) => Err(invalid("`&&` stands between nothing")),
            (true, false) => Ok(right),
            (false, true) => Ok(left),
            (false, false) => Ok(format!("[[{left}]&&[{right}]]")),
        }
    }

    /// One character, a range of them, or what an escape stands for.
    fn range(&mut self) -> Result<String, PatternError> {
        let low = match self.reader.next() {
            Some(Token::Bare('\\')) => match self.escape(true)? {
                Escape::Char(c) => c,
                Escape::Set(set) => return Ok(set),
                Escape::Node(_) => return Err(invalid("an escape stands for no character")),
            },
            Some(Token::Bare(c) | Token::Quoted(c)) => c,
            None => return Err(invalid("a character class is not closed")),
        };
        let dash = self.reader.peek() == Some(Token::Bare('-'));
        if !dash || matches!(self.reader.peek_second(), None | Some(Token::Bare('[' | ']'))) {
            return Ok(self.members(low, low));
        }
        self.reader.next();
        let high = match self.reader.next() {
            Some(Token::Bare('\\')) => match self.escape(true)? {
                Escape::Char(c) => Some(c),
                _ => None,
            },
            Some(Token::Bare(c) | Token::Quoted(c)) => Some(c),
            None => None,
        };
        match high.filter(|&high| high >= low) {
            Some(high) => Ok(self.members(low, high)),
            None => Err(invalid("a range in a character class ends before it begins").help("write \\- for a dash")),
        }
    }

    /// The characters from one to another, in both cases where case does not count.
    fn members(&self, low: char, high: char) -> String {
        let mut set = span(low, high);
        if folds_ascii(self.reader.flags) {
            for c in ('A'..='Z').chain('a'..='z').filter(|c| (low..=high).contains(c)) {
                let other = if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
                set += &span(other, other);
            }
        }
        set
    }
}

/// Case does not count, but for letters of ASCII alone.
pub(super) fn folds_ascii(flags: Flags) -> bool {
    flags.ignore_case && !flags.unicode_case
}

/// The characters from one to another. The engine reads `\x{2d}` in a class as a bare dash, and so on: where one of
/// those would stand, it is what its neighbours leave over.
fn span(low: char, high: char) -> String {
    const MEANT: [char; 4] = ['-', '&', '~', ':'];
    let [from, to] = [u32::from(low), u32::from(high)];
    let alone = |code: u32| format!("[\\x{{{:x}}}-\\x{{{:x}}}&&[^\\x{{{0:x}}}\\x{{{1:x}}}]]", code - 1, code + 1);
    let code = |code: u32| char::from_u32(code).unwrap_or(low);
    match (MEANT.contains(&low), MEANT.contains(&high)) {
        (true, _) if from == to => alone(from),
        (true, _) => alone(from) + &span(code(from + 1), high),
        (_, true) => span(low, code(to - 1)) + &alone(to),
        _ if from == to => format!("\\x{{{from:x}}}"),
        _ => format!("\\x{{{from:x}}}-\\x{{{to:x}}}"),
    }
}
