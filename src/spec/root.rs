//! The top level of deploy.yaml: the sections in their order, the artifact bucket, and what two sections must
//! agree on.

use std::collections::BTreeMap;

use super::decode::{At, Reader, Table};
use super::grammar::ROOT;
use super::interpolate::{Filled, Variables};
use super::model::{Api, Package, PackageSource, Spec, UsagePlan};
use super::tree::Node;
use super::{api, bucket, checks, domain, function, limits, lint, package, site, stage_settings, stages, usage_plan};

/// Reads the merged tree. Where something is wrong a stand-in takes its place, so that the rest can be judged; the
/// result counts only if the reader has no faults.
pub(super) fn read<'a>(
    reader: &'a Reader<'a>,
    merged: &'a Node,
    variables: &Variables<'_>,
    base_stage: &str,
) -> Option<Spec> {
    let root = reader.at(merged).table(&ROOT)?;
    stages::judge(&root, base_stage);
    lint::judge_allow(&root);
    let app = app_name(&root);
    let stage = stage_name(&root, reader, variables);
    let region = region(&root, variables);
    let tags = limits::tags(&root, &BTreeMap::new());
    let table = package::table(&root);
    let bucket = bucket::name("package", &root, table.as_ref(), reader, ("poc", &app));
    let read = table.map(|table| package::read(&table, reader, region.as_deref())).unwrap_or_default();
    let (function, role) = function::read(&root, reader, &app, &tags, &read, region.as_deref());
    let api = api::read(&root, reader, &app, region.as_deref());
    let usage_plan = usage_plan::read(&root, reader, &app, &api.routes);
    let spec = Spec {
        stage_settings: stage_settings::read(&root, &api.routes, &tags),
        domain: domain::read(&root, &api, region.as_deref(), variables.account),
        site: site::read(&root, reader, &app, &site::Package { source: read.source.as_ref(), bucket: &bucket }),
        checks: checks::read(&root, usage_plan.as_ref()),
        app: app.text,
        stage,
        region,
        tags,
        package: Package {
            source: read.source.unwrap_or(PackageSource::Zip { path: reader.directory.clone() }),
            bucket,
            build: read.build,
            dependencies: read.dependencies,
        },
        function,
        role,
        api,
        usage_plan,
    };
    keys_are_of_use(&root, &spec.api, spec.usage_plan.as_ref());
    Some(spec)
}

fn app_name(root: &Table<'_>) -> Filled {
    let Some((at, name)) = root.need("name").and_then(|at| at.text().map(|name| (at, name))) else {
        return Filled::literal("app");
    };
    if limits::APP.judge(&at, &name.text, &name) { name } else { Filled::literal("app") }
}

fn stage_name(root: &Table<'_>, reader: &Reader<'_>, variables: &Variables<'_>) -> String {
    if let Some(at) = root.need("stage")
        && let Some(name) = at.text()
        && not_itself(&at, &name, "${stage}").is_some()
        && limits::STAGE.judge(&at, &name.text, &name)
    {
        limits::stage_is_an_alias(&at, &name.text);
    }
    variables.stage.unwrap_or(reader.scope.stage).to_string()
}

fn region(root: &Table<'_>, variables: &Variables<'_>) -> Option<String> {
    let own = root.get("region").and_then(|at| {
        let region = at.text()?;
        not_itself(&at, &region, "${region}")?;
        if limits::is_region(&region.text) {
            return Some(region.text);
        }
        at.fault("bad_region", format!("`{}` is not an AWS region", region.shown()), "write one like us-east-1");
        None
    });
    variables.region.map(str::to_string).or(own)
}

fn not_itself(at: &At<'_>, text: &Filled, itself: &str) -> Option<()> {
    if text.raw.contains(itself) {
        let help = "write it out, or take it from the environment: ${env:NAME}";
        at.fault("unknown_variable", format!("`{}` cannot be filled in by itself", at.name()), help);
        return None;
    }
    Some(())
}

/// Patterns of what to leave out, each judged.
pub(super) fn ignore_patterns(table: &Table<'_>) -> Vec<String> {
    let patterns = table.texts("ignore");
    for (at, pattern) in &patterns {
        let mut builder = ignore::gitignore::GitignoreBuilder::new("");
        if builder.add_line(None, &pattern.text).is_err() {
            let message = format!("`{}` is not a .gitignore pattern", pattern.shown());
            at.fault("bad_ignore_pattern", message, "write one like *.pyc or tests/");
        }
    }
    patterns.into_iter().map(|(_, pattern)| pattern.text).collect()
}

/// C2: a method that needs a key and a stage without keys answer 403 to everybody.
fn keys_are_of_use(root: &Table<'_>, api: &Api, plan: Option<&UsagePlan>) {
    let keys = plan.is_some_and(|plan| !plan.keys.is_empty());
    let Some(route) = api.routes.iter().find(|route| route.api_key) else {
        return;
    };
    if keys {
        return;
    }
    let flag = root
        .get("api")
        .and_then(|at| at.node.get("resources"))
        .and_then(|node| node.get(&route.path))
        .and_then(|node| node.get(&route.verb))
        .and_then(|node| node.get("api_key"));
    let missing = if plan.is_some() { "`usage_plan` has no keys" } else { "there is no `usage_plan`" };
    let message =
        format!("`{} {}` needs an API key, but {missing}: it would always answer 403", route.verb, route.path);
    let span = flag.map_or_else(|| root.at.span().clone(), |node| node.span.clone());
    root.at.reader.fault_at_path(
        format!("api.resources.{}.{}.api_key", route.path, route.verb),
        span,
        "key_without_plan",
        message,
        "add `usage_plan: { keys: [NAME] }`, or remove `api_key`",
    );
}
