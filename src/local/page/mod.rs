//! The page of `poc dev` at `/_poc/`: the API's methods, a form to call them, and the life of the last calls step by
//! step, with the values that they really had.
//!
//! ```text
//! /_poc/         the page, with page.css, page.js and the like beside it
//! /_poc/routes   what can be called, as the deployer described it
//! /_poc/calls    the last calls and what happened to each; ?after=7 for those after the seventh
//! /_poc/keys     the API keys that open the stage
//! /_poc/health   whether this is the right server, and alive: for scripts that wait for it
//! ```
//!
//! It shows what strangers may not see, so `guard` judges every request first. What the deployer says of the API is
//! passed on as it came: this side does not look into it.

mod calls;
mod files;
mod guard;

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use rand::{CryptoRng, Rng};
use serde_json::{Value, json};

use super::gateway::{Trace, Traced};
use super::serve::{Answered, By};
pub use calls::Begun;
use calls::Calls;
use guard::{Asker, Reach, Refused};

/// Where it is, and what stage's name would be in its way.
const PLACE: &str = "/_poc";

/// What it takes to show the page.
#[derive(Default)]
pub struct Page {
    told: RwLock<Told>,
    calls: Mutex<Calls>,
}

#[derive(Debug, Default)]
struct Told {
    /// None until there is something to show.
    routes: Option<Value>,
    /// How often there was something new to show.
    deployed: u64,
    /// The API answers under the very path.
    occupied: bool,
    stage: String,
    reach: Reach,
    /// Stands in the page that a person opened, and in no answer that a script can read. None until a port is open.
    token: Option<String>,
    /// Tells one run of the server from the next.
    run: u64,
}

impl Page {
    /// Shows itself at `address` from now on. Who guesses its token is told the keys, so `chance` must be such that
    /// nobody can.
    pub fn open(&self, address: IpAddr, chance: &mut impl CryptoRng) {
        let mut told = self.write();
        told.reach = Reach::of(address);
        told.token = Some(format!("{:032x}", chance.random::<u128>()));
        // No more bits than a number of JavaScript holds.
        told.run = chance.random::<u64>() >> 12;
    }

    /// Shows `routes` from now on, of an API's stage that answers under the path `api` (`/prod`).
    pub fn set_routes(&self, routes: Value, stage: &str, api: &str) {
        let mut told = self.write();
        told.routes = Some(routes);
        told.occupied = api == PLACE;
        stage.clone_into(&mut told.stage);
        told.deployed += 1;
    }

    /// Whether the API's paths leave room for it.
    pub fn has_room(&self) -> bool {
        !self.read().occupied
    }

    /// The stage whose keys it shows.
    pub fn stage(&self) -> String {
        self.read().stage.clone()
    }

    /// How much of the call that comes now it wants to be told.
    pub fn wants(&self) -> Traced {
        let shown = {
            let told = self.read();
            told.routes.is_some() && !told.occupied && told.reach == Reach::ThisMachine
        };
        if shown && self.calls().have_time() { Traced::Beginnings } else { Traced::Times }
    }

    /// Keeps a call that was traced.
    pub fn keep(&self, begun: Begun, response: &Response<Bytes>, trace: Trace) {
        self.calls().keep(begun, response, trace);
    }

    /// Answers what is asked for; `keys` are looked up where they may be told.
    pub async fn answer(&self, head: &Parts, keys: impl AsyncFnOnce() -> Vec<(String, String)>) -> Answered {
        let asked = Asked::of(head.uri.path());
        let (reach, run, token) = {
            let told = self.read();
            (told.reach, told.run, told.token.clone())
        };
        let token = token.as_deref();
        let asker = match Asker::of(head, reach) {
            Ok(asker) => asker,
            Err(refused) => return answered(refused.response(), By::Server { reason: refused.why.to_owned() }),
        };
        let response = match asked {
            Asked::Start => moved(),
            Asked::File(name) => match files::file(name, token.filter(|_| asker.may_get_the_token())) {
                Some(file) => file,
                None => nothing(),
            },
            Asked::Routes => self.routes(),
            Asked::Calls if reach == Reach::ThisMachine => self.told_calls(head.uri.query()),
            Asked::Calls => json(&json!({ "run": run, "deployed": self.read().deployed, "calls": null })),
            Asked::Keys => match asker.may_get_keys(token) {
                Ok(()) => json(&named(keys().await)),
                Err(refused) => return answered(refused.response(), By::Server { reason: refused.why.to_owned() }),
            },
        };
        answered(response, By::Page)
    }

