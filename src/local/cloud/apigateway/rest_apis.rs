//! REST APIs: an API's own settings. What hangs below it has its own files.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::input::{Constraints, Input};
use super::model::{Definition, EndpointConfiguration, Resource, RestApi, Settings};
use super::patch::{self, Op, Patch};
use super::{Answer, api, fail, models, now, region, tags, wire};
use crate::local::cloud::{ACCOUNT, Call, Failure, LOWER, Reply, Request};

const TYPES: [&str; 3] = ["PRIVATE", "EDGE", "REGIONAL"];
const ADDRESS_TYPES: [&str; 2] = ["ipv4", "dualstack"];
const LARGEST_POLICY: usize = 8192;
/// What an API has that asked for none.
const SECURITY_POLICY: &str = "TLS_1_0";
/// Per account and region.
const REGIONAL_APIS: usize = 600;
const EDGE_APIS: usize = 120;

pub fn create(call: &mut Call<'_>, request: &Request) -> Answer {
    let input = Input::new(request)?;
    let settings = settings(&input)?;
    let tags = tags::checked(input.text_map("tags")?.unwrap_or_default())?;
    let version = input.text("version")?;
    if input.text("cloneFrom")?.is_some() {
        return Err(fail::unsupported("CreateRestApi with cloneFrom"));
    }
    within_quota(call, &settings)?;
    let id = call.id(10, LOWER);
    let root = call.id(10, LOWER);
    let draft = Definition {
        settings: Settings { policy: policy(settings.policy.clone(), &call.region, &id)?, ..settings },
        resources: BTreeMap::from([(root.clone(), root_resource(&root))]),
        root_resource_id: root,
        models: models::born_with(call),
        request_validators: BTreeMap::new(),
        gateway_responses: BTreeMap::new(),
    };
    let api = RestApi {
        id: id.clone(),
        created_date: now(call),
        version,
        tags,
        draft,
        deployments: BTreeMap::new(),
        stages: BTreeMap::new(),
    };
    let reply = wire::reply(201, &view(&api));
    region(call).rest_apis.insert(id, api);
    Ok(reply)
}

pub fn list(call: &mut Call<'_>, request: &Request) -> Answer {
    wire::page(request, region(call).rest_apis.values().map(|api| (api.id.clone(), Value::Object(view(api)))))
}

pub fn get(call: &mut Call<'_>, id: &str) -> Answer {
    Ok(wire::reply(200, &view(api(call, id)?)))
}

pub fn update(call: &mut Call<'_>, request: &Request, id: &str) -> Answer {
    let patches = patch::read(&Input::new(request)?, "updateRestApiInput", |found| found)?;
    let region = call.region.clone();
    let api = api(call, id)?;
    let mut settings = api.draft.settings.clone();
    for patch in &patches {
        apply(&mut settings, patch)?;
    }
    settings.policy = policy(settings.policy, &region, id)?;
    api.draft.settings = settings;
    let mut body = view(api);
    body.entry("tags").or_insert_with(|| json!({}));
    Ok(wire::reply(200, &body))
}

pub fn delete(call: &mut Call<'_>, id: &str) -> Answer {
    api(call, id)?;
    let region = region(call);
    let mapped: Vec<&str> = region
        .domain_names
        .values()
        .filter(|domain| domain.base_path_mappings.values().any(|mapping| mapping.rest_api_id == id))
        .map(|domain| domain.domain_name.as_str())
        .collect();
    if !mapped.is_empty() {
        return Err(fail::bad_request(format!(
            "Deleting RestApi {id} failed. Please remove all base path mappings related to the RestApi in your domains: {}.",
            mapped.join(", ")
        )));
    }
    region.rest_apis.remove(id);
    for plan in region.usage_plans.values_mut() {
        plan.api_stages.retain(|stage| stage.api_id != id);
    }
    Ok(Reply::empty(202))
}

