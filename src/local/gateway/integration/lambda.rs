//! Lambda behind a method: with templates on both sides (`AWS`), or as a proxy (`AWS_PROXY`). What follows from what
//! Lambda answers is in `AWS_FACTS` C6.

use std::sync::Arc;

use ::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use ::http::{Response, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::Endpoint;
use crate::local::gateway::integration_request::{IntegrationRequest, plain};
use crate::local::gateway::record::Record;
use crate::local::gateway::refusal::{Kind, Refusal};
use crate::local::gateway::request::MethodRequest;
use crate::local::gateway::site::{Integration, Stage};
use crate::local::gateway::{binary, headers};
use crate::local::lambda::{FunctionError, Functions, Invocation, Invoked, Refused};

/// An `AWS` integration's call.
///
/// # Errors
/// When it takes too long, or Lambda itself fails.
pub async fn answer(
    functions: &Arc<dyn Functions>,
    function_arn: &str,
    integration: &Integration,
    asked: &IntegrationRequest,
    request: &MethodRequest,
    record: &mut Record,
) -> Result<Endpoint, Refusal> {
    let client_context = asked.header("x-amz-client-context").and_then(|encoded| STANDARD.decode(encoded).ok());
    let invocation = Invocation {
        function_arn: function_arn.to_owned(),
        payload: if asked.body.is_empty() { Bytes::from_static(b"{}") } else { asked.body.clone() },
        trace_id: Some(request.trace_id.clone()),
        client_context: client_context.and_then(|context| String::from_utf8(context).ok()),
    };
    record.fact("function", || function_arn);
    let outcome = match asked.header("x-amz-invocation-type") {
        None | Some("RequestResponse") => {
            invoke(functions, invocation, integration, record).await?.map(|invoked| of_result(invoked, request))
        }
        Some("Event") => empty(functions.queue(invocation).await, "202: the event was queued", record),
        Some("DryRun") => empty(functions.check(invocation).await, "204: the function could run", record),
        Some(other) => Err(Refused {
            status: 400,
            code: "ValidationException",
            message: format!("the invocation type {other} is not among Event, RequestResponse and DryRun"),
            reason: None,
        }),
    };
    outcome.or_else(|refused| of_refusal(&refused, request))
}

/// Lambda says no more than a status.
fn empty(outcome: Result<(), Refused>, told: &str, record: &mut Record) -> Result<Endpoint, Refused> {
    outcome?;
    record.fact("result", || told);
    Ok(Endpoint { selector: String::new(), headers: HeaderMap::new(), body: Bytes::new(), told_trace: true })
}

/// Runs the function, which goes on even when nobody waits any more.
async fn invoke(
    functions: &Arc<dyn Functions>,
    invocation: Invocation,
    integration: &Integration,
    record: &mut Record,
) -> Result<Result<Invoked, Refused>, Refusal> {
    let running = {
        let functions = functions.clone();
        tokio::spawn(async move { functions.invoke(invocation).await })
    };
    let outcome = match tokio::time::timeout(integration.timeout, running).await {
        Err(_) => {
            let reason =
                format!("the function did not answer within {} ms; it goes on", integration.timeout.as_millis());
            return Err(Kind::IntegrationTimeout.because(reason));
        }
        Ok(Err(fault)) => return Err(Kind::IntegrationFailure.because(format!("the invocation broke off: {fault}"))),
        Ok(Ok(outcome)) => outcome,
    };
    note(&outcome, record);
    Ok(outcome)
}

fn note(outcome: &Result<Invoked, Refused>, record: &mut Record) {
    match outcome {
        Ok(invoked) => {
            record.endpoint.request_id = Some(invoked.request_id.clone());
            record.endpoint.status = Some(200);
            record.document("result", &invoked.payload);
            if let Some(error) = invoked.error {
                let raised = raised(&invoked.payload);
                record.fact("function_error", || function_error(error));
                record.endpoint.error = Some(raised.clone());
                record.trace.reason = Some(raised);
            }
            record.fact("duration_ms", || invoked.duration.as_secs_f64() * 1000.0);
            record.trace.cold_start = invoked.init_duration;
            if let Some(init) = invoked.init_duration {
                record.fact("init_duration_ms", || init.as_secs_f64() * 1000.0);
            }
        }
        Err(refused) => {
            record.fact(
                "refused",
                || json!({ "status": refused.status, "code": refused.code, "message": refused.message }),
            );
            record.endpoint.status = Some(refused.status);
            record.endpoint.error = Some(refused.message.clone());
            // The caller may be told 200: the default response does not know of it.
            record.trace.reason = Some(answered(refused));
        }
    }
}

/// `the function raised ValueError: gre is missing`, from Lambda's error object.
fn raised(payload: &[u8]) -> String {
    let error: Value = serde_json::from_slice(payload).unwrap_or_default();
    match (&error["errorType"], &error["errorMessage"]) {
        (Value::String(kind), Value::String(message)) => format!("the function raised {kind}: {message}"),
        (_, Value::String(message)) => format!("the function raised an error: {message}"),
        _ => format!("the function raised an error: {}", String::from_utf8_lossy(payload)),
    }
}

fn answered(refused: &Refused) -> String {
    let Refused { status, code, message, reason } = refused;
    let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
    format!("Lambda answered {status} {code}: {message}{reason}")
}

/// Lambda's own name for both is `Unhandled`.
fn function_error(error: FunctionError) -> &'static str {
    match error {
        FunctionError::Handled => "Handled",
        FunctionError::Unhandled => "Unhandled",
    }
}

