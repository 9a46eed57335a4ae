//! A run made by hand: a failure, a weakness, what could not be seen, and a client that tries to take over the reader's
//! terminal.

use std::time::Duration;

use glimesh_conformance::check::{Capability, Check, Level, Observation, Scope, Timing};
use glimesh_conformance::judge;
use glimesh_conformance::report::FinishedRun;
use glimesh_conformance::results::{self, ClientResult, ClockResult, Results, SessionResult};
use glimesh_conformance::session::Session;
use glimesh_mock::transcript::{
    ClockStamp, Entry, From, Given, Header, ProcessEvent, Transcript, What,
};
use glimesh_proto::Instant;

pub(crate) static BEAT_FORM: Check = Check {
    id: "HB001",
    slug: "heartbeat/frame-form",
    clauses: &["GCW-HB-02"],
    level: Level::Must,
    title: "The heartbeat goes to the topic phoenix",
    requirement: "The client MUST send its heartbeats to the topic \"phoenix\".",
    why: "The server drops a client whose heartbeats it does not recognise, after 32 seconds of seeming health.",
    mend: "Send [null,REF,\"phoenix\",\"heartbeat\",{}], with a REF that counts up.",
    scope: Scope::Of("quiet"),
    needs: None,
    timing: false,
    judge: |session| {
        Observation::unmet("the topic is \"phoenix \\u001b\", with a character too many")
            .expecting("topic \"phoenix\"")
            .expecting("event \"heartbeat\"")
            .at_entry(6, session.entry(6).at)
            .with_span(10, 23)
            .with_hint("the topic seems to come from a terminal")
    },
};

pub(crate) static BEAT_MARGIN: Check = Check {
    id: "HB003",
    slug: "heartbeat/has-margin",
    clauses: &["GCW-HB-01", "GCW-HB-04"],
    level: Level::Should,
    title: "Heartbeats come with a margin that a slow network, a slow machine and a slow server may eat up",
    requirement: "The client SHOULD send a heartbeat every 29 seconds or sooner.",
    why: "A plain timer of 30 seconds is late by its own drift.",
    mend: "Take 25 seconds.",
    scope: Scope::Of("quiet"),
    needs: None,
    timing: true,
    judge: |session| {
        Observation::weak("the largest gap is 30.02 s")
            .expecting("every gap at most 29 s")
            .at_entry(8, session.entry(8).at)
            .with_timing(Timing {
                measured: Duration::from_millis(30_020),
                limit: Duration::from_secs(29),
                tolerance: Duration::from_secs(2),
            })
    },
};

pub(crate) static JOIN_FIRST: Check = Check {
    id: "JN001",
    slug: "join/first",
    clauses: &["GCW-JN-01"],
    level: Level::Must,
    title: "The client joins before anything else",
    requirement: "The client MUST join before it sends documents.",
    why: "Documents before the join are refused.",
    mend: "Send phx_join first.",
    scope: Scope::Every,
    needs: None,
    timing: false,
    judge: |session| Observation::met("joined first").at_entry(3, session.entry(3).at),
};

pub(crate) static REJOINS: Check = Check {
    id: "RC001",
    slug: "recover/joins-again",
    clauses: &[],
    level: Level::Must,
    title: "After a lost connection the client joins again",
    requirement: "The client MUST join again on a new connection.",
    why: "The server forgets everything with the connection.",
    mend: "Join whenever the socket opens.",
    scope: Scope::Of("reset"),
    needs: Some(Capability::Reconnect),
    timing: false,
    judge: |_| Observation::unseen("the connection was never lost"),
};

pub(crate) static CHECKS: [&Check; 4] = [&JOIN_FIRST, &BEAT_FORM, &BEAT_MARGIN, &REJOINS];

pub(crate) const HOSTILE: &str =
    "[null,\"2\",\"phoenix\u{1b}[2J\u{202e}\",\"heartbeat\",{\"</code><script>\":\"\u{9b}31m\"}]";

pub(crate) fn finished<'a>(results: &'a Results, sessions: &'a [Session]) -> FinishedRun<'a> {
    FinishedRun { results, sessions, checks: &CHECKS }
}