/// The settings that an imported document gives; what it leaves out keeps its value in a merge and gets its default
/// otherwise. The endpoint's type never changes by an import.
pub fn imported(
    before: &Settings,
    document: &Value,
    overwrite: bool,
    (region, id): (&str, &str),
) -> Result<Settings, Failure> {
    let mut settings = before.clone();
    if overwrite {
        settings = Settings {
            name: String::new(),
            description: None,
            binary_media_types: None,
            minimum_compression_size: None,
            api_key_source: "HEADER".into(),
            disable_execute_api_endpoint: false,
            policy: None,
            security_policy: Some(SECURITY_POLICY.into()),
            endpoint_access_mode: None,
            endpoint_configuration: before.endpoint_configuration.clone(),
        };
    }
    let extension = |name: &str| document.get(format!("x-amazon-apigateway-{name}"));
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    settings.name = text(document["info"].get("title")).unwrap_or(settings.name);
    settings.description = text(document["info"].get("description")).or(settings.description);
    if let Some(Value::Array(types)) = extension("binary-media-types") {
        let types: Vec<String> = types.iter().filter_map(|kind| text(Some(kind))).collect();
        settings.binary_media_types = Some(types).filter(|types| !types.is_empty());
    }
    settings.minimum_compression_size =
        extension("minimum-compression-size").and_then(Value::as_i64).or(settings.minimum_compression_size);
    settings.api_key_source =
        text(extension("api-key-source")).map_or(settings.api_key_source, |from| from.to_uppercase());
    settings.security_policy = text(extension("security-policy")).or(settings.security_policy);
    settings.endpoint_access_mode = text(extension("endpoint-access-mode")).or(settings.endpoint_access_mode);
    settings.policy = extension("policy").map(Value::to_string).or(settings.policy);
    let servers = document["servers"].as_array().into_iter().flatten();
    let endpoint = servers.filter_map(|server| server.get("x-amazon-apigateway-endpoint-configuration")).next();
    if let Some(off) = endpoint.and_then(|endpoint| endpoint["disableExecuteApiEndpoint"].as_bool()) {
        settings.disable_execute_api_endpoint = off;
    }
    check_name(&settings.name)?;
    check_compression(settings.minimum_compression_size)?;
    check_api_key_source(&settings.api_key_source)?;
    settings.policy = policy(settings.policy, region, id)?;
    Ok(settings)
}

/// An API on the wire. The policy comes back as AWS sends it: as the inside of a JSON string, quotes escaped.
pub fn view(api: &RestApi) -> Map<String, Value> {
    let mut members = wire::object(&api.draft.settings);
    members.insert("id".into(), json!(api.id));
    members.insert("createdDate".into(), wire::value(&api.created_date));
    members.insert("rootResourceId".into(), json!(api.draft.root_resource_id));
    members.insert("apiStatus".into(), json!("AVAILABLE"));
    if let Some(version) = &api.version {
        members.insert("version".into(), json!(version));
    }
    if !api.tags.is_empty() {
        members.insert("tags".into(), json!(api.tags));
    }
    if let Some(policy) = &api.draft.settings.policy {
        let quoted = Value::String(policy.clone()).to_string();
        members.insert("policy".into(), json!(quoted[1..quoted.len() - 1]));
    }
    members
}

fn root_resource(id: &str) -> Resource {
    Resource {
        id: id.to_owned(),
        parent_id: None,
        path_part: None,
        path: "/".into(),
        resource_methods: BTreeMap::new(),
    }
}

fn settings(input: &Input) -> Result<Settings, Failure> {
    let name = input.text("name")?;
    let api_key_source = input.text("apiKeySource")?;
    let endpoint = input.structure("endpointConfiguration")?.unwrap_or_default();
    let (types, address_type) = (endpoint.texts("types")?, endpoint.text("ipAddressType")?);
    Constraints::default()
        .required("createRestApiInput.name", name.as_deref())
        .one_of("createRestApiInput.apiKeySource", api_key_source.as_deref(), &["AUTHORIZER", "HEADER"])
        .all_of("createRestApiInput.endpointConfiguration.types", types.as_deref().unwrap_or_default(), &TYPES)
        .one_of("createRestApiInput.endpointConfiguration.ipAddressType", address_type.as_deref(), &ADDRESS_TYPES)
        .check()?;
    let name = name.unwrap_or_default();
    check_name(&name)?;
    let description = input.text("description")?;
    if description.as_deref() == Some("") {
        return Err(fail::bad_request("Description cannot be an empty string"));
    }
    let endpoint_configuration = endpoint_configuration(types, address_type, endpoint.texts("vpcEndpointIds")?)?;
    let minimum_compression_size = input.integer("minimumCompressionSize")?;
    check_compression(minimum_compression_size)?;
    Ok(Settings {
        name,
        description,
        binary_media_types: input.texts("binaryMediaTypes")?.filter(|types| !types.is_empty()),
        minimum_compression_size,
        api_key_source: api_key_source.unwrap_or_else(|| "HEADER".into()),
        disable_execute_api_endpoint: input.flag("disableExecuteApiEndpoint")?.unwrap_or(false),
        endpoint_configuration,
        policy: input.text("policy")?.filter(|policy| !policy.is_empty()),
        security_policy: Some(input.text("securityPolicy")?.unwrap_or_else(|| SECURITY_POLICY.into())),
        endpoint_access_mode: input.text("endpointAccessMode")?,
    })
}

