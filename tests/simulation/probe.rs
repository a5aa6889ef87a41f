//! A caller who never stops calling: what is deployed must answer as before or as after, and never refuse a valid key.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use poc::local::cloud::Cloud;
use poc::local::gateway::{Call, Gateway, Target, Traced};
use poc::local::lambda::{Functions, Invocation, Invoked, Pending, Refused};

/// A function that gives back its event, where Lambda would run it.
struct Echo(Arc<Cloud>);

impl Functions for Echo {
    fn invoke(&self, invocation: Invocation) -> Pending<'_, Invoked> {
        Box::pin(async move {
            let parts: Vec<&str> = invocation.function_arn.split(':').collect();
            let (region, name, qualifier) = (parts[3], parts[6], parts.get(7).copied());
            let (now, profile) = (self.0.clock().epoch_millis(), self.0.profile());
            let runs = self.0.look(|state, _| {
                let function = state.lambda.function(region, name)?;
                function.resolve(qualifier).filter(|version| !version.is_pending(now, profile)).map(|_| ())
            });
            match runs.await.unwrap() {
                Some(()) => Ok(echo(invocation.payload)),
                None => Err(Refused {
                    status: 404,
                    code: "ResourceNotFoundException",
                    message: "not there".to_owned(),
                    reason: None,
                }),
            }
        })
    }

    fn queue(&self, invocation: Invocation) -> Pending<'_, ()> {
        self.check(invocation)
    }

    fn check(&self, invocation: Invocation) -> Pending<'_, ()> {
        Box::pin(async move { self.invoke(invocation).await.map(drop) })
    }
}

fn echo(payload: Bytes) -> Invoked {
    Invoked {
        payload,
        error: None,
        executed_version: "1".to_owned(),
        request_id: "11111111-2222-3333-4444-555555555555".to_owned(),
        log_tail: String::new(),
        duration: Duration::from_millis(2),
        init_duration: None,
    }
}

/// What there always is, what an update may add, and the first by the name of our own.
const PATHS: [&str; 3] = ["/prod/admit?gre=800&gpa=4&rank=1", "/prod/extra", "/poc/admit?gre=800&gpa=4&rank=1"];
const NAMED: usize = 2;

/// What each path answers.
pub type Answers = [String; 3];

pub struct Probe {
    cloud: Arc<Cloud>,
    gateway: Gateway,
    target: Target,
    key: String,
    /// Once the key that it knows is refused, the newest of ours must not be.
    turning: bool,
    heard: Mutex<Vec<Heard>>,
    /// Answers to the newest key, in words, where it was refused as well.
    locked_out: Mutex<Option<String>>,
}

struct Heard {
    /// Of the path.
    place: usize,
    moment: String,
    /// Milliseconds since 1970-01-01 UTC.
    at: u64,
    answer: String,
}

impl Probe {
    /// Calls our API, as it stands, with the key that it knows.
    pub async fn of(cloud: &Arc<Cloud>) -> Arc<Probe> {
        Arc::new(Probe::made(cloud, false).await)
    }

    /// As [`Probe::of`], while the key is turned: once it is refused, its successor must be accepted.
    pub async fn of_turning(cloud: &Arc<Cloud>) -> Arc<Probe> {
        Arc::new(Probe::made(cloud, true).await)
    }

    async fn made(cloud: &Arc<Cloud>, turning: bool) -> Probe {
        let found = cloud.look(|state, _| {
            let region = state.apigateway.regions.get("us-east-1")?;
            let ours = |tags: &std::collections::BTreeMap<String, String>| {
                tags.get("poc:stage").is_some_and(|stage| stage == "prod")
            };
            let api = region.rest_apis.values().find(|api| ours(&api.tags))?;
            let key = region.api_keys.values().find(|key| key.tags.as_ref().is_some_and(ours))?;
            Some((api.id.clone(), key.value.clone()))
        });
        let (id, key) = found.await.unwrap().expect("something is deployed");
        let gateway = Gateway::new(cloud.clone(), Arc::new(Echo(cloud.clone())));
        let (cloud, target) = (cloud.clone(), Target::Api { id });
        Probe { cloud, gateway, target, key, turning, heard: Mutex::default(), locked_out: Mutex::default() }
    }

    /// Sends a request to each path, and keeps the answers under `moment`.
    pub async fn call(&self, moment: &str) -> Answers {
        let mut answers = Answers::default();
        for (place, answer) in answers.iter_mut().enumerate() {
            *answer = self.ask(place, &self.key).await;
            let (moment, at) = (moment.to_owned(), self.cloud.clock().epoch_millis());
            self.heard.lock().unwrap().push(Heard { place, moment, at, answer: answer.clone() });
        }
        if self.turning && !answers[0].starts_with("200 ") {
            self.ask_with_the_newest(moment).await;
        }
        answers
    }

    async fn ask_with_the_newest(&self, moment: &str) {
        let newest = self.cloud.look(|state, _| {
            let keys =
                state.apigateway.regions.get("us-east-1").into_iter().flat_map(|region| region.api_keys.values());
            let ours = keys.filter(|key| {
                key.tags.as_ref().is_some_and(|tags| tags.get("poc:stage").is_some_and(|it| it == "prod"))
            });
            ours.max_by_key(|key| key.created_date).map(|key| key.value.clone())
        });
        let answer = self.ask(0, &newest.await.unwrap().unwrap_or_default()).await;
        if !answer.starts_with("200 ") {
            let text = format!("{moment}: neither the old key nor the newest is accepted: {answer}");
            self.locked_out.lock().unwrap().get_or_insert(text);
        }
    }

    async fn ask(&self, place: usize, key: &str) -> String {
        let path = PATHS[place];
        let target = if place == NAMED { Target::Host("api.example.com".to_owned()) } else { self.target.clone() };
        let request = http::Request::get(path).header("x-api-key", key).header("host", "localhost");
        let request = request.body(Bytes::new()).unwrap();
        let source_ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let answer = self.gateway.handle(Call { target, request, source_ip, traced: Traced::Times }).await;
        let body = String::from_utf8_lossy(answer.response.body()).into_owned();
        let reason = answer.trace.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
        format!("{} {body}{reason}", answer.response.status().as_u16())
    }

    /// The first answer before `until` (milliseconds since 1970-01-01 UTC) that is none of those that `allowed` has in the
    /// place of its path, and when.
    pub fn gap(&self, allowed: &[Answers], until: u64) -> Option<String> {
        let heard = self.heard.lock().unwrap();
        let fits = |one: &Heard| allowed.iter().any(|answers| answers[one.place] == one.answer);
        let gap = heard.iter().find(|one| one.at < until && !fits(one));
        let told =
            |one: &Heard| format!("{} {}: {}; expected one of {allowed:?}", PATHS[one.place], one.moment, one.answer);
        gap.map(told).or_else(|| self.locked_out.lock().unwrap().clone())
    }
}
