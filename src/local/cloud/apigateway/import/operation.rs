//! One operation of the document: the method, its responses, its integration and that one's responses.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{Import, members, with_text};
use crate::local::cloud::apigateway::{fail, integrations, methods};
use crate::local::cloud::{Call, Failure, LOWER, Reply, Request};

const VERBS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
const ANY: &str = "x-amazon-apigateway-any-method";

/// Where an operation stands in the API and in the document.
struct Place<'p> {
    resource: &'p str,
    path: &'p str,
    /// `GET`, `ANY`.
    verb: &'p str,
}

impl<'i> Import<'i, '_> {
    pub(super) fn path(&mut self, path: &str, resource: &str, item: &'i Value) -> Result<(), Failure> {
        for (key, operation) in members(item).filter(|(key, _)| VERBS.contains(&key.as_str()) || *key == ANY) {
            let verb = if key == ANY { "ANY".to_owned() } else { key.to_uppercase() };
            if let Some(known) = self.draft()?.resources.get_mut(resource) {
                known.resource_methods.remove(&verb);
            }
            self.operation(&Place { resource, path, verb: &verb }, operation, item);
        }
        Ok(())
    }

    fn operation(&mut self, place: &Place<'_>, operation: &'i Value, item: &'i Value) {
        let body = match self.method(place, operation, item) {
            Ok(body) => body,
            Err(failure) => return self.refused("method on", place, &failure),
        };
        let put = |call: &mut Call<'_>, id: &str| methods::put(call, &Request::of_body(&body), place.of(id));
        if !self.carried_out("method on", place, put) {
            return;
        }
        for (status, response) in members(&operation["responses"]) {
            if status == "default" {
                self.warnings.push(format!("Default response not supported, skipping: {}", place.shown()));
                continue;
            }
            let body = self.method_response(place, status, self.resolved(response));
            let put = |call: &mut Call<'_>, id: &str| {
                methods::put_response(call, &Request::of_body(&body), place.of(id), status)
            };
            self.carried_out("method response on", place, put);
        }
        if let Some(integration) = operation.get("x-amazon-apigateway-integration") {
            self.integration(place, integration);
        }
    }

    /// What PutMethod is sent.
    fn method(&mut self, place: &Place<'_>, operation: &'i Value, item: &'i Value) -> Result<Value, Failure> {
        let (authorization, api_key) = self.security(operation)?;
        let mut body = json!({ "authorizationType": authorization, "apiKeyRequired": api_key });
        let parameters = self.parameters(place, operation, item);
        if !parameters.is_empty() {
            body["requestParameters"] = Value::Object(parameters);
        }
        let content = &self.resolved(&operation["requestBody"])["content"];
        let models = self.content(content, &format!("{}.requestBody", place.attribute()));
        if !models.is_empty() {
            body["requestModels"] = Value::Object(models);
        }
        if let Some(name) = operation["operationId"].as_str() {
            body["operationName"] = json!(name);
        }
        let validator = "x-amazon-apigateway-request-validator";
        if let Some(name) = operation.get(validator).or(self.document.get(validator)).and_then(Value::as_str) {
            let id = self.validators.get(name);
            body["requestValidatorId"] = json!(
                id.ok_or_else(|| fail::bad_request(format!("Invalid Request Validator identifier specified: {name}")))?
            );
        }
        Ok(body)
    }

    /// Authorization type, and whether a key is required.
    fn security(&mut self, operation: &Value) -> Result<(&'static str, bool), Failure> {
        let schemes = &self.document["components"]["securitySchemes"];
        let (mut authorization, mut api_key) = ("NONE", false);
        let asked = operation.get("security").or(self.document.get("security"));
        let names = asked.and_then(Value::as_array).into_iter().flatten().flat_map(members).map(|(name, _)| name);
        for name in names {
            let scheme = &schemes[name];
            if scheme.get("x-amazon-apigateway-authorizer").is_some() {
                return Err(fail::unsupported("authorizers"));
            }
            let is_key = scheme["type"] == "apiKey" && scheme["in"] == "header";
            let header = scheme["name"].as_str().unwrap_or_default();
            if scheme["x-amazon-apigateway-authtype"] == "awsSigv4" {
                authorization = "AWS_IAM";
            } else if is_key && header.eq_ignore_ascii_case("x-api-key") {
                api_key = true;
            } else {
                self.warnings.push(format!("Ignoring security requirement '{name}', which names no authorizer"));
            }
        }
        let own = operation["x-amazon-apigateway-auth"]["type"].as_str().unwrap_or_default();
        if own.eq_ignore_ascii_case("AWS_IAM") {
            authorization = "AWS_IAM";
        }
        Ok((authorization, api_key))
    }

    /// The operation's own and its path's; the last part of the path, where it is a variable, is added by itself.
    fn parameters(&mut self, place: &Place<'_>, operation: &'i Value, item: &'i Value) -> Map<String, Value> {
        let mut parameters = Map::new();
        let listed = [item, operation].into_iter().flat_map(|of| of["parameters"].as_array().into_iter().flatten());
        for parameter in listed.map(|parameter| self.resolved(parameter)).collect::<Vec<_>>() {
            let name = parameter["name"].as_str().unwrap_or_default();
            let location = match parameter["in"].as_str() {
                Some("query") => "querystring",
                Some(location @ ("header" | "path")) => location,
                other => {
                    let other = other.unwrap_or("nowhere");
                    self.warnings.push(format!("Ignoring parameter '{name}' in {other}: {}", place.shown()));
                    continue;
                }
            };
            let required = parameter["required"].as_bool().unwrap_or(false);
            parameters.insert(format!("method.request.{location}.{name}"), json!(required));
        }
        let last = place.path.rsplit('/').next().unwrap_or_default();
        let variable =
            last.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).filter(|name| !name.ends_with('+'));
        if let Some(name) = variable {
            parameters.insert(format!("method.request.path.{name}"), json!(true));
        }
        parameters
    }

    /// What PutMethodResponse is sent.
    fn method_response(&mut self, place: &Place<'_>, status: &str, response: &'i Value) -> Value {
        let mut body = json!({});
        let headers: BTreeSet<&String> = members(&response["headers"]).map(|(name, _)| name).collect();
        if !headers.is_empty() {
            let declared = headers.into_iter().map(|name| (format!("method.response.header.{name}"), json!(false)));
            body["responseParameters"] = Value::Object(declared.collect());
        }
        let models = self.content(&response["content"], &format!("{}.responses.{status}", place.attribute()));
        if !models.is_empty() {
            body["responseModels"] = Value::Object(models);
        }
        body
    }

    /// Content type to model. A schema that stands there itself becomes a model with a made-up name.
    fn content(&mut self, content: &'i Value, attribute: &str) -> Map<String, Value> {
        let mut models = Map::new();
        for (kind, media) in members(content) {
            let Some(schema) = media.get("schema") else { continue };
            let name = match schema["$ref"].as_str() {
                Some(reference) => {
                    let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
                    if self.document["components"]["schemas"].get(&name).is_none() {
                        let missing =
                            format!("Parse issue: attribute {attribute}.content.schema.{reference} is missing");
                        self.warnings.push(missing);
                        continue;
                    }
                    name
                }
                None => {
                    let name = format!("MODEL{}", self.call.id(6, LOWER));
                    self.model(&name, schema);
                    name
                }
            };
            models.insert(kind.clone(), json!(name));
        }
        models
    }

    fn integration(&mut self, place: &Place<'_>, integration: &Value) {
        let mut body = integration.clone();
        for member in ["type", "passthroughBehavior", "contentHandling"] {
            if let Some(word) = integration[member].as_str() {
                body[member] = json!(word.to_uppercase());
            }
        }
        let put = |call: &mut Call<'_>, id: &str| integrations::put(call, &Request::of_body(&body), place.of(id));
        if !self.carried_out("integration on", place, put) {
            return;
        }
        for (pattern, response) in members(&integration["responses"]) {
            let mut body = with_text(response, "statusCode");
            let status = body["statusCode"].as_str().unwrap_or("200").to_owned();
            if pattern != "default" {
                body["selectionPattern"] = json!(pattern);
            }
            if let Some(word) = response["contentHandling"].as_str() {
                body["contentHandling"] = json!(word.to_uppercase());
            }
            let put = |call: &mut Call<'_>, id: &str| {
                integrations::put_response(call, &Request::of_body(&body), place.of(id), &status)
            };
            self.carried_out("integration response on", place, put);
        }
    }

    fn carried_out(
        &mut self,
        what: &str,
        place: &Place<'_>,
        put: impl FnOnce(&mut Call<'_>, &str) -> Result<Reply, Failure>,
    ) -> bool {
        match put(self.call, self.id) {
            Ok(_) => true,
            Err(failure) => {
                self.refused(what, place, &failure);
                false
            }
        }
    }

    fn refused(&mut self, what: &str, place: &Place<'_>, failure: &Failure) {
        self.errors.push(format!("Unable to put {what} {}: {}", place.shown(), failure.message));
    }
}

impl<'p> Place<'p> {
    fn of<'o>(&'o self, api: &'o str) -> (&'o str, &'o str, &'o str) {
        (api, self.resource, self.verb)
    }

    fn shown(&self) -> String {
        format!("'{}' for resource at path '{}'", self.verb, self.path)
    }

    /// As AWS's parser names it.
    fn attribute(&self) -> String {
        format!("paths.'{}'({})", self.path, self.verb.to_lowercase())
    }
}
