//! Does what a recorded client did, over real sockets, and compares what comes.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use glimesh_mock::{MockServer, Profile};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::normal::Normal;
use crate::record::{Event, Record, Step};

/// How long an expected frame may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a frame may take that nobody expects.
const QUIET: Duration = Duration::from_millis(3);

type Socket = WebSocketStream<TcpStream>;

struct Session {
    server: MockServer,
    sockets: BTreeMap<String, Socket>,
    normal: Normal,
    /// By connection.
    seen: BTreeMap<String, Vec<String>>,
}

/// How the mock differs from the record; `None` if it does not.
pub(crate) async fn difference(record: &Record) -> Option<String> {
    let server = MockServer::builder().profile(Profile::phoenix()).start().await.unwrap();
    let mut session = Session {
        server,
        sockets: BTreeMap::new(),
        normal: Normal::default(),
        seen: BTreeMap::new(),
    };
    for (index, step) in record.steps.iter().enumerate() {
        session.take(step).await;
        if !step.nowait {
            session.await_events(record, index).await;
        }
    }
    session.await_quiet().await;
    session.difference(record)
}

impl Session {
    async fn take(&mut self, step: &Step) {
        match step.op.as_str() {
            "connect" => {
                let path = step.path.as_deref().unwrap_or("/api/graph/websocket");
                let query = step.query.as_deref().unwrap();
                let addr = self.server.addr();
                let stream = TcpStream::connect(addr).await.unwrap();
                let url = format!("ws://{addr}{path}?{query}");
                let (socket, _) = client_async(url, stream).await.unwrap();
                self.sockets.insert(step.c.clone(), socket);
                self.seen.insert(step.c.clone(), Vec::new());
            }
            "text" => {
                let id = self.normal.first_id.clone().unwrap_or_default();
                let text = step.text().replace("<SUB:1>", &id);
                let socket = self.sockets.get_mut(&step.c).unwrap();
                socket.send(Message::text(text)).await.unwrap();
            }
            "settle" => {}
            "tcp_abort" => {
                let socket = self.sockets.remove(&step.c).unwrap();
                socket.get_ref().set_zero_linger().unwrap();
            }
            op => panic!("documents do not need {op}"),
        }
    }

    /// Waits until as much has come as had come to the recorded client after this step.
    async fn await_events(&mut self, record: &Record, step: usize) {
        let names: Vec<_> = self.sockets.keys().cloned().collect();
        for name in names {
            let due = expected(record, &name).filter(|event| event.step <= step).count();
            while self.seen[&name].len() < due {
                if !self.read(&name, PATIENCE).await {
                    break;
                }
            }
        }
    }

    async fn await_quiet(&mut self) {
        let names: Vec<_> = self.sockets.keys().cloned().collect();
        for name in names {
            while self.read(&name, QUIET).await {}
        }
    }

    async fn read(&mut self, name: &str, patience: Duration) -> bool {
        let socket = self.sockets.get_mut(name).unwrap();
        let Ok(Some(Ok(message))) = timeout(patience, socket.next()).await else { return false };
        let shown = match message {
            Message::Text(text) => self.normal.text(&text),
            other => format!("{other:?}"),
        };
        self.seen.entry(name.to_owned()).or_default().push(shown);
        true
    }

    fn difference(&self, record: &Record) -> Option<String> {
        self.seen.iter().find_map(|(name, seen)| {
            let events: Vec<_> = expected(record, name).collect();
            let expected: Vec<_> = events.iter().map(|event| shown(event)).collect();
            let hashed = |at: usize| events.get(at).is_some_and(|event| event.sha256.is_some());
            let seen = seen.iter().enumerate();
            let seen = seen.map(|(at, text)| if hashed(at) { digest(text) } else { text.clone() });
            let seen: Vec<_> = seen.collect();
            // Only the connection's own replies may stand elsewhere.
            let same = |of_connection: bool| {
                let one = |text: &&String| is_connections_own(text) == of_connection;
                expected.iter().filter(one).eq(seen.iter().filter(one))
            };
            (!same(true) || !same(false)).then(|| {
                let lines = |texts: &[String]| texts.join("\n      ");
                format!("{name}\n  expected {}\n  actual   {}", lines(&expected), lines(&seen))
            })
        })
    }
}

fn expected<'a>(record: &'a Record, name: &str) -> impl Iterator<Item = &'a Event> {
    record.events.iter().filter(move |event| event.c == name && event.k != "http")
}

fn shown(event: &Event) -> String {
    match (event.text(), &event.sha256) {
        (Some(text), _) => text.to_owned(),
        (None, Some(sha256)) => format!("sha256 {sha256}"),
        (None, None) => format!("{event:?}"),
    }
}

fn digest(text: &str) -> String {
    format!("sha256 {}", hex::encode(Sha256::digest(text)))
}

fn is_connections_own(text: &str) -> bool {
    text.contains("\"phoenix\",\"phx_reply\"")
}
