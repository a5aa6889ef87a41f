//! `poc call`: one request to what was deployed; and what it takes to make one.

use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::time::Instant;

use super::session::{Session, unnamed};
use super::{Failure, Settings, Target};
use crate::aws::{Aws, Error, Result as AwsResult};
use crate::desired;
use crate::event::Reporter;
use crate::resources::Lookups;
use crate::resources::api_key::ApiKey;
use crate::spec::Spec;
use crate::spec::model::{self, Route};

/// What `poc call` was asked for.
#[derive(Clone, Debug)]
pub struct CallWanted {
    pub verb: String,
    /// Path under the stage, with its query.
    pub target: String,
    pub key: KeyWanted,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
    /// Every value on the way; the embedded cloud alone can tell.
    pub trace: bool,
    /// Another place than the deployment's own URL: `http://127.0.0.1:3000/prod`.
    pub url: Option<String>,
}

/// Which API key is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyWanted {
    /// The usage plan's first, where the method asks for one.
    AsNeeded,
    Named(String),
    None,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Called {
    pub target: Target,
    pub verb: String,
    pub url: String,
    /// Name of the key that was sent.
    pub key: Option<String>,
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub elapsed: Duration,
    /// Why API Gateway answered by itself, or with what the function failed; the embedded cloud alone can tell.
    pub reason: Option<String>,
    pub trace: Option<Value>,
}

pub(super) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Sends the request, once.
///
/// # Errors
/// Where nothing is deployed, the key is unknown, or nobody answers. An HTTP status is none.
pub async fn call(settings: &Settings, wanted: CallWanted, reporter: &dyn Reporter) -> Result<Called, Failure> {
    let here = settings.local || settings.cloud.is_some();
    if wanted.trace && (!here || wanted.url.is_some()) {
        let why = "--trace tells what happens inside the embedded cloud, so it needs --local, and no --url";
        return Err(Failure::Usage(why.to_owned()));
    }
    let url = wanted.url.as_deref();
    let session = Session::open(settings, "call", reporter).await.map_err(|failure| keys_from(url, failure))?;
    let called = session.send(wanted).await;
    session.aws.close().await;
    called
}

impl Session<'_> {
    async fn send(&self, wanted: CallWanted) -> Result<Called, Failure> {
        let lookups = self.lookups();
        let key = match &wanted.key {
            KeyWanted::None => None,
            KeyWanted::Named(name) => Some(self.named_key(Some(name))?),
            KeyWanted::AsNeeded => self.needed_key(&wanted.verb, &wanted.target),
        };
        let caller = Caller { aws: &self.aws, place: self.place(wanted.url.as_deref(), &lookups).await? };
        let mut headers: HeaderMap = wanted.headers.iter().cloned().collect();
        // A key that the person writes as a header is theirs to choose.
        let key = key.filter(|_| !headers.contains_key(API_KEY));
        if let Some(key) = key {
            headers.insert(API_KEY, self.key_header(key, &lookups).await?);
        }
        let request = caller.request(&wanted.verb, &wanted.target, headers, wanted.body)?;
        let url = request.uri().to_string();
        let begun = Instant::now();
        let (answer, trace) = caller.send(request, wanted.trace).await.map_err(unnamed)?;
        let (parts, body) = answer.into_parts();
        Ok(Called {
            target: self.target.clone(),
            verb: wanted.verb,
            url,
            key: key.map(|key| key.name.clone()),
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            elapsed: begun.elapsed(),
            reason: trace.as_ref().and_then(reason),
            trace: trace.filter(|_| wanted.trace),
        })
    }

    /// The usage plan's first key, where the method wants one.
    pub(super) fn needed_key(&self, verb: &str, target: &str) -> Option<&model::ApiKey> {
        let first = self.spec.usage_plan.as_ref().and_then(|plan| plan.keys.first());
        first.filter(|_| route(&self.spec, verb, target).is_some_and(|route| route.api_key))
    }

    /// The key's value as a header that is left out of logs.
    pub(super) async fn key_header(&self, key: &model::ApiKey, lookups: &Lookups) -> Result<HeaderValue, Failure> {
        let id = self.current_key(key, lookups).await?;
        let value = ApiKey::value_of(&self.aws, &id).await.map_err(unnamed)?.unwrap_or_default();
        let header = HeaderValue::from_str(&value);
        let mut header = header.map_err(|_| unnamed(Error::unexpected("the key's value is no header")))?;
        header.set_sensitive(true);
        Ok(header)
    }

    /// Where the API answers.
    pub(super) async fn place(&self, url: Option<&str>, lookups: &Lookups) -> Result<Place, Failure> {
        if let Some(url) = url {
            return Ok(Place { url: url.trim_end_matches('/').to_owned(), given: true });
        }
        if self.aws.is_emulated() {
            let why = "an emulator serves its APIs under URLs of its own; say with --url where this one answers";
            return Err(Failure::Usage(why.to_owned()));
        }
        let id = self.api_id(lookups).await?;
        Ok(Place { url: desired::base_url(&self.spec, &self.account, &id), given: false })
    }

    /// The id of the deployed API.
    pub(super) async fn api_id(&self, lookups: &Lookups) -> Result<String, Failure> {
        self.our_api(lookups).await?.ok_or_else(|| self.not_deployed())
    }
}

/// Where requests go.
pub(super) struct Place {
    /// Without a slash at its end.
    pub url: String,
    /// Said on the command line: then it is on the network, wherever the rest of the run looks.
    pub given: bool,
}

