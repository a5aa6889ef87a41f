//! A pattern of Java's as one of `fancy-regex`.
//!
//! Each flag is worked into what it bears on, so the translation has none; every class is spelled out, every group is
//! numbered. What Java refuses is refused.

use std::collections::HashMap;

use super::class::folds_ascii;
use super::fault::{PatternError, invalid, unsupported};
use super::property;
use super::reader::{Reader, Token};

/// Groups in groups.
const DEPTH: usize = 100;

/// What a pattern may match at most, where it says how much: it bounds loops that consume nothing.
const SIZE: u64 = 1_000_000;

const LINE_ENDS: &str = "\\x{a}\\x{d}\\x{85}\\x{2028}\\x{2029}";

#[derive(Debug, Default)]
pub(super) struct Translated {
    pub text: String,
    /// Where the pattern ends in `$`: the length of `text` without it. A whole match ends there anyway.
    pub before_end: Option<usize>,
    pub names: HashMap<String, usize>,
    pub work: Work,
    /// The text itself, where the pattern matches nothing else.
    pub literal: Option<String>,
}

/// How much a match may take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Work {
    /// It grows with the text alone, but for `$` and its like, which are tried one place after another.
    #[default]
    Even,
    /// Groups that look around, are atomic or are referred to: each may be tried in many ways.
    Tried,
    /// Such a group is repeated: each round may go through the whole text without being given up.
    Repeated,
}

pub(super) fn translate(pattern: &str) -> Result<Translated, PatternError> {
    let first = Translator::new(pattern, usize::MAX);
    let (translated, groups, forward) = first.run()?;
    if !forward {
        return Ok(translated);
    }
    Ok(Translator::new(pattern, groups).run()?.0)
}

pub(super) struct Translator {
    pub reader: Reader,
    names: HashMap<String, usize>,
    /// Groups opened so far.
    groups: usize,
    /// How many groups the whole pattern has, once that is known.
    all_groups: usize,
    /// A reference to a group that is not there yet was seen.
    forward: bool,
    before_end: bool,
    /// Something was seen that matches no bounded number of characters, in Java's eyes.
    endless: bool,
    work: Work,
    /// The text that the pattern is, as long as it is nothing but text.
    literal: Option<String>,
}

/// What stands after a backslash.
pub(super) enum Escape {
    Char(char),
    /// A set of characters, as within a class's brackets.
    Set(String),
    Node(Piece),
}

/// A piece of the translation.
pub(super) struct Piece {
    text: String,
    /// The most characters it matches.
    size: u64,
    /// How a repetition is to be taken.
    repeats: Repeats,
    /// The one character that it is.
    literal: Option<char>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Usual,
    /// It needs brackets first.
    Grouped,
    /// It matches no character: once is as good as often.
    Assertion,
}

impl Piece {
    fn one(text: impl Into<String>) -> Self {
        Self { text: text.into(), size: 1, repeats: Repeats::Usual, literal: None }
    }

    fn assertion(text: impl Into<String>) -> Self {
        Self { text: text.into(), size: 0, repeats: Repeats::Assertion, literal: None }
    }
}

impl Translator {
    fn new(pattern: &str, all_groups: usize) -> Self {
        Self {
            reader: Reader::new(pattern),
            names: HashMap::new(),
            groups: 0,
            all_groups,
            forward: false,
            before_end: false,
            endless: false,
            work: Work::Even,
            literal: Some(String::new()),
        }
    }

    /// The translation, the number of its groups, and whether it has to be done again, knowing that number.
    fn run(mut self) -> Result<(Translated, usize, bool), PatternError> {
        let (text, _) = self.alternatives(0)?;
        if !self.reader.at_end() {
            return Err(invalid("a `)` closes nothing").help("write \\) for the character itself"));
        }
        let before_end = self.before_end.then(|| text.len() - DOLLAR.len());
        Ok((
            Translated { text, before_end, names: self.names, work: self.work, literal: self.literal },
            self.groups,
            self.forward,
        ))
    }

