//! The REST API itself: name, endpoint, settings. What it routes is the [`Definition`](super::Definition).
//!
//! Names are not unique and creation is not idempotent (`AWS_FACTS` A): the tags alone say which API is ours, so a new
//! name in deploy.yaml is a change, not another API.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use aws_sdk_apigateway::types::{
    ApiKeySourceType, EndpointConfiguration, EndpointType, PatchOperation, RestApi as Api,
};
use serde_json::Value;

use super::definition::VERSION;
use super::lookups::Lookups;
use super::{Owner, patch};
use crate::aws::{Aws, CREATE_EDGE_API, Error, Manner, Repeat, Result, gone, once, ordered};
use crate::engine::plan::{Change, Changes, Side};
use crate::engine::{Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::spec::model::{self, ApiKeySource, Endpoint};

/// A REST API.
#[derive(Clone, Debug)]
pub struct RestApi {
    pub settings: Settings,
    /// Names of today, kept as tags, by which a later run knows what an earlier deploy.yaml named.
    pub record: BTreeMap<String, String>,
    pub region: String,
    pub partition: String,
    pub owner: Owner,
    pub lookups: Rc<Lookups>,
}

/// What is set on the API as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub name: String,
    pub description: Option<String>,
    /// `REGIONAL` or `EDGE`.
    pub endpoint: String,
    /// `HEADER` or `AUTHORIZER`.
    pub api_key_source: String,
    pub binary_media_types: Vec<String>,
    pub minimum_compression: Option<i32>,
    pub policy: Option<Value>,
    pub disable_execute_api_endpoint: bool,
}

impl Settings {
    pub fn of(api: &model::Api) -> Settings {
        let mut binary_media_types = api.binary_media_types.clone();
        binary_media_types.sort();
        Settings {
            name: api.name.clone(),
            description: api.description.clone(),
            endpoint: endpoint_name(api.endpoint).to_owned(),
            api_key_source: match api.api_key_source {
                ApiKeySource::Header => "HEADER",
                ApiKeySource::Authorizer => "AUTHORIZER",
            }
            .to_owned(),
            binary_media_types,
            minimum_compression: api.minimum_compression.and_then(|bytes| i32::try_from(bytes).ok()),
            policy: api.policy.clone(),
            disable_execute_api_endpoint: api.disable_execute_api_endpoint,
        }
    }

    fn observed(api: &Api) -> Settings {
        let types = api.endpoint_configuration().map(EndpointConfiguration::types).unwrap_or_default();
        let mut binary_media_types = api.binary_media_types().to_vec();
        binary_media_types.sort();
        Settings {
            name: api.name().unwrap_or_default().to_owned(),
            description: api.description().filter(|text| !text.is_empty()).map(str::to_owned),
            endpoint: types.first().map_or("EDGE", EndpointType::as_str).to_owned(),
            api_key_source: api.api_key_source().map_or("HEADER", ApiKeySourceType::as_str).to_owned(),
            binary_media_types,
            minimum_compression: api.minimum_compression_size(),
            policy: api.policy().and_then(policy),
            disable_execute_api_endpoint: api.disable_execute_api_endpoint(),
        }
    }

    /// From these settings to `want`.
    fn patch(&self, want: &Settings) -> Vec<PatchOperation> {
        let (was, mut operations) = (self, Vec::new());
        if was.name != want.name {
            operations.push(patch::replace("/name", &want.name));
        }
        if was.description != want.description {
            operations.push(patch::replace("/description", want.description.clone().unwrap_or_default()));
        }
        if was.endpoint != want.endpoint {
            operations.push(patch::replace(format!("/endpointConfiguration/types/{}", was.endpoint), &want.endpoint));
        }
        if was.api_key_source != want.api_key_source {
            operations.push(patch::replace("/apiKeySource", &want.api_key_source));
        }
        for gone in was.binary_media_types.iter().filter(|kind| !want.binary_media_types.contains(kind)) {
            operations.push(patch::remove(format!("/binaryMediaTypes/{}", patch::escape(gone))));
        }
        for new in want.binary_media_types.iter().filter(|kind| !was.binary_media_types.contains(kind)) {
            operations.push(patch::add_key(format!("/binaryMediaTypes/{}", patch::escape(new))));
        }
        if was.minimum_compression != want.minimum_compression {
            let bytes = want.minimum_compression.map(|bytes| bytes.to_string());
            operations.push(bytes.map_or_else(
                || patch::clear("/minimumCompressionSize"),
                |bytes| patch::replace("/minimumCompressionSize", bytes),
            ));
        }
        if was.policy != want.policy {
            let text = want.policy.as_ref().map(Value::to_string).unwrap_or_default();
            operations.push(patch::replace("/policy", text));
        }
        if was.disable_execute_api_endpoint != want.disable_execute_api_endpoint {
            let off = want.disable_execute_api_endpoint.to_string();
            operations.push(patch::replace("/disableExecuteApiEndpoint", off));
        }
        operations
    }

