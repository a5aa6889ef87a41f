//! The section `stage_settings`, and the throttles that it shares with `usage_plan` (AWS_FACTS B2, C2).

use std::collections::BTreeMap;

use super::decode::{At, Table, nearest};
use super::grammar::{ACCESS_LOG, LOGGING, STAGE_SETTINGS, THROTTLE};
use super::interpolate::shorten;
use super::limits;
use super::model::{AccessLog, LogLevel, Route, StageSettings, Throttle};

/// How the names of streams begin that API Gateway may write to.
pub(super) const FIREHOSE: &str = "amazon-apigateway-";

const MAX_VARIABLES: usize = 100;

pub(super) fn read(root: &Table<'_>, routes: &[Route], tags: &BTreeMap<String, String>) -> StageSettings {
    let Some(table) = root.get("stage_settings").and_then(|at| at.table(&STAGE_SETTINGS)) else {
        return StageSettings::default();
    };
    let logging = table.get("logging").and_then(|at| at.table(&LOGGING));
    StageSettings {
        description: limits::description(&table, limits::DESCRIPTION),
        variables: variables(&table),
        throttle: table.get("throttle").and_then(|at| throttle(&at)),
        method_throttles: method_throttles(&table, routes),
        log_level: logging.as_ref().and_then(|logging| logging.choice("level")).map(|level| match level {
            "info" => LogLevel::Info,
            "error" => LogLevel::Error,
            _ => LogLevel::Off,
        }),
        data_trace: logging.as_ref().and_then(|logging| logging.flag("data_trace")).unwrap_or(false),
        metrics: table.flag("metrics").unwrap_or(false),
        access_log: table.get("access_log").and_then(|at| access_log(&at)),
        xray: table.flag("xray").unwrap_or(false),
        tags: limits::tags(&table, tags),
    }
}

fn variables(table: &Table<'_>) -> BTreeMap<String, String> {
    let mut variables = BTreeMap::new();
    for (key, at) in table.entries("variables") {
        limits::STAGE_VARIABLE.judge_key(&at);
        if let Some(value) = at.text() {
            limits::STAGE_VARIABLE_VALUE.judge(&at, &value.text, &value);
            variables.insert(key.text.clone(), value.text);
        }
    }
    if variables.len() > MAX_VARIABLES
        && let Some(at) = table.get("variables")
    {
        let message = format!("there are {} stage variables", variables.len());
        at.fault_in_key("too_many_variables", message, format!("a stage takes {MAX_VARIABLES}"));
    }
    variables
}

pub(super) fn throttle(at: &At<'_>) -> Option<Throttle> {
    let table = at.table(&THROTTLE)?;
    let (rate, burst) = (table.need("rate"), table.need("burst"));
    rate.and(burst)?;
    Some(Throttle { rate: table.number("rate")?, burst: i32::try_from(table.whole("burst")?).ok()? })
}

/// `GET /admit: {rate, burst}`: each must name a method of the file.
pub(super) fn method_throttles(table: &Table<'_>, routes: &[Route]) -> BTreeMap<(String, String), Throttle> {
    let mut throttles = BTreeMap::new();
    for (key, at) in table.entries("methods") {
        let known = || routes.iter().map(|route| format!("{} {}", route.verb, route.path));
        let Some((verb, path)) = key.text.split_once(' ').map(|(verb, path)| (verb, path.trim())) else {
            let message = format!("`{}` does not name a method", shorten(&key.text));
            at.fault_in_key("unknown_route", message, "write verb and path, like GET /admit");
            continue;
        };
        // Where the API itself could not be read, nothing can be said about its methods.
        if !routes.is_empty() && !routes.iter().any(|route| route.verb == verb && route.path == path) {
            let names: Vec<String> = known().collect();
            let message = format!("there is no method `{}`", shorten(&key.text));
            at.fault_in_key(
                "unknown_route",
                message,
                nearest(&key.text, names.iter().map(String::as_str), "methods are"),
            );
        }
        if let Some(throttle) = throttle(&at) {
            throttles.insert((path.to_string(), verb.to_string()), throttle);
        }
    }
    throttles
}

fn access_log(at: &At<'_>) -> Option<AccessLog> {
    let table = at.table(&ACCESS_LOG)?;
    let destination = table.need("destination").and_then(|at| at.text().map(|text| (at, text)));
    if let Some((at, text)) = &destination {
        let fits = limits::arn(&text.text).is_some_and(|arn| match arn[1] {
            "logs" => arn[4].strip_prefix("log-group:").is_some_and(|name| !name.is_empty() && !name.contains(':')),
            "firehose" => arn[4].strip_prefix("deliverystream/").is_some_and(|name| name.starts_with(FIREHOSE)),
            _ => false,
        });
        if !fits {
            let message = format!("`{}` is not a destination of access logs", text.shown());
            let help = "write arn:aws:logs:REGION:ACCOUNT:log-group:NAME without :* at the end, or a Firehose stream \
                        whose name starts with amazon-apigateway-";
            at.fault("bad_arn", message, help);
        }
    }
    let format = table.need("format").and_then(|at| at.text().map(|text| (at, text)));
    if let Some((at, text)) = &format {
        let text = text.text.trim_end();
        if text.contains('\n') {
            at.fault("bad_log_format", "the log format has several lines", "put it on one");
        } else if !text.contains("$context.requestId") && !text.contains("$context.extendedRequestId") {
            at.fault("bad_log_format", "the log format has no request id", "put $context.requestId into it");
        }
    }
    Some(AccessLog { destination: destination?.1.text, format: format?.1.text.trim_end().to_string() })
}
