//! Who listens to what: the open connections and their subscriptions.

use std::collections::{BTreeMap, HashMap, HashSet};
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

#[derive(Debug, Default)]
struct Connection {
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

impl Audience {
    pub(crate) fn connect(&mut self, conn: u32) -> Mailbox {
        self.connections.entry(conn).or_default().mailbox.clone()
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

    /// Offers what happened to every subscriber; returns what is for the connection that made it happen.
    ///
    /// `publish` executes a subscription: once for all that get the same.
    pub(crate) fn tell(
        &self,
        event: &Published,
        maker: Option<u32>,
        mut publish: impl FnMut(&Subscription) -> DataTemplate,
    ) -> Vec<Data> {
        let mut own = Vec::new();
        let mut templates = HashMap::new();
        for Subscriber { conn, id, mailbox, subscription } in self.subscribers.values() {
            let template = templates.entry(Arc::as_ptr(subscription)).or_insert_with(|| {
                subscription.wants(event).then(|| Arc::new(publish(subscription)))
            });
            let Some(template) = template else { continue };
            let data = Data { template: Arc::clone(template), id: Arc::clone(id) };
            if maker == Some(*conn) {
                own.push(data);
            } else {
                // A connection whose mailbox overflows finds out by itself, and ends.
                let _ = mailbox.put(Command::Data(data));
            }
        }
        own
    }

    /// Tells the newest open connection something; `false` if none is open.
    pub(crate) fn tell_newest(&self, command: Command) -> bool {
        let newest = self.connections.last_key_value();
        newest.is_some_and(|(_, connection)| connection.mailbox.put(command).is_ok())
    }
}
