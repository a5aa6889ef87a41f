//! GitHub Actions as the deployer, without a key that could be stolen: a role that trusts the tokens of one repository,
//! and the workflow that uses it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use crate::aws::github_trust;
use crate::pipeline::planted::{There, plant, there};
use crate::pipeline::spelled::{shell, yaml};
use crate::pipeline::{Failure, Settings, Target};
use crate::spec::Spec;
use crate::spec::model::{Dependencies, PackageSource};

/// Whom the role trusts, and whether the files are put into the repository.
#[derive(Clone, Debug)]
pub struct GithubWanted {
    /// `OWNER/REPO`.
    pub repository: String,
    pub trusted: Trusted,
    pub write: bool,
}

/// Whose runs may deploy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trusted {
    Branch(String),
    /// An environment of the repository, with whatever rules GitHub keeps it by.
    Environment(String),
}

/// What it takes, once.
#[derive(Clone, Debug, Serialize)]
pub struct Github {
    /// The `sub` of the tokens that the role trusts.
    pub subject: String,
    pub role_arn: String,
    /// The repository's directory; the files' paths start there.
    pub directory: PathBuf,
    pub files: Vec<GithubFile>,
    pub written: bool,
    /// For somebody who may make roles, in this order.
    pub commands: Vec<String>,
    /// Variables of the environment that deploy.yaml asks for: secrets of the repository.
    pub secrets: Vec<String>,
    /// The workflow does not know yet where this program comes from.
    #[serde(skip)]
    pub unset: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct GithubFile {
    pub path: String,
    pub what: &'static str,
    pub text: String,
}

/// `OWNER/REPO`, letter by letter as GitHub takes it: no wildcard, nothing that would end a subject early.
///
/// # Errors
/// What is wrong with it.
pub fn judge_repository(text: &str) -> Result<String, String> {
    let name = |text: &str, marks: &str| {
        !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric() || marks.contains(letter))
    };
    match text.split_once('/') {
        Some((owner, repository)) if name(owner, "-_") && name(repository, "-._") => Ok(text.to_owned()),
        _ => Err("a repository is OWNER/REPO, as in its address on github.com".to_owned()),
    }
}

/// What the file asks of the workflow.
pub(super) struct Asked<'a> {
    pub spec: &'a Spec,
    pub secrets: &'a [String],
}

pub(super) fn github(
    settings: &Settings,
    wanted: &GithubWanted,
    target: &Target,
    partition: &str,
    policy: &Value,
    asked: Asked<'_>,
) -> Result<Github, Failure> {
    let repository = &wanted.repository;
    let subject = match &wanted.trusted {
        Trusted::Branch(branch) => format!("repo:{repository}:ref:refs/heads/{branch}"),
        // GitHub writes the name's own colons so.
        Trusted::Environment(name) => format!("repo:{repository}:environment:{}", name.replace(':', "%3A")),
    };
    let role = role_name(&target.app, &target.stage);
    let role_arn = format!("arn:{partition}:iam::{}:role/{role}", target.account);
    let (directory, file) = repository_of(&settings.file);
    // Another stage's files lie beside those of the file's own.
    let suffix = settings.stage.as_ref().map(|stage| format!("-{stage}")).unwrap_or_default();
    let (policy_path, trust_path) =
        (format!(".github/aws/deployer-policy{suffix}.json"), format!(".github/aws/deployer-trust{suffix}.json"));
    let trust = github_trust(partition, &target.account, &subject);
    let workflow = Workflow {
        settings,
        target,
        trusted: &wanted.trusted,
        role_arn: &role_arn,
        directory: &directory,
        file,
        secrets: asked.secrets,
        builds_rust: builds_rust(asked.spec),
    };
    let commands = vec![
        "aws iam create-open-id-connect-provider --url https://token.actions.githubusercontent.com --client-id-list \
         sts.amazonaws.com"
            .to_owned(),
        format!("aws iam create-role --role-name {role} --assume-role-policy-document file://{trust_path}"),
        format!(
            "aws iam put-role-policy --role-name {role} --policy-name deploy --policy-document file://{policy_path}"
        ),
    ];
    let file = |path: String, what, text| GithubFile { path, what, text };
    let files = vec![
        file(policy_path, "what the role may do", format!("{policy:#}\n")),
        file(trust_path, "who may be the role", format!("{trust:#}\n")),
        file(format!(".github/workflows/deploy{suffix}.yml"), "the workflow that deploys", workflow.text()),
    ];
    let unset = !workflow.is_source();
    if wanted.write {
        write(&directory, &files)?;
    }
    Ok(Github {
        subject,
        role_arn,
        directory,
        files,
        written: wanted.write,
        commands,
        secrets: asked.secrets.to_vec(),
        unset,
    })
}

/// As a deploy decides it: a manifest in the package's directory, and a runtime that starts what it builds.
fn builds_rust(spec: &Spec) -> bool {
    let PackageSource::Directory { path, .. } = &spec.package.source else { return false };
    let listed = match &spec.package.dependencies {
        Dependencies::None => false,
        Dependencies::Auto => path.join("Cargo.toml").is_file(),
        Dependencies::File(file) => file.ends_with("Cargo.toml"),
    };
    listed && spec.function.runtime.starts_with("provided")
}

