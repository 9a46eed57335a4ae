//! `fixtures/checks.md` says of each check which broken client shows that it can fail, and which correct clients it
//! must let pass. Run with `UPDATE_TABLE=1` to write it anew.

use std::fmt::Write as _;

use glimesh_conformance::check::{self, Level};
use glimesh_conformance::self_check::Subject;

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/checks.md");

const BEGINNING: &str = "\
# Checks, and the clients that prove them

A check is worth what it can tell apart. Each one below fails, weakens or notes a client that is broken in one thing, and none fails a correct client that differs. `glimesh-conformance self-check` runs all these clients against all checks and prints what each check says of each; the tests do so with every change, what judges time at two clock rates. They fail on a check without a broken client, on a broken client that its check does not catch, and on a correct one that any check fails.

`glimesh-conformance explain ID` tells all of a check. `glimesh-conformance reference-client --mutant NAME`, `--variant NAME` and `--driver-manner NAME` are the clients.

This page is made from the program; a test holds it equal.
";

fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::May => "MAY",
        Level::Note => "note",
    }
}

fn page() -> String {
    let subjects = Subject::all();
    let mut page = BEGINNING.to_owned();
    page.push_str(
        "\n## Checks\n\n| check | level | what it asks | shown by |\n|---|---|---|---|\n",
    );
    for check in check::catalogue() {
        let caught = subjects.iter().filter(|subject| subject.caught_by() == Some(check.id));
        let caught: Vec<_> = caught.map(|subject| format!("`{}`", subject.name())).collect();
        let level = level(check.level);
        let _ =
            writeln!(page, "| {} | {level} | {} | {} |", check.id, check.title, caught.join(", "));
    }
    page.push_str("\n## Broken clients\n\n| client | what it does | caught by |\n|---|---|---|\n");
    for subject in &subjects {
        if let Some(id) = subject.caught_by() {
            let _ = writeln!(page, "| `{}` | {} | {id} |", subject.name(), subject.about());
        }
    }
    page.push_str("\n## Correct clients\n\n| client | what is different |\n|---|---|\n");
    for subject in subjects.iter().filter(|subject| subject.caught_by().is_none()) {
        let _ = writeln!(page, "| `{}` | {} |", subject.name(), subject.about());
    }
    page
}

#[test]
fn the_published_page_is_what_the_program_knows() {
    let page = page();
    if std::env::var_os("UPDATE_TABLE").is_some() {
        std::fs::write(PUBLISHED, &page).expect("the page can be written");
    }
    let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert!(published == page, "{PUBLISHED} is old; run this test with UPDATE_TABLE=1");
}
