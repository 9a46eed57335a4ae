//! Messages that are no text, and connections that are no HTTP.

use std::str;

use super::catalogue::{characters, frame, url};
use super::code::Reaction;
use super::context::{Context, MessageKind};
use super::diagnose;
use super::meaning;
use super::outline::Node;
use super::report::{Diagnostic, Span};
use crate::connect::Vsn;
use crate::names;

/// What a port speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Port {
    /// HTTP, for `ws://`.
    Plain,
    /// TLS, for `wss://`.
    Tls,
}

/// Everything that is wrong with a WebSocket message as it came; the spans are those of the bytes.
pub fn diagnose_bytes(bytes: &[u8], kind: MessageKind, context: &Context) -> Vec<Diagnostic> {
    match (kind, str::from_utf8(bytes)) {
        (MessageKind::Text, Ok(text)) => diagnose(text, context),
        (MessageKind::Text, Err(error)) => vec![not_utf8(bytes, &error, context)],
        (MessageKind::Binary, text) => binary(bytes, text.ok(), context),
    }
}

/// What the first bytes of a TCP connection say about the scheme that the client used.
pub fn diagnose_first_bytes(bytes: &[u8], port: Port, context: &Context) -> Option<Diagnostic> {
    let span = 0..bytes.len().min(5);
    match port {
        Port::Plain if bytes.starts_with(&[0x16, 0x03]) => Some(
            Diagnostic::new(
                &url::TLS_ON_PLAIN_PORT,
                context,
                span,
                "a TLS handshake, where HTTP is spoken",
            )
            .help("use ws:// for this port, or start the server with TLS"),
        ),
        Port::Tls if bytes.len() >= 4 && bytes[..3].iter().all(u8::is_ascii_uppercase) => Some(
            Diagnostic::new(
                &url::PLAIN_ON_TLS_PORT,
                context,
                span,
                "plain HTTP, where TLS is spoken",
            )
            .help("use wss:// for this port"),
        ),
        _ => None,
    }
}

fn not_utf8(bytes: &[u8], error: &str::Utf8Error, context: &Context) -> Diagnostic {
    let start = error.valid_up_to();
    let end = error.error_len().map_or(bytes.len(), |length| start + length);
    let found =
        bytes[start..end].iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    let message = format!("not UTF-8 from byte {start} on: {found}");
    let fault = Diagnostic::new(&characters::INVALID_UTF8, context, start..end, message);
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    match error.error_len() {
        _ if wide => fault.help("this is UTF-16: encode the text as UTF-8"),
        None => fault.help("the last character is cut off: send the whole text as one message"),
        Some(_) => fault.help("encode the text as UTF-8; single bytes from 80 to ff are Latin-1's"),
    }
}

fn binary(bytes: &[u8], text: Option<&str>, context: &Context) -> Vec<Diagnostic> {
    if let Some(text) = text.filter(|text| text.trim_start().starts_with(['[', '{'])) {
        return vec![json_in_binary(text, context)];
    }
    match Push::read(bytes) {
        Ok(push) => push.faults(bytes.len(), context),
        Err(at) => {
            let message = "not a Phoenix binary push";
            let fault = Diagnostic::new(&frame::BINARY_NO_PUSH, context, at, message);
            vec![fault.help("send frames as text messages")]
        }
    }
}

fn json_in_binary(text: &str, context: &Context) -> Diagnostic {
    let whole = 0..text.len();
    let mut fault =
        Diagnostic::new(&frame::JSON_IN_BINARY, context, whole, "JSON in a binary message")
            .help("send it as a text message: hand the library a string, not bytes");
    // The older serializer reads JSON from either opcode. Source: Phoenix 1.7.0,
    // `lib/phoenix/socket/serializers/v1_json_serializer.ex`, `decode!/2`.
    if context.vsn == Vsn::V1 {
        fault = fault.reaction(Reaction::Accepts);
    }
    fault.fix = match diagnose(text, context).first() {
        None => Some(text.to_owned()),
        Some(first) => first.fix.clone(),
    };
    fault
}

/// Phoenix's binary push: `0`, the lengths of join ref, ref, topic and event, these four texts, data.
///
/// Source: Phoenix 1.7.0, `lib/phoenix/socket/serializers/v2_json_serializer.ex`, `decode_binary/1`.
struct Push<'a> {
    topic: (&'a str, Span),
    event: (&'a str, Span),
    data_at: usize,
}

impl<'a> Push<'a> {
    /// `Err`: the bytes that do not fit.
    fn read(bytes: &'a [u8]) -> Result<Self, Span> {
        let [0, lengths @ ..] = bytes else { return Err(0..bytes.len().min(1)) };
        let Some(&[join_ref, msg_ref, topic, event]) = lengths.first_chunk::<4>() else {
            return Err(bytes.len()..bytes.len());
        };
        let mut at = 5;
        let mut next = |length: u8| {
            let span = at..at + usize::from(length);
            at = span.end;
            let part = bytes.get(span.clone()).ok_or(bytes.len()..bytes.len())?;
            let text = str::from_utf8(part).map_err(|_| span.clone())?;
            Ok::<_, Span>((text, span))
        };
        next(join_ref)?;
        next(msg_ref)?;
        Ok(Self { topic: next(topic)?, event: next(event)?, data_at: at })
    }

    fn faults(&self, end: usize, context: &Context) -> Vec<Diagnostic> {
        let (event, event_at) = &self.event;
        if matches!(*event, names::DOC | names::UNSUBSCRIBE) {
            let message = format!("{event} as a binary push");
            let fault = Diagnostic::new(&frame::BINARY_DOC, context, event_at.clone(), message)
                .help("send documents as text messages");
            let crashes = self.topic.0 == names::CONTROL_TOPIC && context.joined != Some(false);
            return vec![meaning::unless(crashes, fault)];
        }
        // The rules of meaning read JSON; the payload's data says nothing to them.
        let json = |text: &str| serde_json::Value::from(text).to_string();
        let (topic, event) = (json(self.topic.0), json(event));
        let push = meaning::Push {
            topic: &Node { raw: &topic, span: self.topic.1.clone() },
            event: &Node { raw: &event, span: event_at.clone() },
            payload: &Node { raw: "{}", span: self.data_at..end },
        };
        let mut found = Vec::new();
        meaning::faults(&push, context, &mut found);
        found
    }
}
