//! How much of what the account may have is used: what a deploy would need one more of.

use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType};
use aws_sdk_iam::types::SummaryKeyType;

use super::{Finding, Patient};
use crate::aws::{Repeat, Result, ordered};
use crate::event::FindingKind;
use crate::spec::model::Endpoint;

/// API Gateway's quotas for one account and region (`AWS_FACTS` A).
const REGIONAL_APIS: usize = 600;
const EDGE_APIS: usize = 120;
const USAGE_PLANS: usize = 300;
const API_KEYS: usize = 10_000;

/// Lambda leaves so much to functions that reserve nothing.
const UNRESERVED: i32 = 100;

pub(super) async fn checks(patient: &Patient<'_, '_>) -> Vec<Finding> {
    let (apis, plans, keys, (concurrency, storage), roles) =
        tokio::join!(rest_apis(patient), usage_plans(patient), api_keys(patient), lambda(patient), roles(patient),);
    [Some(apis), plans, keys, Some(concurrency), Some(storage), Some(roles)].into_iter().flatten().collect()
}

/// Of something that is counted; `has` says that a deploy needs no more of it.
fn counted(check: &'static str, what: &str, used: u64, limit: u64, has: bool, remedy: &str) -> Finding {
    let message = format!("{used} of {limit} {what}");
    match () {
        () if used >= limit && !has => Finding::problem(
            check,
            FindingKind::QuotaReached.name(),
            format!("{message}: there is no room for another"),
            remedy,
        ),
        () if used.saturating_mul(10) >= limit.saturating_mul(9) => {
            Finding::warning(check, FindingKind::QuotaNear.name(), message, remedy)
        }
        () => Finding::ok(check, message),
    }
}

const OF_GATEWAY: &str = "delete what nobody needs, or deploy to another region or account; some of API Gateway's quotas can be \
                          raised (Service Quotas)";

async fn rest_apis(patient: &Patient<'_, '_>) -> Finding {
    let apis = match patient.lookups.rest_apis(patient.aws).await {
        Ok(apis) => apis,
        Err(error) => return Finding::unanswered("rest_apis", &error),
    };
    let (kind, limit, word) = match patient.spec.api.endpoint {
        Endpoint::Regional => (EndpointType::Regional, REGIONAL_APIS, "regional REST APIs"),
        Endpoint::Edge => (EndpointType::Edge, EDGE_APIS, "edge-optimized REST APIs"),
    };
    let of_kind = apis.iter().filter(|api| {
        let types = api.endpoint_configuration().map(EndpointConfiguration::types).unwrap_or_default();
        // Where nothing is said, it is one of the edge.
        types.first().map_or(kind == EndpointType::Edge, |first| *first == kind)
    });
    let has = apis.iter().any(|api| tags(patient).own(&ordered(api.tags())));
    counted("rest_apis", word, large(of_kind.count()), large(limit), has, OF_GATEWAY)
}

async fn usage_plans(patient: &Patient<'_, '_>) -> Option<Finding> {
    let wanted = patient.spec.usage_plan.as_ref()?;
    Some(match patient.lookups.usage_plans(patient.aws).await {
        Ok(plans) => {
            let has = plans.iter().any(|plan| plan.name() == Some(wanted.name.as_str()));
            counted("usage_plans", "usage plans", large(plans.len()), large(USAGE_PLANS), has, OF_GATEWAY)
        }
        Err(error) => Finding::unanswered("usage_plans", &error),
    })
}

async fn api_keys(patient: &Patient<'_, '_>) -> Option<Finding> {
    let wanted = patient.spec.usage_plan.as_ref()?;
    Some(match patient.lookups.api_keys(patient.aws).await {
        Ok(keys) => {
            let own = keys.iter().filter(|key| tags(patient).own(&ordered(key.tags()))).count();
            let has = own >= wanted.keys.len();
            counted("api_keys", "API keys", large(keys.len()), large(API_KEYS), has, OF_GATEWAY)
        }
        Err(error) => Finding::unanswered("api_keys", &error),
    })
}

fn tags(patient: &Patient<'_, '_>) -> crate::aws::Tags {
    crate::aws::Tags::new(&patient.spec.app, &patient.spec.stage, &patient.spec.tags)
}

