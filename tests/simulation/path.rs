//! The critical path: the longest chain of latencies and waits that the graph must have, by the table of latencies and
//! the profile, and not by anything that a run did: what must follow what is written here, and a plan with an edge too many
//! is no excuse.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use poc::local::cloud::Profile;
use poc::local::cloud::simulation::latency;
use serde_json::Value;

/// What a step must send, one call after the other, at the least.
fn calls(step: &str, action: &str) -> Vec<(&'static str, &'static str)> {
    let kind = step.split('.').next().unwrap_or_default();
    match (kind, action) {
        ("bucket", "create") => vec![("s3", "CreateBucket")],
        ("package", "create") => vec![("s3", "PutObject")],
        ("role", "create") => vec![("iam", "CreateRole"), ("iam", "PutRolePolicy")],
        ("function", "create") => vec![("lambda", "CreateFunction"), ("lambda", "GetFunction")],
        ("alias", "create") => vec![("lambda", "CreateAlias")],
        ("rest_api", "create") => vec![("apigateway", "CreateRestApi")],
        // Six for the method, four for the answer to a browser's preflight, two for the headers of errors.
        ("definition", "create") => vec![("apigateway", "PutMethod"); 12],
        // A changed method is replaced as a unit: the sample's has two responses on either side.
        ("definition", "update") => vec![("apigateway", "PutMethod"); 7],
        ("permission", "create") => vec![("lambda", "AddPermission")],
        ("deployment", _) => vec![("apigateway", "CreateDeployment")],
        ("stage", "create") => vec![("apigateway", "CreateStage")],
        ("stage", "update") => vec![("apigateway", "UpdateStage")],
        ("usage_plan", "create") => vec![("apigateway", "CreateUsagePlan")],
        ("usage_plan_key", "create") => vec![("apigateway", "CreateUsagePlanKey")],
        ("certificate", "create") => vec![("acm", "RequestCertificate"), ("acm", "DescribeCertificate")],
        ("validation_record", "create") => vec![("route53", "ChangeResourceRecordSets")],
        ("certificate_validation", "create") => vec![("acm", "DescribeCertificate")],
        ("domain_name", "create") => vec![("apigateway", "CreateDomainName")],
        ("base_path_mapping", "create") => vec![("apigateway", "CreateBasePathMapping")],
        ("alias_record", "create") => vec![("route53", "ChangeResourceRecordSets"), ("route53", "GetChange")],
        ("domain_ready", "create") => vec![("apigateway", "GetDomainName")],
        ("site_bucket", "create") => {
            vec![("s3", "CreateBucket"), ("s3", "PutPublicAccessBlock"), ("s3", "PutBucketPolicy")]
        }
        // The pages at once, then the note of them.
        ("site", "create") => vec![("s3", "PutObject"); 2],
        ("site_settings", "create") => vec![("s3", "PutObject")],
        _ => Vec::new(),
    }
}

/// What AWS takes its time for in a step.
fn wait(step: &str, action: &str, profile: &Profile, edge: bool) -> Duration {
    match (step.split('.').next().unwrap_or_default(), action) {
        ("role", "create") => profile.role_visible,
        // Counted from CreateRole; what the role step itself took of it is small.
        ("function", "create") => {
            profile.role_propagation.saturating_sub(profile.role_visible) + profile.function_settles
        }
        ("certificate", "create") => profile.certificate_record,
        ("certificate_validation", "create") => profile.certificate_issued,
        ("domain_ready", "create") if edge => profile.domain_edge,
        ("domain_ready", "create") => profile.domain_regional,
        ("alias_record", "create") => profile.record_insync,
        ("site_bucket", "create") => profile.public_access_opens,
        _ => Duration::ZERO,
    }
}

/// Looking before anything is done: who am I, the lists, then what hangs on them.
const READING: [(&str, &str); 4] = [
    ("sts", "GetCallerIdentity"),
    ("apigateway", "GetRestApis"),
    ("apigateway", "GetResources"),
    ("lambda", "GetPolicy"),
];

fn median(calls: &[(&'static str, &'static str)]) -> Duration {
    calls.iter().map(|(service, operation)| latency(service, operation).median).sum()
}

/// What a kind of step cannot do without, and what may only be there before it: whatever goes live after what answers it.
fn needs(kind: &str) -> &'static [&'static str] {
    match kind {
        "package" => &["bucket"],
        "function" => &["role", "package", "log_group"],
        "alias" => &["function"],
        "definition" => &["rest_api"],
        "permission" => &["alias", "rest_api"],
        "deployment" => &["definition", "alias", "permission"],
        "stage" => &["deployment"],
        "usage_plan" => &["stage"],
        "usage_plan_key" => &["usage_plan", "api_key"],
        "validation_record" => &["certificate"],
        "certificate_validation" => &["validation_record"],
        "domain_name" => &["certificate_validation"],
        "base_path_mapping" => &["domain_name", "stage"],
        "alias_record" | "domain_ready" => &["domain_name"],
        "site" => &["site_bucket", "stage"],
        "site_settings" => &["site_bucket", "stage", "base_path_mapping", "alias_record", "domain_ready"],
        _ => &[],
    }
}

/// Of the steps of a plan.
pub fn critical(plan: &Value, profile: &Profile, edge: bool) -> Duration {
    let steps = plan["steps"].as_array().into_iter().flatten();
    let steps = steps.map(|step| [&step["step"], &step["action"]].map(|text| text.as_str().unwrap_or_default()));
    longest(&steps.collect::<Vec<_>>(), profile, edge)
}

fn longest(steps: &[[&str; 2]], profile: &Profile, edge: bool) -> Duration {
    let mut ends = HashMap::new();
    let kinds: BTreeSet<&str> = steps.iter().map(|[step, _]| kind(step)).collect();
    let last = kinds.into_iter().map(|kind| end(kind, steps, profile, edge, &mut ends)).max();
    median(&READING) + last.unwrap_or_default()
}

fn kind(step: &str) -> &str {
    step.split('.').next().unwrap_or_default()
}

/// When the last step of a kind is done.
fn end<'s>(
    of: &'s str,
    steps: &[[&'s str; 2]],
    profile: &Profile,
    edge: bool,
    ends: &mut HashMap<&'s str, Duration>,
) -> Duration {
    if let Some(known) = ends.get(of) {
        return *known;
    }
    let begun = needs(of).iter().map(|needed| end(needed, steps, profile, edge, ends)).max().unwrap_or_default();
    let own = steps.iter().filter(|[step, _]| kind(step) == of);
    let own = own.map(|[step, action]| median(&calls(step, action)) + wait(step, action, profile, edge)).max();
    let end = begun + own.unwrap_or_default();
    ends.insert(of, end);
    end
}

#[test]
fn the_path_is_that_of_the_longest_chain_whatever_is_beside_it() {
    let profile = Profile { certificate_issued: Duration::from_secs(100), ..Profile::instant() };
    let role = [["role.r", "create"], ["log_group.g", "create"]];
    let chain = [role[0], role[1], ["function.f", "create"], ["alias.a", "create"]];
    let of = |steps: &[[&str; 2]]| longest(steps, &profile, false) - median(&READING);
    assert_eq!(of(&role), Duration::from_millis(350 + 180));
    assert_eq!(of(&chain), of(&role) + Duration::from_millis(1_200 + 90 + 180));
    // Of a certificate nothing but its own chain has to wait.
    let certificate = [["certificate.c", "create"], ["certificate_validation.c", "create"]];
    assert_eq!(of(&[chain.as_slice(), &certificate].concat()), Duration::from_millis(100_000 + 700 + 90 + 90));
}
