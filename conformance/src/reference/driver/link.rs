//! An open connection.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use glimesh_proto::client::{Client, Config};
use glimesh_proto::{Doc, Instant, Ref, SubscriptionId};
use serde_json::{Value, json};

use super::How;
use super::conn::Requests;
use super::kept::Kept;
use super::say::{closed, failed, say};
use super::tell::Bounded;
use super::wire::Gone;
use crate::driver::Op;
use crate::reference::Settings;
use crate::reference::dial::Socket;

/// How long one defect lets its timer for heartbeats wait, as it has one of its own.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

/// What is a large message to those that take none, in bytes.
pub(super) const LARGE: usize = 1 << 20;

/// One open connection.
pub(super) struct Link {
    pub(super) how: Option<How>,
    /// What the adapter is to call it.
    pub(super) name: String,
    /// Whether the URL's credential is a token, which one defect trusts.
    pub(super) has_token: bool,
    pub(super) socket: Socket,
    pub(super) client: Client,
    opened: tokio::time::Instant,
    /// The request that waits for the join.
    pub(super) joining: Option<u64>,
    /// The requests that wait for a reply, the oldest first.
    pub(super) waiting: VecDeque<(Ref, Waiting)>,
    /// Documents that are held back while another one waits.
    pub(super) queue: VecDeque<(Doc, Waiting)>,
    /// Names by subscription id.
    pub(super) subs: HashMap<SubscriptionId, String>,
    /// How many messages were told of each subscription.
    pub(super) told: HashMap<String, u64>,

    // What only defects need.
    /// The answer to the last query.
    pub(super) newest: Option<Value>,
    /// The text of the last message.
    pub(super) newest_text: Option<Value>,
    /// A query that goes out with an event of its own.
    pub(super) by_event: Option<String>,
    /// Nothing is told any more.
    pub(super) deaf: bool,
    /// How often a refused post was sent again.
    pub(super) repeated: u32,
    /// Messages that are not told yet.
    pub(super) held: Vec<Value>,
    /// Messages that are told once in a while.
    pub(super) bounded: Bounded,
    /// When to beat, as a timer has it that every document sets anew.
    pub(super) beat_at: Option<Instant>,
    heartbeat_every: Duration,
    /// The subscriptions of the connection before.
    pub(super) former_subs: HashMap<SubscriptionId, String>,
    /// Posts of the connection before.
    pub(super) again: Vec<Doc>,
}

/// A request that waits for a frame's reply.
#[derive(Clone, Debug)]
pub(super) enum Waiting {
    Subscription { id: u64, sub: String },
    Post { id: u64, doc: Doc },
    Query { id: u64 },
    End { id: u64 },
}

impl Waiting {
    pub(super) const fn id(&self) -> u64 {
        match self {
            Self::Subscription { id, .. }
            | Self::Post { id, .. }
            | Self::Query { id }
            | Self::End { id } => *id,
        }
    }
}

/// How a connection ended.
pub(super) struct Ended {
    pub(super) gone: Gone,
    /// The request that asked for it.
    pub(super) asked: Option<u64>,
}

impl Link {
    pub(super) fn new(
        how: Option<How>,
        settings: &Settings,
        name: String,
        socket: Socket,
        kept: &mut Kept,
    ) -> Self {
        let heartbeat_every = settings.heartbeat_every;
        let own_timer = how == Some(How::SendingIsBeating);
        let config = Config {
            heartbeat_every: if own_timer { NEVER } else { heartbeat_every },
            reply_within: settings.reply_within,
        };
        Self {
            how,
            name,
            has_token: settings.url.contains("token="),
            socket,
            client: Client::new(config, Instant::ZERO),
            opened: tokio::time::Instant::now(),
            joining: None,
            waiting: VecDeque::new(),
            queue: VecDeque::new(),
            subs: HashMap::new(),
            told: HashMap::new(),
            newest: None,
            newest_text: None,
            by_event: None,
            deaf: false,
            repeated: 0,
            held: Vec::new(),
            bounded: Bounded::default(),
            beat_at: own_timer.then(|| Instant::ZERO + heartbeat_every),
            heartbeat_every,
            former_subs: std::mem::take(&mut kept.subs),
            again: std::mem::take(&mut kept.lost),
        }
    }

    pub(super) fn is(&self, how: How) -> bool {
        self.how == Some(how)
    }

    pub(super) fn now(&self) -> Instant {
        self.opened.elapsed().into()
    }

    /// An instant of this connection's as one of the runtime's.
    pub(super) fn at(&self, at: Instant) -> tokio::time::Instant {
        self.opened + at.since_start()
    }

    /// Answers requests and follows the wire until the connection is over.
    pub(super) async fn serve(&mut self, requests: &mut Requests) -> Ended {
        loop {
            if let Err(gone) = self.flush().await {
                return Ended { gone, asked: None };
            }
            tokio::select! {
                request = requests.recv() => match request {
                    None => return Ended { gone: self.part().await, asked: None },
                    Some((id, Op::Disconnect { .. })) => {
                        return Ended { gone: self.part().await, asked: Some(id) };
                    }
                    Some((id, op)) => self.fulfil(id, op),
                },
                heard = self.next() => match heard {
                    Ok(heard) => self.hear(heard),
                    Err(gone) => return Ended { gone, asked: None },
                },
            }
        }
    }

    /// Sends a document for a request, or keeps it until the one before is answered.
    pub(super) fn ask(&mut self, doc: Doc, waiting: Waiting) {
        if self.is(How::OneAtATime) && !self.waiting.is_empty() {
            self.queue.push_back((doc, waiting));
            return;
        }
        let now = self.now();
        if self.beat_at.is_some() {
            self.beat_at = Some(now + self.heartbeat_every);
        }
        match self.client.send_doc(now, &doc) {
            Ok(sent) => self.waiting.push_back((sent, waiting)),
            Err(error) => failed(waiting.id(), "usage", &error.to_string(), json!({})),
        }
    }

    /// Beats, as a timer of its own has it.
    pub(super) fn beat_if_due(&mut self) {
        let now = self.now();
        if self.beat_at.is_some_and(|at| at <= now) {
            self.beat_at = Some(now + self.heartbeat_every);
            self.client.send_heartbeat(now);
        }
    }

    /// The connection is over: what waits has failed.
    pub(super) fn end(self, gone: &Gone, kept: &mut Kept) {
        let queued = self.queue.iter().map(|(_, waiting)| waiting);
        let waiting = self.waiting.iter().map(|(_, waiting)| waiting).chain(queued);
        for waiting in waiting {
            if let (Some(How::PostsTwice), Waiting::Post { doc, .. }) = (self.how, waiting) {
                kept.lost.push(doc.clone());
            }
            closed(waiting.id());
        }
        self.joining.into_iter().for_each(closed);
        say(
            &json!({"event": "closed", "conn": self.name, "code": gone.code, "clean": gone.clean, "will_retry": false}),
        );
        if self.how == Some(How::KeepsSubscriptions) {
            kept.subs = self.subs;
        }
    }
}