/// Makes requests.
pub(super) struct Caller<'a, 'r> {
    pub aws: &'a Aws<'r>,
    pub place: Place,
}

impl Caller<'_, '_> {
    pub(super) fn request(
        &self,
        verb: &str,
        target: &str,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<http::Request<Bytes>, Failure> {
        if target.contains("://") && !target.starts_with('/') {
            let help = "the part before it is the deployment's own, or goes to --url";
            return Err(Failure::Usage(format!("`{target}` is a whole URL; give the path under the stage: {help}")));
        }
        let slash = if target.starts_with('/') { "" } else { "/" };
        let wrong = |_| Failure::Usage(format!("`{target}` is not a path with a query; encode spaces as %20"));
        let uri: http::Uri = format!("{}{slash}{target}", self.place.url).parse().map_err(wrong)?;
        let method = verb.to_uppercase().parse::<http::Method>();
        let method = method.map_err(|_| Failure::Usage(format!("`{verb}` is not an HTTP method")))?;
        let host = uri.authority().map(|authority| authority.as_str().to_owned()).unwrap_or_default();
        let mut request = http::Request::new(body);
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        let fields = request.headers_mut();
        let agent = || HeaderValue::from_static(concat!("poc/", env!("CARGO_PKG_VERSION")));
        fields.entry("user-agent").or_insert_with(agent);
        fields.entry("accept").or_insert(HeaderValue::from_static("*/*"));
        if let Ok(host) = HeaderValue::from_str(&host) {
            fields.entry(HOST).or_insert(host);
        }
        if !request.body().is_empty() {
            request.headers_mut().entry("content-type").or_insert(HeaderValue::from_static("application/json"));
        }
        Ok(request)
    }

    pub(super) async fn send(
        &self,
        request: http::Request<Bytes>,
        traced: bool,
    ) -> AwsResult<(http::Response<Bytes>, Option<Value>)> {
        match self.place.given {
            true => Ok((self.aws.fetch(request).await?, None)),
            false => self.aws.fetch_api(request, traced).await,
        }
    }
}

/// Of another URL only the keys' values are looked up, and who tries what `poc dev` serves has no credentials for that.
pub(super) fn keys_from(url: Option<&str>, failure: Failure) -> Failure {
    match failure {
        Failure::Problem(mut problem) if problem.kind == "credentials" && url.is_some() => {
            let local = "for what `poc dev` serves, add --local: API keys are then those of the embedded cloud";
            problem.next = format!("{local}; otherwise {}", problem.next);
            Failure::Problem(problem)
        }
        other => other,
    }
}

/// What a trace tells about an answer that somebody may not have expected.
pub(super) fn reason(trace: &Value) -> Option<String> {
    let reason = trace["reason"].as_str()?;
    Some(match missing_library(reason) {
        Some(library) => format!(
            "{reason}. The function finds what is in its package: list {library} in the requirements.txt beside its code \
             (POC_LOCAL_SITE_PACKAGES=use lets it try what is installed on this machine)"
        ),
        None => reason.to_owned(),
    })
}

/// `numpy` of `Unable to import module 'handler': No module named 'numpy.linalg'`; none where it is the handler's own module
/// that is missing.
fn missing_library(reason: &str) -> Option<&str> {
    let quoted = |after: &str| reason.split_once(after)?.1.split('\'').next();
    let top = |module| str::split(module, '.').next();
    let missing = top(quoted("No module named '")?)?;
    (top(quoted("Unable to import module '")?)? != missing).then_some(missing)
}

/// The method that API Gateway would choose: fixed segments before variables, variables before `{proxy+}`.
pub(super) fn route<'s>(spec: &'s Spec, verb: &str, target: &str) -> Option<&'s Route> {
    let path = target.split('?').next().unwrap_or_default();
    let matching = spec.api.routes.iter().filter_map(|route| Some((rank(&route.path, path)?, route)));
    let mut matching: Vec<(Vec<u8>, &Route)> = matching.collect();
    matching.sort_by(|one, other| one.0.cmp(&other.0));
    let best = matching.first()?.0.clone();
    let methods = || matching.iter().filter(|(rank, _)| *rank == best).map(|(_, route)| *route);
    let named = methods().find(|route| route.verb.eq_ignore_ascii_case(verb));
    named.or_else(|| methods().find(|route| route.verb == "ANY"))
}

/// By segment, the smaller the better; none where the path does not match.
fn rank(template: &str, path: &str) -> Option<Vec<u8>> {
    let mut ranks = Vec::new();
    let mut given = path.trim_matches('/').split('/');
    for wanted in template.trim_matches('/').split('/') {
        let greedy = wanted.ends_with("+}");
        let segment = given.next()?;
        ranks.push(match wanted {
            _ if greedy && !segment.is_empty() => 2,
            wanted if wanted.starts_with('{') && !segment.is_empty() => 1,
            wanted if wanted == segment => 0,
            _ => return None,
        });
        if greedy {
            return Some(ranks);
        }
    }
    given.next().is_none().then_some(ranks)
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn paths_are_chosen_as_api_gateway_chooses_them() {
        assert_eq!(rank("/", "/"), Some(vec![0]));
        assert_eq!(rank("/admit", "/admit"), Some(vec![0]));
        assert_eq!(rank("/admit/{who}", "/admit/me"), Some(vec![0, 1]));
        assert_eq!(rank("/{proxy+}", "/admit/me"), Some(vec![2]));
        assert_eq!(rank("/admit", "/admit/me"), None);
        assert_eq!(rank("/admit/{who}", "/admit"), None);
        assert_eq!(rank("/{proxy+}", "/"), None);
    }
}
