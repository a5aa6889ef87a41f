//! The log of a server: where it answers, one line per request, one per redeploy.

use std::fmt::Write;
use std::time::Duration;

use anstyle::Style;

use super::layout::{cut, harmless, pad, wrap};
use super::look::{BAD, BOLD, CARE, DIM, GOOD, LINK, Look, paint};
use super::words::{count, took};
use crate::event::{Event, Request};

/// Columns of a path with its query, unless `-v`.
const TARGET: usize = 120;
/// Columns of a reason, unless `-v`: what a function failed with may be a document.
const REASON: usize = 200;
/// Columns of a method: most requests then begin their paths in one column.
const METHOD: usize = 4;

/// Where it answers, and what to try.
pub(super) fn serving(event: &Event, look: &Look) -> String {
    let Event::Serving { url, site, page, endpoint, call, custom_url, watching } = event else { return String::new() };
    let mut text = String::from("\n");
    let mut row = |label: &str, value: String| {
        let _ = writeln!(text, "{}  {value}", pad(label, 11));
    };
    row("serving", paint(LINK, harmless(url)));
    if let Some(site) = site {
        row("site", paint(LINK, harmless(site)));
    }
    if let Some(page) = page {
        row("look inside", paint(LINK, harmless(page)));
    }
    if let Some(call) = call {
        row("try it", paint(BOLD, harmless(call)));
    }
    if let Some((host, path)) = custom_url.as_ref().and_then(|custom| host_and_path(custom)) {
        row("custom URL", format!("{endpoint}/{path} with -H 'Host: {host}'"));
    }
    row("AWS APIs", format!("AWS_ENDPOINT_URL={endpoint} AWS_ACCESS_KEY_ID=LOCAL AWS_SECRET_ACCESS_KEY=local"));
    let watching = if *watching { "Edits are deployed as you save them. " } else { "" };
    text + "\n" + &wrap("", &paint(DIM, format!("{watching}Ctrl-C ends.")), look.width) + "\n"
}

fn host_and_path(url: &str) -> Option<(String, String)> {
    let (host, path) = url.strip_prefix("https://")?.split_once('/').unwrap_or((url.strip_prefix("https://")?, ""));
    Some((harmless(host), harmless(path)))
}

/// `09:30:00 GET  /prod/admit?gre=800  200  12.3 ms  gateway 0.2 · function 12.1 (cold 80.0)`
pub(super) fn request(request: &Request, look: &Look) -> String {
    let target = one_line(&request.target);
    let target = if look.verbose { target } else { cut(&target, TARGET, look.glyphs.more) };
    let time = request.time.get(11..19).unwrap_or_default();
    let mut line = format!(
        "{} {} {target}  {}  {} ms",
        paint(DIM, time),
        pad(&one_line(&request.method), METHOD),
        paint(status_style(request.status), request.status),
        ms(request.elapsed),
    );
    let reason = request.reason.as_ref().map(|why| one_line(why));
    let reason = reason.map(|why| if look.verbose { why } else { cut(&why, REASON, look.glyphs.more) });
    let about: Vec<String> = [steps(request, look), whom(request), reason].into_iter().flatten().collect();
    if !about.is_empty() {
        let _ = write!(line, "  {}", paint(DIM, about.join("  ")));
    }
    line + "\n"
}

/// How long the gateway took, and how long the function; where it was asked at all.
fn steps(request: &Request, look: &Look) -> Option<String> {
    let integration = request.steps.iter().find(|step| step.name == "integration")?;
    let gateway = request.elapsed.saturating_sub(integration.elapsed);
    let cold = integration.cold.map_or_else(String::new, |cold| format!(" (cold {})", ms(cold)));
    let integration = ms(integration.elapsed);
    Some(format!("gateway {} {} function {integration}{cold}", ms(gateway), look.glyphs.dot))
}

/// Who answered, where that is not the API; or with which key it was called.
fn whom(request: &Request) -> Option<String> {
    match request.answered_by {
        "api" => request.api_key.as_ref().map(|key| format!("key {}", one_line(key))),
        "poc" | "site" => None,
        service => Some(format!("AWS API {service}")),
    }
}

/// Nothing from elsewhere may break a line in two, or drive the terminal.
fn one_line(text: &str) -> String {
    harmless(text).replace('\n', " ")
}

fn status_style(status: u16) -> Style {
    match status {
        0..400 => GOOD,
        400..500 => CARE,
        _ => BAD,
    }
}

fn ms(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

/// `redeployed in 0.2 s: GET /admit integration.templates.application/json, Lambda function code`
pub(super) fn redeployed(elapsed: Duration, changes: &[String], look: &Look) -> String {
    let changes: Vec<String> = changes.iter().map(|change| one_line(change)).collect();
    let start = format!("{} ", paint(GOOD, look.glyphs.good));
    wrap(&start, &format!("redeployed in {}: {}", took(elapsed), changes.join(", ")), look.width)
}

pub(super) fn kept(look: &Look) -> String {
    let start = format!("{} ", paint(CARE, look.glyphs.dot));
    wrap(&start, "not deployed; what was deployed before is still served", look.width)
}

pub(super) fn restored(look: &Look) -> String {
    let start = format!("{} ", paint(GOOD, look.glyphs.good));
    wrap(&start, "nothing to deploy: what is served is what the files say again", look.width)
}

pub(super) fn stopped(requests: u64, elapsed: Duration, look: &Look) -> String {
    let requests = count(usize::try_from(requests).unwrap_or(usize::MAX), "request");
    wrap("", &format!("\nStopped after {}: {requests} answered.", took(elapsed)), look.width)
}
