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

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use serde_json::{Value, json};

use super::gateway::{Trace, Traced};
use super::serve::{Answered, By};
pub use calls::Begun;
use calls::Calls;
use guard::{Asker, Reach, Refused};

/// Where it is, and what stage's name would be in its way.
const PLACE: &str = "/_poc";

/// What it takes to show the page.
pub struct Page {
    told: RwLock<Told>,
    calls: Mutex<Calls>,
    /// Stands in the page that a person opened, and in no answer that a script can read.
    token: String,
    /// Tells one run of the server from the next.
    run: u64,
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
}

impl Default for Page {
    fn default() -> Page {
        // The one chance here that no run has to repeat: who guesses the token is told the keys.
        let chance = RandomState::new();
        let token = format!("{:016x}{:016x}", chance.hash_one(0), chance.hash_one(1));
        Page { told: RwLock::default(), calls: Mutex::default(), token, run: chance.hash_one(2) >> 12 }
    }
}

impl Page {
    /// Which address is listened to.
    pub fn set_reach(&self, address: IpAddr) {
        self.write().reach = Reach::of(address);
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
        let reach = self.read().reach;
        let asker = match Asker::of(head, reach) {
            Ok(asker) => asker,
            Err(refused) => return answered(refused.response(), By::Server { reason: refused.why.to_owned() }),
        };
        let response = match asked {
            Asked::Start => moved(),
            Asked::File(name) => match files::file(name, asker.may_get_the_token().then_some(self.token.as_str())) {
                Some(file) => file,
                None => nothing(),
            },
            Asked::Routes => self.routes(),
            Asked::Calls if reach == Reach::ThisMachine => self.told_calls(head.uri.query()),
            Asked::Calls => json(&json!({ "run": self.run, "deployed": self.read().deployed, "calls": null })),
            Asked::Keys => match asker.may_get_keys(&self.token) {
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
                "run": self.run,
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
        json(&json!({ "run": self.run, "deployed": self.read().deployed, "calls": calls }))
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