    /// Everything up to the end of a group, and the most characters it matches.
    fn alternatives(&mut self, depth: usize) -> Result<(String, u64), PatternError> {
        let mut text = String::new();
        let mut most = 0;
        loop {
            let (sequence, size) = self.sequence(depth)?;
            text += &sequence;
            most = size.max(most);
            if !self.reader.eat('|') {
                return Ok((text, most));
            }
            text.push('|');
            self.literal = None;
        }
    }

    fn sequence(&mut self, depth: usize) -> Result<(String, u64), PatternError> {
        let mut text = String::new();
        let mut most = 0_u64;
        loop {
            let piece = match self.reader.peek() {
                None | Some(Token::Bare('|' | ')')) => return Ok((text, most)),
                // what repeats nothing, repeats an empty text
                Some(Token::Bare('{')) => Piece::assertion(""),
                _ => match self.atom(depth)? {
                    Some(piece) => piece,
                    None => continue,
                },
            };
            let dollar = piece.text == DOLLAR;
            let piece = self.repeated(piece)?;
            match piece.literal {
                Some(c) if depth == 0 => self.literal.iter_mut().for_each(|text| text.push(c)),
                _ => self.literal = None,
            }
            most = most.saturating_add(piece.size);
            text += &piece.text;
            self.before_end = dollar && piece.text == DOLLAR && depth == 0 && self.reader.at_end();
        }
    }

    /// The next thing that can be repeated; none for flags, which are nothing.
    fn atom(&mut self, depth: usize) -> Result<Option<Piece>, PatternError> {
        let flags = self.reader.flags;
        let Some(token) = self.reader.next() else { return Ok(None) };
        let c = match token {
            Token::Bare(c) => c,
            Token::Quoted(c) => return Ok(Some(self.literal(c))),
        };
        Ok(Some(match c {
            '(' => return self.group(depth),
            '[' => {
                let set = self.class(0, true)?;
                self.set(&set)
            }
            '\\' => match self.escape(false)? {
                Escape::Char(c) => self.literal(c),
                Escape::Set(set) => self.set(&format!("[{set}]")),
                Escape::Node(piece) => piece,
            },
            '.' if flags.dot_all => Piece::one("(?s:.)"),
            '.' if flags.unix_lines => Piece::one("[^\\x{a}]"),
            '.' => Piece::one(format!("[^{LINE_ENDS}]")),
            '^' if flags.multiline && flags.unix_lines => Piece::assertion("(?:(?:\\A|(?<=\\x{a}))(?!\\z))"),
            '^' if flags.multiline => {
                Piece::assertion("(?:(?:\\A|(?<=[\\x{a}\\x{85}\\x{2028}\\x{2029}])|(?<=\\x{d})(?!\\x{a}))(?!\\z))")
            }
            '^' => Piece::assertion("\\A"),
            '$' if flags.multiline && flags.unix_lines => Piece::assertion("(?:\\z|(?=\\x{a}))"),
            '$' if flags.multiline => {
                Piece::assertion("(?:\\z|(?=[\\x{d}\\x{85}\\x{2028}\\x{2029}])|(?<!\\x{d})(?=\\x{a}))")
            }
            '$' if flags.unix_lines => Piece::assertion("(?=\\x{a}?\\z)"),
            '$' => Piece::assertion(DOLLAR),
            '*' | '+' | '?' => {
                return Err(invalid(format!("`{c}` has nothing to repeat"))
                    .help("write a backslash before it for the character itself"));
            }
            c => self.literal(c),
        }))
    }

