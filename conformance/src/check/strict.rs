//! What a strict reader finds in the client's messages that the server overlooks, or does not read at all.

use std::collections::BTreeSet;

use glimesh_mock::transcript::{From, What};
use glimesh_proto::names;
use glimesh_proto::scan::duplicate_keys;

use crate::check::elements::shorten;
use crate::check::{Check, Level, Observation, Scope};
use crate::session::Session;

/// The checks of this area.
pub(super) const CHECKS: [Check; 3] = [
    Check {
        id: "FR010",
        slug: "frame/keys-once",
        clauses: &["GCW-FR-07"],
        level: Level::Should,
        title: "no key twice",
        requirement: "No object in a frame SHOULD have the same key twice.",
        why: "JSON readers disagree about which of the two counts: Glimesh's took the first, most others take the last. So two people see two different frames.",
        mend: "Build objects as maps and let a JSON encoder write them; look for a place that adds a key to a text by hand.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: keys_once,
    },
    Check {
        id: "FR011",
        slug: "frame/known-topics",
        clauses: &["GCW-JN-01"],
        level: Level::Note,
        title: "only topics of the protocol",
        requirement: "The client MAY send frames on other topics than __absinthe__:control and phoenix; they are noted.",
        why: "On the chat's socket the server answers every other topic with \"unmatched topic\". Mostly a letter is wrong, or the client was written for another server.",
        mend: "Send joins and documents on __absinthe__:control and heartbeats on phoenix, letter by letter.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: known_topics,
    },
    Check {
        id: "FR012",
        slug: "frame/websocket-rules",
        clauses: &["WS-05"],
        level: Level::Should,
        title: "keeps the WebSocket's own rules",
        requirement: "The client's WebSocket frames SHOULD be masked and well-formed, and its close codes valid.",
        why: "A server ends the connection at the first WebSocket frame that breaks the rules, with 1002. Who uses a WebSocket library need not care; who writes frames by hand forgets the mask first.",
        mend: "Use a WebSocket library. Close with 1000, or with a code from 3000 to 4999 of your own; 1005 and 1006 are never sent.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: websocket_rules,
    },
];

fn keys_once(session: &Session) -> Observation {
    let mut frames = 0_u32;
    for said in session.said() {
        let Some(mut duplicates) = duplicate_keys(said.text) else { continue };
        frames += 1;
        if let Some(key) = duplicates.next() {
            let told = format!("the key {} twice in one object", shorten(key.again.of(said.text)));
            return Observation::unmet(told)
                .expecting("each key once")
                .at_entry(said.entry, said.at)
                .with_span(key.again.start, key.again.end)
                .with_hint("the first one counts for the server, and the second one is ignored");
        }
    }
    match frames {
        0 => Observation::unseen("the client sent no JSON"),
        n => Observation::met(format!("{n} frames without a key twice")),
    }
}

fn known_topics(session: &Session) -> Observation {
    let frames = || session.open_connections().flat_map(|connection| connection.client_frames());
    let foreign = || {
        frames().filter(|(_, frame)| {
            frame.topic != names::CONTROL_TOPIC && frame.topic != names::PHOENIX_TOPIC
        })
    };
    let Some((first, _)) = foreign().next() else {
        return match frames().count() {
            0 => Observation::unseen("the client sent no frame"),
            n => Observation::met(format!("{n} frames, all on the protocol's two topics")),
        };
    };
    let topics: BTreeSet<_> = foreign().map(|(_, frame)| shorten(&frame.topic)).collect();
    let topics: Vec<_> = topics.into_iter().take(MOST_NAMED).collect();
    Observation::note(format!("frames on {}", topics.join(", ")))
        .expecting("__absinthe__:control and phoenix")
        .at_entry(first.entry, first.at)
}

/// How many foreign topics are named.
const MOST_NAMED: usize = 3;

