//! The HTML report.

use std::fs;

use glimesh_conformance::printed::{Printed, PrintedLine, Stream};
use glimesh_conformance::report;
use glimesh_conformance::session::Session;

use crate::made::{finished, run};

#[test]
fn the_html_is_whole_in_itself() {
    let (results, sessions) = run();
    let html = report::html(&finished(&results, &sessions), &printed());
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
            && html.matches("<script").count() == 1
    );
    let (markup, _) = html.split_once("<script>").unwrap();
    assert_balanced(&format!("{markup}</body></html>"));
}

#[test]
fn the_html_reads_as_before() {
    let (results, sessions) = run();
    insta::assert_snapshot!(shown(&report::html(&finished(&results, &sessions), &printed())));
}

/// The markup, an element a line, without the style, the script and the hashes of both.
pub(crate) fn shown(html: &str) -> String {
    let between = |html: &str, start: &str, end: &str| {
        let Some((before, rest)) = html.split_once(start) else { return html.to_owned() };
        let (_, after) = rest.split_once(end).unwrap();
        format!("{before}{start}…{end}{after}")
    };
    let html = between(html, "<style>", "</style>");
    let html = between(&html, "<script>", "</script>");
    let html = between(&html, "style-src 'sha256-", "'");
    let html = between(&html, "script-src 'sha256-", "'");
    html.replace("><", ">\n<")
}

#[test]
fn hostile_frames_are_harmless_in_html() {
    let (results, sessions) = run();
    let html = report::html(&finished(&results, &sessions), &printed());
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
    transcript.entries.extend(std::iter::repeat_n(beat, 30_000));
    *quiet = Session::new(transcript);
    results.checks[1].frame = Some(25_000);
    let html = report::html(&finished(&results, &sessions), &printed());
    let ids = attributes(&html, " id=\"");
    for kept in ["quiet-0", "quiet-18999", "quiet-25000", "quiet-30011"] {
        assert!(ids.contains(&kept), "{kept}");
    }
    assert!(!ids.contains(&"quiet-24000"));
    assert!(html.contains("10005 of them are left out here"));
}

#[test]
fn what_the_client_printed_stands_on_the_same_axis() {
    let (results, sessions) = run();
    let html = report::html(&finished(&results, &sessions), &printed());
    let place = |text: &str| html.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    assert!(place("id=\"quiet-5\"") < place("id=\"quiet-printed-0\""));
    assert!(place("id=\"quiet-printed-0\"") < place("id=\"quiet-6\""));
    assert!(html.contains("&lt;b&gt;\\u{1b}[31mjoined"));
}

fn printed() -> Printed {
    let after = std::time::Duration::from_millis(820);
    let line = PrintedLine::new(Stream::Stdout, after, "<b>\u{1b}[31mjoined");
    [("quiet".to_owned(), vec![line])].into()
}

/// The values of an attribute, in order.
fn attributes<'a>(html: &'a str, start: &str) -> Vec<&'a str> {
    html.split(start).skip(1).map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Every element that is opened is closed, in order.
#[track_caller]
pub(crate) fn assert_balanced(html: &str) {
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
