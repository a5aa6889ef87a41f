//! IAM: `AWS_FACTS` B8.

use super::support::{Env, TRUST};

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
