//! What AWS refuses for good, or for longer than a run is patient: the kind of problem that a run ends with, whatever step it
//! was at, and that the same command goes on from there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use poc::aws::EmbeddedCloud;
use poc::event::{Problem, Recorder};
use poc::local::cloud::faults::{Between, Decision, Fault, Intended};
use poc::pipeline::{self, Failure};

use crate::support::World;
use crate::support::problems::{shown, shown_as};

/// Answers every call of one operation with the same, until it relents.
struct Refusing {
    operation: &'static str,
    fault: Fault,
    relents: AtomicBool,
}

impl Between for Refusing {
    fn before<'a>(&'a self, call: &'a Intended) -> Decision<'a> {
        let refused = call.operation == self.operation && !self.relents.load(Ordering::Relaxed);
        Box::pin(std::future::ready(refused.then_some(self.fault)))
    }
}

fn refusing(world: &mut World, operation: &'static str, fault: Fault) -> Arc<Refusing> {
    let line = Arc::new(Refusing { operation, fault, relents: AtomicBool::new(false) });
    world.settings.cloud = Some(EmbeddedCloud::from(world.cloud.clone()).with(line.clone()));
    line
}

#[track_caller]
fn problem<T: std::fmt::Debug>(result: Result<T, Failure>) -> Problem {
    match result {
        Err(Failure::Problem(problem)) => *problem,
        other => panic!("{other:?}"),
    }
}

/// The problem that a first deploy ends with; when AWS has thought better of it, the next one ends well.
async fn deploy_ends(operation: &'static str, fault: Fault) -> Problem {
    let mut world = World::new();
    let line = refusing(&mut world, operation, fault);
    let problem = problem(world.try_deploy().await.0);
    assert_eq!(problem.operation.as_deref(), Some(operation), "{problem:?}");
    line.relents.store(true, Ordering::Relaxed);
    world.deploy().await;
    world.assert_idle().await;
    problem
}

const fn answer(status: u16, code: &'static str, message: &'static str) -> Fault {
    Fault::Refused { status, code, message }
}

#[tokio::test(start_paused = true)]
async fn each_refusal_has_its_kind_and_its_way_on() {
    for (name, operation, fault) in [
        ("access_denied-of_an_action", "CreateFunction", Fault::AccessDenied),
        (
            "already_exists",
            "CreateDeployment",
            answer(409, "ConflictException", "Another resource with the same parent already has this name: prod"),
        ),
        (
            "busy",
            "PutMethod",
            answer(409, "ConflictException", "Unable to complete operation at this time. Please try again later"),
        ),
        (
            "clock_off",
            "GetCallerIdentity",
            answer(
                403,
                "SignatureDoesNotMatch",
                "Signature expired: 20260131T120000Z is now earlier than 20260131T121500Z (20260131T123000Z - 15 min.)",
            ),
        ),
        (
            "credentials-unknown_to_aws",
            "GetCallerIdentity",
            answer(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
        ),
        ("credentials_expired", "CreateUsagePlan", Fault::ExpiredToken),
        (
            "invalid_request",
            "CreateUsagePlan",
            answer(400, "BadRequestException", "Usage Plan burst limit is over the account's"),
        ),
        ("not_found", "PutMethod", answer(404, "NotFoundException", "Invalid Resource identifier specified")),
        ("quota", "CreateRole", answer(409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000")),
        (
            "role_not_ready",
            "CreateFunction",
            answer(
                400,
                "InvalidParameterValueException",
                "The role defined for the function cannot be assumed by Lambda.",
            ),
        ),
        ("throttled", "CreateRestApi", Fault::TooManyRequests),
        ("unclear", "CreateUsagePlan", Fault::InternalError),
        ("unclear-without_an_answer", "CreateRole", Fault::HangBefore),
        ("unreachable", "GetCallerIdentity", Fault::ConnectionRefused),
    ] {
        shown_as(name, &deploy_ends(operation, fault).await);
    }
}

#[tokio::test(start_paused = true)]
async fn what_others_still_use_stops_a_teardown_with_its_name() {
    let mut world = World::new();
    world.deploy().await;
    let used = answer(409, "DeleteConflict", "Cannot delete entity, must remove roles from instance profile first.");
    let line = refusing(&mut world, "DeleteRole", used);
    let torn = pipeline::teardown(&world.settings, &Recorder::default(), &|_| true).await;
    let problem = problem(torn);
    assert_eq!((problem.kind, problem.operation.as_deref()), ("in_use", Some("DeleteRole")));
    shown(&problem);
    line.relents.store(true, Ordering::Relaxed);
    assert!(world.teardown().await.0.left.is_empty());
}
