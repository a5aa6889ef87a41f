//! Everything a cloud holds, as lines of text: two of them compared tell what a command did, and that it did no more.
//! Made-up ids are told by the names of what bears them; a bearer without our tags is marked `(foreign)`.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fmt::Debug;

use aws_sdk_apigateway::types as api;
use aws_sdk_lambda::types::FunctionConfiguration;
use aws_sdk_s3::types::PublicAccessBlockConfiguration;

use crate::world::Sdk;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portrait(Vec<String>);

impl Portrait {
    pub async fn of(sdk: &Sdk) -> Portrait {
        let mut painter = Painter { sdk, lines: Vec::new(), names: Vec::new() };
        painter.account().await;
        painter.certificates().await;
        painter.rest_apis().await;
        painter.keys().await;
        painter.usage_plans().await;
        painter.domain_names().await;
        painter.records().await;
        painter.functions().await;
        painter.roles().await;
        painter.log_groups().await;
        painter.buckets().await;
        painter.done()
    }

    /// What was not there `before`, as `+ line`, and what is there no more, as `- line`.
    pub fn since(&self, before: &Portrait) -> Vec<String> {
        let without = |lines: &Portrait, others: &Portrait| {
            let mut left = lines.0.clone();
            for line in &others.0 {
                if let Some(at) = left.iter().position(|one| one == line) {
                    left.remove(at);
                }
            }
            left
        };
        let gone = without(before, self).into_iter().map(|line| format!("- {line}"));
        gone.chain(without(self, before).into_iter().map(|line| format!("+ {line}"))).collect()
    }
}

impl fmt::Display for Portrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

struct Painter<'a> {
    sdk: &'a Sdk,
    lines: Vec<String>,
    /// Ids and what is written for them.
    names: Vec<(String, String)>,
}

