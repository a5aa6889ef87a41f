//! `AWS_FACTS` B3: usage plans and API keys, and the creates of A that concern them.

use aws_sdk_apigateway::types::{ApiStage, QuotaPeriodType, QuotaSettings, ThrottleSettings};

use crate::support::{Rows, account, add, patch, remove, replace};

#[tokio::test]
async fn api_keys_are_refused() {
    let account = account();
    let mut rows = Rows::default();
    let create = |value: &str| account.create_api_key().name("k").value(value).send();
    rows.refused(
        "short value",
        create(&"x".repeat(19)).await,
        "BadRequestException",
        "API Key value should be at least 20 characters",
    );
    rows.refused(
        "long value",
        create(&"x".repeat(129)).await,
        "BadRequestException",
        "API Key value exceeds maximum size of 128 characters",
    );
    rows.refused(
        "long name",
        account.create_api_key().name("x".repeat(1025)).send().await,
        "BadRequestException",
        "Invalid API Key name, can be at most 1024 characters.",
    );
    rows.refused(
        "long description",
        account.create_api_key().name("k").description("x".repeat(125_001)).send().await,
        "BadRequestException",
        "Invalid API Key description specified.",
    );
    rows.accepted("value", create(&"x".repeat(20)).await);
    rows.refused("the same value", create(&"x".repeat(20)).await, "ConflictException", "API Key already exists");
    let key = account.key("k").await;
    rows.refused(
        "immutable id",
        account.update_api_key().api_key(&key).patch_operations(replace("/id", "x")).send().await,
        "BadRequestException",
        "Invalid patch path  '/id' specified for op 'replace'. Must be one of: [/description, /enabled, /name, /customerId]",
    );
}

#[tokio::test]
async fn a_keys_value_is_told_when_asked_for() {
    let account = account();
    let made = account.create_api_key().name("ServerlessPOC").enabled(true).send().await.expect("key");
    let value = made.value().expect("told on creation");
    assert_eq!(value.len(), 40);
    let id = made.id().expect("id");
    let get = || account.get_api_key().api_key(id);
    assert_eq!(get().send().await.expect("key").value(), None);
    assert_eq!(get().include_value(true).send().await.expect("key").value(), Some(value));
    account.key("Another").await;
    let named = account.get_api_keys().name_query("Serverless").include_values(true).send().await.expect("keys");
    assert_eq!(named.items().iter().map(|key| key.value()).collect::<Vec<_>>(), [Some(value)]);
}

#[tokio::test]
async fn usage_plans_are_refused() {
    let account = account();
    let api = account.deployed().await;
    let plan = account.plan("p").await;
    let update = |operation| account.update_usage_plan().usage_plan_id(&plan).patch_operations(operation).send();
    let id = &api.id;
    let mut rows = Rows::default();
    for (value, wanted) in [
        (format!("{id}b:dev"), format!("Invalid API Stage {{api: {id}b, stage: dev}} specified for usageplan {plan}")),
        (
            format!("{id}:fakestagename"),
            format!("Invalid API Stage {{api: {id}, stage: fakestagename}} specified for usageplan {plan}"),
        ),
    ] {
        rows.refused(&value, update(add("/apiStages", &value)).await, "NotFoundException", &wanted);
    }
    for value in [None, Some(""), Some("prod"), Some(":prod")] {
        let outcome = update(patch("add", "/apiStages", value)).await;
        rows.refused(&format!("stage {value:?}"), outcome, "BadRequestException", "Invalid API Stage specified");
    }
    let stage = ApiStage::builder().api_id(id).build();
    rows.refused(
        "creation with half a stage",
        account.create_usage_plan().name("x").api_stages(stage).send().await,
        "BadRequestException",
        "Invalid API Stage {api: %s, stage: %s} specified for usageplan %s",
    );
    rows.accepted("stage", update(add("/apiStages", &format!("{id}:prod"))).await);
    let path = format!("/apiStages/{id}:prod");
    rows.refused(
        "removing a stage by its path",
        update(remove(&path)).await,
        "BadRequestException",
        &format!("Invalid patch path  '{path}' specified for op 'remove'. Must be one of: [/apiStages, /quota, /throttle, /productCode, /apiStages/<apidId:stageName>/throttle/<resourcePath>/<httpMethod>, /apiStages/<apidId:stageName>/throttle]"),
    );
    rows.refused(
        "delete with stages",
        account.delete_usage_plan().usage_plan_id(&plan).send().await,
        "BadRequestException",
        &format!(
            "Cannot delete Usage Plan {plan} because there are API Stages associated with it, including {id}:prod"
        ),
    );
    rows.refused(
        "unknown plan",
        account.update_usage_plan().usage_plan_id("nothere").patch_operations(replace("/name", "x")).send().await,
        "NotFoundException",
        "Invalid Usage Plan ID specified",
    );
    let quota = |period: QuotaPeriodType, offset| {
        let quota = QuotaSettings::builder().limit(500).period(period).offset(offset).build();
        account.create_usage_plan().name("q").quota(quota).send()
    };
    rows.refused(
        "offset in a day",
        quota(QuotaPeriodType::Day, 1).await,
        "BadRequestException",
        "Usage Plan quota offset must be zero in the DAY period",
    );
    rows.accepted("offset in a week", quota(QuotaPeriodType::Week, 6).await);
    rows.check("offset past a week", quota(QuotaPeriodType::Week, 7).await.is_err());
    rows.accepted("offset in a month", quota(QuotaPeriodType::Month, 27).await);
    rows.check("offset past a month", quota(QuotaPeriodType::Month, 28).await.is_err());
}

