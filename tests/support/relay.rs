//! A line between the program and a cloud on another port, on which things go wrong: it passes whole requests on, one per
//! connection, and does with each what it is told.
#![allow(dead_code, reason = "each test binary uses its own part of this")]

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What becomes of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Passed,
    /// The connection ends before the request has arrived.
    RequestLost,
    /// It is done, and the connection ends without an answer.
    AnswerLost,
    /// It is done, and the answer ends in the middle.
    AnswerCut,
    /// It is done, and the answer takes its time.
    Late(Duration),
    /// Answered on the way: a whole response, from the status line on.
    Refused(String),
}

/// Relays until it is dropped. Lives on the local task set that made it.
pub struct Relay {
    pub address: SocketAddr,
    task: JoinHandle<()>,
}

impl Relay {
    /// `fate` is asked with each whole request, as text.
    pub async fn to(upstream: SocketAddr, fate: impl Fn(&str) -> Fate + 'static) -> Relay {
        Relay::mending(upstream, fate, |_, answer| answer).await
    }

    /// `mend` has a look at every request and its answer, which may be wrong.
    pub async fn mending(
        upstream: SocketAddr,
        fate: impl Fn(&str) -> Fate + 'static,
        mend: fn(&str, Vec<u8>) -> Vec<u8>,
    ) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let fate = Rc::new(fate);
        let task = tokio::task::spawn_local(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let fate = fate.clone();
                tokio::task::spawn_local(async move { exchange(client, upstream, &*fate, mend).await });
            }
        });
        Relay { address, task }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn exchange(
    mut client: TcpStream,
    upstream: SocketAddr,
    fate: &impl Fn(&str) -> Fate,
    mend: fn(&str, Vec<u8>) -> Vec<u8>,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let head = loop {
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
        if let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&request[..head]).to_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    while request.len() < head + length {
        if client.read_buf(&mut request).await? == 0 {
            return Ok(());
        }
    }
    let text = String::from_utf8_lossy(&request).into_owned();
    let fate = fate(&text);
    match &fate {
        Fate::RequestLost => return Ok(()),
        Fate::Refused(answer) => return client.write_all(answer.as_bytes()).await,
        _ => {}
    }
    let mut server = TcpStream::connect(upstream).await?;
    server.write_all(&request[..head - 2]).await?;
    server.write_all(b"connection: close\r\n\r\n").await?;
    server.write_all(&request[head..]).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    let answer = mend(&text, answer);
    match fate {
        Fate::AnswerLost => Ok(()),
        Fate::AnswerCut => client.write_all(&answer[..answer.len() * 2 / 3]).await,
        Fate::Late(time) => {
            tokio::time::sleep(time).await;
            client.write_all(&answer).await
        }
        _ => client.write_all(&answer).await,
    }
}
