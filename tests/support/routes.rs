//! Methods by the SDK's own calls, as a client without `poc` would make them: for what deploy.yaml refuses, too.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use aws_sdk_apigateway::Client;
use aws_sdk_apigateway::types::{ContentHandlingStrategy, IntegrationType};

/// The function `admit`, by its alias `prod`.
pub const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:admit:prod/invocations";

/// An API that is being put together.
pub struct Draft<'a> {
    pub client: &'a Client,
    pub api: &'a str,
    /// Identifier of the resource `/`.
    pub root: &'a str,
}

impl Draft<'_> {
    pub async fn put(&self, route: Route) {
        let resource = self.resource(&route.path).await;
        route.put(self, &resource).await;
    }

    /// The resource of that path, made where it is not there.
    async fn resource(&self, path: &str) -> String {
        let mut parent = self.root.to_owned();
        let mut whole = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            whole = format!("{whole}/{part}");
            let all = self.client.get_resources().rest_api_id(self.api).limit(500).send().await.unwrap();
            let known = all.items().iter().find(|one| one.path() == Some(whole.as_str()));
            parent = match known {
                Some(known) => known.id().unwrap().to_owned(),
                None => {
                    let made = self.client.create_resource().rest_api_id(self.api).parent_id(&parent).path_part(part);
                    made.send().await.unwrap().id.unwrap()
                }
            };
        }
        parent
    }
}

/// One method, as a test needs it.
#[derive(Clone, Default)]
pub struct Route {
    pub path: String,
    verb: String,
    kind: Option<IntegrationType>,
    uri: Option<String>,
    integration_verb: Option<String>,
    api_key: bool,
    authorization: Option<&'static str>,
    validator: Option<String>,
    parameters: Vec<(String, bool)>,
    models: Vec<(String, String)>,
    mapped: Vec<(String, String)>,
    templates: Vec<(String, String)>,
    passthrough: Option<&'static str>,
    handling: Option<ContentHandlingStrategy>,
    timeout: Option<i32>,
    replies: Vec<Reply>,
}

/// An integration response and the method response of the same status.
#[derive(Clone, Default)]
pub struct Reply {
    status: String,
    pattern: Option<String>,
    headers: Vec<(String, String)>,
    templates: Vec<(String, String)>,
    handling: Option<ContentHandlingStrategy>,
    undeclared: bool,
}

impl Reply {
    pub fn new(status: &str) -> Reply {
        Reply { status: status.to_owned(), ..Reply::default() }
    }

    pub fn when(mut self, pattern: &str) -> Reply {
        self.pattern = Some(pattern.to_owned());
        self
    }

    pub fn header(mut self, name: &str, source: &str) -> Reply {
        self.headers.push((name.to_owned(), source.to_owned()));
        self
    }

    pub fn json(self, template: &str) -> Reply {
        self.template("application/json", template)
    }

    pub fn template(mut self, kind: &str, template: &str) -> Reply {
        self.templates.push((kind.to_owned(), template.to_owned()));
        self
    }

    pub fn handling(mut self, handling: &str) -> Reply {
        self.handling = Some(ContentHandlingStrategy::from(handling));
        self
    }

    /// Without a method response.
    pub fn undeclared(mut self) -> Reply {
        self.undeclared = true;
        self
    }
}

impl Route {
    /// MOCK that always says 200, with `body` as the answer's template.
    pub fn mock(verb: &str, path: &str, body: &str) -> Route {
        Route::new(verb, path, IntegrationType::Mock)
            .template("application/json", "{\"statusCode\": 200}")
            .reply(if body.is_empty() { Reply::new("200") } else { Reply::new("200").json(body) })
    }

    /// The function `admit`, with whatever templates are added.
    pub fn lambda(verb: &str, path: &str) -> Route {
        Route { uri: Some(URI.to_owned()), ..Route::new(verb, path, IntegrationType::Aws).by("POST") }
    }

    pub fn proxy(verb: &str, path: &str) -> Route {
        Route { uri: Some(URI.to_owned()), ..Route::new(verb, path, IntegrationType::AwsProxy).by("POST") }
    }

