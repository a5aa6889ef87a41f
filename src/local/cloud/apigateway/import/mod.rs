//! PutRestApi and ImportRestApi: an API out of an OpenAPI 3.0 document with AWS's extensions. Every part of the document
//! goes through the operation that a client would call for it, so that what is refused there is refused here; a document
//! that is refused changes nothing.

mod operation;
mod schema;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::input::Constraints;
use super::model::Definition;
use super::{Answer, api, fail, gateway_responses, models, region, resources, rest_apis, wire};
use crate::local::cloud::{Call, Failure, Request};

/// Of a document, in bytes.
const LARGEST: usize = 6 * 1024 * 1024;
/// How deep a reference may lead to another.
const DEEPEST_REFERENCE: usize = 8;

/// PutRestApi: without a mode it merges.
pub fn put(call: &mut Call<'_>, request: &Request, id: &str) -> Answer {
    let mode = request.query("mode").unwrap_or("merge");
    Constraints::default().one_of("putRestApiInput.mode", Some(mode), &["merge", "overwrite"]).check()?;
    let document = read(request)?;
    let body = replace(call, request, id, &document, mode == "overwrite")?;
    Ok(wire::reply(200, &body))
}

/// ImportRestApi.
pub fn create(call: &mut Call<'_>, request: &Request) -> Answer {
    let document = read(request)?;
    let types = request.query("endpointConfigurationTypes");
    let mut blank = json!({ "name": document["info"]["title"] });
    if let Some(types) = types {
        blank["endpointConfiguration"] = json!({ "types": types.split(',').collect::<Vec<_>>() });
    }
    let made = rest_apis::create(call, &Request::of_body(&blank))?;
    let id = serde_json::from_slice::<Value>(&made.body).unwrap_or_default()["id"].as_str().unwrap_or("").to_owned();
    match replace(call, request, &id, &document, true) {
        Ok(body) => Ok(wire::reply(201, &body)),
        Err(failure) => {
            region(call).rest_apis.remove(&id);
            Err(failure)
        }
    }
}

/// JSON or YAML, of the one version that is read here.
fn read(request: &Request) -> Result<Value, Failure> {
    let invalid = || fail::bad_request("Invalid OpenAPI input.");
    if request.body.len() > LARGEST {
        return Err(fail::bad_request("Invalid OpenAPI input: the document exceeds 6 MB."));
    }
    let text = std::str::from_utf8(&request.body).map_err(|_| invalid())?;
    let document: Value =
        serde_json::from_str(text).ok().or_else(|| serde_yaml::from_str(text).ok()).ok_or_else(invalid)?;
    if document.get("swagger").is_some() {
        return Err(fail::unsupported("importing Swagger 2.0"));
    }
    let known = document["openapi"].as_str().is_some_and(|version| version.starts_with("3.0"));
    if known && document["info"]["title"].is_string() && document["paths"].is_object() {
        return Ok(document);
    }
    Err(invalid())
}

/// The whole import: all of it, or nothing.
fn replace(
    call: &mut Call<'_>,
    request: &Request,
    id: &str,
    document: &Value,
    overwrite: bool,
) -> Result<Map<String, Value>, Failure> {
    let kept = api(call, id)?;
    let before = (kept.draft.clone(), kept.version.clone());
    let mut import =
        Import { call, id, document, errors: Vec::new(), warnings: Vec::new(), validators: BTreeMap::new() };
    let outcome = import.run(overwrite, request.query("failonwarnings") == Some("true"));
    let warnings = import.warnings;
    let api = api(call, id)?;
    match outcome {
        Ok(()) => {
            let mut body = rest_apis::view(api);
            if !warnings.is_empty() {
                body.insert("warnings".into(), json!(warnings));
            }
            Ok(body)
        }
        Err(failure) => {
            (api.draft, api.version) = before;
            Err(failure)
        }
    }
}

struct Import<'i, 'c> {
    call: &'i mut Call<'c>,
    id: &'i str,
    document: &'i Value,
    errors: Vec<String>,
    warnings: Vec<String>,
    /// Name to identifier.
    validators: BTreeMap<String, String>,
}

