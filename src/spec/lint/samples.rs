//! Texts that a regular expression matches, made from its own text. What is too clever for this reader gives none, and the
//! real engine has the last word on each.

use crate::vtl::JavaPattern;

/// More alternatives than this are not gone through.
const MOST: usize = 24;
const DEEPEST: usize = 12;

/// Short texts that the pattern matches as a whole. `.*` stands for nothing in them.
pub(super) fn of(pattern: &str, compiled: &JavaPattern) -> Vec<String> {
    let mut reader = Reader { text: pattern.chars().collect(), at: 0, depth: 0 };
    let made = reader.alternatives().filter(|_| reader.at == reader.text.len()).unwrap_or_default();
    made.into_iter().filter(|text| compiled.matches_whole(text) == Ok(true)).collect()
}

struct Reader {
    text: Vec<char>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn skip(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn alternatives(&mut self) -> Option<Vec<String>> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut all = self.sequence()?;
        while self.skip('|') {
            all.extend(self.sequence()?);
        }
        all.truncate(MOST);
        self.depth -= 1;
        Some(all)
    }

    fn sequence(&mut self) -> Option<Vec<String>> {
        let mut texts = vec![String::new()];
        while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
            let piece = self.piece(c)?;
            let times = self.times()?;
            let choices: Vec<String> = match times {
                0 => vec![String::new()],
                n => piece.into_iter().map(|one| one.repeat(n)).collect(),
            };
            let joined = texts.iter().flat_map(|text| choices.iter().map(move |choice| format!("{text}{choice}")));
            texts = joined.take(MOST).collect();
        }
        Some(texts)
    }

    fn piece(&mut self, c: char) -> Option<Vec<String>> {
        self.at += 1;
        Some(match c {
            '.' => vec!["x".to_owned()],
            '^' | '$' => vec![String::new()],
            '(' => {
                if self.skip('?') {
                    match self.peek()? {
                        ':' => self.at += 1,
                        // Flags for all that follows, like (?s).
                        flag if flag.is_ascii_alphabetic() => {
                            while self.peek()?.is_ascii_alphabetic() {
                                self.at += 1;
                            }
                            return self.skip(')').then(|| vec![String::new()]);
                        }
                        _ => return None,
                    }
                }
                let inner = self.alternatives()?;
                self.skip(')').then_some(inner)?
            }
            '[' => vec![self.class()?],
            '\\' => vec![self.escape()?],
            '*' | '+' | '?' | '{' => return None,
            c => vec![c.to_string()],
        })
    }

    fn escape(&mut self) -> Option<String> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            'd' => "4".to_owned(),
            'w' | 'S' | 'D' | 'W' => if c == 'W' { "-" } else { "x" }.to_owned(),
            's' | 'h' => " ".to_owned(),
            'n' | 'R' => "\n".to_owned(),
            't' => "\t".to_owned(),
            'b' | 'B' => String::new(),
            'Q' => {
                let rest: String = self.text[self.at..].iter().collect();
                let end = rest.find("\\E")?;
                self.at += rest[..end].chars().count() + 2;
                rest[..end].to_owned()
            }
            c if c.is_ascii_alphanumeric() => return None,
            c => c.to_string(),
        })
    }

    /// The first character of a class.
    fn class(&mut self) -> Option<String> {
        let negated = self.skip('^');
        let mut members = Vec::new();
        while let Some(c) = self.peek().filter(|c| *c != ']' || members.is_empty()) {
            self.at += 1;
            match c {
                '[' | '&' => return None,
                '\\' => members.push(self.escape()?.chars().next()?),
                c => members.push(c),
            }
        }
        if !self.skip(']') {
            return None;
        }
        let outside = ['x', '7', ' ', '-'].into_iter().find(|c| !members.contains(c));
        let chosen = if negated { outside } else { members.first().copied() };
        chosen.map(String::from)
    }

    /// How often the piece before is repeated: as few times as may be, once where none would do.
    fn times(&mut self) -> Option<usize> {
        let times = match self.peek() {
            Some('*' | '?') => 0,
            Some('+') => 1,
            Some('{') => {
                let rest: String = self.text[self.at + 1..].iter().take_while(|c| **c != '}').collect();
                self.at += rest.chars().count() + 1;
                rest.split(',').next()?.parse::<usize>().ok().filter(|n| *n < 64)?
            }
            _ => return Some(1),
        };
        self.at += 1;
        // Lazy or possessive.
        let _ = self.skip('?') || self.skip('+');
        Some(times)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn made(pattern: &str, texts: &[&str]) {
        let compiled = JavaPattern::compile(pattern).expect("it is a pattern");
        assert_eq!(of(pattern, &compiled), texts, "{pattern}");
    }

    #[test]
    fn texts_that_match() {
        made(".*Error.*", &["Error"]);
        made("(\\n|.)+", &["\n", "x"]);
        made("\\[(BadRequest|NotFound)\\].*", &["[BadRequest]", "[NotFound]"]);
        made(".*\"httpStatus\": ?4\\d{2}.*", &["\"httpStatus\":444"]);
        made("(?s).*[Tt]imed out after [0-9.]+ s", &["Timed out after 0 s"]);
        made("\\Qa.b\\E", &["a.b"]);
        made("(?i)not found", &["not found"]);
    }

    #[test]
    fn what_is_too_clever_gives_none() {
        made("(?=a)a", &[]);
        made("(a)\\1", &[]);
        made("[a-z&&[^b]]", &[]);
    }
}
