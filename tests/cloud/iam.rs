//! IAM: `AWS_FACTS` B8.

use super::support::{Env, TRUST, refused};

#[tokio::test(start_paused = true)]
async fn a_role_lives_and_goes() {
    let env = Env::new();
    let made = env
        .iam
        .create_role()
        .role_name("poc-role")
        .path("/poc/")
        .description("for a test")
        .assume_role_policy_document(TRUST)
        .tags(aws_sdk_iam::types::Tag::builder().key("poc:app").value("x").build().unwrap())
        .send()
        .await
        .unwrap();
    assert_eq!(made.role().unwrap().arn(), "arn:aws:iam::000000000000:role/poc/poc-role");
    let told = env.iam.get_role().role_name("poc-role").send().await.unwrap();
    let role = told.role().unwrap();
    assert!(role.assume_role_policy_document().unwrap().starts_with("%7B%22Version%22"));
    assert_eq!(role.tags()[0].value(), "x");
    let document = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;
    env.iam.put_role_policy().role_name("poc-role").policy_name("logs").policy_document(document).send().await.unwrap();
    let arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";
    env.iam.attach_role_policy().role_name("poc-role").policy_arn(arn).send().await.unwrap();
    let inline = env.iam.list_role_policies().role_name("poc-role").send().await.unwrap();
    assert_eq!(inline.policy_names(), ["logs"]);
    let attached = env.iam.list_attached_role_policies().role_name("poc-role").send().await.unwrap();
    assert_eq!(attached.attached_policies()[0].policy_name(), Some("AWSLambdaBasicExecutionRole"));
    assert_eq!(env.iam.list_roles().path_prefix("/poc/").send().await.unwrap().roles().len(), 1);
    env.iam.detach_role_policy().role_name("poc-role").policy_arn(arn).send().await.unwrap();
    env.iam.delete_role_policy().role_name("poc-role").policy_name("logs").send().await.unwrap();
    env.iam.delete_role().role_name("poc-role").send().await.unwrap();
}

const LOGS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;
const BASIC: &str = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole";

