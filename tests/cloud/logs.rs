//! CloudWatch Logs.

use super::support::Env;

#[tokio::test(start_paused = true)]
async fn a_group_keeps_its_retention_and_tags() {
    let env = Env::new();
    env.logs.create_log_group().log_group_name("/aws/lambda/f").tags("poc:app", "x").send().await.unwrap();
    env.logs.put_retention_policy().log_group_name("/aws/lambda/f").retention_in_days(14).send().await.unwrap();
    let told = env.logs.describe_log_groups().log_group_name_prefix("/aws/lambda/f").send().await.unwrap();
    assert_eq!(told.log_groups()[0].retention_in_days(), Some(14));
    let arn = told.log_groups()[0].log_group_arn().unwrap();
    let tags = env.logs.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["poc:app"], "x");
    env.logs.delete_log_group().log_group_name("/aws/lambda/f").send().await.unwrap();
}
