//! One call and its tries: what it waits for takes nothing from the patience with which a refusal is met.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use aws_sdk_apigateway::operation::delete_rest_api::DeleteRestApiError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use poc::aws::{Aws, Connection, EmbeddedCloud, ErrorKind, Place, Repeat};
use poc::event::{Event, Recorder};
use poc::local::cloud::faults::{Between, Decision, Fault, Intended};
use poc::local::cloud::{Cloud, Profile};
use tokio::time::Instant;

use crate::support::clock::clock;
use crate::support::{REGION, Told, World, counting};

/// The first call of an operation meets a fault.
struct Once(Mutex<Option<&'static str>>, Fault);

impl Between for Once {
    fn before<'a>(&'a self, call: &'a Intended) -> Decision<'a> {
        let mut waited_for = self.0.lock().unwrap();
        let met = *waited_for == Some(call.operation);
        if met {
            *waited_for = None;
        }
        Box::pin(std::future::ready(met.then_some(self.1)))
    }
}

/// The longest that the SDK waits for an answer uses up what the patience with lost answers would be.
#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_sent_once_more() {
    for (operation, fault) in [
        ("GetCallerIdentity", Fault::HangBefore),
        ("GetRestApis", Fault::HangBefore),
        ("GetRole", Fault::HangAfter),
        ("CreateStage", Fault::HangBefore),
        ("ChangeResourceRecordSets", Fault::HangAfter),
        ("CreateRestApi", Fault::HangAfter),
    ] {
        let mut world = World::with(counting());
        let line = Arc::new(Once(Mutex::new(Some(operation)), fault));
        world.settings.cloud = Some(EmbeddedCloud::from(world.cloud.clone()).with(line.clone()));
        let (result, told) = world.try_deploy().await;
        assert!(result.is_ok(), "{operation}: {:#?}", told.0.last());
        let met = line.0.lock().unwrap().is_none();
        assert!(met, "{operation} was not called");
    }
}

type Answer = Result<(), SdkError<DeleteRestApiError, HttpResponse>>;

/// How connections fail: one is never made, one breaks.
const REFUSED: &str = "connection refused";
const BROKEN: &str = "connection reset by peer";

/// API Gateway deletes one API per 30 s, so the second call waits that long before it is sent at all.
async fn second_of_two(recorder: &Recorder, failures: &[&str]) -> (poc::aws::Result<()>, usize) {
    let cloud = EmbeddedCloud::from(Cloud::in_memory(clock(), Profile::aws(1)));
    let connection = Connection {
        clock: cloud.clock(),
        place: Place::Embedded(cloud),
        region: Some(REGION.to_owned()),
        profile: None,
        seed: 1,
    };
    let aws = Aws::connect(connection, recorder).await.unwrap();
    let first = aws.call("apigateway", "DeleteRestApi", Repeat::Safe, || async { Answer::Ok(()) }).await;
    first.unwrap();
    let sent = Cell::new(0);
    let answer = || {
        let at = sent.replace(sent.get() + 1);
        let failure = failures.get(at).map(|why| SdkError::dispatch_failure(ConnectorError::io((*why).into())));
        async move { failure.map_or(Answer::Ok(()), Err) }
    };
    let second = aws.call("apigateway", "DeleteRestApi", Repeat::Safe, answer).await;
    (second, sent.get())
}

#[tokio::test(start_paused = true)]
async fn what_was_waited_for_its_turn_is_told_and_takes_nothing_from_the_patience() {
    for broke in [REFUSED, BROKEN] {
        let (recorder, begun) = (Recorder::default(), Instant::now());
        let (second, sent) = second_of_two(&recorder, &[broke]).await;
        assert!(second.is_ok() && sent == 2, "{second:?} after {sent}");
        assert!(begun.elapsed() >= Duration::from_secs(30), "{:?}", begun.elapsed());
        let told = Told(recorder.0.into_inner());
        let waits: Vec<&str> = told
            .0
            .iter()
            .filter_map(|event| match event {
                Event::StepWaiting { waiting_for, usual, .. } if *usual > Duration::from_secs(29) => {
                    Some(waiting_for.as_str())
                }
                _ => None,
            })
            .collect();
        assert_eq!(waits[0], "its turn: API Gateway allows one deletion of a REST API per 30 s");
    }
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_what_was_tried_for_is_told_without_the_wait() {
    let recorder = Recorder::default();
    let (second, _) = second_of_two(&recorder, &[REFUSED; 1000]).await;
    let error = second.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Unreachable);
    let tried = error.tried_for.unwrap();
    assert!(
        tried < Duration::from_secs(5),
        "what it waited for its turn, before and between the tries, is not in it: {tried:?}"
    );
}
