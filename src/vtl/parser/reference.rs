//! References: `$x`, `$!x`, `${x}`, their properties, methods and indexes, and the escapes in front of them.

use super::{Kind, Parsed, Parser};
use crate::vtl::ast::{Reference, Step};
use crate::vtl::parameters;

impl Parser<'_> {
    /// Whether a reference is next.
    pub(super) fn at_reference(&mut self) -> Parsed<bool> {
        Ok(matches!(self.peek()?, Kind::Identifier | Kind::ReferenceLeftCurly))
    }

    /// A reference; its first token is next.
    pub(super) fn reference(&mut self) -> Parsed<Reference> {
        let first = self.next;
        let formal = self.skip(Kind::ReferenceLeftCurly)?;
        self.expect(Kind::Identifier, "a name after ${")?;
        let mut steps = Vec::new();
        self.indexes(&mut steps)?;
        while self.peek()? == Kind::Dot && self.peek_at(1)? == Kind::Identifier {
            self.take()?;
            let step = if self.at_method()? { self.nested(Self::method)? } else { self.property()? };
            steps.push(step);
            self.indexes(&mut steps)?;
        }
        if formal {
            let at = self.position(first);
            self.expect(Kind::ReferenceRightCurly, &format!("}} to close ${{ at {at}"))?;
        }
        let reference = self.finish_reference(first, steps);
        self.preparation.parameters.extend(parameters::used_by(&reference));
        self.preparation.names.use_of(&reference);
        Ok(reference)
    }

    /// Whether what follows a dot is a method, as opposed to a property in front of a parenthesis.
    fn at_method(&mut self) -> Parsed<bool> {
        if self.peek_at(1)? != Kind::LeftParen {
            return Ok(false);
        }
        let third = self.peek_at(2)?;
        Ok(third == Kind::MethodRightParen || third == Kind::Whitespace || begins_value(third))
    }

    fn property(&mut self) -> Parsed<Step> {
        let name = self.expect(Kind::Identifier, "a property's name")?;
        Ok(Step::Property(self.image(name).to_owned()))
    }

    fn method(&mut self) -> Parsed<Step> {
        let name = self.expect(Kind::Identifier, "a method's name")?;
        self.expect(Kind::LeftParen, "( after the method's name")?;
        let mut arguments = Vec::new();
        if self.peek()? != Kind::MethodRightParen {
            arguments.push(self.parameter()?);
            while self.skip(Kind::Comma)? {
                arguments.push(self.parameter()?);
            }
        }
        self.expect(Kind::MethodRightParen, ", or ) in the arguments of a method")?;
        Ok(Step::Method(self.image(name).to_owned(), arguments))
    }

    fn indexes(&mut self, steps: &mut Vec<Step>) -> Parsed<()> {
        while self.skip(Kind::IndexLeft)? {
            self.skip(Kind::Whitespace)?;
            let index = self.nested(Self::index)?;
            self.skip(Kind::Whitespace)?;
            self.expect(Kind::IndexRight, "] to close the index")?;
            steps.push(Step::Index(index));
        }
        Ok(())
    }

    /// Takes the escapes and prefixes off the first token and decides what the rest is.
    fn finish_reference(&mut self, first: usize, steps: Vec<Step>) -> Reference {
        let at = self.position(first);
        let image = self.image(first).to_owned();
        let mut reference = Reference {
            at,
            text: String::new(),
            root: String::new(),
            steps,
            runt: false,
            escaped: false,
            computable: true,
            escape_prefix: String::new(),
            prefix: String::new(),
            null_string: String::new(),
        };
        if image.contains("\\!") {
            reference.root = without_one_backslash(&image);
            reference.null_string = self.literal_from(first);
            reference.computable = false;
            return reference;
        }
        let bare = image.trim_start_matches('\\');
        let backslashes = image.len() - bare.len();
        reference.escaped = !backslashes.is_multiple_of(2);
        reference.escape_prefix = "\\".repeat(backslashes / 2);
        let dollar = bare.rfind('$').unwrap_or(0);
        reference.prefix = bare[..dollar].to_owned();
        let head = &bare[dollar..];
        // whatever prints this reference's text, prints it without them
        self.tokens[first].image = head.to_owned();
        reference.null_string = self.literal_from(first);
        reference.text.clone_from(&reference.null_string);
        let quiet = head.starts_with("$!");
        if quiet && !reference.escaped {
            reference.null_string.clear();
        }
        reference.runt = !head.starts_with('$');
        reference.root = if head == "${" || head.starts_with("$!{") {
            self.image(first + 1).to_owned()
        } else {
            head.strip_prefix("$!").or_else(|| head.strip_prefix('$')).unwrap_or(head).to_owned()
        };
        reference
    }
}

/// Whether a value of a method's argument can begin with this.
pub(super) fn begins_value(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::StringLiteral
            | Kind::Integer
            | Kind::Float
            | Kind::LeftBracket
            | Kind::LeftCurly
            | Kind::True
            | Kind::False
            | Kind::Identifier
            | Kind::ReferenceLeftCurly
    )
}

/// `$\!x`: not a reference at all, and the last of the backslashes after the dollar goes.
fn without_one_backslash(image: &str) -> String {
    let Some(dollar) = image.find('$') else { return image.to_owned() };
    let Some(run) = image[dollar..].find('\\').map(|at| dollar + at) else { return image.to_owned() };
    format!("{}{}", &image[..run], &image[run + 1..])
}
