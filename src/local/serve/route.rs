//! Who a request is for: one of the AWS APIs, a deployed API, a site in a bucket, or this server itself.
//!
//! A signature decides. The SDKs, the AWS CLI and boto3 sign what they send for one service, and no call of a deployed
//! API is signed for those. It also keeps web pages out: a page that a browser shows can send requests to 127.0.0.1,
//! but it cannot add an `Authorization` header without asking first (a CORS preflight, which is never answered here
//! with a yes), nor reach this server under its own host name by DNS rebinding, because the AWS APIs answer only to
//! names that no stranger can own.

use std::net::IpAddr;

use http::request::Parts;
use http::{HeaderMap, Method};

use super::refusal::{Refusal, refused};
use crate::local::gateway::Target;

/// AWS's services that are here, by signing name, and how large a body each takes. (A ready package for Lambda is
/// 50 MB, in base64 70; S3 itself takes more than a machine's memory.)
const SERVICES: [(&str, usize); 9] = [
    ("acm", OTHERS),
    ("apigateway", OTHERS),
    ("ecr", OTHERS),
    ("iam", OTHERS),
    ("lambda", 75 << 20),
    ("logs", OTHERS),
    ("route53", OTHERS),
    ("s3", 300 << 20),
    ("sts", OTHERS),
];
const OTHERS: usize = 10 << 20;

/// Nobody sends a site anything; what somebody sends all the same is read, so that the answer arrives.
const TO_A_SITE: usize = 1 << 16;

/// Payload of a REST API (`AWS_FACTS` C8).
const PAYLOAD: usize = 10 << 20;

/// What path of this server is its own, with what is below it.
const OWN: &str = "/_poc";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// An AWS API, by its signing name.
    Aws(Service),
    /// A deployed API.
    Api(Target),
    /// The website endpoint of the bucket of that name.
    Site(String),
    /// The server itself: its page, and its own health.
    Own,
}

/// What stands behind the port where the host name says no more than that it is this machine.
#[derive(Clone, Copy, Debug)]
pub struct Behind<'a> {
    /// The API that answers.
    pub default_api: Option<&'a str>,
    /// The site beside it.
    pub site: Option<&'a Site>,
    /// Whether the server has paths of its own.
    pub own: bool,
}

/// The site that answers where the host name does not say who is meant, and the path is not the API's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    pub bucket: String,
    /// The path that the API answers under: `/prod`.
    pub api: String,
}

impl Site {
    fn leaves_to_the_api(&self, path: &str) -> bool {
        is_or_is_below(path, &self.api)
    }
}

fn is_or_is_below(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// A service of AWS that is here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Service {
    pub name: &'static str,
    body: usize,
}

impl Service {
    fn signed(name: &str) -> Option<Service> {
        let (name, body) = SERVICES.into_iter().find(|(known, _)| *known == name)?;
        Some(Service { name, body })
    }
}

impl Destination {
    /// Bytes of the longest body it takes.
    pub(super) fn longest_body(&self) -> usize {
        match self {
            Destination::Aws(service) => service.body,
            Destination::Api(_) => PAYLOAD,
            Destination::Site(_) => TO_A_SITE,
            Destination::Own => 0,
        }
    }

    pub(super) fn of(head: &Parts, behind: &Behind<'_>) -> Result<Destination, Refusal> {
        let host = host(head);
        let here = is_here(host);
        if let Some(service) = signed_for(head) {
            return aws(service, head, here || host.ends_with(".amazonaws.com"));
        }
        if let Some(id) = named_api(host) {
            return Ok(Destination::Api(Target::Api { id: id.to_owned() }));
        }
        if let Some(bucket) = named_site(host) {
            return Ok(Destination::Site(bucket.to_ascii_lowercase()));
        }
        if here && behind.own && is_or_is_below(head.uri.path(), OWN) {
            return Ok(Destination::Own);
        }
        if let Some(site) = behind.site.filter(|site| here && !site.leaves_to_the_api(head.uri.path())) {
            return Ok(Destination::Site(site.bucket.clone()));
        }
        match (here, behind.default_api) {
            (true, Some(id)) => Ok(Destination::Api(Target::Api { id: id.to_owned() })),
            (true, None) => Err(refused(404, "NotFoundException", "No API is deployed here")),
            (false, _) => Ok(Destination::Api(Target::Host(host.to_ascii_lowercase()))),
        }
    }
}

