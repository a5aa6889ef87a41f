//! The sample in a directory of its own, a cloud that has a hosted zone for it, and `poc` as a user runs it.

use std::fs;

use aws_types::SdkConfig;
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::portrait::Portrait;
use crate::server::{KEY, REGION, Server};

/// Writes of every run that changes something: taking the lock and letting it go.
pub const LOCK: u64 = 2;

pub struct World {
    pub server: Server,
    pub sdk: Sdk,
    /// Of the hosted zone example.com.
    pub zone: String,
    directory: TempDir,
}

/// One client per service.
pub struct Sdk {
    pub acm: aws_sdk_acm::Client,
    pub apigateway: aws_sdk_apigateway::Client,
    pub iam: aws_sdk_iam::Client,
    pub lambda: aws_sdk_lambda::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    pub route53: aws_sdk_route53::Client,
    pub s3: aws_sdk_s3::Client,
    pub sts: aws_sdk_sts::Client,
}

/// How a command ended and what it printed for programs.
pub struct Ran {
    pub code: i32,
    /// One document, or one event per line.
    pub stdout: Vec<Value>,
    pub stderr: String,
}

/// The last line of a deploy or teardown.
#[derive(Debug, PartialEq, Eq)]
pub struct Finished {
    pub outcome: String,
    pub requests: u64,
    pub writes: u64,
    pub left: Vec<String>,
}

impl World {
    pub async fn new() -> World {
        let server = Server::start().await;
        let directory = TempDir::new().unwrap();
        crate::sample::copy(directory.path());
        let sdk = Sdk::new(&server.sdk());
        let zone = sdk.zone("example.com").await;
        World { server, sdk, zone, directory }
    }

    /// Replaces `from`, which must stand there, in one of the files.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let path = self.directory.path().join(path);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{} has no {from:?}:\n{text}", path.display());
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.directory.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn remove(&self, path: &str) {
        fs::remove_file(self.directory.path().join(path)).unwrap();
    }

    /// The command with `--json`, for the cloud at `endpoint`.
    pub fn command(&self, arguments: &[&str], endpoint: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_poc"));
        command
            .args(arguments)
            .arg("--json")
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.directory.path())
            .env("AWS_ENDPOINT_URL", endpoint)
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", KEY)
            .env("AWS_SECRET_ACCESS_KEY", KEY)
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("BOBS_KEY", "0123456789abcdefghij");
        command
    }

    /// Runs the command with `--json`.
    pub async fn poc(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments, &self.server.endpoint).output().await.unwrap();
        let stdout = serde_json::Deserializer::from_slice(&output.stdout).into_iter().collect::<Result<_, _>>();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let stdout = stdout.unwrap_or_else(|error| panic!("{arguments:?} prints no JSON ({error}); {stderr}"));
        Ran { code: output.status.code().unwrap_or(-1), stdout, stderr }
    }

    pub async fn deploy(&self) -> Finished {
        self.poc(&["deploy", "--yes"]).await.succeeded("deploy")
    }

    pub async fn teardown(&self) -> Finished {
        self.poc(&["teardown", "--yes"]).await.succeeded("teardown")
    }

    /// What a deploy would do: `update function: memory`, one line for each property, or for a step that has none.
    pub async fn plan(&self) -> Vec<String> {
        let ran = self.poc(&["plan"]).await;
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut lines = Vec::new();
        for step in ran.stdout[0]["steps"].as_array().unwrap() {
            let what = format!("{} {}", text(&step["action"]), text(&step["step"]));
            let changes = step["changes"].as_array().unwrap();
            lines.extend(changes.iter().map(|change| format!("{what}: {}", text(&change["path"]))));
            lines.extend(changes.is_empty().then_some(what));
        }
        lines
    }

    /// How every change ends: the plan is empty, and another deploy writes nothing.
    pub async fn assert_idle(&self) {
        assert_eq!(self.plan().await, [""; 0]);
        let again = self.deploy().await;
        assert_eq!((again.outcome.as_str(), again.writes), ("unchanged", 0));
    }

    /// A plan that names exactly `expected`, a deploy, and nothing left to do.
    pub async fn deploys(&self, what: &str, expected: &[&str]) -> Finished {
        assert_eq!(self.plan().await, expected, "the plan for: {what}");
        let finished = self.deploy().await;
        assert_eq!(finished.outcome, "changed", "{what}");
        self.assert_idle().await;
        finished
    }

    /// Everything the cloud holds.
    pub async fn portrait(&self) -> Portrait {
        Portrait::of(&self.sdk).await
    }
}

