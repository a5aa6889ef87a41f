//! `poc init`: the first hour begins here.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::{End, Global, HELP, Interrupts, usage};
use crate::pipeline::{self, Failure, InitWanted, Template};
use crate::ui::Ui;

const ABOUT: &str = "\
Writes a small project that deploys as it stands: a commented deploy.yaml, two mapping templates, a handler that predicts \
what a flat costs, and checks. Where the directory of the function has a handler already (a function of the name \
lambda_handler or handler), deploy.yaml is written for it. On a terminal it asks for what it cannot know; nothing that is \
there is overwritten.";

const EXAMPLES: &str = "\
Examples:
  poc init                            here, with questions
  poc init flats                      in a new directory
  poc init flats --template node --region eu-west-1 --yes
  poc init --handler src              around the code that is in src";

/// Where a new project goes and where its code is, unless somebody says otherwise.
const REGION: &str = "us-east-1";
const CODE: &str = "app";

/// Begin a project that deploys as it stands
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct InitArgs {
    /// The directory to write it into; this one unless given
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    directory: PathBuf,

    /// What the function is written in
    #[arg(short, long, value_enum, value_name = "LANGUAGE")]
    template: Option<Language>,

    /// The project's name, which function, API and key are called after; the directory's unless given
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,

    /// The directory of the function's code; app unless given
    #[arg(long, value_name = "DIR", value_parser = pipeline::judge_code)]
    handler: Option<String>,

    /// Do not ask: take what is usual for what is not given
    #[arg(short, long)]
    yes: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Language {
    Python,
    Node,
    Rust,
    R,
}

impl Language {
    fn named(text: &str) -> Option<Language> {
        Language::from_str(text, true).ok()
    }

    fn template(self) -> Template {
        match self {
            Language::Python => Template::Python,
            Language::Node => Template::Node,
            Language::Rust => Template::Rust,
            Language::R => Template::R,
        }
    }
}

impl InitArgs {
    pub(super) fn resolve(self, global: Global, ui: &Ui, interrupts: &Interrupts) -> Result<InitWanted, Failure> {
        let given = global.region.clone();
        let settings = global.resolve()?;
        if settings.file != Path::new("deploy.yaml") {
            return Err(usage(
                "what init writes is called deploy.yaml; leave out --file, and name the directory: poc init DIR",
            ));
        }
        if settings.stage.is_some() {
            return Err(usage("init begins with the stage prod; leave out --stage, and name the stage in deploy.yaml"));
        }
        let asks = !self.yes && ui.can_ask();
        let ask = |question: &str, usual: &str, judge: &dyn Fn(&str) -> Result<String, String>| {
            let answer = ui.ask(question, usual, judge, &|| interrupts.happened());
            answer.ok_or_else(|| match interrupts.happened() {
                true => Failure::Interrupted,
                false => {
                    usage("the question was not answered; give --name, --region, --handler and --template, or --yes")
                }
            })
        };
        let own_name = pipeline::name_for(&self.directory);
        let name = match self.name {
            Some(name) => name,
            None if asks => ask("Name", &own_name, &name)?,
            None => own_name,
        };
        let region = match (given, environments_region()) {
            (Some(given), _) => region(&given).map_err(|why| usage(&format!("--region {given}: {why}")))?,
            (None, usual) if asks => {
                let usual = usual.and_then(|(_, usual)| region(&usual).ok());
                ask("AWS region", usual.as_deref().unwrap_or(REGION), &region)?
            }
            (None, Some((variable, usual))) => {
                region(&usual).map_err(|why| usage(&format!("{variable} is {usual}: {why}; give --region")))?
            }
            (None, None) => REGION.to_owned(),
        };
        let code = match self.handler {
            Some(code) => code,
            None if asks => ask("Directory of the function's code", CODE, &pipeline::judge_code)?,
            None => CODE.to_owned(),
        };
        let there = Template::of(&self.directory.join(&code));
        let template = match self.template {
            Some(language) => language.template(),
            None if asks && there.is_none() => {
                let known = |text: &str| match Language::named(text) {
                    Some(_) => Ok(text.to_owned()),
                    None => Err("one of python, node, rust, r".to_owned()),
                };
                let named = ask("Language (python, node, rust, r)", "python", &known)?;
                Language::named(&named).unwrap_or(Language::Python).template()
            }
            None => there.unwrap_or(Template::Python),
        };
        Ok(InitWanted { directory: self.directory, template, name, region, code })
    }
}

fn environments_region() -> Option<(&'static str, String)> {
    let variables = ["AWS_REGION", "AWS_DEFAULT_REGION"].into_iter();
    variables.filter_map(|name| Some((name, std::env::var(name).ok()?))).find(|(_, region)| !region.is_empty())
}

pub(super) fn run(ui: &Ui, wanted: &InitWanted) -> Result<End, Failure> {
    let made = pipeline::init(wanted)?;
    ui.initialised(&made);
    Ok(End::Done)
}

fn name(text: &str) -> Result<String, String> {
    pipeline::judge_name(text).map(|()| text.to_owned())
}

fn region(text: &str) -> Result<String, String> {
    pipeline::judge_region(text).map(|()| text.to_owned())
}
