//! What holds for every text and every sequence of calls.

use std::time::Duration;

use glimesh_proto::client::{self, Client};
use glimesh_proto::server::{self, Server};
use glimesh_proto::{
    ClientMessage, Close, Doc, Frame, Instant, Ref, ServerMessage, SubscriptionId, Transmit, names,
};
use proptest::prelude::*;
use serde_json::Value;

proptest! {
    #[test]
    fn a_frame_comes_back_from_its_text(frame in frame()) {
        prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
    }

    #[test]
    fn no_text_makes_anything_panic(text in text()) {
        if let Ok(frame) = Frame::decode(&text) {
            let _ = ClientMessage::try_from(&frame);
            let _ = ServerMessage::try_from(&frame);
            prop_assert_eq!(Frame::decode(&frame.encode()), Ok(frame));
        }
        let mut client = Client::new(client::Config::default(), Instant::ZERO);
        client.join(Instant::ZERO).unwrap();
        client.handle_text(Instant::ZERO, &text);
        let mut server = Server::new(server::Config::glimesh(), Instant::ZERO);
        server.handle_text(Instant::ZERO, &text);
    }

    #[test]
    fn a_client_says_nothing_after_its_end(calls in calls()) {
        let mut client = Client::new(client::Config::default(), Instant::ZERO);
        let mut wire = Wire::default();
        for (now, call) in calls {
            let over = wire.ended;
            let doc = Doc::new("{myself{id}}");
            match call {
                Call::Text(text) => client.handle_text(now, &text),
                Call::Frame(frame) => client.handle_text(now, &frame.encode()),
                Call::PeerCloses => {
                    client.handle_close(Close::default());
                    wire.ended = true;
                    while client.poll_transmit().is_some() {}
                }
                Call::WeClose => client.close(Close::new(names::CLOSE_NORMAL)),
                Call::Timeout => client.handle_timeout(now),
                Call::Heartbeat => client.send_heartbeat(now),
                Call::Join => drop(client.join(now)),
                Call::Doc => drop(client.send_doc(now, &doc)),
                Call::Unsubscribe => drop(client.unsubscribe(now, &SubscriptionId(String::new()))),
                Call::Leave => drop(client.leave(now)),
            }
            wire.drain(|| client.poll_transmit())?;
            while let Some(event) = client.poll_event() {
                prop_assert!(!over, "{:?} after the end", event);
            }
            prop_assert_eq!(client.poll_timeout().is_none(), wire.ended);
        }
    }

    #[test]
    fn a_server_says_nothing_after_its_end(calls in calls()) {
        let mut server = Server::new(server::Config::glimesh(), Instant::ZERO);
        let mut wire = Wire::default();
        for (now, call) in calls {
            let over = wire.ended;
            match call {
                Call::Text(text) => server.handle_text(now, &text),
                Call::Frame(frame) => server.handle_text(now, &frame.encode()),
                Call::PeerCloses => {
                    server.handle_close(Close::default());
                    wire.ended = true;
                }
                Call::WeClose => server.close(Close::new(names::CLOSE_NORMAL)),
                Call::Timeout => server.handle_timeout(now),
                Call::Heartbeat => server.handle_text(now, &Frame::heartbeat(Ref::text("1")).encode()),
                Call::Join => server.handle_text(now, r#"["1","1","__absinthe__:control","phx_join",{}]"#),
                Call::Doc => server.publish(&SubscriptionId("x".into()), Value::Null),
                Call::Unsubscribe => server.crash_channel(),
                Call::Leave => server.send_text("nonsense".into()),
            }
            while let Some(event) = server.poll_event() {
                prop_assert!(!over, "{:?} after the end", event);
                match event {
                    server::Event::Received { frame, message } => {
                        if let Some(answer) = server.correct_answer(&frame, &message) {
                            server.reply(&frame, answer);
                        }
                    }
                    server::Event::Violation { frame, violation } => {
                        server.apply(frame.as_ref(), violation.consequence());
                    }
                    server::Event::Dropped { .. } | server::Event::Closed(_) => {}
                }
            }
            wire.drain(|| server.poll_transmit())?;
            prop_assert_eq!(server.is_open(), !wire.ended);
            prop_assert_eq!(server.poll_timeout().is_none(), wire.ended);
        }
    }
}

/// What a machine put on the WebSocket so far.
#[derive(Default)]
struct Wire {
    ended: bool,
}

impl Wire {
    fn drain(&mut self, mut poll: impl FnMut() -> Option<Transmit>) -> Result<(), TestCaseError> {
        while let Some(transmit) = poll() {
            prop_assert!(!self.ended, "{:?} after the end", transmit);
            self.ended = matches!(transmit, Transmit::Close(_));
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Call {
    Text(String),
    Frame(Frame),
    PeerCloses,
    WeClose,
    Timeout,
    Heartbeat,
    Join,
    Doc,
    Unsubscribe,
    Leave,
}

/// Calls at times that never go back.
fn calls() -> impl Strategy<Value = Vec<(Instant, Call)>> {
    let call = prop_oneof![
        2 => text().prop_map(Call::Text),
        6 => spoken().prop_map(Call::Frame),
        1 => Just(Call::PeerCloses),
        1 => Just(Call::WeClose),
        4 => Just(Call::Timeout),
        2 => Just(Call::Heartbeat),
        4 => Just(Call::Join),
        2 => Just(Call::Doc),
        1 => Just(Call::Unsubscribe),
        2 => Just(Call::Leave),
    ];
    prop::collection::vec((0..20_000_u64, call), 0..40).prop_map(|steps| {
        let mut now = Instant::ZERO;
        let later = |(after, call)| {
            now = now + Duration::from_millis(after);
            (now, call)
        };
        steps.into_iter().map(later).collect()
    })
}

/// Texts near to frames, and far from them.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\\[\\]{}\",:a-z0-9\\\\ \\-.eu]{0,60}",
        frame().prop_map(|frame| frame.encode()),
        (spoken(), any::<prop::sample::Index>()).prop_map(|(frame, at)| {
            let text = frame.encode();
            text.chars().take(at.index(text.len() + 1)).collect()
        }),
    ]
}

/// Frames in the protocol's own words.
fn spoken() -> impl Strategy<Value = Frame> {
    let refs = || prop_oneof![Just(None), (1..9_u8).prop_map(|n| Some(Ref::text(n.to_string())))];
    let topics = prop::sample::select(vec![
        names::CONTROL_TOPIC,
        names::PHOENIX_TOPIC,
        "__absinthe__:doc:-1:AB",
        "room:1",
    ]);
    let events = prop::sample::select(vec![
        names::PHX_JOIN,
        names::PHX_LEAVE,
        names::PHX_REPLY,
        names::PHX_CLOSE,
        names::PHX_ERROR,
        names::HEARTBEAT,
        names::DOC,
        names::UNSUBSCRIBE,
        names::SUBSCRIPTION_DATA,
    ]);
    let payloads = prop_oneof![
        Just(r#"{"response":{},"status":"ok"}"#),
        Just(r#"{"response":{},"status":"error"}"#),
        Just(r#"{"query":"{myself{id}}"}"#),
        Just(r#"{"subscriptionId":"x"}"#),
        Just("{}"),
        Just("5"),
    ]
    .prop_map(|text| serde_json::from_str::<Value>(text).expect("it is JSON"));
    (refs(), refs(), topics, events, payloads).prop_map(
        |(join_ref, msg_ref, topic, event, payload)| Frame {
            join_ref,
            msg_ref,
            topic: topic.into(),
            event: event.into(),
            payload: payload.into(),
        },
    )
}

/// Any frame.
fn frame() -> impl Strategy<Value = Frame> {
    let reference = || value().prop_map(Ref::from_value);
    (reference(), reference(), any::<String>(), any::<String>(), value()).prop_map(
        |(join_ref, msg_ref, topic, event, payload)| Frame {
            join_ref,
            msg_ref,
            topic: topic.into(),
            event: event.into(),
            payload: payload.into(),
        },
    )
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has finite numbers only", |n| n.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|object| Value::Object(object.into_iter().collect())),
        ]
    })
}
