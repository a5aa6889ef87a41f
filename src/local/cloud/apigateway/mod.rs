//! API Gateway's control plane for REST APIs. [`operation`] is the routing table; one file per kind of thing holds its
//! operations, `model.rs` what is kept, `input.rs` and `patch.rs` how bodies are read, `wire.rs` how answers are written.
//! Rate limits (`AWS_FACTS` A) are kept before a call arrives here, in `cloud/simulation/`.

mod account;
mod deployments;
mod domains;
mod fail;
mod gateway_responses;
mod import;
mod input;
mod integrations;
mod keys;
mod mapping_expressions;
mod mappings;
mod methods;
mod model;
mod models;
mod patch;
mod resources;
mod rest_apis;
mod stage_patches;
mod stages;
mod tags;
mod usage_plan_patches;
mod usage_plans;
mod wire;

pub use model::*;

use crate::local::cloud::{Call, Failure, Reply, Request};

/// How a Route 53 alias to one of our domain names fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasTarget {
    Found,
    /// There is such a target, but it lies in another zone than the record says.
    WrongZone,
    Missing,
}

type Answer = Result<Reply, Failure>;

pub fn handle(call: &mut Call<'_>, request: &Request) -> Reply {
    tags::settle(call);
    operation(call, request).unwrap_or_else(|failure| failure.json())
}