    fn routes(&self) -> Response<Bytes> {
        let told = self.read();
        match &told.routes {
            Some(routes) => json(&json!({
                "run": told.run,
                "deployed": told.deployed,
                "open": told.reach != Reach::ThisMachine,
                "api": routes,
            })),
            None => Refused::new(StatusCode::NOT_FOUND, "nothing is deployed here").response(),
        }
    }

    fn told_calls(&self, query: Option<&str>) -> Response<Bytes> {
        let after = query.and_then(|query| query.strip_prefix("after=")).and_then(|after| after.parse().ok());
        let calls = self.calls().after(after.unwrap_or_default());
        let told = self.read();
        json(&json!({ "run": told.run, "deployed": told.deployed, "calls": calls }))
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Told> {
        self.told.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Told> {
        self.told.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What of the page is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked<'a> {
    /// The place without its slash, from which relative addresses would lead elsewhere.
    Start,
    File(&'a str),
    Routes,
    Calls,
    Keys,
}

impl Asked<'_> {
    fn of(path: &str) -> Asked<'_> {
        match path.strip_prefix(PLACE).and_then(|rest| rest.strip_prefix('/')) {
            None => Asked::Start,
            Some("routes") => Asked::Routes,
            Some("calls") => Asked::Calls,
            Some("keys") => Asked::Keys,
            Some(name) => Asked::File(name),
        }
    }
}

fn named(keys: Vec<(String, String)>) -> Value {
    let keys = keys.into_iter().map(|(name, value)| json!({ "name": name, "value": value }));
    json!({ "keys": keys.collect::<Vec<_>>() })
}

fn answered(mut response: Response<Bytes>, by: By) -> Answered {
    guard::protect(response.headers_mut());
    Answered { response, by }
}

fn json(value: &Value) -> Response<Bytes> {
    with_type("application/json", Bytes::from(value.to_string()))
}

fn with_type(kind: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(http::header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn moved() -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    response.headers_mut().insert(http::header::LOCATION, HeaderValue::from_static("/_poc/"));
    response
}

fn nothing() -> Response<Bytes> {
    Refused::new(StatusCode::NOT_FOUND, "the page has no such part").response()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    async fn opened(page: &Page) -> String {
        let request = http::Request::get("/_poc/").header("host", "localhost");
        let request = request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document");
        let answer = page.answer(&request.body(()).unwrap().into_parts().0, async || Vec::new()).await;
        String::from_utf8(answer.response.into_body().to_vec()).unwrap()
    }

    /// The status of what a script asks with the token that stands in the page.
    async fn keys(page: &Page, token: &str) -> u16 {
        let request = http::Request::get("/_poc/keys").header("host", "localhost");
        let request = request.header("sec-fetch-site", "same-origin").header("x-poc-page", token);
        page.answer(&request.body(()).unwrap().into_parts().0, async || Vec::new()).await.response.status().as_u16()
    }

    #[tokio::test]
    async fn the_token_is_drawn_from_the_chance_that_is_given_and_opens_that_page_alone() {
        let page = |seed| {
            let page = Page::default();
            page.open([127, 0, 0, 1].into(), &mut StdRng::seed_from_u64(seed));
            page
        };
        let (one, same, other) = (opened(&page(1)).await, opened(&page(1)).await, opened(&page(2)).await);
        assert!(one == same && one != other);
        let token = |page: &str| page.split("name=\"poc-page\" content=\"").nth(1).unwrap()[..32].to_owned();
        assert_eq!((keys(&page(1), &token(&one)).await, keys(&page(2), &token(&one)).await), (200, 403));
    }

    #[tokio::test]
    async fn a_page_at_no_port_has_no_token_that_could_be_guessed() {
        let page = Page::default();
        page.write().reach = Reach::ThisMachine;
        assert!(opened(&page).await.contains("name=\"poc-page\" content=\"\""));
        assert_eq!(keys(&page, "").await, 403);
    }
}
