//! What a scenario's rules and timeline do to Phoenix frames, as a client's socket sees it.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::time::{Duration, Instant};

use glimesh_mock::transcript::What;
use glimesh_mock::{MockServer, Scenario};
use raw::{Line, Seen};
use serde_json::{Value, json};

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const JOINED: &str =
    r#"["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#;
const HEARTBEAT: &str = r#"[null,"hb","phoenix","heartbeat",{}]"#;
const BEATEN: &str = r#"[null,"hb","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
const SUBSCRIBE: &str = r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message}}"}]"#;

/// How long something takes that is not to come.
const NEVER: Duration = Duration::from_millis(300);

#[tokio::test]
async fn frames_are_answered_late() {
    let server = start("rules: [{on: {event: heartbeat, nth: 1}, delay: 400ms}]").await;
    let mut line = joined(&server).await;
    let asked = Instant::now();
    line.text(HEARTBEAT).await;
    assert_eq!(line.next_text().await, BEATEN);
    assert!(asked.elapsed() >= Duration::from_millis(400), "{:?}", asked.elapsed());
    let asked = Instant::now();
    line.text(HEARTBEAT).await;
    assert_eq!(line.next_text().await, BEATEN);
    assert!(asked.elapsed() < Duration::from_millis(400), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn wrong_answer_comes_late_in_the_clients_seconds() {
    let yaml = "title: t\nwhy: w\nrules:\n- {on: {event: heartbeat}, wait: 20s, reply: {status: error, response: {reason: tired}}}";
    let clock = glimesh_mock::transcript::ClockStamp { mode: "contract".to_owned(), rate: 50 };
    let server = MockServer::builder().scenario(Scenario::parse("t", yaml).expect("it is valid"));
    let server = server.clock(clock).start().await.expect("a port is free");
    let mut line = open(&server).await;
    let asked = Instant::now();
    line.text(HEARTBEAT).await;
    assert_eq!(
        line.next_text().await,
        r#"[null,"hb","phoenix","phx_reply",{"response":{"reason":"tired"},"status":"error"}]"#
    );
    assert!(asked.elapsed() >= Duration::from_millis(400), "{:?}", asked.elapsed());
}

#[tokio::test]
async fn join_counts_as_what_it_was_answered() {
    let server = start(
        "rules:\n- {on: {event: phx_join, nth: 1}, reply: {status: error, response: {reason: full}}}\n- {on: {event: phx_join, nth: 2}, reply: {status: ok, response: {welcome: true}}}",
    )
    .await;
    let mut line = open(&server).await;
    let reply =
        |response: &str| format!(r#"["1","1","__absinthe__:control","phx_reply",{response}]"#);
    line.text(JOIN).await;
    let refused = reply(r#"{"response":{"reason":"full"},"status":"error"}"#);
    assert_eq!(line.next_text().await, refused);
    line.text(SUBSCRIBE).await;
    assert!(line.next_text().await.contains("unmatched topic"), "it is not joined");
    line.text(JOIN).await;
    assert_eq!(line.next_text().await, reply(r#"{"response":{"welcome":true},"status":"ok"}"#));
    subscribe(&mut line, "2").await;
}

#[tokio::test]
async fn unsubscribe_and_leave_count_as_what_they_were_answered() {
    let server = start(
        r#"
rules:
- {on: {event: unsubscribe, nth: 1}, reply: {status: error, response: {reason: busy}}}
- {on: {event: unsubscribe, nth: 2}, reply: {status: ok, response: {gone: true}}}
- {on: {event: phx_leave, nth: 1}, reply: {status: error, response: {reason: stay}}}
timeline:
- await: {what: unsubscribe, within: 20s}
- say: {text: one}
- await: {what: unsubscribe, within: 20s}
- say: {text: nobody hears this}
- await: {what: leave, within: 20s}
- send: asked to leave
"#,
    )
    .await;
    let mut line = joined(&server).await;
    let id = subscribe(&mut line, "2").await;
    let unsubscribe =
        format!(r#"["1","3","__absinthe__:control","unsubscribe",{{"subscriptionId":"{id}"}}]"#);
    line.text(&unsubscribe).await;
    assert!(line.next_text().await.contains(r#""reason":"busy""#));
    assert!(line.next_text().await.contains(r#""message":"one""#), "it still has it");
    line.text(&unsubscribe).await;
    assert!(line.next_text().await.contains(r#""gone":true"#));
    line.text(r#"["1","4","__absinthe__:control","phx_leave",{}]"#).await;
    assert!(line.next_text().await.contains(r#""reason":"stay""#));
    assert_eq!(line.next_text().await, "asked to leave", "it has nothing any more");
    subscribe(&mut line, "5").await;
}

#[tokio::test]
async fn frames_are_not_answered() {
    let server = start("rules: [{on: {event: heartbeat, from: 2, times: 1}, ignore: true}]").await;
    let mut line = joined(&server).await;
    for reference in ["1", "2", "3"] {
        line.text(&HEARTBEAT.replace("hb", reference)).await;
    }
    assert_eq!(line.next_text().await, BEATEN.replace("hb", "1"));
    assert_eq!(line.next_text().await, BEATEN.replace("hb", "3"));
}

#[tokio::test]
async fn frames_are_answered_twice_and_by_others() {
    let server = start(
        r#"
rules:
- on: {event: phx_join}
  push: ['[null,null,"phoenix","unheard_of",{}]', '{answer}', '{answer}']
- on: {event: heartbeat}
  push: ['[{join_ref},{ref},{topic},"echo",{payload}]']
"#,
    )
    .await;
    let mut line = open(&server).await;
    line.text(JOIN).await;
    assert_eq!(line.next_text().await, r#"[null,null,"phoenix","unheard_of",{}]"#);
    assert_eq!(line.next_text().await, JOINED);
    assert_eq!(line.next_text().await, JOINED);
    line.text(HEARTBEAT).await;
    assert_eq!(line.next_text().await, r#"[null,"hb","phoenix","echo",{}]"#);
}

#[tokio::test]
async fn answers_are_changed() {
    let server = start(
        r#"
rules:
- {on: {event: heartbeat, nth: 1}, change: {ref: "999"}}
- {on: {event: heartbeat, nth: 2}, change: {join_ref: "7", add: {extra: [1]}}}
- {on: {event: doc}, change: {response: {data: null, errors: [{message: "no"}]}}}
"#,
    )
    .await;
    let mut line = joined(&server).await;
    line.text(HEARTBEAT).await;
    assert_eq!(line.next_text().await, BEATEN.replace("hb", "999"));
    line.text(HEARTBEAT).await;
    assert_eq!(
        line.next_text().await,
        r#"["7","hb","phoenix","phx_reply",{"extra":[1],"response":{"extra":[1]},"status":"ok"}]"#
    );
    line.text(SUBSCRIBE).await;
    assert_eq!(
        line.next_text().await,
        r#"["1","2","__absinthe__:control","phx_reply",{"response":{"data":null,"errors":[{"message":"no"}]},"status":"ok"}]"#
    );
}

#[tokio::test]
async fn answers_come_in_reverse_order() {
    let server = start("rules: [{on: {event: heartbeat}, reverse: {count: 3, within: 1s}}]").await;
    let mut line = joined(&server).await;
    for reference in ["1", "2", "3", "4"] {
        line.text(&HEARTBEAT.replace("hb", reference)).await;
    }
    // The fourth waits for others, and then comes alone.
    for reference in ["3", "2", "1", "4"] {
        assert_eq!(line.next_text().await, BEATEN.replace("hb", reference));
    }
}

#[tokio::test]
async fn connection_ends_after_an_answer_as_the_rule_says() {
    let server = start(
        r#"
rules:
- {on: {event: phx_join, connection: 1}, then: {close: {code: 1011, reason: "over"}}}
- {on: {event: phx_join, connection: 2}, then: cut}
- {on: {event: phx_join, connection: 3}, ignore: true, then: reset}
"#,
    )
    .await;
    let close = Seen::Close { code: Some(1011), reason: "over".to_owned() };
    let reply = Seen::Text(JOINED.to_owned());
    for expected in [vec![reply.clone(), close], vec![reply], vec![]] {
        let mut line = open(&server).await;
        line.text(JOIN).await;
        assert_eq!(line.rest().await, expected);
    }
    let mut line = joined(&server).await;
    line.text(HEARTBEAT).await;
    assert_eq!(line.next_text().await, BEATEN);
}

#[tokio::test]
async fn dice_fall_as_the_seed_says_and_the_seed_is_in_the_transcript() {
    let play = async |seed: u32| {
        let server = start(&format!(
            "seed: {seed}\nrules: [{{on: {{event: heartbeat}}, chance: 0.5, ignore: true}}]"
        ))
        .await;
        let mut line = joined(&server).await;
        for n in 0..40 {
            line.text(&HEARTBEAT.replace("hb", &n.to_string())).await;
        }
        line.text(r#"["1","end","__absinthe__:control","phx_leave",{}]"#).await;
        let mut answered = Vec::new();
        loop {
            let text = line.next_text().await;
            if text.contains("\"end\"") {
                return (answered, server.stop().await.header.settings);
            }
            answered.push(text);
        }
    };
    let (first, settings) = play(11).await;
    assert_eq!(settings.get("scenario.seed").map(String::as_str), Some("11"));
    assert!((8..32).contains(&first.len()), "{} of 40 were answered", first.len());
    assert_eq!(play(11).await.0, first);
    assert_ne!(play(12).await.0, first);
}

#[tokio::test]
async fn frames_are_pushed_with_what_the_session_knows() {
    let server = start(
        r#"
timeline:
- await: {what: subscribed, within: 20s, count: 2}
- push: {frame: '[null,{n},{subscription_id},"{subscription:data}",[{join_ref},{subscription_id:1},{old_subscription_id},{channel_id}]]', times: 3}
- await: {what: heartbeat, within: 20s}
- reset
- await: {what: subscribed, within: 20s}
- push: {frame: '[{old_join_ref},{join_ref},{topic},{old_subscription_id}]'}
- end
"#,
    )
    .await;
    let mut line = joined(&server).await;
    let first = subscribe(&mut line, "2").await;
    let second = subscribe(&mut line, "3").await;
    assert_ne!(first, second);
    for n in 1..=3 {
        assert_eq!(
            line.next_text().await,
            format!(r#"[null,{n},"{second}","{{subscription:data}}",["1","{first}","","6"]]"#)
        );
    }
    // A reset takes with it what was not read.
    line.text(HEARTBEAT).await;
    line.rest().await;
    let mut line = open(&server).await;
    line.text(&JOIN.replace(r#""1""#, r#""9""#)).await;
    line.next_text().await;
    subscribe(&mut line, "2").await;
    assert_eq!(line.next_text().await, format!(r#"["1","9","__absinthe__:control","{second}"]"#));
}

#[tokio::test]
async fn channel_ends_by_phx_error_by_phx_close_and_without_a_word() {
    let server = start(
        "timeline:\n- await: {what: join, within: 20s}\n- phx_error\n- await: {what: join, within: 20s}\n- phx_close\n- await: {what: join, within: 20s}\n- forget_channel\n- mark: forgotten",
    )
    .await;
    let mut line = joined(&server).await;
    assert_eq!(line.next_text().await, r#"["1","1","__absinthe__:control","phx_error",{}]"#);
    line.text(JOIN).await;
    assert_eq!(line.next_text().await, JOINED);
    assert_eq!(line.next_text().await, r#"["1","1","__absinthe__:control","phx_close",{}]"#);
    line.text(JOIN).await;
    assert_eq!(line.next_text().await, JOINED);
    server.scenario_ended().await;
    line.text(SUBSCRIBE).await;
    let unmatched = r#""__absinthe__:control","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;
    let text = line.next_text().await;
    assert!(text.ends_with(unmatched), "{text}");
}

#[tokio::test]
async fn users_say_something_again_and_again() {
    let server = start(
        "timeline:\n- await: {what: subscribed, within: 20s}\n- say: {text: 'number {n}', times: 3, every: 100ms, username: mytho}\n- say: {text: elsewhere, channel: 10}\n- say: {text: here}\n- say: {text: lost, username: NoSuchUser}",
    )
    .await;
    let mut line = joined(&server).await;
    subscribe(&mut line, "2").await;
    for text in ["number 1", "number 2", "number 3", "here"] {
        let said: Value = serde_json::from_str(&line.next_text().await).expect("it is JSON");
        assert_eq!(said[4]["result"]["data"]["chatMessage"]["message"], json!(text));
    }
    server.scenario_ended().await;
    let transcript = server.stop().await;
    assert!(
        transcript
            .entries
            .iter()
            .any(|entry| matches!(&entry.what, What::Note { code, .. } if code == "not-said"))
    );
}

#[tokio::test]
async fn one_kind_of_frame_is_not_answered_for_a_while() {
    let server = start(
        "timeline:\n- await: {what: join, within: 20s}\n- mute: {events: [heartbeat]}\n- send: muted\n- await: {what: heartbeat, within: 20s}\n- unmute\n- send: unmuted",
    )
    .await;
    let mut line = joined(&server).await;
    assert_eq!(line.next_text().await, "muted");
    line.text(HEARTBEAT).await;
    assert_eq!(line.next_text().await, "unmuted");
    subscribe(&mut line, "2").await;
    line.text(HEARTBEAT).await;
    assert_eq!(line.next_text().await, BEATEN);
}

#[tokio::test]
async fn mutations_of_a_frame_are_sent_and_the_seed_is_in_the_transcript() {
    let server = start(
        r#"
seed: 5
timeline:
- await: {what: join, within: 20s}
- fuzz: {frame: '[null,null,"phoenix","phx_reply",{"response":{},"status":"ok"}]', times: 50}
- send: enough
"#,
    )
    .await;
    let mut line = joined(&server).await;
    let mut texts = std::collections::BTreeSet::new();
    loop {
        match line.next_text().await.as_str() {
            "enough" => break,
            text => texts.insert(text.to_owned()),
        };
    }
    assert!(texts.len() > 30, "{texts:#?}");
    assert_eq!(server.settings().get("scenario.seed").map(String::as_str), Some("5"));
}

#[tokio::test]
async fn timeline_waits_for_whatever_a_client_does() {
    let server = start(
        "timeline:\n- await: {what: ping, within: 20s}\n- await: {what: unsubscribe, within: 20s}\n- await: {what: leave, within: 20s}\n- frame: {opcode: 9, text: x}\n- await: {what: pong, within: 20s}\n- await: {what: close, within: 20s}\n- await: {what: upgrade, within: 20s}",
    )
    .await;
    let mut line = joined(&server).await;
    line.frame(&raw::RawFrame::new(9, "p")).await;
    line.text(r#"["1","2","__absinthe__:control","unsubscribe",{"subscriptionId":"x"}]"#).await;
    line.text(r#"["1","3","__absinthe__:control","phx_leave",{}]"#).await;
    while line.next().await != Seen::Ping(b"x".to_vec()) {}
    line.frame(&raw::RawFrame::new(10, "x")).await;
    line.frame(&raw::RawFrame::new(8, [3, 232])).await;
    line.rest().await;
    open(&server).await;
    server.scenario_ended().await;
    let transcript = server.stop().await;
    let marks = transcript.entries.iter().filter_map(|entry| match &entry.what {
        What::Mark { name } if name.starts_with("reached:") => Some(&name[8..]),
        _ => None,
    });
    let marks = marks.collect::<Vec<_>>();
    assert_eq!(marks, ["ping", "unsubscribe", "leave", "pong", "close", "upgrade"]);
    let pong = |entry: &glimesh_mock::transcript::Entry| matches!(&entry.what, What::Pong { from: glimesh_mock::transcript::From::Client, hex } if hex == "78");
    assert!(transcript.entries.iter().any(pong), "a pong's payload is in the transcript");
}

#[tokio::test]
async fn nothing_is_said_while_the_server_is_mute() {
    let server = start(
        "timeline:\n- await: {what: join, within: 20s}\n- mute: {}\n- await: {what: heartbeat, within: 20s}\n- say: {text: lost}\n- unmute\n- send: awake",
    )
    .await;
    let mut line = joined(&server).await;
    assert_eq!(line.next_within(NEVER).await, None);
    line.frame(&raw::RawFrame::new(9, "p")).await;
    line.text(HEARTBEAT).await;
    assert_eq!(line.next_text().await, "awake");
}

async fn start(yaml: &str) -> MockServer {
    let scenario = Scenario::parse("t", &format!("title: t\nwhy: w\n{yaml}"));
    let scenario = scenario.unwrap_or_else(|error| panic!("{error}"));
    MockServer::builder().scenario(scenario).start().await.expect("a port is free")
}

async fn open(server: &MockServer) -> Line {
    let url = server.url();
    let (_, target) = url.split_once(&server.addr().to_string()).expect("it names the server");
    Line::open(server.addr(), target).await
}

async fn joined(server: &MockServer) -> Line {
    let mut line = open(server).await;
    line.text(JOIN).await;
    assert_eq!(line.next_text().await, JOINED);
    line
}

/// Subscribes, and gives the id.
async fn subscribe(line: &mut Line, reference: &str) -> String {
    line.text(&SUBSCRIBE.replace(r#""2""#, &format!("\"{reference}\""))).await;
    let reply: Value = serde_json::from_str(&line.next_text().await).expect("it is JSON");
    let id = reply[4]["response"]["subscriptionId"].as_str();
    id.unwrap_or_else(|| panic!("{reply} names no id")).to_owned()
}
