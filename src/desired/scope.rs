//! What an IAM policy for a deployer of this deploy.yaml has to name.

use super::{Account, prefix};
use crate::aws::{DomainScope, Scope};
use crate::spec::Spec;
use crate::spec::model::{self, Endpoint, PackageSource};

/// The names of `spec`'s things in `account`; `zone` is the hosted zone's id, where it is known.
pub fn scope(spec: &Spec, account: &Account, zone: Option<&str>) -> Scope {
    let Account { id, partition, region } = account;
    let image = match &spec.package.source {
        PackageSource::Image(image) => Some(image),
        PackageSource::Directory { .. } | PackageSource::Zip { .. } => None,
    };
    Scope {
        partition: partition.clone(),
        region: region.clone(),
        account: id.clone(),
        bucket: spec.package.bucket.clone(),
        prefix: prefix(spec),
        uploads: image.is_none(),
        site_bucket: spec.site.as_ref().map(|site| site.bucket.clone()),
        function: spec.function.name.clone(),
        layers: spec.function.layers.clone(),
        repository: image.map(|image| {
            format!("arn:{partition}:ecr:{}:{}:repository/{}", image.region, image.account, image.repository)
        }),
        role: spec.role.name.clone(),
        managed_policies: spec.role.managed_policies.clone(),
        policed: spec.api.policy.is_some(),
        logs: logs(spec),
        stage_logs: stage_logs(spec, account),
        keyed: spec.usage_plan.is_some(),
        domain: spec.domain.as_ref().map(|domain| DomainScope {
            name: domain.name.clone(),
            edge: domain.endpoint == Endpoint::Edge,
            requested: domain.certificate == model::Certificate::Request,
            truststore: domain
                .mutual_tls
                .as_ref()
                .and_then(|tls| Some(tls.truststore.strip_prefix("s3://")?.to_owned())),
            zone: zone.map(str::to_owned),
        }),
    }
}

/// Does the stage write logs or metrics?
pub(super) fn logs(spec: &Spec) -> bool {
    let settings = &spec.stage_settings;
    settings.logs_executions() || settings.metrics || settings.data_trace || settings.access_log.is_some()
}

/// The log group that API Gateway makes for a stage whose executions are logged; `api` is the REST API's id.
pub fn execution_log(api: &str, stage: &str) -> String {
    format!("API-Gateway-Execution-Logs_{api}/{stage}")
}

/// ARNs of the log groups that API Gateway writes. The id of the API is AWS's to make up.
fn stage_logs(spec: &Spec, account: &Account) -> Vec<String> {
    let Account { id, partition, region } = account;
    let settings = &spec.stage_settings;
    let access = settings.access_log.as_ref().filter(|log| log.group().is_some()).map(|log| log.destination.clone());
    let executions = settings
        .logs_executions()
        .then(|| format!("arn:{partition}:logs:{region}:{id}:log-group:{}", execution_log("*", &spec.stage)));
    access.into_iter().chain(executions).collect()
}