impl Painter<'_> {
    fn line(&mut self, line: String) {
        self.lines.push(line);
    }

    fn name(&mut self, id: Option<&str>, name: &str) {
        self.names.extend(id.filter(|id| !id.is_empty()).map(|id| (id.to_owned(), name.to_owned())));
    }

    fn done(mut self) -> Portrait {
        // The longest first: one id may be part of another.
        self.names.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
        for line in &mut self.lines {
            for (id, name) in &self.names {
                *line = line.replace(id, name);
            }
        }
        self.lines.sort();
        Portrait(self.lines)
    }

    async fn account(&mut self) {
        let user = self.sdk.sts.get_caller_identity().send().await.unwrap();
        self.name(user.account(), "ACCOUNT");
    }

    async fn certificates(&mut self) {
        let acm = self.sdk.acm.clone();
        for summary in acm.list_certificates().send().await.unwrap().certificate_summary_list() {
            let arn = summary.certificate_arn().unwrap();
            let certificate =
                acm.describe_certificate().certificate_arn(arn).send().await.unwrap().certificate.unwrap();
            let tags = acm.list_tags_for_certificate().certificate_arn(arn).send().await.unwrap();
            let tags = tags.tags().iter().map(|tag| (tag.key(), tag.value().unwrap_or_default()));
            let (tags, name) = labelled("certificate", certificate.domain_name(), tags);
            self.name(Some(arn), &format!("<{name}>"));
            for record in certificate.domain_validation_options().iter().filter_map(|option| option.resource_record()) {
                self.name(Some(record.name().trim_end_matches('.')), &format!("<validation of {name}>"));
                self.name(Some(record.value().trim_end_matches('.')), "<proof of it>");
            }
            // Others' certificates become valid, or do not, without our doing.
            let status = certificate.status().filter(|_| !name.contains("foreign"));
            self.line(format!("{name}: {}", words(status)));
            self.line(format!("{name}: tags {tags}"));
        }
    }

    async fn rest_apis(&mut self) {
        let client = self.sdk.apigateway.clone();
        for found in client.get_rest_apis().limit(500).send().await.unwrap().items() {
            let (id, (tags, name)) = (found.id().unwrap(), labelled("API", found.name(), pairs(found.tags())));
            self.name(Some(id), &format!("<{name}>"));
            let types = found.endpoint_configuration().map(|endpoint| endpoint.types().to_vec()).unwrap_or_default();
            self.line(format!("{name}: {}, {:?}", words(types.first()), found.description().unwrap_or_default()));
            self.line(format!("{name}: tags {tags}"));
            let resources = client.get_resources().rest_api_id(id).embed("methods").limit(500).send().await.unwrap();
            for resource in resources.items() {
                let path = resource.path().unwrap();
                self.line(format!("{name}: path {path}"));
                for (verb, method) in resource.resource_methods().into_iter().flatten() {
                    self.method(&format!("{name}: {verb} {path}"), method);
                }
            }
            let validators = client.get_request_validators().rest_api_id(id).send().await.unwrap();
            for one in validators.items() {
                let (parameters, body) = (one.validate_request_parameters(), one.validate_request_body());
                self.line(format!("{name}: validator {:?}, parameters {parameters}, body {body}", one.name()));
            }
            self.stages(id, &name).await;
        }
    }

    fn method(&mut self, at: &str, method: &api::Method) {
        let key = method.api_key_required().unwrap_or_default();
        self.line(format!("{at}: key {key}, authorization {}", method.authorization_type().unwrap_or_default()));
        for (parameter, required) in sorted(method.request_parameters()) {
            self.line(format!("{at}: {parameter}, required {required}"));
        }
        for (status, response) in sorted(method.method_responses()) {
            self.line(format!("{at}: response {status} {:?}", sorted(response.response_parameters())));
        }
        let Some(integration) = method.method_integration() else { return };
        let (kind, passthrough) = (words(integration.r#type()), integration.passthrough_behavior().unwrap_or_default());
        self.line(format!("{at}: {kind} {} {passthrough}", integration.uri().unwrap_or_default()));
        for (content, template) in sorted(integration.request_templates()) {
            self.line(format!("{at}: template {content} {template:?}"));
        }
        for (status, response) in sorted(integration.integration_responses()) {
            // An unset pattern is told as nothing or as an empty text.
            let pattern = response.selection_pattern().unwrap_or_default();
            self.line(format!("{at}: integration response {status} when {pattern:?}"));
            for (content, template) in sorted(response.response_templates()) {
                self.line(format!("{at}: integration response {status} template {content} {template:?}"));
            }
        }
    }

    async fn stages(&mut self, id: &str, name: &str) {
        let client = self.sdk.apigateway.clone();
        let mut deployments = HashMap::new();
        for deployment in client.get_deployments().rest_api_id(id).limit(500).send().await.unwrap().items() {
            let description = deployment.description().filter(|text| !text.is_empty()).unwrap_or("(foreign)");
            // Not who made it, and with which version.
            let description = &description.split(' ').take(2).collect::<Vec<_>>().join(" ");
            self.line(format!("{name}: deployment {description}"));
            deployments.insert(deployment.id().unwrap().to_owned(), description.to_owned());
        }
        for stage in client.get_stages().rest_api_id(id).send().await.unwrap().item() {
            let at = format!("{name}: stage {}", stage.stage_name().unwrap());
            let serves = deployments.get(stage.deployment_id().unwrap()).map_or("(nothing)", String::as_str);
            self.line(format!("{at} serves {serves}"));
            self.line(format!("{at} tags {}", told(pairs(stage.tags()))));
        }
    }

    async fn keys(&mut self) {
        for key in self.sdk.apigateway.clone().get_api_keys().limit(500).send().await.unwrap().items() {
            let (tags, name) = labelled("API key", key.name(), pairs(key.tags()));
            self.name(key.id(), &name);
            self.line(format!("{name}: enabled {}, {:?}", key.enabled(), key.description().unwrap_or_default()));
            self.line(format!("{name}: tags {tags}"));
        }
    }

    async fn usage_plans(&mut self) {
        let client = self.sdk.apigateway.clone();
        for listed in client.get_usage_plans().limit(500).send().await.unwrap().items() {
            let id = listed.id().unwrap();
            let plan = client.get_usage_plan().usage_plan_id(id).send().await.unwrap();
            let (tags, name) = labelled("usage plan", plan.name(), pairs(plan.tags()));
            self.line(format!("{name}: {:?}", plan.description().unwrap_or_default()));
            self.line(format!("{name}: tags {tags}"));
            if let Some(throttle) = plan.throttle() {
                self.line(format!("{name}: rate {}, burst {}", throttle.rate_limit(), throttle.burst_limit()));
            }
            if let Some(quota) = plan.quota() {
                self.line(format!("{name}: {} a {}", quota.limit(), words(quota.period())));
            }
            for stage in plan.api_stages() {
                let (api, stage) = (stage.api_id().unwrap_or_default(), stage.stage().unwrap_or_default());
                self.line(format!("{name}: stage {stage} of {api}"));
            }
            let keys = client.get_usage_plan_keys().usage_plan_id(id).limit(500).send().await.unwrap();
            for key in keys.items() {
                self.line(format!("{name}: has {}", key.id().unwrap()));
            }
        }
    }

    async fn domain_names(&mut self) {
        let client = self.sdk.apigateway.clone();
        for listed in client.get_domain_names().limit(500).send().await.unwrap().items() {
            let domain = listed.domain_name().unwrap();
            let found = client.get_domain_name().domain_name(domain).send().await.unwrap();
            let (tags, name) = labelled("domain name", Some(domain), pairs(found.tags()));
            self.name(found.regional_domain_name(), &format!("<target of {name}>"));
            let certificate = found.regional_certificate_arn().unwrap_or_default();
            self.line(format!("{name}: {certificate}, {}", words(found.security_policy())));
            self.line(format!("{name}: tags {tags}"));
            let mappings = client.get_base_path_mappings().domain_name(domain).send().await.unwrap();
            for mapping in mappings.items() {
                let (path, api) = (mapping.base_path().unwrap_or_default(), mapping.rest_api_id().unwrap_or_default());
                self.line(format!("{name}: /{path} is stage {} of {api}", mapping.stage().unwrap_or_default()));
            }
        }
    }

    async fn records(&mut self) {
        let client = self.sdk.route53.clone();
        for zone in client.list_hosted_zones().send().await.unwrap().hosted_zones() {
            let records = client.list_resource_record_sets().hosted_zone_id(zone.id()).send().await.unwrap();
            for set in records.resource_record_sets() {
                let values: Vec<&str> = match set.alias_target() {
                    Some(target) => vec![target.dns_name()],
                    None => set.resource_records().iter().map(|record| record.value()).collect(),
                };
                let values = values.join(" ").replace(". ", " ");
                self.line(format!("record {} {} {}", plain(set.name()), set.r#type().as_str(), plain(&values)));
            }
        }
    }

    async fn functions(&mut self) {
        let client = self.sdk.lambda.clone();
        for listed in client.list_functions().send().await.unwrap().functions() {
            let name = listed.function_name().unwrap();
            let function = client.get_function().function_name(name).send().await.unwrap();
            let (tags, at) = labelled("function", Some(name), pairs(function.tags()));
            self.line(format!("{at}: {}", configuration(function.configuration().unwrap())));
            self.line(format!("{at}: role {}", listed.role().unwrap_or_default()));
            self.line(format!("{at}: tags {tags}"));
            let versions = client.list_versions_by_function().function_name(name).send().await.unwrap();
            for version in versions.versions().iter().filter(|version| version.version() != Some("$LATEST")) {
                self.line(format!("{at}: version {} {}", version.version().unwrap(), configuration(version)));
            }
            for alias in client.list_aliases().function_name(name).send().await.unwrap().aliases() {
                let alias_name = alias.name().unwrap();
                self.line(format!("{at}: {alias_name} is version {}", alias.function_version().unwrap()));
                let policy = client.get_policy().function_name(name).qualifier(alias_name).send().await;
                let policy = policy.ok().and_then(|policy| policy.policy).unwrap_or_default();
                let policy: serde_json::Value = serde_json::from_str(&policy).unwrap_or_default();
                for statement in policy["Statement"].as_array().into_iter().flatten() {
                    let (who, what) = (&statement["Principal"]["Service"], &statement["Action"]);
                    let source = statement["Condition"].as_object().map(|tests| tests.values().collect::<Vec<_>>());
                    let source = serde_json::json!(source);
                    self.line(format!("{at}: {alias_name} lets {who} {what} on {}, {source}", statement["Resource"]));
                }
            }
        }
    }

    async fn roles(&mut self) {
        let client = self.sdk.iam.clone();
        for listed in client.list_roles().send().await.unwrap().roles() {
            let name = listed.role_name();
            let role = client.get_role().role_name(name).send().await.unwrap().role.unwrap();
            let (tags, at) = labelled("role", Some(name), role.tags().iter().map(|tag| (tag.key(), tag.value())));
            self.line(format!("{at}: trust {}", document(role.assume_role_policy_document().unwrap_or_default())));
            self.line(format!("{at}: tags {tags}"));
            for policy in client.list_role_policies().role_name(name).send().await.unwrap().policy_names() {
                let inline = client.get_role_policy().role_name(name).policy_name(policy).send().await.unwrap();
                self.line(format!("{at}: policy {policy} {}", document(inline.policy_document())));
            }
            let attached = client.list_attached_role_policies().role_name(name).send().await.unwrap();
            for policy in attached.attached_policies() {
                self.line(format!("{at}: attached {}", policy.policy_arn().unwrap_or_default()));
            }
        }
    }

    async fn log_groups(&mut self) {
        let client = self.sdk.logs.clone();
        for group in client.describe_log_groups().send().await.unwrap().log_groups() {
            let arn = group.arn().unwrap_or_default().trim_end_matches(":*");
            let tags = client.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
            let (tags, name) = labelled("log group", group.log_group_name(), pairs(tags.tags()));
            self.line(format!("{name}: {:?} days", group.retention_in_days()));
            self.line(format!("{name}: tags {tags}"));
        }
    }

    async fn buckets(&mut self) {
        let client = self.sdk.s3.clone();
        for bucket in client.list_buckets().send().await.unwrap().buckets() {
            let bucket = bucket.name().unwrap();
            let tags = client.get_bucket_tagging().bucket(bucket).send().await;
            let tags = tags.map(|tags| tags.tag_set).unwrap_or_default();
            let (tags, name) = labelled("bucket", Some(bucket), tags.iter().map(|tag| (tag.key(), tag.value())));
            self.line(format!("{name}: tags {tags}"));
            let block = client.get_public_access_block().bucket(bucket).send().await;
            let block = block.ok().and_then(|block| block.public_access_block_configuration);
            self.line(format!("{name}: public access blocked {}", block.as_ref().is_some_and(is_whole)));
            if let Ok(policy) = client.get_bucket_policy().bucket(bucket).send().await {
                self.line(format!("{name}: policy {}", policy.policy().unwrap_or_default()));
            }
            if let Ok(website) = client.get_bucket_website().bucket(bucket).send().await {
                let index = website.index_document().map(|index| index.suffix());
                self.line(format!("{name}: website {index:?} {:?}", website.error_document().map(|error| error.key())));
            }
            for object in client.list_objects_v2().bucket(bucket).send().await.unwrap().contents() {
                let key = object.key().unwrap();
                let head = client.head_object().bucket(bucket).key(key).send().await.unwrap();
                let (kind, cache) = (head.content_type().unwrap_or_default(), head.cache_control());
                let cache = cache.map(|cache| format!(" ({kind}, {cache})")).unwrap_or_default();
                self.line(format!("{name}: object {key}{cache}"));
            }
        }
    }
}

/// What makes a version of a function.
fn configuration(seen: &FunctionConfiguration) -> String {
    let (memory, timeout) = (seen.memory_size().unwrap_or_default(), seen.timeout().unwrap_or_default());
    let (runtime, handler) = (words(seen.runtime()), seen.handler().unwrap_or_default());
    format!("{runtime} {handler} {memory} MB {timeout} s, code {}", seen.code_sha256().unwrap_or_default())
}

fn is_whole(block: &PublicAccessBlockConfiguration) -> bool {
    let all = [
        block.block_public_acls(),
        block.ignore_public_acls(),
        block.block_public_policy(),
        block.restrict_public_buckets(),
    ];
    all == [Some(true); 4]
}

/// IAM hands documents back percent-encoded.
fn document(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn plain(name: &str) -> &str {
    name.trim_end_matches('.')
}

/// AWS's own word for one of its enumerations.
fn words(value: Option<&(impl Debug + AsRef<str>)>) -> String {
    value.map(|value| value.as_ref().to_owned()).unwrap_or_default()
}

fn sorted<V>(map: Option<&HashMap<String, V>>) -> BTreeMap<&String, &V> {
    map.into_iter().flatten().collect()
}

fn pairs(map: Option<&HashMap<String, String>>) -> impl Iterator<Item = (&str, &str)> {
    map.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()))
}

fn told<'a>(tags: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let tags: BTreeMap<&str, &str> = tags.collect();
    format!("{tags:?}")
}

/// The tags, and how their bearer is called.
fn labelled<'a>(kind: &str, name: Option<&str>, tags: impl Iterator<Item = (&'a str, &'a str)>) -> (String, String) {
    let (tags, name) = (told(tags), name.unwrap_or_default());
    let foreign = if tags.contains("poc:app") { "" } else { " (foreign)" };
    let name = format!("{kind} {name}{foreign}");
    (tags, name)
}
