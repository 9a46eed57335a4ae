//! Timed behaviour, over an in-memory pipe on paused time.

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "../../tests/raw/mod.rs"]
mod raw;

use glimesh_proto::connect::{Credential, Endpoint, Vsn};
use serde_json::Value;
use tokio::time::sleep;

use self::raw::{Line, RawFrame, Seen};
use super::*;
use crate::profile::{ArmedBy, Profile, ReplyFirst, RestartedBy};
use crate::scenario::Auth;
use crate::transcript::Transcript;
use crate::{MockServer, TOKEN};

const HEARTBEAT: &str = r#"[null,"hb","phoenix","heartbeat",{}]"#;
const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
const DOC: &str = r#"["1","2","__absinthe__:control","doc",{"query":"{myself{username}}"}]"#;

/// A connection to a driver of its own, opened at the moment of its making.
struct Session {
    shared: Arc<Shared>,
    line: Line,
    opened: Instant,
    _stop: watch::Sender<Stage>,
}

impl Session {
    fn open(profile: Profile) -> Self {
        let shared = MockServer::builder().profile(profile).into_shared(Auth::Token);
        let shared = Arc::new(shared.expect("no file is written"));
        let viewer = shared.chat.viewer(&Credential::Token(TOKEN.to_owned()));
        let peer = Peer {
            conn: 1,
            endpoint: Endpoint::Graph,
            vsn: Vsn::V2,
            viewer: viewer.expect("the world knows it"),
            socket_id: format!("graph_api_socket:{TOKEN}"),
            opened_at: shared.recorder.now(),
            compression: None,
        };
        let (ours, theirs) = tokio::io::duplex(64 << 10);
        let (stop, stopped) = watch::channel(Stage::Serving);
        tokio::spawn(drive(Arc::clone(&shared), peer, theirs, Vec::new(), stopped));
        Self { shared, line: Line::over(ours, true), opened: Instant::now(), _stop: stop }
    }

    /// What comes next, and how many milliseconds after the open.
    async fn next(&mut self) -> (u128, Seen) {
        let (at, seen) =
            self.line.next_at(Duration::from_secs(300)).await.expect("something comes");
        (at.duration_since(self.opened).as_millis(), seen)
    }

    async fn at(&mut self, ms: u64, text: &str) {
        sleep_until(self.opened + Duration::from_millis(ms)).await;
        self.line.text(text).await;
    }

    /// When the close frame of a drop comes; what comes before it is passed over.
    async fn dropped_at(&mut self) -> u128 {
        loop {
            match self.next().await {
                (_, Seen::Text(_) | Seen::Pong(_)) => {}
                (at, seen) => {
                    assert_eq!(seen, Seen::Close { code: Some(1000), reason: String::new() });
                    assert_eq!(self.next().await, (at, Seen::Eof), "TCP ends at once");
                    return at;
                }
            }
        }
    }

    fn transcript(&self) -> Transcript {
        self.shared.recorder.transcript()
    }

    /// The notes so far.
    fn notes(&self) -> Vec<String> {
        let notes = self.transcript().entries.into_iter().filter_map(|entry| match entry.what {
            What::Note { code, text } => Some(format!("{code}: {text}")),
            _ => None,
        });
        notes.collect()
    }
}

/// Timers are as fine as a millisecond and round up.
#[track_caller]
fn assert_at(found: u128, ms: u128) {
    assert!((ms..=ms + 1).contains(&found), "at {found} ms, not at {ms} ms");
}

