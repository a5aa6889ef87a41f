//! Which token comes next: longest match over the token definitions of each lexical state.
//!
//! The language has no single token alphabet. What `-`, `true` or `(` mean depends on whether text, a reference, a
//! method's arguments or a directive is being read; a [`State`] is one such alphabet. This file knows the alphabets;
//! [`lexer`](super::lexer) knows when to go from one to another.

use super::token::Kind;

/// A lexical state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// After `$`.
    Reference,
    /// After a dot in a reference.
    Modifier,
    /// Between `[` and `]` of a reference.
    Index,
    /// Among a directive's arguments.
    Directive,
    /// Among a method's arguments.
    Arguments,
    /// Plain text.
    Default,
    Textblock,
    MultiLineComment,
    FormalComment,
    LineComment,
    /// After `#`.
    PreDirective,
}

/// A match: its kind and length in characters.
pub(super) type Match = (Kind, usize);

/// The text, and what was learnt about it while matching.
pub(super) struct Scanner {
    chars: Vec<char>,
    /// End of the last run of backslashes measured: long runs are measured once, not once per backslash.
    backslashes_end: usize,
}

impl Scanner {
    pub fn new(text: &str) -> Self {
        Self { chars: text.chars().collect(), backslashes_end: 0 }
    }

    pub fn len(&self) -> usize {
        self.chars.len()
    }

    pub fn at(&self, i: usize) -> Option<char> {
        self.chars.get(i).copied()
    }

    pub fn text(&self, from: usize, to: usize) -> String {
        self.chars[from..to].iter().collect()
    }

    /// The longest match at `i` in `state`; the earlier kind where two are equally long.
    pub fn longest(&mut self, state: State, i: usize) -> Option<Match> {
        let mut best = Best(None);
        self.more(i, &mut best);
        match state {
            State::Default => self.default(i, &mut best),
            State::Reference => self.reference(i, &mut best),
            State::Modifier => self.modifier(i, &mut best),
            State::Index => self.index(i, &mut best),
            State::Arguments => self.arguments(i, &mut best),
            State::Directive => self.directive(i, &mut best),
            State::PreDirective => self.pre_directive(i, &mut best),
            State::Textblock => {
                best.offer(Kind::Textblock, self.literal(i, "]]#"));
                best.fallback(Kind::TextblockChar);
            }
            State::MultiLineComment => {
                best.offer(Kind::MultiLineComment, self.literal(i, "*#"));
                best.fallback(Kind::CommentChar);
            }
            State::FormalComment => {
                best.offer(Kind::FormalComment, self.literal(i, "*#"));
                best.fallback(Kind::CommentChar);
            }
            State::LineComment => {
                best.offer(Kind::LineComment, self.newline(i));
                best.fallback(Kind::CommentChar);
            }
        }
        best.0
    }

    /// Beginnings of longer tokens: the same in every state.
    fn more(&mut self, i: usize, best: &mut Best) {
        match self.at(i) {
            Some('\\' | '$') => self.dollar(i, best),
            Some('#') => {
                best.offer(Kind::TextblockStart, self.literal(i, "#[["));
                if self.literal(i, "#**") > 0 && self.at(i + 3).is_some_and(|c| c != '#') {
                    best.offer(Kind::FormalCommentStart, 4);
                }
                best.offer(Kind::MultiLineCommentStart, self.literal(i, "#*"));
                best.offer(Kind::Hash, 1);
            }
            _ => {}
        }
    }

    fn dollar(&mut self, i: usize, best: &mut Best) {
        let dollar = self.backslashes(i);
        if self.at(dollar) != Some('$') {
            return;
        }
        best.offer(Kind::Dollar, dollar + 1 - i);
        let mark = self.backslashes(dollar + 1);
        if self.at(mark) == Some('!') {
            best.offer(Kind::DollarBang, mark + 1 - i);
        }
    }

