//! AWS's refusals of API Gateway, by code. The texts stand where they are raised (`AWS_FACTS`, appendix B).

use crate::local::cloud::{ACCOUNT, Failure};

pub fn bad_request(message: impl Into<String>) -> Failure {
    Failure::new(400, "BadRequestException", message)
}

pub fn not_found(message: impl Into<String>) -> Failure {
    Failure::new(404, "NotFoundException", message)
}

pub fn conflict(message: impl Into<String>) -> Failure {
    Failure::new(409, "ConflictException", message)
}

/// A quota that is full.
pub fn limit_exceeded(message: impl Into<String>) -> Failure {
    Failure::new(429, "LimitExceededException", message)
}

/// A value of the wrong JSON type.
pub fn serialization(message: impl Into<String>) -> Failure {
    Failure::new(400, "SerializationException", message)
}

/// An operation that this cloud does not have.
pub fn unsupported(operation: &str) -> Failure {
    Failure::new(400, "UnknownOperationException", format!("the local cloud does not support {operation}"))
}

pub fn no_api(id: &str) -> Failure {
    not_found(format!("Invalid API identifier specified {ACCOUNT}:{id}"))
}

/// Also said, on calls below a resource, when it is the API that does not exist.
pub fn no_resource() -> Failure {
    not_found("Invalid Resource identifier specified")
}

pub fn no_method() -> Failure {
    not_found("Invalid Method identifier specified")
}
