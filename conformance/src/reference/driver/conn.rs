//! A connection by its name, from the request to open it until it is over.

use std::time::Duration;

use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::How;
use super::kept::Kept;
use super::link::Link;
use super::say::{closed, failed, ok};
use crate::driver::Op;
use crate::reference::Settings;
use crate::reference::dial::{DialError, Socket, dial};

/// How many requests may wait for one connection.
const WAITING: usize = 16;

/// Between two tries of an adapter that keeps trying.
const OFTEN: Duration = Duration::from_secs(2);

/// Requests that name a connection, with their ids.
pub(super) type Requests = mpsc::Receiver<(u64, Op)>;

/// A connection: a task, and the way to ask it.
pub(super) struct Conn {
    requests: mpsc::Sender<(u64, Op)>,
    task: JoinHandle<Kept>,
}

impl Conn {
    /// Begins to open a connection; the task answers the request with this id.
    pub(super) fn open(
        how: Option<How>,
        settings: Settings,
        name: String,
        id: u64,
        kept: Kept,
    ) -> Self {
        let (sender, requests) = mpsc::channel(WAITING);
        let task = tokio::spawn(live(how, settings, name, id, requests, kept));
        Self { requests: sender, task }
    }

    /// Whether it will never answer anything again.
    pub(super) fn is_over(&self) -> bool {
        self.requests.is_closed()
    }

    pub(super) async fn ask(&self, id: u64, op: Op) {
        if let Err(mpsc::error::SendError((id, op))) = self.requests.send((id, op)).await {
            over(id, &op);
        }
    }

    /// Closes the connection, if it stands; returns what was kept of it.
    pub(super) async fn kept(self) -> Kept {
        drop(self.requests);
        self.task.await.unwrap_or_default()
    }
}

async fn live(
    how: Option<How>,
    settings: Settings,
    name: String,
    id: u64,
    mut requests: Requests,
    mut kept: Kept,
) -> Kept {
    let url = kept.url(how, settings.url.clone());
    let settings = Settings { url, ..settings };
    let dialled = tokio::select! {
        dialled = dial(&settings) => Some(dialled),
        () = wait(&mut requests) => None,
    };
    match dialled {
        Some(Ok(socket)) => {
            ok(id, json!({}));
            serve(how, &settings, name, socket, &mut requests, &mut kept).await;
        }
        Some(Err(error)) => {
            not_connected(id, &error);
            if how == Some(How::KeepsTrying) {
                tokio::spawn(keep_trying(settings));
            }
        }
        None => closed(id),
    }
    requests.close();
    while let Some((id, op)) = requests.recv().await {
        over(id, &op);
    }
    kept
}

async fn serve(
    how: Option<How>,
    settings: &Settings,
    name: String,
    socket: Socket,
    requests: &mut Requests,
    kept: &mut Kept,
) {
    let mut link = Link::new(how, settings, name, socket, kept);
    let ended = link.serve(requests).await;
    link.end(&ended.gone, kept);
    if let Some(id) = ended.asked {
        ok(id, json!({}));
    }
}

/// Tries to connect although nobody waits for it any more.
async fn keep_trying(settings: Settings) {
    loop {
        sleep(OFTEN).await;
        let _ = dial(&settings).await;
    }
}

/// Answers while the connection is being opened, until it is given up.
async fn wait(requests: &mut Requests) {
    while let Some((id, op)) = requests.recv().await {
        match op {
            Op::State { .. } => ok(id, json!({"state": "connecting"})),
            Op::Disconnect { .. } => return ok(id, json!({})),
            _ => failed(id, "usage", "the connection is being opened", json!({})),
        }
    }
}

/// Answers for a connection that is not there.
pub(super) fn over(id: u64, op: &Op) {
    match op {
        Op::State { .. } => ok(id, json!({"state": "closed"})),
        Op::Disconnect { .. } => ok(id, json!({})),
        _ => failed(id, "closed", "there is no connection", json!({})),
    }
}

fn not_connected(id: u64, error: &DialError) {
    let (kind, detail) = match error {
        DialError::Url { .. } => ("usage", json!({})),
        DialError::Tcp(_) | DialError::Tls(_) => ("transport", json!({})),
        DialError::NoAnswer => ("timeout", json!({})),
        DialError::Refused(status) if matches!(status.as_u16(), 401 | 403) => {
            ("auth", json!({"status": status.as_u16()}))
        }
        DialError::Refused(status) => ("handshake", json!({"status": status.as_u16()})),
        DialError::Handshake(_) | DialError::Declined => ("handshake", json!({})),
    };
    failed(id, kind, &error.to_string(), detail);
}
