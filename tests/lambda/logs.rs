//! Logs as CloudWatch shows them: one event per line, framed by START, END and REPORT.

use serde_json::Value;

use crate::support::{Env, python};

#[tokio::test]
async fn an_invocation_is_framed() {
    let env =
        Env::with(python("def handle(event, context):\n    print('hello')\n    print('END RequestId: ' + event)\n"))
            .await;
    let forged = "00000000-0000-4000-8000-000000000000";
    let answer = env.call(&format!("\"{forged}\"")).await;
    let logged = env.logged("f").await;
    let stream = &logged[0].0;
    // YYYY/MM/DD/[version]32 hexadecimal digits.
    let (day, rest) = stream.split_at(10);
    assert!(
        day.chars().enumerate().all(|(at, c)| if at == 4 || at == 7 { c == '/' } else { c.is_ascii_digit() }),
        "{day}"
    );
    let id = rest.strip_prefix("/[$LATEST]").unwrap();
    assert!(id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");

    let messages: Vec<&str> = logged.iter().map(|(_, message)| message.as_str()).collect();
    assert!(messages[0].starts_with("INIT_START Runtime Version: python:3."), "{messages:?}");
    let own: Vec<&str> =
        messages.iter().copied().filter(|m| !m.starts_with("INIT_START") && !m.starts_with("[poc]")).collect();
    let id = &answer.request_id;
    assert_eq!(
        own[..4],
        [
            format!("START RequestId: {id} Version: $LATEST\n").as_str(),
            "hello\n",
            // A line of the handler's stays a line.
            format!("END RequestId: {forged}\n").as_str(),
            format!("END RequestId: {id}\n").as_str(),
        ]
    );
    let fields: Vec<&str> = own[4].split('\t').collect();
    assert_eq!(fields[0], format!("REPORT RequestId: {id}"));
    let number = |field: &str, name: &str, unit: &str| -> f64 {
        field.strip_prefix(name).and_then(|rest| rest.strip_suffix(unit)).unwrap_or(field).parse().unwrap()
    };
    let duration = number(fields[1], "Duration: ", " ms");
    assert_eq!(number(fields[2], "Billed Duration: ", " ms"), duration.ceil());
    assert_eq!(fields[3], "Memory Size: 256 MB");
    assert!((1.0..=256.0).contains(&number(fields[4], "Max Memory Used: ", " MB")));
    assert!(number(fields[5], "Init Duration: ", " ms") > 0.0);
    assert_eq!(fields[6], "\n");
    assert_eq!(own.len(), 5);
    // The second time there is no init.
    assert!(!env.call("\"\"").await.log.contains("Init Duration"));
}

#[tokio::test]
async fn the_tail_is_the_last_four_kilobytes_of_the_invocation_at_hand() {
    let env =
        Env::with(python("def handle(event, context):\n    for at in range(event): print(f'line {at:06}')\n")).await;
    let _ = env.call("5").await;
    let answer = env.call("1000").await;
    assert_eq!(answer.log.len(), 4096);
    assert!(answer.log.contains("line 000999\nEND RequestId: "), "{}", answer.log);
    let answer = env.call("1").await;
    assert!(
        answer.log.starts_with("START RequestId: ") && answer.log.contains("\nline 000000\nEND "),
        "{}",
        answer.log
    );
}

#[tokio::test]
async fn all_that_was_printed_can_be_read_when_the_answer_is_there() {
    let env = Env::with(python(
        "import sys\ndef handle(event, context):\n    print('x' * event)\n    sys.stdout.write('without an end')\n",
    ))
    .await;
    for size in [1, 70_000, 200_000] {
        let _ = env.call(&size.to_string()).await;
        let logged = env.logged("f").await;
        let messages: Vec<&str> = logged.iter().rev().take(4).map(|(_, message)| message.as_str()).collect();
        assert_eq!(messages[2], "without an end");
        assert_eq!(messages[3].len(), size + 1);
    }
}

#[tokio::test]
async fn a_line_longer_than_an_event_may_be_is_cut() {
    let env = Env::with(python("def handle(event, context):\n    print('ü' * 300000)\n").timeout(60)).await;
    assert_eq!(env.call("{}").await.error, None);
    let logged = env.logged("f").await;
    let parts: Vec<&str> = logged.iter().map(|(_, m)| m.as_str()).filter(|m| m.starts_with('ü')).collect();
    assert!(parts.len() >= 3 && parts.iter().all(|part| part.len() <= 262_144 - 26), "{}", parts.len());
    assert_eq!(parts.concat().trim_end(), "ü".repeat(300_000));
}

#[tokio::test]
async fn a_group_that_is_not_there_is_made_once_and_untagged() {
    let env = Env::with(python("def handle(event, context): pass\n")).await;
    let groups = async || env.logs.describe_log_groups().send().await.unwrap().log_groups().to_vec();
    assert!(groups().await.is_empty());
    let _ = env.call("{}").await;
    let _ = env.call("{}").await;
    let made = groups().await;
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].log_group_name(), Some("/aws/lambda/f"));
    assert_eq!(made[0].retention_in_days(), None);
    let tags = env.logs.list_tags_for_resource().resource_arn(made[0].log_group_arn().unwrap()).send().await.unwrap();
    assert!(tags.tags().unwrap().is_empty());
    // Deleted with all that was logged, and made again by the next call.
    env.logs.delete_log_group().log_group_name("/aws/lambda/f").send().await.unwrap();
    assert!(groups().await.is_empty());
    let _ = env.call("{}").await;
    assert_eq!(env.logged("f").await.len(), 3);
}

