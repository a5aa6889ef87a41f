//! The article's own case, as its reader meets it: the sample, `poc dev`, and a client.

use std::net::SocketAddr;

use serde_json::json;

use super::rows::{Expected, Rows, function, refused};
use super::server::Dev;
use super::wire::{Call, get};

const GOOD: &str = "/prod/admit?gre=800&gpa=4&rank=1";

fn address(dev: &Dev) -> SocketAddr {
    dev.address.parse().unwrap()
}

fn admitted(result: bool) -> Expected {
    function(200).json(json!({ "result": result }))
}

fn keyed(dev: &Dev, target: &str) -> Call {
    get(target).key(&dev.key)
}

#[test]
fn good_bad_without_a_key_too_fast_over_quota_and_elsewhere() {
    let directory = super::server::sample();
    let file = directory.path().join("deploy.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let limits = |rate: f64, burst: u32| {
        let text = text.replace("{ rate: 10, burst: 20 }", &format!("{{ rate: {rate}, burst: {burst} }}"));
        let text = text.replace("{ limit: 500, period: day }", "{ limit: 9, period: month }");
        assert!(text.contains(&format!("burst: {burst}")) && text.contains("limit: 9"), "{text}");
        std::fs::write(&file, text).unwrap();
    };

    limits(0.01, 4);
    let dev = Dev::start_in(directory, &["--no-watch"]);
    let mut rows = Rows::new(address(&dev));
    // "the response returns {"result": true} with the HTTP status code of 200"
    rows.row("admitted", keyed(&dev, GOOD), admitted(true).text("{\"result\": true}"));
    rows.row("not admitted", keyed(&dev, "/prod/admit?gre=300&gpa=1&rank=4"), admitted(false));
    // "In order to test 400 response, the value of gre is set to be a string": the mapped body of its three lines.
    let bad = keyed(&dev, "/prod/admit?gre=abc&gpa=4&rank=1");
    let seen = rows.row("bad input", bad, function(400)).json();
    rows.holds("code", seen["code"] == json!(400), &seen);
    rows.holds("message", seen["message"] == "gre must be a number, not 'abc'", &seen);
    let id = seen["request-id"].as_str().unwrap_or_default();
    rows.holds("request-id", id.len() == 36 && id.matches('-').count() == 4, &seen);
    rows.holds("nothing else", seen.as_object().is_some_and(|members| members.len() == 3), &seen);
    // "Without the API key in the header, the request returns 403 Forbidden error."
    rows.row("no key", get(GOOD), refused(403, "ForbiddenException", "Forbidden"));
    let elsewhere = refused(403, "MissingAuthenticationTokenException", "Missing Authentication Token");
    rows.row("an unknown path", keyed(&dev, "/prod/nowhere"), elsewhere.clone());
    rows.row("an unknown method", super::wire::post("/prod/admit", "{}").key(&dev.key), elsewhere);
    // "Burst is the capacity of the Token Bucket": three of four were taken.
    rows.row("the last of the burst", keyed(&dev, GOOD), admitted(true));
    let too_many = refused(429, "TooManyRequestsException", "Too Many Requests");
    rows.row("too fast", keyed(&dev, GOOD), too_many);
    rows.end();

    // "Quota is the total number of requests in a given time period": five of nine are gone when the server comes back.
    let (_, _, directory) = dev.end();
    limits(1000.0, 1000);
    let dev = Dev::start_in(directory, &["--no-watch"]);
    let mut rows = Rows::new(address(&dev));
    for number in 6..=9 {
        rows.row(&format!("{number} of the quota of 9"), keyed(&dev, GOOD), admitted(true));
    }
    let exceeded = refused(429, "LimitExceededException", "Limit Exceeded");
    rows.row("over the quota", keyed(&dev, GOOD), exceeded.clone());
    rows.end();

    let (_, _, directory) = dev.end();
    let dev = Dev::start_in(directory, &["--no-watch"]);
    let mut rows = Rows::new(address(&dev));
    rows.row("still over it after another restart", keyed(&dev, GOOD), exceeded);
    rows.end();
    dev.end();
}

/// "there are two ways to create the resource": the other one, with the values in the path, under a custom domain name.
#[tokio::test]
async fn the_articles_other_resource_and_its_domain() {
    let world = super::support::World::new();
    let first = "{ \"gre\": $input.params('gre'), \"gpa\": $input.params('gpa'), \"rank\": \"$input.params('rank')\" }";
    world.write("templates/path.vtl", first);
    world.edit(
        "deploy.yaml",
        "  resources:\n",
        "  resources:\n    /{gre}/{gpa}/{rank}/admit: { GET: { request: { templates: { application/json: templates/path.vtl } } } }\n",
    );
    let served = super::served::Served::world(world).await;
    let mut rows = served.rows();
    rows.row("by path", get("/prod/800/4/1/admit"), admitted(true));
    rows.row("another by path", get("/prod/300/1/4/admit"), admitted(false));
    // "poc is added to the path and the production stage of the ServerlessPOC API is selected as the destination"
    let key = served.key("ServerlessPOC").await;
    let named = |target: &str| get(target).header("Host", "api.example.com").key(&key);
    rows.row("by the custom name", named("/poc/admit?gre=800&gpa=4&rank=1"), admitted(true));
    let forbidden = refused(403, "ForbiddenException", "Forbidden");
    rows.row("by the custom name with the stage", named(GOOD), forbidden);
    rows.end();
    served.stop().await;
}
