//! API Gateway's mapping templates: the Velocity Template Language, version 1.7, with `$input`, `$util`, `$context` and
//! `$stageVariables`.
//!
//! A template is parsed once ([`Template::parse`]) and rendered for any number of requests ([`Template::render`]). The
//! module is pure: it reads no clock, no file and no network, and the same request always gives the same text.
//!
//! ```
//! use poc::vtl::{Request, Template};
//!
//! let template = Template::parse(r#"{"gre": "$util.escapeJavaScript($input.params('gre'))"}"#)?;
//! let mut request = Request::default();
//! request.querystring.insert("gre".to_owned(), "720".into());
//! assert_eq!(template.render(&request)?.output, r#"{"gre": "720"}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ```text
//! text --scanner, lexer--> tokens --parser--> ast --render, methods--> text
//! ```
//!
//! | module | what it knows |
//! |---|---|
//! | `token`, `scanner`, `lexer` | which characters make which token in which of the language's lexical states |
//! | `parser`, `ast`, `literal` | statements, references, expressions, directives; what is wrong and where |
//! | `parameters` | which request parameters a template reads |
//! | `names` | which names in a template mean nothing |
//! | `hazards` | which references put text into JSON as it came |
//! | `render` | what each node does: output, variables, macros, loops |
//! | `methods` | Java's methods of strings, lists, maps and numbers, and `$input` and `$util` |
//! | `value`, `number`, `bigint`, `decimal`, `java`, `java_regex`, `cursor` | Java's values and how they print, compare and order |
//! | `json`, `jsonpath` | json-smart and JsonPath |
//! | `overrides` | that a template may override each parameter once |
//! | `limits` | what a template may ask for |
//!
//! What is API Gateway's own follows from one rule: **a reference that is null has the value `""`**, in output and as a
//! value. So an undefined reference prints as nothing, `$nope == ""` holds, and so does `#if($nope)`.
//!
//! # Limits
//!
//! Nothing a template or a request says makes this module panic, hang, or use the stack (2 MB are enough) or memory
//! without bound. A template has at most 300 KB, a `#foreach` 1,000 rounds (it then stops silently), a text 10 MB:
//! these are API Gateway's. Beyond those a render fails with [`RenderErrorKind::Limit`] after 2,000,000 steps, 64 MB of
//! text made in all, 200 levels of depth, 20 macros in one another, numbers of about 9,600 digits, or a regular
//! expression that tries too often.
//!
//! What is not there: `#parse` and `#include`, which API Gateway does not have; reflection (`$x.class`); halves of
//! surrogate pairs, which print as `?`; and [`JavaPattern`] knows neither names of characters nor most Unicode blocks.

mod ast;
mod bigint;
mod cursor;
mod decimal;
mod error;
mod hazards;
mod input;
mod java;
mod java_float;
mod java_regex;
mod json;
mod jsonpath;
mod lexer;
mod limits;
mod literal;
mod methods;
mod names;
mod number;
mod overrides;
mod parameters;
mod parser;
mod render;
mod scanner;
mod token;
mod value;

use std::rc::Rc;
use std::sync::Arc;

pub use error::{ParseError, Position, RenderError, RenderErrorKind};
pub use hazards::{Hazard, HazardKind};
pub use input::Request;
pub use java_regex::{JavaPattern, PatternError, PatternErrorKind, TooHard};
pub use names::{CONTEXT, Stranger, StrangerKind, members_of_context};
pub use parameters::{ParameterLocation, ParameterUse};

use input::Reads;
use overrides::Watched;
use parser::{Fault, Preparation};
use render::{Patterns, Renderer};
use value::{Key, Map};

/// A parsed template. It is shared by whoever renders it, on any thread; only the values of one render are not.
#[derive(Debug)]
pub struct Template {
    block: ast::Block,
    preparation: Arc<Preparation>,
    reads: Reads,
    /// Regular expressions that renders compiled.
    patterns: Patterns,
}

