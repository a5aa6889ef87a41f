//! The tokens of the template language: what the scanner hands to the parser.
//!
//! Kinds carry the names the language's own grammar gives them. Their order matters: where two kinds match the same
//! longest text, the one declared first wins.

/// A kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Eof,
    IndexLeft,
    IndexRight,
    LeftBracket,
    RightBracket,
    Comma,
    DoubleDot,
    Colon,
    LeftCurly,
    RightCurly,
    LeftParen,
    RightParen,
    MethodRightParen,
    EscapeDirective,
    SetDirective,
    /// `$`: more text follows in the same token.
    Dollar,
    /// `$!`
    DollarBang,
    TextblockStart,
    FormalCommentStart,
    MultiLineCommentStart,
    Hash,
    LineCommentStart,
    DoubleEscape,
    Escape,
    Text,
    LineComment,
    FormalComment,
    MultiLineComment,
    Textblock,
    /// A character of a comment, dropped.
    CommentChar,
    /// A character of a textblock, kept.
    TextblockChar,
    Whitespace,
    StringLiteral,
    True,
    False,
    Minus,
    Plus,
    Multiply,
    Divide,
    Modulus,
    And,
    Or,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Equal,
    NotEqual,
    Not,
    Assign,
    End,
    If,
    ElseIf,
    Else,
    Integer,
    Float,
    Word,
    BracketedWord,
    Identifier,
    Dot,
    ReferenceLeftCurly,
    ReferenceRightCurly,
    /// Ends a reference without being part of it.
    ReferenceTerminator,
    /// Ends what looked like a directive without being part of it.
    DirectiveTerminator,
    EmptyIndex,
}

impl Kind {
    /// Scanned as the beginning of a longer token.
    pub fn is_more(self) -> bool {
        matches!(
            self,
            Kind::Dollar
                | Kind::DollarBang
                | Kind::TextblockStart
                | Kind::FormalCommentStart
                | Kind::MultiLineCommentStart
                | Kind::Hash
                | Kind::TextblockChar
        )
    }

    /// May begin a statement: everything else ends the block that is being read.
    pub fn begins_statement(self) -> bool {
        matches!(self, Kind::If | Kind::SetDirective | Kind::EscapeDirective)
            || matches!(self, Kind::LineCommentStart | Kind::FormalComment | Kind::MultiLineComment)
            || matches!(
                self,
                Kind::Textblock | Kind::DoubleEscape | Kind::Word | Kind::BracketedWord | Kind::Identifier
            )
            || self.is_text()
    }

    /// Rendered as it stands when it occurs outside references and directives.
    pub fn is_text(self) -> bool {
        matches!(
            self,
            Kind::Text
                | Kind::Dot
                | Kind::RightParen
                | Kind::LeftParen
                | Kind::Integer
                | Kind::Float
                | Kind::StringLiteral
                | Kind::Escape
                | Kind::ReferenceLeftCurly
                | Kind::ReferenceRightCurly
                | Kind::EmptyIndex
        )
    }
}

/// A token, with the text it stands for.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub kind: Kind,
    /// The text, as later processing wants it: the parser trims escapes and prefixes off a reference's first token.
    pub image: String,
    /// `$`, `#` and backslashes scanned before the token that turned out to be plain text.
    pub special: String,
    /// Where the token begins, in characters from the start of the text.
    pub offset: usize,
}

impl Token {
    /// The token as it appears in the literal form of a node.
    pub fn literal(&self) -> String {
        if self.kind == Kind::MultiLineComment {
            return String::new();
        }
        format!("{}{}", self.special, self.image)
    }
}

/// The part of an abandoned token's text that is still printed: `#`, `$` and backslashes in front of `$`.
///
/// The reference implementation skips one character after such a run of backslashes; so does this.
pub(super) fn special_text(image: &str) -> String {
    let chars: Vec<char> = image.chars().collect();
    let mut kept = String::new();
    let mut i = 0;
    while i < chars.len() {
        match chars[i] {
            c @ ('#' | '$') => kept.push(c),
            '\\' => {
                let run = chars[i..].iter().take_while(|&&c| c == '\\').count();
                if chars.get(i + run) == Some(&'$') {
                    kept.extend(&chars[i..=i + run]);
                    i += run + 1;
                }
            }
            _ => {}
        }
        i += 1;
    }
    kept
}
