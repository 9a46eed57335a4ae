//! The reference client as an adapter: asked over standard input, it answers and tells over standard output.
//!
//! Each connection is a task of its own, so that none waits for another; this one hands requests on.

mod conn;
mod fulfil;
mod kept;
mod link;
mod post;
mod react;
mod requests;
mod say;
mod tell;
mod wire;

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use glimesh_mock::Trust;
use serde_json::json;
use tokio::sync::mpsc;

use super::driver_manner::DriverManner as How;
use super::surroundings::Surroundings;
use super::{Args, Settings};
use crate::driver::{Op, Options, PROTOCOL, Request};
use conn::Conn;
use say::{failed, ok, print, unsupported};

/// What this adapter can be asked.
const OPS: [&str; 8] =
    ["connect", "join", "subscribe", "send_chat", "query", "unsubscribe", "disconnect", "state"];

/// Answers requests until `bye`, the end of standard input, or SIGTERM; returns the exit status.
pub(super) async fn run(how: Option<How>, trust: Option<Trust>, args: &Args) -> u8 {
    let settings = Settings::new(args.clone(), trust, Surroundings::world());
    let mut adapter = Adapter { how, settings, conns: HashMap::new() };
    let ended = tokio::select! {
        () = adapter.serve(requests::read(how)) => Ok(()),
        stopped = crate::client::asked_to_stop() => stopped,
    };
    adapter.leave().await;
    u8::from(ended.is_err())
}

struct Adapter {
    how: Option<How>,
    settings: Settings,
    /// Every connection that was ever asked for, by its name.
    conns: HashMap<String, Conn>,
}

impl Adapter {
    async fn serve(&mut self, mut requests: mpsc::Receiver<Request>) {
        while let Some(Request { id, op }) = requests.recv().await {
            if self.how == Some(How::Chatty) {
                print("busy: one more request");
            }
            match op {
                Op::Hello { .. } => ok(id, self.hello()),
                Op::Connect { conn, url, options, .. } => {
                    self.connect(id, conn, url, options).await
                }
                Op::Bye => {
                    self.leave().await;
                    return ok(id, json!({}));
                }
                Op::Expect { .. } => unsupported(id, "this adapter only tells"),
                op => self.hand_on(id, op).await,
            }
        }
    }

    fn hello(&self) -> serde_json::Value {
        let client =
            json!({"name": "reference", "version": env!("CARGO_PKG_VERSION"), "language": "rust"});
        let heartbeat_ms = self.settings.heartbeat_every.as_millis() as u64;
        let facts = json!({"reconnects": false, "heartbeat_ms": heartbeat_ms});
        json!({"protocol": PROTOCOL, "client": client, "ops": OPS, "facts": facts})
    }

    async fn connect(&mut self, id: u64, name: String, url: String, options: Options) {
        let kept = match self.conns.remove(&name) {
            Some(conn) if !conn.is_over() => {
                self.conns.insert(name, conn);
                return failed(id, "usage", "there is a connection of that name", json!({}));
            }
            Some(conn) => conn.kept().await,
            None => kept::Kept::default(),
        };
        let heartbeat_every = options.heartbeat_ms.map(Duration::from_millis);
        let heartbeat_every = heartbeat_every.unwrap_or(self.settings.heartbeat_every);
        let settings = Settings { url, heartbeat_every, ..self.settings.clone() };
        let conn = Conn::open(self.how, settings, name.clone(), id, kept);
        self.conns.insert(name, conn);
    }

    /// Hands a request on to the connection that it names.
    async fn hand_on(&self, id: u64, op: Op) {
        let Some(name) = op.conn() else {
            return match self.how {
                Some(How::AgreesToAnything) => ok(id, json!({})),
                _ => unsupported(id, "this adapter does not know it"),
            };
        };
        match self.conns.get(name) {
            Some(conn) => conn.ask(id, op).await,
            None => conn::over(id, &op),
        }
    }

    /// Closes every connection.
    async fn leave(&mut self) {
        join_all(self.conns.drain().map(|(_, conn)| conn.kept())).await;
    }
}
