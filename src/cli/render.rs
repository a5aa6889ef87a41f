//! `poc render`: what does a mapping template make of a request?

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use super::{End, Global, HELP, input};
use crate::event::{Event, Reporter};
use crate::pipeline::{self, Failure, Render, RenderRequest};
use crate::ui::Ui;

const ABOUT: &str = "\
Renders a mapping template as API Gateway does and prints the text, exactly. Needs no deploy.yaml and sends \
nothing. What is not given is empty: parameters, $context, $stageVariables; no body is `{}`, as on AWS. What \
the template overrides ($context.requestOverride, $context.responseOverride) is told on stderr, with --json in \
the document. Exits with 2 where the template does not parse, with 1 where it fails while it is rendered.";

const EXAMPLES: &str = "\
Examples:
  poc render templates/admit/request.vtl --query gre=800 --query gpa=4 --query rank=1
  poc render templates/admit/error.vtl --body @error.json
  poc render t.vtl --request request.json --context context.json --json
  poc render --cases cases.json        an array of cases in, an array of results out

A file for --request holds {\"body\": TEXT, \"path\": {}, \"querystring\": {}, \"header\": {}}, all optional, and may \
hold \"context\" and \"stageVariables\". A case is {\"name\", \"template\", \"request\": {…}, \"context\", \"stageVariables\", \
\"vars\"}; its result {\"name\", \"output\"} or {\"name\", \"error\": \"parse\" or \"runtime\", \"message\"}, with \
\"requestOverride\" and \"responseOverride\" where the template changed them.";

/// Show what a mapping template makes of a request; needs no deploy.yaml
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct RenderArgs {
    /// The template; - for stdin
    #[arg(value_name = "TEMPLATE", required_unless_present = "cases")]
    template: Option<PathBuf>,

    /// The request as a JSON file; - for stdin
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,

    /// A query string parameter, for $input.params
    #[arg(long, value_name = "NAME=VALUE", value_parser = input::pair)]
    query: Vec<(String, String)>,

    /// A header, for $input.params
    #[arg(long, value_name = "NAME=VALUE", value_parser = input::pair)]
    header: Vec<(String, String)>,

    /// A path parameter, for $input.params
    #[arg(long, value_name = "NAME=VALUE", value_parser = input::pair)]
    path: Vec<(String, String)>,

    /// The payload: text, @FILE, or - for stdin
    #[arg(long, value_name = "BODY", allow_hyphen_values = true)]
    body: Option<String>,

    /// A JSON file with what $context holds; - for stdin
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,

    /// A stage variable, for $stageVariables
    #[arg(long, value_name = "NAME=VALUE", value_parser = input::pair)]
    stage_variable: Vec<(String, String)>,

    /// Render every case of a JSON array instead, and print the array of results; - for stdin
    #[arg(long, value_name = "FILE", conflicts_with_all = [
        "template", "request", "query", "header", "path", "body", "context", "stage_variable",
    ])]
    cases: Option<PathBuf>,
}

pub(super) enum RenderSettings {
    One(Box<Render>),
    Cases(String),
}

impl RenderArgs {
    pub(super) fn resolve(self, global: Global, ui: &Ui) -> Result<RenderSettings, Failure> {
        // Nothing is deployed or looked up here, but contradictions are told all the same.
        global.resolve()?;
        self.ensure_one_reads_stdin()?;
        if let Some(cases) = &self.cases {
            return Ok(RenderSettings::Cases(input::text(cases, ui)?));
        }
        // The command line's definition asks for one or the other.
        let path = self.template.clone().unwrap_or_default();
        let template = input::text(&path, ui)?;
        let request = self.request(ui)?;
        Ok(RenderSettings::One(Box::new(Render { path, template, request })))
    }

    fn ensure_one_reads_stdin(&self) -> Result<(), Failure> {
        let files = [&self.template, &self.request, &self.context, &self.cases];
        let dashes = files.into_iter().flatten().filter(|path| path.as_os_str() == "-").count();
        if dashes + usize::from(self.body.as_deref() == Some("-")) > 1 {
            return Err(super::usage("stdin can be read once; give - to one of them"));
        }
        Ok(())
    }

    /// What the file says, and over it what the options say.
    fn request(&self, ui: &Ui) -> Result<RenderRequest, Failure> {
        let mut request = match &self.request {
            None => RenderRequest::default(),
            Some(path) => {
                let wrong = |fault| Failure::Usage(format!("{}: {fault}", path.display()));
                let document = json(path, ui)?;
                for member in RenderRequest::unknown(&document) {
                    let known = "a request holds `body`, `path`, `querystring` and `header`";
                    ui.report(&Event::Note { text: format!("{}: `{member}` means nothing; {known}", path.display()) });
                }
                RenderRequest::from_json(&document).map_err(wrong)?
            }
        };
        if let Some(path) = &self.context {
            match json(path, ui)? {
                Value::Object(context) => request.context = context,
                _ => return Err(Failure::Usage(format!("{}: it is not a JSON object", path.display()))),
            }
        }
        if let Some(text) = &self.body {
            let bytes = input::body(text, ui)?;
            // API Gateway hands templates text: what is no UTF-8 becomes it.
            request.body = Some(String::from_utf8_lossy(&bytes).into_owned());
        }
        add(&mut request.querystring, &self.query);
        add(&mut request.header, &self.header);
        add(&mut request.path, &self.path);
        add(&mut request.stage_variables, &self.stage_variable);
        Ok(request)
    }
}

fn json(path: &Path, ui: &Ui) -> Result<Value, Failure> {
    let text = input::text(path, ui)?;
    serde_json::from_str(&text).map_err(|fault| Failure::Usage(format!("{} is not JSON: {fault}", path.display())))
}

fn add(to: &mut Map<String, Value>, pairs: &[(String, String)]) {
    to.extend(pairs.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))));
}

pub(super) fn run(ui: &Ui, settings: RenderSettings) -> Result<End, Failure> {
    match settings {
        RenderSettings::One(render) => ui.rendered(&pipeline::render(*render)?),
        RenderSettings::Cases(text) => ui.results(&pipeline::render_cases(&text)?),
    }
    Ok(End::Done)
}
