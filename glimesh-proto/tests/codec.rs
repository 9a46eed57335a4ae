//! Frames in all their forms, there and back.

use glimesh_proto::binary::{self, Push, ServerMessage};
use glimesh_proto::scan::{SyntaxFault, scan};
use glimesh_proto::{DecodeError, Envelope, Frame, Json, MAX_DEPTH, Name, RawFrame, Ref, v1};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

#[track_caller]
fn check(text: &str, printed: &str) {
    let frame = Frame::decode(text).expect("it is a frame");
    assert_eq!(frame.encode(), printed);
    assert_eq!(Frame::decode(printed), Ok(frame));
}

#[test]
fn a_frame_is_printed_as_the_real_server_prints_it() {
    // Source: recordings `heartbeat/ref_*`.
    let with_ref = |json: &str| format!(r#"[null,{json},"phoenix","heartbeat",{{}}]"#);
    for (sent, echoed) in [
        ("null", "null"),
        ("7", "7"),
        ("-0", "0"),
        ("-0.0", "-0.0"),
        ("3.0", "3.0"),
        ("1.25", "1.25"),
        ("1e2", "100.0"),
        ("1e+30", "1.0e30"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        (r#"{"b": 1, "a": [2]}"#, r#"{"a":[2],"b":1}"#),
        (r#"{"a":1,"b":2,"\u0061":3}"#, r#"{"a":1,"b":2}"#),
        (r#"[1, "x"]"#, r#"[1,"x"]"#),
        (r#""\u2728\u00fc\u0000""#, r#""✨ü\u0000""#),
        (r#""a\/b</script>""#, r#""a/b</script>""#),
        ("\"\\b\\f\\n\\r\\t\\u001f\u{7f}\"", "\"\\b\\f\\n\\r\\t\\u001F\u{7f}\""),
        (r#""\ud83d\ude00""#, r#""😀""#),
    ] {
        check(&with_ref(sent), &with_ref(echoed));
    }
}

#[test]
fn floats_are_written_as_erlang_writes_them() {
    // Source: Erlang/OTP 25, `erts/emulator/ryu/d2s.c`, `to_chars`.
    for (written, printed) in [
        ("0e5", "0.0"),
        ("0.001", "0.001"),
        ("0.0001", "0.0001"),
        ("0.00001", "1.0e-5"),
        ("0.001234", "0.001234"),
        ("0.0001234", "1.234e-4"),
        ("1e3", "1.0e3"),
        ("12340.0", "12340.0"),
        ("123400.0", "1.234e5"),
        ("12345678900.0", "12345678900.0"),
        ("9007199254740991.0", "9007199254740991.0"),
        ("9007199254740992.0", "9.007199254740992e15"),
        ("-17.29", "-17.29"),
        ("5e-324", "5.0e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e308"),
    ] {
        assert_eq!(Json::parse(written).unwrap().as_str(), printed, "{written}");
    }
}

#[test]
fn topic_and_event_may_be_any_value() {
    check(r#"["1","2",5,"doc",{}]"#, r#"["1","2",5,"doc",{}]"#);
    check(r#"["1","2",{"b":1,"a":2},null,{}]"#, r#"["1","2",{"a":2,"b":1},null,{}]"#);
    let number = Frame::decode(r#"[null,null,5,"5",null]"#).unwrap();
    assert_eq!((number.topic.as_str(), number.event.as_str()), ("5", "5"));
    assert_ne!(number.topic, number.event);
    assert_ne!(number.topic, "5");
}

#[test]
fn of_equal_keys_the_first_counts() {
    let frame = Frame::decode(r#"["1","2","t","doc",{"query":"a","query":"b"}]"#).unwrap();
    assert_eq!(frame.payload, json!({"query": "a"}));
}

#[test]
fn what_is_no_frame_is_refused_by_name() {
    let not_array = |found| Err(DecodeError::NotArray { found });
    assert_eq!(RawFrame::decode("5").map(|_| ()), not_array("a number"));
    assert_eq!(RawFrame::decode(" {} ").map(|_| ()), not_array("an object"));
    assert_eq!(RawFrame::decode(r#""[]""#).map(|_| ()), not_array("a string"));
    let short = RawFrame::decode(r#"["1","2","phoenix"]"#);
    assert_eq!(short, Err(DecodeError::WrongLength { found: 3 }));
    let Err(DecodeError::NotJson(error)) = RawFrame::decode(r#"[null,01,"t","e",{}]"#) else {
        panic!("it is not JSON");
    };
    assert_eq!((error.fault, error.at), (SyntaxFault::LeadingZero, 7));
    // What follows the fifth element is ignored, if it is JSON.
    assert_eq!(RawFrame::decode(r#"[1,2,"t","e",{},6,[7]]"#).map(|frame| frame.count), Ok(7));
    assert!(RawFrame::decode(r#"[1,2,"t","e",{},6,[7}]"#).is_err());
}

#[test]
fn any_depth_can_be_read_held_and_sent() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let text = format!(r#"[{deep},{deep},"phoenix","heartbeat",{deep}]"#);
    let frame = Frame::decode(&text).unwrap();
    assert!(!frame.payload.is_whole());
    assert_eq!(frame.encode(), text);
    assert_eq!(frame.clone(), frame);

    let level = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    let at_limit = format!("[1,2,3,4,{}]", level(MAX_DEPTH));
    assert!(Frame::decode(&at_limit).unwrap().payload.is_whole());
    let beyond = format!("[1,2,3,4,{}]", level(MAX_DEPTH + 1));
    let frame = Frame::decode(&beyond).unwrap();
    assert!(!frame.payload.is_whole());
    assert_eq!(frame.payload.to_string(), format!("{}null{}", "[".repeat(128), "]".repeat(128)));
    assert_eq!(frame.encode(), beyond);
}

#[test]
fn the_older_format_takes_any_order_and_needs_four_members() {
    let text =
        r#"{"ref":1e2,"x":{},"payload":[],"event":"e","topic":"t","\u0072ef":5,"join_ref":"j"}"#;
    let frame = v1::decode(text).unwrap();
    assert_eq!(frame.encode(), r#"["j",100.0,"t","e",[]]"#);
    assert_eq!(v1::encode(&frame), r#"{"event":"e","payload":[],"ref":100.0,"topic":"t"}"#);

    let missing = |text| v1::decode(text).map(|_| ());
    assert_eq!(missing("{}"), Err(v1::DecodeError::NoMember { name: "topic" }));
    let without_ref = r#"{"topic":"t","event":"e","payload":{}}"#;
    assert_eq!(missing(without_ref), Err(v1::DecodeError::NoMember { name: "ref" }));
    assert_eq!(missing("[]"), Err(v1::DecodeError::NotObject { found: "an array" }));
    assert!(matches!(missing("{'topic':1}"), Err(v1::DecodeError::NotJson(_))));
    assert!(matches!(missing(""), Err(v1::DecodeError::NotJson(_))));
}

#[test]
fn binary_pushes_are_read_as_recorded() {
    // Source: recordings `frame/bin_*` and `join/bin_empty_jr`.
    let join = b"\0\x01\x01\x14\x0811__absinthe__:controlphx_join{}";
    let push = Push::decode(join).unwrap();
    assert_eq!(push.to_frame().encode(), r#"["1","1","__absinthe__:control","phx_join",null]"#);
    assert_eq!(push.encode().unwrap(), join);
    let without_join_ref = b"\0\x00\x01\x14\x089__absinthe__:controlphx_join";
    let frame = Push::decode(without_join_ref).unwrap().to_frame();
    assert_eq!(frame.join_ref, Some(Ref::text("")));

    use binary::DecodeError as E;
    assert_eq!(Push::decode(b""), Err(E::Empty));
    assert_eq!(Push::decode(b"[null]"), Err(E::UnknownKind { kind: b'[' }));
    assert_eq!(Push::decode(b"\0\x09\x09\x09\x09\x01"), Err(E::Cut { expected: 41, found: 6 }));
    assert_eq!(Push::decode(b"\0\x01"), Err(E::Cut { expected: 5, found: 2 }));
    let bad = b"\0\x01\x01\x07\x09\xff\xfephoenixheartbeat";
    assert_eq!(Push::decode(bad), Err(E::NotUtf8 { part: "join_ref" }));
    let long = "r".repeat(256);
    let push = Push { join_ref: "", msg_ref: &long, topic: "", event: "", data: &[] };
    assert_eq!(push.encode(), Err(binary::TooLong { part: "ref", length: 256 }));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

prop_compose! {
    fn frame()(
        join_ref in value(),
        msg_ref in value(),
        topic in value(),
        event in any::<String>(),
        payload in value(),
    ) -> Frame {
        Frame {
            join_ref: Ref::from_value(join_ref),
            msg_ref: Ref::from_value(msg_ref),
            topic: Name::from_json(&Json::from(&topic)),
            event: event.into(),
            payload: payload.into(),
        }
    }
}

proptest! {
    #[test]
    fn a_frame_returns_from_its_text(frame in frame()) {
        let text = frame.encode();
        prop_assert_eq!(Frame::decode(&text).unwrap(), frame);
    }

    #[test]
    fn a_frame_returns_from_the_older_format(frame in frame()) {
        let frame = Frame { join_ref: None, ..frame };
        prop_assert_eq!(v1::decode(&v1::encode(&frame)).unwrap(), frame);
    }

    #[test]
    fn a_value_is_the_one_that_serde_json_prints(value in value()) {
        let json = Json::parse(&serde_json::to_string_pretty(&value).unwrap()).unwrap();
        prop_assert_eq!(&json, &Json::from(&value));
        prop_assert_eq!(json.to_value(), value);
    }

    #[test]
    fn spans_are_those_of_the_patient_scanner(frame in frame()) {
        let text = frame.encode();
        let raw = RawFrame::decode(&text).unwrap();
        let spans = [raw.join_ref, raw.msg_ref, raw.topic, raw.event, raw.payload];
        let found: Vec<_> = scan(&text).elements.iter().map(|element| element.span).collect();
        prop_assert_eq!(spans.map(|part| raw.span_of(part)).to_vec(), found);
        let envelope = Envelope::peek(&text).unwrap();
        prop_assert_eq!(envelope.event, raw.event);
        prop_assert_eq!(envelope.rest, format!("{}]", raw.payload));
    }

    #[test]
    fn no_text_panics(text in any::<String>(), at in any::<prop::sample::Index>(), frame in frame()) {
        let mut mixed = frame.encode();
        let mut at = at.index(mixed.len());
        while !mixed.is_char_boundary(at) {
            at -= 1;
        }
        mixed.replace_range(at.., &text);
        for text in [text, mixed] {
            let _ = (Frame::decode(&text), v1::decode(&text), Envelope::peek(&text));
        }
    }

    #[test]
    fn binary_messages_return(
        parts in prop::array::uniform4("\\PC{0,20}"),
        data in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let [a, b, c, d] = &parts;
        let push = Push { join_ref: a, msg_ref: b, topic: c, event: d, data: &data };
        let bytes = push.encode().unwrap();
        prop_assert_eq!(Push::decode(&bytes), Ok(push));
        for message in [
            ServerMessage::Push { join_ref: a, topic: b, event: c, data: &data },
            ServerMessage::Reply { join_ref: a, msg_ref: b, topic: c, status: d, data: &data },
            ServerMessage::Broadcast { topic: a, event: b, data: &data },
        ] {
            let bytes = message.encode().unwrap();
            prop_assert_eq!(ServerMessage::decode(&bytes), Ok(message));
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = (Push::decode(&bytes), ServerMessage::decode(&bytes));
    }
}
