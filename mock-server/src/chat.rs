//! The world as all connections share it: executes documents, and tells subscribers what happened.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use glimesh_proto::connect::{Credential, Endpoint};
use glimesh_proto::{Close, Doc, SubscriptionId};
use serde_json::{Map, Value};
use tokio::sync::mpsc;

use crate::graphql::{Answer, Api, Outcome, Subscription};
use crate::world::{Published, SayError, Viewer, World};

/// The channel that clients under test are given. Source: the document's examples.
pub const CHANNEL_ID: u64 = 6;

/// The integer in the first subscription's id; they count up from here.
///
/// Source: recordings; a real one is a unique integer of the Erlang VM.
const FIRST_INTEGER: i64 = -576_460_752_303_422_399;

/// How many commands may wait for a connection that is busy, before it counts as too slow.
const MAILBOX: usize = 16_384;

/// What a connection is told by others.
#[derive(Debug)]
pub(crate) enum Command {
    /// Data for one of its subscriptions.
    Data(SubscriptionId, Value),
    /// Any text message, verbatim.
    Text(String),
    /// Any binary message.
    Binary(Vec<u8>),
    /// End with a close frame.
    Close(Close),
    /// End with a TCP reset.
    Reset,
}

/// What came of a document.
pub(crate) struct Executed {
    /// Data for the sender's own subscriptions; it goes out before the reply. Source: recordings, rule 32.
    pub(crate) own: Vec<(SubscriptionId, Value)>,
    pub(crate) answer: Answered,
    pub(crate) context_lost: bool,
}

/// The answer to a document.
pub(crate) enum Answered {
    Ok(Value),
    Error(Value),
    Subscribed(SubscriptionId),
    Crash { reason: String },
}

/// The world with its APIs and subscribers.
pub(crate) struct Chat {
    graph: Api,
    socket: Api,
    inner: Mutex<Inner>,
}

struct Inner {
    world: World,
    subscribers: Vec<Subscriber>,
    mailboxes: BTreeMap<u32, mpsc::Sender<Command>>,
    next_integer: i64,
}

struct Subscriber {
    conn: u32,
    id: SubscriptionId,
    endpoint: Endpoint,
    subscription: Subscription,
}

impl Chat {
    /// `older_api`: whether the current API answers documents that only the older one knows.
    pub(crate) fn new(world: World, older_api: bool) -> Self {
        let inner = Inner {
            world,
            subscribers: Vec::new(),
            mailboxes: BTreeMap::new(),
            next_integer: FIRST_INTEGER,
        };
        Self {
            graph: if older_api { Api::glimesh() } else { Api::graph() },
            socket: Api::socket(),
            inner: Mutex::new(inner),
        }
    }

    /// Who a credential stands for.
    pub(crate) fn viewer(&self, credential: &Credential) -> Option<Viewer> {
        let world = &self.lock().world;
        match credential {
            Credential::Token(token) => world.viewer_of_token(token),
            Credential::ClientId(id) => world.viewer_of_client_id(id),
        }
    }

    pub(crate) fn connect(&self, conn: u32) -> mpsc::Receiver<Command> {
        let (sender, receiver) = mpsc::channel(MAILBOX);
        self.lock().mailboxes.insert(conn, sender);
        receiver
    }

    pub(crate) fn disconnect(&self, conn: u32) {
        let mut inner = self.lock();
        inner.mailboxes.remove(&conn);
        inner.subscribers.retain(|subscriber| subscriber.conn != conn);
    }

    pub(crate) fn unsubscribe_all(&self, conn: u32) {
        self.lock().subscribers.retain(|subscriber| subscriber.conn != conn);
    }

    pub(crate) fn unsubscribe(&self, conn: u32, id: &SubscriptionId) {
        self.lock().subscribers.retain(|other| other.conn != conn || other.id != *id);
    }