/// Method and path to operation.
#[rustfmt::skip]
fn operation(call: &mut Call<'_>, request: &Request) -> Answer {
    let path: Vec<&str> = request.segments.iter().map(String::as_str).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("GET",    ["account"]) => account::get(call),
        ("PATCH",  ["account"]) => account::update(call, request),

        ("POST",   ["restapis"]) if request.query("mode") == Some("import") => import::create(call, request),
        ("POST",   ["restapis"]) => rest_apis::create(call, request),
        ("GET",    ["restapis"]) => rest_apis::list(call, request),
        ("GET",    ["restapis", api]) => rest_apis::get(call, api),
        ("PATCH",  ["restapis", api]) => rest_apis::update(call, request, api),
        ("DELETE", ["restapis", api]) => rest_apis::delete(call, api),
        ("PUT",    ["restapis", api]) => import::put(call, request, api),

        ("GET",    ["restapis", api, "resources"]) => resources::list(call, request, api),
        ("POST",   ["restapis", api, "resources", parent]) => resources::create(call, request, api, parent),
        ("GET",    ["restapis", api, "resources", id]) => resources::get(call, request, api, id),
        ("PATCH",  ["restapis", api, "resources", id]) => resources::update(call, request, api, id),
        ("DELETE", ["restapis", api, "resources", id]) => resources::delete(call, api, id),

        ("PUT",    ["restapis", api, "resources", id, "methods", verb]) => methods::put(call, request, (api, id, verb)),
        ("GET",    ["restapis", api, "resources", id, "methods", verb]) => methods::get(call, (api, id, verb)),
        ("PATCH",  ["restapis", api, "resources", id, "methods", verb]) => methods::update(call, request, (api, id, verb)),
        ("DELETE", ["restapis", api, "resources", id, "methods", verb]) => methods::delete(call, (api, id, verb)),
        ("POST",   ["restapis", _, "resources", _, "methods", _]) => Err(fail::unsupported("TestInvokeMethod")),

        ("PUT",    ["restapis", api, "resources", id, "methods", verb, "responses", status]) => methods::put_response(call, request, (api, id, verb), status),
        ("GET",    ["restapis", api, "resources", id, "methods", verb, "responses", status]) => methods::get_response(call, (api, id, verb), status),
        ("PATCH",  ["restapis", api, "resources", id, "methods", verb, "responses", status]) => methods::update_response(call, request, (api, id, verb), status),
        ("DELETE", ["restapis", api, "resources", id, "methods", verb, "responses", status]) => methods::delete_response(call, (api, id, verb), status),

        ("PUT",    ["restapis", api, "resources", id, "methods", verb, "integration"]) => integrations::put(call, request, (api, id, verb)),
        ("GET",    ["restapis", api, "resources", id, "methods", verb, "integration"]) => integrations::get(call, (api, id, verb)),
        ("PATCH",  ["restapis", api, "resources", id, "methods", verb, "integration"]) => integrations::update(call, request, (api, id, verb)),
        ("DELETE", ["restapis", api, "resources", id, "methods", verb, "integration"]) => integrations::delete(call, (api, id, verb)),

        ("PUT",    ["restapis", api, "resources", id, "methods", verb, "integration", "responses", status]) => integrations::put_response(call, request, (api, id, verb), status),
        ("GET",    ["restapis", api, "resources", id, "methods", verb, "integration", "responses", status]) => integrations::get_response(call, (api, id, verb), status),
        ("PATCH",  ["restapis", api, "resources", id, "methods", verb, "integration", "responses", status]) => integrations::update_response(call, request, (api, id, verb), status),
        ("DELETE", ["restapis", api, "resources", id, "methods", verb, "integration", "responses", status]) => integrations::delete_response(call, (api, id, verb), status),

        ("POST",   ["restapis", api, "models"]) => models::create(call, request, api),
        ("GET",    ["restapis", api, "models"]) => models::list(call, request, api),
        ("GET",    ["restapis", api, "models", name]) => models::get(call, api, name),
        ("PATCH",  ["restapis", api, "models", name]) => models::update(call, request, api, name),
        ("DELETE", ["restapis", api, "models", name]) => models::delete(call, api, name),

        ("POST",   ["restapis", api, "requestvalidators"]) => models::create_validator(call, request, api),
        ("GET",    ["restapis", api, "requestvalidators"]) => models::list_validators(call, request, api),
        ("GET",    ["restapis", api, "requestvalidators", id]) => models::get_validator(call, api, id),
        ("PATCH",  ["restapis", api, "requestvalidators", id]) => models::update_validator(call, request, api, id),
        ("DELETE", ["restapis", api, "requestvalidators", id]) => models::delete_validator(call, api, id),

        ("GET",    ["restapis", api, "gatewayresponses"]) => gateway_responses::list(call, request, api),
        ("PUT",    ["restapis", api, "gatewayresponses", kind]) => gateway_responses::put(call, request, api, kind),
        ("GET",    ["restapis", api, "gatewayresponses", kind]) => gateway_responses::get(call, api, kind),
        ("PATCH",  ["restapis", api, "gatewayresponses", kind]) => gateway_responses::update(call, request, api, kind),
        ("DELETE", ["restapis", api, "gatewayresponses", kind]) => gateway_responses::delete(call, api, kind),

        ("POST",   ["restapis", api, "deployments"]) => deployments::create(call, request, api),
        ("GET",    ["restapis", api, "deployments"]) => deployments::list(call, request, api),
        ("GET",    ["restapis", api, "deployments", id]) => deployments::get(call, request, api, id),
        ("PATCH",  ["restapis", api, "deployments", id]) => deployments::update(call, request, api, id),
        ("DELETE", ["restapis", api, "deployments", id]) => deployments::delete(call, api, id),

        ("POST",   ["restapis", api, "stages"]) => stages::create(call, request, api),
        ("GET",    ["restapis", api, "stages"]) => stages::list(call, request, api),
        ("GET",    ["restapis", api, "stages", name]) => stages::get(call, api, name),
        ("PATCH",  ["restapis", api, "stages", name]) => stages::update(call, request, api, name),
        ("DELETE", ["restapis", api, "stages", name]) => stages::delete(call, api, name),

        ("POST",   ["usageplans"]) => usage_plans::create(call, request),
        ("GET",    ["usageplans"]) => usage_plans::list(call, request),
        ("GET",    ["usageplans", plan]) => usage_plans::get(call, plan),
        ("PATCH",  ["usageplans", plan]) => usage_plans::update(call, request, plan),
        ("DELETE", ["usageplans", plan]) => usage_plans::delete(call, plan),
        ("GET",    ["usageplans", plan, "usage"]) => usage_plans::usage(call, request, plan),
        ("PATCH",  ["usageplans", plan, "keys", key, "usage"]) => usage_plans::update_usage(call, request, plan, key),
        ("POST",   ["usageplans", plan, "keys"]) => usage_plans::create_key(call, request, plan),
        ("GET",    ["usageplans", plan, "keys"]) => usage_plans::list_keys(call, request, plan),
        ("GET",    ["usageplans", plan, "keys", key]) => usage_plans::get_key(call, plan, key),
        ("DELETE", ["usageplans", plan, "keys", key]) => usage_plans::delete_key(call, plan, key),

        ("POST",   ["apikeys"]) => keys::create(call, request),
        ("GET",    ["apikeys"]) => keys::list(call, request),
        ("GET",    ["apikeys", key]) => keys::get(call, request, key),
        ("PATCH",  ["apikeys", key]) => keys::update(call, request, key),
        ("DELETE", ["apikeys", key]) => keys::delete(call, key),

        ("POST",   ["domainnames"]) => domains::create(call, request),
        ("GET",    ["domainnames"]) => domains::list(call, request),
        ("GET",    ["domainnames", name]) => domains::get(call, name),
        ("PATCH",  ["domainnames", name]) => domains::update(call, request, name),
        ("DELETE", ["domainnames", name]) => domains::delete(call, name),

        ("POST",   ["domainnames", name, "basepathmappings"]) => mappings::create(call, request, name),
        ("GET",    ["domainnames", name, "basepathmappings"]) => mappings::list(call, request, name),
        ("GET",    ["domainnames", name, "basepathmappings", base]) => mappings::get(call, name, base),
        ("PATCH",  ["domainnames", name, "basepathmappings", base]) => mappings::update(call, request, name, base),
        ("DELETE", ["domainnames", name, "basepathmappings", base]) => mappings::delete(call, name, base),

        ("GET",    ["tags", arn]) => tags::get(call, arn),
        ("PUT",    ["tags", arn]) => tags::put(call, request, arn),
        ("DELETE", ["tags", arn]) => tags::delete(call, request, arn),

        (method, _) => Err(fail::unsupported(&format!("{method} {}", request.path))),
    }
}

/// This region's part of the state.
fn region<'a>(call: &'a mut Call<'_>) -> &'a mut Region {
    call.state.apigateway.regions.entry(call.region.clone()).or_default()
}

/// The API, for calls directly below it.
fn api<'a>(call: &'a mut Call<'_>, id: &str) -> Result<&'a mut RestApi, Failure> {
    region(call).rest_apis.get_mut(id).ok_or_else(|| fail::no_api(id))
}

fn now(call: &Call<'_>) -> Moment {
    Moment { millis: call.now }
}
