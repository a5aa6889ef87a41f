//! The article's API from creation to removal, and what outlives the process.

use aws_sdk_apigateway::types::{
    ApiStage, EndpointConfiguration, EndpointType, IntegrationType, QuotaPeriodType, QuotaSettings, SecurityPolicy,
    ThrottleSettings,
};
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};

use crate::support::{self, Account, Api, FUNCTION, Rows, account, remove, replace};

const REQUEST: &str =
    "{\n  \"gre\": $input.params('gre'),\n  \"gpa\": $input.params('gpa'),\n  \"rank\": \"$input.params('rank')\"\n}";
const ERROR: &str = "#set ($errorMessageObj = $util.parseJson($input.path('$.errorMessage')))\n{ \"code\" : $errorMessageObj.httpStatus }";

/// `/admit` with its GET: three required query parameters, a template, an answer and a mapped error.
async fn admission(account: &Account) -> (Api, String) {
    let api = account.api().await;
    let admit = account.resource(&api, &api.root, "admit").await;
    let method = account.put_method().rest_api_id(&api.id).resource_id(&admit).http_method("GET");
    let method = method.authorization_type("NONE").api_key_required(true);
    let method = ["gre", "gpa", "rank"]
        .iter()
        .fold(method, |method, name| method.request_parameters(format!("method.request.querystring.{name}"), true));
    method.send().await.expect("method");
    for status in ["200", "400"] {
        let response = account.put_method_response().rest_api_id(&api.id).resource_id(&admit).http_method("GET");
        response
            .status_code(status)
            .response_models("application/json", "Empty")
            .send()
            .await
            .expect("method response");
    }
    account
        .put_integration()
        .rest_api_id(&api.id)
        .resource_id(&admit)
        .http_method("GET")
        .r#type(IntegrationType::Aws)
        .integration_http_method("POST")
        .uri(FUNCTION)
        .passthrough_behavior("WHEN_NO_TEMPLATES")
        .request_templates("application/json", REQUEST)
        .send()
        .await
        .expect("integration");
    let response = |status: &str| {
        account
            .put_integration_response()
            .rest_api_id(&api.id)
            .resource_id(&admit)
            .http_method("GET")
            .status_code(status)
    };
    response("200").send().await.expect("integration response");
    let failed =
        response("400").selection_pattern(".*\"httpStatus\":400.*").response_templates("application/json", ERROR);
    failed.send().await.expect("integration response");
    (api, admit)
}

