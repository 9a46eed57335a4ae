//! Two streams joined: every byte goes on unchanged, and so does every kind of end.

use std::io;
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};

use super::tap::Tap;
use crate::transcript::From;
use crate::websocket::Link;

/// How much is read at once, in bytes; no more of a direction is held.
const PORTION: usize = 16 << 10;

/// How one direction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its sender ended it in order.
    Done,
    /// Its sender reset the connection.
    Reset,
    /// Its receiver takes nothing any more; what became of that one shows in the other direction.
    Refused,
}

/// Runs until both directions have ended; says who ended first, and whether by a reset.
pub(super) async fn relay<A: Link, B: Link>(
    client: A,
    server: B,
    tap: &Mutex<Tap>,
) -> (From, bool) {
    let (mut from_client, mut to_client) = split(client);
    let (mut from_server, mut to_server) = split(server);
    let ended = join(
        pump(&mut from_client, &mut to_server, tap, From::Client),
        pump(&mut from_server, &mut to_client, tap, From::Server),
    )
    .await;
    let client = from_client.unsplit(to_client);
    let server = from_server.unsplit(to_server);
    match ended {
        (From::Client, true) => server.reset_on_drop(),
        (From::Server, true) => client.reset_on_drop(),
        _ => {}
    }
    ended
}

/// A reset ends both directions at once.
async fn join(up: impl Future<Output = End>, down: impl Future<Output = End>) -> (From, bool) {
    tokio::pin!(up, down);
    let (first, end) = tokio::select! {
        end = &mut up => (From::Client, end),
        end = &mut down => (From::Server, end),
    };
    if end == End::Reset {
        return (first, true);
    }
    let (second, last) = match first {
        From::Client => (From::Server, down.await),
        From::Server => (From::Client, up.await),
    };
    match (end, last) {
        (_, End::Reset) => (second, true),
        // The first one did not end anything: it had nobody to send to.
        (End::Refused, _) => (second, false),
        _ => (first, false),
    }
}

async fn pump<A: Link, B: Link>(
    from: &mut ReadHalf<A>,
    to: &mut WriteHalf<B>,
    tap: &Mutex<Tap>,
    sender: From,
) -> End {
    let mut portion = vec![0; PORTION];
    loop {
        let count = match from.read(&mut portion).await {
            Ok(0) => break,
            Ok(count) => count,
            // TLS that ends without saying so, as many clients end it.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            Err(_) => return End::Reset,
        };
        // Before it goes on: an answer must not be recorded before its question.
        tap.lock().unwrap_or_else(PoisonError::into_inner).pass(sender, &portion[..count]);
        let passed = async {
            to.write_all(&portion[..count]).await?;
            to.flush().await
        };
        if passed.await.is_err() {
            return End::Refused;
        }
    }
    // A receiver that is gone need not be told.
    let _ = to.shutdown().await;
    End::Done
}
