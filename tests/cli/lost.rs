//! Answers that are lost on the way: a creation that AWS would repeat is looked for, not sent again blindly
//! (`AWS_FACTS` A, "Idempotency of creates"). Real connections, between which the answer or the request is cut off.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::join_all;
use poc::aws::{EmbeddedCloud, Port};
use poc::clock::Clock;
use poc::local::cloud::{Cloud, Profile};
use serde_json::Value;

use super::relay::{Fate, Relay};
use super::{Desk, Ran};

/// What is cut off: how its head begins, and what its head and body hold.
type Wanted = (&'static str, &'static str);

/// Every creation of a first deploy.
const CREATIONS: [Wanted; 24] = [
    ("PUT /serverless-poc", "HTTP/1.1"),
    ("PUT /serverless-poc", "/lock.json"),
    ("PUT /serverless-poc", ".zip"),
    ("POST /", "Action=CreateRole&"),
    ("POST /", "Action=PutRolePolicy&"),
    ("POST /", "Logs_20140328.CreateLogGroup"),
    ("POST /2015-03-31/functions ", "HTTP/1.1"),
    ("POST /2015-03-31/functions/", "/aliases "),
    ("POST /2015-03-31/functions/", "/policy"),
    ("POST /restapis ", "HTTP/1.1"),
    ("POST /restapis/", "/resources/"),
    ("PUT /restapis/", "/methods/GET "),
    ("PUT /restapis/", "/methods/GET/responses/"),
    ("PUT /restapis/", "/methods/GET/integration "),
    ("PUT /restapis/", "/integration/responses/"),
    ("POST /restapis/", "/deployments "),
    ("POST /restapis/", "/stages "),
    ("POST /usageplans ", "HTTP/1.1"),
    ("POST /usageplans/", "/keys "),
    ("POST /apikeys ", "HTTP/1.1"),
    ("POST /domainnames ", "HTTP/1.1"),
    ("POST /domainnames/", "/basepathmappings "),
    ("POST /2013-04-01/hostedzone/", "/rrset"),
    ("POST /", "CertificateManager.RequestCertificate"),
];

/// How many there are of what AWS would make twice.
pub fn counts(state: &Value) -> Vec<(&'static str, usize)> {
    let region = &state["apigateway"]["regions"]["us-east-1"];
    let count = |things: &Value| things.as_object().map_or(0, serde_json::Map::len);
    let mut counts: Vec<_> =
        ["rest_apis", "usage_plans", "api_keys", "domain_names"].map(|name| (name, count(&region[name]))).into();
    let api = region["rest_apis"].as_object().and_then(|apis| apis.values().next()).cloned().unwrap_or_default();
    counts.push(("deployments", count(&api["deployments"])));
    counts.push(("stages", count(&api["stages"])));
    counts.push(("certificates", count(&state["acm"]["certificates"])));
    counts.push(("roles", count(&state["iam"]["roles"])));
    counts.push(("versions", count(&state["lambda"]["regions"]["us-east-1"]["ServerlessPOCAdmission"]["versions"])));
    counts
}

async fn deploy(desk: &Desk, relay: &Relay) -> Ran {
    let endpoint = relay.url();
    let arguments = ["deploy", "--yes", "--json", "--verbose", "--no-checks", "--endpoint-url", &endpoint];
    let mut command = desk.command(&arguments);
    command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
    Ran::of(tokio::process::Command::from(command).output().await.unwrap())
}

/// The first request that is wanted meets `lost`.
async fn survives((start, part): Wanted, lost: Fate) {
    let desk = Desk::new();
    let cloud = Cloud::in_memory(Clock::system(), Profile::quick());
    let port = Port::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let upstream = port.address().unwrap();
    let mut serving = EmbeddedCloud::from(cloud.clone()).serve(port).unwrap();
    let met = Rc::new(Cell::new(false));
    let moment = format!("{lost:?}: {start} … {part}");
    let seen = met.clone();
    let relay = Relay::to(upstream, move |request| {
        let wanted = !seen.get() && request.starts_with(start) && request.contains(part);
        seen.set(seen.get() || wanted);
        if wanted { lost.clone() } else { Fate::Passed }
    })
    .await;
    let ran = deploy(&desk, &relay).await;
    assert_eq!(ran.code, Some(0), "{moment}: {}\n{}", ran.out, ran.err);
    assert!(met.get(), "{moment}: it was never sent");
    let state = cloud.look(|state, _| serde_json::to_value(state).unwrap()).await.unwrap();
    for (things, count) in counts(&state) {
        assert_eq!(count, 1, "{moment}: {things}\n{}", ran.out);
    }
    let again = deploy(&desk, &relay).await;
    assert_eq!(again.last_event()["writes"], 0, "{moment}: {}", again.out);
    drop(relay);
    serving.stop(|_| ()).await;
}

#[tokio::test]
async fn nothing_is_doubled_or_missing_whatever_request_or_answer_is_lost() {
    let both = |wanted| [(wanted, Fate::RequestLost), (wanted, Fate::AnswerLost)];
    let all: Vec<(Wanted, Fate)> = CREATIONS.into_iter().flat_map(both).collect();
    for some in all.chunks(6) {
        let local = tokio::task::LocalSet::new();
        local.run_until(join_all(some.iter().map(|(wanted, lost)| survives(*wanted, lost.clone())))).await;
    }
}