impl Sdk {
    fn new(config: &SdkConfig) -> Sdk {
        let s3 = aws_sdk_s3::config::Builder::from(config).force_path_style(true).build();
        Sdk {
            acm: aws_sdk_acm::Client::new(config),
            apigateway: aws_sdk_apigateway::Client::new(config),
            iam: aws_sdk_iam::Client::new(config),
            lambda: aws_sdk_lambda::Client::new(config),
            logs: aws_sdk_cloudwatchlogs::Client::new(config),
            route53: aws_sdk_route53::Client::new(config),
            s3: aws_sdk_s3::Client::from_conf(s3),
            sts: aws_sdk_sts::Client::new(config),
        }
    }

    /// The zone of that name; a server that serves several tests has it already.
    async fn zone(&self, name: &str) -> String {
        let zones = self.route53.list_hosted_zones().send().await.unwrap();
        if let Some(zone) = zones.hosted_zones().iter().find(|zone| zone.name().trim_end_matches('.') == name) {
            return zone.id().trim_start_matches("/hostedzone/").to_owned();
        }
        let made = self.route53.create_hosted_zone().name(name).caller_reference(name).send().await.unwrap();
        made.hosted_zone().unwrap().id().trim_start_matches("/hostedzone/").to_owned()
    }

    /// The id of the REST API that carries our tags.
    pub async fn api(&self) -> String {
        let apis = self.apigateway.get_rest_apis().limit(500).send().await.unwrap();
        let ours = apis.items().iter().filter(|api| api.tags().is_some_and(|tags| tags.contains_key("poc:app")));
        let ids: Vec<&str> = ours.filter_map(|api| api.id()).collect();
        assert_eq!(ids.len(), 1, "REST APIs with our tags");
        ids[0].to_owned()
    }

    /// The id of the usage plan that our stage is in.
    pub async fn usage_plan(&self) -> String {
        let api = self.api().await;
        let plans = self.apigateway.get_usage_plans().limit(500).send().await.unwrap();
        let ours = plans.items().iter().find(|plan| plan.api_stages().iter().any(|stage| stage.api_id() == Some(&api)));
        ours.and_then(|plan| plan.id()).expect("a usage plan has our stage").to_owned()
    }

    /// The id of the API key that carries our tags.
    pub async fn key(&self) -> String {
        let keys = self.apigateway.get_api_keys().limit(500).send().await.unwrap();
        let ours = keys.items().iter().find(|key| key.tags().is_some_and(|tags| tags.contains_key("poc:app")));
        ours.and_then(|key| key.id()).expect("an API key has our tags").to_owned()
    }

    /// The name of the artifact bucket.
    pub async fn bucket(&self) -> String {
        let buckets = self.s3.list_buckets().send().await.unwrap();
        let mut names = buckets.buckets().iter().filter_map(|bucket| bucket.name());
        let ours = names
            .find(|name| name.starts_with("serverless-poc-") && !name.contains("-site-") && name.ends_with(REGION));
        ours.expect("our bucket is there").to_owned()
    }

    /// The name of the site's bucket.
    pub async fn site(&self) -> String {
        self.bucket().await.replace("serverless-poc-", "serverless-poc-site-")
    }

    /// The id of a path of our API.
    pub async fn resource(&self, path: &str) -> String {
        let resources = self.apigateway.get_resources().rest_api_id(self.api().await).limit(500).send().await.unwrap();
        let found = resources.items().iter().find(|resource| resource.path() == Some(path));
        found.and_then(|resource| resource.id()).unwrap_or_else(|| panic!("our API has no {path}")).to_owned()
    }
}

impl Ran {
    fn succeeded(&self, command: &str) -> Finished {
        assert_eq!(self.code, 0, "{command}: {}\n{:#?}", self.stderr, self.stdout.last());
        let last = self.stdout.last().expect("a run ends with an event");
        assert_eq!((last["event"].as_str(), last["command"].as_str()), (Some("finished"), Some(command)));
        let left = last["left"].as_array().into_iter().flatten();
        Finished {
            outcome: last["outcome"].as_str().unwrap().to_owned(),
            requests: last["requests"].as_u64().unwrap(),
            writes: last["writes"].as_u64().unwrap(),
            left: left.map(|what| what.as_str().unwrap().to_owned()).collect(),
        }
    }
}