    /// What a deployment takes a picture of, beside the definition.
    pub fn deployed(&self) -> Value {
        serde_json::json!({
            "api_key_source": self.api_key_source,
            "binary_media_types": self.binary_media_types,
            "minimum_compression": self.minimum_compression,
            "policy": self.policy,
            "disable_execute_api_endpoint": self.disable_execute_api_endpoint,
        })
    }
}

/// `REGIONAL` or `EDGE`.
pub fn endpoint_name(endpoint: Endpoint) -> &'static str {
    match endpoint {
        Endpoint::Regional => "REGIONAL",
        Endpoint::Edge => "EDGE",
    }
}

/// API Gateway hands a policy back with its quotes escaped once more.
fn policy(text: &str) -> Option<Value> {
    if text.is_empty() {
        return None;
    }
    let unescaped = || serde_json::from_str::<String>(&format!("\"{text}\"")).ok();
    serde_json::from_str(text).ok().or_else(|| serde_json::from_str(&unescaped()?).ok()).or(Some(Value::from(text)))
}

/// An API's settings, and those beside them that deploy.yaml does not speak of, by the path they are patched at.
pub(super) struct Whole {
    pub settings: Settings,
    unmanaged: [(&'static str, Option<String>); 2],
}

impl Whole {
    /// What a document has to say so that importing it leaves them as they are.
    pub fn kept_by(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let extensions = ["x-amazon-apigateway-security-policy", "x-amazon-apigateway-endpoint-access-mode"];
        let said = extensions.into_iter().zip(&self.unmanaged);
        // The default needs no saying, and not every endpoint type takes it when it is said.
        said.filter_map(|(extension, (_, value))| {
            Some((extension, value.as_deref().filter(|text| *text != "TLS_1_0")?))
        })
    }
}

#[derive(Clone, Debug)]
pub struct Observed {
    outputs: Outputs,
    settings: Settings,
    tags: BTreeMap<String, String>,
    /// Others that carry our tags: what an interrupted creation may leave.
    doubles: Vec<String>,
}

#[derive(Clone, Debug)]
pub struct Outputs {
    pub id: String,
    /// The resource `/`, where AWS tells it.
    pub root: Option<String>,
}

impl Resource for RestApi {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("rest_api", "REST API", &self.settings.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        Vec::new()
    }

    async fn read(&self, aws: &Aws<'_>, _: &Known) -> Result<Option<Observed>> {
        Ok(self.pick(self.lookups.rest_apis(aws).await?))
    }

    fn outputs(&self, seen: &Observed) -> Outputs {
        seen.outputs.clone()
    }

    fn diff(&self, seen: &Observed, _: &Known) -> Vec<Change> {
        let (was, want, mut changes) = (&seen.settings, &self.settings, Changes::default());
        changes
            .compare("name", was.name.clone(), want.name.clone())
            .compare("description", was.description.clone(), want.description.clone())
            .compare("endpoint", was.endpoint.clone(), want.endpoint.clone())
            .compare("api_key_source", was.api_key_source.clone(), want.api_key_source.clone())
            .compare("binary_media_types", was.binary_media_types.clone(), want.binary_media_types.clone())
            .compare("minimum_compression", was.minimum_compression, want.minimum_compression)
            .compare("policy", self.policy(&seen.outputs.id, was), want.policy.clone())
            .compare(
                "disable_execute_api_endpoint",
                was.disable_execute_api_endpoint,
                want.disable_execute_api_endpoint,
            );
        self.owner.diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        let want = &self.settings;
        let mut changes = vec![Change::set("name", want.name.clone()), Change::set("endpoint", want.endpoint.clone())];
        let optional = [
            ("description", want.description.clone().map(Value::from)),
            ("minimum_compression", want.minimum_compression.map(Value::from)),
            ("policy", want.policy.clone()),
        ];
        changes.extend(optional.into_iter().filter_map(|(path, value)| Some(Change::set(path, value?))));
        if !want.binary_media_types.is_empty() {
            changes.push(Change::set("binary_media_types", want.binary_media_types.clone()));
        }
        if want.disable_execute_api_endpoint {
            changes.push(Change::set("disable_execute_api_endpoint", true));
        }
        changes
    }

    fn consequences(&self, action: Action, changes: &[Change]) -> Vec<String> {
        let touches = |path: &str| changes.iter().any(|change| change.path == path);
        let mut told = Vec::new();
        if action == Action::Delete {
            told.push("its URL stops answering and is not given again".to_owned());
        }
        if action == Action::Update && touches("endpoint") {
            told.push(
                "the endpoint type changes in place; the URL stays, answers may fail for some minutes".to_owned(),
            );
        }
        told
    }

    async fn create(&self, aws: &Aws<'_>, _: &Known) -> Result<Outputs> {
        let create = async || {
            let call = || self.request(aws).send();
            let edge = self.settings.endpoint == endpoint_name(Endpoint::Edge);
            let manner = Manner { budget: edge.then_some(CREATE_EDGE_API), ..Manner::default() };
            let api = aws.call_in(manner, "apigateway", "CreateRestApi", Repeat::Never, call).await?;
            let id = api.id.ok_or_else(|| Error::unexpected("CreateRestApi names no id"))?;
            Ok(Outputs { id, root: api.root_resource_id })
        };
        let find = async || Ok(self.pick(Lookups::default().rest_apis(aws).await?).map(|made| made.outputs));
        once(create, find).await
    }

    async fn update(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, changes: &[Change]) -> Result<Outputs> {
        let id = &seen.outputs.id;
        let was = Settings { policy: self.policy(&seen.outputs.id, &seen.settings), ..seen.settings.clone() };
        patch_api(aws, id, was.patch(&self.settings)).await?;
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            let arn = self.arn(id);
            tag(aws, &arn, self.owner.tags.hash_map()).await?;
        }
        Ok(seen.outputs.clone())
    }

    /// The record of names changes last: until then it still tells what is to be removed.
    fn surplus(&self, seen: &Observed, _: &Known, _: bool) -> Vec<Change> {
        let doubles = seen.doubles.iter().map(|id| Change::removed(format!("duplicate {id}"), id.clone()));
        let mut changes = Changes::default();
        for (tag, name) in &self.record {
            changes.compare(&format!("tags.{tag}"), seen.tags.get(tag).cloned(), name.clone());
        }
        for tag in self.outdated(seen) {
            changes.push(Change::removed(format!("tags.{tag}"), seen.tags[tag].clone()));
        }
        doubles.chain(changes.done()).collect()
    }

    fn prunes_last(&self) -> bool {
        true
    }

    async fn prune(&self, aws: &Aws<'_>, _: &Known, seen: &Observed, surplus: &[Change]) -> Result<()> {
        for id in &seen.doubles {
            delete(aws, id).await?;
        }
        let arn = self.arn(&seen.outputs.id);
        let outdated: Vec<String> = self.outdated(seen).cloned().collect();
        if surplus.iter().any(|change| change.path.starts_with("tags.") && change.after != Side::Absent) {
            tag(aws, &arn, self.record.clone().into_iter().collect()).await?;
        }
        if !outdated.is_empty() {
            let call =
                || aws.apigateway().untag_resource().resource_arn(&arn).set_tag_keys(Some(outdated.clone())).send();
            aws.call("apigateway", "UntagResource", Repeat::Safe, call).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws<'_>, _: &Known, seen: &Observed) -> Result<()> {
        delete(aws, &seen.outputs.id).await?;
        for id in &seen.doubles {
            delete(aws, id).await?;
        }
        Ok(())
    }
}

impl RestApi {
    /// The API as a whole, now.
    pub(super) async fn whole(&self, aws: &Aws<'_>, id: &str) -> Result<Whole> {
        let call = || aws.apigateway().get_rest_api().rest_api_id(id).send();
        let told = aws.call("apigateway", "GetRestApi", Repeat::Safe, call).await?;
        let unmanaged = [
            ("/securityPolicy", told.security_policy.as_ref().map(|policy| policy.as_str().to_owned())),
            ("/endpointAccessMode", told.endpoint_access_mode.as_ref().map(|mode| mode.as_str().to_owned())),
        ];
        let api = Api::builder()
            .set_name(told.name)
            .set_description(told.description)
            .set_endpoint_configuration(told.endpoint_configuration)
            .set_api_key_source(told.api_key_source)
            .set_binary_media_types(told.binary_media_types)
            .set_minimum_compression_size(told.minimum_compression_size)
            .set_policy(told.policy)
            .disable_execute_api_endpoint(told.disable_execute_api_endpoint)
            .build();
        let settings = Settings::observed(&api);
        let settings = Settings { policy: self.policy(id, &settings), ..settings };
        Ok(Whole { settings, unmanaged })
    }

    /// Puts back what an import has taken away.
    pub(super) async fn restore(&self, aws: &Aws<'_>, id: &str, before: &Whole) -> Result<()> {
        let after = self.whole(aws, id).await?;
        let mut operations = after.settings.patch(&before.settings);
        for ((path, was), (_, is)) in before.unmanaged.iter().zip(&after.unmanaged) {
            if let (Some(was), false) = (was, was == is) {
                operations.push(patch::replace(*path, was));
            }
        }
        patch_api(aws, id, operations).await
    }

    /// AWS writes `execute-api:/…` out as the API's own ARN; deploy.yaml cannot know it, so it is taken back.
    fn policy(&self, id: &str, settings: &Settings) -> Option<Value> {
        let text = settings.policy.as_ref()?.to_string();
        let pattern = format!(":{id}/");
        let is_own = |part: &str| part.starts_with(&format!("arn:{}:execute-api:{}:", self.partition, self.region));
        let mut parts = text.split('"').map(str::to_owned).collect::<Vec<_>>();
        for part in parts.iter_mut().filter(|part| is_own(part)) {
            if let Some((_, path)) = part.split_once(&pattern) {
                *part = format!("execute-api:/{path}");
            }
        }
        serde_json::from_str(&parts.join("\"")).ok()
    }

    fn arn(&self, id: &str) -> String {
        format!("arn:{}:apigateway:{}::/restapis/{id}", self.partition, self.region)
    }

    /// Tags of ours that no longer say anything.
    fn outdated<'a>(&'a self, seen: &'a Observed) -> impl Iterator<Item = &'a String> {
        let known = |tag: &str| self.record.contains_key(tag) || self.owner.tags.map().contains_key(tag);
        seen.tags.keys().filter(move |tag| tag.starts_with("poc:") && !known(tag))
    }

    /// Ours among `apis`: by tags, the oldest first; with `--adopt`, else the only one of that name.
    fn pick(&self, apis: &[Api]) -> Option<Observed> {
        let mut ours: Vec<&Api> = apis.iter().filter(|api| self.owner.tags.own(&ordered(api.tags()))).collect();
        ours.sort_by_key(|api| {
            (api.created_date().map(|date| (date.secs(), date.subsec_nanos())), api.id().map(str::to_owned))
        });
        if ours.is_empty() && self.owner.adopt {
            let named: Vec<&Api> = apis.iter().filter(|api| api.name() == Some(&self.settings.name)).collect();
            ours.extend((named.len() == 1).then(|| named[0]));
        }
        let (first, doubles) = ours.split_first()?;
        Some(Observed {
            outputs: Outputs { id: first.id()?.to_owned(), root: first.root_resource_id().map(str::to_owned) },
            settings: Settings::observed(first),
            tags: ordered(first.tags()),
            doubles: doubles.iter().filter_map(|api| api.id()).map(str::to_owned).collect(),
        })
    }

    fn request(
        &self,
        aws: &Aws<'_>,
    ) -> aws_sdk_apigateway::operation::create_rest_api::builders::CreateRestApiFluentBuilder {
        let want = &self.settings;
        let endpoint = EndpointConfiguration::builder().types(EndpointType::from(want.endpoint.as_str())).build();
        let binary = (!want.binary_media_types.is_empty()).then(|| want.binary_media_types.clone());
        aws.apigateway()
            .create_rest_api()
            .name(&want.name)
            .version(VERSION)
            .set_description(want.description.clone())
            .endpoint_configuration(endpoint)
            .api_key_source(ApiKeySourceType::from(want.api_key_source.as_str()))
            .set_binary_media_types(binary)
            .set_minimum_compression_size(want.minimum_compression)
            .set_policy(want.policy.as_ref().map(Value::to_string))
            .disable_execute_api_endpoint(want.disable_execute_api_endpoint)
            .set_tags(Some(self.owner.tags.and(&self.record).hash_map()))
    }
}

async fn delete(aws: &Aws<'_>, id: &str) -> Result<()> {
    let call = || aws.apigateway().delete_rest_api().rest_api_id(id).send();
    gone(aws.call("apigateway", "DeleteRestApi", Repeat::Safe, call).await)
}

async fn patch_api(aws: &Aws<'_>, id: &str, operations: Vec<PatchOperation>) -> Result<()> {
    if operations.is_empty() {
        return Ok(());
    }
    let call =
        || aws.apigateway().update_rest_api().rest_api_id(id).set_patch_operations(Some(operations.clone())).send();
    aws.call("apigateway", "UpdateRestApi", Repeat::Safe, call).await.map(|_| ())
}

/// Puts our tags onto something of API Gateway's.
pub(super) async fn tag(aws: &Aws<'_>, arn: &str, tags: HashMap<String, String>) -> Result<()> {
    let call = || aws.apigateway().tag_resource().resource_arn(arn).set_tags(Some(tags.clone())).send();
    aws.call("apigateway", "TagResource", Repeat::Safe, call).await.map(|_| ())
}