fn websocket_rules(session: &Session) -> Observation {
    let (mut seen_something, mut closed) = (false, false);
    for (index, entry) in session.transcript.entries.iter().enumerate() {
        match &entry.what {
            What::Note { code, text } if code == "websocket-fault" => {
                return Observation::unmet(text.clone())
                    .expecting("WebSocket frames as in RFC 6455, masked")
                    .at_entry(index, entry.at);
            }
            What::Close { from: From::Client, code: Some(code), .. } if !may_be_sent(*code) => {
                return Observation::unmet(format!("a close frame with the code {code}"))
                    .expecting("1000, or another code that may be sent")
                    .at_entry(index, entry.at)
                    .with_hint(
                        "that code is for what a program tells itself, or belongs to nobody",
                    );
            }
            // A code that may not be sent is told by the mock's WebSocket library, tungstenite, in these words.
            What::Close { from: From::Client, code: Some(1002), reason }
                if !closed && reason == "Protocol violation" =>
            {
                return Observation::unmet(
                    "a close frame with a code that no close frame may carry",
                )
                .expecting("1000, or another code that may be sent")
                .at_entry(index, entry.at);
            }
            What::Close { from: From::Server, .. } => closed = true,
            What::Text { from: From::Client, .. }
            | What::Close { from: From::Client, .. }
            | What::Ping { from: From::Client, .. }
            | What::Pong { from: From::Client, .. } => seen_something = true,
            _ => {}
        }
    }
    if seen_something {
        Observation::met("every WebSocket frame was in order")
    } else {
        Observation::unseen("the client sent no WebSocket frame")
    }
}

/// Whether a close frame may carry the code.
///
/// Source: RFC 6455, section 7.4, and IANA's registry of WebSocket close codes, 1000 to 1014.
const fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use glimesh_mock::transcript::{From, What};

    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{BEAT, JOIN, Wire, outcome};

    fn open() -> Wire {
        Wire::new().open(1.0)
    }

    #[test]
    fn a_key_stands_once_in_its_object() {
        assert_eq!(outcome("FR010", open().client(1.1, JOIN)), Met);
        let same_key_elsewhere = r#"["1","1","t","e",{"a":{"b":1},"b":{"a":2}}]"#;
        assert_eq!(outcome("FR010", open().client(1.1, same_key_elsewhere)), Met);
        let twice = r#"["1","1","t","e",{"a":1,"b":2,"a":3}]"#;
        assert_eq!(outcome("FR010", open().client(1.1, twice)), Unmet);
        assert_eq!(outcome("FR010", open().client(1.1, "{a:1,a:2}")), Unseen);
    }

    #[test]
    fn a_foreign_topic_is_noted() {
        assert_eq!(outcome("FR011", open().client(1.1, JOIN).client(1.2, BEAT)), Met);
        let lobby = r#"["1","1","room:lobby","phx_join",{}]"#;
        assert_eq!(outcome("FR011", open().client(1.1, JOIN).client(1.2, lobby)), Note);
        assert_eq!(outcome("FR011", open()), Unseen);
    }

    #[test]
    fn websocket_frames_are_in_order() {
        assert_eq!(outcome("FR012", open().client(1.1, JOIN).close(2.0, From::Client, 1000)), Met);
        let empty = What::Close { from: From::Client, code: None, reason: String::new() };
        assert_eq!(outcome("FR012", open().entry(2.0, empty)), Met);
        for own in [3000, 4999, 1001] {
            assert_eq!(outcome("FR012", open().close(2.0, From::Client, own)), Met, "{own}");
        }
        for wrong in [0, 999, 1004, 1005, 1006, 1015, 2999, 5000] {
            assert_eq!(outcome("FR012", open().close(2.0, From::Client, wrong)), Unmet, "{wrong}");
        }
        let told = |wire: Wire| {
            let reason = "Protocol violation".to_owned();
            wire.entry(2.0, What::Close { from: From::Client, code: Some(1002), reason })
        };
        assert_eq!(outcome("FR012", told(open())), Unmet);
        assert_eq!(outcome("FR012", told(open().close(1.9, From::Server, 1000))), Met);
        let fault = What::Note { code: "websocket-fault".to_owned(), text: "no mask".to_owned() };
        assert_eq!(outcome("FR012", open().entry(1.1, fault)), Unmet);
        assert_eq!(outcome("FR012", open().close(2.0, From::Server, 1006)), Unseen);
    }
}
