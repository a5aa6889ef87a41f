//! CloudWatch Logs.

use super::support::{Env, refused};

#[tokio::test(start_paused = true)]
async fn a_group_keeps_its_retention_and_tags() {
    let env = Env::new();
    env.logs.create_log_group().log_group_name("/aws/lambda/f").tags("poc:app", "x").send().await.unwrap();
    env.logs.put_retention_policy().log_group_name("/aws/lambda/f").retention_in_days(14).send().await.unwrap();
    let told = env.logs.describe_log_groups().log_group_name_prefix("/aws/lambda/f").send().await.unwrap();
    assert_eq!(told.log_groups()[0].retention_in_days(), Some(14));
    let arn = told.log_groups()[0].log_group_arn().unwrap();
    let tags = env.logs.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap()["poc:app"], "x");
    env.logs.delete_log_group().log_group_name("/aws/lambda/f").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_or_is_already_is_refused() {
    let env = Env::new();
    env.logs.create_log_group().log_group_name("/g").send().await.unwrap();
    let again = env.logs.create_log_group().log_group_name("/g").send().await;
    refused(again, "ResourceAlreadyExistsException", "The specified log group already exists");
    let missing = "The specified log group does not exist.";
    refused(env.logs.delete_log_group().log_group_name("/h").send().await, "ResourceNotFoundException", missing);
    let retention = env.logs.put_retention_policy().log_group_name("/h").retention_in_days(7).send().await;
    refused(retention, "ResourceNotFoundException", missing);
    let odd = env.logs.put_retention_policy().log_group_name("/g").retention_in_days(2).send().await;
    assert!(odd.is_err(), "two days are not on offer");
    let elsewhere = env.in_region("eu-west-1").logs.delete_log_group().log_group_name("/g").send().await;
    refused(elsewhere, "ResourceNotFoundException", missing);
}

#[tokio::test(start_paused = true)]
async fn tagging_means_the_group_without_the_star() {
    let env = Env::new();
    env.logs.create_log_group().log_group_name("/g").send().await.unwrap();
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:/g";
    env.logs.tag_resource().resource_arn(arn).tags("a", "1").tags("b", "2").send().await.unwrap();
    env.logs.untag_resource().resource_arn(arn).tag_keys("a").send().await.unwrap();
    let told = env.logs.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(told.tags().unwrap().len(), 1);
    let starred = env.logs.tag_resource().resource_arn(format!("{arn}:*")).tags("a", "1").send().await;
    assert!(starred.is_err());
}

