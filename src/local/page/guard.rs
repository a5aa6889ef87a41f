//! Who may see the page, and who its secrets.
//!
//! The port is for this machine, but whatever a browser on this machine shows can reach it. So the host name must be one
//! that no stranger can own (against DNS rebinding), the browser must not say that another site asks, and no answer
//! carries a word of CORS. The keys' values are told to the page itself alone: by the token in it, which is put into no
//! answer that another page of the same origin, a site's or an API's, could read. Where `--host` opens the port to
//! others, they see what can be called, but no key and nobody's calls.

use std::net::IpAddr;

use super::{Bytes, HeaderMap, HeaderName, HeaderValue, Method, Parts, Response, StatusCode};

/// Brings the token; no form and no other site can send it.
const TOKEN: &str = "x-poc-page";

/// Scripts and styles from here alone, no frame around it, no form sent anywhere, and no text ever taken for markup.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// From where the port can be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reach {
    ThisMachine,
    /// Until it is known to be this machine alone, too.
    #[default]
    Others,
}

impl Reach {
    pub fn of(address: IpAddr) -> Reach {
        if address.is_loopback() { Reach::ThisMachine } else { Reach::Others }
    }
}

/// Why something is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: StatusCode,
    pub why: &'static str,
}

impl Refused {
    pub fn new(status: StatusCode, why: &'static str) -> Refused {
        Refused { status, why }
    }

    fn forbidden(why: &'static str) -> Refused {
        Refused::new(StatusCode::FORBIDDEN, why)
    }

    pub fn response(self) -> Response<Bytes> {
        let mut response = super::json(&serde_json::json!({ "message": self.why }));
        *response.status_mut() = self.status;
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(http::header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }
}

/// Somebody who may see the page.
#[derive(Debug)]
pub struct Asker<'a> {
    headers: &'a HeaderMap,
    reach: Reach,
}

impl<'a> Asker<'a> {
    /// # Errors
    /// Why they may not.
    pub fn of(head: &'a Parts, reach: Reach) -> Result<Asker<'a>, Refused> {
        let asker = Asker { headers: &head.headers, reach };
        if head.method != Method::GET && head.method != Method::HEAD {
            return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "the page is for reading: GET and HEAD"));
        }
        let authority = head.uri.authority().map(http::uri::Authority::as_str);
        let host = authority.or_else(|| asker.header("host")).unwrap_or_default();
        // Under other reach, the server has looked at the name: it is one of this machine or its own network.
        if reach == Reach::ThisMachine && !is_this_machine(name(host)) {
            return Err(Refused::forbidden("the page is shown under localhost and 127.0.0.1 alone"));
        }
        let origin = asker.header("origin").map(|origin| origin.strip_prefix("http://").unwrap_or("another"));
        if origin.is_some_and(|origin| !origin.eq_ignore_ascii_case(host)) {
            return Err(Refused::forbidden("the page is not for other origins"));
        }
        match asker.header("sec-fetch-site") {
            None | Some("same-origin" | "none") => Ok(asker),
            // Who follows a link to it sees it in a window of its own, which the other site cannot look into.
            Some(_) if asker.opens_a_window() => Ok(asker),
            Some(_) => Err(Refused::forbidden("the page is not for other sites")),
        }
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).map(|value| value.to_str().unwrap_or("another"))
    }

    /// As the browser itself says: no script can set these.
    fn opens_a_window(&self) -> bool {
        self.header("sec-fetch-mode") == Some("navigate") && self.header("sec-fetch-dest") == Some("document")
    }

    pub fn may_get_the_token(&self) -> bool {
        self.reach == Reach::ThisMachine && self.opens_a_window()
    }

    /// # Errors
    /// Why not.
    pub fn may_get_keys(&self, token: Option<&str>) -> Result<(), Refused> {
        if self.reach != Reach::ThisMachine {
            return Err(Refused::forbidden("the port is open to others, so no key is shown; `poc key show` prints it"));
        }
        let itself =
            self.header("sec-fetch-site") == Some("same-origin") && token.is_some() && self.header(TOKEN) == token;
        if itself {
            Ok(())
        } else {
            Err(Refused::forbidden("keys are for the page itself; `poc key show` prints them"))
        }
    }
}