fn check_name(name: &str) -> Result<(), Failure> {
    if name.is_empty() || name.chars().count() > 1024 {
        return Err(fail::bad_request("Invalid API name specified, must be between 1 and 1024 characters"));
    }
    Ok(())
}

fn check_api_key_source(source: &str) -> Result<(), Failure> {
    if !["HEADER", "AUTHORIZER"].contains(&source) {
        return Err(fail::bad_request("Invalid API key source specified. Valid options are HEADER,AUTHORIZER"));
    }
    Ok(())
}

fn check_compression(size: Option<i64>) -> Result<(), Failure> {
    if size.is_some_and(|size| !(0..=10_485_760).contains(&size)) {
        return Err(fail::bad_request("Invalid minimum compression size, must be between 0 and 10485760"));
    }
    Ok(())
}

fn endpoint_configuration(
    types: Option<Vec<String>>,
    address_type: Option<String>,
    vpc_endpoint_ids: Option<Vec<String>>,
) -> Result<EndpointConfiguration, Failure> {
    let types = types.unwrap_or_else(|| vec!["EDGE".into()]);
    match types.len() {
        0 => return Err(fail::bad_request("REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.")),
        1 => {}
        _ => return Err(fail::bad_request("Cannot create an api with multiple Endpoint Types.")),
    }
    let private = types[0] == "PRIVATE";
    if private && address_type.as_deref() == Some("ipv4") {
        return Err(fail::bad_request("Only dualstack ipAddressType is supported for Private APIs."));
    }
    let ip_address_type = address_type.unwrap_or_else(|| if private { "dualstack" } else { "ipv4" }.into());
    Ok(EndpointConfiguration { types, ip_address_type, vpc_endpoint_ids })
}

/// The document checked, and `execute-api:/…` written out in full, as AWS keeps it.
fn policy(document: Option<String>, region: &str, id: &str) -> Result<Option<String>, Failure> {
    let Some(document) = document else { return Ok(None) };
    let invalid = || {
        fail::bad_request(
            "Invalid policy document. Please check the policy syntax and ensure that Principals are valid.",
        )
    };
    let parsed: Value = serde_json::from_str(&document).map_err(|_| invalid())?;
    if !parsed["Statement"].is_array() && !parsed["Statement"].is_object() {
        return Err(invalid());
    }
    if document.len() > LARGEST_POLICY {
        return Err(fail::limit_exceeded("Resource policy exceeds the maximum size of 8192 characters"));
    }
    Ok(Some(document.replace("\"execute-api:/", &format!("\"arn:aws:execute-api:{region}:{ACCOUNT}:{id}/"))))
}

fn within_quota(call: &mut Call<'_>, settings: &Settings) -> Result<(), Failure> {
    let is_edge = |types: &[String]| types.iter().any(|kind| kind == "EDGE");
    let edge = is_edge(&settings.endpoint_configuration.types);
    let apis = region(call).rest_apis.values();
    let alike = apis.filter(|api| is_edge(&api.draft.settings.endpoint_configuration.types) == edge).count();
    if alike >= if edge { EDGE_APIS } else { REGIONAL_APIS } {
        return Err(fail::limit_exceeded(
            "Maximum number of APIs for this account has been reached. Please contact AWS if you need additional APIs.",
        ));
    }
    Ok(())
}

