//! The usage plan: throttle and quota per key, attached to our stage.
//!
//! UpdateUsagePlan is allowed once in 20 seconds (`AWS_FACTS` A): the stage is attached at creation, and whatever
//! changes later goes into one call.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use aws_sdk_apigateway::types::{
    ApiStage, PatchOperation, QuotaPeriodType, QuotaSettings, ThrottleSettings, UsagePlan as Plan,
};
use futures_util::future::try_join_all;

use super::lookups::Lookups;
use super::rest_api::tag;
use super::{Owner, patch};
use crate::aws::{Aws, Error, Repeat, Result, found, gone, once, ordered};
use crate::engine::plan::{Change, Changes, Side};
use crate::engine::{Handle, Identity, Known, NodeId, Resource};
use crate::event::Action;
use crate::resources::RestApi;
use crate::spec::model::{self, Period, Quota, Throttle};

/// A usage plan with our stage in it.
#[derive(Clone, Debug)]
pub struct UsagePlan {
    pub name: String,
    pub description: Option<String>,
    pub throttle: Option<Throttle>,
    pub quota: Option<Quota>,
    /// `/admit/GET`, to its own throttle.
    pub methods: BTreeMap<String, Throttle>,
    pub api: Handle<RestApi>,
    /// AWS refuses a plan with a stage that does not exist yet.
    pub stage: NodeId,
    pub stage_name: String,
    pub region: String,
    pub partition: String,
    pub owner: Owner,
    pub lookups: Rc<Lookups>,
}

#[derive(Clone, Debug)]
pub struct Observed {
    outputs: Outputs,
    name: String,
    description: Option<String>,
    throttle: Option<Throttle>,
    quota: Option<Quota>,
    /// `api:stage`, to its methods' throttles.
    stages: BTreeMap<String, BTreeMap<String, Throttle>>,
    tags: BTreeMap<String, String>,
    /// More of ours, which two runs at once may have made.
    doubles: Vec<Observed>,
}

#[derive(Clone, Debug)]
pub struct Outputs {
    pub id: String,
    /// Ids of the keys that are in the plan.
    pub keys: Vec<String>,
}

/// `/admit/GET`, as the plan's throttles name a method.
pub fn method_key(path: &str, verb: &str) -> String {
    format!("{path}/{verb}")
}

impl Resource for UsagePlan {
    type Observed = Observed;
    type Outputs = Outputs;

    fn identity(&self) -> Identity {
        Identity::one("usage_plan", "usage plan", &self.name)
    }

    fn needs(&self) -> Vec<NodeId> {
        vec![self.api.id(), self.stage]
    }

    fn read_after(&self) -> Vec<NodeId> {
        vec![self.api.id()]
    }

    async fn read(&self, aws: &Aws<'_>, known: &Known) -> Result<Option<Observed>> {
        let plans = self.lookups.usage_plans(aws).await?;
        self.pick(aws, known, plans).await
    }

    fn outputs(&self, seen: &Observed) -> Outputs {
        seen.outputs.clone()
    }

    fn diff(&self, seen: &Observed, known: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        changes.compare("name", seen.name.clone(), self.name.clone()).compare(
            "description",
            seen.description.clone(),
            self.description.clone(),
        );
        compare_throttle(&mut changes, "throttle", seen.throttle, self.throttle);
        let quota = |quota: Option<Quota>| quota.map(|quota| (quota.limit, period(quota.period), quota.offset));
        let (was, want) = (quota(seen.quota), quota(self.quota));
        changes
            .compare("quota.limit", was.map(|quota| quota.0), want.map(|quota| quota.0))
            .compare("quota.period", was.map(|quota| quota.1), want.map(|quota| quota.1))
            .compare("quota.offset", was.map(|quota| quota.2), want.map(|quota| quota.2));
        match known.get(self.api).map(|api| self.stage_key(&api.id)) {
            None => {
                changes.push(Change::new("stage", Side::Absent, Side::KnownAfter(known.step_of(self.api))));
            }
            Some(key) => {
                let attached = seen.stages.get(&key);
                changes.compare("stage", attached.map(|_| key.clone()), key.clone());
                let was = attached.cloned().unwrap_or_default();
                for method in was.keys().chain(self.methods.keys()).collect::<BTreeSet<_>>() {
                    let at = format!("methods.{method}");
                    compare_throttle(&mut changes, &at, was.get(method).copied(), self.methods.get(method).copied());
                }
            }
        }
        self.owner.diff(&mut changes, &seen.tags);
        changes.done()
    }

