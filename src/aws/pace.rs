//! AWS's own pace, kept on this side so that AWS need not refuse: one table of budgets (`AWS_FACTS` A, B5, B7; ACM's and
//! CloudWatch Logs' from their quota pages), shared by every call of the process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// What one operation may do, or all of a service's together. None of these can be raised.
#[derive(Debug)]
struct Budget {
    service: &'static str,
    /// Each has the budget for itself. None: all of the service's calls share it.
    operations: &'static [&'static str],
    /// One per so many milliseconds.
    gap: u64,
    /// So many at once.
    burst: u32,
    /// For whoever has to wait.
    allows: &'static str,
}

/// `CreateRestApi` for an edge-optimized API, which has a budget of its own.
pub const CREATE_EDGE_API: &str = "CreateRestApi of an edge-optimized API";

const fn row(
    service: &'static str,
    operations: &'static [&'static str],
    gap: u64,
    burst: u32,
    allows: &'static str,
) -> Budget {
    Budget { service, operations, gap, burst, allows }
}

/// A budget that is counted in seconds leaves room for requests that travel at different speeds: AWS counts when they
/// arrive. Bursts of rates are AWS's own where it tells one.
#[rustfmt::skip]
const BUDGETS: &[Budget] = &[
    row("apigateway", &["CreateRestApi", "ImportRestApi"], 3_000, 1, "one new REST API per 3 s"),
    row("apigateway", &[CREATE_EDGE_API], 30_000, 1, "one new edge-optimized REST API per 30 s"),
    row("apigateway", &["PutRestApi"], 1_000, 1, "one import into a REST API per second"),
    row("apigateway", &["DeleteRestApi"], 30_000, 1, "one deletion of a REST API per 30 s"),
    row("apigateway", &["CreateResource", "DeleteResource"], 200, 1, "5 changes of resources per second"),
    row("apigateway", &["GetResources"], 400, 1, "5 lists of resources per 2 s"),
    row("apigateway", &["CreateDeployment"], 5_000, 1, "one deployment per 5 s"),
    row("apigateway", &["CreateDomainName", "UpdateDomainName", "DeleteDomainName"], 30_000, 1, "one domain change per 30 s"),
    row("apigateway", &["CreateApiKey", "DeleteApiKey"], 200, 1, "5 changes of API keys per second"),
    row("apigateway", &["UpdateUsagePlan"], 20_000, 1, "one usage plan update per 20 s"),
    row("apigateway", &["UpdateAccount"], 20_000, 1, "one update of its account settings per 20 s"),
    row("apigateway", &["CreateDocumentationVersion"], 20_000, 1, "one documentation version per 20 s"),
    row("apigateway", &["ImportDocumentationParts"], 30_000, 1, "one import of documentation per 30 s"),
    row("apigateway", &[], 100, 40, "10 calls per second"),
    row("lambda", &["GetFunction"], 10, 100, "100 GetFunction calls per second"),
    row("lambda", &["Invoke", "InvokeWithResponseStream"], 0, 1, "any number of invocations"),
    row("lambda", &[], 67, 15, "15 calls per second"),
    row("route53", &[], 200, 5, "5 calls per second"),
    row("acm", &["RequestCertificate", "AddTagsToCertificate", "RemoveTagsFromCertificate"], 200, 5, "5 of these calls per second"),
    row("acm", &["ListCertificates"], 125, 8, "8 lists of certificates per second"),
    row("acm", &["DescribeCertificate", "DeleteCertificate", "ListTagsForCertificate"], 100, 10, "10 of these calls per second"),
    row("logs", &["FilterLogEvents"], 200, 5, "5 searches of logs per second"),
    row("logs", &["CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups", "PutRetentionPolicy", "DeleteRetentionPolicy"], 100, 10, "10 of these calls per second"),
];

/// Lambda counts these apart from all others (`AWS_FACTS` B5).
const APART: &[&str] = &["GetFunction", "Invoke", "InvokeWithResponseStream"];

/// How much later than its time a call of a slow operation goes out.
const MARGIN: Duration = Duration::from_millis(500);
const SLOW: Duration = Duration::from_secs(1);

/// When a call may go out, and what keeps it until then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    pub at: Instant,
    /// `one domain change per 30 s`.
    pub allows: &'static str,
}

/// Hands out turns.
#[derive(Debug, Default)]
pub struct Pace {
    on: bool,
    free_at: Mutex<HashMap<(&'static str, &'static str), Instant>>,
}

impl Pace {
    /// `on` against AWS itself; other endpoints have no such limits.
    pub fn new(on: bool) -> Pace {
        Pace { on, free_at: Mutex::default() }
    }

    pub fn is_on(&self) -> bool {
        self.on
    }

