//! The world as all connections share it: executes documents, and tells subscribers what happened.

mod reach;

use std::sync::{Mutex, MutexGuard, PoisonError};

use glimesh_proto::connect::{Credential, Endpoint};
use glimesh_proto::{DataTemplate, Doc, SubscriptionId};
use serde_json::{Map, Value, json};

use crate::audience::{Audience, Told};
use crate::graphql::{Answer, Api, Outcome, Request};
use crate::mailbox::{Command, Data, Mailbox};
use crate::profile::GraphSchema;
use crate::world::{GrantError, Published, SayError, Viewer, World};

/// The channel that clients under test are given. Source: the document's examples.
pub const CHANNEL_ID: u64 = 6;

/// The name of its streamer. Source: the document's examples.
pub const CHANNEL_NAME: &str = "Mytho";

/// The integer in the first subscription's id; they count up from here.
///
/// Source: recordings; a real one is a unique integer of the Erlang VM.
const FIRST_INTEGER: i64 = -576_460_752_303_422_399;

/// How complex a document may be that comes over HTTP. Source: recording `http/too_complex`.
const MOST_COMPLEX: u64 = 500;

/// What came of a document.
pub(crate) struct Executed {
    /// Data for the sender's own subscriptions; it goes out before the reply. Source: recordings, rule 32.
    pub(crate) own: Vec<Data>,
    pub(crate) answer: Answered,
    pub(crate) context_lost: bool,
    /// The document is valid only on the older API, which answered it.
    pub(crate) by_older_api: bool,
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
    /// The world as it was at the start.
    initial: World,
    /// How many subscriptions a connection may have.
    most_subscriptions: usize,
    inner: Mutex<Inner>,
}

struct Inner {
    world: World,
    audience: Audience,
    next_integer: i64,
    /// How many operations were executed.
    executed: u64,
}

impl Chat {
    /// `most_subscriptions`: how many a connection may have.
    pub(crate) fn new(world: World, schema: GraphSchema, most_subscriptions: usize) -> Self {
        let inner = Inner {
            world: world.clone(),
            audience: Audience::default(),
            next_integer: FIRST_INTEGER,
            executed: 0,
        };
        Self {
            graph: match schema {
                GraphSchema::Current => Api::graph(),
                GraphSchema::Either => Api::glimesh(),
            },
            socket: Api::socket(),
            initial: world,
            most_subscriptions,
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

    /// `most_waiting`: how many commands may wait for a connection that is busy, before it counts as too slow.
    pub(crate) fn connect(&self, conn: u32, socket_id: String, most_waiting: usize) -> Mailbox {
        self.lock().audience.connect(conn, socket_id, most_waiting)
    }

    pub(crate) fn disconnect(&self, conn: u32) {
        self.lock().audience.disconnect(conn);
    }

    pub(crate) fn unsubscribe_all(&self, conn: u32) {
        self.lock().audience.unsubscribe_all(conn);
    }

    pub(crate) fn unsubscribe(&self, conn: u32, id: &SubscriptionId) {
        self.lock().audience.unsubscribe(conn, id);
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
        let request = Request {
            viewer,
            now: &now(),
            query: &doc.query,
            variables: &doc.variables,
            most_complex: None,
        };
        let Outcome { answer, published, context_lost, by_older_api } =
            self.api(endpoint).execute(&mut inner.world, &request);
        inner.count(&answer);
        let own =
            published.iter().flat_map(|event| fan_out(&mut inner, event, Some(conn)).own).collect();
        let answer = match answer {
            Answer::Ok(response) => Answered::Ok(response),
            Answer::Error(response) => Answered::Error(response),
            Answer::Crash { reason } => Answered::Crash { reason },
            Answer::Subscribed(_)
                if inner.audience.subscriptions_of(conn) >= self.most_subscriptions =>
            {
                Answered::Error(json!({"errors": [{"message": self.too_many_subscriptions()}]}))
            }
            Answer::Subscribed(subscription) => {
                let id = printed.unwrap_or_else(|| inner.next_id(subscription.hash()));
                inner.audience.subscribe(conn, &id, subscription);
                Answered::Subscribed(id)
            }
        };
        Executed { own, answer, context_lost, by_older_api }
    }

    /// Executes a document that came over HTTP.
    pub(crate) fn execute_http(
        &self,
        viewer: &Viewer,
        query: &str,
        variables: &Map<String, Value>,
    ) -> Answer {
        let mut inner = self.lock();
        let now = &now();
        let request = Request { viewer, now, query, variables, most_complex: Some(MOST_COMPLEX) };
        let outcome = self.graph.execute(&mut inner.world, &request);
        inner.count(&outcome.answer);
        for event in &outcome.published {
            fan_out(&mut inner, event, None);
        }
        outcome.answer
    }

    /// Grants a token to an application: the token, its scopes, and now.
    pub(crate) fn grant(
        &self,
        client_id: &str,
        client_secret: &str,
        scopes: &str,
    ) -> Result<(String, String, String), GrantError> {
        let (token, scopes) = self.lock().world.grant(client_id, client_secret, scopes)?;
        Ok((token, scopes, now()))
    }

    /// Lets a user of the world say something; how many subscriptions were told.
    pub(crate) fn say(
        &self,
        channel_id: u64,
        username: &str,
        text: &str,
    ) -> Result<usize, SayError> {
        let mut inner = self.lock();
        let published = inner.world.say(&now(), channel_id, username, text)?;
        Ok(fan_out(&mut inner, &published, None).count)
    }

    /// Tells the newest open connection something; `false` if none is open.
    pub(crate) fn tell_newest(&self, command: Command) -> bool {
        self.lock().audience.tell_newest(command)
    }

    fn too_many_subscriptions(&self) -> String {
        let most = self.most_subscriptions;
        format!("The connection has {most} subscriptions, and this mock server keeps no more.")
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
    const fn count(&mut self, answer: &Answer) {
        if let Answer::Ok(_) | Answer::Crash { .. } = answer {
            self.executed += 1;
        }
    }

    fn next_id(&mut self, hash: &str) -> SubscriptionId {
        let integer = self.next_integer;
        self.next_integer += 1;
        SubscriptionId(format!("__absinthe__:doc:{integer}:{hash}"))
    }
}

/// Offers what happened to every subscriber.
fn fan_out(inner: &mut Inner, event: &Published, maker: Option<u32>) -> Told {
    let Inner { world, audience, executed, .. } = inner;
    audience.publish(event, maker, |subscription| {
        *executed += 1;
        DataTemplate::new(&subscription.publish(world, event))
    })
}

/// The wall clock as the API shows it: `YYYY-MM-DDTHH:MM:SS`, UTC without a zone.
fn now() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
