//! Clients that take their time, by accident or to take all the server's.

use std::time::Duration;

use poc::local::serve::Limits;
use tokio::time::{Instant, sleep};

use crate::desk::Desk;

fn hasty() -> Limits {
    Limits {
        head_time: Duration::from_millis(300),
        body_pause: Duration::from_millis(300),
        body_time: Duration::from_millis(900),
        idle: Duration::from_millis(1_500),
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_head_that_does_not_end_is_not_waited_for() {
    let desk = Desk::with(hasty()).await;
    let mut wire = desk.connect().await;
    wire.send("GET /prod/a HTTP/1.1\r\nHost: a\r\n").await;
    let begun = Instant::now();
    assert_eq!(wire.rest().await.matches("200 OK").count(), 0);
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(250) && took < Duration::from_millis(1_400), "{took:?}");
}

#[tokio::test]
async fn nor_is_one_that_trickles() {
    let desk = Desk::with(hasty()).await;
    let mut wire = desk.connect().await;
    let begun = Instant::now();
    // A header every now and then: each silence is short, the whole is not.
    let mut sent = 0;
    while begun.elapsed() < Duration::from_secs(3) {
        use tokio::io::AsyncWriteExt;
        let header = if sent == 0 { "GET /prod/a HTTP/1.1\r\nHost: a\r\n" } else { "X: y\r\n" };
        if wire.0.write_all(header.as_bytes()).await.is_err() {
            break;
        }
        sent += 1;
        sleep(Duration::from_millis(50)).await;
    }
    assert!(sent > 2 && begun.elapsed() < Duration::from_secs(2), "{sent} headers in {:?}", begun.elapsed());
    desk.assert_alive().await;
}

#[tokio::test]
async fn a_body_that_pauses_is_given_up() {
    let desk = Desk::with(hasty()).await;
    let mut wire = desk.connect().await;
    wire.send("POST /prod/a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc").await;
    let answer = wire.answer().await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("connection: close"), "{answer}");
}

#[tokio::test]
async fn a_body_that_trickles_is_given_up() {
    let desk = Desk::with(hasty()).await;
    let mut wire = desk.connect().await;
    wire.send("POST /prod/a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n").await;
    let begun = Instant::now();
    let (mut reader, mut writer) = wire.0.split();
    let drip = async {
        use tokio::io::AsyncWriteExt;
        while writer.write_all(b"a").await.is_ok() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    let mut answer = [0; 12];
    let read = async {
        use tokio::io::AsyncReadExt;
        reader.read_exact(&mut answer).await.unwrap();
    };
    tokio::select! { () = drip => {}, () = read => {} }
    assert_eq!(&answer, b"HTTP/1.1 408");
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(800) && took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let limits = Limits { idle: Duration::from_millis(200), head_time: Duration::from_secs(5), ..Limits::default() };
    let desk = Desk::with(limits).await;
    let (mut fresh, mut used, mut busy) = (desk.connect().await, desk.connect().await, desk.connect().await);
    used.send("GET /prod/u HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(used.answer().await.ends_with("GET /prod/u 0"));
    // Answered after twice the time that a connection may be idle.
    busy.send("GET /prod/slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let begun = Instant::now();
    assert_eq!(fresh.rest().await, "");
    assert_eq!(used.rest().await, "");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(busy.answer().await.ends_with("slow"));
}
