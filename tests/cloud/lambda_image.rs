//! Functions that run a container image, as Lambda takes and tells them (`AWS_FACTS` D and appendix B; texts of
//! CreateFunction from reports of AWS's refusals).

use aws_sdk_lambda::types::{FunctionCode, ImageConfig, PackageType};

use super::lambda::{ROLE, with_function, with_role};
use super::support::{Env, refused, seconds};

const URI: &str = "000000000000.dkr.ecr.us-east-1.amazonaws.com/model:1";
const INVALID: &str = "InvalidParameterValueException";

fn creation(env: &Env, uri: &str) -> aws_sdk_lambda::operation::create_function::builders::CreateFunctionFluentBuilder {
    let create = env.lambda.create_function().function_name("f").role(ROLE).package_type(PackageType::Image);
    create.code(FunctionCode::builder().image_uri(uri).build())
}

#[tokio::test(start_paused = true)]
async fn an_image_is_told_by_its_digest_and_has_no_runtime() {
    let env = Env::new();
    with_role(&env).await;
    let config = ImageConfig::builder().command("app.main").working_directory("/srv").build();
    let made = creation(&env, URI).image_config(config).publish(true).send().await.unwrap();
    assert_eq!((made.runtime(), made.handler(), made.package_type()), (None, None, Some(&PackageType::Image)));
    let digits = made.code_sha256().unwrap().to_owned();
    assert!(digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digits}");
    let told = made.image_config_response().unwrap().image_config().unwrap();
    assert_eq!((told.command(), told.working_directory()), (&["app.main".to_owned()][..], Some("/srv")));
    seconds(4).await;
    let got = env.lambda.get_function().function_name("f").send().await.unwrap();
    let code = got.code().unwrap();
    assert_eq!((code.repository_type(), code.image_uri()), (Some("ECR"), Some(URI)));
    assert_eq!(code.resolved_image_uri(), Some(format!("{}@sha256:{digits}", URI.trim_end_matches(":1")).as_str()));

    let published = env.lambda.publish_version().function_name("f").code_sha256(&digits).send().await.unwrap();
    assert_eq!(published.version(), Some("1"), "nothing changed since");
    env.lambda
        .update_function_configuration()
        .function_name("f")
        .image_config(ImageConfig::builder().build())
        .send()
        .await
        .unwrap();
    seconds(4).await;
    let bare = env.lambda.get_function_configuration().function_name("f").send().await.unwrap();
    assert!(bare.image_config_response().is_none());
    let other = env
        .lambda
        .update_function_code()
        .function_name("f")
        .image_uri(URI.replace(":1", ":2"))
        .publish(true)
        .send()
        .await
        .unwrap();
    assert_eq!(other.version(), Some("2"));
    assert_ne!(other.code_sha256(), Some(digits.as_str()));
}

#[tokio::test(start_paused = true)]
async fn what_lambda_refuses_of_an_image() {
    let env = Env::new();
    with_role(&env).await;
    let given = "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.";
    refused(creation(&env, URI).handler("a.b").send().await, INVALID, given);
    refused(
        creation(&env, "public.ecr.aws/lambda/python:3").send().await,
        INVALID,
        "Source image public.ecr.aws/lambda/python:3 is not valid. Provide a valid source image.",
    );
    let elsewhere = URI.replace("us-east-1", "eu-west-1");
    let message = format!("Source image {elsewhere} is not valid. Provide a valid source image.");
    refused(creation(&env, &elsewhere).send().await, INVALID, &message);
    let ecr = aws_sdk_ecr::Client::new(&env.config);
    ecr.create_repository().repository_name("model").send().await.unwrap();
    refused(
        creation(&env, URI).send().await,
        INVALID,
        &format!("Source image {URI} does not exist. Provide a valid source image."),
    );
    let index = r#"{"mediaType": "application/vnd.oci.image.index.v1+json"}"#;
    ecr.put_image().repository_name("model").image_tag("1").image_manifest(index).send().await.unwrap();
    refused(
        creation(&env, URI).send().await,
        INVALID,
        &format!("The image manifest, config or layer media type for the source image {URI} is not supported."),
    );

    with_function(&env, "zipped").await;
    refused(
        env.lambda.update_function_code().function_name("zipped").image_uri(URI).send().await,
        INVALID,
        "Please don't provide ImageUri when updating a function with packageType Zip.",
    );
    creation(&env, &URI.replace("model", "other")).send().await.unwrap();
    seconds(4).await;
    refused(
        env.lambda.update_function_code().function_name("f").s3_bucket("b").s3_key("k").send().await,
        INVALID,
        "Please provide ImageUri when updating a function with packageType Image.",
    );
    refused(env.lambda.update_function_configuration().function_name("f").handler("a.b").send().await, INVALID, given);
}

#[tokio::test(start_paused = true)]
async fn an_image_does_not_run_here_and_says_so() {
    let env = Env::new();
    with_role(&env).await;
    creation(&env, URI).send().await.unwrap();
    seconds(4).await;
    let lambda = poc::local::lambda::Lambda::new(env.cloud.clone());
    let invocation = poc::local::lambda::Invocation {
        function_arn: super::support::function_arn("f"),
        payload: "{}".into(),
        trace_id: None,
        client_context: None,
    };
    let refused = poc::local::lambda::Functions::invoke(&*lambda, invocation).await.unwrap_err();
    assert_eq!((refused.status, refused.code), (502, "InvalidRuntimeException"));
    assert!(refused.message.contains("images do not run on this machine"), "{}", refused.message);
}
