//! API Gateway's control plane in the embedded cloud, spoken to by the real SDK client. What is expected is what
//! `AWS_FACTS` says of AWS, section by section.

#[path = "cloud/apigateway_b1.rs"]
mod b1_apis_resources_methods;
#[path = "cloud/apigateway_b1_models.rs"]
mod b1_models_gateway_responses;
#[path = "cloud/apigateway_b2.rs"]
mod b2_deployments_stages;
#[path = "cloud/apigateway_b3.rs"]
mod b3_usage_plans_keys;
#[path = "cloud/apigateway_b4.rs"]
mod b4_domains_mappings;
#[path = "cloud/apigateway_import.rs"]
mod import;
#[path = "cloud/apigateway_life.rs"]
mod life;
#[path = "cloud/apigateway_names.rs"]
mod names;
#[path = "cloud/apigateway_support.rs"]
mod support;
#[path = "cloud/apigateway_wire.rs"]
mod wire;