fn aws(service: &str, head: &Parts, trusted_name: bool) -> Result<Destination, Refusal> {
    let foreign = |name: &str| head.headers.contains_key(name);
    if !trusted_name || foreign("origin") || head.headers.get("sec-fetch-site").is_some_and(|site| site != "none") {
        let why = "The AWS APIs of this machine are not for web pages: call them by 127.0.0.1 or localhost";
        return Err(refused(403, "AccessDeniedException", why).for_sdk());
    }
    match Service::signed(service) {
        Some(service) => Ok(Destination::Aws(service)),
        None => {
            let why = format!("this cloud has no service '{}'", shown(service));
            Err(refused(400, "UnknownService", &why).for_sdk())
        }
    }
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect()
}

/// The host name, without the port: of the URL where it is absolute (HTTP/2, proxies), else of the header.
fn host(head: &Parts) -> &str {
    if let Some(host) = head.uri.host() {
        return host;
    }
    let header = head.headers.get(http::header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    match header.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => header,
    }
}

/// Names of this machine or its own network. Nobody can own one of them in the public DNS.
fn is_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let private = ["localhost", "local", "internal"];
    let last = host.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    bare.parse::<IpAddr>().is_ok() || !host.contains('.') || private.contains(&last.as_str())
}

/// `abc123.execute-api.localhost` names an API as `abc123.execute-api.us-east-1.amazonaws.com` does.
fn named_api(host: &str) -> Option<&str> {
    let (id, rest) = host.split_once('.')?;
    rest.eq_ignore_ascii_case("execute-api.localhost").then_some(id)
}

/// `pages.s3-website.localhost` names a bucket's site as `pages.s3-website-us-east-1.amazonaws.com` does.
fn named_site(host: &str) -> Option<&str> {
    let (bucket, rest) = host.rsplit_once(".s3-website")?;
    let rest = rest.to_ascii_lowercase();
    let of_aws =
        rest.starts_with(['.', '-']) && (rest.ends_with(".amazonaws.com") || rest.ends_with(".amazonaws.com.cn"));
    (rest == ".localhost" || of_aws).then_some(bucket)
}

/// The service that the request is signed for; `execute-api` is for calls of deployed APIs, which see to it themselves.
fn signed_for(head: &Parts) -> Option<&str> {
    let service = in_header(&head.headers).or_else(|| in_query(head))?;
    (service != "execute-api").then_some(service)
}

/// `AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/apigateway/aws4_request, …`
fn in_header(headers: &HeaderMap) -> Option<&str> {
    let signature = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
    let scope = signature.split("Credential=").nth(1)?.split([',', ' ']).next()?;
    scope.split('/').nth(3)
}

