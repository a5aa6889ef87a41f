//! Runtimes of one's own: `bootstrap` speaks the Runtime API itself.

use serde_json::json;

use crate::support::{Env, Function, provided, zip};

/// A bootstrap in Python without any runtime of ours.
const BOOTSTRAP: &str = r#"#!/usr/bin/env python3
import http.client, json, os
api = os.environ["AWS_LAMBDA_RUNTIME_API"]
def call(method, path, body=None):
    connection = http.client.HTTPConnection(api)
    connection.request(method, "/2018-06-01/runtime/" + path, body)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()
while True:
    _, headers, body = call("GET", "invocation/next")
    id = headers["lambda-runtime-aws-request-id"]
    event = json.loads(body)
    told = {"headers": {k.lower(): v for k, v in headers.items()}, "handler": os.environ["_HANDLER"]}
    if event == "misuse":
        told["unasked"] = [
            call("POST", "invocation/00000000-0000-4000-8000-000000000000/response", "1"),
            call("POST", "invocation/00000000-0000-4000-8000-000000000000/error", "{}"),
            call("GET", "invocation/next"),
            call("POST", "init/error", "{}"),
            call("GET", "nothing"),
        ]
        told["unasked"] = [answer[0] for answer in told["unasked"]]
    if event == "text":
        call("POST", "invocation/%s/response" % id, "not JSON")
        continue
    if event == "error":
        call("POST", "invocation/%s/error" % id, json.dumps({"errorMessage": "m", "errorType": "T"}))
        continue
    status, _, _ = call("POST", "invocation/%s/response" % id, json.dumps(told))
    print("accepted with", status, "and then", call("POST", "invocation/%s/response" % id, "2")[0], flush=True)
"#;

#[tokio::test]
async fn the_runtime_api_tells_all_about_an_invocation() {
    let env = Env::with(provided(BOOTSTRAP)).await;
    let answer = env.call("1").await;
    let headers = &answer.result()["headers"];
    assert_eq!(headers["lambda-runtime-aws-request-id"], answer.request_id);
    assert_eq!(headers["lambda-runtime-invoked-function-arn"], "arn:aws:lambda:us-east-1:000000000000:function:f");
    assert_eq!(headers["content-type"], "application/json");
    assert!(headers["lambda-runtime-trace-id"].as_str().unwrap().starts_with("Root=1-"));
    let deadline: u64 = headers["lambda-runtime-deadline-ms"].as_str().unwrap().parse().unwrap();
    let now = env.cloud.clock().epoch_millis();
    assert!(deadline > now && deadline <= now + 30_000, "{deadline} at {now}");
    assert_eq!(answer.result()["handler"], "handler");
    let log = env.call("1").await.log;
    assert!(log.contains("accepted with 202 and then 403"), "{log}");
}

#[tokio::test]
async fn only_the_invocation_at_hand_can_be_answered() {
    let env = Env::with(provided(BOOTSTRAP)).await;
    let answer = env.call("\"misuse\"").await;
    assert_eq!(answer.result()["unasked"], json!([403, 403, 403, 403, 404]));
}

#[tokio::test]
async fn a_result_is_passed_on_as_it_is_and_so_is_an_error() {
    let env = Env::with(provided(BOOTSTRAP)).await;
    let answer = env.call("\"text\"").await;
    assert_eq!((answer.error, answer.text.as_str()), (None, "not JSON"));
    assert_eq!(env.call("\"error\"").await.failed(), ("T", "m"));
}

#[tokio::test]
async fn a_bootstrap_that_is_missing_or_cannot_be_executed() {
    let env = Env::new().await;
    let missing = zip(&[("other", 0o755, "")]);
    env.create(&Function::new("provided.al2023", "handler", missing).named("missing")).await;
    let answer = env.call_named("missing", None, "{}").await;
    let id = &answer.request_id;
    let message =
        format!("RequestId: {id} Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]");
    assert_eq!(answer.failed(), ("Runtime.InvalidEntrypoint", message.as_str()));
    assert!(answer.log.contains(&format!("START RequestId: {id} Version: $LATEST\n{message}\n")), "{}", answer.log);

    let plain = zip(&[("bootstrap", 0o644, "#!/bin/sh\n")]);
    env.create(&Function::new("provided.al2023", "handler", plain).named("plain")).await;
    let answer = env.call_named("plain", None, "{}").await;
    let message = format!("RequestId: {} Error: fork/exec /var/task/bootstrap: permission denied", answer.request_id);
    assert_eq!(answer.failed(), ("Runtime.InvalidEntrypoint", message.as_str()));
}

#[tokio::test]
async fn a_bootstrap_that_ends_at_once() {
    let env = Env::with(provided("#!/bin/sh\necho hello\nexit 7\n")).await;
    let answer = env.call("{}").await;
    let message = format!("RequestId: {} Error: Runtime exited with error: exit status 7", answer.request_id);
    assert_eq!(answer.failed(), ("Runtime.ExitError", message.as_str()));
    assert!(answer.log.contains("hello\n"), "{}", answer.log);
}

#[tokio::test]
async fn what_does_not_run_here_says_what_does() {
    let env = Env::with(Function::new("java21", "a.B::c", zip(&[("a", 0o644, "")]))).await;
    let refused = env.invoke("arn:aws:lambda:us-east-1:000000000000:function:f", "{}").await.unwrap_err();
    assert_eq!((refused.status, refused.code), (502, "InvalidRuntimeException"));
    assert_eq!(
        refused.message,
        "The runtime java21 does not run on this machine. What runs here: python3.x, nodejs*.x, and provided.* with a \
         bootstrap file (or an R handler, with Rscript)."
    );
}

/// R is not everywhere: with it the handler runs, without it a sentence says what is missing.
#[tokio::test]
async fn an_r_handler_without_a_bootstrap() {
    let code = "predict <- function(event) list(doubled = event$x * 2)\n";
    let env = Env::with(Function::new("provided.al2023", "model.predict", zip(&[("model.R", 0o644, code)]))).await;
    match env.invoke("arn:aws:lambda:us-east-1:000000000000:function:f", "{\"x\": 21}").await {
        Ok(invoked) => assert_eq!(invoked.payload, "{\"doubled\":42}"),
        Err(refused) => assert_eq!(
            refused.message,
            "The handler model.predict is in R. It runs here with Rscript on the PATH and the R packages jsonlite and \
             httr; on AWS the package needs a bootstrap of its own."
        ),
    }
}