/// What a template made of a request.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    pub output: String,
    /// `$context.requestOverride`, if the template changed it.
    pub request_override: Option<serde_json::Value>,
    /// `$context.responseOverride`, if the template changed it.
    pub response_override: Option<serde_json::Value>,
    /// A parameter that the template overrode more than once, `responseOverride.header.X-A`: API Gateway answers that
    /// with a 5XX.
    pub overridden_twice: Option<String>,
}

const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Template>();
};

impl Template {
    /// Parses a template.
    ///
    /// # Errors
    ///
    /// Where the text is not in the language, or larger than API Gateway takes.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut preparation = Preparation::default();
        let block = parser::parse(text, &mut preparation)?;
        match preparation.fault.take() {
            Some(Fault::Parse(error)) => Err(error),
            fault => Ok(Self {
                block,
                preparation: Arc::new(Preparation { fault, ..preparation }),
                reads: Reads::of(text),
                patterns: Patterns::default(),
            }),
        }
    }

    /// All that keeps a text from being a template, in the order of the text and at most ten: empty where [`Template::parse`]
    /// takes it. What only follows from an earlier mistake is left away, as far as that can be told.
    pub fn faults(text: &str) -> Vec<ParseError> {
        parser::faults(text)
    }

    /// The request parameters the template reads, as far as its text shows, in the order of the text.
    pub fn parameters(&self) -> Vec<ParameterUse> {
        self.preparation.parameters.clone()
    }

    /// References that put text into the JSON this template makes as it came, in the order of the text. Of use where what
    /// comes out is meant to be JSON.
    pub fn hazards(&self) -> Vec<Hazard> {
        hazards::of(&self.block, &self.preparation)
    }

    /// Names that mean nothing, in the order of the text, for a stage that has these variables.
    pub fn strangers(&self, stage_variables: &[&str]) -> Vec<Stranger> {
        self.preparation.names.strangers(self.preparation.macros.keys(), stage_variables)
    }

    /// Why every render of this template fails, although it parses: a `#foreach` without arguments, for example.
    pub fn fault(&self) -> Option<&RenderError> {
        match &self.preparation.fault {
            Some(Fault::Render(error)) => Some(error),
            _ => None,
        }
    }

    /// Renders the template for a request.
    ///
    /// # Errors
    ///
    /// Where the template does what cannot be done, or asks for more than a render may have.
    pub fn render(&self, request: &Request) -> Result<Rendered, RenderError> {
        if let Some(fault) = self.fault() {
            return Err(fault.clone());
        }
        let context = self.reads.context.then(|| input::context(request));
        let variables = input::variables(request, context.as_ref(), self.reads);
        let preparation = Arc::clone(&self.preparation);
        let mut renderer = Renderer::new(preparation, input::Input::new(request), variables, &self.patterns);
        let Some(context) = context else {
            let output = renderer.run(&self.block)?;
            return Ok(Rendered { output, request_override: None, response_override: None, overridden_twice: None });
        };
        let before = overrides(&mut renderer, &context)?;
        let watched = Watched::begin(&context);
        let output = renderer.run(&self.block)?;
        let after = overrides(&mut renderer, &context)?;
        let [request_override, response_override] = changed(before, after);
        Ok(Rendered { output, request_override, response_override, overridden_twice: watched.twice() })
    }
}

/// The overrides in `$context`, as JSON.
fn overrides(renderer: &mut Renderer<'_>, context: &Rc<Map>) -> Result<[String; 2], RenderError> {
    let mut json = |name: &str| renderer.json_of(&context.get(&Key::text(name)));
    Ok([json("requestOverride")?, json("responseOverride")?])
}

/// Those of the overrides that changed.
fn changed(before: [String; 2], after: [String; 2]) -> [Option<serde_json::Value>; 2] {
    let [before_request, before_response] = before;
    let [request, response] = after;
    let difference = |before: String, after: String| {
        let value = || serde_json::from_str(&after).ok().filter(|value: &serde_json::Value| !value.is_null());
        if before == after { None } else { value() }
    };
    [difference(before_request, request), difference(before_response, response)]
}
