//! A server with answers that are easy to recognise, and a client that sends bytes as they are.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use poc::local::serve::{Answered, Answers, By, Destination, Limits, Listener, Served, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Long enough for anything that is to happen; what should take long is bounded by the limits of the test.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Desk {
    pub address: SocketAddr,
    pub server: Server,
    pub log: Arc<Mutex<Vec<Served>>>,
}

/// Answers with the path and the length of the body.
pub struct Mirror;

impl Answers for Mirror {
    fn default_api(&self) -> Option<String> {
        Some("abc123".to_owned())
    }

    async fn answer(&self, to: Destination, request: Request<Bytes>, _: IpAddr) -> Answered {
        let path = request.uri().path();
        let text = match path {
            "/prod/panic" => panic!("a handler with a mistake"),
            "/prod/slow" => {
                tokio::time::sleep(Duration::from_millis(400)).await;
                "slow".to_owned()
            }
            "/prod/endless" => std::future::pending().await,
            "/prod/large" => "x".repeat(4 << 20),
            _ => format!("{} {path} {}", request.method(), request.body().len()),
        };
        let by = match to {
            Destination::Aws(service) => By::Aws(service.name),
            _ => By::Server { reason: String::new() },
        };
        Answered { response: Response::new(Bytes::from(text)), by }
    }
}

impl Desk {
    pub async fn new() -> Desk {
        Desk::with(Limits::default()).await
    }

    pub async fn with(limits: Limits) -> Desk {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let address = listener.address().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = log.clone();
        let observer = Box::new(move |served| kept.lock().unwrap().push(served));
        Desk { address, server: Server::start(listener, Arc::new(Mirror), limits, observer).unwrap(), log }
    }

    pub async fn connect(&self) -> Wire {
        Wire(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends `bytes` on a connection of their own and reads until the server closes it.
    pub async fn exchange(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut wire = self.connect().await;
        wire.send(bytes).await;
        wire.rest().await
    }

    /// A request like any other is answered: the server stands.
    pub async fn assert_alive(&self) {
        let answer = self.exchange("GET /prod/alive HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("GET /prod/alive 0"), "{answer}");
    }
}

pub struct Wire(pub TcpStream);

impl Wire {
    /// Sends what the server still takes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Everything until the server closes, in time.
    pub async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        // A reset after the answer is an end like any other.
        let read = tokio::time::timeout(PATIENCE, self.0.read_to_end(&mut bytes)).await;
        assert!(read.is_ok(), "the server keeps the connection open: {}", String::from_utf8_lossy(&bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// One answer with a Content-Length.
    pub async fn answer(&mut self) -> String {
        let mut bytes = Vec::new();
        let reading = async {
            loop {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length = head.lines().find_map(|line| {
                        line.to_ascii_lowercase().strip_prefix("content-length: ").map(|n| n.parse::<usize>().unwrap())
                    });
                    if body.len() >= length.unwrap_or(0) {
                        return text;
                    }
                }
                let mut byte = [0; 1];
                match self.0.read(&mut byte).await {
                    Ok(1) => bytes.extend_from_slice(&byte),
                    _ => return text,
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("no answer in time")
    }
}

pub fn answers(text: &str) -> usize {
    text.matches("HTTP/1.1 ").count()
}
