//! What must hold for every text: no panic, places inside it, agreement with serde_json, and fairness.

use glimesh_proto::connect::Vsn;
use glimesh_proto::diagnostic::{
    Context, Diagnostic, MessageKind, Profile, Sender, Severity, diagnose, diagnose_bytes,
    diagnose_url,
};
use glimesh_proto::scan::scan;
use proptest::prelude::*;
use serde_json::Value;

const PROFILES: [Profile; 3] = [Profile::Glimesh, Profile::Phoenix, Profile::Literal];

fn contexts() -> impl Strategy<Value = Context> {
    let joined = prop::option::of(any::<bool>());
    (any::<bool>(), joined, any::<bool>(), 0..3_usize).prop_map(|(v1, joined, server, profile)| {
        Context {
            vsn: if v1 { Vsn::V1 } else { Vsn::V2 },
            joined,
            sender: if server { Sender::Server } else { Sender::Client },
            profile: PROFILES[profile],
        }
    })
}

/// Pieces of frames, good and bad: random bytes alone hardly ever come near one.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "'",
        "\\",
        "\\\"",
        "null",
        "None",
        "true",
        "1",
        "01",
        "-",
        "1e400",
        " ",
        "\n",
        "\t",
        "\0",
        "\u{feff}",
        "\u{a0}",
        "“",
        "”",
        "😀",
        "\\ud83d",
        "\\u12",
        "\\x41",
        "//",
        "/*",
        "#",
        "=",
        "=>",
        ";",
        "\"1\"",
        "'1'",
        "\"phoenix\"",
        "\"heartbeat\"",
        "\"__absinthe__:control\"",
        "\"doc\"",
        "\"phx_join\"",
        "{}",
        "[]",
        "\"query\":",
        "query:",
        "\"{myself{id}}\"",
        "\"variables\":\"{}\"",
        "\"a\" b\"",
        "[null,\"1\",\"phoenix\",\"heartbeat\",{}]",
        "topic",
        "\"topic\":",
        "\"event\":",
        "é",
        "undefined",
    ]);
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

/// Good frames in which something is deleted, doubled or replaced.
fn damaged() -> impl Strategy<Value = String> {
    let frame = prop::sample::select(vec![
        r#"["1","1","__absinthe__:control","phx_join",{}]"#,
        r#"[null,"2","phoenix","heartbeat",{}]"#,
        r#"["1","2","__absinthe__:control","doc",{"query":"mutation {createChatMessage(channelId:6, message: {message: \"Hello There!\"}) {message }}","variables":{}}]"#,
        r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#,
    ]);
    (
        frame,
        prop::collection::vec((any::<prop::sample::Index>(), "\\PC?|[\\[\\]{},:\"'\\\\]"), 1..4),
    )
        .prop_map(|(frame, damages)| {
            let mut chars: Vec<String> = frame.chars().map(String::from).collect();
            for (at, instead) in damages {
                let at = at.index(chars.len());
                chars[at] = instead;
            }
            chars.concat()
        })
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![pieces(), damaged(), ".{0,60}"]
}