#[tokio::test]
async fn the_articles_api_lives_and_goes() {
    let account = account();
    let (api, admit) = admission(&account).await;

    let seen = account.get_resources().rest_api_id(&api.id).embed("methods").send().await.expect("resources");
    let seen = seen.items().iter().find(|resource| resource.path() == Some("/admit")).expect("/admit").clone();
    let method = &seen.resource_methods().expect("embedded")["GET"];
    assert_eq!(method.api_key_required, Some(true));
    let integration = method.method_integration().expect("integration");
    assert_eq!(integration.request_templates().expect("templates")["application/json"], REQUEST);
    assert_eq!(integration.timeout_in_millis(), 29_000);
    assert_eq!(integration.cache_namespace(), Some(admit.as_str()));
    let failed = &integration.integration_responses().expect("responses")["400"];
    assert_eq!(failed.selection_pattern(), Some(".*\"httpStatus\":400.*"));

    let deployment = account.stage(&api, "prod").await;
    let plan = account
        .create_usage_plan()
        .name("ServerlessPOC")
        .throttle(ThrottleSettings::builder().rate_limit(10.0).burst_limit(20).build())
        .quota(QuotaSettings::builder().limit(500).period(QuotaPeriodType::Day).build())
        .api_stages(ApiStage::builder().api_id(&api.id).stage("prod").build())
        .tags("poc:app", "ServerlessPOC")
        .send()
        .await
        .expect("plan");
    let plan = plan.id().expect("id").to_owned();
    let key = account.key("ServerlessPOC").await;
    account
        .create_usage_plan_key()
        .usage_plan_id(&plan)
        .key_id(&key)
        .key_type("API_KEY")
        .send()
        .await
        .expect("plan key");
    let keys = account.get_usage_plan_keys().usage_plan_id(&plan).send().await.expect("keys");
    assert_eq!(keys.items()[0].name(), Some("ServerlessPOC"));

    let certificate = account.certificate("us-east-1", "issued", true, &["*.example.com"]).await;
    let domain = account
        .create_domain_name()
        .domain_name("api.example.com")
        .endpoint_configuration(EndpointConfiguration::builder().types(EndpointType::Regional).build())
        .regional_certificate_arn(certificate)
        .security_policy(SecurityPolicy::Tls12)
        .send()
        .await
        .expect("domain");
    assert!(domain.regional_domain_name().expect("target").ends_with(".execute-api.us-east-1.amazonaws.com"));
    let mapping = account.create_base_path_mapping().domain_name("api.example.com").base_path("poc");
    mapping.rest_api_id(&api.id).stage("prod").send().await.expect("mapping");

    let mut rows = Rows::default();
    let delete_api = || account.delete_rest_api().rest_api_id(&api.id).send();
    rows.refused(
        "DeleteRestApi with a mapping",
        delete_api().await,
        "BadRequestException",
        &format!("Deleting RestApi {} failed. Please remove all base path mappings related to the RestApi in your domains: api.example.com.", api.id),
    );
    rows.refused(
        "DeleteDeployment under a stage",
        account.delete_deployment().rest_api_id(&api.id).deployment_id(&deployment).send().await,
        "BadRequestException",
        "Active stages pointing to this deployment must be moved or deleted",
    );
    rows.refused(
        "DeleteUsagePlan with stages",
        account.delete_usage_plan().usage_plan_id(&plan).send().await,
        "BadRequestException",
        &format!(
            "Cannot delete Usage Plan {plan} because there are API Stages associated with it, including {}:prod",
            api.id
        ),
    );

    // AWS_FACTS H, teardown.
    account.delete_base_path_mapping().domain_name("api.example.com").base_path("poc").send().await.expect("mapping");
    account.delete_domain_name().domain_name("api.example.com").send().await.expect("domain");
    let detach = support::patch("remove", "/apiStages", Some(&format!("{}:prod", api.id)));
    account.update_usage_plan().usage_plan_id(&plan).patch_operations(detach).send().await.expect("detach");
    account.delete_usage_plan_key().usage_plan_id(&plan).key_id(&key).send().await.expect("plan key");
    account.delete_usage_plan().usage_plan_id(&plan).send().await.expect("plan");
    account.delete_api_key().api_key(&key).send().await.expect("key");
    account.delete_stage().rest_api_id(&api.id).stage_name("prod").send().await.expect("stage");
    delete_api().await.expect("API");
    rows.refused(
        "GetRestApi after",
        account.get_rest_api().rest_api_id(&api.id).send().await,
        "NotFoundException",
        &format!("Invalid API identifier specified 000000000000:{}", api.id),
    );
}

#[tokio::test]
async fn a_deployment_is_a_snapshot() {
    let account = account();
    let (api, admit) = admission(&account).await;
    let first = account.stage(&api, "prod").await;

    let template = replace("/requestTemplates/application~1json", "changed");
    account
        .update_integration()
        .rest_api_id(&api.id)
        .resource_id(&admit)
        .http_method("GET")
        .patch_operations(template)
        .send()
        .await
        .expect("draft edit");
    let policy = replace("/disableExecuteApiEndpoint", "true");
    account.update_rest_api().rest_api_id(&api.id).patch_operations(policy).send().await.expect("draft edit");
    account
        .put_gateway_response()
        .rest_api_id(&api.id)
        .response_type("DEFAULT_4XX".into())
        .send()
        .await
        .expect("draft edit");
    account.resource(&api, &api.root, "later").await;
    let second = account.deployment(&api).await;
    account.delete_resource().rest_api_id(&api.id).resource_id(&admit).send().await.expect("draft edit");

    let served = |deployment: String| {
        let api = api.id.clone();
        let admit = admit.clone();
        let cloud = account.cloud.clone();
        async move {
            cloud
                .inspect(|state| {
                    let api = &state.apigateway.regions["us-east-1"].rest_apis[&api];
                    let definition = &api.deployments[&deployment].definition;
                    let integration = definition.resources[&admit].resource_methods["GET"].method_integration.clone();
                    let template = integration.and_then(|kept| kept.request_templates?.remove("application/json")?);
                    (
                        template.unwrap_or_default(),
                        definition.settings.disable_execute_api_endpoint,
                        definition.gateway_responses.len(),
                        definition.resources.len(),
                    )
                })
                .await
                .expect("memory does not fail")
        }
    };
    assert_eq!(served(first).await, (REQUEST.to_owned(), false, 0, 2));
    assert_eq!(served(second.clone()).await, ("changed".to_owned(), true, 1, 3));

    let point = replace("/deploymentId", &second);
    let stage = account.update_stage().rest_api_id(&api.id).stage_name("prod").patch_operations(point).send().await;
    assert_eq!(stage.expect("repointed").deployment_id(), Some(second.as_str()));
}