#[tokio::test(start_paused = true)]
async fn client_that_falls_silent_is_dropped_at_32_s() {
    let mut session = Session::open(Profile::glimesh());
    session.at(0, JOIN).await;
    assert_at(session.dropped_at().await, 32_000);
    assert_eq!(
        session.notes(),
        [
            "no-heartbeat: dropped: no heartbeat within 30 s + 2 s grace; none came in the 32.0 s since the open; \
          send [null,REF,\"phoenix\",\"heartbeat\",{}] at least every 30 s"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn client_that_falls_silent_is_dropped_at_60_s_in_profile_phoenix() {
    let mut session = Session::open(Profile::phoenix());
    assert_at(session.dropped_at().await, 60_000);
    assert_eq!(
        session.notes(),
        [
            "no-traffic: dropped: no byte within 60 s + 0 s grace; last one 60.0 s ago; send heartbeats"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn heartbeat_postpones_the_drop() {
    let mut session = Session::open(Profile::glimesh());
    session.at(29_900, HEARTBEAT).await;
    assert_at(session.dropped_at().await, 29_900 + 32_000);
    assert!(session.notes()[0].contains("last one 32.0 s ago"), "{:?}", session.notes());
}

#[tokio::test(start_paused = true)]
async fn nothing_but_a_heartbeat_postpones_the_drop() {
    let mut session = Session::open(Profile::glimesh());
    session.at(0, JOIN).await;
    session.at(10_000, DOC).await;
    session.at(31_000, DOC).await;
    session.line.frame(&RawFrame::new(9, "ping")).await;
    session.line.frame(&RawFrame::new(10, "pong")).await;
    session.line.text(r#"["1","3","__absinthe__:control","heartbeat",{}]"#).await;
    assert_at(session.dropped_at().await, 32_000);
}

#[tokio::test(start_paused = true)]
async fn heartbeat_just_before_the_deadline_is_in_time_and_just_after_it_is_not() {
    let mut session = Session::open(Profile::glimesh());
    session.at(31_999, HEARTBEAT).await;
    assert_at(session.dropped_at().await, 31_999 + 32_000);

    let mut session = Session::open(Profile::glimesh());
    session.at(32_002, HEARTBEAT).await;
    assert_eq!(session.next().await.1, Seen::Close { code: Some(1000), reason: String::new() });
    // Said too late, but said: it stands in the transcript.
    sleep(Duration::from_secs(2)).await;
    let late = session.transcript().entries.iter().filter_map(|entry| entry.client_text()).count();
    assert_eq!(late, 1);
}

#[tokio::test(start_paused = true)]
async fn limit_and_grace_are_settings() {
    let limit = Duration::from_secs(45);
    let settings = [(limit, Duration::ZERO, 45_000), (limit, Duration::from_millis(1_500), 46_500)];
    for (heartbeat_limit, grace, ms) in settings {
        let mut session = Session::open(Profile { heartbeat_limit, grace, ..Profile::glimesh() });
        assert_at(session.dropped_at().await, ms);
    }
}

#[tokio::test(start_paused = true)]
async fn any_byte_restarts_the_limit_if_so_set() {
    let restarted_by = RestartedBy::AnyByte;
    let mut session = Session::open(Profile { restarted_by, ..Profile::glimesh() });
    session.at(20_000, JOIN).await;
    assert_at(session.dropped_at().await, 20_000 + 32_000);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_dropped_before_the_rule_is_armed() {
    let mut session = Session::open(Profile { armed_by: ArmedBy::Join, ..Profile::glimesh() });
    session.at(3_000_000, JOIN).await;
    assert_at(session.dropped_at().await, 3_000_000 + 32_000);
    assert!(session.notes()[0].contains("in the 32.0 s since the first join"));

    let armed_by = ArmedBy::Heartbeat;
    let mut session = Session::open(Profile { armed_by, ..Profile::glimesh() });
    session.at(3_000_000, JOIN).await;
    session.at(3_100_000, HEARTBEAT).await;
    assert_at(session.dropped_at().await, 3_100_000 + 32_000);
}

#[tokio::test(start_paused = true)]
async fn the_drop_is_as_it_is_set() {
    let close = Close { code: Some(4000), reason: "too late".to_owned() };
    let said = Seen::Close { code: close.code, reason: close.reason.clone() };
    let ways = [
        (HeartbeatDrop::Close(close), vec![said, Seen::Eof]),
        (HeartbeatDrop::Cut, vec![Seen::Eof]),
        (HeartbeatDrop::Reset, vec![Seen::Eof]),
    ];
    for (drop, expected) in ways {
        let mut session = Session::open(Profile { drop: drop.clone(), ..Profile::glimesh() });
        for seen in expected {
            let (at, found) = session.next().await;
            assert_at(at, 32_000);
            assert_eq!(found, seen, "{drop:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn close_frame_says_why_if_it_is_to() {
    let profile = Profile { explain_closes: true, ..Profile::glimesh() };
    let mut session = Session::open(profile.clone());
    let silent = Seen::Close { code: Some(1000), reason: "no-heartbeat".to_owned() };
    assert_eq!(session.next().await.1, silent);

    let mut session = Session::open(profile.clone());
    session.at(0, "nonsense").await;
    let unread = Seen::Close { code: Some(1011), reason: "unreadable-frame".to_owned() };
    assert_eq!(session.next().await.1, unread);

    let mut session = Session::open(profile);
    session.line.frame(&RawFrame::new(3, "")).await;
    let fault = Seen::Close { code: Some(1002), reason: "websocket-fault".to_owned() };
    assert_eq!(session.next().await.1, fault);
}

#[tokio::test(start_paused = true)]
async fn first_element_of_a_heartbeats_reply_is_a_setting() {
    let reply_first = ReplyFirst::Text;
    let mut session = Session::open(Profile { reply_first, ..Profile::glimesh() });
    session.at(0, HEARTBEAT).await;
    let reply = r#"["null","hb","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
    assert_eq!(session.next().await.1, Seen::Text(reply.to_owned()));
}

#[tokio::test(start_paused = true)]
async fn client_that_beats_on_a_plain_timer_of_30_s_stays() {
    let mut session = Session::open(Profile::glimesh());
    for beat in 1..=40_u64 {
        // Real timers drift: gaps of 30.4 s are the worst that was measured.
        session.at(beat * 30_400, HEARTBEAT).await;
        let (at, seen) = session.next().await;
        assert!(matches!(seen, Seen::Text(_)), "{seen:?} at {at} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn close_frame_is_answered_and_ends_the_connection() {
    let mut session = Session::open(Profile::glimesh());
    session.line.frame(&RawFrame::new(8, *b"\x03\xe8bye")).await;
    assert_eq!(session.next().await, (0, Seen::Close { code: Some(1000), reason: String::new() }));
    assert_eq!(session.next().await, (0, Seen::Eof));
    let kinds: Vec<String> = session
        .transcript()
        .entries
        .iter()
        .map(|entry| format!("{:?}", entry.what).split(' ').next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(kinds, ["Close", "Close"]);
}

/// Of these the recordings tell the times: 200 ms are allowed, for the recorder waited before each step.
const TOLERANCE: u128 = 200;

#[tokio::test(start_paused = true)]
async fn the_recorded_times_are_kept() {
    let records = include_str!("../../../fixtures/recordings/timing.jsonl");
    let mut replayed = 0;
    for line in records.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let found = replay(&record).await;
        let mut before = None;
        let mut expected = Vec::new();
        for event in record["events"].as_array().unwrap() {
            let at = u128::from(event["t"].as_u64().unwrap());
            let gap = at - before.replace(at).unwrap_or(at);
            expected.push((gap, kind(event)));
        }
        // The first event is the 101, which is behind us here.
        expected.remove(0);
        assert_eq!(found.len(), expected.len(), "{}: {found:?}", record["id"]);
        for (found, expected) in found.iter().zip(&expected) {
            let near = found.0.abs_diff(expected.0) <= TOLERANCE;
            assert!(near && found.1 == expected.1, "{}: {found:?}, not {expected:?}", record["id"]);
        }
        replayed += 1;
    }
    assert_eq!(replayed, 10);
}

/// What came and how long after the thing before it, in milliseconds.
async fn replay(record: &Value) -> Vec<(u128, String)> {
    let mut session = Session::open(Profile::phoenix());
    for step in record["steps"].as_array().unwrap() {
        let payload = step["data"].as_str().unwrap_or_default();
        match step["op"].as_str().unwrap() {
            // The last one comes by itself: below, everything up to the end is read.
            "connect" | "wait_eof" => {}
            "sleep" => sleep(Duration::from_millis(step["ms"].as_u64().unwrap())).await,
            "text" => session.line.text(payload).await,
            "bytes" => {
                session.line.send(&hex::decode(step["hex"].as_str().unwrap()).unwrap()).await
            }
            "frame" => {
                let opcode = u8::try_from(step["opcode"].as_u64().unwrap()).unwrap();
                let fin = step["fin"].as_bool().unwrap_or(true);
                session.line.frame(&RawFrame { fin, ..RawFrame::new(opcode, payload) }).await;
            }
            other => panic!("an unknown step: {other}"),
        }
    }
    let mut found = Vec::new();
    let mut before = 0;
    for _ in 1..record["events"].as_array().unwrap().len() {
        let (at, seen) = session.next().await;
        found.push((at - std::mem::replace(&mut before, at), shown(seen)));
    }
    found
}

fn shown(seen: Seen) -> String {
    match seen {
        Seen::Text(text) => text,
        Seen::Close { code, .. } => format!("close {}", Value::from(code)),
        Seen::Pong(bytes) => format!("pong {:?}", hex::encode(bytes)),
        Seen::Eof => "eof".to_owned(),
        other => format!("{other:?}"),
    }
}

/// An event in the form in which it is compared.
fn kind(event: &Value) -> String {
    match event["k"].as_str().unwrap() {
        "text" => event["data"].as_str().unwrap().to_owned(),
        "close" => format!("close {}", event["code"]),
        "pong" => format!("pong {}", event["hex"]),
        other => other.to_owned(),
    }
}
