//! HTTP backends, over a real socket.

use std::sync::Arc;

use aws_sdk_apigateway::types::IntegrationType;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::Mutex;

use super::support::{Reply, Route, World};

/// Answers every request in the same way; keeps what it was sent.
async fn backend(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = seen.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = vec![0; 8192];
            let read = stream.read(&mut asked).await.unwrap();
            kept.lock().await.push(String::from_utf8_lossy(&asked[..read]).into_owned());
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (port, seen)
}

#[tokio::test]
async fn a_backend_is_called_with_what_is_mapped() {
    let world = World::new().await;
    let answer = "HTTP/1.1 404 Not Found\r\nX-From: backend\r\nContent-Length: 5\r\nConnection: close\r\n\r\nnope!";
    let (port, seen) = backend(answer).await;
    let route = Route::new("POST", "/pets/{id}", IntegrationType::Http).by("PUT");
    let route = route.uri(&format!("http://127.0.0.1:{port}/animals/{{id}}")).parameter("path.id", true);
    let route = route.parameter("querystring.q", false).parameter("header.X-One", false);
    let route =
        route.map("path.id", "method.request.path.id").map("querystring.search", "method.request.querystring.q");
    let route = route.map("header.X-Two", "method.request.header.X-One");
    let route = route
        .reply(Reply::new("200"))
        .reply(Reply::new("404").when("4\\d\\d").header("X-Seen", "integration.response.header.X-From"));
    world.put(route.template("application/json", "{\"made\": true}")).await;
    world.deploy().await;
    let answer = world.send("POST", "/pets/a%20b?q=x%26y", &[("x-one", "1"), ("x-own", "2")], "{}").await;
    answer.is(404, "nope!", "");
    assert_eq!(answer.header("x-seen"), "backend");
    let asked = seen.lock().await[0].clone();
    assert!(asked.starts_with("PUT /animals/a%20b?search=x%26y HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nx-two: 1\r\n") && asked.ends_with("\r\n\r\n{\"made\": true}"), "{asked}");
    assert!(!asked.contains("x-own"), "{asked}");
}

#[tokio::test]
async fn a_proxy_passes_everything() {
    let world = World::new().await;
    let answer = "HTTP/1.1 201 Created\r\nX-From: backend\r\nContent-Type: text/plain\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmade";
    let (port, seen) = backend(answer).await;
    let route = Route::new("ANY", "/{proxy+}", IntegrationType::HttpProxy).by("ANY").parameter("path.proxy", true);
    let route = route.uri(&format!("http://127.0.0.1:{port}/{{proxy}}")).map("path.proxy", "method.request.path.proxy");
    world.put(route).await;
    world.deploy().await;
    let answer = world.send("PATCH", "/deep?a=1&a=2", &[("x-own", "2")], "body").await;
    answer.is(201, "made", "");
    assert_eq!((answer.header("x-from"), answer.header("content-type")), ("backend", "text/plain"));
    // C7: not for HTTP_PROXY.
    assert!(!answer.headers.contains_key("x-amzn-trace-id"));
    let asked = seen.lock().await[0].clone();
    assert!(asked.starts_with("PATCH /deep?a=1&a=2 HTTP/1.1\r\n"), "{asked}");
    assert!(asked.contains("\r\nx-own: 2\r\n") && asked.ends_with("\r\n\r\nbody"), "{asked}");
}

#[tokio::test]
async fn backends_out_of_reach() {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for (path, uri) in [
        ("/tls", "https://example.com/".to_owned()),
        ("/silent", format!("http://127.0.0.1:{port}/")),
        ("/closed", "http://127.0.0.1:1/".to_owned()),
    ] {
        let route = Route::new("GET", path, IntegrationType::Http).by("GET").uri(&uri).timeout(50);
        world.put(route.reply(Reply::new("200"))).await;
    }
    let table = "arn:aws:apigateway:us-east-1:dynamodb:action/GetItem";
    world.put(Route::new("GET", "/table", IntegrationType::Aws).by("POST").uri(table).reply(Reply::new("200"))).await;
    world.deploy().await;
    for (path, status, reason) in [
        ("/tls", 500, "https backends are not called from this machine"),
        ("/silent", 504, "within 50 ms"),
        ("/closed", 500, "cannot be reached"),
        ("/table", 500, "only Lambda is called"),
    ] {
        let seen = world.get(path).await;
        assert_eq!((seen.status, seen.header("x-amzn-errortype")), (status, "InternalServerErrorException"), "{path}");
        assert!(seen.reason().contains(reason), "{}", seen.reason());
    }
}
