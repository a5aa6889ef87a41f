//! `poc policy`: what AWS has to allow a deployer.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use super::export::account;
use super::{End, Global, HELP, written};
use crate::pipeline::{self, Failure, GithubWanted, PolicyWanted, Settings, Trusted, judge_repository};
use crate::ui::Ui;

const ABOUT: &str = "\
Prints the IAM policy of whoever works on this stage: it allows the calls that plan, deploy, rollback, status, diff, \
open, test, key, logs, unlock, doctor and teardown send for this deploy.yaml, on the things that it names, and nothing \
else; only what may do what, which the doctor asks IAM, it does not allow to ask. What deploy.yaml has not (a domain, a \
site, a usage plan, an image, managed policies), the policy does not allow; so before such a block is added, removed or \
renamed, give the deployer the new policy beside the old one. AWS is asked for the account and the hosted zone; with \
--account nothing is asked.

With --github, a role takes the place of keys: its trust policy, which takes the tokens of one branch or environment of \
one repository, a workflow that deploys as that role, and the commands that make the role.";

const EXAMPLES: &str = "\
Examples:
  poc policy > policy.json
  poc policy --account 123456789012 --stage dev
  poc policy --read-only                           for plan, status, diff and logs
  poc policy --github octocat/admission            what GitHub Actions need, shown
  poc policy --github octocat/admission --environment production --write";

/// Print the IAM policy that a deployer of this file needs
#[derive(Args, Debug)]
#[command(before_help = ABOUT, after_help = EXAMPLES, help_template = HELP)]
pub(super) struct PolicyArgs {
    /// The AWS account, instead of asking AWS whose the credentials are
    #[arg(long, value_name = "ID", value_parser = account)]
    account: Option<String>,

    /// For somebody who only looks: plan, status, diff, logs; it shows the values of API keys, too
    #[arg(long, conflicts_with = "github")]
    read_only: bool,

    /// Write the policy to this file instead of stdout
    #[arg(short, long, value_name = "FILE", conflicts_with = "github")]
    output: Option<PathBuf>,

    /// A repository on GitHub whose workflows are to deploy
    #[arg(long, value_name = "OWNER/REPO", value_parser = judge_repository)]
    github: Option<String>,

    /// The branch whose pushes deploy; main unless given
    #[arg(long, value_name = "NAME", value_parser = branch, requires = "github", conflicts_with = "environment")]
    branch: Option<String>,

    /// The environment of the repository that deploys, instead of a branch
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(), requires = "github")]
    environment: Option<String>,

    /// Put the files into the repository; nothing is overwritten
    #[arg(long, requires = "github")]
    write: bool,
}

pub(super) struct PolicySettings {
    run: Settings,
    wanted: PolicyWanted,
    output: Option<PathBuf>,
}

impl PolicyArgs {
    pub(super) fn resolve(self, global: Global) -> Result<PolicySettings, Failure> {
        if global.local && self.account.is_some() {
            return Err(super::usage("--local has an account of its own; leave out --account"));
        }
        let PolicyArgs { account, read_only, output, github, branch, environment, write } = self;
        let github = github.map(|repository| {
            let branch = || Trusted::Branch(branch.unwrap_or_else(|| "main".to_owned()));
            GithubWanted { repository, trusted: environment.map_or_else(branch, Trusted::Environment), write }
        });
        Ok(PolicySettings {
            run: global.resolve()?,
            wanted: PolicyWanted { account, reads: read_only, github },
            output,
        })
    }
}

pub(super) async fn run(ui: &Ui, settings: PolicySettings) -> Result<End, Failure> {
    let made = pipeline::policy(&settings.run, &settings.wanted, ui).await?;
    if made.github.is_none() {
        written(ui, settings.output.as_deref(), &made.policy)?;
    }
    ui.policy(&made);
    Ok(End::Done)
}

/// As git takes them, and so that nobody mistakes one for a pattern.
fn branch(text: &str) -> Result<String, String> {
    let refused = |letter: char| letter.is_whitespace() || letter.is_control() || "*?[\\^~:\"'".contains(letter);
    match text.is_empty() || text.contains(refused) || text.contains("..") {
        true => Err("give one branch, such as main".to_owned()),
        false => Ok(text.to_owned()),
    }
}
