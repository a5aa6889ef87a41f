//! Going on after a mistake, so that all mistakes of a template are told at once: the text is taken up again on the next
//! line, as plain text. What would only follow from a mistake is not told: the `#end` of an `#if` that could not be read.

use super::directive::has_block;
use super::{Kind, Parsed, Parser};
use crate::vtl::ParseError;

/// More of them would be noise.
const MOST: usize = 10;

/// What was met so far.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    faults: Vec<ParseError>,
    /// Where the text was taken up again, in characters.
    resumed: usize,
    /// Blocks whose beginning could not be read and whose `#end` is still to come.
    orphans: usize,
}

impl Parser<'_> {
    /// All mistakes of a whole template.
    pub(super) fn all(mut self) -> Vec<ParseError> {
        loop {
            let first = self.next;
            let ended = self.statements().and_then(|_| self.nothing_more());
            let Err(error) = ended else { break };
            // Nobody recovers from the last one.
            if self.recover(first, error).is_err() {
                break;
            }
        }
        self.recovery.map(|recovery| recovery.faults).unwrap_or_default()
    }

    /// Notes the mistake in the statement that begins at the token `first`, and goes to the line after it.
    ///
    /// # Errors
    /// The mistake itself, where it is the one that ends the parse.
    pub(super) fn recover(&mut self, first: usize, error: ParseError) -> Parsed<()> {
        let opens = self.tokens.get(first).is_some_and(|token| match token.kind {
            Kind::If => true,
            Kind::Word | Kind::BracketedWord => has_block(token.image.trim_matches(['#', '{', '}'])),
            _ => false,
        });
        let Some(recovery) = &mut self.recovery else { return Err(error) };
        let resumed = self.lines.start_after(error.line);
        if recovery.faults.last().is_none_or(|last| last.line < error.line) {
            recovery.faults.push(error.clone());
        }
        if resumed <= recovery.resumed || recovery.faults.len() >= MOST {
            return Err(error);
        }
        recovery.resumed = resumed;
        recovery.orphans += usize::from(opens);
        self.tokens.truncate(self.next);
        self.lexer.resume(resumed);
        Ok(())
    }

    /// Takes what belongs to a block whose beginning could not be read; whether there was any.
    pub(super) fn skip_orphan(&mut self) -> Parsed<bool> {
        let kind = self.peek()?;
        let Some(recovery) = self.recovery.as_mut().filter(|recovery| recovery.orphans > 0) else { return Ok(false) };
        match kind {
            Kind::End => recovery.orphans -= 1,
            Kind::Else => {}
            Kind::ElseIf => {
                let token = self.take()?;
                let line = self.position(token).line;
                self.lexer.resume(self.lines.start_after(line));
                return Ok(true);
            }
            _ => return Ok(false),
        }
        self.take()?;
        Ok(true)
    }
}
