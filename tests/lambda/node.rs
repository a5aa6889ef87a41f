//! Node.js handlers: both module systems, and every way to answer.

use serde_json::json;

use crate::support::{Env, Function, node, zip};

#[tokio::test]
async fn an_async_handler_of_an_es_module() {
    let env = Env::with(node(
        "export const handler = async (event, context) => ({\n\
         event, name: context.functionName, version: context.functionVersion, id: context.awsRequestId,\n\
         arn: context.invokedFunctionArn, memory: context.memoryLimitInMB, group: context.logGroupName,\n\
         remaining: context.getRemainingTimeInMillis() > 0 });",
    ))
    .await;
    let answer = env.call(r#"{"k": "ü"}"#).await;
    assert_eq!(
        answer.result(),
        &json!({
            "event": {"k": "ü"}, "name": "f", "version": "$LATEST", "id": answer.request_id,
            "arn": "arn:aws:lambda:us-east-1:000000000000:function:f", "memory": "256", "group": "/aws/lambda/f",
            "remaining": true,
        })
    );
}

#[tokio::test]
async fn a_common_js_handler_answers_by_callback_or_context() {
    let code = "exports.handler = (event, context, callback) => {\n\
        if (event.way === 'callback') setTimeout(() => callback(null, 'called back'), 5);\n\
        if (event.way === 'error') callback(new TypeError('bad'));\n\
        if (event.way === 'succeed') context.succeed('succeeded');\n\
        if (event.way === 'fail') context.fail('plain text');\n\
        if (event.way === 'done') context.done(null, 'done');\n\
        if (event.way === 'impatient') { context.callbackWaitsForEmptyEventLoop = false;\n\
            setTimeout(() => {}, 1e6); callback(null, 'at once'); }\n\
        if (event.way === 'promise') return Promise.resolve('kept');\n\
        if (event.way === 'throw') throw new RangeError('thrown');\n\
    };";
    let env = Env::with(Function::new("nodejs22.x", "app.handler", zip(&[("app.js", 0o644, code)]))).await;
    let way = |way: &str| format!("{{\"way\": \"{way}\"}}");
    for (asked, result) in [
        ("callback", json!("called back")),
        ("succeed", json!("succeeded")),
        ("done", json!("done")),
        ("promise", json!("kept")),
        // It comes to its end without an answer.
        ("none", json!(null)),
        ("impatient", json!("at once")),
    ] {
        assert_eq!(env.call(&way(asked)).await.result(), &result, "{asked}");
    }
    assert_eq!(env.call(&way("error")).await.failed(), ("TypeError", "bad"));
    assert_eq!(env.call(&way("fail")).await.failed(), ("string", "plain text"));
    assert_eq!(env.call(&way("throw")).await.failed(), ("RangeError", "thrown"));
}

#[tokio::test]
async fn an_error_has_a_trace_and_is_logged() {
    let env = Env::with(node("export const handler = async () => { throw new Error('no'); };")).await;
    let answer = env.call("{}").await;
    assert_eq!(answer.failed(), ("Error", "no"));
    assert_eq!(answer.payload["trace"][0], "Error: no");
    assert!(answer.payload["trace"][1].as_str().unwrap().contains("file:///var/task/index.mjs:1:"), "{}", answer.text);
    let line = answer.log.lines().find(|line| line.contains("\tERROR\tInvoke Error \t")).unwrap_or_default();
    assert!(line.contains(&answer.request_id) && line.contains("\"errorMessage\":\"no\""), "{}", answer.log);
}

#[tokio::test]
async fn what_cannot_be_loaded_is_told_as_aws_tells_it() {
    let env = Env::new().await;
    let missing = zip(&[("other.js", 0o644, "")]);
    env.create(&Function::new("nodejs22.x", "index.handler", missing).named("module")).await;
    let answer = env.call_named("module", None, "{}").await;
    let (error_type, message) = answer.failed();
    assert_eq!(error_type, "Runtime.ImportModuleError");
    assert!(message.starts_with("Error: Cannot find module 'index'\n"), "{message}");

    env.create(&node("export const other = 1;").named("function")).await;
    let answer = env.call_named("function", None, "{}").await;
    assert_eq!(answer.failed(), ("Runtime.HandlerNotFound", "index.handler is undefined or not exported"));

    env.create(&node("export const handler = ;").named("syntax")).await;
    let answer = env.call_named("syntax", None, "{}").await;
    assert_eq!(answer.failed(), ("Runtime.UserCodeSyntaxError", "SyntaxError: Unexpected token ';'"));
}

#[tokio::test]
async fn a_rejection_nobody_handled_ends_the_process() {
    let env = Env::with(node(
        "export const handler = () => { Promise.reject(new Error('lost')); return new Promise(() => {}); };",
    ))
    .await;
    let answer = env.call("{}").await;
    assert_eq!(answer.failed(), ("Runtime.UnhandledPromiseRejection", "Error: lost"));
    let again = env.call("{}").await;
    assert_eq!(again.failed().0, "Runtime.UnhandledPromiseRejection");
}

#[tokio::test]
async fn the_console_is_stamped() {
    let env =
        Env::with(node("export const handler = async () => { console.log('a\\nb %d', 1); console.warn('w'); };")).await;
    let answer = env.call("{}").await;
    assert!(answer.log.contains(&format!("\t{}\tINFO\ta\nb 1\n", answer.request_id)), "{}", answer.log);
    assert!(answer.log.contains(&format!("\t{}\tWARN\tw\n", answer.request_id)), "{}", answer.log);
}

#[tokio::test]
async fn the_largest_result_passes_and_a_larger_one_does_not() {
    let env = Env::with(node("export const handler = async (size) => 'x'.repeat(size);").timeout(60)).await;
    // Two quotes belong to it.
    assert_eq!(env.call("6291554").await.result().as_str().map(str::len), Some(6_291_554));
    let answer = env.call("6291555").await;
    let message = "Response payload size (6291557 bytes) exceeded maximum allowed payload size (6291556 bytes).";
    assert_eq!(answer.failed(), ("Function.ResponseSizeTooLarge", message));
    assert_eq!(env.call("1").await.result(), "x");
}

#[tokio::test]
async fn a_client_context_reaches_the_handler() {
    use base64::Engine;
    let env = Env::with(node("export const handler = async (event, context) => context.clientContext;")).await;
    let encoded = base64::engine::general_purpose::STANDARD.encode(r#"{"custom": {"k": "ü"}}"#);
    let sent = env.lambda.invoke().function_name("f").client_context(encoded).send().await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(sent.payload().unwrap().as_ref()).unwrap();
    assert_eq!(told, json!({"custom": {"k": "ü"}}));
}