fn apply(settings: &mut Settings, patch: &Patch) -> Result<(), Failure> {
    match patch.parts().as_slice() {
        ["name"] => {
            patch.only(&[Op::Replace])?;
            settings.name = patch.text();
            check_name(&settings.name)?;
        }
        ["description"] => {
            patch.edits()?;
            settings.description = patch.optional();
        }
        ["version"] => return Err(patch.invalid_path()),
        ["minimumCompressionSize"] => {
            patch.only(&[Op::Replace])?;
            settings.minimum_compression_size = patch.optional().map(|size| size.parse().unwrap_or(-1));
            check_compression(settings.minimum_compression_size)?;
        }
        ["apiKeySource"] => {
            patch.only(&[Op::Replace])?;
            settings.api_key_source = patch.text();
            check_api_key_source(&settings.api_key_source)?;
        }
        ["disableExecuteApiEndpoint"] => {
            patch.only(&[Op::Replace])?;
            settings.disable_execute_api_endpoint = patch.flag();
        }
        ["policy"] => {
            patch.edits()?;
            settings.policy = patch.optional();
        }
        ["securityPolicy"] => settings.security_policy = patch.optional(),
        ["endpointAccessMode"] => settings.endpoint_access_mode = patch.optional(),
        ["binaryMediaTypes", media] => {
            patch.edits()?;
            patch_media_types(settings, patch, media);
        }
        ["endpointConfiguration", rest @ ..] => patch_endpoint(&mut settings.endpoint_configuration, patch, rest)?,
        _ => return Err(patch.invalid_path()),
    }
    Ok(())
}

/// `replace` names the type that goes in the path, and the one that comes in the value.
fn patch_media_types(settings: &mut Settings, patch: &Patch, media: &str) {
    let mut types = settings.binary_media_types.take().unwrap_or_default();
    let position = types.iter().position(|kept| kept == media);
    match (patch.op, position) {
        (Op::Remove, Some(position)) => {
            types.remove(position);
        }
        (Op::Replace, Some(position)) => {
            types.remove(position);
            types.push(patch.value.clone().unwrap_or_else(|| media.to_owned()));
        }
        (Op::Add, None) => types.push(media.to_owned()),
        _ => {}
    }
    settings.binary_media_types = Some(types).filter(|types| !types.is_empty());
}

fn patch_endpoint(endpoint: &mut EndpointConfiguration, patch: &Patch, path: &[&str]) -> Result<(), Failure> {
    match path {
        ["types", old] => {
            patch.edits()?;
            let value = if patch.op == Op::Remove { (*old).to_owned() } else { patch.text() };
            if !TYPES.contains(&value.as_str()) {
                return Err(fail::bad_request(
                    "Invalid EndpointTypes specified. Valid options are REGIONAL,EDGE,PRIVATE",
                ));
            }
            match patch.op {
                Op::Replace => endpoint.types = vec![value],
                Op::Add => return Err(fail::bad_request("Cannot create an api with multiple Endpoint Types.")),
                _ => {
                    return Err(fail::bad_request(
                        "REGIONAL Configuration and EDGE Configuration cannot be both DISABLED.",
                    ));
                }
            }
            if endpoint.types[0] == "PRIVATE" {
                endpoint.ip_address_type = "dualstack".into();
            }
        }
        ["ipAddressType"] => {
            patch.only(&[Op::Replace])?;
            let value = patch.text();
            if !ADDRESS_TYPES.contains(&value.as_str()) {
                return Err(fail::bad_request("ipAddressType must be either ipv4 or dualstack."));
            }
            if value == "ipv4" && endpoint.types[0] == "PRIVATE" {
                return Err(fail::bad_request("Only dualstack ipAddressType is supported for Private APIs."));
            }
            endpoint.ip_address_type = value;
        }
        ["vpcEndpointIds", ..] => {
            patch.edits()?;
            let id = patch.text();
            let mut ids = endpoint.vpc_endpoint_ids.take().unwrap_or_default();
            ids.retain(|kept| *kept != id);
            if patch.op != Op::Remove {
                ids.push(id);
            }
            endpoint.vpc_endpoint_ids = Some(ids).filter(|ids| !ids.is_empty());
        }
        _ => return Err(patch.invalid_path()),
    }
    Ok(())
}
