//! The request as a template sees it, and what of it a template can change.

use std::rc::Rc;

use serde_json::Map as JsonMap;
use serde_json::Value as Json;

use super::json;
use super::value::{Key, Map, MapKind, Value};

/// What a template is rendered for. Every field may be left empty.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The payload; none and an empty one look like `{}` to the template.
    pub body: Option<String>,
    /// Path parameters.
    pub path: JsonMap<String, Json>,
    /// Query string parameters.
    pub querystring: JsonMap<String, Json>,
    pub header: JsonMap<String, Json>,
    /// `$context`; maps in it are maps.
    pub context: JsonMap<String, Json>,
    /// `$stageVariables`
    pub stage_variables: JsonMap<String, Json>,
    /// Any other variables.
    pub variables: JsonMap<String, Json>,
}

/// Which parts of a request a template can read at all, by the words in its text. What it does not name is not made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reads {
    pub context: bool,
    pub stage_variables: bool,
}

impl Reads {
    pub fn of(text: &str) -> Self {
        // what #evaluate is given is not known before
        let names = |word: &str| text.contains(word) || text.contains("evaluate");
        Self { context: names("context"), stage_variables: names("stageVariables") }
    }
}

/// `$input`. What of it is asked for is made then.
pub(super) struct Input<'t> {
    request: &'t Request,
    parameters: Option<Rc<Map>>,
    /// The body as JSON; null where it cannot be read.
    pub document: Option<Value>,
}

impl<'t> Input<'t> {
    pub fn new(request: &'t Request) -> Self {
        Self { request, parameters: None, document: None }
    }

    pub fn body(&self) -> &'t str {
        self.request.body.as_deref().filter(|body| !body.is_empty()).unwrap_or("{}")
    }

    /// In the order in which they are looked up.
    fn groups(&self) -> [(&'static str, &'t JsonMap<String, Json>); 3] {
        let request = self.request;
        [("path", &request.path), ("querystring", &request.querystring), ("header", &request.header)]
    }

    /// `path`, `querystring` and `header`.
    pub fn parameters(&mut self) -> Rc<Map> {
        let groups = self.groups();
        let parameters = self.parameters.get_or_insert_with(|| {
            let parameters = Map::new(MapKind::Linked);
            for (name, group) in groups {
                parameters.put(Key::text(name), Value::Map(json::map_from_serde(group)));
            }
            parameters
        });
        Rc::clone(parameters)
    }

    /// The first parameter of this name that is not null.
    pub fn parameter(&self, name: &str) -> Value {
        match &self.parameters {
            // the template may have changed them
            Some(parameters) => self.groups().into_iter().find_map(|(group, _)| {
                let Value::Map(group) = parameters.get(&Key::text(group)) else { return None };
                Some(group.get(&Key::text(name))).filter(|value| !value.is_null())
            }),
            None => self
                .groups()
                .into_iter()
                .find_map(|(_, group)| group.get(name).filter(|v| !v.is_null()))
                .map(json::from_serde),
        }
        .unwrap_or(Value::Null)
    }
}

/// The variables a template begins with.
pub(super) fn variables(request: &Request, context: Option<&Rc<Map>>, reads: Reads) -> Vec<(String, Value)> {
    let mut variables: Vec<(String, Value)> =
        request.variables.iter().map(|(name, value)| (name.clone(), json::from_serde(value))).collect();
    variables.extend([("input".to_owned(), Value::Input), ("util".to_owned(), Value::Util)]);
    variables.extend(context.map(|context| ("context".to_owned(), Value::Map(Rc::clone(context)))));
    if reads.stage_variables {
        variables.push(("stageVariables".to_owned(), Value::Map(json::map_from_serde(&request.stage_variables))));
    }
    variables
}

/// `$context`, with the overrides that are there for every request.
pub(super) fn context(request: &Request) -> Rc<Map> {
    let context = context_map(&request.context);
    let overrides = child(&context, "requestOverride");
    for part in ["path", "header", "querystring"] {
        child(&overrides, part);
    }
    child(&child(&context, "responseOverride"), "header");
    context
}

fn context_map(given: &JsonMap<String, Json>) -> Rc<Map> {
    let map = Map::new(MapKind::Context);
    for (key, value) in given {
        let value = match value {
            Json::Object(entries) => Value::Map(context_map(entries)),
            other => json::from_serde(other),
        };
        map.put(Key::text(key), value);
    }
    map
}

fn child(parent: &Rc<Map>, name: &str) -> Rc<Map> {
    match parent.get(&Key::text(name)) {
        Value::Map(map) => map,
        _ => {
            let map = Map::new(MapKind::Context);
            parent.put(Key::text(name), Value::Map(Rc::clone(&map)));
            map
        }
    }
}
