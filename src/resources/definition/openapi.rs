//! The API as an OpenAPI 3.0 document: with AWS's extensions the one that `PutRestApi` makes the draft of, without them
//! the one that readers and generators of clients want. Pure, and in the same order every time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::model::{Definition, Integration, IntegrationResponse, Method, MethodResponse, Validator};
use super::openapi_schema;
use crate::resources::rest_api::Settings;

/// `info.version`, which OpenAPI must have and an import makes the API's; an API created without a document is given it
/// too, so that both ways leave the same.
pub const VERSION: &str = "1.0";

/// The verbs of OpenAPI that API Gateway routes; `ANY` stands for those of them that a path does not have itself.
const VERBS: [&str; 7] = ["GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH"];

/// Names of the security schemes, which AWS's own exports give them.
const API_KEY: &str = "api_key";
const SIGNED: &str = "sigv4";

/// The models every API is born with (`AWS_FACTS` B1): an import leaves the document's models alone in the API.
const BORN_WITH: [(&str, &str); 2] = [("Empty", "Empty Schema"), ("Error", "Error Schema")];

/// For whom the document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// API Gateway: all of the definition.
    Extended,
    /// Anybody: what callers may send and what they get.
    Plain,
}

/// Where the API answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub url: String,
    pub description: String,
    /// Name of a part of the URL, and what stands for it until it is known.
    pub variables: Vec<(&'static str, String)>,
}

/// What people are told of a method. It is no part of the definition, and not sent to AWS, which would make documentation
/// parts of it: things of their own that outlive what they are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    pub summary: Option<String>,
    pub description: Option<String>,
    /// By `method.request.querystring.gre`.
    pub parameters: BTreeMap<String, String>,
}

/// By path and verb.
pub type AllWords = BTreeMap<(String, String), Words>;

/// The whole document.
pub fn document(
    definition: &Definition,
    settings: &Settings,
    servers: &[Server],
    words: &AllWords,
    form: Form,
) -> Value {
    let writer = Writer { definition, words, form, unique: unique_operations(definition) };
    let mut info = json!({ "title": settings.name });
    if let Some(description) = &settings.description {
        info["description"] = json!(description);
    }
    info["version"] = json!(VERSION);
    let mut document = json!({ "openapi": "3.0.1", "info": info });
    let servers = self::servers(servers, settings, form);
    if !servers.is_empty() {
        document["servers"] = Value::Array(servers);
    }
    document["paths"] = writer.paths();
    let components = writer.components();
    if !components.is_empty() {
        document["components"] = Value::Object(components);
    }
    if form == Form::Extended {
        extend(&mut document, definition, settings);
    }
    document
}

/// What the document cannot say of a method, so that an import leaves it to be put by itself: the keys of its integration
/// responses are their patterns, and `default` is the one without.
pub fn inexpressible(method: &Method) -> bool {
    let mut keys = BTreeSet::new();
    let responses = method.integration.iter().flat_map(|integration| integration.responses.values());
    responses.into_iter().any(|response| {
        let literal_default = response.pattern.as_deref() == Some("default");
        literal_default || !keys.insert(response.pattern.as_deref().unwrap_or("default"))
    })
}

/// Operation names that one method alone has; `operationId` must be unique.
fn unique_operations(definition: &Definition) -> BTreeSet<&str> {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    for name in definition.methods().filter_map(|(_, _, method)| method.operation_name.as_deref()) {
        *counted.entry(name).or_default() += 1;
    }
    counted.into_iter().filter(|(_, count)| *count == 1).map(|(name, _)| name).collect()
}

/// An endpoint that is switched off is said under a server (`DG` extensions, endpoint configuration).
fn servers(servers: &[Server], settings: &Settings, form: Form) -> Vec<Value> {
    let mut listed: Vec<Value> = servers.iter().map(server).collect();
    if form == Form::Extended && settings.disable_execute_api_endpoint {
        if listed.is_empty() {
            listed.push(json!({ "url": "/" }));
        }
        listed[0]["x-amazon-apigateway-endpoint-configuration"] = json!({ "disableExecuteApiEndpoint": true });
    }
    listed
}

fn server(server: &Server) -> Value {
    let mut shown = json!({ "url": server.url, "description": server.description });
    if !server.variables.is_empty() {
        let variables = server.variables.iter().map(|(name, value)| ((*name).to_owned(), json!({ "default": value })));
        shown["variables"] = Value::Object(variables.collect());
    }
    shown
}

