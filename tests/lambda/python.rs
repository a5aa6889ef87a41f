//! What a Python handler sees, and what its errors look like.

use serde_json::json;

use crate::support::{Env, Function, python, zip};

#[tokio::test]
async fn a_handler_is_called_with_event_and_context() {
    let env = Env::with(python(
        r#"
def handle(event, context):
    return {
        "event": event,
        "name": context.function_name,
        "version": context.function_version,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "group": context.log_group_name,
        "stream": context.log_stream_name,
        "request": context.aws_request_id,
        "remaining": context.get_remaining_time_in_millis(),
        "identity": context.identity.cognito_identity_id,
        "client": context.client_context,
    }
"#,
    ))
    .await;
    let answer = env.call(r#"{"a": [1, "ü"]}"#).await;
    let told = answer.result();
    assert_eq!(told["event"], json!({"a": [1, "ü"]}));
    assert_eq!(told["name"], "f");
    assert_eq!(told["version"], "$LATEST");
    assert_eq!(told["arn"], "arn:aws:lambda:us-east-1:000000000000:function:f");
    assert_eq!(told["memory"], "256");
    assert_eq!(told["group"], "/aws/lambda/f");
    assert_eq!(told["request"].as_str().unwrap().len(), 36);
    assert_eq!(told["request"], answer.request_id);
    assert_eq!(told["identity"], json!(null));
    assert_eq!(told["client"], json!(null));
    let remaining = told["remaining"].as_i64().unwrap();
    assert!((1..=30_000).contains(&remaining), "{remaining}");
    assert_eq!(answer.version, "$LATEST");
}

#[tokio::test]
async fn an_exception_is_an_error_object_with_the_lines_of_the_package() {
    let env = Env::with(python("def handle(event, context):\n    raise ValueError('no such rank')\n")).await;
    let answer = env.call("{}").await;
    assert_eq!(answer.error.as_deref(), Some("Unhandled"));
    assert_eq!(
        answer.payload,
        json!({
            "errorMessage": "no such rank",
            "errorType": "ValueError",
            "requestId": answer.request_id,
            "stackTrace": [
                "  File \"/var/task/handler.py\", line 2, in handle\n    raise ValueError('no such rank')\n"
            ],
        })
    );
    let expected = "[ERROR] ValueError: no such rank\nTraceback (most recent call last):\n\
                    \u{a0}\u{a0}File \"/var/task/handler.py\", line 2, in handle\n\
                    \u{a0}\u{a0}\u{a0}\u{a0}raise ValueError('no such rank')\n";
    assert!(answer.log.contains(expected), "{}", answer.log);
    // The sandbox lives on: an exception is no crash.
    assert!(!env.call("{}").await.log.contains("INIT_START"));
}

/// The handler cannot be loaded: type and text are AWS's runtime's own.
#[tokio::test]
async fn what_cannot_be_loaded_is_told_as_aws_tells_it() {
    let cases = [
        (
            python("import numpy_of_nobody\n"),
            "Runtime.ImportModuleError",
            "Unable to import module 'handler': No module named 'numpy_of_nobody'",
        ),
        (
            python("def other(event, context): pass\n"),
            "Runtime.HandlerNotFound",
            "Handler 'handle' missing on module 'handler'",
        ),
        (
            python("").handler("handler"),
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        (
            python("").handler("sys.handle"),
            "Runtime.BuiltInModuleConflict",
            "Cannot use built-in module sys as a handler module",
        ),
    ];
    let env = Env::new().await;
    for (at, (function, error_type, message)) in cases.into_iter().enumerate() {
        let name = format!("f{at}");
        env.create(&function.named(&name)).await;
        let answer = env.call_named(&name, None, "{}").await;
        assert_eq!(answer.failed(), (error_type, message));
        assert_eq!(answer.payload["stackTrace"], json!([]));
        assert!(answer.log.contains(&format!("[ERROR] {error_type}: {message}")) || at > 0, "{}", answer.log);
    }
}

#[tokio::test]
async fn a_syntax_error_names_file_and_line() {
    let env = Env::with(python("def handle(event, context):\n    return (\n")).await;
    let answer = env.call("{}").await;
    let (error_type, message) = answer.failed();
    assert_eq!(error_type, "Runtime.UserCodeSyntaxError");
    assert!(message.starts_with("Syntax error in module 'handler': "), "{message}");
    assert!(message.ends_with("(handler.py, line 2)"), "{message}");
    let trace = answer.payload["stackTrace"][0].as_str().unwrap();
    assert!(trace.starts_with("  File \"/var/task/handler.py\" Line 2\n    "), "{trace}");
}

#[tokio::test]
async fn init_is_tried_again_at_the_next_call() {
    let directory = tempfile::tempdir().unwrap();
    let marker = directory.path().join("came");
    let env = Env::with(
        python(
            "import os\nif not os.path.exists(os.environ['MARKER']):\n    raise RuntimeError('not yet')\n\
             def handle(event, context):\n    return 'up'\n",
        )
        .variable("MARKER", marker.to_str().unwrap()),
    )
    .await;
    let answer = env.call("{}").await;
    assert_eq!(answer.failed(), ("RuntimeError", "not yet"));
    std::fs::write(marker, "").unwrap();
    assert_eq!(env.call("{}").await.result(), "up");
}

#[tokio::test]
async fn a_result_is_written_as_json_as_aws_writes_it() {
    let env = Env::with(python(
        "import decimal\n\
         RESULTS = {\n\
             'set': {1}, 'decimal': [decimal.Decimal('1.10'), 1.5], 'text': 'ü', 'none': None, 'bytes': b'raw',\n\
             'big': 10**30, 'nan': float('nan'), 'keys': {1: 'a', None: 'b'}}\n\
         def handle(event, context):\n    return RESULTS[event]\n",
    ))
    .await;
    let answer = env.call("\"set\"").await;
    let message = "Unable to marshal response: Object of type set is not JSON serializable";
    assert_eq!(answer.failed(), ("Runtime.MarshalError", message));
    for (event, text) in [
        ("decimal", "[1.10, 1.5]"),
        ("text", "\"ü\""),
        ("none", "null"),
        ("bytes", "raw"),
        ("big", "1000000000000000000000000000000"),
        ("nan", "NaN"),
        ("keys", "{\"1\": \"a\", \"null\": \"b\"}"),
    ] {
        let answer = env.call(&format!("\"{event}\"")).await;
        assert_eq!((answer.error.as_deref(), answer.text.as_str()), (None, text));
    }
}

#[tokio::test]
async fn handlers_in_directories_are_found() {
    let files = [("a/__init__.py", 0o644, ""), ("a/b.py", 0o644, "def go(event, context):\n    return __name__\n")];
    let env = Env::new().await;
    env.create(&Function::new("python3.13", "a/b.go", zip(&files)).named("slashes")).await;
    env.create(&Function::new("python3.13", "a.b.go", zip(&files)).named("dots")).await;
    assert_eq!(env.call_named("slashes", None, "{}").await.result(), "a.b");
    assert_eq!(env.call_named("dots", None, "{}").await.result(), "a.b");
}

#[tokio::test]
async fn logging_is_set_up_as_on_aws() {
    let env = Env::with(python(
        "import logging, sys\n\
         def handle(event, context):\n\
         \x20   logging.info('hidden')\n\
         \x20   logging.warning('two\\nlines')\n\
         \x20   print('plain')\n\
         \x20   print('to stderr', file=sys.stderr)\n\
         \x20   context.log('no newline')\n",
    ))
    .await;
    let answer = env.call("{}").await;
    assert_eq!(answer.result(), &json!(null));
    let log = answer.log;
    assert!(!log.contains("hidden"), "{log}");
    let warning = log.split("[WARNING]\t").nth(1).unwrap_or_default();
    let (stamp, rest) = warning.split_once('\t').unwrap_or_default();
    assert_eq!(stamp.len(), "2026-01-31T12:00:00.000Z".len(), "{log}");
    assert!(rest.starts_with(&format!("{}\ttwo\nlines\nplain\nto stderr\nno newlineEND ", answer.request_id)), "{log}");
}

/// AWS's runtime brings boto3 and nothing else: what nobody packaged is missing here, too.
#[tokio::test]
async fn packages_of_this_machine_are_hidden() {
    let env = Env::with(python(
        "import sys\ndef handle(event, context):\n    return [p for p in sys.path if 'site-packages' in p]\n",
    ))
    .await;
    assert_eq!(env.call("{}").await.result(), &json!([]));
}

#[tokio::test]
async fn a_client_context_reaches_the_handler() {
    use base64::Engine;
    let env = Env::with(python(
        "def handle(event, context):\n\
         \x20   c = context.client_context\n    return [c.custom, c.env, c.client.app_title]\n",
    ))
    .await;
    let context = r#"{"custom": {"k": "ü"}, "env": {"e": "1"}, "client": {"app_title": "t"}}"#;
    let encoded = base64::engine::general_purpose::STANDARD.encode(context);
    let sent = env.lambda.invoke().function_name("f").client_context(encoded).send().await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(sent.payload().unwrap().as_ref()).unwrap();
    assert_eq!(told, json!([{"k": "ü"}, {"e": "1"}, "t"]));
}

/// Needs `awslambdaric` in the `python3` that is first on the PATH: `pip install awslambdaric` in a virtual environment.
#[tokio::test]
#[ignore = "needs a package that is not everywhere"]
async fn the_real_runtime_client_is_preferred() {
    let env = Env::with(python(
        "import sys\ndef handle(event, context):\n\
         \x20   if event == 'fail': raise KeyError('k')\n\
         \x20   return ['awslambdaric' in sys.modules, event]\n",
    ))
    .await;
    assert_eq!(env.call("1").await.result(), &json!([true, 1]));
    let answer = env.call("\"fail\"").await;
    assert_eq!(answer.failed(), ("KeyError", "'k'"));
    assert!(answer.payload["stackTrace"][0].as_str().unwrap().contains("/var/task/handler.py"));
}
