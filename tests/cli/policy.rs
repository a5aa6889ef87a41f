//! `poc policy` as people run it: what it prints, where it writes, and that it asks nobody where it need not.

use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{Desk, Ran};

const ACCOUNT: &str = "123456789012";
const FILES: [&str; 3] =
    [".github/aws/deployer-policy.json", ".github/aws/deployer-trust.json", ".github/workflows/deploy.yml"];

fn github(desk: &Desk, more: &[&str]) -> Ran {
    desk.poc(&[&["policy", "--account", ACCOUNT, "--github", "octocat/admission"], more].concat())
}

fn statement<'p>(policy: &'p Value, sid: &str) -> &'p Value {
    let statements = policy["Statement"].as_array().unwrap();
    statements.iter().find(|one| one["Sid"] == sid).unwrap_or_else(|| panic!("no {sid} in {policy:#}"))
}

/// Text of a file below the desk.
fn text(desk: &Desk, path: &str) -> String {
    fs::read_to_string(desk.directory.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn with_an_account_nothing_is_asked_and_names_are_filled_in() {
    // No credentials, no endpoint: a call could only fail.
    let desk = Desk::new();
    let ran = desk.poc(&["policy", "--account", ACCOUNT]).exits(0);
    let policy = ran.json();
    let bucket = format!("arn:aws:s3:::serverless-poc-{ACCOUNT}-us-east-1");
    assert_eq!(statement(&policy, "ArtifactBucket")["Resource"], bucket.as_str());
    assert_eq!(statement(&policy, "ArtifactObjects")["Resource"], format!("{bucket}/ServerlessPOC/prod/*").as_str());
    let pass = statement(&policy, "PassRole");
    assert_eq!(pass["Action"], "iam:PassRole");
    assert_eq!(pass["Resource"], format!("arn:aws:iam::{ACCOUNT}:role/ServerlessPOCAdmission-role").as_str());
    assert_eq!(pass["Condition"]["StringEquals"]["iam:PassedToService"], "lambda.amazonaws.com");
    let records = statement(&policy, "Records");
    assert_eq!(records["Resource"], "arn:aws:route53:::hostedzone/*");
    let names =
        &records["Condition"]["ForAllValues:StringLike"]["route53:ChangeResourceRecordSetsNormalizedRecordNames"];
    assert_eq!(*names, serde_json::json!(["api.example.com", "_*.api.example.com"]));
    assert!(ran.err.contains("the hosted zone's id is not known"), "{}", ran.err);
    assert!(ran.err.contains("of the 6144 characters"), "{}", ran.err);
    // `--json` is for programs, and the policy is a program's already.
    assert_eq!(desk.poc(&["policy", "--account", ACCOUNT, "--json"]).exits(0).json(), policy);

    let dev = desk.poc(&["policy", "--account", ACCOUNT, "--stage", "dev", "--region", "cn-north-1"]).exits(0).json();
    let function = statement(&dev, "Function")["Resource"][0].as_str().unwrap();
    assert_eq!(function, format!("arn:aws-cn:lambda:cn-north-1:{ACCOUNT}:function:ServerlessPOCAdmission-dev"));
    assert!(!desk.directory.path().join(".poc").exists());
}

#[test]
fn without_one_aws_is_asked_for_account_and_zone_and_without_credentials_that_is_told() {
    let desk = Desk::new();
    let policy = desk.poc(&["policy", "--local"]).exits(0).json();
    let zone = statement(&policy, "Records")["Resource"].as_str().unwrap();
    assert!(zone.starts_with("arn:aws:route53:::hostedzone/Z"), "{zone}");
    assert!(policy.to_string().contains("serverless-poc-000000000000-us-east-1"));
    let ran = desk.poc(&["policy"]).exits(1);
    assert!(ran.out.is_empty() && ran.err.contains("credentials"), "{}{}", ran.out, ran.err);
    assert!(ran.err.replace("\n", " ").contains("--account ID"), "{}", ran.err);
    let ran = desk.poc(&["policy", "--local", "--account", ACCOUNT]).exits(2);
    assert!(ran.err.contains("leave out --account"), "{}", ran.err);
}

#[test]
fn a_policy_goes_into_a_file_and_who_only_looks_gets_less() {
    let desk = Desk::new();
    desk.poc(&["policy", "--account", ACCOUNT, "-o", "out/policy.json", "-q"]).exits(0);
    let whole: Value = serde_json::from_str(&text(&desk, "out/policy.json")).unwrap();
    let less = desk.poc(&["policy", "--account", ACCOUNT, "--read-only"]).exits(0).json();
    assert!(less.to_string().len() < whole.to_string().len());
    assert!(!less.to_string().contains("PassRole") && !less.to_string().contains(":PUT"), "{less:#}");
}

#[test]
fn a_policy_that_is_too_large_says_so_with_the_way_out() {
    let desk = Desk::new();
    let many = |count: usize| {
        let arns: Vec<String> =
            (0..count).map(|at| format!("\"arn:aws:iam::{ACCOUNT}:policy/{at}{}\"", "x".repeat(120))).collect();
        format!("  role: {{ managed_policies: [{}] }}\n  memory: 256", arns.join(", "))
    };
    desk.edit("deploy.yaml", "  memory: 256", &many(10));
    let ran = desk.poc(&["policy", "--account", ACCOUNT, "-q"]).exits(0);
    assert!(ran.err.replace('\n', " ").contains("a managed policy holds 6144"), "{}", ran.err);
    assert!(ran.err.replace('\n', " ").contains("inline policy"), "{}", ran.err);
}

#[test]
fn githubs_files_are_shown_and_written_and_never_overwritten() {
    let desk = Desk::new();
    let shown = github(&desk, &[]).exits(0);
    for path in FILES {
        assert!(shown.out.contains(&format!("# {path}")), "{}", shown.out);
    }
    assert!(shown.out.contains("aws iam create-role --role-name poc-deployer-ServerlessPOC-prod"), "{}", shown.out);
    assert!(!desk.directory.path().join(".github").exists(), "shown only");

    github(&desk, &["--write"]).exits(0);
    let trust: Value = serde_json::from_str(&text(&desk, FILES[1])).unwrap();
    let statement = &trust["Statement"][0];
    assert_eq!(statement["Action"], "sts:AssumeRoleWithWebIdentity");
    let provider = format!("arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com");
    assert_eq!(statement["Principal"]["Federated"], provider.as_str());
    assert_eq!(
        statement["Condition"],
        serde_json::json!({ "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:octocat/admission:ref:refs/heads/main",
        } })
    );
    let workflow = text(&desk, FILES[2]);
    for line in [
        "  push: { branches: [main] }",
        "  id-token: write ",
        "      - uses: aws-actions/configure-aws-credentials@v4",
        &format!("          role-to-assume: arn:aws:iam::{ACCOUNT}:role/poc-deployer-ServerlessPOC-prod"),
        "          aws-region: us-east-1",
        "      - run: poc validate --deny-warnings",
        "      - run: poc deploy --yes",
    ] {
        assert!(workflow.lines().any(|one| one.starts_with(line)), "{line}\n{workflow}");
    }

    // What is installed does not see the credentials, and comes from a place that is pinned.
    let at = |line: &str| workflow.find(line).unwrap_or_else(|| panic!("no {line:?} in\n{workflow}"));
    let installed = at("cargo install --locked --git https://github.com/OWNER/poc --rev COMMIT poc");
    assert!(installed < at("poc validate") && at("poc validate") < at("configure-aws-credentials"));
    assert!(shown.err.contains("set OWNER and COMMIT"), "{}", shown.err);
    assert!(!workflow.contains("cargo-lambda"), "{workflow}");

    // The same again changes nothing; another text is not overwritten, and then none is.
    github(&desk, &["--write"]).exits(0);
    fs::remove_file(desk.directory.path().join(FILES[1])).unwrap();
    desk.edit(FILES[2], "name: deploy", "name: mine");
    let refused = github(&desk, &["--write"]).exits(2);
    assert!(refused.err.contains("deploy.yml would be overwritten"), "{}", refused.err);
    assert!(!desk.directory.path().join(FILES[1]).exists(), "nothing was written");
    assert!(text(&desk, FILES[2]).starts_with("name: mine"));
}

#[test]
fn an_environment_a_stage_a_subdirectory_and_secrets_find_their_way_into_the_workflow() {
    let desk = Desk::new();
    let root = desk.directory.path();
    // The project is in a directory of the repository.
    let moved = root.join("models/admission");
    fs::create_dir_all(&moved).unwrap();
    for name in ["deploy.yaml", "app", "templates", "web"] {
        fs::rename(root.join(name), moved.join(name)).unwrap();
    }
    assert!(Command::new("git").args(["init", "-q"]).current_dir(root).status().unwrap().success());
    desk.edit(
        "models/admission/deploy.yaml",
        "  memory: 256",
        "  environment: { TOKEN: \"${env:MODEL_TOKEN}\" }\n  memory: 256",
    );
    let arguments =
        ["-f", "models/admission/deploy.yaml", "--stage", "dev", "--environment", "staging: eu", "--write", "--json"];
    let mut command =
        desk.command(&[&["policy", "--account", ACCOUNT, "--github", "octocat/admission"][..], &arguments].concat());
    let told = Ran::of(command.env("MODEL_TOKEN", "not-to-be-shown").output().unwrap()).exits(0);
    assert!(!told.out.contains("not-to-be-shown") && !told.err.contains("not-to-be-shown"));
    let document = told.json();
    assert_eq!(document["github"]["subject"], "repo:octocat/admission:environment:staging%3A eu");
    assert_eq!(document["github"]["secrets"], serde_json::json!(["MODEL_TOKEN"]));
    let workflow = text(&desk, ".github/workflows/deploy-dev.yml");
    for line in [
        "    environment: \"staging: eu\"",
        "      - run: poc deploy --file models/admission/deploy.yaml --stage dev --yes",
    ] {
        assert!(workflow.lines().any(|one| one == line), "{line}\n{workflow}");
    }
    // What is installed in between has no part in the secret.
    let secret = "        env:\n          MODEL_TOKEN: ${{ secrets.MODEL_TOKEN }}\n";
    let told = |end: &str| format!("models/admission/deploy.yaml --stage dev {end}\n{secret}");
    assert!(workflow.contains(&told("--deny-warnings")) && workflow.contains(&told("--yes")), "{workflow}");
    assert_eq!(workflow.matches("env:").count(), 2, "{workflow}");
    let trust = text(&desk, ".github/aws/deployer-trust-dev.json");
    assert!(trust.contains("environment:staging%3A eu"), "{trust}");
}

#[test]
fn what_could_widen_the_trust_is_refused() {
    let desk = Desk::new();
    for repository in ["octocat", "octocat/*", "*/admission", "octocat/admission:ref", "octo cat/admission"] {
        let ran = desk.poc(&["policy", "--account", ACCOUNT, "--github", repository]).exits(2);
        assert!(ran.err.contains("OWNER/REPO"), "{}", ran.err);
    }
    for branch in ["*", "release/*", "a b", "", "a..b"] {
        github(&desk, &["--branch", branch]).exits(2);
    }
    github(&desk, &["--branch", "main", "--environment", "production"]).exits(2);
    desk.poc(&["policy", "--account", ACCOUNT, "--branch", "main"]).exits(2);
    desk.poc(&["policy", "--account", "1234"]).exits(2);
}

#[test]
fn a_project_in_rust_gets_what_builds_it() {
    let desk = Desk::new();
    desk.poc(&["init", "flats", "--template", "rust", "--yes"]).exits(0);
    let file = ["-f", "flats/deploy.yaml", "--write"];
    github(&desk, &file).exits(0);
    let workflow = text(&desk, "flats/.github/workflows/deploy.yml");
    let at = |line: &str| workflow.find(line).unwrap_or_else(|| panic!("no {line:?} in\n{workflow}"));
    assert!(at("rustup toolchain install") < at("configure-aws-credentials"));
    assert!(at("pip install cargo-lambda==") < at("configure-aws-credentials"));
    insta::assert_snapshot!(workflow, @r#"
    name: deploy prod
    on:
      push: { branches: [main] }
      workflow_dispatch:
    permissions:
      id-token: write    # for the token that AWS takes in place of keys
      contents: read
    concurrency: deploy-prod    # one after the other
    jobs:
      deploy:
        runs-on: ubuntu-latest
        steps:
          - uses: actions/checkout@v4
          # To be set: the repository that your poc comes from, and the commit of it that you trust.
          - run: cargo install --locked --git https://github.com/OWNER/poc --rev COMMIT poc
          # What builds the function.
          - run: rustup toolchain install stable --profile minimal
          - uses: actions/setup-python@v5
            with: { python-version: "3.13" }
          - run: pip install cargo-lambda==1.9.2
          - run: poc validate --deny-warnings
          # Only now: what was installed above has not seen the role's credentials.
          - uses: aws-actions/configure-aws-credentials@v4
            with:
              role-to-assume: arn:aws:iam::123456789012:role/poc-deployer-flats-prod
              aws-region: us-east-1
          - run: poc deploy --yes
    "#);
}

#[test]
#[cfg(unix)]
fn githubs_files_are_not_written_through_a_link_that_leads_nowhere() {
    let desk = Desk::new();
    let root = desk.directory.path();
    fs::create_dir_all(root.join(".github/workflows")).unwrap();
    std::os::unix::fs::symlink(root.join("outside"), root.join(FILES[2])).unwrap();
    let refused = github(&desk, &["--write"]).exits(2);
    assert!(refused.err.contains("deploy.yml would be overwritten"), "{}", refused.err);
    assert!(!root.join("outside").exists());
}
