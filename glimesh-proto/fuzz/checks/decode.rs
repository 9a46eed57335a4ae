//! What must hold for any bytes that come as a message.

use glimesh_proto::binary::{Push, ServerMessage as BinaryServerMessage};
use glimesh_proto::connect::Vsn;
use glimesh_proto::diagnostic::{
    Code, Context, MessageKind, Reaction, Sender, diagnose, diagnose_bytes, diagnose_url,
};
use glimesh_proto::scan::scan;
use glimesh_proto::{ClientMessage, Envelope, Frame, Json, RawFrame, ServerMessage, v1};
use serde_json::Value;
use serde_json::value::RawValue;

/// serde_json gives up at 128 levels; deeper texts it cannot judge.
const SERDE_DEPTH: usize = 120;

pub(crate) fn check(bytes: &[u8]) {
    check_binary(bytes);
    if let Ok(text) = str::from_utf8(bytes) {
        check_scanners(text);
        check_frame(text);
        check_v1(text);
        check_diagnostics(text);
    }
}

fn check_binary(bytes: &[u8]) {
    if let Ok(push) = Push::decode(bytes) {
        assert_eq!(push.encode().as_deref(), Ok(bytes));
        let _ = ClientMessage::try_from(&push.to_frame());
    }
    if let Ok(message) = BinaryServerMessage::decode(bytes) {
        assert_eq!(message.encode().as_deref(), Ok(bytes));
    }
    for kind in [MessageKind::Text, MessageKind::Binary] {
        for fault in diagnose_bytes(bytes, kind, &Context::default()) {
            assert!(fault.span.start <= fault.span.end && fault.span.end <= bytes.len());
        }
    }
}

/// The strict and the patient one, serde_json, and the scanner of the diagnostics.
fn check_scanners(text: &str) {
    let found = scan(text);
    let strict = Json::parse(text);
    assert_eq!(found.is_json(), strict.is_ok());
    assert_eq!(found.first_error(), strict.err());
    for error in &found.errors {
        assert!(text.get(error.span.range()).is_some(), "{error:?}");
    }
    if depth(text) < SERDE_DEPTH {
        assert_eq!(found.is_json(), serde_json::from_str::<Value>(text).is_ok());
    }
    let is_syntax = |code: &Code| code.id.starts_with('J');
    let server = Context { sender: Sender::Server, ..Context::default() };
    let diagnosed = diagnose(text, &server);
    assert_eq!(found.is_json(), !diagnosed.iter().any(|fault| is_syntax(fault.code)));
}

fn check_frame(text: &str) {
    let raw = RawFrame::decode(text);
    let frame = Frame::decode(text);
    assert_eq!(raw.as_ref().err(), frame.as_ref().err());
    let (Ok(raw), Ok(frame)) = (raw, frame) else { return };
    let parts = [raw.join_ref, raw.msg_ref, raw.topic, raw.event, raw.payload];
    let found = scan(text);
    assert_eq!((found.count, raw.count), (raw.count, found.count));
    for (part, element) in parts.into_iter().zip(&found.elements) {
        assert_eq!(raw.span_of(part), element.span);
    }
    if depth(text) < SERDE_DEPTH {
        let serde: Vec<&RawValue> = serde_json::from_str(text).expect("all readers agree");
        assert!(serde.iter().map(|part| part.get()).zip(parts).all(|(one, other)| one == other));
    }
    let envelope = Envelope::peek(text).expect("every frame has an envelope");
    assert_eq!([envelope.join_ref, envelope.msg_ref, envelope.topic, envelope.event], parts[..4],);
    // What is written is read as the same, and written as the same again.
    let written = frame.encode();
    assert_eq!(Frame::decode(&written).map(|frame| frame.encode()), Ok(written));
    let _ = (ClientMessage::try_from(&frame), ServerMessage::try_from(&frame));
}

fn check_v1(text: &str) {
    if let Ok(frame) = v1::decode(text) {
        let written = v1::encode(&frame);
        assert_eq!(v1::decode(&written).map(|frame| v1::encode(&frame)), Ok(written));
    }
}

fn check_diagnostics(text: &str) {
    for vsn in [Vsn::V1, Vsn::V2] {
        let context = Context { vsn, ..Context::default() };
        let faults = diagnose(text, &context);
        for fault in &faults {
            assert!(text.get(fault.span.clone()).is_some(), "{fault:?}");
            for label in &fault.labels {
                assert!(text.get(label.span.clone()).is_some(), "{fault:?}");
            }
            if let Some(fix) = &fault.fix {
                assert_eq!(diagnose(fix, &context), [], "{text:?} was mended as {fix:?}");
            }
        }
        // What the server cannot read it closes on, and so the diagnostics say.
        let is_frame = match vsn {
            Vsn::V1 => v1::decode(text).is_ok(),
            Vsn::V2 => RawFrame::decode(text).is_ok(),
        };
        let closes = faults.iter().any(|fault| matches!(fault.reaction, Reaction::Closes(_)));
        assert!(is_frame || closes, "{faults:?}");
    }
    for fault in diagnose_url(text, &Context::default()) {
        assert!(text.get(fault.span.clone()).is_some(), "{fault:?}");
    }
}

/// An upper bound.
fn depth(text: &str) -> usize {
    text.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count()
}