#[tokio::test(start_paused = true)]
async fn groups_are_told_in_pages() {
    let env = Env::new();
    for at in 0..5 {
        env.logs.create_log_group().log_group_name(format!("/g/{at}")).send().await.unwrap();
    }
    let pages = env.logs.describe_log_groups().log_group_name_prefix("/g/").limit(2).into_paginator().items().send();
    assert_eq!(pages.collect::<Result<Vec<_>, _>>().await.unwrap().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn events_are_written_and_found() {
    let env = Env::new();
    env.logs.create_log_group().log_group_name("/g").send().await.unwrap();
    env.logs.create_log_stream().log_group_name("/g").log_stream_name("s").send().await.unwrap();
    let event = |at: i64, text: &str| {
        aws_sdk_cloudwatchlogs::types::InputLogEvent::builder().timestamp(at).message(text).build().unwrap()
    };
    env.logs
        .put_log_events()
        .log_group_name("/g")
        .log_stream_name("s")
        .log_events(event(2, "second"))
        .log_events(event(1, "first"))
        .send()
        .await
        .unwrap();
    let told = env.logs.get_log_events().log_group_name("/g").log_stream_name("s").send().await.unwrap();
    let texts: Vec<_> = told.events().iter().filter_map(|event| event.message()).collect();
    assert_eq!(texts, ["first", "second"]);
    let found = env.logs.filter_log_events().log_group_name("/g").filter_pattern("sec").send().await.unwrap();
    assert_eq!(found.events().len(), 1);
    let streams = env.logs.describe_log_streams().log_group_name("/g").send().await.unwrap();
    assert_eq!(streams.log_streams()[0].last_event_timestamp(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn retention_hides_what_is_older() {
    let env = Env::new();
    env.logs.create_log_group().log_group_name("/g").send().await.unwrap();
    env.logs.create_log_stream().log_group_name("/g").log_stream_name("s").send().await.unwrap();
    let now = i64::try_from(env.clock.epoch_millis()).unwrap();
    let days = |days: i64| now - days * 24 * 60 * 60 * 1000;
    let put = env.logs.put_log_events().log_group_name("/g").log_stream_name("s");
    let event = |at: i64, text: &str| {
        aws_sdk_cloudwatchlogs::types::InputLogEvent::builder().timestamp(at).message(text).build().unwrap()
    };
    put.log_events(event(days(5), "old")).log_events(event(days(2), "young")).send().await.unwrap();
    let told = async || {
        let found = env.logs.filter_log_events().log_group_name("/g").send().await.unwrap();
        found.events().iter().filter_map(|event| event.message().map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(told().await, ["old", "young"]);
    env.logs.put_retention_policy().log_group_name("/g").retention_in_days(3).send().await.unwrap();
    assert_eq!(told().await, ["young"]);
    let stream = env.logs.get_log_events().log_group_name("/g").log_stream_name("s").send().await.unwrap();
    assert_eq!(stream.events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_takes_its_events_with_it() {
    let env = Env::new();
    let make = async || {
        env.logs.create_log_group().log_group_name("/g").send().await.unwrap();
        env.logs.create_log_stream().log_group_name("/g").log_stream_name("s").send().await.unwrap();
    };
    let count = async || {
        let told = env.logs.describe_log_streams().log_group_name("/g").send().await.unwrap();
        told.log_streams().len()
    };
    make().await;
    assert_eq!(count().await, 1);
    env.logs.delete_log_stream().log_group_name("/g").log_stream_name("s").send().await.unwrap();
    assert_eq!(count().await, 0);
    let again = env.logs.delete_log_stream().log_group_name("/g").log_stream_name("s").send().await;
    refused(again, "ResourceNotFoundException", "The specified log stream does not exist.");
    env.logs.delete_log_group().log_group_name("/g").send().await.unwrap();
    make().await;
    let told = env.logs.get_log_events().log_group_name("/g").log_stream_name("s").send().await.unwrap();
    assert!(told.events().is_empty());
}

/// Events are no part of the cloud's state: what depends on it need not be made anew.
#[tokio::test]
async fn events_are_kept_beside_the_state_and_shared() {
    let directory = tempfile::tempdir().unwrap();
    let clock = poc::clock::Clock::system();
    let open = || {
        let cloud = poc::local::cloud::Cloud::open(directory.path(), clock, poc::local::cloud::Profile::quick());
        Env::of(cloud.unwrap(), clock, "us-east-1")
    };
    let (one, other) = (open(), open());
    one.logs.create_log_group().log_group_name("/g").send().await.unwrap();
    one.logs.create_log_stream().log_group_name("/g").log_stream_name("2026/01/31/[$LATEST]a").send().await.unwrap();
    let before = one.cloud.revision();
    for (env, text) in [(&one, "from one"), (&other, "from the other")] {
        let event = aws_sdk_cloudwatchlogs::types::InputLogEvent::builder().timestamp(1).message(text).build().unwrap();
        let put = env.logs.put_log_events().log_group_name("/g").log_stream_name("2026/01/31/[$LATEST]a");
        put.log_events(event).send().await.unwrap();
    }
    assert_eq!(one.cloud.revision(), before);
    let told = one.logs.filter_log_events().log_group_name("/g").send().await.unwrap();
    assert_eq!(told.events().len(), 2);
    assert_eq!(told.events()[0].log_stream_name(), Some("2026/01/31/[$LATEST]a"));
}
