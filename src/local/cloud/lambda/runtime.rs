//! Which runtimes may be asked for, and until when. Data, from `AWS_FACTS` D.

use crate::local::cloud::{Failure, stamp};

use super::invalid;

/// As the service itself lists them when a runtime is unknown.
const LISTED: &str = "nodejs20.x, python3.14, provided.al2023, python3.12, python3.13, nodejs24.x, nodejs22.x, java25, \
    python3.10, python3.11, java21, ruby3.3, ruby3.4, ruby3.2, python3.8, python3.9, java17, nodejs16.x, dotnet10, \
    dotnet8, java11, dotnet6, nodejs18.x, provided.al2, java8.al2";

/// Known by name, and refused for years.
const GONE: [&str; 17] = [
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "go1.x",
    "java8",
    "nodejs",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs4.3",
    "nodejs6.10",
    "nodejs8.10",
    "provided",
    "python2.7",
    "python3.6",
    "python3.7",
];

const GONE_RUBY: [&str; 2] = ["ruby2.5", "ruby2.7"];

/// Runtime, day from which none is created with it, day from which none is updated to it.
const BLOCKED_FROM: [(&str, &str, &str); 3] = [
    ("nodejs20.x", "2026-06-01", "2026-07-01"),
    ("python3.14", "2029-07-31", "2029-08-31"),
    ("nodejs22.x", "2027-05-30", "2027-06-29"),
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Create,
    Update,
}

pub fn check(runtime: &str, purpose: Purpose, now: u64) -> Result<(), Failure> {
    let today = stamp::iso(now);
    let blocked = BLOCKED_FROM.iter().any(|(name, create, update)| {
        *name == runtime && today.as_str() >= if purpose == Purpose::Create { *create } else { *update }
    });
    if blocked || GONE.contains(&runtime) || GONE_RUBY.contains(&runtime) {
        return Err(invalid(format!(
            "The runtime parameter of {runtime} is no longer supported for creating or updating AWS Lambda functions. \
             We recommend you use a supported runtime while creating or updating functions."
        )));
    }
    if !LISTED.split(", ").any(|name| name == runtime) {
        return Err(invalid(format!(
            "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{LISTED}] \
             or be a valid ARN"
        )));
    }
    Ok(())
}
