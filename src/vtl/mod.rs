//! API Gateway's mapping template language.
mod ast;
mod bigint;
mod decimal;
pub mod error;
mod java;
mod lexer;
mod limits;
mod literal;
mod number;
mod parameters;
mod parser;
mod scanner;
mod token;
pub use error::{ParseError, Position, RenderError, RenderErrorKind};
pub use parameters::{ParameterLocation, ParameterUse};

/// A parsed template.
pub struct Template {
    pub(crate) block: ast::Block,
    prep: parser::Preparation,
}
impl Template {
    pub fn parse(text: &str) -> Result<Template, ParseError> {
        let mut prep = parser::Preparation::default();
        let block = parser::parse(text, &mut prep)?;
        if let Some(parser::Fault::Parse(e)) = &prep.fault {
            return Err(e.clone());
        }
        Ok(Template { block, prep })
    }
    pub fn parameters(&self) -> Vec<ParameterUse> {
        self.prep.parameters.clone()
    }
}
