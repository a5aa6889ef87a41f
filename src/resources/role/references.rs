//! The right to look up what the function's environment refers to: one statement for parameters and one for secrets, told
//! from what deploy.yaml adds by their ids.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::spec::model::{Reference, Store};

/// Statement ids, and what each allows.
const KINDS: [(Store, &str, &str); 2] = [
    (Store::Parameters, "PocParameters", "ssm:GetParameter"),
    (Store::Secrets, "PocSecrets", "secretsmanager:GetSecretValue"),
];

/// Statement id and resource of each, once.
pub(super) fn grants(
    references: &[Reference],
    partition: &str,
    region: &str,
    account: &str,
) -> BTreeSet<(&'static str, String)> {
    let of = |reference: &Reference| {
        let kind = KINDS.iter().find(|(store, ..)| *store == reference.store)?;
        let name = &reference.name;
        let arn = match reference.store {
            // A path's own slash is the one after the type.
            Store::Parameters => {
                format!("arn:{partition}:ssm:{region}:{account}:parameter/{}", name.trim_start_matches('/'))
            }
            Store::Secrets if is_whole(name) => name.clone(),
            Store::Secrets if name.starts_with("arn:") => format!("{name}{SUFFIX}"),
            Store::Secrets => format!("arn:{partition}:secretsmanager:{region}:{account}:secret:{name}{SUFFIX}"),
        };
        Some((kind.1, arn))
    };
    references.iter().filter_map(of).collect()
}

/// Secrets Manager ends its ARNs with a hyphen and six characters that it makes up.
const SUFFIX: &str = "-??????";

/// An ARN with those six.
fn is_whole(name: &str) -> bool {
    let tail = name.rsplit_once('-').map(|(_, tail)| tail).unwrap_or_default();
    name.starts_with("arn:") && tail.len() == 6 && tail.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// One statement for each kind.
pub(super) fn statements(grants: impl Iterator<Item = (&'static str, String)>) -> Vec<Value> {
    let mut all: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (sid, arn) in grants {
        all.entry(sid).or_default().insert(arn);
    }
    let kinds = KINDS.iter().filter_map(|(_, sid, action)| Some((sid, action, all.get(sid)?)));
    kinds
        .map(|(sid, action, arns)| json!({ "Sid": sid, "Effect": "Allow", "Action": action, "Resource": arns }))
        .collect()
}

/// What a policy of ours allows of it.
pub(super) fn granted(policy: &Value) -> BTreeSet<(&'static str, String)> {
    let listed = |value: &Value| match value {
        Value::Array(all) => all.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let mut all = BTreeSet::new();
    for statement in listed(&policy["Statement"]) {
        let Some((_, sid, _)) = KINDS.iter().find(|(_, sid, _)| statement["Sid"] == **sid) else { continue };
        all.extend(listed(&statement["Resource"]).iter().filter_map(|arn| Some((*sid, arn.as_str()?.to_owned()))));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In order.
    fn arns(references: &[(Store, &str)]) -> Vec<String> {
        let references: Vec<Reference> =
            references.iter().map(|(store, name)| Reference { store: *store, name: (*name).to_owned() }).collect();
        grants(&references, "aws", "us-east-1", "123456789012").into_iter().map(|(_, arn)| arn).collect()
    }

    #[test]
    fn a_right_is_for_that_one_alone() {
        assert_eq!(
            arns(&[(Store::Parameters, "/app/token"), (Store::Parameters, "plain"), (Store::Secrets, "app/token")]),
            [
                "arn:aws:ssm:us-east-1:123456789012:parameter/app/token",
                "arn:aws:ssm:us-east-1:123456789012:parameter/plain",
                "arn:aws:secretsmanager:us-east-1:123456789012:secret:app/token-??????",
            ]
        );
        let whole = "arn:aws:secretsmanager:eu-west-1:210987654321:secret:app/token-AbCdEf";
        assert_eq!(arns(&[(Store::Secrets, whole)]), [whole]);
        assert_eq!(arns(&[(Store::Secrets, whole), (Store::Secrets, whole)]).len(), 1);
        // A name that ends as an ARN would.
        assert_eq!(
            arns(&[(Store::Secrets, "db-abc123")]),
            ["arn:aws:secretsmanager:us-east-1:123456789012:secret:db-abc123-??????"]
        );
    }

    #[test]
    fn what_was_allowed_is_read_back() {
        let policy = json!({ "Version": "2012-10-17", "Statement": statements(
            [("PocParameters", "a".to_owned()), ("PocSecrets", "b".to_owned()), ("PocSecrets", "c".to_owned())].into_iter(),
        ) });
        let read: Vec<(&str, String)> = granted(&policy).into_iter().collect();
        assert_eq!(
            read,
            [("PocParameters", "a".to_owned()), ("PocSecrets", "b".to_owned()), ("PocSecrets", "c".to_owned())]
        );
        assert!(granted(&json!({ "Statement": { "Sid": "Mine", "Resource": "*" } })).is_empty());
    }
}