    /// The first position from `i` that holds no backslash.
    fn backslashes(&mut self, i: usize) -> usize {
        if self.at(i) != Some('\\') {
            return i;
        }
        if i >= self.backslashes_end {
            self.backslashes_end = i + self.run(i, |c| c == '\\');
        }
        self.backslashes_end
    }

    fn default(&mut self, i: usize, best: &mut Best) {
        best.offer(Kind::EscapeDirective, self.escaped_directive(i));
        best.offer(Kind::SetDirective, self.set(i));
        best.offer(Kind::LineCommentStart, self.literal(i, "##"));
        best.offer(Kind::DoubleEscape, self.literal(i, "\\\\"));
        best.offer(Kind::Escape, self.literal(i, "\\"));
        best.offer(Kind::Text, self.run(i, |c| !matches!(c, '$' | '#' | '\\')));
        best.offer(Kind::EmptyIndex, self.empty_index(i));
    }

    fn reference(&self, i: usize, best: &mut Best) {
        best.offer(Kind::IndexLeft, self.literal(i, "["));
        best.offer(Kind::SetDirective, self.set(i));
        best.offer(Kind::LineCommentStart, self.literal(i, "##"));
        self.booleans(i, best);
        self.reference_parts(i, best);
        best.fallback(Kind::ReferenceTerminator);
        best.offer(Kind::EmptyIndex, self.empty_index(i));
    }

    fn modifier(&self, i: usize, best: &mut Best) {
        best.offer(Kind::IndexLeft, self.literal(i, "["));
        best.offer(Kind::LeftParen, self.literal(i, "("));
        best.offer(Kind::SetDirective, self.set(i));
        self.booleans(i, best);
        self.reference_parts(i, best);
        best.fallback(Kind::ReferenceTerminator);
    }

    fn reference_parts(&self, i: usize, best: &mut Best) {
        self.identifier_and_dot(i, best);
        best.offer(Kind::ReferenceLeftCurly, self.literal(i, "{"));
        best.offer(Kind::ReferenceRightCurly, self.literal(i, "}"));
    }

