//! What an error of AWS means: classified once, here, by its code; by its text only where AWS gives no code of its own
//! (`AWS_FACTS` B5: the role that Lambda cannot assume yet).

use std::fmt;
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::event::{Problem, ProblemKind};

/// A header of answers that are none: the embedded cloud's files cannot be used.
const UNUSABLE: &str = "x-poc-local-state";

/// What kind of failure it is: what the engine decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    NotFound,
    AlreadyExists,
    /// Another change is going on; the same call succeeds in a moment.
    Busy,
    /// Too many calls; the same call succeeds later.
    Throttled,
    /// A quota of the account or the resource: waiting does not help.
    Quota,
    /// A fresh role that Lambda does not see yet.
    RoleNotReady,
    /// Something depends on it still.
    InUse,
    AccessDenied,
    /// No credentials, or ones that AWS does not know.
    Credentials,
    /// The credentials were good once.
    Expired,
    /// This machine's clock is too far from AWS's.
    ClockOff,
    /// No connection could be made: the request was not sent.
    Unreachable,
    /// The answer was lost or AWS broke: the request may or may not have been carried out.
    Unclear,
    /// AWS refuses the request as it stands.
    Invalid,
    /// Ours: a rule of this program stopped it.
    Refused,
    /// Something stands in the way that is not ours, or is missing and not ours to make. A deploy stops at it; a teardown
    /// leaves it alone.
    Foreign,
    /// AWS is still at it, and the run was told not to wait.
    Deferred,
}

/// One failed call, or one refusal of our own.
#[derive(Clone, Debug)]
pub struct Error {
    pub kind: ErrorKind,
    /// `CreateRestApi`.
    pub operation: Option<&'static str>,
    pub code: Option<String>,
    /// AWS's own words.
    pub message: String,
    pub request_id: Option<String>,
    /// What to do now, where this is known better here than by kind.
    pub next: Option<String>,
    /// Stable name for machines, where the kind is too coarse.
    pub name: Option<&'static str>,
    /// How long AWS asks to wait before the same call.
    pub retry_after: Option<Duration>,
    /// For how long it was tried, where it was tried again.
    pub tried_for: Option<Duration>,
}

impl Error {
    /// A refusal of this program's own.
    pub fn refused(name: &'static str, message: impl Into<String>, next: impl Into<String>) -> Error {
        Error {
            kind: ErrorKind::Refused,
            operation: None,
            code: None,
            message: message.into(),
            request_id: None,
            next: Some(next.into()),
            name: Some(name),
            retry_after: None,
            tried_for: None,
        }
    }

    /// AWS answered, but not with what its model promises.
    pub fn unexpected(what: impl Into<String>) -> Error {
        Error::refused(
            "unexpected_answer",
            what,
            "run the same command again; if it stays, please report it with the output of -v",
        )
    }

    /// Something with our name that is not ours (law 5).
    pub fn foreign(what: &str, name: &str) -> Error {
        Error::in_the_way(
            "not_ours",
            format!("{what} '{name}' exists already and does not carry this application's tags"),
            "choose another name in deploy.yaml, or take it over with --adopt if it is yours to change",
        )
    }

    /// Something with our name that another stage of the application works with.
    pub fn of_stage(what: &str, name: &str, stage: &str) -> Error {
        Error::in_the_way(
            "not_ours",
            format!("{what} '{name}' belongs to the stage {stage} of this application"),
            format!(
                "a stage beside {stage} is written under `stages:` in deploy.yaml, which gives it names of its own; to rename \
                 {stage}, tear it down first, with `stage: {stage}` back in the file"
            ),
        )
    }

    /// A refusal because of something that is not ours: see [`ErrorKind::Foreign`].
    pub fn in_the_way(name: &'static str, message: impl Into<String>, next: impl Into<String>) -> Error {
        Error { kind: ErrorKind::Foreign, ..Error::refused(name, message, next) }
    }

    /// The embedded cloud's files cannot be used: `kind` is `full` (no space), `denied` (no permission), or anything else
    /// where they are damaged.
    pub fn local_state(kind: &str, message: impl Into<String>) -> Error {
        let next = match kind {
            "full" => "free some space on that disk, then run the same command again: it continues where it stopped",
            "denied" => "mend its permissions, or remove .poc/local to start with an empty cloud",
            _ => "remove .poc/local to start with an empty cloud",
        };
        Error::refused("local_state", message, next)
    }