#[tokio::test]
async fn create_deployment_creates_or_repoints_the_stage_it_names() {
    let account = account();
    let api = account.api().await;
    account.mock(&api, &api.root, "GET").await;
    let deploy = || account.create_deployment().rest_api_id(&api.id).stage_name("prod").send();
    let stage = || account.get_stage().rest_api_id(&api.id).stage_name("prod").send();
    let first = deploy().await.expect("first").id;
    assert_eq!(stage().await.expect("stage").deployment_id, first);
    let second = deploy().await.expect("second").id;
    assert_ne!(first, second, "a new deployment every time");
    assert_eq!(stage().await.expect("stage").deployment_id, second);
}

#[tokio::test]
async fn the_cloud_outlives_the_process() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let open = || {
        let cloud = Cloud::open(directory.path(), Clock::system(), Profile::quick()).expect("a cloud on disk");
        support::of(cloud, "us-east-1")
    };
    let before = open();
    let (api, _) = admission(&before).await;
    let deployment = before.stage(&api, "prod").await;
    let limits = replace("/~1admit/GET/throttling/rateLimit", "0.3");
    before
        .update_stage()
        .rest_api_id(&api.id)
        .stage_name("prod")
        .patch_operations(limits)
        .send()
        .await
        .expect("limits");
    let stage = before.get_stage().rest_api_id(&api.id).stage_name("prod").send().await.expect("stage");
    let resources = before.get_resources().rest_api_id(&api.id).embed("methods").send().await.expect("resources");

    let after = open();
    assert_eq!(after.get_stage().rest_api_id(&api.id).stage_name("prod").send().await.expect("stage"), stage);
    assert_eq!(
        after.get_resources().rest_api_id(&api.id).embed("methods").send().await.expect("resources").items(),
        resources.items()
    );
    let kept = after.cloud.inspect(|state| {
        state.apigateway.regions["us-east-1"].rest_apis[&api.id].deployments[&deployment].definition.resources.len()
    });
    assert_eq!(kept.await.expect("disk"), 2);
}

#[tokio::test]
async fn regions_are_apart() {
    let here = account();
    let there = support::of(here.cloud.clone(), "eu-west-1");
    here.api().await;
    assert_eq!(here.get_rest_apis().send().await.expect("list").items().len(), 1);
    assert_eq!(there.get_rest_apis().send().await.expect("list").items().len(), 0);
}

#[tokio::test]
async fn stage_settings_come_and_go_whole() {
    let account = account();
    let api = account.deployed().await;
    let update =
        |operation| account.update_stage().rest_api_id(&api.id).stage_name("prod").patch_operations(operation).send();
    let stage = update(replace("/*/*/throttling/burstLimit", "20")).await.expect("set");
    assert_eq!(stage.method_settings().expect("settings")["*/*"].throttling_burst_limit(), 20);
    update(replace("/~1/GET/throttling/rateLimit", "5")).await.expect("set");
    let stage = update(remove("/*/*")).await.expect("removed");
    assert_eq!(stage.method_settings().expect("settings").keys().collect::<Vec<_>>(), ["~1/GET"]);
    let stage = update(replace("/variables/model", "v2")).await.expect("variable");
    assert_eq!(stage.variables().expect("variables")["model"], "v2");
}
