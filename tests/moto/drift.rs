//! Somebody changes things behind our back: the plan says what, and the next deploy puts it right.

use aws_sdk_apigateway::types::{IntegrationType, Op, PatchOperation};
use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, RrType};
use aws_sdk_s3::primitives::ByteStream;

use crate::world::{LOCK, World};

const FUNCTION: &str = "ServerlessPOCAdmission";

#[tokio::test]
#[ignore = "needs python3 and a network for moto: run by .ci/run"]
async fn drift_is_told_and_repaired() {
    let world = World::new().await;
    world.deploy().await;

    world.template_is_swapped_and_deployed().await;
    for (what, expected) in DRIFTS {
        // Moto refuses to create a record that was there before while another one sorts after it.
        if what == RECORD_REMOVED && world.server.is_moto() {
            continue;
        }
        let right = world.portrait().await;
        world.meddle(what).await;
        assert_ne!(world.portrait().await, right, "{what}");
        world.deploys(what, &[expected]).await;
        assert_eq!(world.portrait().await.since(&right), [""; 0], "{what}");
    }
    world.permission_is_taken().await;
    world.alias_is_moved().await;

    world.teardown().await;
}

const KEY_DETACHED: &str = "the key is detached";
const KEY_DESCRIBED: &str = "the key is described";
const MEMORY: &str = "the function gets more memory";
const RETENTION: &str = "logs are kept for a year";
const BUCKET_OPENED: &str = "the bucket may become public";
const ROLE_STRIPPED: &str = "the role loses its rights";
const API_RENAMED: &str = "the API is described anew";
const PATH_ADDED: &str = "a path is added to the API";
const PLAN_DESCRIBED: &str = "the usage plan is described";
const RECORD_REMOVED: &str = "the alias record is removed";
const MAPPING_REMOVED: &str = "the base path mapping is removed";

const PAGE_OVERWRITTEN: &str = "a page is written over";
const SITE_CLOSED: &str = "nobody may read the pages";
const SITE_TURNED_OFF: &str = "the bucket is no website";

/// What somebody does, and what the plan says to it.
const DRIFTS: [(&str, &str); 14] = [
    (KEY_DETACHED, "create usage_plan_key.ServerlessPOC"),
    (KEY_DESCRIBED, "update api_key.ServerlessPOC: description"),
    (MEMORY, "update function: memory"),
    (RETENTION, "update log_group: retention_days"),
    (BUCKET_OPENED, "update bucket: public_access"),
    (ROLE_STRIPPED, "update role: policy"),
    (API_RENAMED, "update rest_api: description"),
    (PATH_ADDED, "update definition: /secret (path)"),
    (PLAN_DESCRIBED, "update usage_plan: description"),
    (RECORD_REMOVED, "create alias_record: A"),
    (MAPPING_REMOVED, "create base_path_mapping: stage"),
    (PAGE_OVERWRITTEN, "update site: site · index.html"),
    (SITE_CLOSED, "update site_bucket: policy"),
    (SITE_TURNED_OFF, "update site_bucket: website.index"),
];

impl World {
    async fn meddle(&self, what: &str) {
        let (gateway, api) = (&self.sdk.apigateway, self.sdk.api().await);
        match what {
            KEY_DETACHED => {
                let (plan, key) = (self.sdk.usage_plan().await, self.sdk.key().await);
                gateway.delete_usage_plan_key().usage_plan_id(plan).key_id(key).send().await.unwrap();
            }
            KEY_DESCRIBED => {
                let update = gateway.update_api_key().api_key(self.sdk.key().await);
                update.patch_operations(replace("/description", "mine now")).send().await.unwrap();
            }
            MEMORY => {
                let update = self.sdk.lambda.update_function_configuration().function_name(FUNCTION);
                update.memory_size(1024).send().await.unwrap();
            }
            RETENTION => {
                let put = self.sdk.logs.put_retention_policy().log_group_name(format!("/aws/lambda/{FUNCTION}"));
                put.retention_in_days(365).send().await.unwrap();
            }
            BUCKET_OPENED => {
                let bucket = self.sdk.bucket().await;
                self.sdk.s3.delete_public_access_block().bucket(bucket).send().await.unwrap();
            }
            ROLE_STRIPPED => {
                let delete = self.sdk.iam.delete_role_policy().role_name(format!("{FUNCTION}-role"));
                delete.policy_name("poc").send().await.unwrap();
            }
            API_RENAMED => {
                let update = gateway.update_rest_api().rest_api_id(api);
                update.patch_operations(replace("/description", "mine now")).send().await.unwrap();
            }
            PATH_ADDED => {
                let create = gateway.create_resource().rest_api_id(&api).path_part("secret");
                create.parent_id(self.sdk.resource("/").await).send().await.unwrap();
            }
            PLAN_DESCRIBED => {
                let update = gateway.update_usage_plan().usage_plan_id(self.sdk.usage_plan().await);
                update.patch_operations(replace("/description", "mine now")).send().await.unwrap();
            }
            RECORD_REMOVED => self.remove_alias_record().await,
            MAPPING_REMOVED => {
                let delete = gateway.delete_base_path_mapping().domain_name("api.example.com");
                delete.base_path("poc").send().await.unwrap();
            }
            PAGE_OVERWRITTEN => {
                let put = self.sdk.s3.put_object().bucket(self.sdk.site().await).key("index.html");
                put.body(ByteStream::from_static(b"mine now")).send().await.unwrap();
            }
            SITE_CLOSED => {
                self.sdk.s3.delete_bucket_policy().bucket(self.sdk.site().await).send().await.unwrap();
            }
            SITE_TURNED_OFF => {
                self.sdk.s3.delete_bucket_website().bucket(self.sdk.site().await).send().await.unwrap();
            }
            other => panic!("nobody does: {other}"),
        }
    }