    /// Not done yet: `what` has to come first (`the certificate to be issued`), and the run was told not to wait.
    pub fn deferred(what: impl Into<String>) -> Error {
        let next = "run the same command again later: it continues where it stopped";
        Error { kind: ErrorKind::Deferred, ..Error::refused("deferred", what, next) }
    }

    /// No request can be signed; `why`, where more is known of it than the chain tells.
    pub fn credentials(failure: &CredentialsError, why: Option<String>) -> Error {
        let causes = causes(failure);
        let message = why.unwrap_or_else(|| match failure {
            // Several lines tell of every place that was tried.
            CredentialsError::CredentialsNotLoaded(_) if causes.is_empty() || causes.contains('\n') => {
                "no AWS credentials were found".to_owned()
            }
            CredentialsError::CredentialsNotLoaded(_) => format!("no AWS credentials were found: {causes}"),
            _ => format!("the AWS credentials could not be loaded: {causes}"),
        });
        Error {
            kind: ErrorKind::Credentials,
            operation: None,
            code: None,
            message,
            request_id: None,
            next: None,
            name: None,
            retry_after: None,
            tried_for: None,
        }
    }

    pub fn from_sdk<E: ProvideErrorMetadata + std::error::Error + 'static>(
        operation: &'static str,
        error: SdkError<E, HttpResponse>,
    ) -> Error {
        let blank = Error {
            kind: ErrorKind::Unclear,
            operation: Some(operation),
            code: None,
            message: String::new(),
            request_id: None,
            next: None,
            name: None,
            retry_after: None,
            tried_for: None,
        };
        if let Some(failure) = credentials_failure(&error) {
            return Error::credentials(failure, None);
        }
        match &error {
            SdkError::ServiceError(context) if is_page(context.raw()) => Error {
                operation: Some(operation),
                ..Error::refused(
                    "unexpected_answer",
                    "a web page came where AWS's answer was expected",
                    "see what answers there: --endpoint-url, AWS_ENDPOINT_URL, or a proxy or a sign-in page of the network \
                     between here and AWS",
                )
            },
            // AWS said yes, in words that its own model does not know: to the SDK an error, though without a code.
            SdkError::ServiceError(context) if context.raw().status().is_success() => Error {
                operation: Some(operation),
                request_id: request_id(context.raw()),
                ..Error::unexpected(format!("the answer cannot be read: {}", innermost(context.err())))
            },
            SdkError::ServiceError(context) if context.raw().headers().contains_key(UNUSABLE) => {
                let told = context.raw().headers().get(UNUSABLE).unwrap_or_default();
                let (kind, text) = told.split_once(' ').unwrap_or_default();
                let text = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
                let message = format!("the embedded cloud cannot use its files: {text}");
                Error { operation: Some(operation), ..Error::local_state(kind, message) }
            }
            SdkError::ServiceError(context) => {
                let status = context.raw().status().as_u16();
                let metadata = context.err().meta();
                let code = metadata.code().map_or_else(|| code_by_status(status), str::to_owned);
                let message = metadata.message().unwrap_or_default().to_owned();
                let request_id = request_id(context.raw());
                let message = if message.is_empty() { format!("HTTP {status}") } else { message };
                let (kind, retry_after) = (classify(&code, &message, status), retry_after(context.raw()));
                Error { kind, code: Some(code), message, request_id, retry_after, ..blank }
            }
            SdkError::DispatchFailure(failure) => {
                let text = failure
                    .as_connector_error()
                    .map_or_else(|| DisplayErrorContext(&error).to_string(), |connector| innermost(connector));
                let kind = failure.as_connector_error().map_or(ErrorKind::Unclear, dispatch_kind);
                Error { kind, message: text, ..blank }
            }
            SdkError::TimeoutError(_) => Error { message: "no answer within the time limit".to_owned(), ..blank },
            SdkError::ResponseError(context) => Error {
                message: "the answer could not be read".to_owned(),
                request_id: request_id(context.raw()),
                ..blank
            },
            _ => Error { kind: ErrorKind::Invalid, message: innermost(&error), ..blank },
        }
    }

    pub fn is(&self, kind: ErrorKind) -> bool {
        self.kind == kind
    }

    /// The error as a person needs it; `resource` is what was being worked on.
    pub fn problem(&self, resource: Option<String>) -> Problem {
        let kind = self.name.unwrap_or_else(|| kind_name(self.kind).name());
        debug_assert!(ProblemKind::named(kind).is_some(), "{kind} has no page: see src/event/kind.rs");
        Problem {
            kind,
            resource,
            operation: self.operation.map(str::to_owned),
            code: self.code.clone(),
            message: match self.tried_for {
                Some(time) => format!("{} (tried for {} s)", self.message, time.as_secs()),
                None => self.message.clone(),
            },
            request_id: self.request_id.clone(),
            next: self.next.clone().unwrap_or_else(|| advice(self)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.operation {
            write!(f, "{operation}: ")?;
        }
        if let Some(code) = &self.code {
            write!(f, "{code}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A lookup's `NotFound` as `None`.
pub fn found<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is(ErrorKind::NotFound) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A delete that found nothing has done its work.
pub fn gone<T>(result: Result<T, Error>) -> Result<(), Error> {
    found(result).map(|_| ())
}

/// Why no request could be signed, where that is what failed: found in the chain of causes by its type.
fn credentials_failure<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e CredentialsError> {
    let mut cause = Some(error);
    while let Some(current) = cause {
        if let Some(failure) = current.downcast_ref() {
            return Some(failure);
        }
        cause = current.source();
    }
    None
}

/// Somebody else's web page, and no passing trouble of something in between. AWS's own services answer in XML and JSON.
fn is_page(response: &HttpResponse) -> bool {
    if response.status().is_server_error() {
        return false;
    }
    let body = response.body().bytes().unwrap_or_default();
    let start = String::from_utf8_lossy(&body[..body.len().min(100)]).trim_start().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

fn dispatch_kind(error: &ConnectorError) -> ErrorKind {
    if error.is_user() {
        return ErrorKind::Unclear;
    }
    let text = DisplayErrorContext(error).to_string().to_lowercase();
    let unsent = [
        "dns error",
        "connection refused",
        "tcp connect",
        "failed to lookup",
        "network is unreachable",
        "no route to host",
        "connect timeout",
        "connect error",
        // A proxy that does not let us through.
        "tunnel error",
    ];
    if unsent.iter().any(|sign| text.contains(sign)) { ErrorKind::Unreachable } else { ErrorKind::Unclear }
}

/// What lies behind an error, from the outside in.
fn causes(error: &dyn std::error::Error) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        // Some errors repeat what they wrap, and these say no more than that something is wrong.
        if !inner.is::<CredentialsError>() && !texts.last().is_some_and(|outer| outer.ends_with(&text)) {
            texts.push(text);
        }
        cause = inner.source();
    }
    texts.join(": ")
}

/// The last cause of a chain says most.
fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(inner) = cause {
        texts.push(inner.to_string());
        cause = inner.source();
    }
    texts.pop().unwrap_or_default()
}

fn request_id(response: &HttpResponse) -> Option<String> {
    let names = ["x-amzn-requestid", "x-amz-request-id", "x-amzn-request-id"];
    names.iter().find_map(|name| response.headers().get(*name)).map(str::to_owned)
}

/// Seconds, as API Gateway tells them with a refusal (`AWS_FACTS` A); the other form, a date, is used by none of these
/// services.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds: u64 = response.headers().get("retry-after")?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// HEAD answers have no body, so S3 gives no code for them.
fn code_by_status(status: u16) -> String {
    match status {
        301 => "PermanentRedirect".to_owned(),
        403 => "AccessDenied".to_owned(),
        404 => "NotFound".to_owned(),
        409 => "Conflict".to_owned(),
        412 => "PreconditionFailed".to_owned(),
        429 => "TooManyRequests".to_owned(),
        status => format!("Http{status}"),
    }
}

fn classify(code: &str, message: &str, status: u16) -> ErrorKind {
    use ErrorKind as K;
    match code {
        "NotFound"
        | "NotFoundException"
        | "ResourceNotFoundException"
        | "NoSuchEntity"
        | "NoSuchBucket"
        | "NoSuchKey"
        | "NoSuchTagSet"
        | "NoSuchHostedZone"
        | "NoSuchChange"
        | "NoSuchUpload"
        | "NoSuchPublicAccessBlockConfiguration"
        | "NoSuchBucketPolicy"
        | "NoSuchWebsiteConfiguration"
        | "NoSuchEntityException" => K::NotFound,
        "ConflictException" if message.contains("try again later") => K::Busy,
        "BadRequestException" if message.contains("concurrent modification") => K::Busy,
        "ResourceConflictException" if being_changed(message) => K::Busy,
        "ConcurrentModification"
        | "ConcurrentModificationException"
        | "ConditionalRequestConflict"
        | "OperationAborted"
        | "OperationAbortedException"
        | "PriorRequestNotComplete" => K::Busy,
        "ConflictException"
        | "ResourceConflictException"
        | "EntityAlreadyExists"
        | "BucketAlreadyExists"
        | "BucketAlreadyOwnedByYou"
        | "ResourceAlreadyExistsException"
        | "AliasAlreadyExists" => K::AlreadyExists,
        "BadRequestException" if message.contains("domain name you provided already exists") => K::AlreadyExists,
        "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "TooManyRequestsException"
        | "TooManyRequests"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "RequestThrottled"
        | "RequestThrottledException" => K::Throttled,
        "LimitExceededException"
        | "LimitExceeded"
        | "CodeStorageExceededException"
        | "PolicyLengthExceededException"
        | "ServiceQuotaExceededException"
        | "TooManyTagsException" => K::Quota,
        "InvalidParameterValueException" if role_not_ready(message) => K::RoleNotReady,
        "DeleteConflict" | "ResourceInUseException" | "BucketNotEmpty" => K::InUse,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AllAccessDisabled" => K::AccessDenied,
        "RequestTimeTooSkewed" | "RequestExpired" => K::ClockOff,
        "SignatureDoesNotMatch" | "InvalidSignatureException" if out_of_time(message) => K::ClockOff,
        "ExpiredToken" | "ExpiredTokenException" => K::Expired,
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "UnauthorizedException"
        | "MissingAuthenticationTokenException" => K::Credentials,
        _ if status >= 500 => K::Unclear,
        _ => K::Invalid,
    }
}

/// What services say of a signature that was made too long ago, or not yet.
fn out_of_time(message: &str) -> bool {
    ["Signature expired", "Signature not yet current"].iter().any(|sign| message.contains(sign))
}

fn being_changed(message: &str) -> bool {
    let signs = ["cannot be performed at this time", "concurrent update operation", "update is in progress"];
    signs.iter().any(|sign| message.contains(sign))
}

/// `AWS_FACTS` B5: these share `InvalidParameterValueException` with permanent mistakes, so the text decides.
fn role_not_ready(message: &str) -> bool {
    let signs = [
        "cannot be assumed by Lambda",
        "execution role does not have permissions",
        "KMS key is invalid for CreateGrant",
        "ARN does not refer to a valid principal",
    ];
    signs.iter().any(|sign| message.contains(sign))
}

fn kind_name(kind: ErrorKind) -> ProblemKind {
    use ProblemKind as K;
    match kind {
        ErrorKind::NotFound => K::NotFound,
        ErrorKind::AlreadyExists => K::AlreadyExists,
        ErrorKind::Busy => K::Busy,
        ErrorKind::Throttled => K::Throttled,
        ErrorKind::Quota => K::Quota,
        ErrorKind::RoleNotReady => K::RoleNotReady,
        ErrorKind::InUse => K::InUse,
        ErrorKind::AccessDenied => K::AccessDenied,
        ErrorKind::Credentials => K::Credentials,
        ErrorKind::Expired => K::CredentialsExpired,
        ErrorKind::ClockOff => K::ClockOff,
        ErrorKind::Unreachable => K::Unreachable,
        ErrorKind::Unclear => K::Unclear,
        ErrorKind::Invalid => K::InvalidRequest,
        ErrorKind::Refused => K::Refused,
        ErrorKind::Foreign => K::NotOurs,
        ErrorKind::Deferred => K::Deferred,
    }
}

fn advice(error: &Error) -> String {
    let again = "then run the same command again: it continues where it stopped";
    match error.kind {
        ErrorKind::AccessDenied => {
            format!(
                "let these credentials do what AWS refuses (`poc policy` prints all that this deploy.yaml takes), {again}"
            )
        }
        ErrorKind::Credentials => {
            "set AWS_PROFILE or --profile, sign in (aws sso login, aws login), or try the whole thing without an \
             account with --local"
                .to_owned()
        }
        ErrorKind::Expired => format!("the credentials have expired: sign in again, {again}"),
        ErrorKind::ClockOff => {
            format!("let this machine's clock be set over the network (`poc doctor` tells how far it is off), {again}")
        }
        ErrorKind::Unreachable => {
            format!(
                "check the network, HTTPS_PROXY where a proxy is the way out, the region, and --endpoint-url or \
                 AWS_ENDPOINT_URL, {again}"
            )
        }
        ErrorKind::Quota => {
            format!("a quota is used up: ask AWS to raise it (Service Quotas) or remove what is not needed, {again}")
        }
        ErrorKind::Throttled => {
            format!("something else calls AWS as often as this account may: stop it or wait for its end, {again}")
        }
        ErrorKind::Busy => {
            format!("another change of the same thing does not come to its end: see who is at work on it, {again}")
        }
        ErrorKind::Unclear => {
            "run the same command again: it looks whether the call was carried out, and continues where it stopped"
                .to_owned()
        }
        ErrorKind::NotFound => {
            "somebody removed it meanwhile: run the same command again, which makes what is missing".to_owned()
        }
        ErrorKind::AlreadyExists => {
            "somebody made one of that name meanwhile: run the same command again, which looks whose it is".to_owned()
        }
        ErrorKind::RoleNotReady => {
            "Lambda still cannot assume the role; wait a minute and run the same command again".to_owned()
        }
        ErrorKind::InUse => format!("remove what still uses it, {again}"),
        _ => format!("mend what AWS names, {again}"),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_apigateway::operation::get_rest_apis::GetRestApisError;
    use aws_smithy_types::body::SdkBody;

    use super::*;

    /// Kind by AWS's code, text and status.
    #[test]
    fn kinds_are_told_by_codes() {
        let told = |code: &str, message: &str, status: u16| {
            let metadata = aws_smithy_types::error::ErrorMetadata::builder().code(code).message(message).build();
            let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
            let problem =
                Error::from_sdk("GetRestApis", SdkError::service_error(GetRestApisError::generic(metadata), answer));
            let problem = problem.problem(None);
            assert!(!problem.next.is_empty(), "{code}");
            problem.kind
        };
        for (code, message, status, kind) in [
            ("NotFoundException", "", 404, "not_found"),
            ("EntityAlreadyExists", "", 409, "already_exists"),
            ("ConflictException", "Unable to complete operation, please try again later.", 409, "busy"),
            ("TooManyRequestsException", "Too Many Requests", 429, "throttled"),
            ("LimitExceededException", "", 429, "quota"),
            (
                "InvalidParameterValueException",
                "The role defined for the function cannot be assumed by Lambda.",
                400,
                "role_not_ready",
            ),
            ("InvalidParameterValueException", "Unzipped size must be smaller", 400, "invalid_request"),
            ("ResourceInUseException", "", 409, "in_use"),
            ("AccessDeniedException", "", 403, "access_denied"),
            ("ExpiredToken", "", 400, "credentials_expired"),
            ("InvalidClientTokenId", "", 403, "credentials"),
            ("SignatureDoesNotMatch", "The request signature we calculated does not match", 403, "credentials"),
            ("SignatureDoesNotMatch", "Signature expired: 20261126T1 is now earlier than 20261126T2", 403, "clock_off"),
            ("InvalidSignatureException", "Signature not yet current: 20261126T3 is still later", 403, "clock_off"),
            (
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                403,
                "clock_off",
            ),
            ("InternalFailure", "", 500, "unclear"),
        ] {
            assert_eq!(told(code, message, status), kind, "{code}");
        }
        assert_eq!(Error::deferred("the certificate").problem(None).kind, "deferred");
        let unnamed = Error { name: None, ..Error::refused("locked", "a rule", "") };
        assert_eq!(unnamed.problem(None).kind, "refused");
    }

    #[test]
    fn a_web_page_is_not_taken_for_aws() {
        let told = |status: u16, body: &'static str| {
            let answer = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
            let page = SdkError::service_error(GetRestApisError::unhandled("invalid root"), answer);
            Error::from_sdk("GetRestApis", page).problem(None)
        };
        assert_eq!(told(502, "<html>").kind, "unclear");
        for problem in [told(200, "\n<!DOCTYPE html><html>"), told(404, "<HTML><body>")] {
            assert_eq!(problem.kind, "unexpected_answer");
            assert!(problem.next.contains("--endpoint-url") && !problem.message.contains("root"), "{problem:?}");
        }
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_told_as_such() {
        let answer = HttpResponse::new(200.try_into().unwrap(), SdkBody::empty());
        let unread = SdkError::service_error(GetRestApisError::unhandled("expected a number"), answer);
        let error = Error::from_sdk("GetRestApis", unread);
        assert_eq!((error.name, error.code.as_deref()), (Some("unexpected_answer"), None));
        assert_eq!(error.to_string(), "GetRestApis: the answer cannot be read: expected a number");
    }
}
