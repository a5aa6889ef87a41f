//! What the function's role may do beyond what it needs (AWS_FACTS E).

use serde_json::Value;

use super::super::limits;
use super::super::tree::{Kind, Node};
use super::{Look, Place, WarningCode};

/// Managed policies that hand over an account, or a service as a whole.
const EVERYTHING: [&str; 4] = ["AdministratorAccess", "PowerUserAccess", "IAMFullAccess", "SystemAdministrator"];

/// Services whose actions can be kept to single resources. Others, and the actions below, take nothing but `*`.
const BY_RESOURCE: [&str; 16] = [
    "dynamodb",
    "ecr",
    "events",
    "firehose",
    "iam",
    "kinesis",
    "kms",
    "lambda",
    "s3",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "states",
    "sts",
    "execute-api",
];

const WITHOUT_RESOURCE: [&str; 17] = [
    "dynamodb:ListTables",
    "dynamodb:DescribeLimits",
    "ecr:GetAuthorizationToken",
    "kms:CreateKey",
    "kms:GenerateRandom",
    "kms:ListAliases",
    "kms:ListKeys",
    "lambda:GetAccountSettings",
    "lambda:ListFunctions",
    "s3:ListAllMyBuckets",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:ListSecrets",
    "secretsmanager:BatchGetSecretValue",
    "sns:ListTopics",
    "sqs:ListQueues",
    "ssm:DescribeParameters",
    "sts:GetCallerIdentity",
];

pub(super) fn look(look: &Look<'_>) {
    let items = |key: &str| match look.node(&["function", "role", key]).map(|node| &node.kind) {
        Some(Kind::List(items)) => items.iter().collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    for (at, (arn, node)) in look.spec.role.managed_policies.iter().zip(items("managed_policies")).enumerate() {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let of_aws = arn.contains(":iam::aws:policy/");
        if of_aws && (EVERYTHING.contains(&name) || name.ends_with("FullAccess")) {
            let message = format!("`{name}` lets the function do far more than it needs, and whoever gets into it too");
            let help = "write the actions it needs as `statements`, each with its resource";
            look.warn(WarningCode::WildcardPermission, place(node, &format!("managed_policies[{at}]")), message, help);
        }
    }
    for (at, (statement, node)) in look.spec.role.statements.iter().zip(items("statements")).enumerate() {
        judge(look, statement, node, &format!("statements[{at}]"));
    }
}

fn judge(look: &Look<'_>, statement: &Value, node: &Node, path: &str) {
    if statement["Effect"] != "Allow" {
        return;
    }
    let told = |key: &str, message: String, help: &str| {
        let part = node.get(key).map_or(node, |value| listed(value));
        look.warn(WarningCode::WildcardPermission, place(part, &format!("{path}.{key}")), message, help);
    };
    let actions = texts(&statement["Action"]);
    if node.get("NotAction").is_some() {
        let message = "everything but what is named here is allowed".to_owned();
        return told("NotAction", message, "write what the function needs as `Action`");
    }
    if let Some(wide) = actions.iter().find(|action| is_every_action(action)) {
        let message = match wide.split(':').next().unwrap_or_default().trim_end_matches('*') {
            "" => "the function may do everything".to_owned(),
            service => format!("the function may do everything in {service}, deleting included"),
        };
        return told("Action", message, "write the actions it needs, like s3:GetObject");
    }
    let everywhere = texts(&statement["Resource"]).into_iter().any(is_every_resource);
    let can_be_kept = |action: &&&str| {
        let service = action.split(':').next().unwrap_or_default();
        let known = |list: &[&str], text: &str| list.iter().any(|one| one.eq_ignore_ascii_case(text));
        known(&BY_RESOURCE, service) && !known(&WITHOUT_RESOURCE, action)
    };
    if everywhere
        && statement.get("Condition").is_none()
        && let Some(action) = actions.iter().find(can_be_kept)
    {
        let message = format!("the function may do {action} with everything in the account");
        told("Resource", message, "write the ARN of what it is for, like arn:aws:s3:::my-bucket/*");
    }
}

fn stars(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b == b'*')
}

/// `*`, `s3:*`, and `s3*`, whose star takes the colon too.
fn is_every_action(action: &str) -> bool {
    match action.split_once(':') {
        None => action.ends_with('*'),
        Some((_, name)) => stars(name),
    }
}

/// `*`, and an ARN whose resource is one, like `arn:aws:s3:::*`.
fn is_every_resource(resource: &str) -> bool {
    stars(resource) || limits::arn(resource).is_some_and(|[.., last]| stars(last))
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

/// The entry of a list that is the wide one.
fn listed(node: &Node) -> &Node {
    let wide = |item: &&Node| matches!(&item.kind, Kind::Text { text, .. } if is_every_action(text) || is_every_resource(text));
    match &node.kind {
        Kind::List(items) => items.iter().find(wide).unwrap_or(node),
        _ => node,
    }
}

fn place(node: &Node, path: &str) -> Place {
    Place { path: format!("function.role.{path}"), span: node.span.clone() }
}
