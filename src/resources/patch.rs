//! API Gateway's PATCH: `{op, path, value}` with values that are always text and paths escaped as JSON pointers
//! (`AWS_FACTS` 0).

use aws_sdk_apigateway::types::{Op, PatchOperation};

pub fn replace(path: impl Into<String>, value: impl Into<String>) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
}

/// Replaces by nothing, which switches the setting off.
pub fn clear(path: impl Into<String>) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).build()
}

pub fn add(path: impl Into<String>, value: impl Into<String>) -> PatchOperation {
    PatchOperation::builder().op(Op::Add).path(path).value(value).build()
}

pub fn add_key(path: impl Into<String>) -> PatchOperation {
    PatchOperation::builder().op(Op::Add).path(path).build()
}

pub fn remove(path: impl Into<String>) -> PatchOperation {
    PatchOperation::builder().op(Op::Remove).path(path).build()
}

pub fn remove_value(path: impl Into<String>, value: impl Into<String>) -> PatchOperation {
    PatchOperation::builder().op(Op::Remove).path(path).value(value).build()
}

/// One segment of a path: `/` becomes `~1`, `~` becomes `~0`.
pub fn escape(segment: &str) -> String {
    segment.replace('~', "~0").replace('/', "~1")
}