    fn identifier_and_dot(&self, i: usize, best: &mut Best) {
        if self.at(i).is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
            best.offer(Kind::Identifier, self.run(i, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_'));
        }
        if self.at(i) == Some('.') && self.at(i + 1).is_some_and(|c| c.is_ascii_alphabetic()) {
            best.offer(Kind::Dot, 2);
        }
    }

    fn index(&self, i: usize, best: &mut Best) {
        best.offer(Kind::IndexRight, self.literal(i, "]"));
        self.whitespace_and_string(i, best);
        self.booleans(i, best);
        self.numbers(i, best);
    }

    fn arguments(&self, i: usize, best: &mut Best) {
        self.punctuation(i, best);
        best.offer(Kind::MethodRightParen, self.literal(i, ")"));
        best.offer(Kind::SetDirective, self.set(i));
        self.whitespace_and_string(i, best);
        self.booleans(i, best);
        self.numbers(i, best);
        self.identifier_and_dot(i, best);
    }

    fn directive(&self, i: usize, best: &mut Best) {
        self.punctuation(i, best);
        best.offer(Kind::LeftParen, self.literal(i, "("));
        if self.at(i) == Some(')') {
            best.offer(Kind::RightParen, 1 + self.rest_of_line(i + 1));
        }
        best.offer(Kind::LineCommentStart, self.literal(i, "##"));
        self.whitespace_and_string(i, best);
        self.booleans(i, best);
        for (kind, images) in OPERATORS {
            for image in *images {
                best.offer(*kind, self.literal(i, image));
            }
        }
        self.numbers(i, best);
        best.offer(Kind::Word, self.word(i));
        best.offer(Kind::BracketedWord, self.bracketed_word(i));
    }

    fn pre_directive(&self, i: usize, best: &mut Best) {
        best.offer(Kind::LineCommentStart, self.literal(i, "##"));
        for (kind, name, takes_line) in KEYWORDS {
            for image in [(*name).to_owned(), format!("{{{name}}}")] {
                let matched = self.literal(i, &image);
                if matched > 0 {
                    let line = if *takes_line { self.rest_of_line(i + matched) } else { 0 };
                    best.offer(*kind, matched + line);
                }
            }
        }
        self.numbers(i, best);
        best.offer(Kind::Word, self.word(i));
        best.offer(Kind::BracketedWord, self.bracketed_word(i));
        best.fallback(Kind::DirectiveTerminator);
    }

    fn punctuation(&self, i: usize, best: &mut Best) {
        for (kind, image) in PUNCTUATION {
            best.offer(*kind, self.literal(i, image));
        }
    }

    fn whitespace_and_string(&self, i: usize, best: &mut Best) {
        best.offer(Kind::Whitespace, self.run(i, |c| matches!(c, ' ' | '\t' | '\n' | '\r')));
        best.offer(Kind::StringLiteral, self.string(i));
    }

    fn booleans(&self, i: usize, best: &mut Best) {
        best.offer(Kind::True, self.literal(i, "true"));
        best.offer(Kind::False, self.literal(i, "false"));
    }

    /// An integer takes a following `..` along, so that `1..3` is not read as `1.` and `.3`; the lexer gives it back.
    fn numbers(&self, i: usize, best: &mut Best) {
        let sign = self.literal(i, "-");
        let whole = self.digits(i + sign);
        if whole > 0 {
            let end = i + sign + whole;
            best.offer(Kind::Integer, sign + whole + self.literal(end, ".."));
            if self.at(end) == Some('.') {
                let fraction = 1 + self.digits(end + 1);
                best.offer(Kind::Float, sign + whole + fraction + self.exponent(end + fraction));
            }
            let exponent = self.exponent(end);
            if exponent > 0 {
                best.offer(Kind::Float, sign + whole + exponent);
            }
        } else if self.at(i + sign) == Some('.') {
            let fraction = self.digits(i + sign + 1);
            if fraction > 0 {
                best.offer(Kind::Float, sign + 1 + fraction + self.exponent(i + sign + 1 + fraction));
            }
        }
    }

    fn exponent(&self, i: usize) -> usize {
        if !matches!(self.at(i), Some('e' | 'E')) {
            return 0;
        }
        let sign = usize::from(matches!(self.at(i + 1), Some('+' | '-')));
        match self.digits(i + 1 + sign) {
            0 => 0,
            digits => 1 + sign + digits,
        }
    }

    /// A quoted string. A doubled quote is part of it, unless the string would never end that way.
    fn string(&self, i: usize) -> usize {
        let Some(quote @ ('"' | '\'')) = self.at(i) else { return 0 };
        let mut accepted = 0;
        let mut j = i + 1;
        while let Some(c) = self.at(j) {
            j += 1;
            if c == quote {
                accepted = j - i;
                if self.at(j) != Some(quote) {
                    break;
                }
                j += 1;
            }
        }
        accepted
    }

    /// `#set(`, with the blanks in front of it.
    fn set(&self, i: usize) -> usize {
        let blanks = self.run(i, is_blank);
        let name = self.literal(i + blanks, "#set").max(self.literal(i + blanks, "#{set}"));
        if name == 0 {
            return 0;
        }
        let spaces = self.run(i + blanks + name, |c| c == ' ');
        match self.literal(i + blanks + name + spaces, "(") {
            0 => 0,
            paren => blanks + name + spaces + paren,
        }
    }

    /// An odd number of backslashes, `#` and a word.
    fn escaped_directive(&mut self, i: usize) -> usize {
        let hash = self.backslashes(i);
        if (hash - i).is_multiple_of(2) || self.at(hash) != Some('#') {
            return 0;
        }
        match self.word(hash + 1).max(self.bracketed_word(hash + 1)) {
            0 => 0,
            word => hash + 1 - i + word,
        }
    }

    fn empty_index(&self, i: usize) -> usize {
        ["$[", "$![", "$\\![", "$."].iter().map(|image| self.literal(i, image)).max().unwrap_or(0)
    }

    fn word(&self, i: usize) -> usize {
        if self.at(i).is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '@') {
            self.run(i, is_word)
        } else {
            0
        }
    }

