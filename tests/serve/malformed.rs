//! Requests that two programs could read in two ways, and requests that are none.

use crate::desk::{Desk, answers};

/// What could hide in a body: if the server ever answers this path, it took a body for a request.
const HIDDEN: &str = "GET /prod/hidden HTTP/1.1\r\nHost: a\r\n\r\n";

async fn assert_refused(what: &str, request: &str) {
    let desk = Desk::new().await;
    let answer = desk.exchange(request).await;
    assert!(answers(&answer) <= 1, "{what}: more than one answer to one request: {answer}");
    assert!(!answer.contains("hidden"), "{what}: the body was taken for a request: {answer}");
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{what}: {answer:?}");
    desk.assert_alive().await;
    let log = desk.log.lock().unwrap();
    assert!(log.iter().all(|served| served.status == 400 || served.target == "/prod/alive"), "{what}: {log:?}");
}

#[tokio::test]
async fn requests_with_two_readings_are_refused() {
    let chunked = format!("0\r\n\r\n{HIDDEN}");
    let length = chunked.len();
    for (what, head) in [
        ("a length, then a coding", format!("Content-Length: {length}\r\nTransfer-Encoding: chunked")),
        ("a coding, then a length", format!("Transfer-Encoding: chunked\r\nContent-Length: {length}")),
        ("a coding that is none", format!("Content-Length: {length}\r\nTransfer-Encoding: xchunked")),
        ("two codings", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity".to_owned()),
        ("a coding before chunked", "Transfer-Encoding: gzip, chunked".to_owned()),
        ("a coding after chunked", "Transfer-Encoding: chunked, identity".to_owned()),
        ("a coding with a vertical tab", "Transfer-Encoding: \x0bchunked".to_owned()),
        ("two lengths", format!("Content-Length: 5\r\nContent-Length: {length}")),
        ("one length twice", "Content-Length: 5\r\nContent-Length: 5".to_owned()),
        ("two lengths in one line", format!("Content-Length: 5, {length}")),
        ("a length with a sign", "Content-Length: +5".to_owned()),
        ("a negative length", "Content-Length: -5".to_owned()),
        ("a length in base 16", "Content-Length: 0x5".to_owned()),
        ("no length at all", "Content-Length:".to_owned()),
        ("a length beyond 64 bits", "Content-Length: 18446744073709551621".to_owned()),
        ("a space before the colon", "Content-Length : 5".to_owned()),
        ("a folded line", "X-Folded: a\r\n Transfer-Encoding: chunked".to_owned()),
        ("a line without a colon", "Nonsense".to_owned()),
        ("a zero byte", "X-Zero: a\0b".to_owned()),
        ("two hosts", "Host: b".to_owned()),
    ] {
        assert_refused(what, &format!("POST /prod/a HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n{chunked}")).await;
    }
}

#[tokio::test]
async fn lines_that_end_in_a_bare_line_feed_are_refused() {
    for (what, request) in [
        ("after the request line", format!("GET /prod/a HTTP/1.1\nHost: a\r\n\r\n{HIDDEN}")),
        ("after a header", format!("GET /prod/a HTTP/1.1\r\nHost: a\nX: y\r\n\r\n{HIDDEN}")),
        (
            "hiding a coding",
            "POST /prod/a HTTP/1.1\r\nHost: a\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
        ),
        ("at the end of the head", format!("GET /prod/a HTTP/1.1\r\nHost: a\r\n\n{HIDDEN}")),
        ("before everything", format!("\nGET /prod/a HTTP/1.1\r\nHost: a\r\n\r\n{HIDDEN}")),
    ] {
        assert_refused(what, &request).await;
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    for (what, request) in [
        ("no host", "GET /prod/a HTTP/1.1\r\n\r\n"),
        ("a version of its own", "GET /prod/a HTTP/3.7\r\nHost: a\r\n\r\n"),
        ("a space in the path", "GET /prod/a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("nonsense", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"),
        ("a coding in HTTP/1.0", "POST /prod/a HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ] {
        assert_refused(what, request).await;
    }
}

#[tokio::test]
async fn malformed_chunks_end_the_connection() {
    for (what, chunks) in [
        ("no number", "zz\r\nabc\r\n0\r\n\r\n"),
        ("a negative number", "-1\r\nabc\r\n0\r\n\r\n"),
        ("a number beyond 64 bits", "fffffffffffffffff\r\nabc\r\n0\r\n\r\n"),
        ("more data than said", "1\r\nabc\r\n0\r\n\r\n"),
        ("a bare line feed", "3\nabc\n0\n\n"),
        ("an extension with a bare line feed", "3;a\n=b\r\nabc\r\n0\r\n\r\n"),
    ] {
        let head = "POST /prod/a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_refused(what, &format!("{head}{chunks}{HIDDEN}")).await;
    }
}

#[tokio::test]
async fn a_refusal_takes_nothing_from_the_request_before_it() {
    let desk = Desk::new().await;
    let good = "POST /prod/good HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    let answer = desk.exchange(format!("{good}GET /prod/bad HTTP/1.1\nHost: a\r\n\r\n{HIDDEN}")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("POST /prod/good 3") && !answer.contains("bad") && !answer.contains("hidden"), "{answer}");
}

#[tokio::test]
async fn nothing_is_answered_after_chunks() {
    let desk = Desk::new().await;
    let chunks = "POST /prod/c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let answer = desk.exchange(format!("{chunks}{HIDDEN}")).await;
    assert_eq!(answers(&answer), 1, "{answer}");
    assert!(answer.contains("connection: close") && answer.ends_with("POST /prod/c 3"), "{answer}");
}
