//! One deploy.yaml that uses every block: what AWS hands back must not look like drift.

use aws_sdk_apigateway::types::{Op, PatchOperation};

use crate::support::World;

pub const EVERYTHING: &str = r##"
name: everything
stage: live
region: us-east-1
tags: { team: models }
package: { path: app, ignore: ["*.tmp"] }
function:
  name: every-function
  description: All of it
  runtime: python3.13
  handler: handler.lambda_handler
  memory: 512
  timeout: 20
  architecture: arm64
  ephemeral_storage: 1024
  reserved_concurrency: 7
  environment: { MODE: fast, TOKEN: { value: quiet, secret: true } }
  layers: ["arn:aws:lambda:us-east-1:123456789012:layer:numpy:3"]
  log_retention: 90
  tags: { cost: low }
  role:
    managed_policies: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"]
    statements:
      - { Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::models/*" }
api:
  name: every-api
  description: All routes
  endpoint: edge
  binary_media_types: [image/png, "*/*"]
  minimum_compression: 1024
  disable_execute_api_endpoint: false
  policy:
    Version: "2012-10-17"
    Statement:
      - { Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*" }
  models:
    Input:
      content_type: application/json
      description: What to predict
      schema:
        $schema: "http://json-schema.org/draft-04/schema#"
        type: object
        properties: { gre: { type: number } }
        required: [gre]
  gateway_responses:
    THROTTLED:
      status: 429
      headers: { Retry-After: "'1'" }
      templates: { application/json: { inline: '{"message":$context.error.messageString}' } }
    BAD_REQUEST_PARAMETERS: { status: 422 }
  cors: { origins: ["https://a.example.com", "https://b.example.com"], credentials: true, max_age: 600, expose: [X-Model] }
  validate: parameters
  resources:
    /:
      GET: { integration: mock }
    /predict:
      POST:
        operation: predict
        api_key: true
        validate: all
        models: { application/json: Input }
        headers: { X-Trace: optional }
        timeout: 12.5
        request:
          passthrough: never
          templates:
            application/json: { inline: '{"body": $input.json("$")}' }
          headers: { X-Amz-Meta: "'yes'" }
          query: { trace: method.request.header.X-Trace }
        responses:
          200:
            headers: { X-Model: integration.response.header.X-Model, X-Fixed: "'v1'" }
            models: { application/json: Empty }
            templates: { application/json: { inline: '{"r": $input.json("$.result")}' } }
          400: { pattern: 'BadInput:.*', headers: { X-Fixed: "'v1'" } }
          500: { pattern: '(?!BadInput)[\s\S]+' }
    /{gre}/{gpa}/{rank}/admit:
      GET:
        query: { verbose: optional }
        responses: { 200: {} }
    /files/{proxy+}:
      cors: false
      ANY: { integration: lambda_proxy, authorization: aws_iam }
stage_settings:
  description: The one that people call
  variables: { model: v3 }
  throttle: { rate: 50, burst: 100 }
  methods: { "POST /predict": { rate: 5, burst: 10 } }
  metrics: true
  xray: true
  tags: { public: "yes" }
usage_plan:
  name: every-plan
  description: Partners
  throttle: { rate: 10.5, burst: 20 }
  quota: { limit: 1000, period: month, offset: 3 }
  methods: { "POST /predict": { rate: 2, burst: 4 } }
  keys: [partner-a, { name: partner-b, description: Second, enabled: false }]
domain:
  name: every.example.com
  certificate: request
  endpoint: regional
  security_policy: TLS_1_2
  ip_address_type: dualstack
site: { path: web, index: index.html, error: index.html, cache: 60, ignore: ["*.svg"] }
"##;

/// Of the same names.
pub const LITTLE: &str = "
name: everything
stage: live
region: us-east-1
package: { path: app }
function: { name: every-function, runtime: python3.13, handler: handler.lambda_handler }
api: { name: every-api, endpoint: edge, resources: { /predict: { POST: {} } } }
";

/// What an administrator does once per account.
pub async fn set_logging_role(world: &World) {
    let (iam, gateway) = (aws_sdk_iam::Client::new(&world.sdk()), aws_sdk_apigateway::Client::new(&world.sdk()));
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let role = iam.create_role().role_name("gateway-logs").assume_role_policy_document(trust).send().await.unwrap();
    let policy = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs";
    iam.attach_role_policy().role_name("gateway-logs").policy_arn(policy).send().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    let arn = role.role().unwrap().arn();
    let patch = PatchOperation::builder().op(Op::Replace).path("/cloudwatchRoleArn").value(arn).build();
    gateway.update_account().patch_operations(patch).send().await.unwrap();
}

#[tokio::test]
async fn metrics_without_the_accounts_logging_role_are_refused_before_anything_is_made() {
    let world = World::new();
    world.write("deploy.yaml", EVERYTHING);
    let (result, told) = world.try_deploy().await;
    let Err(poc::pipeline::Failure::Problem(problem)) = result else { panic!("{result:?}") };
    assert_eq!(problem.kind, "no_logging_role");
    assert_eq!(told.finished().1, 0);
}

#[tokio::test]
async fn every_block_deploys_and_shows_no_drift_and_goes_away() {
    let world = World::new();
    set_logging_role(&world).await;
    world.write("deploy.yaml", EVERYTHING);
    world.deploy().await;
    assert_eq!(world.planned_changes().await, [""; 0]);
    world.assert_idle().await;
    let (torn, _) = world.teardown().await;
    assert!(torn.left.is_empty(), "{:?}", torn.left);
}

/// What is taken away again must be taken away in AWS too.
#[tokio::test]
async fn from_everything_to_almost_nothing_and_back() {
    let world = World::new();
    set_logging_role(&world).await;
    world.write("deploy.yaml", EVERYTHING);
    world.deploy().await;
    world.write("deploy.yaml", LITTLE);
    world.deploy().await;
    world.assert_idle().await;
    world.write("deploy.yaml", EVERYTHING);
    world.deploy().await;
    world.assert_idle().await;
}

#[tokio::test]
async fn metrics_without_a_throttle_are_no_drift() {
    let world = World::new();
    set_logging_role(&world).await;
    world.edit("deploy.yaml", "\nchecks:", "\nstage_settings: { metrics: true, logging: { level: error } }\n\nchecks:");
    world.deploy().await;
    world.assert_idle().await;
}