    pub fn new(verb: &str, path: &str, kind: IntegrationType) -> Route {
        Route { verb: verb.to_owned(), path: path.to_owned(), kind: Some(kind), ..Route::default() }
    }

    pub fn uri(mut self, uri: &str) -> Route {
        self.uri = Some(uri.to_owned());
        self
    }

    pub fn by(mut self, verb: &str) -> Route {
        self.integration_verb = Some(verb.to_owned());
        self
    }

    pub fn keyed(mut self) -> Route {
        self.api_key = true;
        self
    }

    pub fn signed(mut self) -> Route {
        self.authorization = Some("AWS_IAM");
        self
    }

    pub fn validated(mut self, validator: &str) -> Route {
        self.validator = Some(validator.to_owned());
        self
    }

    /// `querystring.gre`, and whether it is required.
    pub fn parameter(mut self, name: &str, required: bool) -> Route {
        self.parameters.push((format!("method.request.{name}"), required));
        self
    }

    pub fn model(mut self, kind: &str, name: &str) -> Route {
        self.models.push((kind.to_owned(), name.to_owned()));
        self
    }

    /// `header.X`, from a mapping expression.
    pub fn map(mut self, target: &str, source: &str) -> Route {
        self.mapped.push((format!("integration.request.{target}"), source.to_owned()));
        self
    }

    pub fn template(mut self, kind: &str, template: &str) -> Route {
        self.templates.retain(|(known, _)| known != kind);
        self.templates.push((kind.to_owned(), template.to_owned()));
        self
    }

    pub fn passthrough(mut self, behaviour: &'static str) -> Route {
        self.passthrough = Some(behaviour);
        self
    }

    pub fn handling(mut self, handling: &str) -> Route {
        self.handling = Some(ContentHandlingStrategy::from(handling));
        self
    }

    pub fn timeout(mut self, millis: i32) -> Route {
        self.timeout = Some(millis);
        self
    }

    pub fn reply(mut self, reply: Reply) -> Route {
        self.replies.retain(|known| known.status != reply.status);
        self.replies.push(reply);
        self
    }

    async fn put(self, Draft { client, api, .. }: &Draft<'_>, resource: &str) {
        let (client, api) = (*client, *api);
        let verb = &self.verb;
        let mut method = client.put_method().rest_api_id(api).resource_id(resource).http_method(verb);
        method = method.authorization_type(self.authorization.unwrap_or("NONE")).api_key_required(self.api_key);
        method = method.set_request_validator_id(self.validator);
        for (name, required) in &self.parameters {
            method = method.request_parameters(name, *required);
        }
        for (kind, name) in &self.models {
            method = method.request_models(kind, name);
        }
        method.send().await.unwrap();
        for reply in self.replies.iter().filter(|reply| !reply.undeclared) {
            let mut put = client.put_method_response().rest_api_id(api).resource_id(resource).http_method(verb);
            put = put.status_code(&reply.status);
            for (name, _) in &reply.headers {
                put = put.response_parameters(format!("method.response.header.{name}"), false);
            }
            put.send().await.unwrap();
        }
        let mut put = client.put_integration().rest_api_id(api).resource_id(resource).http_method(verb);
        put = put.r#type(self.kind.unwrap()).set_uri(self.uri).set_integration_http_method(self.integration_verb);
        put = put.set_content_handling(self.handling).set_timeout_in_millis(self.timeout);
        put = put.set_passthrough_behavior(self.passthrough.map(str::to_owned));
        for (target, source) in &self.mapped {
            put = put.request_parameters(target, source);
        }
        for (kind, text) in &self.templates {
            put = put.request_templates(kind, text);
        }
        put.send().await.unwrap();
        for reply in self.replies {
            let mut put = client.put_integration_response().rest_api_id(api).resource_id(resource).http_method(verb);
            put = put.status_code(reply.status).set_selection_pattern(reply.pattern);
            put = put.set_content_handling(reply.handling);
            for (name, source) in &reply.headers {
                put = put.response_parameters(format!("method.response.header.{name}"), source);
            }
            for (kind, text) in &reply.templates {
                put = put.response_templates(kind, text);
            }
            put.send().await.unwrap();
        }
    }
}
