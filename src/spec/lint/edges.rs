//! The stage, the endpoints and what is written about each call.

use super::super::decode::resembling;
use super::super::model::Endpoint;
use super::super::regions::REGIONS;
use super::super::tree::Kind;
use super::{Look, WarningCode};

pub(super) fn look(look: &Look<'_>) {
    region(look);
    let spec = look.spec;
    let own_domain = spec.domain.as_ref().filter(|domain| domain.endpoint == Endpoint::Edge);
    let edge = match (spec.api.endpoint, own_domain) {
        (Endpoint::Edge, _) => Some(["api", "endpoint"]),
        (_, Some(_)) => Some(["domain", "endpoint"]),
        _ => None,
    };
    if let Some(keys) = edge {
        let wait = if own_domain.is_some() { ", and a change of the domain takes up to 40 minutes" } else { "" };
        let message = format!("an edge endpoint sends every call through CloudFront{wait}");
        let help = "write regional, which is faster for callers near the region and changed in seconds";
        look.warn(WarningCode::Edge, look.place(&keys), message, help);
    }
    if spec.stage_settings.data_trace {
        let message = "whole requests and answers are written to the log, with all that is personal in them";
        let help = "remove it outside of an investigation; `level: info` tells each step without the data";
        look.warn(WarningCode::DataTrace, look.place(&["stage_settings", "logging", "data_trace"]), message, help);
    }
    let Some(domain) = &spec.domain else { return };
    if domain.mutual_tls.is_some() && !spec.api.disable_execute_api_endpoint {
        let message = "callers without a certificate can use the API's own URL instead of the domain";
        let help = "add `disable_execute_api_endpoint: true` to `api`";
        look.warn(WarningCode::BackDoor, look.key(&["domain", "mutual_tls"]), message, help);
    }
    if domain.security_policy == "TLS_1_0" {
        let message = "TLS 1.0 and 1.1 are accepted, which browsers and auditors have given up";
        look.warn(WarningCode::OldTls, look.place(&["domain", "security_policy"]), message, "write TLS_1_2");
    }
}

/// The file's own; the command line's and the environment's are `poc doctor`'s to judge.
fn region(look: &Look<'_>) {
    let Some(Kind::Text { text, .. }) = look.node(&["region"]).map(|node| &node.kind) else { return };
    if text.contains("${") || REGIONS.contains(&text.as_str()) {
        return;
    }
    let help = match resembling(text, REGIONS.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`poc doctor` asks AWS whether it is one".to_owned(),
    };
    let message = format!("`{text}` is no region that this version of poc knows");
    look.warn(WarningCode::UnknownRegion, look.place(&["region"]), message, help);
}
