//! A push in Phoenix's binary form.

use serde_json::Value;

use crate::frame::{Frame, Ref};

/// Reads a binary push; `None` for every other binary message.
///
/// Shape: the byte 0, the lengths of join ref, ref, topic and event in a byte each, these four texts, then data.
/// The data is no JSON: the frame's payload is `null`, which no event but a join, a leave or a heartbeat bears.
///
/// Source: Phoenix 1.7.0, `lib/phoenix/socket/serializers/v2_json_serializer.ex`, `decode_binary`;
/// recordings `frame/bin_*`, rule 13.
pub(crate) fn decode_push(bytes: &[u8]) -> Option<Frame> {
    let ([0, lengths @ ..], mut rest) = bytes.split_first_chunk::<5>()? else { return None };
    let mut texts = lengths.map(usize::from).into_iter().map(|length| {
        let (text, others) = rest.split_at_checked(length)?;
        rest = others;
        std::str::from_utf8(text).ok().map(str::to_owned)
    });
    let mut next = || texts.next().flatten();
    let (join_ref, msg_ref, topic, event) = (next()?, next()?, next()?, next()?);
    let (join_ref, msg_ref) = (Some(Ref::text(join_ref)), Some(Ref::text(msg_ref)));
    Some(Frame { join_ref, msg_ref, topic, event, payload: Value::Null })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_read_and_nothing_else_is() {
        let frame = decode_push(b"\0\0\x01\x07\x091phoenixheartbeat{}").unwrap();
        assert_eq!(frame.encode(), r#"["","1","phoenix","heartbeat",null]"#);
        for other in
            [&b""[..], b"\0", b"\x01\0\0\0\0", b"\0\x09\x09\x09\x09\x01", b"\0\x01\0\0\0\xff"]
        {
            assert_eq!(decode_push(other), None, "{other:?}");
        }
    }
}
