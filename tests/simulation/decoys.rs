//! One of each kind that is somebody else's, with a name that is nearly or wholly ours.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use aws_sdk_apigateway::types::{ApiStage, EndpointConfiguration, EndpointType, IntegrationType, Op, PatchOperation};
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::{FunctionCode, Runtime};
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use aws_types::SdkConfig;
use poc::aws::EmbeddedCloud;
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use serde_json::Value;

const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#;

/// Long before every simulation begins.
pub fn past() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// An account in which others are at home. Made once, through the front door of a cloud without limits.
pub fn account() -> &'static Value {
    static ACCOUNT: OnceLock<Value> = OnceLock::new();
    ACCOUNT.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(Box::pin(async {
            let cloud = Cloud::in_memory(Clock::starting_at(past()), Profile::instant());
            let sdk = EmbeddedCloud::from(cloud.clone()).sdk_config("us-east-1");
            let api = Box::pin(apis(&sdk)).await;
            Box::pin(function(&sdk)).await;
            Box::pin(storage_and_logs(&sdk)).await;
            Box::pin(name(&sdk, &api)).await;
            cloud.look(|state, _| serde_json::to_value(state).unwrap()).await.unwrap()
        }))
    })
}

/// An untagged namesake that is deployed, with a plan and a key, and another stage of our own application.
async fn apis(sdk: &SdkConfig) -> String {
    let gateway = aws_sdk_apigateway::Client::new(sdk);
    let mut ids = Vec::new();
    for tags in [vec![], vec![("poc:app", "ServerlessPOC"), ("poc:stage", "dev")]] {
        let mut create = gateway.create_rest_api().name("ServerlessPOC");
        let mut plan = gateway.create_usage_plan().name("ServerlessPOC");
        let mut key = gateway.create_api_key().name("ServerlessPOC").enabled(true);
        for (name, value) in tags {
            create = create.tags(name, value);
            plan = plan.tags(name, value);
            key = key.tags(name, value);
        }
        let api = create.send().await.unwrap();
        let (id, root) = (api.id().unwrap().to_owned(), api.root_resource_id().unwrap());
        let method = gateway.put_method().rest_api_id(&id).resource_id(root).http_method("GET");
        method.authorization_type("NONE").send().await.unwrap();
        let integration = gateway.put_integration().rest_api_id(&id).resource_id(root).http_method("GET");
        integration.r#type(IntegrationType::Mock).send().await.unwrap();
        gateway.create_deployment().rest_api_id(&id).stage_name("prod").send().await.unwrap();
        let plan = plan.api_stages(ApiStage::builder().api_id(&id).stage("prod").build()).send().await.unwrap();
        let key = key.send().await.unwrap();
        let attach = gateway.create_usage_plan_key().usage_plan_id(plan.id().unwrap()).key_type("API_KEY");
        attach.key_id(key.id().unwrap()).send().await.unwrap();
        ids.push(id);
    }
    ids.swap_remove(0)
}

async fn function(sdk: &SdkConfig) {
    let (iam, lambda) = (aws_sdk_iam::Client::new(sdk), aws_sdk_lambda::Client::new(sdk));
    for name in ["ServerlessPOCAdmission2", "ServerlessPOC"] {
        let role = iam.create_role().role_name(name).assume_role_policy_document(TRUST).send().await.unwrap();
        iam.put_role_policy().role_name(name).policy_name("poc").policy_document(POLICY).send().await.unwrap();
        let code = FunctionCode::builder().zip_file(Blob::new(package())).build();
        let create = lambda.create_function().function_name(name).role(role.role().unwrap().arn()).code(code);
        create.runtime(Runtime::Python313).handler("handler.lambda_handler").publish(true).send().await.unwrap();
        lambda.create_alias().function_name(name).name("prod").function_version("1").send().await.unwrap();
    }
}

