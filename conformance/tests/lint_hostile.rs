//! Whatever is put into it, lint ends, panics at nothing, and keeps its output within bounds.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

use std::fs;
use std::path::Path;

use glimesh_conformance::lint::{
    Input, InputKind, MOST_FAULTS, MOST_FINDINGS, Options, Places, fix, human, json, lint, sarif,
};
use proptest::prelude::*;

const KINDS: [InputKind; 8] = [
    InputKind::Frame,
    InputKind::Binary,
    InputKind::Frames,
    InputKind::Transcript,
    InputKind::Har,
    InputKind::Capture,
    InputKind::Log,
    InputKind::Url,
];

/// Everything that can be done with an input; returns how much is written for people.
fn use_it(bytes: &[u8], kind: Option<InputKind>) -> usize {
    let Ok(input) = Input::read("hostile".to_owned(), bytes, kind) else { return 0 };
    fix(&input, &Options::default());
    let Ok(report) = lint(&input, &Options::default()) else { return 0 };
    assert!(report.findings.len() <= MOST_FINDINGS);
    let places = Places::new(&input);
    let (mut text, mut other) = (Vec::new(), Vec::new());
    human(&report, &places, &mut text).unwrap();
    json(&report, &places, &mut other).unwrap();
    sarif(&report, &places, &mut other).unwrap();
    text.len()
}

fn capture(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/lint/captures");
    fs::read(folder.join(name)).unwrap()
}

#[test]
fn depth_costs_no_stack() {
    const LEVELS: usize = 200_000;
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]")] {
        for text in
            [open.repeat(LEVELS), format!("{}1{}", open.repeat(LEVELS), close.repeat(LEVELS))]
        {
            assert!(use_it(text.as_bytes(), None) < 10_000);
            let frame = format!(r#"["1","2","__absinthe__:control","doc",{text}]"#);
            assert!(use_it(frame.as_bytes(), None) < 10_000);
        }
    }
    let query = "{".repeat(LEVELS);
    let frame = format!(r#"["1","2","__absinthe__:control","doc",{{"query":"{query}"}}]"#);
    assert!(use_it(frame.as_bytes(), None) < 10_000);
}

#[test]
fn many_bad_frames_are_counted_and_not_all_told() {
    let line = "[1,2,\"__absinthe__:control\",\"phx_join\",{}]\n";
    let input = Input::read("many".to_owned(), line.repeat(20_000).as_bytes(), None).unwrap();
    let report = lint(&input, &Options::default()).unwrap();
    assert_eq!(report.findings.len(), MOST_FINDINGS);
    assert!(report.untold() > MOST_FAULTS - 2 * MOST_FINDINGS as u64);
    // What comes after very many is not looked at, and that is said.
    assert!(report.messages < 15_000, "{}", report.messages);
    let said = format!("nothing after message {} was looked at", report.messages);
    assert!(report.notes.iter().any(|note| note.ends_with(&said)), "{:?}", report.notes);
}

#[test]
fn an_error_behind_very_many_notes_is_found() {
    let note = "[\"1\",\"2\",\"__absinthe__:control\",\"phx_join\",{}]\n";
    let text = format!("{}[null,3,\"phoenix\",\"heartbeat\",{{}}]\n", note.repeat(12_000));
    let input = Input::read("notes".to_owned(), text.as_bytes(), None).unwrap();
    let report = lint(&input, &Options::default()).unwrap();
    assert!(report.counts.notes > MOST_FAULTS);
    assert!(!report.is_clean());
}

#[test]
fn one_long_line_is_shown_in_a_window() {
    let text = format!(
        "[\"1\",\"2\",\"__absinthe__:control\",\"doc\",{{\"query\":\"{}\" x}}]",
        "ü".repeat(1 << 20)
    );
    assert!(use_it(text.as_bytes(), None) < 4_000);
}

#[test]
fn a_damaged_capture_is_read_as_far_as_it_goes() {
    for name in ["chat.pcap", "chat.pcapng"] {
        let whole = capture(name);
        for end in (0..whole.len()).step_by(331) {
            use_it(&whole[..end], Some(InputKind::Capture));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn junk_is_harmless(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        use_it(&bytes, None);
        for kind in KINDS {
            use_it(&bytes, Some(kind));
        }
    }

    #[test]
    fn text_like_frames_is_harmless(text in r#"([\[\]{}",:\\ '\n<>=?&#]|\\u[0-9a-f]{2,4}|phx_join|doc|query|phoenix|__absinthe__:control|ws://|vsn|token|[0-9]|é|\{a\(b:){0,60}"#) {
        use_it(text.as_bytes(), None);
        for kind in KINDS {
            use_it(text.as_bytes(), Some(kind));
        }
    }

    #[test]
    fn any_document_is_harmless(query in r#"([{}()$!:"@\\#…]|\.\.\.|subscription|query|fragment|on|chatMessage|channelId|message|ID|[a-z]{1,3}| ){0,40}"#) {
        let frame = serde_json::json!(["1", "2", "__absinthe__:control", "doc", {"query": query}]);
        use_it(frame.to_string().as_bytes(), None);
    }

    #[test]
    fn a_changed_byte_in_a_capture_is_harmless(at in 0_usize..8_000, byte in any::<u8>()) {
        let mut bytes = capture("chat.pcap");
        let at = at % bytes.len();
        bytes[at] = byte;
        use_it(&bytes, Some(InputKind::Capture));
        let mut bytes = capture("chat.pcapng");
        let at = at % bytes.len();
        bytes[at] = byte;
        use_it(&bytes, Some(InputKind::Capture));
    }
}
