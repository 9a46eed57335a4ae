//! Every op with a server that is right, and what crossed the wire beside what the adapter says of it.

mod agree;
mod chat;
mod connection;
mod post;

use glimesh_mock::MockServer;
use glimesh_mock::scenario::Auth as Given;

use super::talk::Talk;
use crate::driver::{ConnState, Hello};

struct Live<'a> {
    talk: &'a mut Talk,
    server: &'a MockServer,
    hello: &'a Hello,
}

/// A connection that stands.
#[derive(Clone, Copy)]
struct Conn {
    /// What the adapter knows it by.
    name: &'static str,
    /// Which one it is on the wire.
    number: u32,
}

pub(super) async fn live(talk: &mut Talk, server: &MockServer, hello: &Hello) {
    if !hello.ops.iter().any(|op| op == "connect") {
        return talk.skip("everything with a server", "hello does not claim connect");
    }
    Live { talk, server, hello }.all().await;
}

impl Live<'_> {
    async fn all(&mut self) {
        self.refused().await;
        let Some(a) = self.open("a", Given::Token).await else {
            return self.talk.skip("the rest", "there is no connection");
        };
        if self.join(a).await {
            self.state(a, ConnState::Joined).await;
            let mark = self.talk.mark();
            let subscribed = self.subscribe(a).await;
            if subscribed {
                self.chat(a).await;
            }
            self.send_chat(a).await;
            self.query(a).await;
            self.expect_in_vain(a).await;
            if subscribed {
                self.told_once(a, mark);
                self.unsubscribe(a).await;
            }
        }
        if let Some(b) = self.open("b", Given::ClientId).await {
            if self.join(b).await {
                self.post_without_leave(b).await;
            }
            self.closed_by_server(b).await;
        }
        self.disconnect(a).await;
    }

    /// Begins a step with an op, unless hello does not claim it.
    fn begins(&mut self, name: &str, op: &str) -> bool {
        let why = match () {
            () if self.talk.is_over() => "the adapter is gone".to_owned(),
            () if !self.hello.ops.iter().any(|claimed| claimed == op) => {
                format!("hello does not claim {op}")
            }
            () => {
                self.talk.begin(name);
                return true;
            }
        };
        self.talk.skip(name, why);
        false
    }
}
