//! Who may call, and how often (AWS_FACTS C2, B3).

use super::super::model::{ApiKeySource, Authorization, Throttle};
use super::{Look, WarningCode, called, in_method};

pub(super) fn look(look: &Look<'_>) {
    unprotected(look);
    plan(look);
    limits(look);
    keys(look);
}

fn unprotected(look: &Look<'_>) {
    let is_protected = |route: &&super::Route| route.api_key || route.authorization != Authorization::None;
    let Some(other) = look.spec.api.routes.iter().find(is_protected) else { return };
    for route in look.spec.api.routes.iter().filter(|route| !is_protected(route) && route.verb != "OPTIONS") {
        let message = format!("anybody may call `{}`, while `{}` is protected", called(route), called(other));
        let help = "add `api_key: true`; where it is meant to be open, `allow: [POC030]` at the method says so";
        look.warn_of(route, WarningCode::Unprotected, look.key(&in_method(route, &[])), message, help);
    }
}

fn plan(look: &Look<'_>) {
    let Some(plan) = &look.spec.usage_plan else { return };
    let place = || look.key(&["usage_plan"]);
    if !look.spec.api.routes.iter().any(|route| route.api_key) {
        let message = "no method asks for a key, so the usage plan limits nobody";
        look.warn(WarningCode::PlanWithoutUse, place(), message, "add `api_key: true` to the methods it is for");
        return;
    }
    if plan.quota.is_none() {
        let message = "the usage plan has no `quota`: one key may call without end, at your expense";
        look.warn(WarningCode::NoQuota, place(), message, "add one, like `quota: { limit: 1000, period: day }`");
    }
    if plan.throttle.is_none() && look.spec.stage_settings.throttle.is_none() {
        let message = "the usage plan has no `throttle`: one key may use up what the whole account has";
        look.warn(WarningCode::NoThrottle, place(), message, "add one, like `throttle: { rate: 10, burst: 20 }`");
    }
}

/// A bucket of no size, or one that is never filled: 429 to everybody.
fn limits(look: &Look<'_>) {
    let nothing = |throttle: &Throttle| throttle.rate <= 0.0 || throttle.burst == 0;
    let told = |keys: &[&str], throttle: Option<&Throttle>| {
        if let Some(throttle) = throttle.filter(|throttle| nothing(throttle)) {
            let part = if throttle.burst == 0 { "burst" } else { "rate" };
            let place = look.place(&keys.iter().copied().chain([part]).collect::<Vec<_>>());
            let message = format!("a `{part}` of 0 lets no request through: every call is answered with 429");
            look.warn(WarningCode::NothingAllowed, place, message, "write 1 at least, or remove the throttle");
        }
    };
    let settings = &look.spec.stage_settings;
    told(&["stage_settings", "throttle"], settings.throttle.as_ref());
    for ((path, verb), throttle) in &settings.method_throttles {
        told(&["stage_settings", "methods", &format!("{verb} {path}")], Some(throttle));
    }
    let Some(plan) = &look.spec.usage_plan else { return };
    told(&["usage_plan", "throttle"], plan.throttle.as_ref());
    for ((path, verb), throttle) in &plan.method_throttles {
        told(&["usage_plan", "methods", &format!("{verb} {path}")], Some(throttle));
    }
}

fn keys(look: &Look<'_>) {
    if !look.spec.api.routes.iter().any(|route| route.api_key) {
        return;
    }
    if look.spec.api.api_key_source == ApiKeySource::Authorizer {
        let message = "keys are to come from an authorizer, and no method has one: every call is answered with 403";
        let help = "remove the line: callers then send the key as the header x-api-key";
        look.warn(WarningCode::NoAuthorizer, look.place(&["api", "api_key_source"]), message, help);
    }
    if let Some(plan) = &look.spec.usage_plan
        && !plan.keys.is_empty()
        && plan.keys.iter().all(|key| !key.enabled)
    {
        let message = "no key of the plan is enabled: every call is answered with 403";
        look.warn(WarningCode::NoKeyEnabled, look.key(&["usage_plan", "keys"]), message, "enable one of them");
    }
}