    /// Executes a document for a connection. A subscription gets the id that `printed` brings, or the next one.
    pub(crate) fn execute(
        &self,
        (conn, endpoint): (u32, Endpoint),
        viewer: &Viewer,
        doc: &Doc,
        printed: Option<SubscriptionId>,
    ) -> Executed {
        let mut inner = self.lock();
        let Outcome { answer, published, context_lost, .. } =
            self.api(endpoint).execute(&mut inner.world, viewer, &now(), &doc.query, &doc.variables);
        let own = published.iter().flat_map(|event| self.fan_out(&mut inner, event, Some(conn)));
        let own = own.collect();
        let answer = match answer {
            Answer::Ok(response) => Answered::Ok(response),
            Answer::Error(response) => Answered::Error(response),
            Answer::Crash { reason } => Answered::Crash { reason },
            Answer::Subscribed(subscription) => {
                let id = printed.unwrap_or_else(|| inner.next_id(subscription.hash()));
                let id_too = id.clone();
                inner.subscribers.push(Subscriber { conn, id, endpoint, subscription });
                Answered::Subscribed(id_too)
            }
        };
        Executed { own, answer, context_lost }
    }

    /// Executes a document that came over HTTP.
    pub(crate) fn execute_http(
        &self,
        viewer: &Viewer,
        query: &str,
        variables: &Map<String, Value>,
    ) -> Answer {
        let mut inner = self.lock();
        let outcome = self.graph.execute(&mut inner.world, viewer, &now(), query, variables);
        for event in &outcome.published {
            self.fan_out(&mut inner, event, None);
        }
        outcome.answer
    }

    /// Lets a user of the world say something in the given channel.
    pub(crate) fn say(&self, username: &str, text: &str) -> Result<(), SayError> {
        let mut inner = self.lock();
        let published = inner.world.say(&now(), CHANNEL_ID, username, text)?;
        self.fan_out(&mut inner, &published, None);
        Ok(())
    }

    /// Tells the newest open connection something; `false` if none is open.
    pub(crate) fn tell_newest(&self, command: Command) -> bool {
        let inner = self.lock();
        let newest = inner.mailboxes.last_key_value();
        newest.is_some_and(|(_, mailbox)| mailbox.try_send(command).is_ok())
    }

    /// Offers what happened to every subscriber; returns what is for the connection that made it happen.
    ///
    /// Subscriptions with an argument come before those without. Source: recordings, rule 32.
    fn fan_out(
        &self,
        inner: &mut Inner,
        event: &Published,
        maker: Option<u32>,
    ) -> Vec<(SubscriptionId, Value)> {
        let Inner { world, subscribers, mailboxes, .. } = inner;
        let topic = event.topic();
        let narrow = subscribers.iter().filter(|one| one.subscription.channel_id() == Some(&*topic));
        let wide = subscribers.iter().filter(|one| one.subscription.channel_id().is_none());
        let mut own = Vec::new();
        for one in narrow.chain(wide) {
            let result = self.api(one.endpoint).publish(world, &one.subscription, event);
            if maker == Some(one.conn) {
                own.push((one.id.clone(), result));
                continue;
            }
            let Some(mailbox) = mailboxes.get(&one.conn) else { continue };
            if mailbox.try_send(Command::Data(one.id.clone(), result)).is_err() {
                // The connection sees its mailbox close, and knows why.
                mailboxes.remove(&one.conn);
            }
        }
        own
    }

    const fn api(&self, endpoint: Endpoint) -> &Api {
        match endpoint {
            Endpoint::Graph => &self.graph,
            Endpoint::Socket => &self.socket,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn next_id(&mut self, hash: &str) -> SubscriptionId {
        let integer = self.next_integer;
        self.next_integer += 1;
        SubscriptionId(format!("__absinthe__:doc:{integer}:{hash}"))
    }
}

/// The wall clock as the API shows it: `YYYY-MM-DDTHH:MM:SS`, UTC without a zone.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