/// What overwriting would otherwise reset.
fn extend(document: &mut Value, definition: &Definition, settings: &Settings) {
    let mut put = |name: &str, value: Value| document[format!("x-amazon-apigateway-{name}")] = value;
    put("api-key-source", json!(settings.api_key_source));
    if !settings.binary_media_types.is_empty() {
        put("binary-media-types", json!(settings.binary_media_types));
    }
    if let Some(bytes) = settings.minimum_compression {
        put("minimum-compression-size", json!(bytes));
    }
    if let Some(policy) = &settings.policy {
        put("policy", policy.clone());
    }
    if !definition.validators.is_empty() {
        put("request-validators", named(&definition.validators, validator));
    }
    if !definition.gateway_responses.is_empty() {
        put(
            "gateway-responses",
            named(&definition.gateway_responses, |response| {
                let mut shown = Map::new();
                if let Some(status) = &response.status {
                    shown.insert("statusCode".to_owned(), json!(status));
                }
                texts(&mut shown, "responseParameters", &response.parameters);
                texts(&mut shown, "responseTemplates", &response.templates);
                Value::Object(shown)
            }),
        );
    }
}

fn validator(validator: &Validator) -> Value {
    json!({ "validateRequestBody": validator.body, "validateRequestParameters": validator.parameters })
}

struct Writer<'a> {
    definition: &'a Definition,
    words: &'a AllWords,
    form: Form,
    unique: BTreeSet<&'a str>,
}

impl Writer<'_> {
    fn paths(&self) -> Value {
        let mut paths = Map::new();
        for (path, methods) in self.definition.resources.iter().filter(|(_, methods)| !methods.is_empty()) {
            let mut item = Map::new();
            for (verb, method) in methods {
                let words = self.words.get(&(path.clone(), verb.clone()));
                match (verb.as_str(), self.form) {
                    ("ANY", Form::Extended) => {
                        item.insert("x-amazon-apigateway-any-method".to_owned(), self.operation(method, words, None));
                    }
                    ("ANY", Form::Plain) => {
                        for verb in VERBS.iter().filter(|verb| !methods.contains_key(**verb)) {
                            item.insert(verb.to_lowercase(), self.operation(method, words, Some(verb)));
                        }
                    }
                    _ => {
                        item.insert(verb.to_lowercase(), self.operation(method, words, None));
                    }
                }
            }
            // OpenAPI has no greedy variables.
            let path = if self.form == Form::Plain { path.replace("+}", "}") } else { path.clone() };
            paths.insert(path, Value::Object(item));
        }
        Value::Object(paths)
    }

    /// `of_any` is the verb, where several share the method.
    fn operation(&self, method: &Method, words: Option<&Words>, of_any: Option<&str>) -> Value {
        let mut shown = Map::new();
        let told = words.map(|words| [("summary", &words.summary), ("description", &words.description)]);
        for (name, text) in told.into_iter().flatten() {
            shown.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
        }
        if let Some(name) = method.operation_name.as_deref().filter(|name| self.unique.contains(name)) {
            let id = of_any.map_or_else(|| name.to_owned(), |verb| format!("{name}-{}", verb.to_lowercase()));
            shown.insert("operationId".to_owned(), json!(id));
        }
        let declared = method.request_parameters.iter();
        let parameters = declared.filter_map(|(place, required)| {
            parameter(place, *required, words.and_then(|words| words.parameters.get(place)))
        });
        let parameters: Vec<Value> = parameters.collect();
        if !parameters.is_empty() {
            shown.insert("parameters".to_owned(), Value::Array(parameters));
        }
        if !method.request_models.is_empty() {
            let body = json!({ "content": content(&method.request_models), "required": self.checks_body(method) });
            shown.insert("requestBody".to_owned(), body);
        }
        shown.insert("responses".to_owned(), Self::responses(method));
        let security = security(method);
        if !security.is_empty() {
            shown.insert("security".to_owned(), json!([security]));
        }
        if self.form == Form::Extended {
            if let Some(name) = &method.validator {
                shown.insert("x-amazon-apigateway-request-validator".to_owned(), json!(name));
            }
            if let Some(integration) = &method.integration {
                shown.insert("x-amazon-apigateway-integration".to_owned(), self::integration(integration));
            }
        }
        Value::Object(shown)
    }

    fn checks_body(&self, method: &Method) -> bool {
        let validator = method.validator.as_ref().and_then(|name| self.definition.validators.get(name));
        validator.is_some_and(|validator| validator.body)
    }

    /// OpenAPI wants one at least; an import skips `default`.
    fn responses(method: &Method) -> Value {
        if method.responses.is_empty() {
            return json!({ "default": { "description": "what the integration answers" } });
        }
        let responses = method.responses.iter().map(|(code, response)| (code.clone(), response_of(code, response)));
        Value::Object(responses.collect())
    }

    fn components(&self) -> Map<String, Value> {
        let mut schemas = Map::new();
        let used: BTreeSet<&str> =
            self.definition.methods().flat_map(|(_, _, method)| Definition::models_of(method)).collect();
        for (name, title) in BORN_WITH {
            if self.form == Form::Extended || used.contains(name) {
                schemas.insert(name.to_owned(), json!({ "title": title, "type": "object" }));
            }
        }
        for (name, model) in &self.definition.models {
            let mut schema = openapi_schema::openapi(&model.schema);
            if let (Some(description), Value::Object(schema)) = (&model.description, &mut schema) {
                schema.entry("description").or_insert_with(|| json!(description));
            }
            schemas.insert(name.clone(), schema);
        }
        let mut components = Map::new();
        if !schemas.is_empty() {
            components.insert("schemas".to_owned(), Value::Object(schemas));
        }
        let schemes = self.schemes();
        if !schemes.is_empty() {
            components.insert("securitySchemes".to_owned(), Value::Object(schemes));
        }
        components
    }

    fn schemes(&self) -> Map<String, Value> {
        let asked: BTreeSet<String> =
            self.definition.methods().flat_map(|(_, _, method)| security(method)).map(|(name, _)| name).collect();
        let scheme = |name: String| {
            let header = if name == API_KEY { "x-api-key" } else { "Authorization" };
            let mut scheme = json!({ "type": "apiKey", "name": header, "in": "header" });
            if name == SIGNED && self.form == Form::Extended {
                scheme["x-amazon-apigateway-authtype"] = json!("awsSigv4");
            }
            (name, scheme)
        };
        asked.into_iter().map(scheme).collect()
    }
}

