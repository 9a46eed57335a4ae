//! Connections as somebody outside reaches them: by the socket id, or by a topic.

use glimesh_proto::{Close, Frame, SubscriptionId, names};
use serde_json::Value;

use super::Chat;
use crate::graphql::Work;
use crate::mailbox::Command;
use crate::metrics::Kept;

impl Chat {
    /// Puts the world back to what it was at the start. Connections and subscriptions stay.
    pub(crate) fn reset(&self) {
        let mut inner = self.lock();
        inner.world = self.initial.clone();
    }

    /// Tells all connections of a socket id something; how many there are.
    pub(crate) fn tell_socket(&self, socket_id: &str, command: &Command) -> usize {
        self.lock().audience.tell_socket(socket_id, command)
    }

    /// Tells every connection something; how many there are.
    pub(crate) fn tell_all(&self, command: &Command) -> usize {
        self.lock().audience.tell_all(command)
    }

    /// Broadcasts an event on a topic; how many connections were told.
    ///
    /// A joined channel listens to its own topic, a subscription to its id, a connection to its socket id, of which
    /// it knows the event `disconnect` alone. Source: Phoenix 1.7.0, `Phoenix.Channel.Server` and
    /// `Phoenix.Socket`; absinthe_phoenix 2.0.2, `Absinthe.Phoenix.Channel`.
    pub(crate) fn publish_raw(&self, topic: &str, event: &str, payload: Value) -> usize {
        let audience = &self.lock().audience;
        if event == "disconnect" {
            let close = Command::Close(Box::new(Close::new(names::CLOSE_NORMAL)));
            let told = audience.tell_socket(topic, &close);
            if told > 0 {
                return told;
            }
        }
        let broadcast = Command::Broadcast(Frame::push(None, None, topic, event, payload).encode());
        if topic == names::CONTROL_TOPIC {
            return audience.tell_all(&broadcast);
        }
        audience.tell_subscribed(&SubscriptionId(topic.to_owned()), &broadcast)
    }

    /// The socket ids of all open connections, sorted, each once.
    pub(crate) fn socket_ids(&self) -> Vec<String> {
        self.lock().audience.socket_ids()
    }

    /// What is counted here.
    pub(crate) fn kept(&self) -> Kept {
        let inner = self.lock();
        let (graph, socket) = (self.graph.work(), self.socket.work());
        let work = Work {
            parsed: graph.parsed + socket.parsed,
            validated: graph.validated + socket.validated,
        };
        Kept { subscriptions: inner.audience.subscriptions(), work, executed: inner.executed }
    }

    /// Who says the message of this number when the world's users talk by themselves, and in which channel.
    ///
    /// Every other message is said in the first channel, which is the one that clients are given.
    pub(crate) fn speaker(&self, n: usize) -> Option<(u64, String)> {
        let inner = self.lock();
        let channels: Vec<_> = inner.world.channels.iter().map(|channel| channel.id).collect();
        let (first, others) = channels.split_first()?;
        let channel_id = match others {
            [_, ..] if n % 2 == 1 => others[n / 2 % others.len()],
            _ => *first,
        };
        let banned = |id| {
            inner.world.bans.iter().any(|ban| (ban.channel_id, ban.user_id) == (channel_id, id))
        };
        let users: Vec<_> = inner.world.listed_users().filter(|user| !banned(user.id)).collect();
        // A step that has no divisor in common with small numbers, so that users and channels mix.
        let user = users.get(n * 7 % users.len().max(1))?;
        Some((channel_id, user.username.clone()))
    }

    /// The names of all users.
    pub(crate) fn usernames(&self) -> Vec<String> {
        self.lock().world.users.iter().map(|user| user.username.clone()).collect()
    }

    /// The ids of all channels.
    pub(crate) fn channel_ids(&self) -> Vec<String> {
        self.lock().world.channels.iter().map(|channel| channel.id.to_string()).collect()
    }
}
