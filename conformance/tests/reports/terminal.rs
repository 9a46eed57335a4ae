//! What people read in a terminal.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use glimesh_conformance::event::RunEvent;
use glimesh_conformance::judge;
use glimesh_conformance::report::{self, Detail, Progress};
use glimesh_conformance::results::Results;
use glimesh_conformance::self_check::{Pace, Row, Subject};

use crate::made::{BEAT_MARGIN, CHECKS, finished, plain, run};

#[test]
fn the_failures_come_first_and_the_verdict_last() {
    let (results, sessions) = run();
    let mut out = Vec::new();
    report::human(
        &finished(&results, &sessions),
        Path::new("conformance-report"),
        Detail::Usual,
        &mut out,
    )
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
    report::human(&finished(&results, &sessions), Path::new("out"), Detail::Usual, &mut out)
        .unwrap();
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
        report::human(&finished(&results, &sessions), Path::new("out"), Detail::Usual, &mut out)
            .unwrap();
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
    report::human(
        &finished(&results, &sessions),
        Path::new("conformance-report"),
        Detail::Usual,
        &mut out,
    )
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
            rate: 1,
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
        Row { subject: Subject::Reference, pace: Pace::Usual, findings: well },
        Row { subject: Subject::Reference, pace: Pace::Second, findings: results.checks.clone() },
        Row { subject: Subject::Reference, pace: Pace::Usual, findings: results.checks },
    ];
    let mut out = Vec::new();
    report::matrix(&rows, &CHECKS, &mut out).unwrap();
    insta::assert_snapshot!(plain(&out), @r#"
    Correct clients
      reference                 passes 1 check
      reference                 WRONG: the client reference gets fail in HB001 at
                                the rate 15: the topic is "phoenix \u001b", with a
                                character too many
      reference                 WRONG: the client reference gets fail in HB001: the
                                topic is "phoenix \u001b", with a character too many
    Broken clients
    Catch nothing: JN001, HB001, HB003, RC001
    2 clients, 1 of them at a second rate, too: 2 not as expected.
    "#);
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
