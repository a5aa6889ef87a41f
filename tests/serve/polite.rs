//! What clients rely on.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use poc::local::serve::By;
use tokio::net::TcpStream;

use crate::desk::{Desk, answers};

#[tokio::test]
async fn a_connection_serves_one_request_after_another() {
    let desk = Desk::new().await;
    let mut wire = desk.connect().await;
    for n in 0..3 {
        wire.send(format!("POST /prod/{n} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n\r\nabc")).await;
        let answer = wire.answer().await;
        assert!(answer.ends_with(&format!("POST /prod/{n} 3")), "{answer}");
        // AWS_FACTS C7: every answer has it.
        assert!(answer.contains("connection: keep-alive"), "{answer}");
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let desk = Desk::new().await;
    let bodies = "POST /prod/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nGET /\
                  GET /prod/slow HTTP/1.1\r\nHost: a\r\n\r\n\
                  GET /prod/3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = desk.exchange(bodies).await;
    assert_eq!(answers(&answer), 3, "{answer}");
    let places = ["POST /prod/1 5", "slow", "GET /prod/3 0"].map(|text| answer.find(text).unwrap_or(usize::MAX));
    assert!(places.is_sorted() && places[2] != usize::MAX, "{answer}");
}

#[tokio::test]
async fn chunks_are_put_together() {
    let desk = Desk::new().await;
    let request = "POST /prod/c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n\
                   3\r\nabc\r\n4;note=x\r\ndefg\r\n0\r\nTrailer: t\r\n\r\n";
    let answer = desk.exchange(request).await;
    assert!(answer.ends_with("POST /prod/c 7"), "{answer}");
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_is_told_to_go_on() {
    let desk = Desk::new().await;
    let mut wire = desk.connect().await;
    wire.send("PUT /prod/e HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n").await;
    assert_eq!(wire.answer().await, "HTTP/1.1 100 Continue\r\n\r\n");
    wire.send("body").await;
    assert!(wire.answer().await.ends_with("PUT /prod/e 4"));
}

#[tokio::test]
async fn http2_is_spoken_without_an_upgrade() {
    let desk = Desk::new().await;
    let stream = TcpStream::connect(desk.address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let ask = |path: &str| {
        let request = Request::post(format!("http://{}{path}", desk.address));
        sender.clone().send_request(request.body(Full::new(Bytes::from_static(b"12345"))).unwrap())
    };
    // Both at once on one connection: the fast one does not wait for the slow one.
    let (slow, fast) = (ask("/prod/slow"), ask("/prod/fast"));
    let fast = fast.await.unwrap();
    assert_eq!(fast.status(), 200);
    assert_eq!(fast.into_body().collect().await.unwrap().to_bytes(), "POST /prod/fast 5");
    assert_eq!(slow.await.unwrap().into_body().collect().await.unwrap().to_bytes(), "slow");
    sender.ready().await.unwrap();
}

#[tokio::test]
async fn a_panic_costs_its_caller_an_answer_and_nobody_else() {
    let desk = Desk::new().await;
    let mut wire = desk.connect().await;
    let mut other = desk.connect().await;
    other.send("GET /prod/slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    wire.send("GET /prod/panic HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = wire.answer().await;
    assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
    assert!(answer.contains("x-amzn-errortype: InternalServerErrorException"), "{answer}");
    assert!(answer.ends_with(r#"{"message":"Internal server error"}"#), "{answer}");
    // The same connection, and the others.
    wire.send("GET /prod/next HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(wire.answer().await.ends_with("GET /prod/next 0"));
    assert!(other.answer().await.ends_with("slow"));
}

#[tokio::test]
async fn every_request_is_told_to_the_log_as_it_was_sent() {
    let desk = Desk::new().await;
    desk.exchange("GET /prod/a%20b?gre=800&x=%1b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    let signed = "AWS4-HMAC-SHA256 Credential=LOCAL/20260101/us-east-1/s3/aws4_request, SignedHeaders=host";
    desk.exchange(format!("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {signed}\r\nConnection: close\r\n\r\n"))
        .await;
    let log = desk.log.lock().unwrap();
    assert_eq!(log.iter().map(|served| served.target.as_str()).collect::<Vec<_>>(), ["/prod/a%20b?gre=800&x=%1b", "/"]);
    assert!(matches!(log[1].by, By::Aws("s3")), "{:?}", log[1].by);
    assert!(log.iter().all(|served| served.status == 200 && served.elapsed < Duration::from_secs(5)));
}
