//! Throttles and quotas of a request (`AWS_FACTS` C2): the usage plan's per method, the usage plan's, the stage's per
//! method, the account's. All must allow it, and the first that does not is told. The quota comes last; a throttled
//! request counts against it all the same.

use super::record::Record;
use super::refusal::{Kind, Refusal};
use super::request::MethodRequest;
use super::site::{Method, Stage};
use crate::local::cloud::usage::{Exceeded, Ledger, Limit, Quotad, Tap};

/// Of an account in one region.
pub const ACCOUNT: Limit = Limit { burst: 5_000.0, rate: 10_000.0 };

/// # Errors
/// When a limit is exceeded.
pub fn admit(
    ledger: &Ledger,
    account: Option<Limit>,
    (stage, method, request): (&Stage, &Method, &MethodRequest),
    record: &mut Record,
) -> Result<(), Refusal> {
    let mut taps: Vec<Tap> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut add = |name, tap: Option<&Tap>| {
        if let Some(tap) = tap {
            names.push(name);
            taps.push(tap.clone());
        }
    };
    let admission = request.admission.as_deref();
    add(
        "the usage plan's throttle of this method",
        admission.and_then(|admission| method_throttle(admission, method, request.verb.as_str())),
    );
    add("the usage plan's throttle", admission.and_then(|admission| admission.throttle.as_ref()));
    add("the stage's throttle of this method", method.throttles.get(request.verb.as_str()));
    let account = account.map(|limit| Tap { bucket: stage.account_bucket.clone(), limit, kept: false });
    add("the account's throttle", account.as_ref());
    let quotad = admission.and_then(|admission| {
        let quota = admission.quota.as_ref()?;
        Some(Quotad { plan: &admission.plan_id, key: &admission.key_id, quota })
    });
    match ledger.admit(request.at, &taps, quotad) {
        Ok(remaining) => {
            record.fact("throttles", || {
                let told = |(name, tap): (&&str, &Tap)| {
                    format!("{name}: {} a second, {} at once", tap.limit.rate, tap.limit.burst)
                };
                names.iter().zip(&taps).map(told).collect::<Vec<String>>()
            });
            if let Some(remaining) = remaining {
                record.fact("quota_remaining", || remaining);
            }
            Ok(())
        }
        Err(Exceeded::Throttle(at)) => {
            let limit = taps[at].limit;
            Err(Kind::Throttled.because(format!(
                "{} is exceeded: {} requests a second, {} at once (stage {} of API {})",
                names[at], limit.rate, limit.burst, stage.name, stage.api_id
            )))
        }
        Err(Exceeded::Quota) => Err(Kind::QuotaExceeded.because(match quotad {
            Some(Quotad { quota, .. }) => format!(
                "the quota of usage plan {} is used up: {} requests per {}",
                admission.map_or("", |admission| &admission.plan_name),
                quota.limit,
                quota.period.to_ascii_lowercase()
            ),
            None => "the quota is used up".to_owned(),
        })),
    }
}

fn method_throttle<'a>(admission: &'a super::site::Admission, method: &Method, verb: &str) -> Option<&'a Tap> {
    if admission.method_throttles.is_empty() {
        return None;
    }
    let path = &method.resource_path;
    let root = if path == "/" { "/" } else { "" };
    [format!("{root}{path}/{verb}"), format!("{path}{verb}"), format!("{root}{path}/{}", method.verb)]
        .iter()
        .find_map(|key| admission.method_throttles.get(key))
}
