//! Whether a client subscribes to the same thing only once.

use glimesh_mock::transcript::From;
use glimesh_proto::{Frame, Instant, Payload, Ref, names};

use crate::check::join::{RETRY_AFTER, is_doc, status};
use crate::check::recover::is_granted;
use crate::check::subscribe::is_subscription;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::{Connection, Session};

/// The check SB009.
pub(super) const CHECKS: [Check; 1] = [Check {
    id: "SB009",
    slug: "subscribe/once",
    clauses: &["GCW-SB-04"],
    level: Level::Should,
    title: "subscribes to the same thing once",
    requirement: "On each connection the client SHOULD send a subscription once, and once more only after a refusal, a lost reply, a new join or an unsubscribe.",
    why: "Each subscription gets every message. Where each reconnect leaves a handler behind, the second connection brings everything twice, and the third one three times.",
    mend: "Set the handlers up once, or take them down with the connection, and keep a list of what is subscribed to.",
    // Three connections, on which nothing provokes a second try.
    scope: Scope::Of("reset"),
    needs: Some(Capability::Subscribe),
    timing: false,
    judge: subscribes_once,
}];

/// A subscription that was asked for.
struct Asked<'a> {
    payload: &'a Payload,
    msg_ref: &'a Option<Ref>,
    at: Instant,
    granted: bool,
}

fn subscribes_once(session: &Session) -> Observation {
    Observation::worst(session.open_connections().filter_map(once))
        .unwrap_or_else(|| Observation::unseen("the client was given no subscription"))
}

/// Whether a connection's subscriptions are all different; `None` if it was given none.
fn once(connection: &Connection) -> Option<Observation> {
    let mut live: Vec<Asked<'_>> = Vec::new();
    let mut ruling = None;
    for seen in &connection.frames {
        let Ok(frame) = &seen.frame else { continue };
        match (seen.from, frame.event.as_str()) {
            _ if frame.topic != names::CONTROL_TOPIC => {}
            (From::Client, names::PHX_JOIN | names::PHX_LEAVE | names::UNSUBSCRIBE)
            | (From::Server, names::PHX_ERROR | names::PHX_CLOSE) => live.clear(),
            (From::Server, names::PHX_REPLY) if is_refusal(frame) => {
                live.retain(|asked| *asked.msg_ref != frame.msg_ref);
            }
            (From::Server, names::PHX_REPLY) if is_granted(frame) => {
                let asked = live.iter_mut().find(|asked| *asked.msg_ref == frame.msg_ref);
                if let Some(asked) = asked {
                    asked.granted = true;
                    ruling.get_or_insert_with(|| Observation::met("each subscription once"));
                }
            }
            (From::Client, _) if is_doc(frame) && is_subscription(frame) => {
                let (payload, msg_ref) = (&frame.payload, &frame.msg_ref);
                let same = live.iter().find(|asked| {
                    let waits = !asked.granted && seen.at.since(asked.at) >= RETRY_AFTER;
                    asks_the_same(asked.payload, payload) && !waits
                });
                if same.is_some() {
                    return Some(
                        Observation::unmet("the same subscription twice on one connection")
                            .expecting("each subscription once")
                            .at_entry(seen.entry, seen.at)
                            .with_hint("a handler of an earlier connection may be at work still"),
                    );
                }
                live.push(Asked { payload, msg_ref, at: seen.at, granted: false });
            }
            _ => {}
        }
    }
    ruling
}

fn asks_the_same(one: &Payload, other: &Payload) -> bool {
    ["query", "variables"].iter().all(|key| one.get(key) == other.get(key))
}

fn is_refusal(reply: &Frame) -> bool {
    status(reply) != Some("ok") || reply.payload["response"].get("errors").is_some()
}

#[cfg(test)]
mod tests {
    use crate::check::Outcome::{Met, Unmet, Unseen};
    use crate::check::testing::{DOC, JOIN, OK, SUBSCRIBED, Wire, outcome};

    #[test]
    fn each_connection_subscribes_once() {
        let open = || Wire::new().scenario("reset").open(1.0).subscribed(1.1);
        assert_eq!(outcome("SB009", open()), Met);
        assert_eq!(outcome("SB009", open().open(3.0).subscribed(3.1)), Met);
        assert_eq!(outcome("SB009", open().client(1.3, DOC)), Unmet);
        assert_eq!(outcome("SB009", open().open(3.0).subscribed(3.1).client(3.1, DOC)), Unmet);
        assert_eq!(outcome("SB009", Wire::new().scenario("reset").open(1.0)), Unseen);
    }

    #[test]
    fn another_subscription_is_another_matter() {
        let open = || Wire::new().scenario("reset").open(1.0).subscribed(1.1);
        let other =
            DOC.replace("channelId: 6", "channelId: 7").replace("\"1\",\"1\"", "\"1\",\"2\"");
        assert_eq!(outcome("SB009", open().client(1.3, &other)), Met);
    }

    #[test]
    fn a_second_try_has_its_reason() {
        let joined = || Wire::new().scenario("reset").open(1.0).client(1.1, JOIN).server(1.1, OK);
        let refused = OK.replace("\"ok\"", "\"error\"");
        let tried_again = joined().client(1.2, DOC).server(1.2, &refused).client(1.3, DOC);
        assert_eq!(outcome("SB009", tried_again.server(1.3, SUBSCRIBED)), Met);
        let unanswered =
            |again| joined().client(1.2, DOC).client(again, DOC).server(9.0, SUBSCRIBED);
        assert_eq!(outcome("SB009", unanswered(1.4)), Unmet);
        assert_eq!(outcome("SB009", unanswered(6.2)), Met);
        let anew =
            joined().client(1.2, DOC).server(1.2, SUBSCRIBED).client(1.3, JOIN).server(1.3, OK);
        assert_eq!(outcome("SB009", anew.client(1.4, DOC).server(1.4, SUBSCRIBED)), Met);
    }
}
