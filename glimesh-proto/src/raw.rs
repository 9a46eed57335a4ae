//! A frame as it lies in its text: borrowed, and nothing copied or built.

use crate::frame::DecodeError;
use crate::json::first_fault;
use crate::scan::strict::{FaultAt, blank, byte, element, end, text as whole_text};
use crate::scan::{Kind, Span, SyntaxError};

/// The five elements of a V2 frame, each as the JSON it is written in.
///
/// The whole text has been read, and is JSON. Costs no allocation up to 64 levels of nesting, above that one bit
/// a level; the time grows with the length alone.
///
/// ```
/// use glimesh_proto::RawFrame;
///
/// let text = r#"[null,"3","phoenix","heartbeat",{"deep":[[[]]]}]"#;
/// let frame = RawFrame::decode(text)?;
/// assert_eq!(frame.topic, r#""phoenix""#);
/// assert_eq!(frame.payload, r#"{"deep":[[[]]]}"#);
/// assert_eq!(frame.span_of(frame.msg_ref).range(), 6..9);
/// # Ok::<(), glimesh_proto::DecodeError>(())
/// ```
///
/// Source: recordings `frame/json_*`, rule 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawFrame<'a> {
    text: &'a str,
    /// The reference of the join, or `null`.
    pub join_ref: &'a str,
    /// The reference of the push, or `null`.
    pub msg_ref: &'a str,
    /// The topic; text, as it should be, stands in its quotes.
    pub topic: &'a str,
    /// The event; text, as it should be, stands in its quotes.
    pub event: &'a str,
    /// The payload.
    pub payload: &'a str,
    /// How many elements the array has; those after the fifth are ignored.
    pub count: usize,
}

impl<'a> RawFrame<'a> {
    /// Reads a frame from the text of one WebSocket message.
    ///
    /// # Errors
    ///
    /// [`DecodeError::NotJson`], [`NotArray`](DecodeError::NotArray) or [`WrongLength`](DecodeError::WrongLength):
    /// what makes the real server close with 1011.
    pub fn decode(text: &'a str) -> Result<Self, DecodeError> {
        let (elements, count) = elements(text.as_bytes())
            .map_err(|fault| DecodeError::NotJson(fault_of(text, fault)))?;
        let Some(count) = count else {
            let kind = Kind::of_first_byte(text.trim_start().as_bytes()[0]);
            return Err(DecodeError::NotArray { found: kind.with_article() });
        };
        if count < elements.len() {
            return Err(DecodeError::WrongLength { found: count });
        }
        let [join_ref, msg_ref, topic, event, payload] = elements.map(|span| span.of(text));
        Ok(Self { text, join_ref, msg_ref, topic, event, payload, count })
    }

    /// A frame of `count` 5 whose parts lie somewhere in `text`, each of them JSON.
    pub(crate) const fn from_parts(
        text: &'a str,
        [join_ref, msg_ref, topic, event, payload]: [&'a str; 5],
    ) -> Self {
        Self { text, join_ref, msg_ref, topic, event, payload, count: 5 }
    }

    /// Appends the five elements, as they are written, as the text of one WebSocket message.
    pub fn encode_into(&self, out: &mut String) {
        let parts = [self.join_ref, self.msg_ref, self.topic, self.event, self.payload];
        out.reserve(parts.iter().map(|part| part.len() + 1).sum::<usize>() + 1);
        let mut before = '[';
        for part in parts {
            out.push(before);
            out.push_str(part);
            before = ',';
        }
        out.push(']');
    }

    /// Where a part of the frame stands in the frame's text.
    pub fn span_of(&self, part: &str) -> Span {
        let start = part.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        Span::new(start, start.wrapping_add(part.len()))
    }
}

/// The spans of the first five elements, and how many there are; `None` if the text is no array.
#[inline]
fn elements(bytes: &[u8]) -> Result<([Span; 5], Option<usize>), FaultAt> {
    let mut spans = [Span::default(); 5];
    let mut at = blank(bytes, 0);
    if bytes.get(at) != Some(&b'[') {
        whole_text(bytes)?;
        return Ok((spans, None));
    }
    at = blank(bytes, at + 1);
    if bytes.get(at) == Some(&b']') {
        end(bytes, at + 1)?;
        return Ok((spans, Some(0)));
    }
    let mut count = 0;
    loop {
        let start = at;
        at = element(bytes, at)?;
        if let Some(span) = spans.get_mut(count) {
            *span = Span::new(start, at);
        }
        count += 1;
        at = blank(bytes, at);
        if bytes.get(at) != Some(&b',') {
            break;
        }
        at = blank(bytes, at + 1);
    }
    end(bytes, byte(bytes, at, b']')?)?;
    Ok((spans, Some(count)))
}

/// The fault of a text that the strict scanner refused, by its name.
#[cold]
pub(crate) fn fault_of(text: &str, fault: FaultAt) -> SyntaxError {
    first_fault(text, fault.0)
}

/// The four elements before the payload of a V2 frame, for who must decide in nanoseconds whether to read on.
///
/// The payload is not looked at: a text that gives an envelope need not be JSON. Never allocates unless one of
/// the four has more than 64 levels.
///
/// ```
/// use glimesh_proto::Envelope;
///
/// let text = r#"[null,"3","phoenix","heartbeat",{}]"#;
/// let envelope = Envelope::peek(text).expect("it has four elements and more");
/// assert_eq!((envelope.topic, envelope.event), (r#""phoenix""#, r#""heartbeat""#));
/// assert_eq!(envelope.rest, "{}]");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// The reference of the join, or `null`.
    pub join_ref: &'a str,
    /// The reference of the push, or `null`.
    pub msg_ref: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// The event.
    pub event: &'a str,
    /// The payload and what follows it, unread.
    pub rest: &'a str,
}

impl<'a> Envelope<'a> {
    /// Reads the beginning of a frame; `None` if it is not the beginning of one.
    pub fn peek(text: &'a str) -> Option<Self> {
        let bytes = text.as_bytes();
        let mut at = byte(bytes, blank(bytes, 0), b'[').ok()?;
        let mut next = || {
            let start = blank(bytes, at);
            let stop = element(bytes, start).ok()?;
            at = byte(bytes, blank(bytes, stop), b',').ok()?;
            text.get(start..stop)
        };
        let (join_ref, msg_ref, topic, event) = (next()?, next()?, next()?, next()?);
        Some(Self { join_ref, msg_ref, topic, event, rest: text.get(blank(bytes, at)..)? })
    }
}
