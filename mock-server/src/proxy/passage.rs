//! From an accepted connection to the server behind the proxy.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glimesh_proto::diagnostic;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::comment::Tell;
use super::relay::relay;
use super::tap::Tap;
use super::upstream::{Dialled, Dialler};
use crate::listen::Tls;
use crate::recorder::Recorder;
use crate::transcript::{From, What};
use crate::websocket::{Link, drain};

/// How many connections are passed on at once; more wait.
const MOST_CONNECTIONS: usize = 4_096;

/// How long connections may take to end when the proxy stops.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// What every connection needs.
#[derive(Clone)]
pub(super) struct Passage {
    pub(super) dialler: Dialler,
    pub(super) tls: Option<Arc<Tls>>,
    pub(super) recorder: Arc<Recorder>,
    pub(super) tell: Tell,
    pub(super) profile: diagnostic::Profile,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Returns when the proxy is to stop.
async fn stopping(stopped: &mut watch::Receiver<bool>) {
    // An error means that the proxy was dropped.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

impl Passage {
    /// Accepts connections until the proxy stops; returns when all have ended.
    pub(super) async fn accept(self, listener: TcpListener) {
        let mut connections = JoinSet::new();
        let mut conn = 0;
        let mut stopped = self.stopped.clone();
        loop {
            tokio::select! {
                biased;
                () = stopping(&mut stopped) => break,
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        conn += 1;
                        self.recorder.append(Some(conn), What::Accept);
                        // Small frames must not wait for each other.
                        let _ = stream.set_nodelay(true);
                        connections.spawn(self.clone().serve(stream, conn));
                    }
                    Err(error) => {
                        tracing::warn!("cannot accept a connection: {error}");
                        // Usually there are no file descriptors left; some will come back.
                        sleep(Duration::from_millis(50)).await;
                    }
                },
            }
        }
        drop(listener);
        let all = async { while connections.join_next().await.is_some() {} };
        let _ = timeout(LAST_WORDS, all).await;
        connections.shutdown().await;
    }

    async fn serve(mut self, stream: TcpStream, conn: u32) {
        let mut stopped = self.stopped.clone();
        let (from, reset) = tokio::select! {
            biased;
            ended = self.pass(stream, conn) => ended,
            () = stopping(&mut stopped) => (From::Server, false),
        };
        self.recorder.append(Some(conn), What::Eof { from, reset });
    }

    async fn pass(&mut self, stream: TcpStream, conn: u32) -> (From, bool) {
        let Some(tls) = self.tls.clone() else { return self.to_upstream(stream, conn).await };
        match Box::pin(tls.shake(stream, |stream| stream)).await {
            Ok(stream) => self.to_upstream(stream, conn).await,
            Err((from, why)) => {
                if let Some((code, text)) = why {
                    self.recorder.note(Some(conn), code, &text);
                }
                (from, false)
            }
        }
    }

    async fn to_upstream<L: Link>(&self, client: L, conn: u32) -> (From, bool) {
        let tell = Arc::clone(&self.tell);
        let tap = Tap::new(Arc::clone(&self.recorder), tell, self.profile, conn);
        let tap = Mutex::new(tap);
        match self.dialler.dial().await {
            Ok(Dialled::Plain(server)) => relay(client, server, &tap).await,
            Ok(Dialled::Tls(server)) => relay(client, *server, &tap).await,
            Err(error) => {
                let text = format!("cannot connect to {}: {}", self.dialler, causes(&error));
                self.recorder.note(Some(conn), "upstream-unreachable", &text);
                refuse(client, &text).await;
                (From::Server, false)
            }
        }
    }
}

impl fmt::Display for Dialler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.upstream().fmt(f)
    }
}

/// An error with what it does not say of its cause.
fn causes(error: &io::Error) -> String {
    let text = error.to_string();
    match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("{text}; is the server running there?"),
        io::ErrorKind::InvalidData => {
            format!(
                "{text}; if the certificate is the cause, give its authority with --upstream-ca"
            )
        }
        _ => text,
    }
}

/// Tells a client of HTTP that there is no server.
async fn refuse(mut client: impl Link, text: &str) {
    let body = format!("glimesh-mock proxy: {text}\n");
    let answer = format!(
        "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    // A client that is gone needs no answer.
    let _ = client.write_all(answer.as_bytes()).await;
    let _ = client.shutdown().await;
    drain(client).await;
}