pub(crate) fn run() -> (Results, Vec<Session>) {
    let sessions = vec![session("quiet"), session("reset")];
    let checks = judge::judge(&sessions, &CHECKS, &[Capability::Subscribe, Capability::Reconnect]);
    let results = Results {
        format: results::FORMAT,
        kit: "KIT".to_owned(),
        suite: "SUITE".to_owned(),
        document: "150d0093".to_owned(),
        profile: "glimesh".to_owned(),
        settings: [
            ("heartbeat.limit", "30s"),
            ("heartbeat.grace", "2s"),
            ("message.limit", "8000000"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into(),
        clock: ClockResult {
            mode: "contract".to_owned(),
            rate: 25,
            why: String::new(),
            confirmed: vec!["HB003".to_owned()],
        },
        client: ClientResult {
            command: ["node", "bot.js", "{url}", "--name=\u{1b}[1m"].map(str::to_owned).to_vec(),
            capabilities: vec![Capability::Subscribe, Capability::Reconnect],
        },
        score: judge::score(&checks),
        checks,
        sessions: vec![result("quiet", "exit 3"), result("reset", "ok")],
        baseline: None,
        interrupted: false,
        elapsed_ms: 126_400,
        exit_code: 1,
    };
    (results, sessions)
}

pub(crate) fn result(id: &str, process: &str) -> SessionResult {
    SessionResult {
        id: id.to_owned(),
        scenario: id.to_owned(),
        started_ms: 0,
        ended_ms: 5_300,
        process: process.to_owned(),
        close: "clean".to_owned(),
        transcript: format!("transcripts/{id}.jsonl"),
    }
}

pub(crate) fn session(name: &str) -> Session {
    let text = |from, data: &str| What::Text { from, data: data.to_owned(), len: data.len() };
    let subscription = "__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D";
    let data = format!(
        r#"[null,null,"{subscription}","subscription:data",{{"result":{{"data":{{"chatMessage":{{"message":"Hello from the other side!","user":{{"username":"Mytho"}}}}}}}},"subscriptionId":"{subscription}"}}]"#
    );
    let whats = [
        (0, None, What::Process { event: ProcessEvent::Started }),
        (41, Some(1), What::Accept),
        (43, Some(1), upgrade()),
        (45, Some(1), text(From::Client, r#"["1","1","__absinthe__:control","phx_join",{}]"#)),
        (
            46,
            Some(1),
            text(
                From::Server,
                r#"["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#,
            ),
        ),
        (812, Some(1), text(From::Server, &data)),
        (845, Some(1), text(From::Client, HOSTILE)),
        (
            846,
            Some(1),
            What::Note {
                code: "unknown-topic".to_owned(),
                text: "refused; heartbeats go to \"phoenix\"".to_owned(),
            },
        ),
        (2_046, Some(1), text(From::Client, r#"[null,"3","phoenix","heartbeat",{}]"#)),
        (
            5_100,
            Some(1),
            What::Close { from: From::Server, code: Some(1000), reason: String::new() },
        ),
        (
            5_200,
            None,
            What::Process { event: ProcessEvent::Exited { status: Some(3), signal: None } },
        ),
        (5_201, None, What::Noise { worst_stall_ms: 7 }),
    ];
    let entries = whats
        .into_iter()
        .map(|(ms, conn, what)| Entry { at: Instant::from_millis(ms), conn, what })
        .collect();
    let header = Header {
        format: 1,
        session: name.to_owned(),
        scenario: name.to_owned(),
        profile: "glimesh".to_owned(),
        settings: Default::default(),
        clock: ClockStamp { mode: "contract".to_owned(), rate: 25 },
        given: Given { auth: "token".to_owned(), channel_id: "6".to_owned() },
    };
    Session::new(Transcript { header, entries })
}

pub(crate) fn upgrade() -> What {
    What::Upgrade {
        method: "GET".to_owned(),
        path: "/api/graph/websocket".to_owned(),
        query: [("vsn", "2.0.0"), ("token", "<token>")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .to_vec(),
        headers: Vec::new(),
        status: 101,
        extensions: None,
    }
}

/// Without colours.
pub(crate) fn plain(out: &[u8]) -> String {
    anstream::adapter::strip_str(std::str::from_utf8(out).unwrap()).to_string()
}
