//! Every scenario of the library, played to its end; and that no scenario at all hangs the server.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;
mod small_client;

use std::time::Duration;

use glimesh_mock::scenario::{Await, Otherwise, Span, Step};
use glimesh_mock::transcript::{ClockStamp, Transcript, What};
use glimesh_mock::{MockServer, Scenario};
use proptest::prelude::*;
use tokio::time::timeout;

/// How many of the client's seconds pass in a real one.
const RATE: u32 = 60;

/// How long is waited for what may not come.
const MAYBE: Duration = Duration::from_secs(1);

/// How long is waited for what a sensible client does; the small one does not all of it, and then the timeline ends.
const AWAITED: Duration = Duration::from_secs(10);

/// How long a scenario may take, whatever is waited for.
const LONG: Duration = Duration::from_secs(150);

/// How long a server may take to end.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_of_the_library_is_played_to_its_end() {
    let mut played = tokio::task::JoinSet::new();
    for name in Scenario::names() {
        let mut scenario = Scenario::named(name).expect("it is built in");
        for step in &mut scenario.timeline {
            match step {
                Step::Await(it) if it.otherwise == Otherwise::Continue => it.within = Span(MAYBE),
                Step::Await(it) => it.within = Span(it.within.0.min(AWAITED)),
                // What is waited for in real time is seen as well in a little of it.
                Step::Pause(span) => span.0 = span.0.min(MAYBE),
                _ => {}
            }
        }
        played.spawn(async move { (name, scenario.timeline.clone(), play(scenario, LONG).await) });
    }
    let mut failed = Vec::new();
    while let Some(result) = played.join_next().await {
        let (name, steps, transcript) = result.expect("it does not panic");
        if let Err(why) = judge(&steps, &transcript) {
            failed.push(format!("{name}: {why}"));
        }
    }
    assert_eq!(failed, [] as [&str; 0]);
}

