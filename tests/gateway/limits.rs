//! `AWS_FACTS` A and C8: how large a request and an answer may be.

use aws_sdk_apigateway::types::EndpointType;

use super::support::{Reply, Route, World};

const MEGABYTES: usize = 1024 * 1024;

#[tokio::test(start_paused = true)]
async fn ten_megabytes_are_the_most() {
    let world = World::new().await;
    world.function().await;
    world.put(Route::lambda("POST", "/x").template("application/json", "{}").reply(Reply::new("200"))).await;
    world.deploy().await;
    assert_eq!(world.send("POST", "/x", &[], vec![b' '; 10 * MEGABYTES]).await.status, 200);
    let seen = world.send("POST", "/x", &[], vec![b' '; 10 * MEGABYTES + 1]).await;
    assert_eq!(seen.status, 413);
    assert_eq!(world.function.count(), 1);
    world.function.returns(format!("\"{}\"", "a".repeat(10 * MEGABYTES)));
    world.post("/x", "application/json", "{}").await.is(
        500,
        "{\"message\":\"Internal server error\"}",
        "InternalServerErrorException",
    );
}

#[tokio::test(start_paused = true)]
async fn headers_and_addresses_have_limits() {
    let world = World::new().await;
    world.put(Route::mock("GET", "/x", "in")).await;
    world.deploy().await;
    let value = "a".repeat(10_240 - "x-long".len());
    assert_eq!(world.send("GET", "/x", &[("x-long", &value)], "").await.status, 200);
    let value = format!("{value}a");
    assert_eq!(world.send("GET", "/x", &[("x-long", &value)], "").await.status, 431);

    let length = |most: usize| format!("/x?q={}", "a".repeat(most - "/prod/x?q=".len()));
    assert_eq!(world.get(&length(10_240)).await.status, 200);
    assert_eq!(world.get(&length(10_241)).await.status, 414);
    let edge = World::of(EndpointType::Edge).await;
    edge.put(Route::mock("GET", "/x", "in")).await;
    edge.deploy().await;
    assert_eq!(edge.get(&length(8_192)).await.status, 200);
    assert_eq!(edge.get(&length(8_193)).await.status, 414);
}
