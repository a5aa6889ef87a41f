//! What is too large is refused, and nobody's memory pays for it.

use poc::local::serve::Limits;

use crate::desk::{Desk, answers};

const MB: usize = 1 << 20;

#[tokio::test]
async fn a_long_url_is_refused() {
    let desk = Desk::new().await;
    // AWS_FACTS A: 10 240 bytes on a regional endpoint.
    let ask = |length: usize| {
        let target = format!("/prod/{}", "a".repeat(length - 6));
        desk.exchange(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"))
    };
    assert!(ask(10_240).await.starts_with("HTTP/1.1 200 "));
    assert!(ask(10_241).await.starts_with("HTTP/1.1 414 "));
    let far = ask(200_000).await;
    assert!(far.starts_with("HTTP/1.1 431 ") || far.starts_with("HTTP/1.1 414 "), "{far}");
    desk.assert_alive().await;
}

#[tokio::test]
async fn large_headers_are_refused() {
    let desk = Desk::new().await;
    // AWS_FACTS A: 10 240 bytes for all of them; `host: a` and `connection: close` take 20, `x-a` 3.
    let ask = |length: usize| {
        let value = "a".repeat(length - 23);
        desk.exchange(format!("GET /prod/h HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-A: {value}\r\n\r\n"))
    };
    assert!(ask(10_240).await.starts_with("HTTP/1.1 200 "));
    assert!(ask(10_241).await.starts_with("HTTP/1.1 431 "));
    assert!(ask(3_000_000).await.starts_with("HTTP/1.1 431 "));
    let many: String = (0..5_000).map(|n| format!("X-{n}: a\r\n")).collect();
    let answer = desk.exchange(format!("GET /prod/h HTTP/1.1\r\nHost: a\r\n{many}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    desk.assert_alive().await;
}

#[tokio::test]
async fn a_body_that_says_it_is_too_long_is_refused_unread() {
    let desk = Desk::new().await;
    // AWS_FACTS C8: 10 MB. Not a byte of the body is sent, so an answer proves that none was waited for.
    let mut wire = desk.connect().await;
    wire.send(format!("POST /prod/b HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 10 * MB + 1)).await;
    let answer = wire.answer().await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with(r#"{"message":"Request Too Long"}"#), "{answer}");
    let body = "a".repeat(10 * MB);
    let fits = desk.exchange(format!(
        "POST /prod/b HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        10 * MB
    ));
    assert!(fits.await.ends_with("POST /prod/b 10485760"));
}

#[tokio::test]
async fn a_client_that_sends_all_of_it_still_gets_the_answer() {
    let desk = Desk::new().await;
    let mut wire = desk.connect().await;
    wire.send(format!("POST /prod/b HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", 20 * MB)).await;
    wire.send(vec![b'a'; 20 * MB]).await;
    let answer = wire.rest().await;
    assert!(answer.starts_with("HTTP/1.1 413 ") && answers(&answer) == 1, "{answer:?}");
}

#[tokio::test]
async fn endless_chunks_are_refused_where_they_pass_the_limit() {
    let desk = Desk::new().await;
    let mut wire = desk.connect().await;
    wire.send("POST /prod/c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let mut chunk = format!("{MB:x}\r\n").into_bytes();
    chunk.extend(vec![b'a'; MB]);
    chunk.extend(b"\r\n");
    for _ in 0..11 {
        wire.send(&chunk).await;
    }
    let answer = wire.rest().await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer:?}");
    desk.assert_alive().await;
}

#[tokio::test]
async fn uploads_to_the_aws_apis_may_be_larger() {
    let desk = Desk::new().await;
    let ask = |service: &str, length: usize| {
        let signed = format!("AWS4-HMAC-SHA256 Credential=LOCAL/20260101/us-east-1/{service}/aws4_request");
        let head = format!("PUT /b/k HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {signed}\r\nConnection: close\r\n");
        desk.exchange(format!("{head}Content-Length: {length}\r\n\r\n{}", "a".repeat(length)))
    };
    assert!(ask("s3", 20 * MB).await.ends_with("PUT /b/k 20971520"));
    assert!(ask("lambda", 20 * MB).await.ends_with("PUT /b/k 20971520"));
    assert!(ask("iam", 20 * MB).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn all_bodies_together_have_a_bound() {
    let desk = Desk::with(Limits { bodies: 5 * MB, ..Limits::default() }).await;
    let head = |length: usize| format!("POST /prod/m HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    // Two that keep what they have sent, and a third for which there is no room.
    let (mut one, mut two) = (desk.connect().await, desk.connect().await);
    for wire in [&mut one, &mut two] {
        wire.send(head(4 * MB)).await;
        wire.send(vec![b'a'; 2 * MB]).await;
    }
    // Small requests tell when the server has read what came before.
    desk.assert_alive().await;
    let mut third = desk.connect().await;
    third.send(head(4 * MB)).await;
    third.send(vec![b'a'; 4 * MB]).await;
    let answer = third.rest().await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    // What was taken is given back, as soon as the server sees that they are gone.
    drop((one, two));
    let again = format!("{}{}", head(4 * MB).replace("Host", "Connection: close\r\nHost"), "a".repeat(4 * MB));
    let mut answer = String::new();
    for _ in 0..1000 {
        answer = desk.exchange(again.clone()).await;
        if !answer.starts_with("HTTP/1.1 503 ") {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert!(answer.ends_with("POST /prod/m 4194304"), "{answer}");
}