/// What the gateway keeps is made anew when the cloud changes: calls must not change it.
#[tokio::test]
async fn an_invocation_does_not_touch_the_cloud() {
    let directory = tempfile::tempdir().unwrap();
    let env = Env::at(directory.path()).await;
    env.create(&python("def handle(event, context):\n    print('x')\n")).await;
    let _ = env.call("{}").await;
    let before = env.cloud.revision();
    let bytes = std::fs::read(directory.path().join("cloud.json")).unwrap();
    for _ in 0..5 {
        assert_eq!(env.call("{}").await.error, None);
    }
    assert_eq!(env.cloud.revision(), before);
    assert_eq!(std::fs::read(directory.path().join("cloud.json")).unwrap(), bytes);
    assert!(env.logged("f").await.iter().filter(|(_, message)| message == "x\n").count() == 6);
    env.local.close().await;
}

#[tokio::test]
async fn in_json_everything_is_an_object() {
    let code = "import logging\ndef handle(event, context):\n    logging.getLogger().warning('careful', extra={'k': 1})\n\
                \x20   if event == 'fail': raise ValueError('no')\n";
    let env = Env::with(python(code).json_logs()).await;
    let answer = env.call("\"ok\"").await;
    let _ = env.call("\"fail\"").await;
    let logged = env.logged("f").await;
    let objects: Vec<Value> = logged.iter().filter_map(|(_, message)| serde_json::from_str(message).ok()).collect();
    let of = |kind: &str| objects.iter().filter(|it| it["type"] == kind).cloned().collect::<Vec<_>>();
    assert_eq!(of("platform.initStart").len(), 1);
    assert_eq!(of("platform.start")[0]["record"]["requestId"], answer.request_id);
    assert_eq!(of("platform.report")[0]["record"]["status"], "success");
    assert_eq!(of("platform.report")[1]["record"]["status"], "error");
    let warning = objects.iter().find(|it| it["level"] == "WARNING").unwrap();
    assert_eq!((warning["message"].as_str(), warning["k"].as_i64()), (Some("careful"), Some(1)));
    assert_eq!(warning["requestId"], answer.request_id);
    let error = objects.iter().find(|it| it["level"] == "ERROR").unwrap();
    assert_eq!((error["errorType"].as_str(), error["errorMessage"].as_str()), (Some("ValueError"), Some("no")));
}
