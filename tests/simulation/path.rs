//! The critical path: the longest chain of latencies and waits that the graph must have, by the table of latencies and
//! the profile, and not by anything that a run did.

use std::collections::HashMap;
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

/// Of a plan, as it was shown.
pub fn critical(plan: &Value, profile: &Profile, edge: bool) -> Duration {
    let mut ends: HashMap<String, Duration> = HashMap::new();
    for step in plan["steps"].as_array().into_iter().flatten() {
        let (id, action) = (step["step"].as_str().unwrap_or_default(), step["action"].as_str().unwrap_or_default());
        let after = step["after"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let begun = after.filter_map(|needed| ends.get(needed)).max().copied().unwrap_or_default();
        let end = begun + median(&calls(id, action)) + wait(id, action, profile, edge);
        ends.insert(id.to_owned(), end);
    }
    median(&READING) + ends.values().max().copied().unwrap_or_default()
}
