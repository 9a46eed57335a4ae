//! From the listening socket to the WebSocket.

mod api;
mod authority;
mod ca_file;
mod control;
mod first_byte;
mod http;
mod oauth;
mod port;
mod source;
mod status;
mod tls;
mod upgrade;

pub(crate) use port::Port;
pub(crate) use source::Source;
pub(crate) use tls::{HANDSHAKE_TIMEOUT, Tls};

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::ending::{Stage, ending, refusing};
use crate::fault::FaultIo;
use crate::scenario::TlsFault;
use crate::shared::Shared;
use crate::testing::GivenStream;
use crate::transcript::What;
use crate::websocket::Link;

/// How long connections may take to end when the server stops; then they are cut.
///
/// No setting, as are none of the times that an end may take: they run only when nobody is served any more.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Accepts connections, and streams that are given, until told to stop; returns when all have ended.
pub(crate) async fn accept(
    (mut port, mut given): (Port, mpsc::UnboundedReceiver<GivenStream>),
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<Stage>,
) {
    let mut connections = JoinSet::new();
    let mut conn = 0;
    let door = shared.script.door();
    let mut wanted = door.wanted.subscribe();
    loop {
        tokio::select! {
            biased;
            () = refusing(&mut stop) => break,
            Some(ended) = connections.join_next(), if !connections.is_empty() => report(ended),
            // The other end of the channel is in what is shared.
            Ok(()) = wanted.changed() => {
                let open = *wanted.borrow_and_update();
                match port.set(open) {
                    Ok(()) => drop(door.is_open.send_replace(open)),
                    Err(error) => tracing::error!("cannot open or shut the port: {error}"),
                }
            }
            Some(stream) = given.recv() => {
                conn += 1;
                shared.recorder.append(Some(conn), What::Accept);
                let (shared, tls, stop) = (Arc::clone(&shared), tls.clone(), stop.clone());
                connections.spawn(serve(stream, conn, tls, shared, stop));
            }
            accepted = port.accept() => match accepted {
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
    drop(port);
    ending(&mut stop).await;
    let all = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(LAST_WORDS, all).await;
    connections.shutdown().await;
}

async fn serve<S: Source>(
    stream: S,
    conn: u32,
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    stop: watch::Receiver<Stage>,
) {
    let who = (conn, stream.peer());
    let pace = shared.pace;
    // Armed before the first byte.
    match shared.script.meet_socket() {
        None => shake_hands(stream, |stream| stream, who, tls, shared, stop).await,
        // In a box, so that nobody else needs to have the room for it.
        Some(fault) => {
            let tampered = |stream| FaultIo::new(stream, fault.paced(pace));
            Box::pin(shake_hands(stream, tampered, who, tls, shared, stop)).await;
        }
    }
}

async fn shake_hands<S: Source, L: Link>(
    stream: S,
    wrap: impl FnOnce(S) -> L,
    who: (u32, Option<IpAddr>),
    tls: Option<Arc<Tls>>,
    shared: Arc<Shared>,
    mut stop: watch::Receiver<Stage>,
) {
    // Where TLS is spoiled to plain text, clients are told that it is spoken, and it is not.
    let fault = shared.script.tls_fault();
    let tls = tls.filter(|_| fault != Some(TlsFault::Plain));
    let Some(tls) = tls else { return http::serve(wrap(stream), who, None, shared, stop).await };
    // In a box, so that connections without TLS need not have the room for it.
    let encrypted = async {
        let accepted = tls.accept(fault, stream, wrap, who.0, &shared, &mut stop).await;
        if let Some(stream) = accepted {
            http::serve(stream, who, Some((&tls, fault)), shared, stop).await;
        }
    };
    Box::pin(encrypted).await;
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!("a connection's task failed: {error}");
    }
}