#[tokio::test]
async fn plans_are_patched_at_every_path() {
    let account = account();
    let api = account.deployed().await;
    let plan = account.create_usage_plan().name("p").tags("poc:app", "x").send().await.expect("plan").id.expect("id");
    let update =
        |operations| account.update_usage_plan().usage_plan_id(&plan).set_patch_operations(Some(operations)).send();
    let throttle = format!("/apiStages/{}:prod/throttle/~1admit~1{{id}}/GET", api.id);
    let seen = update(vec![
        replace("/name", "renamed"),
        replace("/description", "said"),
        replace("/throttle/rateLimit", "10.5"),
        replace("/throttle/burstLimit", "20"),
        replace("/quota/limit", "500"),
        replace("/quota/offset", "2"),
        replace("/quota/period", "WEEK"),
        add("/apiStages", &format!("{}:prod", api.id)),
        replace(&format!("{throttle}/rateLimit"), "0.1"),
        replace(&format!("{throttle}/burstLimit"), "1"),
    ])
    .await
    .expect("patched");
    assert_eq!((seen.name(), seen.description()), (Some("renamed"), Some("said")));
    assert_eq!(seen.throttle(), Some(&ThrottleSettings::builder().rate_limit(10.5).burst_limit(20).build()));
    assert_eq!(seen.quota().map(|quota| (quota.limit(), quota.offset())), Some((500, 2)));
    let stage = &seen.api_stages()[0];
    let limits = &stage.throttle().expect("throttles")["/admit/{id}/GET"];
    assert_eq!(limits, &ThrottleSettings::builder().rate_limit(0.1).burst_limit(1).build());

    let seen = update(vec![remove("/throttle"), remove("/quota"), remove(&throttle)]).await.expect("patched");
    assert_eq!((seen.throttle(), seen.quota(), seen.api_stages()[0].throttle()), (None, None, None));

    assert!(account.get_usage_plan().usage_plan_id(&plan).send().await.expect("plan").tags().is_some());
    let list = account.get_usage_plans().send().await.expect("plans");
    assert_eq!(list.items()[0].tags(), None, "the list leaves tags out");
}

#[tokio::test]
async fn plan_keys_are_refused() {
    let account = account();
    let api = account.deployed().await;
    let (plan, key) = (account.plan("p").await, account.key("k").await);
    let attach = |plan: &str, key: &str| {
        account.create_usage_plan_key().usage_plan_id(plan).key_id(key).key_type("API_KEY").send()
    };
    let stage = |plan: &str| {
        let operation = add("/apiStages", &format!("{}:prod", api.id));
        account.update_usage_plan().usage_plan_id(plan).patch_operations(operation).send()
    };
    let mut rows = Rows::default();
    rows.accepted("key", attach(&plan, &key).await);
    let twice = attach(&plan, &key).await.expect_err("a key is in a plan once").into_service_error();
    rows.check("twice", twice.is_conflict_exception());
    rows.refused("unknown plan", attach("nothere", &key).await, "NotFoundException", "Invalid Usage Plan ID specified");
    rows.check(
        "unknown key",
        attach(&plan, "nothere").await.expect_err("no such key").into_service_error().is_not_found_exception(),
    );

    rows.accepted("the plan's stage", stage(&plan).await);
    let other = account.plan("other").await;
    rows.accepted("another plan for the stage", stage(&other).await);
    let second = attach(&other, &key).await.expect_err("one plan per API stage").into_service_error();
    rows.check("one plan per API stage and key", second.is_conflict_exception());

    for index in 1..10 {
        let more = account.plan(&format!("p{index}")).await;
        rows.accepted("ten plans per key", attach(&more, &key).await);
    }
    let eleventh = account.plan("eleventh").await;
    let refused = attach(&eleventh, &key).await.expect_err("ten plans per key").into_service_error();
    rows.check("eleven plans per key", refused.is_limit_exceeded_exception());

    account.delete_api_key().api_key(&key).send().await.expect("succeeds, and detaches");
    let left = account.get_usage_plan_keys().usage_plan_id(&plan).send().await.expect("keys");
    rows.check("a deleted key leaves its plans", left.items().is_empty());
}