/// IAM's names of roles have at most 64 of its letters.
fn role_name(app: &str, stage: &str) -> String {
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || "+=,.@_-".contains(letter);
    let name = format!("poc-deployer-{app}-{stage}");
    name.chars().map(|letter| if allowed(letter) { letter } else { '-' }).take(64).collect()
}

/// The directory of the repository that holds the file, and the file's path from there.
fn repository_of(file: &Path) -> (PathBuf, String) {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = fs::canonicalize(parent).unwrap_or_else(|_| parent.to_path_buf());
    let Some(root) = whole.ancestors().find(|directory| directory.join(".git").exists()) else {
        return (parent.to_path_buf(), name);
    };
    let inside = whole.strip_prefix(root).unwrap_or(Path::new(""));
    let parts = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    (root.to_path_buf(), parts.chain([name]).collect::<Vec<_>>().join("/"))
}

struct Workflow<'a> {
    settings: &'a Settings,
    target: &'a Target,
    trusted: &'a Trusted,
    role_arn: &'a str,
    directory: &'a Path,
    /// deploy.yaml's path from there.
    file: String,
    secrets: &'a [String],
    /// A deploy builds a function in Rust.
    builds_rust: bool,
}

const INSTALL_THIS: &str = "      - run: cargo install --locked --path .\n";

/// No registry is named: whoever holds the name there would deploy.
const INSTALL_POC: &str =
    "      # To be set: the repository that your poc comes from, and the commit of it that you trust.
      - run: cargo install --locked --git https://github.com/OWNER/poc --rev COMMIT poc
";

/// What GitHub's machines lack of it. The package brings the linker along, if a Python of one's own installs it.
const TOOLS_OF_RUST: &str = "      # What builds the function.
      - run: rustup toolchain install stable --profile minimal
      - uses: actions/setup-python@v5
        with: { python-version: \"3.13\" }
      - run: pip install cargo-lambda==1.9.2
";

impl Workflow<'_> {
    fn text(&self) -> String {
        let Target { stage, region, .. } = self.target;
        let (on, environment) = match self.trusted {
            Trusted::Branch(branch) => (format!("  push: {{ branches: [{}] }}\n", yaml(branch)), String::new()),
            // Which branches may use it, the environment's own rules say.
            Trusted::Environment(name) => {
                ("  push: { branches: [main] }\n".to_owned(), format!("    environment: {}\n", yaml(name)))
            }
        };
        // Only of the steps that read them: what is installed has no part in them.
        let mut secrets = String::new();
        if !self.secrets.is_empty() {
            secrets += "        env:\n";
            for name in self.secrets {
                secrets += &format!("          {name}: ${{{{ secrets.{name} }}}}\n");
            }
        }
        let mut options = String::new();
        if self.file != "deploy.yaml" {
            options += &format!(" --file {}", shell(&self.file));
        }
        if let Some(stage) = &self.settings.stage {
            options += &format!(" --stage {}", shell(stage));
        }
        let install = if self.is_source() { INSTALL_THIS } else { INSTALL_POC };
        let tools = if self.builds_rust { TOOLS_OF_RUST } else { "" };
        format!(
            "name: {}\n\
             on:\n\
             {on}  workflow_dispatch:\n\
             permissions:\n\
             \u{20} id-token: write    # for the token that AWS takes in place of keys\n\
             \u{20} contents: read\n\
             concurrency: {}    # one after the other\n\
             jobs:\n\
             \u{20} deploy:\n\
             \u{20}   runs-on: ubuntu-latest\n\
             {environment}\
             \u{20}   steps:\n\
             \u{20}     - uses: actions/checkout@v4\n\
             {install}{tools}\
             \u{20}     - run: poc validate{options} --deny-warnings\n\
             {secrets}\
             \u{20}     # Only now: what was installed above has not seen the role's credentials.\n\
             \u{20}     - uses: aws-actions/configure-aws-credentials@v4\n\
             \u{20}       with:\n\
             \u{20}         role-to-assume: {}\n\
             \u{20}         aws-region: {region}\n\
             \u{20}     - run: poc deploy{options} --yes\n\
             {secrets}",
            yaml(&format!("deploy {stage}")),
            yaml(&format!("deploy-{stage}")),
            self.role_arn,
        )
    }

    /// Does the repository hold this program's source?
    fn is_source(&self) -> bool {
        let manifest = fs::read_to_string(self.directory.join("Cargo.toml")).unwrap_or_default();
        manifest.lines().any(|line| line.trim() == "name = \"poc\"")
    }
}

/// All or nothing: where one of them is there with another text, none is written.
fn write(directory: &Path, files: &[GithubFile]) -> Result<(), Failure> {
    let (mut missing, mut differing) = (Vec::new(), Vec::new());
    for file in files {
        let path = directory.join(&file.path);
        match there(&path, &file.text)? {
            There::Same => {}
            There::Other => differing.push(file.path.as_str()),
            There::Nothing => missing.push((path, &file.text)),
        }
    }
    if !differing.is_empty() {
        return Err(Failure::Usage(format!(
            "{} would be overwritten, so nothing was written; move what is there away, or leave out --write and merge by hand",
            differing.join(", "),
        )));
    }
    missing.into_iter().try_for_each(|(path, text)| plant(&path, text))
}