fn check_places(text: &str, found: &[Diagnostic]) {
    assert!(found.len() <= 20);
    for fault in found {
        for span in fault.labels.iter().map(|label| &label.span).chain([&fault.span]) {
            assert!(text.get(span.clone()).is_some(), "{span:?} in {text:?}: {fault:?}");
        }
        assert!(!fault.help.is_empty() && !fault.message.is_empty(), "{fault:?}");
        assert!(fault.message.len() < 300, "{fault:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_diagnosed_inside_its_bounds(text in texts(), context in contexts()) {
        let found = diagnose(&text, &context);
        check_places(&text, &found);
        if let Some(fix) = found.iter().find_map(|fault| fault.fix.as_ref()) {
            prop_assert_eq!(diagnose(fix, &Context { joined: None, ..context }), []);
        }
    }

    #[test]
    fn syntax_faults_are_found_where_serde_json_finds_some(text in texts()) {
        let found = diagnose(&text, &Context::default());
        let syntax = found.iter().any(|fault| fault.code.id.starts_with('J'));
        prop_assert_eq!(syntax, serde_json::from_str::<Value>(&text).is_err(), "{:?}: {:#?}", text, found);
        prop_assert_eq!(syntax, !scan(&text).is_json(), "{:?}: {:#?}", text, found);
    }

    #[test]
    fn any_bytes_and_any_url_are_diagnosed(bytes in prop::collection::vec(any::<u8>(), 0..80), url in "\\PC{0,60}|(wss://h|/)[a-z/]{0,20}[?&=#%;a-z0-9_.]{0,40}") {
        for kind in [MessageKind::Text, MessageKind::Binary] {
            for fault in diagnose_bytes(&bytes, kind, &Context::default()) {
                prop_assert!(fault.span.start <= fault.span.end && fault.span.end <= bytes.len());
            }
        }
        check_places(&url, &diagnose_url(&url, &Context::default()));
    }

    /// Refs of any text, payloads and documents of any text, with blanks: nothing to say.
    #[test]
    fn good_frames_get_nothing(join_ref in prop::option::of(".{0,12}"), msg_ref in ".{0,12}", query in "\\PC{1,40}", blank in "[ \t\r\n]{0,3}") {
        let query = format!("{{myself{{id}}}} # {query}");
        let json = |value: Value| value.to_string();
        let (join_ref, msg_ref, query) = (json(join_ref.into()), json(msg_ref.into()), json(query.into()));
        let frame = format!("{blank}[{blank}{join_ref},{blank}{msg_ref}{blank},\"__absinthe__:control\",\"doc\",{{{blank}\"variables\":null,\"query\":{query},\"operationName\":null}}]{blank}");
        for profile in PROFILES {
            prop_assert_eq!(diagnose(&frame, &Context { profile, joined: Some(true), ..Context::default() }), []);
        }
    }
}

#[test]
fn what_correct_clients_send_gets_nothing() {
    let frames = [
        r#"["1","1","__absinthe__:control","phx_join",{}]"#,
        r#" [ "1" , "1" , "__absinthe__:control" , "phx_join" , { } ] "#,
        r#"[null,"1","__absinthe__:control","phx_join",{"token":"x"}]"#,
        r#"["6f1c","b2","__absinthe__:control","phx_join",{}]"#,
        r#"["1","1","phoenix","heartbeat",{}]"#,
        r#"[null,"heartbeat","phoenix","heartbeat",{ }]"#,
        r#"["1","2","__absinthe__:control","doc",{"query":"subscription{ chatMessage(channelId: 6) { message } }"}]"#,
        r#"["1","2","__absinthe__:control","doc",{"variables":null,"query":"{myself{id}}","operationName":"A"}]"#,
        "[\"1\",\"2\",\"__absinthe__:control\",\"doc\",{\"query\":\"query A {\\n  # who\\n  myself { id }\\n}\",\"variables\":{\"a\":[1,{\"b\":null}]}}]\r\n",
        r#"["1","3","__absinthe__:control","unsubscribe",{"subscriptionId":"__absinthe__:doc:-57:33B2"}]"#,
        r#"["1","4","__absinthe__:control","phx_leave",{}]"#,
        r#"["1","4","__absinthe__:control","phx_leave",null]"#,
    ];
    let urls = [
        "wss://glimesh.tv/api/graph/websocket?vsn=2.0.0&token=3aB9xQ",
        "wss://glimesh.tv/api/graph/websocket?token=a%2Bb%2F%3D&api_key=x&vsn=2.0.0",
        "wss://glimesh.tv//api/graph/websocket/?vsn=2.0.0&client_id=4D4E4F50-0001-4000-8000-000000000001",
        "ws://127.0.0.1:4000/api/graph/websocket?vsn=2.0.0&token=a/b=",
        "ws://[::1]:4000/api/graph/websocket?vsn=2.0.0&token=3aB9xQ",
        "/api/graph/websocket?vsn=2.0.1&token=3aB9xQ",
    ];
    for profile in PROFILES {
        let context = Context { profile, ..Context::default() };
        for frame in frames {
            assert_eq!(diagnose(frame, &context), [], "{frame}");
        }
        for url in urls {
            assert_eq!(diagnose_url(url, &context), [], "{url}");
        }
    }
}

/// `fixtures/document.yaml` holds a frame a line, behind the line that says who sends it.
#[test]
fn what_the_document_prints_gets_nothing() {
    let document = include_str!("../../fixtures/document.yaml");
    let lines: Vec<&str> = document.lines().map(str::trim).collect();
    let frames: Vec<&str> = lines
        .windows(2)
        .filter(|pair| pair[0] == "- from: client")
        .filter_map(|pair| pair[1].strip_prefix("frame: '")?.strip_suffix('\''))
        .collect();
    assert_eq!(frames.len(), 5);
    for frame in frames {
        assert_eq!(diagnose(frame, &Context::default()), [], "{frame}");
    }
}

#[test]
fn integer_refs_are_an_error_by_the_document_and_a_note_in_phoenix() {
    let frame = r#"[1,2,"phoenix","heartbeat",{}]"#;
    let severities = PROFILES
        .map(|profile| diagnose(frame, &Context { profile, ..Context::default() })[0].severity);
    assert_eq!(severities, [Severity::Error, Severity::Note, Severity::Error]);
}
