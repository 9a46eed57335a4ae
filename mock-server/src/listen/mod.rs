//! From the listening socket to the WebSocket.

mod api;
mod http;
mod upgrade;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::conversation::Shared;
use crate::driver::stopped;
use crate::transcript::What;

/// How many connections may be open at once.
const MOST_CONNECTIONS: usize = 20_000;

/// How long connections may take to end when the server stops; then they are cut.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Accepts connections until told to stop; returns when all have ended.
pub(crate) async fn accept(
    listener: TcpListener,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    let mut conn = 0;
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok(_) if connections.len() >= MOST_CONNECTIONS => {
                    shared.recorder.note(None, "too-many-connections", "a connection was refused");
                }
                Ok((stream, _)) => {
                    conn += 1;
                    shared.recorder.append(Some(conn), What::Accept);
                    // Small frames must not wait for each other.
                    let _ = stream.set_nodelay(true);
                    connections.spawn(http::serve(stream, conn, Arc::clone(&shared), stop.clone()));
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

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a connection's task failed: {error}");
    }
}
