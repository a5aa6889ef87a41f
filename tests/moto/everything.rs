//! All that deploy.yaml can say, and an edit of each part of it.

use aws_sdk_apigateway::types::{Op, PatchOperation};

use crate::world::World;

const LOGGING_ROLE: &str = "arn:aws:iam::123456789012:role/api-gateway-logs";

#[tokio::test]
#[ignore = "needs python3 and a network for moto: run by .ci/run"]
async fn all_of_the_file_is_kept_and_can_be_edited() {
    let world = World::new().await;
    // Shared by all APIs of the account, so never made by us.
    let role = PatchOperation::builder().op(Op::Replace).path("/cloudwatchRoleArn").value(LOGGING_ROLE).build();
    world.sdk.apigateway.update_account().patch_operations(role).send().await.unwrap();
    let empty = world.portrait().await;
    world.write("deploy.yaml", include_str!("everything.yaml"));
    if world.server.is_moto() {
        // Moto takes no stage out of a plan that limits its methods.
        world.edit("deploy.yaml", "  methods: { GET /admit: { rate: 1, burst: 2 } }\n", "");
    }

    world.deploy().await;
    world.assert_idle().await;
    for (from, to) in EDITS {
        world.edit("deploy.yaml", from, to);
        assert_eq!(world.deploy().await.outcome, "changed", "{from} -> {to}");
        assert_eq!(world.plan().await, [""; 0], "{from} -> {to}");
    }
    world.assert_idle().await;

    assert_eq!(world.teardown().await.left, [""; 0]);
    assert_eq!(world.portrait().await.since(&empty), [""; 0]);
}

/// Each in a part of its own. Not here, because one emulator or the other does not keep them: the function's storage,
/// compression, a model's schema, metrics switched off, limits and switches of plans and keys, names that are told by
/// the API's tags.
const EDITS: [(&str, &str); 23] = [
    ("description: predicts", "description: foresees"),
    ("reserved_concurrency: 5", "reserved_concurrency: 6"),
    ("  reserved_concurrency: 6\n", ""),
    ("log_retention: forever", "log_retention: 30"),
    ("MODEL: a", "MODEL: b"),
    ("cost: low", "cost: high"),
    ("AmazonS3ReadOnlyAccess", "AmazonSQSReadOnlyAccess"),
    ("s3:GetObject", "s3:GetObjectVersion"),
    ("Action: \"execute-api:Invoke\"", "Action: \"execute-api:*\""),
    ("status: 404", "status: 403"),
    ("validate: parameters", "validate: none"),
    ("operation: admit", "operation: apply"),
    ("authorization: aws_iam", "authorization: none"),
    ("/items/{id}:", "/things/{id}:"),
    ("description: live", "description: alive"),
    ("model: v1", "model: v2"),
    ("rate: 100, burst: 200", "rate: 101, burst: 202"),
    ("level: error", "level: info"),
    ("xray: true", "xray: false"),
    ("keys: [Alice, {", "keys: [Carol, {"),
    ("name: Everybody", "name: Nobody"),
    ("error: index.html, cache: 60", "cache: 90"),
    ("cors: true", "cors: { origins: [\"https://a.example\"] }"),
];
