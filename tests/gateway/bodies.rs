//! Binary media types, content handling and content encodings (`AWS_FACTS` C8).

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use poc::local::gateway::Target;
use serde_json::json;

use super::support::{Reply, Route, World};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

/// Content handling of the integration request, whether the body's type is binary, and the event's `body`.
#[tokio::test(start_paused = true)]
async fn requests_by_the_table_of_content_handling() {
    let png = b"\x89PNG".as_slice();
    for (handling, kind, body, event) in [
        (Some("CONVERT_TO_TEXT"), "image/png", png, Some("iVBORw==")),
        (Some("CONVERT_TO_TEXT"), "text/plain", b"text".as_slice(), Some("text")),
        (None, "text/plain", b"te\xffxt".as_slice(), Some("te\u{fffd}xt")),
        (Some("CONVERT_TO_BINARY"), "text/plain", b"dGV4dA==".as_slice(), Some("text")),
        (Some("CONVERT_TO_BINARY"), "text/plain", b"%%%".as_slice(), None),
        // A template cannot read bytes.
        (None, "image/png", png, None),
    ] {
        let world = World::new().await;
        world.function().await;
        world.patch_api(&[("add", "/binaryMediaTypes/image~1png", "")]).await;
        let mut route = Route::lambda("POST", "/x").template("$default", "{\"body\": \"$input.body\"}");
        if let Some(handling) = handling {
            route = route.handling(handling);
        }
        world.put(route.reply(Reply::new("200"))).await;
        world.deploy().await;
        let target = Target::Api { id: world.api.clone() };
        let seen = world.call(target, "POST", "/prod/x", &[("content-type", kind)], body.to_vec().into()).await;
        match event {
            Some(event) => assert_eq!(world.function.event(), json!({ "body": event }), "{handling:?} {kind}"),
            None => seen.is(500, "{\"message\":\"Internal server error\"}", "InternalServerErrorException"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn responses_by_the_table_of_content_handling() {
    let world = World::new().await;
    world.function().await;
    world.patch_api(&[("add", "/binaryMediaTypes/image~1png", "")]).await;
    let template = "$input.path('$')";
    for (path, handling) in
        [("/none", None), ("/binary", Some("CONVERT_TO_BINARY")), ("/text", Some("CONVERT_TO_TEXT"))]
    {
        let mut reply = Reply::new("200");
        if let Some(handling) = handling {
            reply = reply.handling(handling);
        }
        world.put(Route::mock("GET", path, "").reply(reply.clone())).await;
        world.put(Route::lambda("GET", &format!("/lambda{path}")).reply(reply)).await;
    }
    world.put(Route::lambda("GET", "/rendered").reply(Reply::new("200").json(template))).await;
    world.deploy().await;
    world.function.returns("iVBORw==");
    let bytes = |accept: &'static str, path: &'static str| {
        let world = &world;
        async move {
            let seen = world.send("GET", path, &[("accept", accept)], "").await;
            (seen.status, seen.answer.response.body().to_vec())
        }
    };
    assert_eq!(bytes("image/png", "/lambda/binary").await, (200, b"\x89PNG".to_vec()));
    assert_eq!(bytes("image/png", "/lambda/none").await, (200, b"\x89PNG".to_vec()));
    assert_eq!(bytes("text/html", "/lambda/none").await, (200, b"iVBORw==".to_vec()));
    assert_eq!(bytes("image/png", "/lambda/text").await, (200, b"iVBORw==".to_vec()));
    // What a real function returns is JSON, with quotes around.
    world.function.returns("\"iVBORw==\"");
    assert_eq!(bytes("image/png", "/lambda/binary").await, (200, b"\x89PNG".to_vec()));
    assert_eq!(bytes("text/html", "/lambda/none").await, (200, b"\"iVBORw==\"".to_vec()));
    world.function.returns("\"no base64\"");
    assert_eq!(bytes("text/html", "/lambda/binary").await.0, 500);
}

#[tokio::test(start_paused = true)]
async fn compressed_requests_are_unpacked_first() {
    let world = World::new().await;
    world.function().await;
    world.put(Route::lambda("POST", "/x").template("application/json", "$input.body").reply(Reply::new("200"))).await;
    world.deploy().await;
    let body = b"{\"x\": 1}";
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
    zlib.write_all(body).unwrap();
    for (coding, packed) in [("gzip", gzip(body)), ("deflate", zlib.finish().unwrap()), ("identity", body.to_vec())] {
        let seen = world.send("POST", "/x", &[("content-encoding", coding)], packed).await;
        assert_eq!(seen.status, 200, "{coding}: {}", seen.reason());
        assert_eq!(world.function.event(), json!({ "x": 1 }));
    }
    let count = world.function.count();
    assert_eq!(world.send("POST", "/x", &[("content-encoding", "gzip")], "not gzip").await.status, 400);
    assert_eq!(world.send("POST", "/x", &[("content-encoding", "br")], "x").await.status, 415);
    // A bomb: 32 KB that would be 32 MB.
    let bomb = gzip(&vec![0; 32 * 1024 * 1024]);
    assert!(bomb.len() < 100_000);
    assert_eq!(world.send("POST", "/x", &[("content-encoding", "gzip")], bomb).await.status, 413);
    assert_eq!(world.function.count(), count);
}

#[tokio::test(start_paused = true)]
async fn answers_are_packed_from_the_minimum_on() {
    let world = World::new().await;
    let long = "a".repeat(100);
    world.put(Route::mock("GET", "/long", &long)).await;
    world.put(Route::mock("GET", "/short", &long[1..])).await;
    world.patch_api(&[("replace", "/minimumCompressionSize", "100")]).await;
    world.deploy().await;
    for (accept, coding) in [
        ("gzip", "gzip"),
        ("deflate, gzip", "gzip"),
        ("gzip;q=0.5, deflate", "deflate"),
        ("gzip;q=0, deflate", "deflate"),
        ("*", "gzip"),
        ("br", ""),
        ("gzip;q=0", ""),
    ] {
        let seen = world.send("GET", "/long", &[("accept-encoding", accept)], "").await;
        assert_eq!(seen.header("content-encoding"), coding, "{accept}");
        let packed = seen.answer.response.body().as_ref();
        let mut body = String::new();
        match coding {
            "gzip" => GzDecoder::new(packed).read_to_string(&mut body).unwrap(),
            "deflate" => ZlibDecoder::new(packed).read_to_string(&mut body).unwrap(),
            _ => (&mut &*packed).read_to_string(&mut body).unwrap(),
        };
        assert_eq!(body, long);
        assert_eq!(world.send("GET", "/short", &[("accept-encoding", accept)], "").await.body, long[1..]);
    }
    assert_eq!(world.get("/long").await.body, long);
}