    /// The draft and what the stage serves are both wrong; somebody's deployment is theirs and stays.
    async fn template_is_swapped_and_deployed(&self) {
        let (right, gateway, api) = (self.portrait().await, &self.sdk.apigateway, self.sdk.api().await);
        let resource = self.sdk.resource("/admit").await;
        let get = gateway.get_integration().rest_api_id(&api).resource_id(&resource).http_method("GET");
        let was = get.send().await.unwrap();
        let put = gateway.put_integration().rest_api_id(&api).resource_id(&resource).http_method("GET");
        let put = put.r#type(IntegrationType::Aws).integration_http_method("POST").uri(was.uri().unwrap());
        let put = put.passthrough_behavior("WHEN_NO_TEMPLATES").timeout_in_millis(29_000);
        put.request_templates("application/json", "{\"gre\": 800}").send().await.unwrap();
        // In two calls: told the stage's name, moto's CreateDeployment puts a blank stage in the place of ours.
        let deployment = gateway.create_deployment().rest_api_id(&api).send().await.unwrap();
        let update = gateway.update_stage().rest_api_id(&api).stage_name("prod");
        update.patch_operations(replace("/deploymentId", deployment.id().unwrap())).send().await.unwrap();
        assert!(self.portrait().await.to_string().contains("stage prod serves (foreign)"));

        let (draft, stage) = ("update definition: GET /admit · integration.", "update stage: deployment");
        let plan = self.plan().await;
        assert!(plan.contains(&format!("{draft}templates.application/json")), "{plan:#?}");
        // PutIntegration takes the integration's responses along, or some of them.
        assert!(plan.iter().all(|line| line.starts_with(draft) || line == stage), "{plan:#?}");
        assert_eq!(plan.last().unwrap(), stage);
        // The right definition is deployed still; it is only put back in its place.
        assert_eq!(self.deploy().await.writes, 8 + LOCK);
        self.assert_idle().await;
        let left = self.portrait().await.since(&right);
        assert_eq!(left, ["+ API ServerlessPOC: deployment (foreign)"]);
    }

    async fn permission_is_taken(&self) {
        let right = self.portrait().await;
        let policy = self.sdk.lambda.get_policy().function_name(FUNCTION).qualifier("prod").send().await.unwrap();
        let policy: serde_json::Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
        let statement = policy["Statement"][0]["Sid"].as_str().unwrap();
        let remove = self.sdk.lambda.remove_permission().function_name(FUNCTION).qualifier("prod");
        remove.statement_id(statement).send().await.unwrap();
        self.deploys("the permission is taken", &[&format!("create permission: {statement}")]).await;
        assert_eq!(self.portrait().await.since(&right), [""; 0]);
    }

    /// Calls go to a version that is not what the file says; that version is somebody's and stays.
    async fn alias_is_moved(&self) {
        let (right, lambda) = (self.portrait().await, &self.sdk.lambda);
        lambda.update_function_configuration().function_name(FUNCTION).timeout(3).send().await.unwrap();
        let version = lambda.publish_version().function_name(FUNCTION).send().await.unwrap();
        lambda.update_function_configuration().function_name(FUNCTION).timeout(10).send().await.unwrap();
        let update = lambda.update_alias().function_name(FUNCTION).name("prod");
        update.function_version(version.version().unwrap()).send().await.unwrap();
        self.deploys("the alias is moved", &["update alias: version"]).await;
        let left = self.portrait().await.since(&right);
        assert!(left.len() == 1 && left[0].starts_with("+ function ServerlessPOCAdmission: version 2 "), "{left:#?}");
    }

    async fn remove_alias_record(&self) {
        let list = self.sdk.route53.list_resource_record_sets().hosted_zone_id(&self.zone);
        let sets = list.start_record_name("api.example.com").send().await.unwrap().resource_record_sets;
        let ours = sets.into_iter().find(|set| set.name() == "api.example.com." && *set.r#type() == RrType::A);
        let change = Change::builder().action(ChangeAction::Delete).resource_record_set(ours.unwrap()).build().unwrap();
        let batch = ChangeBatch::builder().changes(change).build().unwrap();
        let call = self.sdk.route53.change_resource_record_sets().hosted_zone_id(&self.zone);
        call.change_batch(batch).send().await.unwrap();
    }
}

fn replace(path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(Op::Replace).path(path).value(value).build()
}
