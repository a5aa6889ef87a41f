//! The words Lambda has for what went wrong: refusals of the Invoke API, and error objects in place of a result.

use std::process::ExitStatus;

use bytes::Bytes;
use serde_json::json;

use crate::local::cloud::{Failure, Reply};

use super::Refused;

/// Bytes of an event and of a result.
pub const SYNCHRONOUS_LIMIT: usize = 6_291_456;
pub const ASYNCHRONOUS_LIMIT: usize = 1_048_576;
pub const RESPONSE_LIMIT: usize = 6_291_556;

/// A refusal, with the `Reason` that the API tells beside it.
#[derive(Clone, Debug)]
pub struct Denied {
    pub failure: Failure,
    pub reason: Option<&'static str>,
}

impl From<Failure> for Denied {
    fn from(failure: Failure) -> Denied {
        Denied { failure, reason: None }
    }
}

impl Denied {
    /// The service itself is not able to, which is not the caller's fault.
    pub fn service(message: impl Into<String>) -> Denied {
        Failure::new(500, "ServiceException", message).into()
    }

    pub fn throttled(reserved: bool) -> Denied {
        let reason = if reserved {
            "ReservedFunctionConcurrentInvocationLimitExceeded"
        } else {
            "ConcurrentInvocationLimitExceeded"
        };
        let failure = Failure::new(429, "TooManyRequestsException", "Rate Exceeded.");
        Denied { failure, reason: Some(reason) }
    }

    pub fn content(message: impl Into<String>) -> Denied {
        Failure::new(400, "InvalidRequestContentException", message).into()
    }

    pub fn too_large(size: usize, kind: &str, limit: usize) -> Denied {
        let message = format!("{size} byte payload is too large for the {kind} invocation type (limit {limit} bytes)");
        Failure::new(413, "RequestEntityTooLargeException", message).into()
    }

    pub fn runtime(message: impl Into<String>) -> Denied {
        Failure::new(502, "InvalidRuntimeException", message).into()
    }

    pub fn zip(message: impl Into<String>) -> Denied {
        Failure::new(502, "InvalidZipFileException", message).into()
    }

    pub fn is_throttle(&self) -> bool {
        self.failure.status == 429
    }

    pub fn reply(&self) -> Reply {
        let mut reply = self.failure.lambda();
        if let Some(reason) = self.reason {
            let told = json!({ "Reason": reason, "Type": "User", "message": self.failure.message });
            reply.body = Bytes::from(told.to_string());
        }
        reply
    }

    pub fn refused(self) -> Refused {
        let known = [
            "ServiceException",
            "TooManyRequestsException",
            "InvalidRequestContentException",
            "RequestEntityTooLargeException",
            "InvalidRuntimeException",
            "InvalidZipFileException",
            "ResourceNotFoundException",
            "ResourceConflictException",
            "InvalidParameterValueException",
            "AccessDeniedException",
            "ValidationException",
        ];
        let code = known.into_iter().find(|code| *code == self.failure.code).unwrap_or("ServiceException");
        Refused { status: self.failure.status, code, message: self.failure.message, reason: self.reason }
    }
}

/// An error in place of a result.
#[derive(Clone, Debug)]
pub struct FunctionFault {
    pub payload: Bytes,
    /// As the handler's runtime named it.
    pub error_type: String,
    /// What the log says about it, where the handler's own runtime has not said it.
    pub logged: Option<String>,
    /// Who says so.
    pub source: Source,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The handler, of its own failure.
    Handler,
    /// The runtime, of a handler that cannot be loaded.
    Init,
    /// Lambda, of a result that it does not pass on; the sandbox is as good as before.
    Result,
    /// Lambda, of a sandbox that is gone.
    Sandbox,
}

impl FunctionFault {
    /// What the runtime client reported.
    pub fn reported(payload: Bytes, error_type: String, source: Source) -> FunctionFault {
        FunctionFault { payload, error_type, logged: None, source }
    }

    /// Whether the sandbox can go on.
    pub fn is_survived(&self) -> bool {
        matches!(self.source, Source::Handler | Source::Result)
    }

    /// What Lambda says when the runtime could not: `RequestId: … Error: …`.
    fn made(request_id: &str, error_type: &str, problem: &str) -> FunctionFault {
        let message = format!("RequestId: {request_id} Error: {problem}");
        FunctionFault {
            payload: error_object(&message, error_type),
            error_type: error_type.to_owned(),
            logged: Some(format!("{message}\n{error_type}\n")),
            source: Source::Sandbox,
        }
    }

    /// The process ended before it answered (`AWS_FACTS` C6).
    pub fn exited(request_id: &str, status: ExitStatus) -> FunctionFault {
        match ending(status) {
            Some(ending) => {
                let problem = format!("Runtime exited with error: {ending}");
                FunctionFault::made(request_id, "Runtime.ExitError", &problem)
            }
            None => FunctionFault::made(request_id, "Runtime.ExitError", "Runtime exited without providing a reason"),
        }
    }

    /// It took more memory than the function has.
    pub fn out_of_memory(request_id: &str) -> FunctionFault {
        FunctionFault::made(request_id, "Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
    }

    /// There is nothing to start.
    pub fn entrypoint(request_id: &str, problem: &str) -> FunctionFault {
        FunctionFault::made(request_id, "Runtime.InvalidEntrypoint", problem)
    }

    /// `at`: `2026-01-31T12:00:00.000Z`.
    pub fn timed_out(request_id: &str, at: &str, seconds: u64) -> FunctionFault {
        let message = format!("{at} {request_id} Task timed out after {seconds}.00 seconds");
        FunctionFault {
            payload: error_object(&message, "Sandbox.Timedout"),
            error_type: "Sandbox.Timedout".to_owned(),
            logged: Some(format!("{message}\n\n")),
            source: Source::Sandbox,
        }
    }

    /// `size`: of the result that the handler wanted to return.
    pub fn response_too_large(size: usize) -> FunctionFault {
        let message = format!(
            "Response payload size ({size} bytes) exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
        );
        let error_type = "Function.ResponseSizeTooLarge";
        FunctionFault {
            payload: error_object(&message, error_type),
            error_type: error_type.to_owned(),
            logged: Some(format!("{message}\n")),
            source: Source::Result,
        }
    }

    pub fn is_timeout(&self) -> bool {
        self.error_type == "Sandbox.Timedout"
    }
}

pub fn error_object(message: &str, error_type: &str) -> Bytes {
    Bytes::from(json!({ "errorMessage": message, "errorType": error_type }).to_string())
}

/// `exit status 3`, `signal: killed`; nothing for a success, which is no reason to end.
fn ending(status: ExitStatus) -> Option<String> {
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Some(format!("signal: {}", signal_name(signal)));
    }
    status.code().filter(|code| *code != 0).map(|code| format!("exit status {code}"))
}

/// As Go's `syscall.Signal` tells them: Lambda's supervisor is written in it.
fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "hangup",
        2 => "interrupt",
        3 => "quit",
        4 => "illegal instruction",
        5 => "trace/breakpoint trap",
        6 => "aborted",
        7 => "bus error",
        8 => "floating point exception",
        9 => "killed",
        11 => "segmentation fault",
        13 => "broken pipe",
        14 => "alarm clock",
        15 => "terminated",
        other => return format!("signal {other}"),
    };
    name.to_owned()
}
