//! Things of other people's that are called like ours, stand beside ours, or were put into ours.

use aws_sdk_route53::types::{Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType};

use crate::world::World;

/// An AWS managed policy that somebody attaches to our role.
const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// In every line of a portrait that tells of a decoy.
pub const THEIRS: [&str; 4] = ["foreign", "theirs", "events.amazonaws.com", READ_ONLY];

impl World {
    /// Namesakes where AWS lets names repeat, neighbours where it does not.
    pub async fn place_decoys(&self) {
        let (gateway, logs, s3) = (&self.sdk.apigateway, &self.sdk.logs, &self.sdk.s3);
        gateway.create_rest_api().name("ServerlessPOC").description("theirs").send().await.unwrap();
        gateway.create_api_key().name("ServerlessPOC").enabled(true).send().await.unwrap();
        gateway.create_usage_plan().name("ServerlessPOC").send().await.unwrap();
        logs.create_log_group().log_group_name("/aws/lambda/ServerlessPOCAdmission-theirs").send().await.unwrap();
        s3.create_bucket().bucket("serverless-poc-theirs").send().await.unwrap();
        self.sdk.acm.request_certificate().domain_name("www.example.com").send().await.unwrap();
        self.record(ChangeAction::Create).await;
    }

    /// So that another test finds the cloud as this one found it.
    pub async fn remove_decoys(&self) {
        let (gateway, logs, s3) = (&self.sdk.apigateway, &self.sdk.logs, &self.sdk.s3);
        for api in gateway.get_rest_apis().send().await.unwrap().items() {
            gateway.delete_rest_api().rest_api_id(api.id().unwrap()).send().await.unwrap();
        }
        for key in gateway.get_api_keys().send().await.unwrap().items() {
            gateway.delete_api_key().api_key(key.id().unwrap()).send().await.unwrap();
        }
        for plan in gateway.get_usage_plans().send().await.unwrap().items() {
            gateway.delete_usage_plan().usage_plan_id(plan.id().unwrap()).send().await.unwrap();
        }
        logs.delete_log_group().log_group_name("/aws/lambda/ServerlessPOCAdmission-theirs").send().await.unwrap();
        s3.delete_bucket().bucket("serverless-poc-theirs").send().await.unwrap();
        for certificate in self.sdk.acm.list_certificates().send().await.unwrap().certificate_summary_list() {
            let arn = certificate.certificate_arn().unwrap();
            self.sdk.acm.delete_certificate().certificate_arn(arn).send().await.unwrap();
        }
        self.record(ChangeAction::Delete).await;
    }

    async fn record(&self, action: ChangeAction) {
        let value = ResourceRecord::builder().value("192.0.2.1").build().unwrap();
        let set = ResourceRecordSet::builder().name("www.api.example.com.").r#type(RrType::A).ttl(60);
        let set = set.resource_records(value).build().unwrap();
        let change = Change::builder().action(action).resource_record_set(set).build().unwrap();
        let batch = ChangeBatch::builder().changes(change).build().unwrap();
        let call = self.sdk.route53.change_resource_record_sets().hosted_zone_id(&self.zone);
        call.change_batch(batch).send().await.unwrap();
    }

    /// A foreign object in our bucket, key in our plan, statement on our alias, policy on our role, stage of our API.
    pub async fn intrude(&self, bucket: &str) {
        let (gateway, api) = (&self.sdk.apigateway, self.sdk.api().await);
        self.sdk.s3.put_object().bucket(bucket).key("theirs/notes.txt").send().await.unwrap();
        let keys = gateway.get_api_keys().send().await.unwrap();
        let theirs = keys.items().iter().find(|key| key.tags().is_none_or(|tags| tags.is_empty())).unwrap();
        let put = gateway.create_usage_plan_key().usage_plan_id(self.sdk.usage_plan().await);
        put.key_id(theirs.id().unwrap()).key_type("API_KEY").send().await.unwrap();
        let add = self.sdk.lambda.add_permission().function_name("ServerlessPOCAdmission").qualifier("prod");
        let add = add.statement_id("theirs").action("lambda:InvokeFunction").principal("events.amazonaws.com");
        add.send().await.unwrap();
        self.sdk
            .iam
            .attach_role_policy()
            .role_name("ServerlessPOCAdmission-role")
            .policy_arn(READ_ONLY)
            .send()
            .await
            .unwrap();
        gateway.create_deployment().rest_api_id(&api).stage_name("theirs").send().await.unwrap();
    }
}
