//! A recorded session, served again; and the scenario that is made of one.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers are tests, too")]

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::time::Duration;

use glimesh_mock::replay::{NothingRecorded, Pace, Replay, Speed};
use glimesh_mock::scenario::{Awaited, Step};
use glimesh_mock::transcript::{ClockStamp, Entry, From, Transcript, What};
use glimesh_mock::{MockServer, Profile, Scenario, TOKEN, skeleton};
use raw::{Line, RawFrame, Seen, upgrade_request};
use serde_json::Value;
use tokio::time::Instant;

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const SUBSCRIBE: &str = r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message user{username}}}"}]"#;
const HEARTBEAT: &str = r#"[null,"3","phoenix","heartbeat",{}]"#;

fn target() -> String {
    format!("/api/graph/websocket?vsn=2.0.0&token={TOKEN}")
}

async fn open(server: &MockServer) -> Line {
    let mut line = Line::over(server.connect(), false);
    line.send(upgrade_request(&target()).as_bytes()).await;
    assert!(matches!(line.next().await, Seen::Http { status: 101, .. }));
    line
}

/// A session on paused time: a join, a subscription, a message 7 s later, and a close 5 s after that.
async fn recorded() -> Transcript {
    let server = MockServer::builder().in_memory().start().await.unwrap();
    let mut line = open(&server).await;
    for text in [JOIN, HEARTBEAT, SUBSCRIBE] {
        line.text(text).await;
        line.next_text().await;
    }
    tokio::time::sleep(Duration::from_secs(7)).await;
    server.say(6, "TheCat", "it is {n} o'clock: \"é\"\n").unwrap();
    line.next_text().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    server.close(1012, "restart").unwrap();
    line.rest().await;
    drop(line);
    server.stop().await
}

async fn replaying(transcript: &Transcript, pace: Pace) -> MockServer {
    let replay = Replay::new(transcript, pace).unwrap();
    MockServer::builder().in_memory().replay(replay).start().await.unwrap()
}

fn notes(transcript: &Transcript) -> Vec<String> {
    let notes = transcript.entries.iter().filter_map(|entry| match &entry.what {
        What::Note { code, text } => Some(format!("{code}: {text}")),
        _ => None,
    });
    notes.collect()
}