/// One requirement with all that is asked for: the caller has to meet all of it.
fn security(method: &Method) -> Map<String, Value> {
    let mut asked = Map::new();
    if method.api_key_required {
        asked.insert(API_KEY.to_owned(), json!([]));
    }
    if method.authorization == "AWS_IAM" {
        asked.insert(SIGNED.to_owned(), json!([]));
    }
    asked
}

/// `method.request.querystring.gre`. A path's variable is always required in OpenAPI, as it is in a path.
fn parameter(place: &str, required: bool, description: Option<&String>) -> Option<Value> {
    let (location, name) = place.strip_prefix("method.request.")?.split_once('.')?;
    let location = if location == "querystring" { "query" } else { location };
    let required = required || location == "path";
    let mut shown = json!({ "name": name, "in": location });
    if let Some(description) = description {
        shown["description"] = json!(description);
    }
    shown["required"] = json!(required);
    shown["schema"] = json!({ "type": "string" });
    Some(shown)
}

fn response_of(code: &str, response: &MethodResponse) -> Value {
    let mut shown = Map::from_iter([("description".to_owned(), json!(format!("{code} response")))]);
    let headers = response.parameters.keys().filter_map(|place| place.strip_prefix("method.response.header."));
    let headers: Map<String, Value> =
        headers.map(|name| (name.to_owned(), json!({ "schema": { "type": "string" } }))).collect();
    if !headers.is_empty() {
        shown.insert("headers".to_owned(), Value::Object(headers));
    }
    if !response.models.is_empty() {
        shown.insert("content".to_owned(), content(&response.models));
    }
    Value::Object(shown)
}

fn content(models: &BTreeMap<String, String>) -> Value {
    named(models, |name| json!({ "schema": { "$ref": format!("#/components/schemas/{name}") } }))
}

fn integration(integration: &Integration) -> Value {
    let mut shown = Map::new();
    shown.insert("type".to_owned(), json!(integration.kind.to_lowercase()));
    if let Some(verb) = &integration.method {
        shown.insert("httpMethod".to_owned(), json!(verb));
    }
    if let Some(uri) = &integration.uri {
        shown.insert("uri".to_owned(), json!(uri));
    }
    shown.insert("passthroughBehavior".to_owned(), json!(integration.passthrough.to_lowercase()));
    shown.insert("timeoutInMillis".to_owned(), json!(integration.timeout_ms));
    if let Some(handling) = &integration.content_handling {
        shown.insert("contentHandling".to_owned(), json!(handling));
    }
    texts(&mut shown, "requestParameters", &integration.parameters);
    texts(&mut shown, "requestTemplates", &integration.templates);
    let mut responses = Map::new();
    for (code, response) in &integration.responses {
        let key = response.pattern.as_deref().unwrap_or("default");
        responses.entry(key).or_insert_with(|| integration_response(code, response));
    }
    if !responses.is_empty() {
        shown.insert("responses".to_owned(), Value::Object(responses));
    }
    Value::Object(shown)
}

fn integration_response(code: &str, response: &IntegrationResponse) -> Value {
    let mut shown = Map::new();
    shown.insert("statusCode".to_owned(), json!(code));
    if let Some(handling) = &response.content_handling {
        shown.insert("contentHandling".to_owned(), json!(handling));
    }
    texts(&mut shown, "responseParameters", &response.parameters);
    texts(&mut shown, "responseTemplates", &response.templates);
    Value::Object(shown)
}

fn texts(of: &mut Map<String, Value>, member: &str, texts: &BTreeMap<String, String>) {
    if !texts.is_empty() {
        of.insert(member.to_owned(), json!(texts));
    }
}

fn named<T>(map: &BTreeMap<String, T>, show: impl Fn(&T) -> Value) -> Value {
    Value::Object(map.iter().map(|(name, one)| (name.clone(), show(one))).collect())
}
