//! More than anybody needs at once.

use std::time::Duration;

use poc::local::serve::Limits;

use crate::desk::Desk;

#[tokio::test]
async fn requests_beyond_the_limit_are_turned_away_at_once() {
    let desk = Desk::with(Limits { requests: 3, ..Limits::default() }).await;
    let mut busy = Vec::new();
    for _ in 0..3 {
        let mut wire = desk.connect().await;
        wire.send("GET /prod/slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
        busy.push(wire);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut fourth = desk.connect().await;
    fourth.send("GET /prod/four HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let answer = fourth.answer().await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.ends_with(r#"{"message":"Service Unavailable"}"#), "{answer}");
    for wire in &mut busy {
        assert!(wire.answer().await.ends_with("slow"));
    }
    // There is room again, on the same connection.
    fourth.send("GET /prod/four HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(fourth.answer().await.ends_with("GET /prod/four 0"));
}

#[tokio::test]
async fn clients_that_do_not_read_do_not_stop_the_others() {
    let desk = Desk::new().await;
    let mut deaf = Vec::new();
    for _ in 0..20 {
        let mut wire = desk.connect().await;
        wire.send("GET /prod/large HTTP/1.1\r\nHost: a\r\n\r\n").await;
        deaf.push(wire);
    }
    desk.assert_alive().await;
}