    fn literal(&self, c: char) -> Piece {
        let flags = self.reader.flags;
        if flags.ignore_case && flags.unicode_case {
            return Piece::one(format!("(?i:{})", escaped(c)));
        }
        if folds_ascii(flags) && c.is_ascii_alphabetic() {
            return Piece::one(format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase()));
        }
        Piece { literal: Some(c), ..Piece::one(escaped(c)) }
    }

    fn set(&self, set: &str) -> Piece {
        let flags = self.reader.flags;
        if flags.ignore_case && flags.unicode_case { Piece::one(format!("(?i:{set})")) } else { Piece::one(set) }
    }

    // -------------------------------------------------------------------------------------------------- repetitions

    fn repeated(&mut self, mut piece: Piece) -> Result<Piece, PatternError> {
        let (least, most) = match self.reader.peek() {
            Some(Token::Bare('?')) => (0, Some(1)),
            Some(Token::Bare('*')) => (0, None),
            Some(Token::Bare('+')) => (1, None),
            Some(Token::Bare('{')) => {
                self.reader.next();
                let counts = self.counts()?;
                self.reader.back();
                counts
            }
            _ => return Ok(piece),
        };
        self.reader.next();
        let possessive = self.reader.eat('+');
        let lazy = !possessive && self.reader.eat('?');
        let most = most.filter(|&most| most <= SIZE);
        let size = piece.size.saturating_mul(most.unwrap_or(least).max(least).max(1));
        if size > SIZE || least > SIZE {
            return Err(unsupported("it repeats too much"));
        }
        if piece.repeats == Repeats::Assertion || piece.size == 0 {
            return Ok(match (least, piece.text.contains('(')) {
                (0, true) => Piece { text: format!("(?:{}|)", piece.text), ..piece },
                (0, false) => Piece { text: String::new(), ..piece },
                _ => piece,
            });
        }
        let simple = piece.size == 1 && !piece.text.contains('|');
        self.endless |= most.is_none() && !simple;
        if piece.text.starts_with("(?:\\x{d}\\x{a}|") {
            // a line end that is repeated is not taken apart
            piece.text.replace_range(..3, "(?>");
        }
        let mut text = if piece.repeats == Repeats::Grouped { format!("(?:{})", piece.text) } else { piece.text };
        text += &match (least, most) {
            (0, None) => "*".to_owned(),
            (1, None) => "+".to_owned(),
            (0, Some(1)) => "?".to_owned(),
            (least, None) => format!("{{{least},}}"),
            (least, Some(most)) => format!("{{{least},{most}}}"),
        };
        if lazy {
            text.push('?');
        }
        if most != Some(1) && ["(?=", "(?!", "(?<", "(?>"].iter().any(|group| text.contains(group)) {
            self.work = Work::Repeated;
        }
        let text = if possessive {
            self.work = self.work.max(Work::Tried);
            format!("(?>{text})")
        } else {
            text
        };
        Ok(Piece { text, size, repeats: Repeats::Grouped, literal: None })
    }

    /// `2}`, `2,}` or `2,3}`; the brace is open.
    fn counts(&mut self) -> Result<(u64, Option<u64>), PatternError> {
        let wrong = || {
            invalid("`{` stands where Java wants a repetition like {2} or {2,5}")
                .help("write \\{ for the character itself")
        };
        let least = self.count()?.ok_or_else(wrong)?;
        let most = if self.reader.eat(',') { self.count()? } else { Some(least) };
        if !self.reader.eat('}') {
            return Err(invalid("a repetition is not closed").help("write \\{ for the character itself"));
        }
        if most.is_some_and(|most| most < least) {
            return Err(invalid("a repetition ends before it begins"));
        }
        Ok((least, most))
    }

    fn count(&mut self) -> Result<Option<u64>, PatternError> {
        let mut count = None;
        while let Some(Token::Bare(c)) = self.reader.peek()
            && let Some(digit) = c.to_digit(10)
        {
            let value = count.unwrap_or(0) * 10 + u64::from(digit);
            if value > 0x7fff_ffff {
                return Err(invalid("a repetition's number is too large"));
            }
            count = Some(value);
            self.reader.next();
        }
        Ok(count)
    }

    // ------------------------------------------------------------------------------------------------------- groups

    /// A group, after its opening parenthesis.
    fn group(&mut self, depth: usize) -> Result<Option<Piece>, PatternError> {
        if depth >= DEPTH {
            return Err(unsupported("its groups nest too deep"));
        }
        let saved = self.reader.flags;
        let mut head = "(";
        let mut look = false;
        let outside = std::mem::take(&mut self.endless);
        if self.reader.eat('?') {
            match self.reader.raw() {
                Some(':') => head = "(?:",
                Some('>') => head = "(?>",
                Some(c @ ('=' | '!')) => {
                    head = if c == '=' { "(?=" } else { "(?!" };
                    look = true;
                }
                Some('<') => match self.reader.raw() {
                    Some(c @ ('=' | '!')) => {
                        head = if c == '=' { "(?<=" } else { "(?<!" };
                        look = true;
                    }
                    first => self.name(first)?,
                },
                first => {
                    if self.flags(first)? {
                        self.endless = outside;
                        return Ok(None);
                    }
                    head = "(?:";
                }
            }
        }
        if head == "(" {
            self.groups += 1;
        }
        let (inside, size) = self.alternatives(depth + 1)?;
        if !self.reader.eat(')') {
            return Err(invalid("a group is not closed"));
        }
        self.reader.flags = saved;
        if self.endless && head.starts_with("(?<") {
            return Err(invalid("a look-behind has no obvious maximum length"));
        }
        // what a look-around matches does not count for the one around it
        self.endless = outside || self.endless && !look;
        if look || head == "(?>" {
            self.work = self.work.max(Work::Tried);
        }
        let text = format!("{head}{inside})");
        Ok(Some(if look {
            Piece::assertion(text)
        } else {
            Piece { text, size, repeats: Repeats::Usual, literal: None }
        }))
    }

    /// The name of a group, after `(?<`.
    fn name(&mut self, first: Option<char>) -> Result<(), PatternError> {
        let name = self.identifier(first)?;
        let number = self.groups + 1;
        if self.names.insert(name.clone(), number).is_some() {
            return Err(invalid(format!("two groups are named `{name}`")));
        }
        Ok(())
    }

    fn identifier(&mut self, first: Option<char>) -> Result<String, PatternError> {
        let mut name: String = first
            .filter(char::is_ascii_alphabetic)
            .ok_or_else(|| invalid("a group's name begins with a letter"))?
            .into();
        loop {
            match self.reader.raw() {
                Some('>') => return Ok(name),
                Some(c) if c.is_ascii_alphanumeric() => name.push(c),
                _ => return Err(invalid(format!("the name of the group `{name}` is not closed with `>`"))),
            }
        }
    }

    /// Flags, after `(?`: whether they are a group of their own, which bears on what follows it.
    fn flags(&mut self, first: Option<char>) -> Result<bool, PatternError> {
        let mut next = first;
        let mut on = true;
        if next == Some('P') {
            return Err(invalid("`(?P…` is Python's; Java does not know it").help("write (?<name>…) and \\k<name>"));
        }
        loop {
            match next {
                Some(')') => return Ok(true),
                Some(':') => return Ok(false),
                Some('-') if on => on = false,
                Some(flag) => self.reader.flags.set(flag, on)?,
                None => return Err(invalid("a group is not closed")),
            }
            next = self.reader.raw();
        }
    }

    // ------------------------------------------------------------------------------------------------------ escapes

    /// What stands after a backslash.
    pub(super) fn escape(&mut self, in_class: bool) -> Result<Escape, PatternError> {
        let flags = self.reader.flags;
        let Some(c) = self.reader.raw() else {
            return Err(invalid("it ends in a lone backslash").help("write \\\\ for the character itself"));
        };
        let set = |set: &str| Ok(Escape::Set(set.to_owned()));
        let node = |piece: Piece| Ok(Escape::Node(piece));
        let but = |set: &str| Ok(Escape::Set(format!("[^{set}]")));
        let [digit, word, space] = if flags.unicode_classes {
            ["\\p{Nd}", property::WORD, "\\p{White_Space}"]
        } else {
            ["0-9", "a-zA-Z0-9_", "\\x{20}\\x{9}-\\x{d}"]
        };
        const HORIZONTAL: &str = "\\x{20}\\x{9}\\x{a0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}";
        const VERTICAL: &str = "\\x{a}-\\x{d}\\x{85}\\x{2028}\\x{2029}";
        match c {
            'd' => set(digit),
            'w' => set(word),
            's' => set(space),
            'h' => set(HORIZONTAL),
            // at the beginning of a range it is the one character that it was before Java 8
            'v' if in_class && self.reader.peek_raw() == Some('-') => Ok(Escape::Char('\u{b}')),
            'v' => set(VERTICAL),
            'D' => but(digit),
            'W' => but(word),
            'S' => but(space),
            'H' => but(HORIZONTAL),
            'V' => but(VERTICAL),
            'R' if !in_class => node(Piece {
                text: format!("(?:\\x{{d}}\\x{{a}}|[{VERTICAL}])"),
                size: 2,
                repeats: Repeats::Usual,
                literal: None,
            }),
            'X' if !in_class => node(Piece::one("(?>\\x{d}\\x{a}|\\P{M}\\p{M}*|\\p{M}+)")),
            'Z' if !in_class && flags.unix_lines => node(Piece::assertion("(?=\\x{a}?\\z)")),
            'Z' if !in_class => node(Piece::assertion(DOLLAR)),
            'b' if !in_class && self.reader.ahead(3) == "{g}" => Err(unsupported("\\b{g} is not known here")),
            'A' | 'z' | 'b' | 'B' | 'G' if !in_class => node(Piece::assertion(format!("\\{c}"))),
            'k' if !in_class => self.named_reference(),
            '1'..='9' if !in_class => Ok(Escape::Node(self.reference(c))),
            'N' => Err(match (self.reader.raw(), self.reader.braced()) {
                (Some('{'), Some(_)) => unsupported("names of characters are not known here"),
                _ => invalid("`\\N` is not followed by {NAME}"),
            }),
            'p' | 'P' => self.property(c),
            't' => Ok(Escape::Char('\t')),
            'n' => Ok(Escape::Char('\n')),
            'r' => Ok(Escape::Char('\r')),
            'f' => Ok(Escape::Char('\u{c}')),
            'a' => Ok(Escape::Char('\u{7}')),
            'e' => Ok(Escape::Char('\u{1b}')),
            '0' => self.octal(),
            'x' => self.hexadecimal(2),
            'u' => self.hexadecimal(4),
            'c' => {
                let control = self.reader.raw().and_then(|c| char::from_u32(u32::from(c) ^ 64));
                control.map(Escape::Char).ok_or_else(|| invalid("`\\c` is not followed by a character"))
            }
            c if c.is_ascii_alphanumeric() => Err(invalid(format!("`\\{c}` means nothing in Java"))
                .help("remove the backslash, or write \\\\ for the character itself")),
            c => Ok(Escape::Char(c)),
        }
    }

    fn named_reference(&mut self) -> Result<Escape, PatternError> {
        if self.reader.raw() != Some('<') {
            return Err(invalid("`\\k` is not followed by <name>").help("write \\k<name>"));
        }
        let first = self.reader.raw();
        let name = self.identifier(first)?;
        match self.names.get(&name) {
            Some(number) => {
                let number = *number;
                Ok(Escape::Node(self.back_reference(number)))
            }
            None => Err(invalid(format!("no group before `\\k<{name}>` is named so"))),
        }
    }

    /// A reference by number, which goes on as long as there are so many groups.
    fn reference(&mut self, first: char) -> Piece {
        let mut number = first.to_digit(10).unwrap_or_default() as usize;
        while let Some(digit) = self.reader.peek_raw().and_then(|c| c.to_digit(10)) {
            let longer = number * 10 + digit as usize;
            if longer > self.groups {
                break;
            }
            number = longer;
            self.reader.raw();
        }
        self.forward |= number > self.groups;
        self.back_reference(number)
    }

    fn back_reference(&mut self, number: usize) -> Piece {
        self.endless = true;
        self.work = self.work.max(Work::Tried);
        // what is not there matches nothing
        if number > self.all_groups || self.all_groups == usize::MAX && number > self.groups {
            return Piece::one("[a&&b]");
        }
        let flag = if self.reader.flags.ignore_case { "i" } else { "" };
        Piece { text: format!("(?{flag}:\\{number})"), size: 1, repeats: Repeats::Usual, literal: None }
    }

    fn property(&mut self, kind: char) -> Result<Escape, PatternError> {
        let name = match self.reader.raw() {
            Some('{') => self
                .reader
                .braced()
                .ok_or_else(|| invalid(format!("`\\{kind}{{` is not closed")).help("write \\p{Alpha}"))?,
            Some(c) => c.to_string(),
            None => return Err(invalid(format!("`\\{kind}` is not followed by a property")).help("write \\p{Alpha}")),
        };
        let set = property::characters(&name, self.reader.flags)?;
        Ok(Escape::Set(if kind == 'p' { set } else { format!("[^{set}]") }))
    }

    fn hexadecimal(&mut self, digits: usize) -> Result<Escape, PatternError> {
        let wrong = || invalid("a hexadecimal escape is not complete").help("write \\x41 or \\u0041");
        let mut value = 0_u32;
        if digits == 2 && self.reader.peek_raw() == Some('{') {
            self.reader.raw();
            let text = self.reader.braced().filter(|text| !text.is_empty()).ok_or_else(wrong)?;
            for c in text.chars() {
                value = (value * 16 + c.to_digit(16).ok_or_else(wrong)?).min(0x11_0000);
            }
        } else {
            for _ in 0..digits {
                value = value * 16 + self.reader.raw().and_then(|c| c.to_digit(16)).ok_or_else(wrong)?;
            }
            if (0xd800..0xdc00).contains(&value) && self.reader.ahead(2) == "\\u" {
                self.reader.skip();
                self.reader.skip();
                let low = self.reader.ahead(4);
                let low = u32::from_str_radix(&low, 16).ok().filter(|low| (0xdc00..0xe000).contains(low));
                if let Some(low) = low {
                    (0..4).for_each(|_| self.reader.skip());
                    value = 0x1_0000 + ((value - 0xd800) << 10) + (low - 0xdc00);
                }
            }
        }
        match char::from_u32(value) {
            Some(c) => Ok(Escape::Char(c)),
            None if value < 0x11_0000 => Err(unsupported("half a surrogate pair is not known here")),
            None => Err(invalid("a hexadecimal escape is too large")),
        }
    }

    fn octal(&mut self) -> Result<Escape, PatternError> {
        let digit = |c: Option<char>| c.and_then(|c| c.to_digit(8));
        let mut value = digit(self.reader.raw()).ok_or_else(|| invalid("`\\0` is not followed by octal digits"))?;
        for _ in 0..2 {
            match digit(self.reader.peek_raw()) {
                Some(digit) if value * 8 + digit <= 0o377 => {
                    value = value * 8 + digit;
                    self.reader.raw();
                }
                _ => break,
            }
        }
        char::from_u32(value).map(Escape::Char).ok_or_else(|| invalid("an octal escape is too large"))
    }
}

/// `$` without flags: at the end, or before a line end that is the last thing.
const DOLLAR: &str = "(?:\\z|(?=\\x{d}\\x{a}\\z)|(?=[\\x{d}\\x{85}\\x{2028}\\x{2029}]\\z)|(?<!\\x{d})(?=\\x{a}\\z))";

fn escaped(c: char) -> String {
    if c.is_ascii_alphanumeric() || !c.is_ascii() { c.to_string() } else { format!("\\x{{{:x}}}", u32::from(c)) }
}
