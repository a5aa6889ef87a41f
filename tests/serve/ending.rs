//! Stopping.

use std::time::Duration;

use poc::local::serve::Limits;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::desk::Desk;

#[tokio::test]
async fn answers_under_way_are_finished_and_connections_closed() {
    let desk = Desk::new().await;
    let (mut busy, mut idle, fresh) = (desk.connect().await, desk.connect().await, desk.connect().await);
    idle.send("GET /prod/i HTTP/1.1\r\nHost: a\r\n\r\n").await;
    idle.answer().await;
    busy.send("GET /prod/slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    let (address, stopped) = (desk.address, tokio::spawn(desk.server.stop()));
    let answer = busy.rest().await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("slow"), "{answer}");
    assert_eq!(idle.rest().await, "");
    stopped.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(TcpStream::connect(address).await.is_err(), "the port is still open");
    drop(fresh);
}

#[tokio::test]
async fn what_does_not_end_is_ended() {
    let desk = Desk::with(Limits { grace: Duration::from_millis(300), ..Limits::default() }).await;
    let mut endless = desk.connect().await;
    endless.send("GET /prod/endless HTTP/1.1\r\nHost: a\r\n\r\n").await;
    sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    desk.server.stop().await;
    let took = begun.elapsed();
    assert!(took >= Duration::from_millis(250) && took < Duration::from_secs(3), "{took:?}");
    assert_eq!(endless.rest().await, "");
}
