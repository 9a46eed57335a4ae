//! What the reporters write, from a run made by hand: a failure, a weakness, what could not be seen, and a client
//! that tries to take over the reader's terminal.

#![expect(clippy::unwrap_used, reason = "the helpers of tests stop at a surprise as tests do")]

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glimesh_conformance::check::{Capability, Check, Level, Observation, Scope, Timing};
use glimesh_conformance::event::RunEvent;
use glimesh_conformance::report::{self, FinishedRun, Folder, Progress};
use glimesh_conformance::results::{ClientResult, ClockResult, Results, SessionResult};
use glimesh_conformance::self_check::{Row, Subject};
use glimesh_conformance::session::Session;
use glimesh_conformance::{judge, results};
use glimesh_mock::transcript::{
    ClockStamp, Entry, From, Given, Header, ProcessEvent, Transcript, What,
};
use glimesh_proto::Instant;

static BEAT_FORM: Check = Check {
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

static BEAT_MARGIN: Check = Check {
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

static JOIN_FIRST: Check = Check {
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

static REJOINS: Check = Check {
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

static CHECKS: [&Check; 4] = [&JOIN_FIRST, &BEAT_FORM, &BEAT_MARGIN, &REJOINS];

const HOSTILE: &str =
    "[null,\"2\",\"phoenix\u{1b}[2J\u{202e}\",\"heartbeat\",{\"</code><script>\":\"\u{9b}31m\"}]";

#[test]
fn the_failures_come_first_and_the_verdict_last() {
    let (results, sessions) = run();
    let mut out = Vec::new();
    report::human(&finished(&results, &sessions), Path::new("conformance-report"), &mut out)
        .unwrap();
    insta::assert_snapshot!(plain(&out), @r#"
    FAIL HB001 The heartbeat goes to the topic phoenix  MUST GCW-HB-02
      Requirement  The client MUST send its heartbeats to the topic "phoenix".
      Expected     topic "phoenix"
                   event "heartbeat"
      Actual       the topic is "phoenix \u001b", with a character too many (quiet,
                   at 0.845s)
      Hint         the topic seems to come from a terminal
           0.046s < ["1","1","__absinthe__:control","phx_reply",{"response… 74 bytes
           0.812s < [null,null,"__absinthe__:doc:-576460752303349214:33B2… 361 bytes
      ▸    0.845s > [null,"2","phoenix\u{1b}[2J\u{202e}","heartbeat",{"</c… 67 bytes
                              ^^^^^^^^^^^^^^^^^
           0.846s - unknown-topic: refused; heartbeats go to "phoenix"
      Mend         Send [null,REF,"phoenix","heartbeat",{}], with a REF that counts
                   up.
      More         glimesh-conformance explain HB001
                   conformance-report/report.html#quiet-6

    WEAK HB003 Heartbeats come with a margin that a slow network,  SHOULD GCW-HB-01
               a slow machine and a slow server may eat up
      Requirement  The client SHOULD send a heartbeat every 29 seconds or sooner.
      Expected     every gap at most 29 s
      Actual       the largest gap is 30.02 s (quiet, at 2.046s)
      Timing       measured 30.02 s, limit 29.00 s, margin −1.02 s, tolerance
                   2.00 s; in the client's seconds, 25 to a real one
           0.845s > [null,"2","phoenix\u{1b}[2J\u{202e}","heartbeat",{"</c… 67 bytes
           0.846s - unknown-topic: refused; heartbeats go to "phoenix"
      ▸    2.046s > [null,"3","phoenix","heartbeat",{}]
           5.100s < close 1000
      Mend         Take 25 seconds.
      More         glimesh-conformance explain HB003
                   conformance-report/report.html#quiet-8

    inconclusive RC001: the connection was never lost

    Process ends: exit 3 in quiet
    MUST 1/2 · SHOULD 0/1 · inconclusive 1 · not applicable 0
    profile glimesh@150d0093 · clock contract×25+confirm
    1 MUST is broken.
    The report is conformance-report/report.html; the run took 2 min 6 s.
    "#);
}

#[test]
fn a_client_without_fault_gets_a_few_lines() {
    let (mut results, sessions) = run();
    results.checks.retain(|finding| finding.id == "JN001");
    results.score = judge::score(&results.checks);
    results.exit_code = 0;
    let mut out = Vec::new();
    report::human(&finished(&results, &sessions), Path::new("out"), &mut out).unwrap();
    insta::assert_snapshot!(plain(&out), @"
    Process ends: exit 3 in quiet
    MUST 1/1 · SHOULD 0/0 · inconclusive 0 · not applicable 0
    profile glimesh@150d0093 · clock contract×25+confirm
    The client is right.
    The report is out/report.html; the run took 2 min 6 s.
    ");
}

#[test]
fn one_sentence_says_what_the_exit_code_means() {
    let (results, sessions) = run();
    let only = |ids: &[&str]| {
        results.checks.iter().filter(|f| ids.contains(&f.id.as_str())).cloned().collect()
    };
    let cases: [(u8, &[&str], bool); 9] = [
        (0, &["JN001"], false),
        (0, &["JN001", "HB003"], false),
        (1, &["JN001", "HB001"], false),
        (1, &["JN001", "HB003"], false),
        (4, &["RC001"], false),
        (5, &["JN001", "RC001"], false),
        (7, &["RC001"], false),
        (70, &[], false),
        (130, &["JN001"], true),
    ];
    let sentences = cases.map(|(exit_code, ids, interrupted)| {
        let results = Results { exit_code, checks: only(ids), interrupted, ..results.clone() };
        let mut out = Vec::new();
        report::human(&finished(&results, &sessions), Path::new("out"), &mut out).unwrap();
        let out = plain(&out);
        let sentence = out.lines().rev().nth(1).unwrap();
        format!("{exit_code:>3} {sentence}")
    });
    insta::assert_snapshot!(sentences.join("\n"), @"
      0 The client is right.
      0 The client is right, with 1 weakness.
      1 1 MUST is broken.
      1 No MUST is broken, but 1 weakness is not allowed here.
      4 Too few checks came to a verdict to say anything of the client.
      5 No MUST is broken, as far as could be seen: 1 check is inconclusive.
      7 The client never connected; its output may say why.
     70 The kit itself failed; this says nothing about the client.
    130 The run was interrupted; this report is partial and says nothing yet.
    ");
}

#[test]
fn judge_tells_what_transcripts_show() {
    let (results, sessions) = run();
    let mut out = Vec::new();
    report::findings(&results.checks[..1], &sessions, &CHECKS, &mut out).unwrap();
    insta::assert_snapshot!(plain(&out), @"
    2 transcripts · pass 1
    No MUST is seen broken.
    ");
}

#[test]
fn no_line_is_wide_and_nothing_steers_the_terminal() {
    let (results, sessions) = run();
    let mut out = Vec::new();
    report::human(&finished(&results, &sessions), Path::new("conformance-report"), &mut out)
        .unwrap();
    report::list(&CHECKS, &mut out).unwrap();
    CHECKS.iter().for_each(|check| report::explain(check, &mut out).unwrap());
    for line in plain(&out).lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.contains(|c: char| c.is_control() || c == '\u{202e}'), "{line:?}");
    }
}

#[test]
fn progress_off_a_terminal_is_a_few_lines() {
    let out = Shared::default();
    let mut progress = Progress::plain(out.clone());
    let named = str::to_owned;
    let (results, _) = run();
    for event in [
        RunEvent::RunStarted {
            sessions: vec![named("quiet"), named("reset")],
            checks: 4,
            expected: Duration::from_secs(125),
        },
        RunEvent::SessionStarted { session: named("quiet"), expected: Duration::from_secs(125) },
        RunEvent::SessionEnded { session: named("reset"), troubled: vec![] },
        RunEvent::SessionEnded { session: named("quiet"), troubled: vec!["HB001", "HB003"] },
        RunEvent::Confirming { session: named("quiet"), checks: vec!["HB003"] },
        RunEvent::RunEnded { results: Box::new(results) },
    ] {
        progress.tell(&event);
    }
    let out = out.0.lock().unwrap();
    insta::assert_snapshot!(plain(&out), @"
    4 checks in 2 sessions side by side; this takes about 2 min 5 s.
    reset ended: nothing wrong in it
    quiet ended: trouble in HB001, HB003
    quiet is run again, alone, to be sure of HB003: timing counts only if seen twice
    ");
}

#[test]
fn the_list_is_a_table() {
    let mut out = Vec::new();
    report::list(&CHECKS, &mut out).unwrap();
    insta::assert_snapshot!(plain(&out), @"
    ID     LEVEL   TITLE                                                    SESSIONS
    JN001  MUST    The client joins before anything else                    every
    HB001  MUST    The heartbeat goes to the topic phoenix                  quiet
    HB003  SHOULD  Heartbeats come with a margin that a slow network, a     quiet
                   slow machine and a slow server may eat up
    RC001  MUST    After a lost connection the client joins again           reset

    4 checks: 3 MUST, 1 SHOULD, 0 others. `glimesh-conformance explain ID` tells
    more of one.
    ");
}

#[test]
fn the_list_for_machines_is_an_array() {
    let mut out = Vec::new();
    report::list_json(&CHECKS[2..3], &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"[{"id":"HB003","slug":"heartbeat/has-margin","clauses":["GCW-HB-01","GCW-HB-04"],"level":"should","title":"Heartbeats come with a margin that a slow network, a slow machine and a slow server may eat up","requirement":"The client SHOULD send a heartbeat every 29 seconds or sooner.","why":"A plain timer of 30 seconds is late by its own drift.","mend":"Take 25 seconds.","session":"quiet","needs":null,"timing":true}]"#);
}

#[test]
fn explain_says_what_why_and_how_to_mend() {
    let mut out = Vec::new();
    report::explain(&BEAT_MARGIN, &mut out).unwrap();
    insta::assert_snapshot!(plain(&out), @"
    HB003  Heartbeats come with a margin that a slow network, a slow machine and a
           slow server may eat up
      Level     SHOULD
      Path      heartbeat/has-margin
      Sessions  quiet
      Needs     nothing special
      Verdict   depends on measured time; a failure is looked at again, alone,
                before it counts

    Requirement
      The client SHOULD send a heartbeat every 29 seconds or sooner.

    Why
      A plain timer of 30 seconds is late by its own drift.

    How to mend it
      Take 25 seconds.

    What the check witnesses
      GCW-HB-01  A heartbeat is sent every 30 seconds.
      GCW-HB-04  Without it the server drops the connection.
    ");
}

#[test]
fn the_matrix_has_a_row_for_each_client() {
    let (results, _) = run();
    let well = results.checks.iter().filter(|finding| finding.id == "JN001").cloned().collect();
    let rows = [
        Row { subject: Subject::Reference, findings: well },
        Row { subject: Subject::Reference, findings: results.checks },
    ];
    let mut out = Vec::new();
    report::matrix(&rows, &CHECKS, &mut out).unwrap();
    insta::assert_snapshot!(plain(&out), @r#"
    Correct clients
      reference                 passes 1 check
      reference                 WRONG: the client reference gets fail in HB001: the
                                topic is "phoenix \u001b", with a character too many
    Broken clients
    Catch nothing: JN001, HB001, HB003, RC001
    2 clients, 1 not as expected.
    "#);
}

#[test]
fn the_html_is_whole_in_itself() {
    let (results, sessions) = run();
    let html = report::html(&finished(&results, &sessions));
    if let Some(path) = std::env::var_os("GLIMESH_KEEP_HTML") {
        fs::write(path, &html).unwrap();
    }
    let ids = attributes(&html, " id=\"");
    for target in attributes(&html, "href=\"") {
        match target.strip_prefix('#') {
            Some(anchor) => assert!(ids.contains(&anchor), "nothing has the id {anchor}"),
            None => assert!(
                ["results.json", "transcripts/", "output/"]
                    .iter()
                    .any(|ours| target.starts_with(ours)),
                "{target} leads out of the report"
            ),
        }
    }
    let mut unique = ids.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), ids.len(), "an id stands twice");
    assert!(ids.contains(&"quiet-6") && html.contains("href=\"#finding-HB001\""));
    assert!(
        attributes(&html, "src=\"").is_empty()
            && !html.contains("url(")
            && !html.contains("<script")
    );
    assert_balanced(&html);
}

#[test]
fn hostile_frames_are_harmless_in_html() {
    let (results, sessions) = run();
    let html = report::html(&finished(&results, &sessions));
    let control = |c: char| c.is_control() && c != '\n';
    assert!(!html.contains(control) && !html.contains('\u{202e}'));
    assert!(html.contains("phoenix\\u{1b}[2J\\u{202e}"));
    assert!(html.contains("&lt;/code&gt;&lt;script&gt;"));
}

#[test]
fn a_long_session_is_cut_but_keeps_what_findings_point_at() {
    let (mut results, mut sessions) = run();
    let quiet = &mut sessions[0];
    let beat = quiet.entry(8).clone();
    let mut transcript = quiet.transcript.clone();
    transcript.entries.extend(std::iter::repeat_n(beat, 10_000));
    *quiet = Session::new(transcript);
    results.checks[1].frame = Some(5_000);
    let html = report::html(&finished(&results, &sessions));
    let ids = attributes(&html, " id=\"");
    for kept in ["quiet-0", "quiet-1899", "quiet-5000", "quiet-10011"] {
        assert!(ids.contains(&kept), "{kept}");
    }
    assert!(!ids.contains(&"quiet-4000"));
    assert!(html.contains("8005 of them are left out here"));
}

#[test]
fn a_folder_is_cleared_of_a_former_run_only() {
    let (results, sessions) = run();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("out");
    Folder::create(&path).unwrap().write(&finished(&results, &sessions)).unwrap();
    fs::create_dir(path.join("output")).unwrap();
    for ours in ["output/quiet.stdout", "output/quiet.stderr"] {
        fs::write(path.join(ours), "").unwrap();
    }
    for theirs in ["notes.txt", "transcripts/mine.jsonl"] {
        fs::write(path.join(theirs), "").unwrap();
    }
    Folder::create(&path).unwrap();
    assert_eq!(files(&path), ["notes.txt", "transcripts/mine.jsonl"]);
}

#[test]
fn a_folder_is_refused_that_holds_what_is_not_ours() {
    let home = tempfile::tempdir().unwrap();
    let refused = |path: &Path| {
        let error = format!("{:#}", Folder::create(path).unwrap_err());
        error.replace(&home.path().display().to_string(), "HOME")
    };
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    insta::assert_snapshot!(refused(&file), @"HOME/file is not a folder; name another one with --report-dir");
    let foreign = home.path().join("foreign");
    fs::create_dir(&foreign).unwrap();
    fs::write(foreign.join("report.html"), "").unwrap();
    insta::assert_snapshot!(refused(&foreign), @"HOME/foreign/report.html is not of this kit; name another folder with --report-dir");
    fs::write(foreign.join("results.json"), "{}").unwrap();
    insta::assert_snapshot!(refused(&foreign), @"HOME/foreign/results.json is not of this kit; name another folder with --report-dir");
    assert_eq!(files(&foreign), ["report.html", "results.json"]);
}

#[test]
fn the_folder_holds_results_report_and_transcripts() {
    let (results, sessions) = run();
    let home = tempfile::tempdir().unwrap();
    Folder::create(home.path()).unwrap().write(&finished(&results, &sessions)).unwrap();
    let expected =
        ["report.html", "results.json", "transcripts/quiet.jsonl", "transcripts/reset.jsonl"];
    assert_eq!(files(home.path()), expected);
    let read: Results =
        serde_json::from_slice(&fs::read(home.path().join("results.json")).unwrap()).unwrap();
    assert_eq!(read, results);
}

fn finished<'a>(results: &'a Results, sessions: &'a [Session]) -> FinishedRun<'a> {
    FinishedRun { results, sessions, checks: &CHECKS }
}

fn run() -> (Results, Vec<Session>) {
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

fn result(id: &str, process: &str) -> SessionResult {
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

fn session(name: &str) -> Session {
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

fn upgrade() -> What {
    What::Upgrade {
        method: "GET".to_owned(),
        path: "/api/graph/websocket".to_owned(),
        query: [("vsn", "2.0.0"), ("token", "<token>")]
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .to_vec(),
        headers: Vec::new(),
        status: 101,
    }
}

/// Without colours.
fn plain(out: &[u8]) -> String {
    anstream::adapter::strip_str(std::str::from_utf8(out).unwrap()).to_string()
}

/// The values of an attribute, in order.
fn attributes<'a>(html: &'a str, start: &str) -> Vec<&'a str> {
    html.split(start).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Every element that is opened is closed, in order.
#[track_caller]
fn assert_balanced(html: &str) {
    let void = ["!DOCTYPE", "meta"];
    let mut open = Vec::new();
    for tag in html.split('<').skip(1) {
        let name = tag.split(['>', ' ']).next().unwrap();
        match name.strip_prefix('/') {
            Some(closed) => assert_eq!(open.pop(), Some(closed)),
            None if void.contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

/// The files in a folder, by their path in it.
fn files(folder: &Path) -> Vec<String> {
    fn add(folder: &Path, root: &Path, files: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => add(&path, root, files),
                false => files.push(path.strip_prefix(root).unwrap().display().to_string()),
            }
        }
    }
    let mut found = Vec::new();
    add(folder, folder, &mut found);
    found.sort_unstable();
    found
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