#[tokio::test(start_paused = true)]
async fn the_server_says_it_again_with_the_refs_of_now_and_at_the_same_times() {
    let transcript = recorded().await;
    let paces = [
        (Pace::Times(Speed::ONE), 12_000),
        (Pace::Times("10".parse().unwrap()), 1_200),
        (Pace::Gated, 0),
    ];
    for (pace, expected_ms) in paces {
        let server = replaying(&transcript, pace).await;
        let mut line = open(&server).await;
        let began = Instant::now();
        // The heartbeat comes at another time than it did then.
        line.text(HEARTBEAT).await;
        let beat = r#"[null,"3","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
        assert_eq!(line.next_text().await, beat);
        line.text(&JOIN.replace(r#""1","1""#, r#""a",41"#)).await;
        let reply = r#"["a",41,"__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#;
        assert_eq!(line.next_text().await, reply);
        let subscribe = r#"["a","43","__absinthe__:control","doc",{"query":"subscription { chatMessage(channelId: 6) { message, user { username } } }","variables":{}}]"#;
        line.text(subscribe).await;
        let reply = line.next_text().await;
        assert!(reply.starts_with(r#"["a","43","__absinthe__:control","phx_reply","#), "{reply}");
        assert!(reply.contains("__absinthe__:doc:-1:"), "a new id: {reply}");
        let rest = line.rest().await;
        let [Seen::Text(data), Seen::Close { code: Some(1012), reason }] = &rest[..] else {
            panic!("{rest:?}")
        };
        assert!(data.starts_with(r#"[null,null,"__absinthe__:doc:-1:"#), "{data}");
        assert!(data.contains("it is {n} o'clock"), "{data}");
        assert_eq!(reason, "restart");
        let took = began.elapsed().as_millis();
        assert!((expected_ms..expected_ms + 50).contains(&took), "{took} ms with {pace:?}");
        drop(line);
        assert_eq!(notes(&server.stop().await), [] as [&str; 0]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_departure_is_said_with_what_was_expected_and_what_came() {
    let transcript = recorded().await;
    let server = replaying(&transcript, Pace::Gated).await;
    let mut line = open(&server).await;
    let unknown = r#"["1","1","__absinthe__:control","doc",{"query":"{myself{username}}"}]"#;
    line.text(unknown).await;
    // What belongs to later waits for its turn.
    line.text(SUBSCRIBE).await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    line.text(JOIN).await;
    assert!(line.next_text().await.contains("phx_reply"));
    assert!(line.next_text().await.contains("subscriptionId"));
    line.rest().await;

    // The recording has one connection.
    let mut again = Line::over(server.connect(), false);
    again.send(upgrade_request(&target()).as_bytes()).await;
    assert!(matches!(again.next().await, Seen::Http { status: 503, .. }));
    let notes = notes(&server.stop().await);
    let expected = [
        format!("departed: expected {JOIN}, and {unknown} came; it is not answered"),
        format!(
            "departed: the client is 10 s later than in the recording: expected {JOIN}, and nothing came"
        ),
        "departed: refused with 503: the recording has no further connection".to_owned(),
    ];
    assert_eq!(notes, expected);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_early_has_departed() {
    let transcript = recorded().await;
    let server = replaying(&transcript, Pace::Times(Speed::ONE)).await;
    let mut line = open(&server).await;
    line.text(JOIN).await;
    line.next_text().await;
    line.frame(&RawFrame::new(8, *b"\x03\xe8")).await;
    assert_eq!(line.rest().await, [Seen::Close { code: Some(1000), reason: String::new() }]);
    let notes = notes(&server.stop().await);
    assert_eq!(
        notes,
        [format!("departed: expected {SUBSCRIBE}, and the client ended the connection")]
    );
}

#[tokio::test(start_paused = true)]
async fn refusals_and_resets_are_replayed_too() {
    let mut transcript = recorded().await;
    let upgrade = |status| What::Upgrade {
        method: "GET".to_owned(),
        path: "/api/graph/websocket".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        status,
        extensions: None,
    };
    let entry = |conn, what| Entry { at: glimesh_proto::Instant::ZERO, conn: Some(conn), what };
    transcript.entries = vec![
        entry(1, upgrade(403)),
        entry(2, upgrade(101)),
        entry(2, What::Binary { from: From::Server, hex: "00ff".to_owned(), len: 2 }),
        entry(2, What::Eof { from: From::Server, reset: true }),
    ];
    let server = replaying(&transcript, Pace::Gated).await;
    let mut line = Line::over(server.connect(), false);
    line.send(upgrade_request(&target()).as_bytes()).await;
    assert!(matches!(line.next().await, Seen::Http { status: 403, .. }));
    let mut line = open(&server).await;
    assert_eq!(line.rest().await, [Seen::Binary(vec![0, 255])]);
    server.stop().await;
}

#[tokio::test]
async fn a_transcript_without_a_websocket_cannot_be_replayed() {
    let server = MockServer::builder().in_memory().start().await.unwrap();
    let empty = server.stop().await;
    assert_eq!(Replay::new(&empty, Pace::Gated).unwrap_err(), NothingRecorded);
    for text in ["0", "-1", "1001", "NaN", "fast"] {
        assert!(text.parse::<Speed>().is_err(), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_scenario_plays_a_recording_with_the_refs_of_now() {
    let server = retelling("{recording: push/own}", 1).await;
    let mut line = open(&server).await;
    let say = r#"["j","say","__absinthe__:control","doc",{"query":"mutation{createChatMessage(channelId:6,message:{message:\"hello world!\"}){message}}"}]"#;
    line.text(&JOIN.replace('1', "j")).await;
    assert_eq!(
        line.next_text().await,
        r#"["j","j","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#
    );
    let subscribe = SUBSCRIBE.replace(r#""1""#, r#""j""#).replace("message user", "message  user");
    line.text(&subscribe).await;
    let reply: Value = serde_json::from_str(&line.next_text().await).unwrap();
    let id = reply[4]["response"]["subscriptionId"].as_str().unwrap();
    line.text(say).await;
    let (data, answer) = (line.next_text().await, line.next_text().await);
    assert!(data.contains(id) && data.contains(r#""message":"hello world!""#), "{data}");
    assert!(answer.starts_with(r#"["j","say","#), "{answer}");
    line.text(HEARTBEAT).await;
    line.next_text().await;
    server.scenario_ended().await;
    let transcript = server.stop().await;
    let departed =
        |entry: &&Entry| matches!(&entry.what, What::Note { code, .. } if code == "departed");
    assert_eq!(transcript.entries.iter().find(departed), None);
    assert_eq!(transcript.header.scenario, "t");
}

#[tokio::test(start_paused = true)]
async fn a_scenario_scales_the_time_of_a_recording() {
    let took = async |replay: &str, rate: u32| {
        let server = retelling(replay, rate).await;
        let began = Instant::now();
        let mut line = open(&server).await;
        line.text(JOIN).await;
        line.next_text().await;
        let close = Seen::Close { code: Some(1000), reason: String::new() };
        assert_eq!(line.next_within(Duration::from_secs(200)).await, Some(close));
        let took = began.elapsed().as_secs_f64();
        drop(line);
        server.scenario_ended().await;
        server.stop().await;
        took
    };
    // The real server closed it after 60 s.
    let as_recorded = took("{recording: timing/idle_joined}", 1).await;
    assert!((59.0..62.0).contains(&as_recorded), "{as_recorded}");
    let slower = took("{recording: timing/idle_joined, speed: 0.5}", 1).await;
    assert!((slower / as_recorded - 2.0).abs() < 0.01, "{slower}");
    let on_a_quick_clock = took("{recording: timing/idle_joined}", 10).await;
    assert!((as_recorded / on_a_quick_clock - 10.0).abs() < 0.1, "{on_a_quick_clock}");
    let gated = took("{recording: timing/idle_joined, gated: true}", 1).await;
    assert!(gated < 0.1, "{gated}");
}

/// A server with a scenario that replays this, to a client for which `rate` seconds pass in a real one.
async fn retelling(replay: &str, rate: u32) -> MockServer {
    let yaml = format!("title: t\nwhy: w\nreplay: {replay}");
    let clock = ClockStamp { mode: "contract".to_owned(), rate };
    let scenario = Scenario::parse("t", &yaml).unwrap();
    MockServer::builder().in_memory().scenario(scenario).clock(clock).start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn skeleton_is_a_valid_scenario_that_does_the_same() {
    let text = skeleton(&recorded().await);
    insta::assert_snapshot!(text, @r#"
    title: "What the server did in the session plain"
    why: Made from a transcript. Say here what it shows, and delete the rest.
    timeline:
      - await: {what: upgrade, within: 10s}
      - await: {what: open, within: 10s}
      - await: {what: join, within: 10s}
      - await: {what: subscribed, within: 10s}
      - wait: 7s
      # Said by "TheCat".
      - say: {text: "it is { n } o'clock: \"é\"\u000a"}
      - wait: 5s
      - close: {code: 1012, reason: "restart"}
      - end
    "#);
    let scenario = Scenario::parse("skeleton", &text).unwrap();
    let server = MockServer::builder().in_memory().scenario(scenario).start().await.unwrap();
    let mut line = open(&server).await;
    let began = Instant::now();
    for text in [JOIN, SUBSCRIBE] {
        line.text(text).await;
        line.next_text().await;
    }
    let data = line.next_text().await;
    assert!(data.contains("it is "), "{data}");
    assert_eq!(began.elapsed().as_secs(), 7);
    let close = Seen::Close { code: Some(1012), reason: "restart".to_owned() };
    assert_eq!(line.rest().await, [close]);
    assert_eq!(began.elapsed().as_secs(), 12);
    server.scenario_ended().await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn compression_that_was_agreed_on_is_agreed_on_again() {
    let offer = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
    let offering = upgrade_request(&target()).replace("\r\n\r\n", offer);
    for accepts_deflate in [true, false] {
        let profile = Profile { accepts_deflate, ..Profile::glimesh() };
        let server = MockServer::builder().in_memory().profile(profile).start().await.unwrap();
        for request in [&offering, &upgrade_request(&target())] {
            let mut line = Line::over(server.connect(), false);
            line.send(request.as_bytes()).await;
            assert!(matches!(line.next().await, Seen::Http { status: 101, .. }));
        }
        let made = Scenario::parse("made", &skeleton(&server.stop().await)).unwrap();
        let agrees = made.settings.over(&Profile::glimesh()).accepts_deflate;
        assert_eq!(agrees, accepts_deflate);
    }
}

#[tokio::test(start_paused = true)]
async fn late_wrong_and_missing_answers_become_rules() {
    let text = "
title: t
why: w
rules:
  - {on: {event: phx_join}, delay: 3s}
  - {on: {event: doc, nth: 1}, reply: {status: error, response: {reason: \"no\"}}}
  - {on: {event: heartbeat, nth: 2}, ignore: true}
timeline:
  - await: {what: heartbeat, count: 2, within: 60s}
  - wait: 4s
  - reset
  - end
";
    let scenario = Scenario::parse("t", text).unwrap();
    let rules = scenario.rules.clone();
    let server = MockServer::builder().in_memory().scenario(scenario).start().await.unwrap();
    let mut line = open(&server).await;
    for text in [JOIN, SUBSCRIBE, HEARTBEAT] {
        line.text(text).await;
        line.next_text().await;
    }
    line.text(&HEARTBEAT.replace('3', "4")).await;
    line.rest().await;
    let made = skeleton(&server.stop().await);
    let made = Scenario::parse("made", &made).unwrap();
    let said: Vec<String> = made.rules.iter().map(|rule| format!("{rule:?}")).collect();
    assert_eq!(made.rules.len(), 3, "{said:#?}");
    for (event, nth) in [("phx_join", 1), ("doc", 1), ("heartbeat", 2)] {
        let of = |rule: &&glimesh_mock::scenario::Rule| rule.on.event == event;
        let (made, asked) = (made.rules.iter().find(of).unwrap(), rules.iter().find(of).unwrap());
        assert_eq!(made.on.nth, Some(nth));
        assert_eq!((&made.reply, made.ignore), (&asked.reply, asked.ignore));
        assert_eq!(made.delay.is_some(), asked.delay.is_some());
    }
    assert!(made.timeline.contains(&Step::Reset));
}

#[tokio::test(start_paused = true)]
async fn ends_of_channels_and_connections_become_their_verbs() {
    let text = "
title: t
why: w
timeline:
  - await: {what: join, within: 9s}
  - phx_error
  - await: {what: join, within: 9s}
  - phx_close
  - await: {what: leave, within: 9s}
  - await: {what: heartbeat, within: 9s}
  - cut
  - end
";
    let scenario = Scenario::parse("t", text).unwrap();
    let server = MockServer::builder().in_memory().scenario(scenario).start().await.unwrap();
    let mut line = open(&server).await;
    for _ in 0..2 {
        line.text(JOIN).await;
        line.next_text().await;
        line.next_text().await;
    }
    // What the server closes by itself, at a leave and at a second join, is no step.
    for text in [JOIN, JOIN, &JOIN.replace("phx_join", "phx_leave")] {
        line.text(text).await;
        line.next_text().await;
    }
    line.text(HEARTBEAT).await;
    line.rest().await;
    let made = skeleton(&server.stop().await);
    let made = Scenario::parse("made", &made).unwrap_or_else(|error| panic!("{error}"));
    // Between the last words of the two sides may be a wait.
    let verbs = made.timeline.iter().map(Step::verb);
    let verbs = verbs.filter(|verb| !matches!(*verb, "await" | "wait"));
    assert_eq!(verbs.collect::<Vec<_>>(), ["phx_error", "phx_close", "cut", "end"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_closed_after_a_refused_join_or_a_leave_elsewhere_is_a_step() {
    let text = "
title: t
why: w
rules:
  - {on: {event: phx_join, nth: 2}, reply: {status: error, response: {reason: \"full\"}}}
timeline:
  - await: {what: heartbeat, within: 60s}
  - phx_close
  - await: {what: heartbeat, count: 2, within: 60s}
  - end
";
    let scenario = Scenario::parse("t", text).unwrap();
    let server = MockServer::builder().in_memory().scenario(scenario).start().await.unwrap();
    let mut line = open(&server).await;
    let leave_elsewhere = r#"["1","9","elsewhere","phx_leave",{}]"#;
    for text in [JOIN, JOIN, leave_elsewhere, HEARTBEAT] {
        line.text(text).await;
        line.next_text().await;
    }
    assert!(line.next_text().await.contains("phx_close"));
    line.text(&HEARTBEAT.replace('3', "4")).await;
    line.next_text().await;
    server.scenario_ended().await;
    let made = skeleton(&server.stop().await);
    let made = Scenario::parse("made", &made).unwrap_or_else(|error| panic!("{error}"));
    let verbs = made.timeline.iter().map(Step::verb);
    let verbs = verbs.filter(|verb| !matches!(*verb, "await" | "wait"));
    assert_eq!(verbs.collect::<Vec<_>>(), ["phx_close", "end"]);
}

#[tokio::test(start_paused = true)]
async fn a_drop_for_want_of_heartbeats_is_left_to_the_server() {
    let server = MockServer::builder().in_memory().start().await.unwrap();
    let mut line = open(&server).await;
    tokio::time::sleep(Duration::from_secs(33)).await;
    line.rest().await;
    let mut line = open(&server).await;
    line.text("['1','1','__absinthe__:control','phx_join',{}]").await;
    line.rest().await;
    let text = skeleton(&server.stop().await);
    assert!(text.contains("# Dropped: no heartbeat for 32 s."), "{text}");
    assert!(text.contains("J020"), "{text}");
    assert!(!text.contains("- close"), "{text}");
    let scenario = Scenario::parse("skeleton", &text).unwrap();
    let ends = scenario
        .timeline
        .iter()
        .filter(|step| matches!(step, Step::Await(awaited) if awaited.what == Awaited::End));
    assert_eq!(ends.count(), 2);
}