    fn creation(&self, _: &Known) -> Vec<Change> {
        let mut changes = Changes::default();
        compare_throttle(&mut changes, "throttle", None, self.throttle);
        if let Some(quota) = self.quota {
            let text = format!("{} per {}", quota.limit, period(quota.period).to_lowercase());
            changes.push(Change::set("quota", text));
        }
        for (method, throttle) in &self.methods {
            compare_throttle(&mut changes, &format!("methods.{method}"), None, Some(*throttle));
        }
        changes.push(Change::set("stage", self.stage_name.clone()));
        changes.done()
    }

    fn consequences(&self, action: Action, _: &[Change]) -> Vec<String> {
        match action {
            Action::Delete => vec!["its keys stop working for this API".to_owned()],
            _ => Vec::new(),
        }
    }

    async fn create(&self, aws: &Aws<'_>, known: &Known) -> Result<Outputs> {
        let api = known.require(self.api)?.id;
        let methods: Vec<(String, ThrottleSettings)> =
            self.methods.iter().map(|(key, throttle)| (key.clone(), settings(*throttle))).collect();
        let stage = ApiStage::builder()
            .api_id(&api)
            .stage(&self.stage_name)
            .set_throttle((!methods.is_empty()).then(|| methods.into_iter().collect()))
            .build();
        let quota = self.quota.map(|quota| {
            let kind = QuotaPeriodType::from(period(quota.period));
            QuotaSettings::builder().limit(quota.limit).offset(quota.offset).period(kind).build()
        });
        let create = async || {
            let call = || {
                let request = aws.apigateway().create_usage_plan().name(&self.name).api_stages(stage.clone());
                request
                    .set_description(self.description.clone())
                    .set_throttle(self.throttle.map(settings))
                    .set_quota(quota.clone())
                    .set_tags(Some(self.owner.tags.hash_map()))
                    .send()
            };
            let made = aws.call("apigateway", "CreateUsagePlan", Repeat::Never, call).await?;
            let id = made.id.ok_or_else(|| Error::unexpected("CreateUsagePlan names no id"))?;
            Ok(Outputs { id, keys: Vec::new() })
        };
        let find = async || {
            let lookups = Lookups::default();
            Ok(self.pick(aws, known, lookups.usage_plans(aws).await?).await?.map(|made| made.outputs))
        };
        once(create, find).await
    }

    async fn update(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, changes: &[Change]) -> Result<Outputs> {
        let (api, id) = (known.require(self.api)?.id, &seen.outputs.id);
        let operations = self.patch(&self.stage_key(&api), seen);
        if !operations.is_empty() {
            let call = || {
                let request = aws.apigateway().update_usage_plan().usage_plan_id(id);
                request.set_patch_operations(Some(operations.clone())).send()
            };
            aws.call("apigateway", "UpdateUsagePlan", Repeat::Safe, call).await?;
        }
        if changes.iter().any(|change| change.path.starts_with("tags.")) {
            let arn = format!("arn:{}:apigateway:{}::/usageplans/{id}", self.partition, self.region);
            tag(aws, &arn, self.owner.tags.hash_map()).await?;
        }
        Ok(seen.outputs.clone())
    }

    fn surplus(&self, seen: &Observed, _: &Known, _: bool) -> Vec<Change> {
        let doubles = seen.doubles.iter().map(|double| &double.outputs.id);
        doubles.map(|id| Change::removed(format!("duplicate {id}"), id.clone())).collect()
    }