/// Concurrency and storage for code, from one answer.
async fn lambda(patient: &Patient<'_, '_>) -> (Finding, Finding) {
    let call = || patient.aws.lambda().get_account_settings().send();
    let answer = match patient.aws.call("lambda", "GetAccountSettings", Repeat::Safe, call).await {
        Ok(answer) => answer,
        Err(error) => {
            return (Finding::unanswered("concurrency", &error), Finding::unanswered("code_storage", &error));
        }
    };
    let (limit, usage) = (answer.account_limit(), answer.account_usage());
    let all = limit.map_or(0, |limit| limit.concurrent_executions());
    let free = limit.and_then(|limit| limit.unreserved_concurrent_executions()).unwrap_or(all);
    let (used, most) =
        (usage.map_or(0, |usage| usage.total_code_size()), limit.map_or(0, |limit| limit.total_code_size()));
    (concurrency(patient, all, free).await, storage(used, most))
}

async fn concurrency(patient: &Patient<'_, '_>, all: i32, free: i32) -> Finding {
    let raise = "ask for more: Service Quotas, AWS Lambda, Concurrent executions";
    let function = &patient.spec.function;
    if let Some(wanted) = function.reserved_concurrency {
        let own = reserved(patient).await.unwrap_or_default();
        let room = (free + own - UNRESERVED).max(0);
        if i64::from(wanted) > i64::from(room) {
            return Finding::problem(
                "concurrency",
                FindingKind::ConcurrencyShort.name(),
                format!(
                    "function.reserved_concurrency asks for {wanted}, and {room} of the account's {all} can be reserved"
                ),
                format!("lower function.reserved_concurrency, or {raise}"),
            );
        }
    }
    if all < UNRESERVED {
        return Finding::warning(
            "concurrency",
            FindingKind::ConcurrencyLow.name(),
            format!("all functions of the account together run {all} times at once, as new accounts' do"),
            raise,
        );
    }
    if free <= UNRESERVED && function.reserved_concurrency.is_none() {
        return Finding::warning(
            "concurrency",
            FindingKind::ConcurrencyLow.name(),
            format!("{free} of {all} are left to functions that reserve none"),
            format!("set function.reserved_concurrency elsewhere lower, or {raise}"),
        );
    }
    Finding::ok("concurrency", format!("{free} of {all} executions at once are free to be used"))
}

/// What the function has set aside already.
async fn reserved(patient: &Patient<'_, '_>) -> Result<i32> {
    let name = &patient.spec.function.name;
    let call = || patient.aws.lambda().get_function().function_name(name).send();
    let answer = patient.aws.call("lambda", "GetFunction", Repeat::Safe, call).await?;
    Ok(answer.concurrency().and_then(|set| set.reserved_concurrent_executions()).unwrap_or_default())
}

fn storage(used: i64, most: i64) -> Finding {
    let remedy =
        "delete old versions of functions, or ask for more: Service Quotas, AWS Lambda, Function and layer storage";
    let (used, most) = (u64::try_from(used).unwrap_or_default(), u64::try_from(most).unwrap_or_default());
    let megabytes = |bytes: u64| bytes / (1 << 20);
    counted("code_storage", "MB of functions' code", megabytes(used), megabytes(most), false, remedy)
}

async fn roles(patient: &Patient<'_, '_>) -> Finding {
    let call = || patient.aws.iam().get_account_summary().send();
    let answer = match patient.aws.call("iam", "GetAccountSummary", Repeat::Safe, call).await {
        Ok(answer) => answer,
        Err(error) => return Finding::unanswered("roles", &error),
    };
    let of = |key: &str| {
        let map = answer.summary_map();
        let value = map.and_then(|map| map.get(&SummaryKeyType::from(key))).copied();
        value.and_then(|value| u64::try_from(value).ok())
    };
    match (of("Roles"), of("RolesQuota")) {
        (Some(used), Some(limit)) => {
            let remedy = "delete roles that nobody needs, or ask for more: Service Quotas, IAM, Roles per account";
            // Where there is room, whether the role is there already makes no difference.
            let has = used >= limit && has_role(patient).await;
            counted("roles", "IAM roles", used, limit, has, remedy)
        }
        _ => Finding::not_asked("roles", "IAM's summary does not count them"),
    }
}

/// Is the function's role there, so that a deploy makes none?
async fn has_role(patient: &Patient<'_, '_>) -> bool {
    let call = || patient.aws.iam().get_role().role_name(&patient.spec.role.name).send();
    patient.aws.call("iam", "GetRole", Repeat::Safe, call).await.is_ok()
}

fn large(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
