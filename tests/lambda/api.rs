//! The Invoke API: what it takes and what it refuses.

use aws_sdk_lambda::types::InvocationType;
use aws_smithy_types::Blob;
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};

use crate::support::{Env, eventually, python, refusal};

const ECHO: &str = "def handle(event, context):\n    return event\n";
const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let env = Env::with(python(ECHO)).await;
    let call = |name: &str, qualifier: Option<&str>| {
        env.lambda.invoke().function_name(name).set_qualifier(qualifier.map(str::to_owned)).send()
    };
    let not_found = |rest: &str| {
        let message = format!("Function not found: arn:aws:lambda:us-east-1:000000000000:function:{rest}");
        ("ResourceNotFoundException".to_owned(), message)
    };
    assert_eq!(refusal(call("g", None).await), not_found("g"));
    assert_eq!(refusal(call("f", Some("prod")).await), not_found("f:prod"));
    assert_eq!(refusal(call("f", Some("7")).await), not_found("f:7"));
    assert_eq!(refusal(call("f:prod", None).await), not_found("f:prod"));
    let elsewhere = call("arn:aws:lambda:eu-west-1:000000000000:function:f", None).await;
    let message = "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')";
    assert_eq!(refusal(elsewhere), ("ResourceNotFoundException".to_owned(), message.to_owned()));
    assert!(call(ARN, None).await.is_ok());
    assert!(call("f", Some("$LATEST")).await.is_ok());
}

#[tokio::test]
async fn a_name_that_is_none() {
    let env = Env::with(python(ECHO)).await;
    let name = "arn:aws:lambda:us-east-1:123400000000@function:myfn";
    let (code, message) = refusal(env.lambda.invoke().function_name(name).send().await);
    assert_eq!(code, "ValidationException");
    // Recorded (appendix B, `test_invalid_invoke`).
    assert_eq!(
        message,
        format!(
            "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{{2}}((-gov)|(-iso([a-z]?)))?\
             -[a-z]+-\\d{{1}}:)?(\\d{{12}}:)?(function:)?([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
        )
    );
}

#[tokio::test]
async fn an_event_is_json_or_refused() {
    let env = Env::with(python(ECHO)).await;
    let call = |event: &[u8]| env.lambda.invoke().function_name("f").payload(Blob::new(event)).send();
    let prefix = "Could not parse request body into json: Could not parse payload into json: ";
    let expected = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
    // Recorded (appendix B, `test_lambda_invoke_payload_encoding_error`).
    for (event, problem) in [
        (b"n\x87r\x9e\xe9\xb5\xd7I\xee\x9bmt".as_slice(), "Invalid UTF-8 start byte 0x87".to_owned()),
        (
            b"\x99\xeb,j\x07\xa1zYh",
            format!("Unexpected character ((CTRL-CHAR, code 153)): expected a valid value {expected}"),
        ),
    ] {
        let refused = refusal(call(event).await);
        assert_eq!(refused, ("InvalidRequestContentException".to_owned(), format!("{prefix}{problem}")));
    }
    let refused = refusal(call(b"badbod").await);
    assert_eq!(refused.1, format!("{prefix}Unrecognized token 'badbod': was expecting {expected}"));
    // None at all is an empty object.
    let none = env.lambda.invoke().function_name("f").send().await.unwrap();
    assert_eq!(none.payload().unwrap().as_ref(), b"{}");
    assert_eq!(none.status_code(), 200);
    let deep = [vec![b'['; 500], vec![b']'; 500]].concat();
    assert_eq!(call(&deep).await.unwrap().payload().unwrap().as_ref(), deep);
}

#[tokio::test]
async fn a_client_context_is_an_object_in_base64() {
    let env = Env::with(python(ECHO)).await;
    for context in ["no base64", "bnVsbA=="] {
        let refused = env.lambda.invoke().function_name("f").client_context(context).send().await;
        let message = "Client context must be a valid Base64-encoded JSON object.";
        assert_eq!(refusal(refused), ("InvalidRequestContentException".to_owned(), message.to_owned()));
    }
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let env = Env::with(python(ECHO)).await;
    let dry = env.lambda.invoke().function_name("f").invocation_type(InvocationType::DryRun);
    assert_eq!(dry.clone().send().await.unwrap().status_code(), 204);
    assert_eq!(refusal(dry.function_name("g").send().await).0, "ResourceNotFoundException");
    assert!(env.logs.describe_log_groups().send().await.unwrap().log_groups().is_empty());
    let odd = env.lambda.invoke().function_name("f").invocation_type(InvocationType::from("Later")).send().await;
    assert_eq!(refusal(odd).0, "ValidationException");
}