/// Without the port.
fn name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Names that lead nowhere but here, whatever a name server says.
fn is_this_machine(name: &str) -> bool {
    let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => {
            let lower = name.to_ascii_lowercase();
            lower == "localhost" || lower.ends_with(".localhost")
        }
    }
}

/// What every answer has, a refusal too.
pub fn protect(headers: &mut HeaderMap) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("content-security-policy", POLICY),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(method: &str, headers: &[(&str, &str)]) -> Parts {
        let request = http::Request::builder().method(method).uri("/_poc/calls");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(()).unwrap().into_parts().0
    }

    fn refused(reach: Reach, headers: &[(&str, &str)]) -> Option<u16> {
        Asker::of(&head("GET", headers), reach).err().map(|refused| refused.status.as_u16())
    }

    #[test]
    fn names_that_a_stranger_could_own_show_nothing() {
        for host in ["127.0.0.1:3000", "localhost", "LOCALHOST:3000", "app.localhost:3000", "[::1]:3000", "127.9.9.9"] {
            assert_eq!(refused(Reach::ThisMachine, &[("host", host)]), None, "{host}");
        }
        for host in ["evil.example", "mybox:3000", "localhost.evil.example", "10.0.0.1:3000", "0.0.0.0:3000", ""] {
            assert_eq!(refused(Reach::ThisMachine, &[("host", host)]), Some(403), "{host}");
        }
        assert_eq!(refused(Reach::Others, &[("host", "192.168.1.7:3000")]), None);
    }

    #[test]
    fn another_page_is_told_nothing() {
        let here = ("host", "localhost:3000");
        let of = |name, value| refused(Reach::ThisMachine, &[here, (name, value)]);
        for site in ["cross-site", "same-site", "anything"] {
            assert_eq!(of("sec-fetch-site", site), Some(403), "{site}");
        }
        assert_eq!((of("sec-fetch-site", "same-origin"), of("sec-fetch-site", "none")), (None, None));
        assert_eq!(of("origin", "http://localhost:3000"), None);
        for origin in ["http://localhost:8080", "https://localhost:3000", "null", "http://evil.example"] {
            assert_eq!(of("origin", origin), Some(403), "{origin}");
        }
        let link = [here, ("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")];
        let window = |dest| refused(Reach::ThisMachine, &[&link[..], &[("sec-fetch-dest", dest)]].concat());
        assert_eq!((window("document"), window("iframe")), (None, Some(403)));
        assert_eq!(Asker::of(&head("POST", &[here]), Reach::ThisMachine).unwrap_err().status, 405);
        assert_eq!(Asker::of(&head("OPTIONS", &[here]), Reach::ThisMachine).unwrap_err().status, 405);
    }

    #[test]
    fn keys_are_for_the_page_itself() {
        let here = ("host", "localhost:3000");
        let keys = |reach, headers: &[(&str, &str)]| {
            let head = head("GET", &[&[here], headers].concat());
            Asker::of(&head, reach).unwrap().may_get_keys(Some("abc")).is_ok()
        };
        let own = ("sec-fetch-site", "same-origin");
        assert!(keys(Reach::ThisMachine, &[own, ("x-poc-page", "abc")]));
        assert!(!keys(Reach::Others, &[own, ("x-poc-page", "abc")]));
        assert!(!keys(Reach::ThisMachine, &[own]));
        assert!(!keys(Reach::ThisMachine, &[own, ("x-poc-page", "ab")]));
        assert!(!keys(Reach::ThisMachine, &[("x-poc-page", "abc")]));
        assert!(!keys(Reach::ThisMachine, &[("sec-fetch-site", "none"), ("x-poc-page", "abc")]));
    }

    #[test]
    fn the_token_is_in_what_a_person_opened() {
        let opened = [("host", "localhost"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        let may =
            |reach, headers: &[(&str, &str)]| Asker::of(&head("GET", headers), reach).unwrap().may_get_the_token();
        assert!(may(Reach::ThisMachine, &opened));
        assert!(!may(Reach::Others, &opened));
        assert!(!may(Reach::ThisMachine, &opened[..2]));
        let fetched = [("host", "localhost"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")];
        assert!(!may(Reach::ThisMachine, &fetched));
    }
}
