//! The scenarios that come with the server.

/// Builds the list from the files' names.
macro_rules! library {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../../fixtures/scenarios/", $name, ".yaml")))),*]
    };
}

/// Names and texts, in the order of their names.
pub(super) const BUILT_IN: &[(&str, &str)] = library![
    "always-403"
    "binary-frames"
    "burst"
    "busy-chat"
    "certificate-by-a-stranger"
    "certificate-for-another-host"
    "channel-closes"
    "channel-crashes"
    "channel-forgotten"
    "chat-every-two-seconds"
    "client-id"
    "closed-after-each-join"
    "closes-with-every-code"
    "corrupted-byte"
    "cut-inside-a-frame"
    "cut-without-close"
    "docs-unanswered"
    "driven-again"
    "driven-busy"
    "driven-gone"
    "driven-large"
    "driven-messages"
    "driven-no-scope"
    "driven-posts"
    "driven-reader"
    "dropped-before-the-reply"
    "endurance"
    "errors-in-a-reply"
    "foreign-reply"
    "foreign-shapes"
    "fragments-and-pings"
    "fuzzed-frames"
    "half-closed"
    "heartbeat-answered-late"
    "heartbeat-answered-with-a-wrong-ref"
    "heartbeat-answered-with-error"
    "heartbeat-foreign-ref"
    "heartbeat-late-reply"
    "heartbeat-unanswered"
    "heartbeat-unanswered-once"
    "held-join"
    "invalid-utf8"
    "join-answered-after-nine-seconds"
    "join-answered-twice"
    "join-answered-with-a-foreign-ref"
    "join-refused-once"
    "join-unanswered-once"
    "late-join"
    "lost-channel"
    "malformed"
    "masked-frame"
    "mute-server"
    "muted-heartbeat"
    "nobody-listens"
    "null-leaves"
    "odd-frames"
    "odd-heartbeat-replies"
    "odd-token"
    "offers-declined"
    "old-join-ref"
    "overloaded"
    "oversize-announced"
    "pending-beat-then-drop"
    "pending-heartbeat"
    "ping-flood"
    "port-closed"
    "push-before-reply"
    "quiet"
    "recorded-join"
    "redirected-to-plain"
    "refused-eight-times"
    "refused-join"
    "refused-subscription"
    "refused-with-403"
    "replies-reversed"
    "reserved-bits"
    "reserved-opcode"
    "reset"
    "revoked-credential"
    "second-connection-hangs"
    "server-closes"
    "server-reads-no-more"
    "server-restarts"
    "single-bytes"
    "slow-link"
    "slow-upgrade"
    "ten-minutes"
    "thousand-messages"
    "three-drops"
    "three-resets"
    "tls-expired"
    "tls-not-yet-valid"
    "tls-plain"
    "tls-self-signed"
    "tls-untrusted-authority"
    "tls-wrong-host"
    "unanswered-doc"
    "unanswered-join"
    "unanswered-upgrade"
    "unexpected-but-legal"
    "unicode"
    "unknown-channel"
    "unrelated-before-each-reply"
    "upgrade-in-five-seconds"
    "upgrade-never-answered"
    "upgrades-fail-at-random"
];

#[test]
fn every_file_is_built_in_and_valid() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/scenarios");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    names.sort_unstable();
    assert_eq!(names, super::Scenario::names().collect::<Vec<_>>());
    for name in names {
        let scenario = super::Scenario::named(&name).unwrap_or_else(|error| panic!("{error}"));
        assert!(scenario.timeline.last() == Some(&super::Step::End), "{name} has an end");
    }
}
