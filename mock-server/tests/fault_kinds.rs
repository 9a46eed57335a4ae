//! Which test sees each kind of fault on the wire, by a reader that shares no code with the server; and the kinds that
//! no other file's tests see.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

mod address;

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use glimesh_mock::{MockServer, Scenario};
use raw::{Line, Seen, upgrade_request};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything may take.
const SOON: Duration = Duration::from_secs(20);

/// What a part of the schema lets a scenario do, and where a test sees it: FILE::TEST.
const SEEN: &[(&str, &[(&str, &str)])] = &[
    (
        "Step",
        &[
            ("await", "scenario_frames::timeline_waits_for_whatever_a_client_does"),
            ("wait", "fault_kinds::time_passes_between_steps"),
            ("pause", "fault_kinds::time_passes_between_steps"),
            ("say", "scenario_frames::users_say_something_again_and_again"),
            ("push", "scenario_frames::frames_are_pushed_with_what_the_session_knows"),
            ("send", "scenario_wire::bytes_are_corrupted_and_cut_off"),
            ("send_binary", "fault_kinds::binary_messages_are_sent"),
            ("fragment", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
            ("frame", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
            (
                "fuzz",
                "scenario_frames::mutations_of_a_frame_are_sent_and_the_seed_is_in_the_transcript",
            ),
            (
                "phx_error",
                "scenario_frames::channel_ends_by_phx_error_by_phx_close_and_without_a_word",
            ),
            (
                "phx_close",
                "scenario_frames::channel_ends_by_phx_error_by_phx_close_and_without_a_word",
            ),
            (
                "forget_channel",
                "scenario_frames::channel_ends_by_phx_error_by_phx_close_and_without_a_word",
            ),
            ("mute", "scenario_frames::nothing_is_said_while_the_server_is_mute"),
            ("unmute", "scenario_frames::nothing_is_said_while_the_server_is_mute"),
            ("stop_reading", "scenario_wire::nothing_is_read_for_a_while"),
            ("read_on", "scenario_wire::nothing_is_read_for_a_while"),
            ("half_close", "scenario_wire::tcp_ends_cut_reset_and_by_half"),
            ("cut", "scenario_wire::tcp_ends_cut_reset_and_by_half"),
            ("reset", "scenario_wire::tcp_ends_cut_reset_and_by_half"),
            ("close", "scenario_wire::revoked_credentials_are_refused"),
            ("bytes", "scenario_wire::bytes_are_late_and_slow"),
            ("stop_listening", "fault_kinds::port_is_shut_while_connections_stand"),
            ("listen", "scenario_wire::port_is_shut_from_the_start_and_opened_later"),
            ("restart", "scenario_wire::server_restarts_on_the_same_port"),
            ("revoke_credentials", "scenario_wire::revoked_credentials_are_refused"),
            ("tls", "tls::certificate_becomes_wrong_and_right_again"),
            ("mark", "scenario_wire::tcp_ends_cut_reset_and_by_half"),
            ("again", "fault_kinds::steps_are_done_again"),
            ("end", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
        ],
    ),
    (
        "Rule",
        &[
            ("on", "scenario_frames::frames_are_answered_late"),
            (
                "chance",
                "scenario_frames::dice_fall_as_the_seed_says_and_the_seed_is_in_the_transcript",
            ),
            ("delay", "scenario_frames::frames_are_answered_late"),
            ("wait", "scenario_frames::wrong_answer_comes_late_in_the_clients_seconds"),
            ("ignore", "scenario_frames::frames_are_not_answered"),
            ("reply", "scenario_frames::wrong_answer_comes_late_in_the_clients_seconds"),
            ("push", "scenario_frames::frames_are_answered_twice_and_by_others"),
            ("change", "scenario_frames::answers_are_changed"),
            ("fragment", "scenario_wire::answers_are_sent_in_fragments_and_grow"),
            ("reverse", "scenario_frames::answers_come_in_reverse_order"),
            ("then", "scenario_frames::connection_ends_after_an_answer_as_the_rule_says"),
        ],
    ),
    (
        "Then",
        &[
            ("close", "scenario_frames::connection_ends_after_an_answer_as_the_rule_says"),
            ("cut", "scenario_frames::connection_ends_after_an_answer_as_the_rule_says"),
            ("reset", "scenario_frames::connection_ends_after_an_answer_as_the_rule_says"),
        ],
    ),
    (
        "Upgrade",
        &[
            ("on", "scenario_wire::upgrades_are_refused_held_ignored_redirected_and_decorated"),
            ("chance", "fault_kinds::upgrades_fail_by_chance"),
            ("delay", "scenario_wire::upgrades_are_refused_held_ignored_redirected_and_decorated"),
            ("ignore", "scenario_wire::upgrades_are_refused_held_ignored_redirected_and_decorated"),
            ("refuse", "scenario_wire::upgrades_are_refused_held_ignored_redirected_and_decorated"),
            (
                "redirect",
                "scenario_wire::upgrades_are_refused_held_ignored_redirected_and_decorated",
            ),
            (
                "headers",
                "scenario_wire::upgrades_are_refused_held_ignored_redirected_and_decorated",
            ),
        ],
    ),
    (
        "BytesFault",
        &[
            ("chop", "scenario_wire::bytes_are_chopped_from_the_first_one_on"),
            ("latency", "scenario_wire::bytes_are_late_and_slow"),
            ("per_second", "scenario_wire::bytes_are_late_and_slow"),
            ("corrupt_after", "scenario_wire::bytes_are_corrupted_and_cut_off"),
            ("cut_after", "scenario_wire::bytes_are_corrupted_and_cut_off"),
        ],
    ),
    (
        "WireFrame",
        &[
            ("opcode", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
            ("fin", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
            ("rsv", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
            ("text", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
            ("hex", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
            ("length", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
            ("masked", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
            ("times", "scenario_wire::frames_of_the_websocket_are_as_they_are_told"),
        ],
    ),
    (
        "RestartEnding",
        &[
            ("cut", "fault_kinds::connections_end_at_a_restart_as_it_says"),
            ("close", "fault_kinds::connections_end_at_a_restart_as_it_says"),
            ("reset", "fault_kinds::connections_end_at_a_restart_as_it_says"),
        ],
    ),
    (
        "TlsFault",
        &[
            ("untrusted_authority", "tls::scenario_makes_the_certificate_wrong_in_each_way"),
            ("wrong_host", "tls::scenario_makes_the_certificate_wrong_in_each_way"),
            ("expired", "tls::scenario_makes_the_certificate_wrong_in_each_way"),
            ("not_yet_valid", "tls::scenario_makes_the_certificate_wrong_in_each_way"),
            ("self_signed", "tls::scenario_makes_the_certificate_wrong_in_each_way"),
            ("plain", "tls::scenario_makes_the_certificate_wrong_in_each_way"),
            ("right", "tls::certificate_becomes_wrong_and_right_again"),
        ],
    ),
];

/// Steps that the server only passes on to whoever runs the client: no socket shows them.
const OF_THE_RUNNER: [&str; 3] = ["freeze", "thaw", "measure"];

/// The files whose tests read sockets.
const FILES: &[(&str, &str)] = &[
    ("scenario_frames", include_str!("scenario_frames.rs")),
    ("scenario_wire", include_str!("scenario_wire.rs")),
    ("tls", include_str!("tls.rs")),
    ("fault_kinds", include_str!("fault_kinds.rs")),
];

#[test]
fn every_kind_of_fault_is_seen_by_a_reader_of_its_own() {
    let schema = include_str!("../../fixtures/scenario.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    for (part, seen) in SEEN {
        let mut kinds = kinds(&schema["$defs"][part]);
        kinds.retain(|kind| !OF_THE_RUNNER.contains(&kind.as_str()));
        let listed: BTreeSet<_> = seen.iter().map(|(kind, _)| (*kind).to_owned()).collect();
        assert_eq!(
            listed, kinds,
            "the kinds of {part}: left those listed here, right the schema's"
        );
        for (kind, test) in *seen {
            let body = body(test).unwrap_or_else(|| panic!("there is no test {test}"));
            assert!(says(body, kind), "{test} does not say {kind:?}, of {part}");
        }
    }
}

/// The keys of a mapping, or the words among which one is chosen.
fn kinds(part: &Value) -> BTreeSet<String> {
    let choices = ["oneOf", "anyOf"].iter().filter_map(|name| part[name].as_array()).flatten();
    let parts = || std::iter::once(part).chain(choices.clone());
    let keys = parts().filter_map(|part| part["properties"].as_object());
    let keys = keys.flat_map(|keys| keys.keys().cloned());
    let words = parts().flat_map(|part| {
        let listed = part["enum"].as_array().cloned().unwrap_or_default();
        listed.into_iter().chain(part.get("const").cloned())
    });
    keys.chain(words.filter_map(|word| word.as_str().map(str::to_owned))).collect()
}

/// What stands between a test's name and the next test.
fn body(test: &str) -> Option<&'static str> {
    let (file, name) = test.split_once("::")?;
    let (_, text) = FILES.iter().find(|(known, _)| *known == file)?;
    let (_, rest) = text.split_once(&format!("\nasync fn {name}() {{\n"))?;
    rest.split("\n}\n").next()
}

/// Whether a word stands there by itself.
fn says(body: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    body.match_indices(word).any(|(at, _)| {
        // A line break in a text in quotes is an escape.
        let before = body[..at].strip_suffix("\\n").unwrap_or(&body[..at]);
        !before.ends_with(is_part) && !body[at + word.len()..].starts_with(is_part)
    })
}

#[tokio::test]
async fn time_passes_between_steps() {
    let steps = "timeline: [{await: {what: open, within: 20s}}, {wait: 300ms}, {send: a}, {pause: 300ms}, {send: b}]";
    let server = start(steps).await;
    let began = tokio::time::Instant::now();
    let mut line = open(&server).await;
    for (text, earliest) in [("a", 300), ("b", 600)] {
        let (at, seen) = line.next_at(SOON).await.expect("it comes");
        assert_eq!(seen, Seen::Text(text.to_owned()));
        assert!((at - began).as_millis() >= earliest, "{text} came too early");
    }
}

#[tokio::test]
async fn steps_are_done_again() {
    let steps = "timeline: [{await: {what: open, within: 20s}}, {mark: a}, {send: a}, {send: b}, {again: {from: a, times: 2}}, {send: c}]";
    let server = start(steps).await;
    let mut line = open(&server).await;
    for text in ["a", "b", "a", "b", "a", "b", "c"] {
        assert_eq!(line.next().await, Seen::Text(text.to_owned()));
    }
}

#[tokio::test]
async fn binary_messages_are_sent() {
    let server = start("timeline: [{await: {what: open, within: 20s}}, {send_binary: '02ff00'}]");
    let mut line = open(&server.await).await;
    assert_eq!(line.next().await, Seen::Binary(vec![2, 0xff, 0]));
}

#[tokio::test]
async fn port_is_shut_while_connections_stand() {
    let server = start_at(
        address::own(0),
        "timeline: [{await: {what: open, within: 20s}}, stop_listening, {send: shut}, {await: {what: ping, within: 20s}}, listen, {send: open}]",
    )
    .await;
    let mut line = open(&server).await;
    assert_eq!(line.next_text().await, "shut");
    let refused = TcpStream::connect(server.addr()).await.expect_err("nobody listens");
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    line.frame(&raw::RawFrame::new(9, "p")).await;
    while line.next().await != Seen::Text("open".to_owned()) {}
    open(&server).await;
}

#[tokio::test]
async fn connections_end_at_a_restart_as_it_says() {
    for ending in ["cut", "close", "reset"] {
        let server = start(&format!(
            "timeline: [{{await: {{what: open, within: 20s}}}}, {{restart: {{pause: 0s, ending: {ending}}}}}]"
        ))
        .await;
        let mut stream = TcpStream::connect(server.addr()).await.expect("it listens");
        let request = upgrade_request(&target(&server));
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut all = Vec::new();
        let end = timeout(SOON, stream.read_to_end(&mut all)).await.expect("it ends");
        let head = all.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
        let rest = &all[head.unwrap_or(all.len())..];
        match ending {
            "cut" => assert!(end.is_ok() && rest.is_empty(), "{end:?} {rest:?}"),
            "close" => assert!(end.is_ok() && rest == [0x88, 2, 3, 232], "{end:?} {rest:?}"),
            _ => assert_eq!(end.expect_err("it is reset").kind(), io::ErrorKind::ConnectionReset),
        }
    }
}

#[tokio::test]
async fn upgrades_fail_by_chance() {
    let server = start("seed: 3\nupgrades: [{chance: 0.5, refuse: {status: 502}}]").await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let mut line = Line::dial(server.addr()).await;
        line.send(upgrade_request(&target(&server)).as_bytes()).await;
        let Seen::Http { status, .. } = line.next().await else { panic!("no answer") };
        statuses.push(status);
    }
    assert_eq!(statuses, [502, 101, 101, 502, 502, 101, 502, 101]);
}

async fn start(yaml: &str) -> MockServer {
    start_at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), yaml).await
}

async fn start_at(addr: SocketAddr, yaml: &str) -> MockServer {
    let yaml = format!("title: t\nwhy: w\n{yaml}");
    let scenario = Scenario::parse("t", &yaml).unwrap_or_else(|error| panic!("{error}"));
    MockServer::builder().scenario(scenario).listen(addr).start().await.expect("a port is free")
}

fn target(server: &MockServer) -> String {
    let url = server.url();
    url[url.find("/api").expect("the URL has a path")..].to_owned()
}

async fn open(server: &MockServer) -> Line {
    Line::open(server.addr(), &target(server)).await
}