async fn with_role(env: &Env, name: &str) {
    env.iam.create_role().role_name(name).assume_role_policy_document(TRUST).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_whatever_its_case() {
    let env = Env::new();
    with_role(&env, "runner").await;
    for name in ["runner", "Runner"] {
        let again = env.iam.create_role().role_name(name).assume_role_policy_document(TRUST).send().await;
        refused(again, "EntityAlreadyExists", &format!("Role with name {name} already exists."));
    }
}

#[tokio::test(start_paused = true)]
async fn documents_that_are_no_policies_are_refused() {
    let env = Env::new();
    with_role(&env, "runner").await;
    let rows = [
        ("not json", "This policy contains invalid Json"),
        ("", "This policy contains invalid Json"),
        (r#"{"Version":"2012-10-17"}"#, "Syntax errors in policy."),
        (
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps","Action":"logs:*"}]}"#,
            "Syntax errors in policy.",
        ),
        (
            r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*"}]}"#,
            "Policy statement must contain resources.",
        ),
        (
            r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*"}}"#,
            "Policy statement must contain actions.",
        ),
    ];
    for (document, message) in rows {
        let put = env.iam.put_role_policy().role_name("runner").policy_name("p").policy_document(document).send().await;
        refused(put, "MalformedPolicyDocument", message);
    }
    let created = env.iam.create_role().role_name("r").assume_role_policy_document("{oops").send().await;
    refused(created, "MalformedPolicyDocument", "This policy contains invalid Json");
    let updated = env.iam.update_assume_role_policy().role_name("runner").policy_document(LOGS).send().await;
    assert!(updated.is_err(), "a trust policy needs a principal and no resource");
}

#[tokio::test(start_paused = true)]
async fn only_policies_that_exist_are_attached() {
    let env = Env::new();
    with_role(&env, "runner").await;
    let rows = [
        (
            "arn:aws:iam::000000000000:policy/mine",
            "NoSuchEntity",
            "Policy arn:aws:iam::000000000000:policy/mine does not exist or is not attachable.",
        ),
        (
            "arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole",
            "NoSuchEntity",
            "Policy arn:aws:iam::aws:policy/AWSLambdaBasicExecutionRole does not exist or is not attachable.",
        ),
        ("longer-than-twenty-letters", "ValidationError", "Invalid ARN:  Could not be parsed!"),
    ];
    for (arn, code, message) in rows {
        refused(env.iam.attach_role_policy().role_name("runner").policy_arn(arn).send().await, code, message);
    }
    let detached = env.iam.detach_role_policy().role_name("runner").policy_arn(BASIC).send().await;
    refused(detached, "NoSuchEntity", &format!("Policy {BASIC} was not found."));
}

#[tokio::test(start_paused = true)]
async fn a_role_goes_when_nothing_hangs_on_it() {
    let env = Env::new();
    with_role(&env, "runner").await;
    env.iam.put_role_policy().role_name("runner").policy_name("p").policy_document(LOGS).send().await.unwrap();
    env.iam.attach_role_policy().role_name("runner").policy_arn(BASIC).send().await.unwrap();
    let look = |state: &mut poc::local::cloud::State, hold: bool| {
        let role = state.iam.roles.get_mut("runner").unwrap();
        if hold {
            role.instance_profiles.insert("machine".to_owned())
        } else {
            role.instance_profiles.remove("machine")
        };
    };
    env.cloud.inspect(|state| look(state, true)).await.unwrap();
    let profiles = env.iam.list_instance_profiles_for_role().role_name("runner").send().await.unwrap();
    assert_eq!(profiles.instance_profiles()[0].instance_profile_name(), "machine");
    let delete = async || env.iam.delete_role().role_name("runner").send().await;
    let conflict = "DeleteConflict";
    refused(delete().await, conflict, "Cannot delete entity, must remove roles from instance profile first.");
    env.cloud.inspect(|state| look(state, false)).await.unwrap();
    refused(delete().await, conflict, "Cannot delete entity, must detach all policies first.");
    env.iam.detach_role_policy().role_name("runner").policy_arn(BASIC).send().await.unwrap();
    refused(delete().await, conflict, "Cannot delete entity, must delete policies first.");
    env.iam.delete_role_policy().role_name("runner").policy_name("p").send().await.unwrap();
    delete().await.unwrap();
    refused(delete().await, "NoSuchEntity", "The role with name runner cannot be found.");
}

#[tokio::test(start_paused = true)]
async fn an_update_merges() {
    let env = Env::new();
    with_role(&env, "runner").await;
    env.iam.update_role().role_name("runner").description("told").send().await.unwrap();
    env.iam.update_role().role_name("runner").max_session_duration(7200).send().await.unwrap();
    let told = env.iam.get_role().role_name("runner").send().await.unwrap();
    let role = told.role().unwrap();
    assert_eq!((role.description(), role.max_session_duration()), (Some("told"), Some(7200)));
    let short = env.iam.update_role().role_name("runner").max_session_duration(60).send().await;
    refused(
        short,
        "ValidationError",
        "1 validation error detected: Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must \
         have value greater than or equal to 3600",
    );
}

#[tokio::test(start_paused = true)]
async fn tags_come_and_go() {
    let env = Env::new();
    with_role(&env, "runner").await;
    let tag = |key: &str, value: &str| aws_sdk_iam::types::Tag::builder().key(key).value(value).build().unwrap();
    env.iam.tag_role().role_name("runner").tags(tag("a", "1")).tags(tag("b", "2")).send().await.unwrap();
    env.iam.untag_role().role_name("runner").tag_keys("a").send().await.unwrap();
    let told = env.iam.list_role_tags().role_name("runner").send().await.unwrap();
    assert_eq!(told.tags(), [tag("b", "2")]);
    let many = (0..50).map(|at| tag(&format!("k{at}"), "v")).collect();
    assert!(env.iam.tag_role().role_name("runner").set_tags(Some(many)).send().await.is_err(), "51 are too many");
}

#[tokio::test(start_paused = true)]
async fn roles_are_told_in_pages() {
    let env = Env::new();
    for at in 0..7 {
        with_role(&env, &format!("role-{at}")).await;
    }
    let pages = env.iam.list_roles().max_items(3).into_paginator().items().send();
    let names: Vec<String> =
        pages.collect::<Result<Vec<_>, _>>().await.unwrap().iter().map(|role| role.role_name().to_owned()).collect();
    assert_eq!(names, ["role-0", "role-1", "role-2", "role-3", "role-4", "role-5", "role-6"]);
}
