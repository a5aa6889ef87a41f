//! Lambda: `AWS_FACTS` B5 and D.

use aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder;
use aws_sdk_lambda::types::{FunctionCode, Runtime};

use super::support::{Env, TRUST, function_arn, seconds, zip};

pub const ROLE: &str = "arn:aws:iam::000000000000:role/runner";

pub async fn with_role(env: &Env) {
    env.iam.create_role().role_name("runner").assume_role_policy_document(TRUST).send().await.unwrap();
    seconds(8).await;
}

/// A request that succeeds once the role can be assumed.
pub fn creation(env: &Env, name: &str) -> CreateFunctionFluentBuilder {
    env.lambda
        .create_function()
        .function_name(name)
        .runtime(Runtime::Python313)
        .handler("handler.lambda_handler")
        .role(ROLE)
        .code(FunctionCode::builder().zip_file(zip("def lambda_handler(event, context): pass")).build())
}

/// An active function.
pub async fn with_function(env: &Env, name: &str) {
    if env.iam.get_role().role_name("runner").send().await.is_err() {
        with_role(env).await;
    }
    creation(env, name).send().await.unwrap();
    seconds(4).await;
}

#[tokio::test(start_paused = true)]
async fn a_function_is_made_published_aliased_and_permitted() {
    let env = Env::new();
    with_role(&env).await;
    let made = creation(&env, "f")
        .environment(aws_sdk_lambda::types::Environment::builder().variables("MODEL", "model.json").build());
    let made = made.tags("poc:app", "x").send().await.unwrap();
    assert_eq!(made.state().unwrap().as_str(), "Pending");
    seconds(4).await;
    let told = env.lambda.get_function().function_name("f").send().await.unwrap();
    assert_eq!(told.configuration().unwrap().state().unwrap().as_str(), "Active");
    assert_eq!(told.tags().unwrap()["poc:app"], "x");
    let version = env.lambda.publish_version().function_name("f").send().await.unwrap();
    assert_eq!(version.function_arn(), Some(function_arn("f:1").as_str()));
    let alias = env.lambda.create_alias().function_name("f").name("prod").function_version("1").send().await.unwrap();
    assert_eq!(alias.alias_arn(), Some(function_arn("f:prod").as_str()));
    env.lambda
        .add_permission()
        .function_name("f")
        .qualifier("prod")
        .statement_id("get-admit")
        .action("lambda:InvokeFunction")
        .principal("apigateway.amazonaws.com")
        .source_arn("arn:aws:execute-api:us-east-1:000000000000:abc/prod/GET/admit")
        .send()
        .await
        .unwrap();
    let policy = env.lambda.get_policy().function_name("f").qualifier("prod").send().await.unwrap();
    assert!(policy.policy().unwrap().contains("ArnLike"));
    env.lambda.delete_function().function_name("f").send().await.unwrap();
}