    /// When the next call of `operation` may go out; the turn is taken by asking.
    pub fn turn(&self, service: &'static str, operation: &'static str, now: Instant) -> Turn {
        let mut turn = Turn { at: now, allows: "" };
        if !self.on {
            return turn;
        }
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let own = BUDGETS.iter().find(|budget| budget.service == service && budget.operations.contains(&operation));
        let all = BUDGETS.iter().find(|budget| budget.service == service && budget.operations.is_empty());
        let all = all.filter(|_| service != "lambda" || !APART.contains(&operation));
        for (key, budget) in own.map(|own| (operation, own)).into_iter().chain(all.map(|all| ("", all))) {
            let due = budget.reserve(free_at.entry((service, key)).or_insert(turn.at), turn.at);
            if due > turn.at {
                turn = Turn { at: due, allows: budget.allows };
            }
        }
        turn
    }
}

impl Budget {
    /// A token bucket as its theoretical arrival time (GCRA): a turn is due when no more than `burst` gaps are owed.
    fn reserve(&self, free_at: &mut Instant, now: Instant) -> Instant {
        let gap = Duration::from_millis(self.gap);
        let gap = if gap < SLOW { gap } else { gap + MARGIN };
        let due = (*free_at).max(now);
        *free_at = due + gap;
        due.checked_sub(gap * (self.burst - 1)).unwrap_or(now).max(now)
    }
}

/// A service as people call it.
pub fn service_name(service: &str) -> &str {
    match service {
        "apigateway" => "API Gateway",
        "lambda" => "Lambda",
        "route53" => "Route 53",
        "acm" => "ACM",
        "ecr" => "ECR",
        "logs" => "CloudWatch Logs",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long after the first the others go out, in milliseconds, when all are asked for at once.
    fn waits(service: &'static str, operation: &'static str, calls: usize) -> Vec<u128> {
        let (pace, now) = (Pace::new(true), Instant::now());
        (0..calls).map(|_| (pace.turn(service, operation, now).at - now).as_millis()).collect()
    }

    #[test]
    fn what_is_slow_by_the_table_of_aws_waits_for_it_and_a_little_more() {
        // AWS_FACTS A.
        for (operation, seconds) in [
            ("CreateRestApi", 3),
            (CREATE_EDGE_API, 30),
            ("PutRestApi", 1),
            ("DeleteRestApi", 30),
            ("CreateDeployment", 5),
            ("CreateDomainName", 30),
            ("UpdateDomainName", 30),
            ("DeleteDomainName", 30),
            ("UpdateUsagePlan", 20),
            ("UpdateAccount", 20),
            ("CreateDocumentationVersion", 20),
            ("ImportDocumentationParts", 30),
        ] {
            let waits = waits("apigateway", operation, 3);
            assert_eq!(waits, [0, seconds * 1_000 + 500, 2 * (seconds * 1_000 + 500)], "{operation}");
        }
        assert_eq!(waits("apigateway", "CreateResource", 3), [0, 200, 400]);
        assert_eq!(waits("apigateway", "GetResources", 6)[5], 2_000);
        assert_eq!(waits("apigateway", "DeleteApiKey", 6)[5], 1_000);
    }

    #[test]
    fn each_domain_operation_has_a_budget_of_its_own() {
        let (pace, now) = (Pace::new(true), Instant::now());
        for operation in ["CreateDomainName", "UpdateDomainName", "DeleteDomainName"] {
            assert_eq!(pace.turn("apigateway", operation, now).at, now);
        }
        let turn = pace.turn("apigateway", "UpdateDomainName", now);
        assert_eq!((turn.at > now, turn.allows), (true, "one domain change per 30 s"));
    }

    #[test]
    fn forty_calls_go_at_once_and_the_next_waits_a_tenth_of_a_second() {
        let waits = waits("apigateway", "PutMethod", 42);
        assert_eq!((waits[39], waits[40], waits[41]), (0, 100, 200));
    }

    #[test]
    fn services_do_not_wait_for_each_other() {
        // AWS_FACTS B5, B7.
        assert_eq!(waits("lambda", "UpdateAlias", 16)[14..], [0, 67]);
        assert_eq!(waits("lambda", "Invoke", 1_000)[999], 0);
        assert_eq!(waits("lambda", "GetFunction", 101)[100], 10);
        assert_eq!(waits("route53", "GetChange", 7)[4..], [0, 200, 400]);
        assert_eq!(waits("s3", "PutObject", 1_000)[999], 0);
    }

    #[test]
    fn nothing_waits_where_nothing_is_limited() {
        let (pace, now) = (Pace::new(false), Instant::now());
        assert!((0..100).all(|_| pace.turn("apigateway", "DeleteRestApi", now).at == now));
    }
}