    fn bracketed_word(&self, i: usize) -> usize {
        if self.at(i) != Some('{') || !self.at(i + 1).is_some_and(|c| c.is_ascii_alphabetic() || c == '_') {
            return 0;
        }
        let word = self.run(i + 1, is_word);
        match self.literal(i + 1 + word, "}") {
            0 => 0,
            curly => 1 + word + curly,
        }
    }

    /// Blanks and a line end, or nothing: what the closing token of a directive takes along.
    fn rest_of_line(&self, i: usize) -> usize {
        let blanks = self.run(i, is_blank);
        match self.newline(i + blanks) {
            0 => 0,
            newline => blanks + newline,
        }
    }

    fn newline(&self, i: usize) -> usize {
        match self.at(i) {
            Some('\r') if self.at(i + 1) == Some('\n') => 2,
            Some('\r' | '\n') => 1,
            _ => 0,
        }
    }

    fn digits(&self, i: usize) -> usize {
        self.run(i, |c| c.is_ascii_digit())
    }

    fn run(&self, i: usize, accept: impl Fn(char) -> bool) -> usize {
        self.chars.get(i..).map_or(0, |rest| rest.iter().take_while(|&&c| accept(c)).count())
    }

    /// The length of `image` if the text has it at `i`, else 0.
    fn literal(&self, i: usize, image: &str) -> usize {
        let mut length = 0;
        for c in image.chars() {
            if self.at(i + length) != Some(c) {
                return 0;
            }
            length += 1;
        }
        length
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '@'
}

const PUNCTUATION: &[(Kind, &str)] = &[
    (Kind::LeftBracket, "["),
    (Kind::RightBracket, "]"),
    (Kind::Comma, ","),
    (Kind::DoubleDot, ".."),
    (Kind::Colon, ":"),
    (Kind::LeftCurly, "{"),
    (Kind::RightCurly, "}"),
];

const OPERATORS: &[(Kind, &[&str])] = &[
    (Kind::Minus, &["-"]),
    (Kind::Plus, &["+"]),
    (Kind::Multiply, &["*"]),
    (Kind::Divide, &["/"]),
    (Kind::Modulus, &["%"]),
    (Kind::And, &["&&", "and"]),
    (Kind::Or, &["||", "or"]),
    (Kind::Less, &["<", "lt"]),
    (Kind::LessEqual, &["<=", "le"]),
    (Kind::Greater, &[">", "gt"]),
    (Kind::GreaterEqual, &[">=", "ge"]),
    (Kind::Equal, &["==", "eq"]),
    (Kind::NotEqual, &["!=", "ne"]),
    (Kind::Not, &["!", "not"]),
    (Kind::Assign, &["="]),
];

/// Kind, name, and whether the token takes the rest of its line along.
const KEYWORDS: &[(Kind, &str, bool)] =
    &[(Kind::End, "end", true), (Kind::If, "if", false), (Kind::ElseIf, "elseif", false), (Kind::Else, "else", true)];

/// The best match so far.
struct Best(Option<Match>);

impl Best {
    /// Length 0 is no match.
    fn offer(&mut self, kind: Kind, length: usize) {
        if length == 0 {
            return;
        }
        let better = match self.0 {
            None => true,
            Some((best, best_length)) => length > best_length || (length == best_length && kind < best),
        };
        if better {
            self.0 = Some((kind, length));
        }
    }

    /// One character of any sort, where nothing else matches.
    fn fallback(&mut self, kind: Kind) {
        if self.0.is_none() {
            self.0 = Some((kind, 1));
        }
    }
}
