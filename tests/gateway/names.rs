//! `AWS_FACTS` C8 "Base path", B4: default endpoints and custom domain names by the Host header.

use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType};
use poc::local::cloud::ACCOUNT;
use poc::local::cloud::acm::Certificate;

use super::support::{Route, World};

async fn domain(world: &World, name: &str) {
    let arn = format!("arn:aws:acm:us-east-1:{ACCOUNT}:certificate/{}", name.trim_start_matches("*."));
    let certificate = Certificate {
        arn: arn.clone(),
        region: "us-east-1".to_owned(),
        domains: vec![name.to_owned()],
        issued: Some(0),
        ..Certificate::default()
    };
    world.cloud.inspect(|state| state.acm.certificates.insert(arn.clone(), certificate)).await.unwrap();
    let endpoint = EndpointConfiguration::builder().types(EndpointType::Regional).build();
    let made = world.client.create_domain_name().domain_name(name).regional_certificate_arn(arn);
    made.endpoint_configuration(endpoint).send().await.unwrap();
}

async fn map(world: &World, domain: &str, base: &str, stage: &str) {
    let made = world.client.create_base_path_mapping().domain_name(domain).rest_api_id(&world.api);
    made.base_path(base).stage(stage).send().await.unwrap();
}

async fn world() -> World {
    let world = World::new().await;
    let said = "$context.stage $context.resourcePath $context.path $context.domainName $context.domainPrefix";
    world.put(Route::mock("GET", "/admit", said)).await;
    world.put(Route::mock("GET", "/poc/admit", said)).await;
    world.deploy().await;
    world.deploy_to("dev").await;
    world
}

#[tokio::test(start_paused = true)]
async fn the_default_endpoint_is_known_by_its_name() {
    let world = world().await;
    let host = format!("{}.execute-api.us-east-1.amazonaws.com", world.api);
    for given in [host.clone(), host.to_uppercase(), format!("{host}:8443")] {
        let seen = world.host(&given, "/prod/admit").await;
        assert_eq!(seen.body, format!("prod /admit /prod/admit {host} {}", world.api));
    }
    for host in ["localhost", "nosuchapi.execute-api.us-east-1.amazonaws.com", "api.example.com"] {
        world.host(host, "/prod/admit").await.is(403, "{\"message\":\"Forbidden\"}", "ForbiddenException");
    }
}

#[tokio::test(start_paused = true)]
async fn base_paths_are_matched_by_segments_and_the_empty_one_last() {
    let world = world().await;
    domain(&world, "api.example.com").await;
    map(&world, "api.example.com", "poc", "prod").await;
    map(&world, "api.example.com", "any", "").await;
    world.host("API.example.com:80", "/poc/admit").await.is(200, "prod /admit /poc/admit api.example.com api", "");
    // Without a stage in the mapping the caller names it.
    let seen = world.host("api.example.com", "/any/dev/admit").await;
    assert_eq!(seen.body, "dev /admit /any/dev/admit api.example.com api");
    for path in ["/pocx/admit", "/admit", "/any/admit"] {
        world.host("api.example.com", path).await.is(403, "{\"message\":\"Forbidden\"}", "ForbiddenException");
    }
    map(&world, "api.example.com", "", "dev").await;
    assert_eq!(world.host("api.example.com", "/admit").await.body, "dev /admit /admit api.example.com api");
    // The longer base path wins over the resource of the same name.
    assert_eq!(world.host("api.example.com", "/poc/admit").await.body.split(' ').next(), Some("prod"));
}

#[tokio::test(start_paused = true)]
async fn an_exact_name_goes_before_a_wildcard() {
    let world = world().await;
    domain(&world, "*.example.com").await;
    map(&world, "*.example.com", "", "dev").await;
    assert_eq!(world.host("a.example.com", "/admit").await.body.split(' ').next(), Some("dev"));
    domain(&world, "a.example.com").await;
    map(&world, "a.example.com", "", "prod").await;
    assert_eq!(world.host("a.example.com", "/admit").await.body.split(' ').next(), Some("prod"));
    assert_eq!(world.host("b.example.com", "/admit").await.body.split(' ').next(), Some("dev"));
    assert_eq!(world.host("b.c.example.com", "/admit").await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn a_custom_name_works_where_the_default_endpoint_is_disabled() {
    let world = world().await;
    world.patch_api(&[("replace", "/disableExecuteApiEndpoint", "true")]).await;
    world.deploy().await;
    domain(&world, "api.example.com").await;
    map(&world, "api.example.com", "poc", "prod").await;
    assert_eq!(world.host("api.example.com", "/poc/admit").await.status, 200);
    let host = format!("{}.execute-api.us-east-1.amazonaws.com", world.api);
    assert_eq!(world.host(&host, "/prod/admit").await.status, 403);
}

#[tokio::test(start_paused = true)]
async fn ping_is_api_gateways_own() {
    let world = world().await;
    domain(&world, "api.example.com").await;
    map(&world, "api.example.com", "", "prod").await;
    for path in ["/ping", "/sping"] {
        let seen = world.host("api.example.com", path).await;
        assert_eq!(seen.status, 200);
        assert!(seen.answer.trace.api_id.is_none(), "{path} reached an API");
    }
}
