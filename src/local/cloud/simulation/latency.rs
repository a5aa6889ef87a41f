//! How long AWS takes to answer, operation by operation: the one table.
//!
//! AWS publishes no such numbers. These are assumptions of the order that deployment tools' own logs show (a lookup about
//! a tenth of a second; a creation a few; IAM, ACM and the creation of functions and domain names about a second): a row
//! measured on a real account is to replace the one here. What is proved with them is proved relative to them: the
//! critical path is computed from the same table.

use std::time::Duration;

use rand::Rng;
use rand::rngs::SmallRng;

/// Of one operation: half of the calls are quicker than the median, one in twenty is in the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    pub median: Duration,
    pub tail: Duration,
}

const LOOKUP: (u64, u64) = (90, 400);
const WRITE: (u64, u64) = (180, 900);

/// Service, operation, median and tail in milliseconds. What has no row is a lookup or a write by its name.
pub const LATENCIES: &[(&str, &str, u64, u64)] = &[
    ("apigateway", "CreateRestApi", 600, 2_500),
    ("apigateway", "DeleteRestApi", 500, 2_000),
    ("apigateway", "PutRestApi", 900, 4_000),
    ("apigateway", "GetResources", 150, 700),
    ("apigateway", "CreateDeployment", 500, 2_500),
    ("apigateway", "CreateDomainName", 1_500, 6_000),
    ("apigateway", "UpdateDomainName", 1_200, 5_000),
    ("apigateway", "DeleteDomainName", 900, 4_000),
    ("lambda", "CreateFunction", 1_200, 5_000),
    ("lambda", "UpdateFunctionCode", 900, 4_000),
    ("lambda", "UpdateFunctionConfiguration", 400, 1_500),
    ("lambda", "PublishVersion", 700, 3_000),
    ("iam", "CreateRole", 350, 1_500),
    ("iam", "GetRole", 120, 600),
    ("s3", "CreateBucket", 500, 2_000),
    ("s3", "PutObject", 200, 1_500),
    ("acm", "RequestCertificate", 700, 3_000),
    ("route53", "ChangeResourceRecordSets", 300, 1_500),
    ("sts", "GetCallerIdentity", 100, 500),
];

/// Of an operation that has no row.
fn usual(operation: &str) -> (u64, u64) {
    let looks = ["Get", "List", "Describe", "Head"].iter().any(|look| operation.starts_with(look));
    if looks { LOOKUP } else { WRITE }
}

pub fn of(service: &str, operation: &str) -> Latency {
    let row = LATENCIES.iter().find(|(of, name, ..)| *of == service && *name == operation);
    let (median, tail) = row.map_or_else(|| usual(operation), |(_, _, median, tail)| (*median, *tail));
    Latency { median: Duration::from_millis(median), tail: Duration::from_millis(tail) }
}

impl Latency {
    /// Of one call: around the median, or, one time in twenty, anywhere up to the tail.
    pub fn draw(self, chance: &mut SmallRng) -> Duration {
        if chance.random_ratio(1, 20) {
            return chance.random_range(self.median..=self.tail);
        }
        self.median.mul_f64(chance.random_range(0.75..=1.25))
    }
}