fn package() -> Vec<u8> {
    use std::io::Write;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("handler.py", zip::write::SimpleFileOptions::default()).unwrap();
    let handler = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("app/handler.py")).unwrap();
    writer.write_all(&handler).unwrap();
    writer.finish().unwrap().into_inner()
}

async fn storage_and_logs(sdk: &SdkConfig) {
    let config = aws_sdk_s3::config::Builder::from(sdk).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let bucket = "serverless-poc-000000000000-us-east-1-logs";
    s3.create_bucket().bucket(bucket).send().await.unwrap();
    let put = s3.put_object().bucket(bucket).key("ServerlessPOC/prod/their.zip");
    put.body(aws_sdk_s3::primitives::ByteStream::from_static(b"theirs")).send().await.unwrap();
    let site = "serverless-poc-site-000000000000-us-east-1-old";
    s3.create_bucket().bucket(site).send().await.unwrap();
    let put = s3.put_object().bucket(site).key("index.html");
    put.body(aws_sdk_s3::primitives::ByteStream::from_static(b"theirs")).send().await.unwrap();
    let logs = aws_sdk_cloudwatchlogs::Client::new(sdk);
    logs.create_log_group().log_group_name("/aws/lambda/ServerlessPOCAdmission2").send().await.unwrap();
}

/// A certificate, a domain name and its records in the zone that ours will be in.
async fn name(sdk: &SdkConfig, api: &str) {
    const NAME: &str = "api2.example.com";
    let (acm, route53) = (aws_sdk_acm::Client::new(sdk), aws_sdk_route53::Client::new(sdk));
    let gateway = aws_sdk_apigateway::Client::new(sdk);
    let request = acm.request_certificate().domain_name(NAME).validation_method("DNS".into()).send().await.unwrap();
    let arn = request.certificate_arn.unwrap();
    let described = acm.describe_certificate().certificate_arn(&arn).send().await.unwrap().certificate.unwrap();
    let record = described.domain_validation_options()[0].resource_record().unwrap();
    let zone = route53.list_hosted_zones().send().await.unwrap().hosted_zones()[0].id().to_owned();
    let plain = |name: &str, kind: RrType, value: &str| {
        let value = ResourceRecord::builder().value(value).build().unwrap();
        ResourceRecordSet::builder().name(name).r#type(kind).ttl(300).resource_records(value).build().unwrap()
    };
    let put = async |set: ResourceRecordSet| {
        let change = Change::builder().action(ChangeAction::Create).resource_record_set(set).build().unwrap();
        let batch = ChangeBatch::builder().changes(change).build().unwrap();
        route53.change_resource_record_sets().hosted_zone_id(&zone).change_batch(batch).send().await.unwrap();
    };
    put(plain(record.name(), RrType::Cname, record.value())).await;
    put(plain("api.example.com", RrType::Txt, "\"not an address\"")).await;
    put(plain("example.com", RrType::Mx, "10 mail.example.com")).await;
    // As soon as anybody looks, it is issued.
    acm.describe_certificate().certificate_arn(&arn).send().await.unwrap();
    let regional = EndpointConfiguration::builder().types(EndpointType::Regional).build();
    let create = gateway.create_domain_name().domain_name(NAME).endpoint_configuration(regional);
    let domain = create.regional_certificate_arn(&arn).send().await.unwrap();
    let mapping = gateway.create_base_path_mapping().domain_name(NAME).base_path("poc").rest_api_id(api).stage("prod");
    mapping.send().await.unwrap();
    let target = AliasTarget::builder().dns_name(domain.regional_domain_name().unwrap()).evaluate_target_health(false);
    let target = target.hosted_zone_id(domain.regional_hosted_zone_id().unwrap()).build().unwrap();
    put(ResourceRecordSet::builder().name(NAME).r#type(RrType::A).alias_target(target).build().unwrap()).await;
    let patch = PatchOperation::builder().op(Op::Replace).path("/description").value("theirs").build();
    gateway.update_rest_api().rest_api_id(api).patch_operations(patch).send().await.unwrap();
}
