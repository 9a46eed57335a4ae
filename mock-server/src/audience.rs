//! Who listens to what: the open connections and their subscriptions.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use glimesh_proto::{DataTemplate, SubscriptionId};

use crate::graphql::Subscription;
use crate::mailbox::{Command, Data, Mailbox};
use crate::world::Published;

/// All connections and their subscriptions.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    connections: BTreeMap<u32, Connection>,
    subscribers: BTreeMap<Rank, Subscriber>,
    /// One for all subscribers that get the same.
    subscriptions: HashSet<Arc<Subscription>>,
    next_number: u64,
}

#[derive(Debug)]
struct Connection {
    /// By which others reach all connections of the same credential.
    socket_id: String,
    mailbox: Mailbox,
    ranks: Vec<Rank>,
}

#[derive(Debug)]
struct Subscriber {
    conn: u32,
    /// As JSON.
    id: Arc<str>,
    mailbox: Mailbox,
    subscription: Arc<Subscription>,
}

/// The order in which subscribers are told: those whose subscription has an argument before those without, then as
/// they came. Source: recordings, rule 32.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_wide: bool,
    number: u64,
}

/// Who was told what happened.
#[derive(Debug)]
pub(crate) struct Told {
    /// What is for the connection that made it happen.
    pub(crate) own: Vec<Data>,
    /// How many subscriptions it was for, in all.
    pub(crate) count: usize,
}

impl Audience {
    /// A connection comes, in whose mailbox so many commands may wait.
    pub(crate) fn connect(&mut self, conn: u32, socket_id: String, most_waiting: usize) -> Mailbox {
        let mailbox = Mailbox::new(most_waiting);
        let connection = Connection { socket_id, mailbox: mailbox.clone(), ranks: Vec::new() };
        self.connections.insert(conn, connection);
        mailbox
    }

    pub(crate) fn disconnect(&mut self, conn: u32) {
        self.unsubscribe_all(conn);
        self.connections.remove(&conn);
    }

    /// Nothing happens if the connection is gone.
    pub(crate) fn subscribe(&mut self, conn: u32, id: &SubscriptionId, subscription: Subscription) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let subscription = match self.subscriptions.get(&subscription) {
            Some(same) => Arc::clone(same),
            None => {
                let subscription = Arc::new(subscription);
                self.subscriptions.insert(Arc::clone(&subscription));
                subscription
            }
        };
        let is_wide = subscription.channel_id().is_none();
        let rank = Rank { is_wide, number: self.next_number };
        self.next_number += 1;
        connection.ranks.push(rank);
        let (id, mailbox) = (id.to_json().into(), connection.mailbox.clone());
        self.subscribers.insert(rank, Subscriber { conn, id, mailbox, subscription });
    }

    /// How many subscriptions a connection has.
    pub(crate) fn subscriptions_of(&self, conn: u32) -> usize {
        self.connections.get(&conn).map_or(0, |connection| connection.ranks.len())
    }

    pub(crate) fn unsubscribe_all(&mut self, conn: u32) {
        self.unsubscribe_where(conn, |_| true);
    }

    pub(crate) fn unsubscribe(&mut self, conn: u32, id: &SubscriptionId) {
        let id = id.to_json();
        self.unsubscribe_where(conn, |subscriber| *subscriber.id == id);
    }

    fn unsubscribe_where(&mut self, conn: u32, unwanted: impl Fn(&Subscriber) -> bool) {
        let Self { connections, subscribers, subscriptions, .. } = self;
        let Some(connection) = connections.get_mut(&conn) else { return };
        connection.ranks.retain(|rank| {
            if !subscribers.get(rank).is_some_and(&unwanted) {
                return true;
            }
            if let Some(Subscriber { subscription, .. }) = subscribers.remove(rank)
                // The set's own, and this one.
                && Arc::strong_count(&subscription) == 2
            {
                subscriptions.remove(&subscription);
            }
            false
        });
    }

    /// Offers what happened to every subscriber.
    ///
    /// `publish` executes a subscription: once for all that get the same.
    pub(crate) fn publish(
        &self,
        event: &Published,
        maker: Option<u32>,
        mut publish: impl FnMut(&Subscription) -> DataTemplate,
    ) -> Told {
        let mut told = Told { own: Vec::new(), count: 0 };
        let mut templates = HashMap::new();
        for Subscriber { conn, id, mailbox, subscription } in self.subscribers.values() {
            let template = templates.entry(Arc::as_ptr(subscription)).or_insert_with(|| {
                subscription.wants(event).then(|| Arc::new(publish(subscription)))
            });
            let Some(template) = template else { continue };
            told.count += 1;
            let data = Data { template: Arc::clone(template), id: Arc::clone(id) };
            if maker == Some(*conn) {
                told.own.push(data);
            } else {
                // A connection whose mailbox overflows finds out by itself, and ends.
                let _ = mailbox.put(Command::Data(data));
            }
        }
        told
    }

    /// Tells all connections of a socket id something; how many there are.
    pub(crate) fn tell_socket(&self, socket_id: &str, command: &Command) -> usize {
        self.tell(command, |_, connection| connection.socket_id == socket_id)
    }

    /// Tells all connections that have subscribed by this id something; how many there are.
    pub(crate) fn tell_subscribed(&self, id: &SubscriptionId, command: &Command) -> usize {
        let id = id.to_json();
        let subscribed = self.subscribers.values().filter(|subscriber| *subscriber.id == id);
        let subscribed: HashSet<u32> = subscribed.map(|subscriber| subscriber.conn).collect();
        self.tell(command, |conn, _| subscribed.contains(&conn))
    }

    /// Tells every connection something; how many there are.
    pub(crate) fn tell_all(&self, command: &Command) -> usize {
        self.tell(command, |_, _| true)
    }

    fn tell(&self, command: &Command, wanted: impl Fn(u32, &Connection) -> bool) -> usize {
        let wanted =
            self.connections.iter().filter(|(conn, connection)| wanted(**conn, connection));
        let told = wanted.map(|(_, connection)| connection.mailbox.put(command.clone()));
        // A connection whose mailbox overflows finds out by itself, and ends.
        told.count()
    }

    /// Tells the newest open connection something; `false` if none is open.
    pub(crate) fn tell_newest(&self, command: Command) -> bool {
        let newest = self.connections.last_key_value();
        newest.is_some_and(|(_, connection)| connection.mailbox.put(command).is_ok())
    }

    /// The socket ids of all connections, sorted, each once.
    pub(crate) fn socket_ids(&self) -> Vec<String> {
        let ids = self.connections.values().map(|connection| connection.socket_id.clone());
        ids.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// How many subscriptions stand.
    pub(crate) fn subscriptions(&self) -> usize {
        self.subscribers.len()
    }
}
