//! `poc init`: the first hour begins here.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{End, Global, HELP, Interrupts, usage};
use crate::pipeline::{self, Failure, InitWanted, Template};
use crate::ui::Ui;

const ABOUT: &str = "\
Writes a small project that deploys as it stands: a commented deploy.yaml, two mapping templates, a handler that predicts \
what a flat costs, and checks. On a terminal it asks for what it cannot know; nothing that is there is overwritten.";

const EXAMPLES: &str = "\
Examples:
  poc init                            here, with questions
  poc init flats                      in a new directory
  poc init flats --template node --region eu-west-1 --yes";

/// What a new project is called and where it goes, unless somebody says otherwise.
const REGION: &str = "us-east-1";

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
        let region = global.region.clone();
        global.resolve()?;
        let asks = !self.yes && ui.can_ask();
        let ask = |question: &str, usual: &str, judge: &dyn Fn(&str) -> Result<String, String>| {
            let answer = ui.ask(question, usual, judge, &|| interrupts.happened());
            answer.ok_or_else(|| match interrupts.happened() {
                true => Failure::Interrupted,
                false => usage("the question was not answered; give --name, --region and --template, or --yes"),
            })
        };
        let own_name = pipeline::name_for(&self.directory);
        let own_region = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| std::env::var(name).ok());
        let own_region = own_region.filter(|region| !region.is_empty()).unwrap_or_else(|| REGION.to_owned());
        let name = match self.name {
            Some(name) => name,
            None if asks => ask("Name", &own_name, &name)?,
            None => own_name,
        };
        let region = match region {
            Some(region) => region,
            None if asks => ask("AWS region", &own_region, &is_region)?,
            None => own_region,
        };
        let language = match self.template {
            Some(language) => language,
            None if asks => {
                let known = |text: &str| match Language::named(text) {
                    Some(_) => Ok(text.to_owned()),
                    None => Err("one of python, node, rust, r".to_owned()),
                };
                Language::named(&ask("Language (python, node, rust, r)", "python", &known)?).unwrap_or(Language::Python)
            }
            None => Language::Python,
        };
        Ok(InitWanted { directory: self.directory, template: language.template(), name, region })
    }
}

pub(super) fn run(ui: &Ui, wanted: &InitWanted) -> Result<End, Failure> {
    let made = pipeline::init(wanted)?;
    ui.initialised(&made);
    Ok(End::Done)
}

fn name(text: &str) -> Result<String, String> {
    pipeline::judge_name(text).map(|()| text.to_owned())
}

fn is_region(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|letter| letter.is_ascii_alphanumeric());
    match parts.len() >= 3 && parts.iter().all(letters) {
        true => Ok(text.to_owned()),
        false => Err("a region looks like eu-west-1".to_owned()),
    }
}
