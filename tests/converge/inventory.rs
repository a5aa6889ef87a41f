//! What the cloud holds, asked for through the SDK and not through anything of ours.

use std::collections::BTreeMap;

use crate::support::{REGION, World};

/// Kind to names, in order; a name that stands twice is there twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory(pub BTreeMap<&'static str, Vec<String>>);

impl Inventory {
    pub async fn of(world: &World) -> Inventory {
        let sdk = world.sdk();
        let gateway = aws_sdk_apigateway::Client::new(&sdk);
        let lambda = aws_sdk_lambda::Client::new(&sdk);
        let mut all = BTreeMap::new();
        let apis = gateway.get_rest_apis().send().await.unwrap();
        let mut deployments = Vec::new();
        let mut resources = Vec::new();
        let mut stages = Vec::new();
        for api in apis.items() {
            let id = api.id().unwrap();
            let page = gateway.get_deployments().rest_api_id(id).send().await.unwrap();
            // Of one definition there is one deployment, whatever else its description tells.
            let pictured = |text: &str| text.split(' ').take(2).collect::<Vec<_>>().join(" ");
            deployments.extend(page.items().iter().map(|one| pictured(one.description().unwrap_or_default())));
            let page = gateway.get_resources().rest_api_id(id).send().await.unwrap();
            resources.extend(page.items().iter().map(|one| one.path().unwrap().to_owned()));
            let page = gateway.get_stages().rest_api_id(id).send().await.unwrap();
            stages.extend(page.item().iter().map(|one| one.stage_name().unwrap().to_owned()));
        }
        all.insert("rest apis", names(apis.items(), |api| api.name()));
        all.insert("deployments", deployments);
        all.insert("resources", resources);
        all.insert("stages", stages);
        let plans = gateway.get_usage_plans().send().await.unwrap();
        all.insert("usage plans", names(plans.items(), |plan| plan.name()));
        let mut attached = Vec::new();
        for plan in plans.items() {
            let keys = gateway.get_usage_plan_keys().usage_plan_id(plan.id().unwrap()).send().await.unwrap();
            attached.extend(names(keys.items(), |key| key.name()));
        }
        all.insert("usage plan keys", attached);
        let keys = gateway.get_api_keys().send().await.unwrap();
        all.insert("api keys", names(keys.items(), |key| key.name()));
        let domains = gateway.get_domain_names().send().await.unwrap();
        all.insert("domain names", names(domains.items(), |domain| domain.domain_name()));
        let mut mappings = Vec::new();
        for domain in domains.items() {
            let page =
                gateway.get_base_path_mappings().domain_name(domain.domain_name().unwrap()).send().await.unwrap();
            mappings.extend(names(page.items(), |mapping| mapping.base_path()));
        }
        all.insert("base path mappings", mappings);
        let functions = lambda.list_functions().send().await.unwrap();
        all.insert("functions", names(functions.functions(), |function| function.function_name()));
        let mut versions = Vec::new();
        for function in functions.functions() {
            let page = lambda.list_versions_by_function().function_name(function.function_name().unwrap()).send().await;
            versions.extend(names(page.unwrap().versions(), |version| version.version()));
        }
        all.insert("function versions", versions);
        let roles = aws_sdk_iam::Client::new(&sdk).list_roles().send().await.unwrap();
        all.insert("roles", roles.roles().iter().map(|role| role.role_name().to_owned()).collect());
        let groups = aws_sdk_cloudwatchlogs::Client::new(&sdk).describe_log_groups().send().await.unwrap();
        all.insert("log groups", names(groups.log_groups(), |group| group.log_group_name()));
        all.extend(storage(world).await);
        all.extend(names_and_records(world).await);
        for found in all.values_mut() {
            found.sort();
        }
        Inventory(all)
    }

    pub fn get(&self, kind: &str) -> &[String] {
        self.0.get(kind).map(Vec::as_slice).unwrap_or_default()
    }

    /// Exactly one of everything the sample asks for; versions may be several, objects and deployments too.
    pub fn assert_single(&self, moment: &str) {
        for kind in [
            "rest apis",
            "stages",
            "usage plans",
            "usage plan keys",
            "api keys",
            "domain names",
            "base path mappings",
            "functions",
            "roles",
            "log groups",
            "buckets",
            "sites",
            "certificates",
        ] {
            assert_eq!(self.get(kind).len(), 1, "{moment}: {kind}: {:?}", self.get(kind));
        }
        for kind in ["deployments", "records", "resources", "objects", "function versions"] {
            let mut distinct = self.get(kind).to_vec();
            distinct.dedup();
            assert_eq!(self.get(kind), distinct, "{moment}: {kind} are doubled");
        }
    }
}

async fn storage(world: &World) -> BTreeMap<&'static str, Vec<String>> {
    let state = world.cloud.inspect(|state| serde_json::to_value(&state.s3).unwrap()).await.unwrap();
    let all: Vec<String> = state["buckets"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
    let config = aws_sdk_s3::config::Builder::from(&world.sdk()).force_path_style(true).build();
    let s3 = aws_sdk_s3::Client::from_conf(config);
    let mut objects = Vec::new();
    for bucket in &all {
        let page = s3.list_objects_v2().bucket(bucket).send().await.unwrap();
        objects.extend(page.contents().iter().filter_map(|object| object.key().map(str::to_owned)));
    }
    let (sites, buckets) = all.iter().cloned().partition(|name| name.contains("-site-"));
    BTreeMap::from([("buckets", buckets), ("sites", sites), ("objects", objects)])
}

async fn names_and_records(world: &World) -> BTreeMap<&'static str, Vec<String>> {
    let sdk = world.sdk();
    let mut certificates = Vec::new();
    for region in [REGION, "eu-west-1"] {
        let regional = poc::aws::EmbeddedCloud::from(world.cloud.clone()).sdk_config(region);
        let page = aws_sdk_acm::Client::new(&regional).list_certificates().send().await.unwrap();
        certificates
            .extend(page.certificate_summary_list().iter().filter_map(|one| one.domain_name().map(str::to_owned)));
    }
    let route53 = aws_sdk_route53::Client::new(&sdk);
    let mut records = Vec::new();
    for zone in route53.list_hosted_zones().send().await.unwrap().hosted_zones() {
        let page = route53.list_resource_record_sets().hosted_zone_id(zone.id()).send().await.unwrap();
        records.extend(page.resource_record_sets().iter().map(|set| format!("{} {}", set.r#type(), set.name())));
    }
    BTreeMap::from([("certificates", certificates), ("records", records)])
}

fn names<T>(items: &[T], name: impl Fn(&T) -> Option<&str>) -> Vec<String> {
    items.iter().map(|item| name(item).unwrap_or_default().to_owned()).collect()
}
