//! A cloud with functions in it, and somebody who runs them.

use std::future::Future;
use std::io::{Cursor, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_lambda::error::SdkError;
use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::types::{Environment, FunctionCode, LogType, Runtime};
use aws_smithy_types::Blob;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use poc::local::lambda::{Functions, Invocation, Invoked, Lambda};
use serde_json::Value;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub struct Env {
    pub cloud: Arc<Cloud>,
    pub local: Arc<Lambda>,
    pub lambda: aws_sdk_lambda::Client,
    pub logs: aws_sdk_cloudwatchlogs::Client,
    role: String,
}

/// A function to be: Python unless told otherwise.
#[derive(Clone)]
pub struct Function {
    name: String,
    runtime: String,
    handler: String,
    zip: Vec<u8>,
    timeout: i32,
    memory: i32,
    variables: Vec<(String, String)>,
    json_logs: bool,
}

pub fn python(code: &str) -> Function {
    Function::new("python3.13", "handler.handle", zip(&[("handler.py", 0o644, code)]))
}

/// As `handler.handle` of an ES module.
pub fn node(code: &str) -> Function {
    Function::new("nodejs22.x", "index.handler", zip(&[("index.mjs", 0o644, code)]))
}

pub fn provided(bootstrap: &str) -> Function {
    Function::new("provided.al2023", "handler", zip(&[("bootstrap", 0o755, bootstrap)]))
}

pub fn zip(files: &[(&str, u32, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, mode, content) in files {
        writer.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).expect("a zip in memory");
        writer.write_all(content.as_bytes()).expect("a zip in memory");
    }
    writer.finish().expect("a zip in memory").into_inner()
}

impl Function {
    pub fn new(runtime: &str, handler: &str, zip: Vec<u8>) -> Function {
        Function {
            name: "f".to_owned(),
            runtime: runtime.to_owned(),
            handler: handler.to_owned(),
            zip,
            timeout: 30,
            memory: 256,
            variables: Vec::new(),
            json_logs: false,
        }
    }

    pub fn named(mut self, name: &str) -> Function {
        self.name = name.to_owned();
        self
    }

    pub fn handler(mut self, handler: &str) -> Function {
        self.handler = handler.to_owned();
        self
    }

    pub fn timeout(mut self, seconds: i32) -> Function {
        self.timeout = seconds;
        self
    }

    pub fn memory(mut self, megabytes: i32) -> Function {
        self.memory = megabytes;
        self
    }

    pub fn variable(mut self, name: &str, value: &str) -> Function {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn json_logs(mut self) -> Function {
        self.json_logs = true;
        self
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub payload: Value,
    pub text: String,
    /// `X-Amz-Function-Error`.
    pub error: Option<String>,
    pub version: String,
    /// The tail of the log.
    pub log: String,
    pub request_id: String,
}

impl Answer {
    fn of(output: &InvokeOutput) -> Answer {
        let bytes = output.payload().map(|payload| payload.clone().into_inner()).unwrap_or_default();
        let log = STANDARD.decode(output.log_result().unwrap_or_default()).expect("base64");
        let request_id = aws_sdk_lambda::operation::RequestId::request_id(output).unwrap_or_default().to_owned();
        Answer {
            payload: serde_json::from_slice(&bytes).unwrap_or_default(),
            text: String::from_utf8_lossy(&bytes).into_owned(),
            error: output.function_error().map(str::to_owned),
            version: output.executed_version().unwrap_or_default().to_owned(),
            log: String::from_utf8_lossy(&log).into_owned(),
            request_id,
        }
    }

    /// The result. Panics with the log when it is an error.
    #[track_caller]
    pub fn result(&self) -> &Value {
        assert_eq!(self.error, None, "{}\n{}", self.text, self.log);
        &self.payload
    }

    /// `errorType` and `errorMessage`. Panics when it is a result.
    #[track_caller]
    pub fn failed(&self) -> (&str, &str) {
        assert_eq!(self.error.as_deref(), Some("Unhandled"), "{}\n{}", self.text, self.log);
        (
            self.payload["errorType"].as_str().unwrap_or("(none)"),
            self.payload["errorMessage"].as_str().unwrap_or("(none)"),
        )
    }
}

impl Env {
    pub async fn new() -> Env {
        Env::of(Cloud::in_memory(Clock::system(), Profile::quick())).await
    }

    pub async fn at(directory: &Path) -> Env {
        Env::of(Cloud::open(directory, Clock::system(), Profile::quick()).expect("a cloud")).await
    }

    pub async fn of(cloud: Arc<Cloud>) -> Env {
        let local = Lambda::new(cloud.clone());
        let config = EmbeddedCloud::with_lambda(cloud.clone(), local.clone()).sdk_config("us-east-1");
        let iam = aws_sdk_iam::Client::new(&config);
        let made = iam.create_role().role_name("r").assume_role_policy_document(TRUST).send().await;
        let role = match made {
            Ok(made) => made.role().expect("a role").arn().to_owned(),
            Err(_) => {
                iam.get_role().role_name("r").send().await.expect("a role").role().expect("a role").arn().to_owned()
            }
        };
        Env {
            lambda: aws_sdk_lambda::Client::new(&config),
            logs: aws_sdk_cloudwatchlogs::Client::new(&config),
            cloud,
            local,
            role,
        }
    }

    /// A cloud with this function in it, ready to be called.
    pub async fn with(function: Function) -> Env {
        let env = Env::new().await;
        env.create(&function).await;
        env
    }

    pub async fn create(&self, function: &Function) {
        let variables =
            function.variables.iter().fold(Environment::builder(), |all, (name, value)| all.variables(name, value));
        eventually("the role can be assumed", async || {
            let mut create = self
                .lambda
                .create_function()
                .function_name(&function.name)
                .runtime(Runtime::from(function.runtime.as_str()))
                .role(&self.role)
                .handler(&function.handler)
                .timeout(function.timeout)
                .memory_size(function.memory)
                .environment(variables.clone().build())
                .code(FunctionCode::builder().zip_file(Blob::new(function.zip.clone())).build());
            if function.json_logs {
                let json = aws_sdk_lambda::types::LogFormat::Json;
                create =
                    create.logging_config(aws_sdk_lambda::types::LoggingConfig::builder().log_format(json).build());
            }
            match create.send().await {
                Ok(_) => Some(()),
                Err(fault) => {
                    let told = fault.message().unwrap_or_default();
                    assert!(told.contains("cannot be assumed"), "{fault:?}");
                    None
                }
            }
        })
        .await;
        self.settled(&function.name).await;
    }

    /// Waits until a function can be called and changed.
    pub async fn settled(&self, name: &str) {
        eventually("the function is active", async || {
            let told = self.lambda.get_function_configuration().function_name(name).send().await.expect("a function");
            let settled = told.last_update_status().is_some_and(|status| status.as_str() == "Successful");
            (told.state().is_some_and(|state| state.as_str() == "Active") && settled).then_some(())
        })
        .await;
    }

    pub async fn redeploy(&self, function: &Function) {
        let zip = Blob::new(function.zip.clone());
        self.lambda.update_function_code().function_name(&function.name).zip_file(zip).send().await.expect("an update");
        self.settled(&function.name).await;
    }

    /// Calls `f`.
    pub async fn call(&self, event: &str) -> Answer {
        self.call_named("f", None, event).await
    }

    pub async fn call_named(&self, name: &str, qualifier: Option<&str>, event: &str) -> Answer {
        let call = self.lambda.invoke().function_name(name).set_qualifier(qualifier.map(str::to_owned));
        let sent = call.payload(Blob::new(event)).log_type(LogType::Tail).send().await;
        Answer::of(&sent.expect("an answer"))
    }

    /// Calls it as the gateway does.
    pub async fn invoke(&self, arn: &str, event: &str) -> Result<Invoked, poc::local::lambda::Refused> {
        let invocation = Invocation {
            function_arn: arn.to_owned(),
            payload: bytes::Bytes::from(event.to_owned()),
            trace_id: None,
            client_context: None,
        };
        self.local.invoke(invocation).await
    }

    /// Every event of a function's log: stream and message, in order.
    pub async fn logged(&self, name: &str) -> Vec<(String, String)> {
        let group = format!("/aws/lambda/{name}");
        let told = self.logs.filter_log_events().log_group_name(group).send().await.expect("a log");
        let event = |event: &aws_sdk_cloudwatchlogs::types::FilteredLogEvent| {
            (event.log_stream_name().unwrap_or_default().to_owned(), event.message().unwrap_or_default().to_owned())
        };
        told.events().iter().map(event).collect()
    }
}

/// Waits for a condition, for as long as a loaded machine may take.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    for _ in 0..3000 {
        if let Some(met) = condition().await {
            return met;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within a minute: {what}");
}

/// Code and message of a refusal.
#[track_caller]
pub fn refusal<T: std::fmt::Debug, E: ProvideErrorMetadata + std::fmt::Debug, R: std::fmt::Debug>(
    result: Result<T, SdkError<E, R>>,
) -> (String, String) {
    let error = result.expect_err("this call is refused");
    let Some(service) = error.as_service_error() else { panic!("not an answer of the service: {error:?}") };
    (service.code().unwrap_or_default().to_owned(), service.message().unwrap_or_default().to_owned())
}

/// Whether a process of that id is there.
pub fn is_running(process: &Value) -> bool {
    let Some(process) = process.as_i64().and_then(|id| i32::try_from(id).ok()) else { return false };
    let Some(id) = rustix::process::Pid::from_raw(process) else { return false };
    // A zombie is not running: its parent, which may be nobody of ours, has not looked yet.
    let state = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    rustix::process::test_kill_process(id).is_ok() && !state.contains(") Z ")
}
