//! How many calls AWS takes: token buckets per operation and per service (`AWS_FACTS` A, B5, B7), per region.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::local::cloud::Request;

/// So many calls in so many milliseconds.
type Limit = (u32, u64);

/// Operations with a limit of their own.
const OWN: &[(&str, &str, Limit)] = &[
    ("apigateway", "PutRestApi", (1, 1_000)),
    ("apigateway", "DeleteRestApi", (1, 30_000)),
    ("apigateway", "CreateResource", (5, 1_000)),
    ("apigateway", "DeleteResource", (5, 1_000)),
    ("apigateway", "GetResources", (5, 2_000)),
    ("apigateway", "CreateDeployment", (1, 5_000)),
    ("apigateway", "CreateDomainName", (1, 30_000)),
    ("apigateway", "UpdateDomainName", (1, 30_000)),
    ("apigateway", "DeleteDomainName", (1, 30_000)),
    ("apigateway", "CreateApiKey", (5, 1_000)),
    ("apigateway", "DeleteApiKey", (5, 1_000)),
    ("apigateway", "UpdateUsagePlan", (1, 20_000)),
    ("apigateway", "UpdateAccount", (1, 20_000)),
    ("lambda", "GetFunction", (100, 1_000)),
    ("lambda", "GetPolicy", (15, 1_000)),
];

/// Regional and private APIs; an edge one waits ten times as long.
const CREATE_REGIONAL: Limit = (1, 3_000);
const CREATE_EDGE: Limit = (1, 30_000);

/// All calls of a service together; of API Gateway 10 a second and 40 at once.
const ALL: &[(&str, u32, u64)] = &[("apigateway", 40, 100), ("lambda", 15, 67), ("route53", 5, 200)];

/// A bucket holds `burst` tokens, and gets one every `gap`.
#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

#[derive(Debug, Default)]
pub struct Buckets(HashMap<(String, String, &'static str), Bucket>);

impl Buckets {
    /// Takes a token of each bucket that counts this call. Where one is empty, tells after how long it will not be.
    pub fn take(&mut self, request: &Request, operation: &'static str, now: Instant) -> Option<Duration> {
        let service = request.service();
        let own = own(request, operation).map(|(calls, millis)| (operation, calls, millis / u64::from(calls)));
        // Lambda counts these apart (`AWS_FACTS` B5).
        let apart = service == "lambda" && own.is_some();
        let all = ALL.iter().find(|(of, ..)| *of == service && !apart).map(|(_, burst, gap)| ("", *burst, *gap));
        let counted: Vec<_> = own.into_iter().chain(all).collect();
        for (name, burst, gap) in &counted {
            let bucket = self.refilled(request, name, *burst, *gap, now);
            if bucket.tokens < 1.0 {
                return Some(Duration::from_millis(*gap).mul_f64(1.0 - bucket.tokens));
            }
        }
        for (name, burst, gap) in counted {
            self.refilled(request, name, burst, gap, now).tokens -= 1.0;
        }
        None
    }

    fn refilled(&mut self, request: &Request, name: &'static str, burst: u32, gap: u64, now: Instant) -> &mut Bucket {
        let key = (request.service().to_owned(), request.region().to_owned(), name);
        let bucket = self.0.entry(key).or_insert_with(|| Bucket { tokens: f64::from(burst), at: now });
        let new = now.saturating_duration_since(bucket.at).as_secs_f64() / Duration::from_millis(gap).as_secs_f64();
        // A thousandth of a token is what rounding to whole milliseconds may cost.
        bucket.tokens = (bucket.tokens + new + 0.001).min(f64::from(burst));
        bucket.at = now;
        bucket
    }
}

fn own(request: &Request, operation: &str) -> Option<Limit> {
    if operation == "CreateRestApi" {
        let regional =
            matches!(request.json()["endpointConfiguration"]["types"][0].as_str(), Some("REGIONAL" | "PRIVATE"));
        return Some(if regional { CREATE_REGIONAL } else { CREATE_EDGE });
    }
    OWN.iter().find(|(of, name, _)| *of == request.service() && *name == operation).map(|(.., limit)| *limit)
}