fn of_result(invoked: Invoked, request: &MethodRequest) -> Endpoint {
    let result: Option<Value> = serde_json::from_slice(&invoked.payload).ok();
    let message = result.as_ref().and_then(|result| result.get("errorMessage")).map(plain);
    let mut headers = lambda_headers(request);
    let mut put = |name: &'static str, text: &str| headers.insert(HeaderName::from_static(name), headers::value(text));
    put("x-amzn-requestid", &invoked.request_id);
    put("x-amz-executed-version", &invoked.executed_version);
    if let Some(error) = invoked.error {
        put("x-amz-function-error", function_error(error));
    }
    Endpoint { selector: message.unwrap_or_default(), headers, body: invoked.payload, told_trace: true }
}

/// An event that is no JSON goes through the default response with Lambda's own words (`AWS_FACTS` C5); what else Lambda
/// refuses does not reach the patterns (C6).
fn of_refusal(refused: &Refused, request: &MethodRequest) -> Result<Endpoint, Refusal> {
    if refused.status != 400 {
        return Err(failed(refused));
    }
    let body = json!({ "Type": "User", "message": refused.message }).to_string().into();
    Ok(Endpoint { selector: String::new(), headers: lambda_headers(request), body, told_trace: true })
}

/// A throttled function is an integration that failed; more than Lambda takes is more than the API takes (C8).
fn failed(refused: &Refused) -> Refusal {
    let kind = if refused.status == 413 { Kind::RequestTooLarge } else { Kind::IntegrationFailure };
    kind.because(answered(refused))
}

fn lambda_headers(request: &MethodRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(HeaderName::from_static("x-amzn-trace-id"), headers::value(&request.trace_id));
    headers
}

/// An `AWS_PROXY` integration's call.
///
/// # Errors
/// When it takes too long, Lambda fails, the function raises, or what it returns is no response.
pub async fn proxied(
    functions: &Arc<dyn Functions>,
    function_arn: &str,
    integration: &Integration,
    event: &Value,
    (stage, request): (&Stage, &MethodRequest),
    record: &mut Record,
) -> Result<Response<Bytes>, Refusal> {
    record.fact("function", || function_arn);
    let invocation = Invocation {
        function_arn: function_arn.to_owned(),
        payload: event.to_string().into(),
        trace_id: Some(request.trace_id.clone()),
        client_context: None,
    };
    let invoked = invoke(functions, invocation, integration, record).await?.map_err(|refused| failed(&refused))?;
    if invoked.error.is_some() {
        return Err(bad_gateway(raised(&invoked.payload)));
    }
    let accepted = stage.binary.contain(request.accepted().as_deref());
    let told = serde_json::from_slice(&invoked.payload).ok().and_then(|result| Told::read(&result));
    let told = told.ok_or_else(|| {
        bad_gateway(format!(
            "malformed Lambda proxy response: wanted {{\"statusCode\", \"headers\", \"multiValueHeaders\", \"body\", \
             \"isBase64Encoded\"}}, seen {}",
            String::from_utf8_lossy(&invoked.payload)
        ))
    })?;
    record.endpoint.own_status = Some(told.status.as_u16());
    let mut response = told.response(accepted)?;
    response.headers_mut().insert(HeaderName::from_static("x-amzn-trace-id"), headers::value(&request.trace_id));
    Ok(response)
}

fn bad_gateway(reason: String) -> Refusal {
    Refusal { status: Some(502), ..Kind::IntegrationFailure.because(reason) }
}

/// What a proxy's function returned.
struct Told {
    status: StatusCode,
    headers: Vec<(String, Vec<String>)>,
    body: String,
    encoded: bool,
}

impl Told {
    /// None where it is no response. No member is asked for, but no others are allowed.
    fn read(result: &Value) -> Option<Told> {
        let result = result.as_object()?;
        let known = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
        if result.keys().any(|name| !known.contains(&name.as_str())) {
            return None;
        }
        let status = match result.get("statusCode") {
            None | Some(Value::Null) => 200,
            Some(Value::Number(number)) => u16::try_from(number.as_u64()?).ok()?,
            Some(Value::String(text)) => text.parse().ok()?,
            Some(_) => return None,
        };
        let mut headers = Vec::new();
        for (name, value) in object(result, "headers")? {
            headers.push((name.clone(), vec![scalar(value)?]));
        }
        for (name, values) in object(result, "multiValueHeaders")? {
            let values = values.as_array()?.iter().map(scalar).collect::<Option<Vec<String>>>()?;
            // Values told both ways are told once.
            headers.retain(|(other, _): &(String, Vec<String>)| !other.eq_ignore_ascii_case(name));
            headers.push((name.clone(), values));
        }
        let body = match result.get("body") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(_) => return None,
        };
        let encoded = match result.get("isBase64Encoded") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(encoded)) => *encoded,
            Some(_) => return None,
        };
        let status = StatusCode::from_u16(status).ok().filter(|status| (200..=599).contains(&status.as_u16()))?;
        Some(Told { status, headers, body, encoded })
    }

    fn response(self, accepted: bool) -> Result<Response<Bytes>, Refusal> {
        let body = if self.encoded && accepted {
            binary::decoded(self.body.as_bytes())
                .map_err(|refusal| bad_gateway(refusal.reason.unwrap_or_else(|| "the body is not base64".to_owned())))?
        } else {
            self.body.into()
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, values) in &self.headers {
            headers::put(response.headers_mut(), name, values.iter().map(String::as_str));
        }
        Ok(response)
    }
}

/// An absent one is empty; none where it is something else.
fn object<'a>(result: &'a Map<String, Value>, name: &str) -> Option<Vec<(&'a String, &'a Value)>> {
    match result.get(name) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(Value::Object(members)) => Some(members.iter().collect()),
        Some(_) => None,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Array(_) | Value::Object(_) => None,
        other => Some(plain(other)),
    }
}
