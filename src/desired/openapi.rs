//! The API as an OpenAPI document, from the file alone.

use serde_json::Value;

use super::outputs::{custom_url, invoke_url};
use super::{Account, alias_uri, cors, definition};
use crate::resources::definition::{AllWords, Form, Server, Words, document};
use crate::resources::rest_api::Settings;
use crate::spec::Spec;
use crate::spec::model::Route;

/// The definition that a deploy of `spec` would give the API.
pub fn openapi(spec: &Spec, account: &Account, form: Form) -> Value {
    let mut definition = definition::definition(&spec.api, &alias_uri(spec, account));
    cors::add(&spec.api, &mut definition);
    document(&definition, &Settings::of(&spec.api), &servers(spec, account), &words(spec), form)
}

fn words(spec: &Spec) -> AllWords {
    let of = |route: &Route| Words {
        summary: route.summary.clone(),
        description: route.description.clone(),
        parameters: route
            .parameters
            .iter()
            .filter_map(|parameter| Some((definition::place(parameter), parameter.description.clone()?)))
            .collect(),
    };
    spec.api.routes.iter().map(|route| ((route.path.clone(), route.verb.clone()), of(route))).collect()
}

/// The name that callers know first. AWS makes up the API's id.
fn servers(spec: &Spec, account: &Account) -> Vec<Server> {
    let custom =
        custom_url(spec).map(|url| Server { url, description: "custom domain name".to_owned(), variables: Vec::new() });
    let own = (!spec.api.disable_execute_api_endpoint).then(|| Server {
        url: invoke_url(spec, account, "{api}"),
        description: format!("stage {}; api is the REST API's id", spec.stage),
        variables: vec![("api", "api-id".to_owned())],
    });
    custom.into_iter().chain(own).collect()
}
