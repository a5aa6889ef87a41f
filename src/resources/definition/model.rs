//! What a REST API routes, in API Gateway's own vocabulary: the same type for what is wanted and for what the draft
//! holds, so that comparing and hashing are one line each.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

/// The whole of a draft.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Definition {
    /// Beyond `Empty` and `Error`, which every API is born with.
    pub models: BTreeMap<String, Model>,
    /// By name.
    pub validators: BTreeMap<String, Validator>,
    /// By type, `DEFAULT_4XX`.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
    /// By path.
    pub resources: BTreeMap<String, Methods>,
}

/// By verb; a path that only leads to others has none.
pub type Methods = BTreeMap<String, Method>;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Model {
    pub content_type: String,
    pub description: Option<String>,
    pub schema: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Validator {
    pub parameters: bool,
    pub body: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct GatewayResponse {
    pub status: Option<String>,
    pub parameters: BTreeMap<String, String>,
    pub templates: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Method {
    pub authorization: String,
    pub api_key_required: bool,
    pub operation_name: Option<String>,
    /// `method.request.querystring.gre` to whether it is required.
    pub request_parameters: BTreeMap<String, bool>,
    /// Content type to model name.
    pub request_models: BTreeMap<String, String>,
    /// By name.
    pub validator: Option<String>,
    /// By status code.
    pub responses: BTreeMap<String, MethodResponse>,
    pub integration: Option<Integration>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MethodResponse {
    pub parameters: BTreeMap<String, bool>,
    pub models: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Integration {
    /// `AWS`, `AWS_PROXY`, `MOCK`.
    pub kind: String,
    /// Always POST for Lambda; none for a mock.
    pub method: Option<String>,
    pub uri: Option<String>,
    pub passthrough: String,
    pub content_handling: Option<String>,
    pub timeout_ms: i32,
    pub parameters: BTreeMap<String, String>,
    pub templates: BTreeMap<String, String>,
    /// By status code.
    pub responses: BTreeMap<String, IntegrationResponse>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct IntegrationResponse {
    pub pattern: Option<String>,
    pub parameters: BTreeMap<String, String>,
    pub templates: BTreeMap<String, String>,
    pub content_handling: Option<String>,
}

impl Definition {
    /// Adds a method and every path above it.
    pub fn put(&mut self, path: &str, verb: &str, method: Method) {
        for ancestor in ancestors(path) {
            self.resources.entry(ancestor).or_default();
        }
        self.resources.entry(path.to_owned()).or_default().insert(verb.to_owned(), method);
    }

    /// Every method with its path and verb.
    pub fn methods(&self) -> impl Iterator<Item = (&str, &str, &Method)> {
        self.resources.iter().flat_map(|(path, methods)| {
            methods.iter().map(move |(verb, method)| (path.as_str(), verb.as_str(), method))
        })
    }

    pub fn method(&self, path: &str, verb: &str) -> Option<&Method> {
        self.resources.get(path)?.get(verb)
    }

    /// Names of the models that methods refer to.
    pub fn models_of(method: &Method) -> BTreeSet<&str> {
        let responses = method.responses.values().flat_map(|response| response.models.values());
        method.request_models.values().chain(responses).map(String::as_str).collect()
    }
}

/// `/`, `/a`, `/a/b` for `/a/b/c`: the paths above it, shortest first.
pub fn ancestors(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    (0..parts.len()).map(|depth| format!("/{}", parts[..depth].join("/"))).collect()
}

/// The path above, and the last part: `("/a", "b")` for `/a/b`.
pub fn split(path: &str) -> (String, &str) {
    let (parent, part) = path.rsplit_once('/').unwrap_or(("", path));
    (if parent.is_empty() { "/".to_owned() } else { parent.to_owned() }, part)
}

/// Anything serialisable as dotted paths and plain values: what a plan shows of it.
pub fn flat(thing: &impl Serialize) -> BTreeMap<String, Value> {
    let mut leaves = BTreeMap::new();
    if let Ok(value) = serde_json::to_value(thing) {
        flatten(String::new(), value, &mut leaves);
    }
    leaves
}

fn flatten(path: String, value: Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Object(map) if !is_document(&path, &map) => {
            for (key, value) in map {
                let inner = if path.is_empty() { key } else { format!("{path}.{key}") };
                flatten(inner, value, leaves);
            }
        }
        Value::Null => {}
        value => {
            leaves.insert(path, value);
        }
    }
}

/// Schemas are shown whole.
fn is_document(path: &str, _: &Map<String, Value>) -> bool {
    path == "schema"
}
