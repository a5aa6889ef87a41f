//! `poc logs --request` and `--access`: which lines of which logs.

use std::cell::RefCell;
use std::time::Duration;

use aws_sdk_cloudwatchlogs::types::InputLogEvent;
use poc::event::Recorder;
use poc::pipeline::{self, Failure, LogLine, LogsWanted};

use super::support::World;
use super::support::problems::shown_as;

const LAMBDA: &str = "11111111-1111-4111-8111-111111111111";
const OTHER: &str = "22222222-2222-4222-8222-222222222222";
const GATEWAY: &str = "99999999-9999-4999-8999-999999999999";
const FUNCTION: &str = "/aws/lambda/ServerlessPOCAdmission";

impl World {
    async fn writes(&self, group: &str, stream: &str, lines: &[&str]) {
        let logs = aws_sdk_cloudwatchlogs::Client::new(&self.sdk());
        let _ = logs.create_log_group().log_group_name(group).send().await;
        let _ = logs.create_log_stream().log_group_name(group).log_stream_name(stream).send().await;
        for line in lines {
            tokio::time::advance(Duration::from_millis(10)).await;
            let at = i64::try_from(self.cloud.clock().epoch_millis()).unwrap();
            let event = InputLogEvent::builder().timestamp(at).message(*line).build().unwrap();
            let put = logs.put_log_events().log_group_name(group).log_stream_name(stream).log_events(event);
            put.send().await.unwrap();
        }
    }

    async fn logs(&self, request: Option<&str>, access: bool) -> Result<Vec<String>, Failure> {
        let request = request.map(str::to_owned);
        let wanted = LogsWanted { since: Duration::from_secs(600), follow: false, errors: false, access, request };
        let told = RefCell::new(Vec::new());
        let show = |line: &LogLine| told.borrow_mut().push(line.message.clone());
        let shown = pipeline::logs(&self.settings, wanted, &Recorder::default(), &show).await?;
        assert_eq!(shown, told.borrow().len());
        Ok(told.into_inner())
    }
}

/// Two invocations, each in a sandbox of its own.
async fn world() -> World {
    let world = World::new();
    written(&world).await;
    world
}

async fn written(world: &World) {
    let one = format!("START RequestId: {LAMBDA} Version: 1");
    let other = format!("START RequestId: {OTHER} Version: 1");
    world.writes(FUNCTION, "a", &[&one, "from the one"]).await;
    world.writes(FUNCTION, "b", &[&other, "from the other"]).await;
    world.writes(FUNCTION, "a", &[&format!("END RequestId: {LAMBDA}")]).await;
}

fn of_the_one() -> Vec<String> {
    vec![format!("START RequestId: {LAMBDA} Version: 1"), "from the one".to_owned(), format!("END RequestId: {LAMBDA}")]
}

#[tokio::test(start_paused = true)]
async fn lambdas_id_finds_the_invocation() {
    let world = world().await;
    assert_eq!(world.logs(Some(LAMBDA), false).await.unwrap(), of_the_one());
    assert_eq!(world.logs(None, false).await.unwrap().len(), 5);
    assert_eq!(world.logs(Some(GATEWAY), false).await.unwrap(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn api_gateways_id_finds_it_through_the_access_log() {
    let world = world().await;
    let access = format!("{{\"requestId\":\"{GATEWAY}\",\"integration\":\"{LAMBDA}\",\"status\":200}}");
    let destination = "arn:aws:logs:us-east-1:000000000000:log-group:access";
    let log =
        format!("{{ destination: \"{destination}\", format: \"$context.requestId $context.integration.requestId\" }}");
    assert!(matches!(world.logs(None, true).await, Err(Failure::Usage(why)) if why.contains("access_log")));
    world.edit("deploy.yaml", "usage_plan:", &format!("stage_settings: {{ access_log: {log} }}\nusage_plan:"));
    // Nobody has called yet, so there is no such group.
    let Err(Failure::Problem(problem)) = world.logs(None, true).await else { panic!("there is a log") };
    assert_eq!(problem.kind, "no_log");
    assert!(problem.next.contains("the first call makes it"), "a deploy does not: {}", problem.next);
    shown_as("no_log-of_access", &problem);
    assert_eq!(world.logs(Some(LAMBDA), false).await.unwrap(), of_the_one());

    world.writes("access", "x", &[&access, "another request"]).await;
    let mut told = of_the_one();
    told.push(access.clone());
    assert_eq!(world.logs(Some(GATEWAY), false).await.unwrap(), told);
    assert_eq!(world.logs(Some(GATEWAY), true).await.unwrap(), std::slice::from_ref(&access));
    assert_eq!(world.logs(None, true).await.unwrap(), [access, "another request".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn and_through_execution_logs() {
    let world = World::new();
    world.deploy().await;
    written(&world).await;
    let id = world.status().await.outputs["rest_api_id"].clone();
    let line = format!("({GATEWAY}) Endpoint response headers: {{x-amzn-RequestId={LAMBDA}}}");
    world.writes(&format!("API-Gateway-Execution-Logs_{id}/prod"), "x", &[&line]).await;
    assert_eq!(world.logs(Some(GATEWAY), false).await.unwrap(), [""; 0], "logging is off");
    world.edit("deploy.yaml", "usage_plan:", "stage_settings: { logging: { level: info } }\nusage_plan:");
    let mut told = of_the_one();
    told.push(line);
    assert_eq!(world.logs(Some(GATEWAY), false).await.unwrap(), told);
}
