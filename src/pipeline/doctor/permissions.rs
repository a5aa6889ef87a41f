//! What these credentials may do, as IAM's own simulator says: the policy that a deploy needs, statement by statement.

use aws_sdk_iam::types::{ContextEntry, ContextKeyTypeEnum};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

use super::{Finding, Patient};
use crate::aws::{self, Aws, Error, ErrorKind, Repeat, Result};
use crate::desired;
use crate::event::FindingKind;

/// Simulations under way at once.
const AT_ONCE: usize = 8;
/// Refused actions that are named.
const NAMED: usize = 6;

pub(super) async fn check(patient: &Patient<'_, '_>) -> Finding {
    let Patient { aws, arn, spec, account, .. } = patient;
    if arn.ends_with(":root") {
        return Finding::ok("permissions", "the root user may do everything");
    }
    let source = match source(aws, arn).await {
        Ok(Some(source)) => source,
        Ok(None) => return Finding::not_asked("permissions", format!("IAM cannot tell what {arn} may do")),
        Err(error) => return unanswered(&error),
    };
    // The zone that `poc policy` names: of any zone, whoever has that policy may do nothing.
    let zone = match &spec.domain {
        Some(domain) => patient.zone(domain).await.ok(),
        None => None,
    };
    let scope = desired::scope(spec, account, zone.as_ref().map(|zone| zone.id.as_str()));
    let policy = aws::policy(&scope, false);
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    let questions: Vec<Question<'_>> = statements.iter().flat_map(questions).collect();
    let asked = questions.iter().map(|question| simulate(aws, &source, question));
    let results: Result<Vec<Vec<Simulated>>> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await;
    let results: Vec<Simulated> = match results {
        Ok(results) => results.into_iter().flatten().collect(),
        Err(error) => return unanswered(&error),
    };
    let mut refused: Vec<&str> =
        results.iter().filter(|result| !result.allowed).map(|result| result.action.as_str()).collect();
    refused.sort_unstable();
    refused.dedup();
    let mut actions: Vec<&str> = results.iter().map(|result| result.action.as_str()).collect();
    actions.sort_unstable();
    actions.dedup();
    if refused.is_empty() {
        return Finding::ok("permissions", format!("all {} actions of `poc policy` are allowed", actions.len()));
    }
    let more = match refused.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let named = refused[..refused.len().min(NAMED)].join(", ");
    Finding::problem(
        "permissions",
        FindingKind::PermissionsMissing.name(),
        format!("{} of {} actions are not allowed: {named}{more}", refused.len(), actions.len()),
        format!("give {source} what `poc policy` prints, or see which policy denies it"),
    )
}

/// To whose policies an identity's rights are due: a session's to its role's, whose path only IAM knows.
async fn source(aws: &Aws<'_>, arn: &str) -> Result<Option<String>> {
    let Some(session) = arn.split(":assumed-role/").nth(1) else {
        return Ok(Some(arn.to_owned()).filter(|arn| arn.contains(":user/")));
    };
    let role = session.split('/').next().unwrap_or_default();
    let call = || aws.iam().get_role().role_name(role).send();
    let answer = aws.call("iam", "GetRole", Repeat::Safe, call).await?;
    Ok(answer.role.map(|role| role.arn))
}

fn unanswered(error: &Error) -> Finding {
    match error.kind {
        ErrorKind::AccessDenied => Finding::not_asked(
            "permissions",
            format!(
                "these credentials may not do iam:{}, so a deploy finds out",
                error.operation.unwrap_or("SimulatePrincipalPolicy")
            ),
        ),
        _ => Finding::unanswered("permissions", error),
    }
}

struct Simulated {
    action: String,
    allowed: bool,
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(texts) => texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A statement's actions on its resources, under one set of values of its condition keys.
struct Question<'p> {
    statement: &'p Value,
    context: Vec<ContextEntry>,
}

/// A statement is asked for once; where a condition names a key that has one value in every call, once for each value.
fn questions(statement: &Value) -> Vec<Question<'_>> {
    let mut all = vec![Question { statement, context: Vec::new() }];
    for (operator, keys) in statement["Condition"].as_object().into_iter().flatten() {
        let many = operator.starts_with("ForAllValues:");
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values = texts(values);
            let kind = if many { ContextKeyTypeEnum::StringList } else { ContextKeyTypeEnum::String };
            let together = if many { values.len().max(1) } else { 1 };
            let entries = values.chunks(together).map(|values| {
                let entry = ContextEntry::builder().context_key_name(key).context_key_type(kind.clone());
                entry.set_context_key_values(Some(values.to_vec())).build()
            });
            let entries: Vec<ContextEntry> = entries.collect();
            let with = |asked: &Question<'_>| -> Vec<Vec<ContextEntry>> {
                entries.iter().map(|entry| [&asked.context[..], std::slice::from_ref(entry)].concat()).collect()
            };
            all = all.iter().flat_map(with).map(|context| Question { statement, context }).collect();
        }
    }
    all
}

async fn simulate(aws: &Aws<'_>, source: &str, question: &Question<'_>) -> Result<Vec<Simulated>> {
    let Question { statement, context } = question;
    let (actions, resources) = (texts(&statement["Action"]), texts(&statement["Resource"]));
    let (mut simulated, mut marker) = (Vec::new(), None::<String>);
    loop {
        let call = || {
            let ask = aws.iam().simulate_principal_policy().policy_source_arn(source);
            let ask = ask.set_action_names(Some(actions.clone())).set_resource_arns(Some(resources.clone()));
            ask.set_context_entries(Some(context.clone())).set_marker(marker.clone()).send()
        };
        let answer = aws.call("iam", "SimulatePrincipalPolicy", Repeat::Safe, call).await?;
        for result in answer.evaluation_results() {
            let allowed = |decision: &str| decision == "allowed";
            let specific = result.resource_specific_results();
            let allowed = match specific {
                [] => allowed(result.eval_decision().as_str()),
                specific => specific.iter().all(|one| allowed(one.eval_resource_decision().as_str())),
            };
            simulated.push(Simulated { action: result.eval_action_name().to_owned(), allowed });
        }
        marker = answer.marker.filter(|_| answer.is_truncated);
        if marker.is_none() {
            return Ok(simulated);
        }
    }
}
