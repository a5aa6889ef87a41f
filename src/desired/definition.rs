//! From deploy.yaml's words to API Gateway's: the definition that the API should have.

use std::collections::BTreeMap;

use crate::resources::definition::{
    Definition, GatewayResponse, Integration, IntegrationResponse, Method, MethodResponse, Model, Validator,
};
use crate::spec::model::{
    self, Api, Authorization, ContentHandling, IntegrationKind, Parameter, ParameterLocation, Passthrough, Route,
    Template, Validate,
};

/// The whole definition; `function` is the URI by which integrations invoke the alias.
pub(super) fn definition(api: &Api, function: &str) -> Definition {
    let mut definition = Definition {
        models: api.models.iter().map(|(name, one)| (name.clone(), self::model(one))).collect(),
        gateway_responses: api
            .gateway_responses
            .iter()
            .map(|(kind, one)| (kind.clone(), gateway_response(one)))
            .collect(),
        ..Definition::default()
    };
    for route in &api.routes {
        if let Some((name, validator)) = validator(route.validate) {
            definition.validators.insert(name.to_owned(), validator);
        }
        definition.put(&route.path, &route.verb, method(route, function));
    }
    definition
}

/// API Gateway's URI for invoking a function or alias (`AWS_FACTS` B1).
pub(super) fn invocation_uri(partition: &str, region: &str, alias_arn: &str) -> String {
    format!("arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/{alias_arn}/invocations")
}

/// `method.request.querystring.gre`
pub(super) fn place(parameter: &Parameter) -> String {
    let location = match parameter.location {
        ParameterLocation::Query => "querystring",
        ParameterLocation::Header => "header",
        ParameterLocation::Path => "path",
    };
    format!("method.request.{location}.{}", parameter.name)
}

fn method(route: &Route, function: &str) -> Method {
    let parameters = route.parameters.iter().map(|parameter| (place(parameter), parameter.required));
    // A proxy answers by itself; API Gateway uses no integration response then.
    let proxied = route.integration.kind == IntegrationKind::LambdaProxy;
    Method {
        authorization: match route.authorization {
            Authorization::None => "NONE",
            Authorization::AwsIam => "AWS_IAM",
        }
        .to_owned(),
        api_key_required: route.api_key,
        operation_name: route.operation.clone(),
        request_parameters: parameters.collect(),
        request_models: route.request_models.clone(),
        validator: validator(route.validate).map(|(name, _)| name.to_owned()),
        responses: route.responses.iter().map(|(code, one)| (code.to_string(), method_response(one))).collect(),
        integration: Some(integration(route, function, proxied)),
    }
}

fn integration(route: &Route, function: &str, proxied: bool) -> Integration {
    let asked = &route.integration;
    let lambda = asked.kind != IntegrationKind::Mock;
    let responses = route.responses.iter().filter(|_| !proxied);
    Integration {
        kind: match asked.kind {
            IntegrationKind::Lambda => "AWS",
            IntegrationKind::LambdaProxy => "AWS_PROXY",
            IntegrationKind::Mock => "MOCK",
        }
        .to_owned(),
        method: lambda.then(|| "POST".to_owned()),
        uri: lambda.then(|| function.to_owned()),
        passthrough: match asked.passthrough {
            Passthrough::WhenNoMatch => "WHEN_NO_MATCH",
            Passthrough::WhenNoTemplates => "WHEN_NO_TEMPLATES",
            Passthrough::Never => "NEVER",
        }
        .to_owned(),
        content_handling: asked.content_handling.map(handling),
        timeout_ms: i32::try_from(route.timeout.as_millis()).unwrap_or(29_000),
        parameters: asked.parameters.clone(),
        templates: templates(&asked.templates),
        responses: responses.map(|(code, one)| (code.to_string(), integration_response(one))).collect(),
    }
}

fn method_response(response: &model::Response) -> MethodResponse {
    let parameters = response.headers.keys().map(|name| (format!("method.response.header.{name}"), false));
    MethodResponse { parameters: parameters.collect(), models: response.models.clone() }
}

fn integration_response(response: &model::Response) -> IntegrationResponse {
    let mapped = response.headers.iter().filter(|(_, expression)| !expression.is_empty());
    IntegrationResponse {
        pattern: response.pattern.clone(),
        parameters: mapped
            .map(|(name, expression)| (format!("method.response.header.{name}"), expression.clone()))
            .collect(),
        templates: templates(&response.templates),
        content_handling: response.content_handling.map(handling),
    }
}

/// API Gateway's own body, which it also fills in where a response is set without one (`AWS_FACTS` C7).
pub(super) fn default_body() -> BTreeMap<String, String> {
    [("application/json".to_owned(), "{\"message\":$context.error.messageString}".to_owned())].into()
}

fn gateway_response(response: &model::GatewayResponse) -> GatewayResponse {
    let headers = response.headers.iter();
    let own: BTreeMap<String, String> =
        response.templates.iter().map(|(kind, template)| (kind.clone(), template.text.clone())).collect();
    GatewayResponse {
        status: response.status.map(|status| status.to_string()),
        parameters: headers
            .map(|(name, expression)| (format!("gatewayresponse.header.{name}"), expression.clone()))
            .collect(),
        templates: if own.is_empty() { default_body() } else { own },
    }
}

fn model(model: &model::Model) -> Model {
    Model {
        content_type: model.content_type.clone(),
        description: model.description.clone(),
        schema: model.schema.clone(),
    }
}

/// The validators have names of their own choosing; equal ones are shared by all methods.
fn validator(validate: Validate) -> Option<(&'static str, Validator)> {
    match validate {
        Validate::None => None,
        Validate::Parameters => Some(("poc-parameters", Validator { parameters: true, body: false })),
        Validate::Body => Some(("poc-body", Validator { parameters: false, body: true })),
        Validate::All => Some(("poc-all", Validator { parameters: true, body: true })),
    }
}

fn handling(handling: ContentHandling) -> String {
    match handling {
        ContentHandling::ConvertToBinary => "CONVERT_TO_BINARY",
        ContentHandling::ConvertToText => "CONVERT_TO_TEXT",
    }
    .to_owned()
}

fn templates(templates: &indexmap::IndexMap<String, Template>) -> BTreeMap<String, String> {
    templates.iter().map(|(kind, template)| (kind.clone(), template.text.clone())).collect()
}
