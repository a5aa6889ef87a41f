//! The Invoke API on the wire.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use percent_encoding::percent_decode_str;

use crate::local::cloud::lambda::Target;
use crate::local::cloud::{Failure, Reply, Request};

use super::Invoked;
use super::outcome::Denied;
use super::service::{Asked, Service};

const NAME_PATTERN: &str = "([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?";
/// Invoke's own, as recorded (`AWS_FACTS`, appendix B).
const INVOKE_NAME_PATTERN: &str = "([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";
/// Bytes of the client context, encoded.
const CONTEXT_LIMIT: usize = 3583;

fn function_name(path: &str) -> Option<&str> {
    let name = path.strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")?;
    Some(name).filter(|name| !name.is_empty() && !name.contains('/'))
}

pub fn is_invoke(request: &http::Request<Bytes>) -> bool {
    request.method() == Method::POST && function_name(request.uri().path()).is_some()
}

pub async fn answer(service: &Arc<Service>, request: &http::Request<Bytes>) -> Reply {
    let given = function_name(request.uri().path()).unwrap_or_default();
    let given = percent_decode_str(given).decode_utf8_lossy().into_owned();
    // The body is shared, not copied.
    match invoke(service, &given, &Request::new(request.clone())).await {
        Ok(reply) => reply,
        Err(denied) => denied.reply(),
    }
}

async fn invoke(service: &Arc<Service>, given: &str, request: &Request) -> Result<Reply, Denied> {
    let target = Target::in_region(request.region(), given, request.query("Qualifier")).map_err(|mut failure| {
        failure.message = failure.message.replace(NAME_PATTERN, INVOKE_NAME_PATTERN);
        failure
    })?;
    let asked = Asked {
        region: request.region().to_owned(),
        target,
        event: request.body.clone(),
        trace_id: request.header("x-amzn-trace-id").map(str::to_owned),
        client_context: client_context(request)?,
    };
    match request.header("x-amz-invocation-type").unwrap_or("RequestResponse") {
        "RequestResponse" => {
            let tail = request.header("x-amz-log-type").is_some_and(|kind| kind == "Tail");
            Ok(told(&service.run(asked).await?, tail))
        }
        "Event" => {
            let request_id = service.queue(asked).await?;
            Ok(Reply::empty(202).header("x-amzn-requestid", &request_id))
        }
        "DryRun" => service.check(asked).await.map(|()| Reply::empty(204)),
        other => Err(Failure::new(
            400,
            "ValidationException",
            format!(
                "1 validation error detected: Value '{other}' at 'invocationType' failed to satisfy constraint: Member \
                 must satisfy enum value set: [Event, RequestResponse, DryRun]"
            ),
        )
        .into()),
    }
}

fn client_context(request: &Request) -> Result<Option<String>, Denied> {
    let Some(encoded) = request.header("x-amz-client-context") else { return Ok(None) };
    let decoded = STANDARD.decode(encoded).ok().filter(|_| encoded.len() <= CONTEXT_LIMIT);
    let context = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let sound = context.filter(|text| serde_json::from_str::<serde_json::Value>(text).is_ok_and(|it| it.is_object()));
    match sound {
        Some(context) => Ok(Some(context)),
        None => Err(Denied::content("Client context must be a valid Base64-encoded JSON object.")),
    }
}

fn told(invoked: &Invoked, tail: bool) -> Reply {
    let mut reply = Reply::empty(200)
        .header("content-type", "application/json")
        .header("x-amzn-requestid", &invoked.request_id)
        .header("x-amz-executed-version", &invoked.executed_version);
    if invoked.error.is_some() {
        // Whoever is to blame, Lambda says this.
        reply = reply.header("x-amz-function-error", "Unhandled");
    }
    if tail {
        reply = reply.header("x-amz-log-result", &STANDARD.encode(&invoked.log_tail));
    }
    reply.body = invoked.payload.clone();
    reply
}