    async fn prune(&self, aws: &Aws<'_>, known: &Known, seen: &Observed, _: &[Change]) -> Result<()> {
        for double in &seen.doubles {
            self.remove(aws, known, double).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws<'_>, known: &Known, seen: &Observed) -> Result<()> {
        self.remove(aws, known, seen).await?;
        self.prune(aws, known, seen, &[]).await
    }
}

impl UsagePlan {
    /// AWS refuses to delete a plan that has stages (B3): ours is taken off first. Others' stages stop it, as they should.
    async fn remove(&self, aws: &Aws<'_>, known: &Known, seen: &Observed) -> Result<()> {
        let id = &seen.outputs.id;
        let api = known.get(self.api).map(|api| api.id);
        let apis = self.lookups.rest_apis(aws).await?;
        let ours = |key: &&String| {
            let of = key.split(':').next().unwrap_or_default();
            let holder = apis.iter().find(|api| api.id() == Some(of));
            // A stage of an API that is gone is nobody's; a double of our API is ours.
            api.as_deref() == Some(of) || holder.is_none_or(|api| self.owner.tags.own(&ordered(api.tags())))
        };
        let ours: Vec<_> = seen.stages.keys().filter(ours).map(|key| patch::remove_value("/apiStages", key)).collect();
        if !ours.is_empty() {
            let call = || {
                let request = aws.apigateway().update_usage_plan().usage_plan_id(id);
                request.set_patch_operations(Some(ours.clone())).send()
            };
            gone(aws.call("apigateway", "UpdateUsagePlan", Repeat::Safe, call).await)?;
        }
        let call = || aws.apigateway().delete_usage_plan().usage_plan_id(id).send();
        gone(aws.call("apigateway", "DeleteUsagePlan", Repeat::Safe, call).await)
    }

    fn stage_key(&self, api: &str) -> String {
        format!("{api}:{}", self.stage_name)
    }

    /// Ours: the one with our tags; or one that may be adopted.
    async fn pick(&self, aws: &Aws<'_>, known: &Known, plans: &[Plan]) -> Result<Option<Observed>> {
        let all = candidates(aws, plans, &self.name, &self.stage_name).await?;
        let (ours, others): (Vec<Observed>, _) = all.into_iter().partition(|plan| self.owner.tags.own(&plan.tags));
        if let Some(serving) = serving(ours, known.get(self.api).map(|api| self.stage_key(&api.id)).as_deref()) {
            return Ok(Some(serving));
        }
        let mut named = others.into_iter().filter(|plan| self.owner.adopt && plan.name == self.name);
        Ok(named.next().filter(|_| named.next().is_none()))
    }