#[tokio::test]
async fn an_event_is_accepted_and_runs_in_the_background() {
    let directory = tempfile::tempdir().unwrap();
    let done = directory.path().join("done");
    let env = Env::with(
        python("import os\ndef handle(event, context):\n    open(os.environ['DONE'], 'w').write(str(event))\n")
            .variable("DONE", done.to_str().unwrap()),
    )
    .await;
    let event = env.lambda.invoke().function_name("f").invocation_type(InvocationType::Event);
    let accepted = event.clone().payload(Blob::new("[1]")).send().await.unwrap();
    assert_eq!(accepted.status_code(), 202);
    let written =
        eventually("the handler ran", async || std::fs::read_to_string(&done).ok().filter(|text| !text.is_empty()))
            .await;
    assert_eq!(written, "[1]");
    let large = event.clone().payload(Blob::new(format!("\"{}\"", "x".repeat(1_048_575)))).send().await;
    let message = "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)";
    assert_eq!(refusal(large).1, message);
    assert_eq!(refusal(event.function_name("g").send().await).0, "ResourceNotFoundException");
}

/// One minute and two later, as on AWS: the clock is moved, the handler is real.
#[tokio::test]
async fn an_event_that_fails_is_tried_twice_again_with_the_same_id() {
    let env = Env::with(python("def handle(event, context):\n    raise ValueError('again')\n")).await;
    let starts = async || {
        let logged = if env.logs.describe_log_groups().send().await.unwrap().log_groups().is_empty() {
            Vec::new()
        } else {
            env.logged("f").await
        };
        logged.into_iter().filter(|(_, message)| message.starts_with("START ")).map(|(_, m)| m).collect::<Vec<_>>()
    };
    env.lambda.invoke().function_name("f").invocation_type(InvocationType::Event).send().await.unwrap();
    for (attempt, pause) in [(1, 60), (2, 120), (3, 0)] {
        eventually("an attempt", async || (starts().await.len() == attempt).then_some(())).await;
        eventually("its end", async || {
            let ends = env.logged("f").await.iter().filter(|(_, message)| message.starts_with("REPORT ")).count();
            (ends == attempt).then_some(())
        })
        .await;
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(pause)).await;
        tokio::time::resume();
    }
    let starts = starts().await;
    assert_eq!(starts.len(), 3);
    assert!(starts.iter().all(|start| *start == starts[0]), "{starts:?}");
}

#[tokio::test]
async fn a_function_that_is_pending_cannot_be_called() {
    let slow = Profile { function_settles: std::time::Duration::from_secs(3600), ..Profile::quick() };
    let quick = Cloud::in_memory(Clock::system(), slow);
    let env = Env::of(quick).await;
    let role = "arn:aws:iam::000000000000:role/r";
    eventually("it is made", async || {
        let code = aws_sdk_lambda::types::FunctionCode::builder();
        let code = code.zip_file(Blob::new(crate::support::zip(&[("handler.py", 0o644, ECHO)]))).build();
        let create = env.lambda.create_function().function_name("f").role(role).code(code);
        create.runtime("python3.13".into()).handler("handler.handle").send().await.ok()
    })
    .await;
    let (code, message) = refusal(env.lambda.invoke().function_name("f").send().await);
    assert_eq!(code, "ResourceConflictException");
    assert_eq!(
        message,
        "The operation cannot be performed at this time. The function is currently in the following state: Pending"
    );
}

#[tokio::test]
async fn other_requests_are_left_to_the_cloud() {
    let env = Env::with(python(ECHO)).await;
    for (method, path) in [
        ("GET", "/2015-03-31/functions/f/invocations"),
        ("POST", "/2015-03-31/functions/f"),
        ("POST", "/2015-03-31/functions//invocations"),
        ("POST", "/2021-11-15/functions/f/response-streaming-invocations"),
    ] {
        let request = http::Request::builder().method(method).uri(path).body(bytes::Bytes::new()).unwrap();
        assert!(env.local.answer(&request).await.is_none(), "{method} {path}");
    }
}