impl<'i> Import<'i, '_> {
    fn run(&mut self, overwrite: bool, fail_on_warnings: bool) -> Result<(), Failure> {
        self.settings(overwrite)?;
        if overwrite {
            self.clear()?;
        }
        self.validators()?;
        self.models()?;
        self.paths()?;
        self.gateway_responses();
        let told = |what: &str, list: &[String]| {
            fail::bad_request(format!("{what} found during import:\n\t{}", list.join("\n\t")))
        };
        if !self.errors.is_empty() {
            return Err(told("Errors", &self.errors));
        }
        if fail_on_warnings && !self.warnings.is_empty() {
            return Err(told("Warnings", &self.warnings));
        }
        Ok(())
    }

    fn draft(&mut self) -> Result<&mut Definition, Failure> {
        Ok(&mut api(self.call, self.id)?.draft)
    }

    fn settings(&mut self, overwrite: bool) -> Result<(), Failure> {
        let (region, document) = (self.call.region.clone(), self.document);
        let api = api(self.call, self.id)?;
        api.draft.settings = rest_apis::imported(&api.draft.settings, document, overwrite, (&region, &api.id))?;
        let version = document["info"]["version"].as_str().map(str::to_owned);
        api.version = if overwrite { version } else { version.or(api.version.take()) };
        Ok(())
    }

    /// Everything that the document may say anew goes. A path that stays keeps its identifier.
    fn clear(&mut self) -> Result<(), Failure> {
        let named: Vec<&String> = self.document["paths"].as_object().into_iter().flat_map(Map::keys).collect();
        let stays = |path: &str| {
            let below = format!("{}/", path.trim_end_matches('/'));
            path == "/" || named.iter().any(|named| *named == path || named.starts_with(&below))
        };
        let draft = self.draft()?;
        draft.resources.retain(|_, resource| stays(&resource.path));
        draft.resources.values_mut().for_each(|resource| resource.resource_methods.clear());
        draft.models.clear();
        draft.request_validators.clear();
        draft.gateway_responses.clear();
        Ok(())
    }

    fn validators(&mut self) -> Result<(), Failure> {
        let known = &self.draft()?.request_validators;
        let known: BTreeMap<String, String> =
            known.values().filter_map(|one| Some((one.name.clone()?, one.id.clone()))).collect();
        self.validators = known;
        for (name, validator) in members(&self.document["x-amazon-apigateway-request-validators"]) {
            if let Some(replaced) = self.validators.remove(name) {
                self.draft()?.request_validators.remove(&replaced);
            }
            let mut body = validator.clone();
            body["name"] = json!(name);
            match models::create_validator(self.call, &Request::of_body(&body), self.id) {
                Ok(made) => {
                    let id = serde_json::from_slice::<Value>(&made.body).unwrap_or_default()["id"].clone();
                    self.validators.insert(name.clone(), id.as_str().unwrap_or_default().to_owned());
                }
                Err(failure) => {
                    self.errors.push(format!("Unable to create request validator '{name}': {}", failure.message));
                }
            }
        }
        Ok(())
    }

    fn models(&mut self) -> Result<(), Failure> {
        for (name, schema) in members(&self.document["components"]["schemas"]) {
            self.draft()?.models.remove(name);
            self.model(name, schema);
        }
        Ok(())
    }

    /// Every imported model is JSON's.
    fn model(&mut self, name: &str, schema: &Value) {
        let text = schema::imported(schema, self.id).to_string();
        let mut body = json!({ "name": name, "contentType": "application/json", "schema": text });
        if let Some(description) = schema["description"].as_str() {
            body["description"] = json!(description);
        }
        if let Err(failure) = models::create(self.call, &Request::of_body(&body), self.id) {
            self.errors.push(format!("Unable to create model '{name}': {}", failure.message));
        }
    }

    fn paths(&mut self) -> Result<(), Failure> {
        let draft = self.draft()?;
        let mut ids: BTreeMap<String, String> =
            draft.resources.values().map(|resource| (resource.path.clone(), resource.id.clone())).collect();
        for (path, item) in members(&self.document["paths"]) {
            if !path.starts_with('/') {
                self.warnings.push(format!("Parse issue: attribute paths. Resource {path} should start with /"));
                continue;
            }
            match self.resource(path, &mut ids) {
                Ok(resource) => self.path(path, &resource, item)?,
                Err(failure) => {
                    self.errors.push(format!("Unable to create resource at path '{path}': {}", failure.message));
                }
            }
        }
        Ok(())
    }

    /// The resource of that path, made with all that is above it.
    fn resource(&mut self, path: &str, ids: &mut BTreeMap<String, String>) -> Result<String, Failure> {
        let (mut parent, mut whole) = (ids.get("/").cloned().unwrap_or_default(), String::new());
        for part in path.split('/').filter(|part| !part.is_empty()) {
            whole = format!("{whole}/{part}");
            if !ids.contains_key(&whole) {
                let body = Request::of_body(&json!({ "pathPart": part }));
                let made = resources::create(self.call, &body, self.id, &parent)?;
                let id = serde_json::from_slice::<Value>(&made.body).unwrap_or_default()["id"].clone();
                ids.insert(whole.clone(), id.as_str().unwrap_or_default().to_owned());
            }
            parent = ids.get(&whole).cloned().unwrap_or_default();
        }
        Ok(parent)
    }

    fn gateway_responses(&mut self) {
        for (kind, response) in members(&self.document["x-amazon-apigateway-gateway-responses"]) {
            let body = Request::of_body(&with_text(response, "statusCode"));
            if let Err(failure) = gateway_responses::put(self.call, &body, self.id, kind) {
                self.errors.push(format!("Unable to put gateway response '{kind}': {}", failure.message));
            }
        }
    }

    /// What `value` stands for: itself, or what its `$ref` leads to within the document.
    fn resolved(&self, value: &'i Value) -> &'i Value {
        let mut value = value;
        for _ in 0..DEEPEST_REFERENCE {
            match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
                Some(pointer) => value = self.document.pointer(pointer).unwrap_or(&Value::Null),
                None => break,
            }
        }
        value
    }
}

/// An object's members; nothing of anything else.
fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// With `member` as a text, where the document gives a number.
fn with_text(object: &Value, member: &str) -> Value {
    let mut object = object.clone();
    if let Some(Value::Number(number)) = object.get(member) {
        object[member] = json!(number.to_string());
    }
    object
}
