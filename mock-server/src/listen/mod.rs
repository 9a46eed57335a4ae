//! From the listening socket to the WebSocket.

mod api;
mod authority;
mod ca_file;
mod control;
mod first_byte;
mod http;
mod oauth;
mod status;
mod tls;
mod upgrade;

pub(crate) use tls::{HANDSHAKE_TIMEOUT, Tls};

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::conversation::Shared;
use crate::ending::{Stage, ending, refusing};
use crate::transcript::What;

/// How long connections may take to end when the server stops; then they are cut.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Accepts connections until told to stop; returns when all have ended.
pub(crate) async fn accept(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<Stage>,
) {
    let mut connections = JoinSet::new();
    let mut conn = 0;
    loop {
        tokio::select! {
            biased;
            () = refusing(&mut stop) => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok(_) if connections.len() >= shared.limits.connections => {
                    shared.metrics.refused("too-many-connections");
                    shared.recorder.note(None, "too-many-connections", "a connection was refused");
                }
                Ok((stream, _)) => {
                    conn += 1;
                    shared.recorder.append(Some(conn), What::Accept);
                    // Small frames must not wait for each other.
                    let _ = stream.set_nodelay(true);
                    let (shared, tls, stop) = (Arc::clone(&shared), tls.clone(), stop.clone());
                    connections.spawn(serve(stream, conn, tls, shared, stop));
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
    ending(&mut stop).await;
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(LAST_WORDS, all).await;
    connections.shutdown().await;
}

async fn serve(
    stream: TcpStream,
    conn: u32,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<Stage>,
) {
    let who = (conn, stream.peer_addr().ok().map(|addr| addr.ip()));
    let Some(tls) = tls else { return http::serve(stream, who, None, shared, stop).await };
    // In a box, so that connections without TLS need not have the room for it.
    let encrypted = async {
        if let Some(stream) = tls.accept(stream, conn, &shared, &mut stop).await {
            http::serve(stream, who, Some(&tls), shared, stop).await;
        }
    };
    Box::pin(encrypted).await;
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a connection's task failed: {error}");
    }
}