    fn patch(&self, stage: &str, seen: &Observed) -> Vec<PatchOperation> {
        let mut operations = Vec::new();
        if seen.name != self.name {
            operations.push(patch::replace("/name", &self.name));
        }
        if seen.description != self.description {
            operations.push(patch::replace("/description", self.description.clone().unwrap_or_default()));
        }
        patch_throttle(&mut operations, "/throttle", seen.throttle, self.throttle);
        match (self.quota, seen.quota) {
            (None, None) => {}
            (None, Some(_)) => operations.push(patch::remove("/quota")),
            (Some(want), was) if was != Some(want) => operations.extend([
                patch::replace("/quota/limit", want.limit.to_string()),
                patch::replace("/quota/period", period(want.period)),
                patch::replace("/quota/offset", want.offset.to_string()),
            ]),
            _ => {}
        }
        if !seen.stages.contains_key(stage) {
            operations.push(patch::add("/apiStages", stage));
        }
        let was = seen.stages.get(stage).cloned().unwrap_or_default();
        for method in was.keys().chain(self.methods.keys()).collect::<BTreeSet<_>>() {
            let (path, verb) = method.rsplit_once('/').unwrap_or((method, "*"));
            let at = format!("/apiStages/{stage}/throttle/{}/{verb}", patch::escape(path));
            patch_throttle(&mut operations, &at, was.get(method).copied(), self.methods.get(method).copied());
        }
        operations
    }
}

/// Our plan as it stands, for those who only want to use it.
///
/// # Errors
/// When it cannot be read.
pub async fn standing(
    aws: &Aws<'_>,
    lookups: &Lookups,
    name: &str,
    stage: &str,
    owner: &Owner,
) -> Result<Option<Outputs>> {
    let all = candidates(aws, lookups.usage_plans(aws).await?, name, stage).await?;
    let ours = all.into_iter().filter(|plan| owner.tags.own(&plan.tags)).collect();
    Ok(serving(ours, None).map(|plan| plan.outputs))
}

/// Of plans that are all ours, the one that callers come through: a key reaches a stage through one plan alone (B3), so
/// it must stay. The others are its doubles.
fn serving(mut ours: Vec<Observed>, stage: Option<&str>) -> Option<Observed> {
    let serves = |plan: &Observed| match stage {
        Some(stage) => plan.stages.contains_key(stage),
        None => !plan.stages.is_empty(),
    };
    ours.sort_by_key(|plan| std::cmp::Reverse((serves(plan), plan.outputs.keys.len())));
    let mut ours = ours.into_iter();
    let first = ours.next()?;
    Some(Observed { doubles: ours.collect(), ..first })
}

/// The list has no tags, so every plan of our name, or with a stage of our name, is asked.
async fn candidates(aws: &Aws<'_>, plans: &[Plan], name: &str, stage: &str) -> Result<Vec<Observed>> {
    let candidate = |plan: &&Plan| {
        plan.name() == Some(name) || plan.api_stages().iter().any(|attached| attached.stage() == Some(stage))
    };
    let ids: Vec<&str> = plans.iter().filter(candidate).filter_map(|plan| plan.id()).collect();
    let all = try_join_all(ids.into_iter().map(|id| look(aws, id))).await?;
    let mut all: Vec<Observed> = all.into_iter().flatten().collect();
    all.sort_by(|one, other| one.outputs.id.cmp(&other.outputs.id));
    Ok(all)
}

async fn look(aws: &Aws<'_>, id: &str) -> Result<Option<Observed>> {
    let plan = async {
        let call = || aws.apigateway().get_usage_plan().usage_plan_id(id).send();
        found(aws.call("apigateway", "GetUsagePlan", Repeat::Safe, call).await)
    };
    let (plan, keys) = tokio::try_join!(plan, keys(aws, id))?;
    let Some(plan) = plan else { return Ok(None) };
    let limits = |throttle: &ThrottleSettings| Throttle { rate: throttle.rate_limit(), burst: throttle.burst_limit() };
    let stage = |stage: &ApiStage| {
        let methods = stage.throttle().into_iter().flatten();
        let methods = methods.map(|(key, throttle)| (key.clone(), limits(throttle))).collect();
        Some((format!("{}:{}", stage.api_id()?, stage.stage()?), methods))
    };
    Ok(Some(Observed {
        outputs: Outputs { id: id.to_owned(), keys },
        name: plan.name().unwrap_or_default().to_owned(),
        description: plan.description().filter(|text| !text.is_empty()).map(str::to_owned),
        throttle: plan.throttle().map(limits),
        quota: plan.quota().and_then(|quota| {
            let period = match quota.period()?.as_str() {
                "WEEK" => Period::Week,
                "MONTH" => Period::Month,
                _ => Period::Day,
            };
            Some(Quota { limit: quota.limit(), period, offset: quota.offset() })
        }),
        stages: plan.api_stages().iter().filter_map(stage).collect(),
        tags: ordered(plan.tags()),
        doubles: Vec::new(),
    }))
}

/// Ids of the keys in a plan.
pub(super) async fn keys(aws: &Aws<'_>, plan: &str) -> Result<Vec<String>> {
    let (mut all, mut position) = (Vec::new(), None);
    loop {
        let call = || {
            let request = aws.apigateway().get_usage_plan_keys().usage_plan_id(plan).limit(500);
            request.set_position(position.clone()).send()
        };
        let page = found(aws.call("apigateway", "GetUsagePlanKeys", Repeat::Safe, call).await)?;
        let Some(page) = page else { return Ok(Vec::new()) };
        position = page.position;
        all.extend(page.items.unwrap_or_default().into_iter().filter_map(|key| key.id));
        if position.is_none() {
            return Ok(all);
        }
    }
}

fn settings(throttle: Throttle) -> ThrottleSettings {
    ThrottleSettings::builder().rate_limit(throttle.rate).burst_limit(throttle.burst).build()
}

fn period(period: Period) -> &'static str {
    match period {
        model::Period::Day => "DAY",
        model::Period::Week => "WEEK",
        model::Period::Month => "MONTH",
    }
}

fn compare_throttle(changes: &mut Changes, at: &str, was: Option<Throttle>, want: Option<Throttle>) {
    changes
        .compare(&format!("{at}.rate"), was.map(|throttle| throttle.rate), want.map(|throttle| throttle.rate))
        .compare(&format!("{at}.burst"), was.map(|throttle| throttle.burst), want.map(|throttle| throttle.burst));
}

fn patch_throttle(operations: &mut Vec<PatchOperation>, at: &str, was: Option<Throttle>, want: Option<Throttle>) {
    match (was, want) {
        (Some(_), None) => operations.push(patch::remove(at)),
        (was, Some(want)) if was != Some(want) => operations.extend([
            patch::replace(format!("{at}/rateLimit"), want.rate.to_string()),
            patch::replace(format!("{at}/burstLimit"), want.burst.to_string()),
        ]),
        _ => {}
    }
}