/// A presigned URL, which is S3's alone, and only in ways that no form of a web page can send with an effect.
fn in_query(head: &Parts) -> Option<&str> {
    let presigned = [Method::GET, Method::HEAD, Method::PUT].contains(&head.method);
    let query = head.uri.query().filter(|_| presigned)?;
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    // The older signature, which the AWS CLI still makes where a bucket is in us-east-1.
    if value("AWSAccessKeyId").is_some() && value("Signature").is_some() {
        return Some("s3");
    }
    let scope = value("X-Amz-Credential")?;
    let service = if scope.contains('/') { scope.split('/').nth(3) } else { scope.split("%2F").nth(3) };
    service.filter(|service| *service == "s3")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
        let request = http::Request::builder().method(method).uri(uri);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    fn signature(service: &str) -> String {
        format!("AWS4-HMAC-SHA256 Credential=LOCAL/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host")
    }

    const BEHIND: Behind<'_> = Behind { default_api: Some("abc123"), site: None, own: true };

    fn of(head: &Parts) -> Result<Destination, u16> {
        Destination::of(head, &BEHIND).map_err(|refusal| refusal.status)
    }

    #[test]
    fn a_site_has_what_is_not_the_apis() {
        let site = Site { bucket: "pages".to_owned(), api: "/prod".to_owned() };
        let of = |host: &str, path: &str| {
            let behind = Behind { site: Some(&site), ..BEHIND };
            Destination::of(&head("GET", path, &[("host", host)]), &behind).unwrap()
        };
        for path in ["/prod", "/prod/", "/prod/admit", "/prod/../index.html"] {
            assert_eq!(Ok(of("127.0.0.1:3000", path)), default_api(), "{path}");
        }
        let pages = Destination::Site("pages".to_owned());
        for path in ["/", "/index.html", "/production/", "/admit", "/%70rod/admit"] {
            assert_eq!(of("localhost:3000", path), pages, "{path}");
        }
        for path in ["/_poc", "/_poc/", "/_poc/health"] {
            assert_eq!(of("127.0.0.1:3000", path), Destination::Own, "{path}");
        }
        assert_eq!(of("127.0.0.1:3000", "/_pocket"), pages);
        // A stage of that name keeps its paths.
        let occupied = Behind { own: false, ..BEHIND };
        let stage = head("GET", "/_poc/health", &[("host", "127.0.0.1:3000")]);
        assert_eq!(Destination::of(&stage, &occupied).map_err(|refusal| refusal.status), default_api());
        for host in ["Pages.s3-website.localhost:3000", "pages.s3-website-us-east-1.amazonaws.com"] {
            assert_eq!(of(host, "/prod/admit"), pages, "{host}");
        }
        let dotted = Destination::Site("my.pages".to_owned());
        assert_eq!(of("my.pages.s3-website.eu-central-1.amazonaws.com", "/"), dotted);
        let elsewhere = Destination::Api(Target::Host("pages.s3-website.example.com".to_owned()));
        assert_eq!(of("pages.s3-website.example.com", "/"), elsewhere);
    }

    fn default_api() -> Result<Destination, u16> {
        Ok(Destination::Api(Target::Api { id: "abc123".to_owned() }))
    }

    #[test]
    fn the_host_says_which_api() {
        for host in
            ["127.0.0.1:3000", "localhost:3000", "[::1]:3000", "192.168.1.7", "mybox:3000", "host.docker.internal"]
        {
            assert_eq!(of(&head("GET", "/prod/admit", &[("host", host)])), default_api(), "{host}");
        }
        let host = |name: &str| Ok(Destination::Api(Target::Host(name.to_owned())));
        assert_eq!(of(&head("GET", "/poc/admit", &[("host", "API.example.com:3000")])), host("api.example.com"));
        let default = "abc123.execute-api.us-east-1.amazonaws.com";
        assert_eq!(of(&head("GET", "/prod/admit", &[("host", default)])), host(default));
        let other = Ok(Destination::Api(Target::Api { id: "zzz999".to_owned() }));
        assert_eq!(of(&head("GET", "/prod/admit", &[("host", "zzz999.execute-api.localhost:3000")])), other);
        assert_eq!(of(&head("GET", "http://api.example.com/poc", &[("host", "127.0.0.1")])), host("api.example.com"));
    }

    #[test]
    fn a_signature_leads_to_the_aws_apis() {
        let here = ("host", "127.0.0.1:3000");
        for service in ["apigateway", "lambda", "s3", "iam", "sts", "logs", "acm", "route53", "ecr"] {
            let found = of(&head("GET", "/", &[here, ("authorization", &signature(service))]));
            assert!(matches!(found, Ok(Destination::Aws(known)) if known.name == service), "{service}: {found:?}");
        }
        assert_eq!(of(&head("GET", "/", &[here, ("authorization", &signature("dynamodb"))])), Err(400));
        assert_eq!(of(&head("GET", "/", &[here, ("authorization", &signature("execute-api"))])), default_api());
        assert_eq!(of(&head("GET", "/", &[here, ("authorization", "Bearer s3")])), default_api());
    }

    #[test]
    fn a_web_page_cannot_drive_the_aws_apis() {
        let s3 = signature("s3");
        let signed = ("authorization", s3.as_str());
        // DNS rebinding: the page's own name leads here.
        assert_eq!(of(&head("DELETE", "/b", &[("host", "evil.example:3000"), signed])), Err(403));
        let here = ("host", "127.0.0.1:3000");
        assert_eq!(of(&head("DELETE", "/b", &[here, signed, ("origin", "https://evil.example")])), Err(403));
        assert_eq!(of(&head("GET", "/b", &[here, signed, ("sec-fetch-site", "cross-site")])), Err(403));
        // A form can post anywhere, with any query.
        let presigned = "/b/k?X-Amz-Credential=LOCAL%2F20260101%2Fus-east-1%2Fs3%2Faws4_request";
        assert_eq!(of(&head("POST", presigned, &[here])), default_api());
        assert!(matches!(of(&head("GET", presigned, &[here])), Ok(Destination::Aws(_))));
        let older = "/b/k?AWSAccessKeyId=LOCAL&Signature=x%3D&Expires=1795662310";
        assert!(matches!(of(&head("GET", older, &[here])), Ok(Destination::Aws(_))));
        assert_eq!(of(&head("POST", older, &[here])), default_api());
        let lambda = presigned.replace("s3", "lambda");
        assert_eq!(of(&head("GET", &lambda, &[here])), default_api());
    }
}
