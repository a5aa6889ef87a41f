//! Accepting connections, and ending without cutting anybody off.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::connection::{Front, serve};
use super::{By, Destination, Limits, Observer, Site, descriptors};

/// Pause after the system had no descriptor for a new connection.
const EXHAUSTED: Duration = Duration::from_millis(50);

/// What stands behind the port.
pub trait Answers: Send + Sync + 'static {
    /// The API that answers where the host name does not say which one is meant.
    fn default_api(&self) -> Option<String>;

    /// The site that answers beside that API.
    fn site(&self) -> Option<Site> {
        None
    }

    /// Whether the server has `/_poc/` to itself; otherwise that, too, is the API's.
    fn has_own_paths(&self) -> bool {
        true
    }

    /// Answers a request whose body has been read. May panic; then its caller gets 500.
    fn answer(&self, to: Destination, request: Request<Bytes>, source: IpAddr)
    -> impl Future<Output = Answered> + Send;
}

/// An answer, and who gave it.
#[derive(Debug)]
pub struct Answered {
    pub response: Response<Bytes>,
    pub by: By,
}

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;

/// A port that is held but not answered yet. Not bound to a runtime: another thread's may serve it.
#[derive(Debug)]
pub struct Listener(std::net::TcpListener);

impl Listener {
    /// Call it inside a runtime.
    ///
    /// # Errors
    /// When the address is in use, or not this machine's.
    pub fn bind(address: SocketAddr) -> io::Result<Listener> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // What a server before this one left behind does not hold the port.
        #[cfg(unix)]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)?.into_std().map(Listener)
    }

    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A server under way, in tasks of the runtime it was started in.
#[derive(Debug)]
pub struct Server {
    stop: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Accepts connections from now on, in the runtime it is called in.
    ///
    /// # Errors
    /// When the runtime cannot take the port over.
    pub fn start<A: Answers>(
        listener: Listener,
        answers: Arc<A>,
        limits: Limits,
        observer: Observer,
    ) -> io::Result<Server> {
        let (stop, stopping) = watch::channel(false);
        let front = Arc::new(Front::new(answers, limits, observer));
        let listener = TcpListener::from_std(listener.0)?;
        let accepting = tokio::spawn(accept(listener, front, stopping));
        Ok(Server { stop, accepting })
    }

    /// Stops accepting, lets the answers under way finish within [`Limits::grace`], closes every connection.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        let _ = self.accepting.await;
    }
}

async fn accept<A: Answers>(listener: TcpListener, front: Arc<Front<A>>, mut stopping: watch::Receiver<bool>) {
    let room = Arc::new(Semaphore::new(descriptors::connections()));
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = stopped(&mut stopping) => break,
            // A connection that panicked ended itself only.
            Some(_) = connections.join_next() => {}
            (socket, peer, place) = next(&listener, &room) => {
                let served = serve(front.clone(), socket, peer.ip(), stopping.clone());
                connections.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
        }
    }
    drop(listener);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(front.limits.grace, ended).await;
    connections.shutdown().await;
}

/// Done once the server is to stop, or nobody is left who could say so.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// The next connection, once there is room for one. Failures of one connection are nobody else's.
async fn next(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = room.clone().acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((socket, peer)) => return (socket, peer, place),
            Err(error) if descriptors::exhausted(&error) => sleep(EXHAUSTED).await,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}