/// Every step left its mark, up to the end or to what the client did not do.
fn judge(steps: &[Step], transcript: &Transcript) -> Result<(), String> {
    let marks: Vec<_> = transcript
        .entries
        .iter()
        .filter_map(|entry| match &entry.what {
            What::Mark { name } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let mut rest = marks.iter();
    for step in steps {
        if let Step::Await(Await { what, otherwise: Otherwise::End, .. }) = step
            && marks.ends_with(&[&*format!("missed:{}", what.as_str()), "gave-up"])
            && !rest.clone().any(|mark| *mark == format!("reached:{}", what.as_str()))
        {
            break;
        }
        let found = match step {
            Step::End => rest.any(|mark| *mark == "end"),
            Step::Mark(name) => rest.any(|mark| mark == name),
            Step::Await(it) => rest.any(|mark| {
                let word = it.what.as_str();
                *mark == format!("reached:{word}") || *mark == format!("missed:{word}")
            }),
            step => rest.any(|mark| *mark == format!("step:{}", step.verb())),
        };
        if !found {
            return Err(format!("without {} in {marks:?}", step.verb()));
        }
    }
    let lost = transcript.entries.iter().find(|entry| {
        matches!(&entry.what, What::Note { code, .. } if code == "not-said" || code == "port")
    });
    lost.map_or(Ok(()), |note| Err(format!("{note:?}")))
}

/// Plays a scenario with a client, for so long at most.
async fn play(scenario: Scenario, within: Duration) -> Transcript {
    let clock = ClockStamp { mode: "contract".to_owned(), rate: RATE };
    let server = MockServer::builder().scenario(scenario).clock(clock);
    let server = server.start().await.expect("a port is free");
    let url = server.url();
    let addr = server.addr();
    let (_, target) = url.split_once(&addr.to_string()).expect("it names the server");
    let client = tokio::spawn(small_client::run(addr, target.to_owned()));
    let _ = timeout(within, server.scenario_ended()).await;
    let transcript = timeout(SOON, server.stop()).await.expect("the server ends");
    client.abort();
    transcript
}

const STEPS: &[&str] = &[
    "await: {what: open, within: 50ms, or: continue}",
    "await: {what: subscribed, within: 200ms, or: continue}",
    "await: {what: pong, within: 20ms, or: continue}",
    "wait: 1s",
    "pause: 20ms",
    "say: {text: 'hello {n}', times: 300}",
    "say: {text: 'hello {n}', times: 3, every: 1s, username: nobody, channel: 99}",
    "push: {frame: '[{join_ref},{old_join_ref},{topic},{subscription_id:3},{x}', times: 20}",
    "push: {frame: '{', times: 3, every: 1s}",
    "send: ''",
    "send_binary: '00ff'",
    "fragment: {text: 'abc{n}', size: 1, pings: true}",
    "fragment: {text: ''}",
    "frame: {opcode: 15, rsv: 7, fin: false, masked: true, hex: ff, times: 20}",
    "frame: {length: 18446744073709551615}",
    "frame: {opcode: 8, hex: '03e8'}",
    "fuzz: {frame: '[null,null,{topic},\"e\",{}]', times: 50}",
    "phx_error",
    "phx_close",
    "forget_channel",
    "mute: {}",
    "mute: {events: [heartbeat, phx_join]}",
    "unmute",
    "stop_reading",
    "read_on",
    "half_close",
    "cut",
    "reset",
    "close: {code: 65535, reason: 'x'}",
    "close: {code: 0}",
    "bytes: {chop: 1, latency: 5ms}",
    "bytes: {per_second: 1}",
    "bytes: {cut_after: 3, corrupt_after: 1}",
    "bytes: {}",
    "stop_listening",
    "listen",
    "restart: {pause: 20ms}",
    "restart: {pause: 0s, ending: reset}",
    "revoke_credentials",
    "measure",
    "mark: x",
];

const RULES: &[&str] = &[
    "{on: {event: phx_join}, delay: 30ms}",
    "{on: {event: phx_join, nth: 1}, ignore: true}",
    "{on: {event: doc}, reverse: {count: 2, within: 50ms}}",
    "{on: {event: doc}, push: ['{answer}', '{answer}', '{payload}'], wait: 1s}",
    "{on: {event: heartbeat}, chance: 0.5, change: {ref: null, topic: 5, add: {x: [{}]}}}",
    "{on: {event: heartbeat, from: 3, times: 2}, reply: {status: error}, then: cut}",
    "{on: {event: heartbeat, contains: x}, then: {close: {code: 1, reason: y}}}",
];

const UPGRADES: &[&str] = &[
    "{on: {nth: 1}, ignore: true}",
    "{chance: 0.3, refuse: {status: 599, headers: {a: b}, body: c}}",
    "{on: {from: 2, times: 1}, redirect: {to: 'ws://{host}{target}'}}",
    "{delay: 30ms, headers: {sec-websocket-extensions: permessage-deflate}}",
];

const SOCKETS: &[&str] = &[
    "{on: {nth: 1}, bytes: {cut_after: 0}}",
    "{on: {from: 2, times: 2}, bytes: {chop: 3, latency: 5ms}}",
    "{chance: 0.3, bytes: {corrupt_after: 30, per_second: 5000}}",
];

const TOPS: &[&str] =
    &["seed: 9", "listening: false", "tls: expired", "tls: plain", "credential: client_id"];

fn some(of: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<&'static str>> {
    prop::collection::vec(prop::sample::select(of), 0..=most)
}

/// A scenario's text: any verbs in any order.
fn scenarios() -> impl Strategy<Value = String> {
    let parts =
        (some(TOPS, 1), some(SOCKETS, 2), some(UPGRADES, 2), some(RULES, 3), some(STEPS, 12));
    parts.prop_map(|(tops, sockets, upgrades, rules, steps)| {
        let list = |name: &str, all: &[&str]| {
            let lines = all.iter().map(|line| format!("\n- {line}")).collect::<String>();
            if all.is_empty() { String::new() } else { format!("\n{name}:{lines}") }
        };
        format!(
            "title: t\nwhy: w\n{}{}{}{}{}",
            tops.join("\n"),
            list("sockets", &sockets),
            list("upgrades", &upgrades),
            list("rules", &rules),
            list("timeline", &steps)
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_scenario_crashes_or_hangs_the_server(text in scenarios()) {
        let scenario = Scenario::parse("t", &text).unwrap_or_else(|error| panic!("{error}"));
        let runtime = tokio::runtime::Runtime::new().expect("there is room");
        let transcript = runtime.block_on(play(scenario, Duration::from_millis(700)));
        prop_assert_eq!(transcript.header.scenario, "t");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_crashes_the_reader(
        name in prop::sample::select(Scenario::names().collect::<Vec<_>>()),
        at in 0_usize..2_000,
        cut in 0_usize..30,
        more in any::<String>(),
    ) {
        let path = format!("{}/../fixtures/scenarios/{name}.yaml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("it is there");
        let chars: Vec<char> = text.chars().collect();
        let at = at.min(chars.len());
        let end = (at + cut).min(chars.len());
        let text: String = chars[..at].iter().chain(more.chars().collect::<Vec<_>>().iter()).chain(&chars[end..]).collect();
        let _ = Scenario::parse("t", &text);
        let _ = Scenario::parse("t", &more);
    }
}
