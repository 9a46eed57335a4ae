//! The report folder.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use glimesh_conformance::report::Folder;
use glimesh_conformance::results::Results;

use crate::made::{finished, run};

#[test]
fn a_folder_is_cleared_of_a_former_run_only() {
    let (results, sessions) = run();
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("out");
    Folder::create(&path).unwrap().write(&finished(&results, &sessions)).unwrap();
    fs::create_dir(path.join("output")).unwrap();
    for ours in ["output/quiet.stdout", "output/quiet.stderr", "output/quiet.jsonl"] {
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
    let expected = [
        "badge.json",
        "badge.svg",
        "report.html",
        "results.json",
        "transcripts/quiet.jsonl",
        "transcripts/reset.jsonl",
    ];
    assert_eq!(files(home.path()), expected);
    let read: Results =
        serde_json::from_slice(&fs::read(home.path().join("results.json")).unwrap()).unwrap();
    assert_eq!(read, results);
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

#[test]
fn a_lone_transcript_gets_its_timeline_too() {
    let folder = tempfile::tempdir().unwrap();
    let (file, page) = (folder.path().join("proxy.jsonl"), folder.path().join("proxy.html"));
    let (_, sessions) = run();
    sessions[0].transcript.write(File::create(&file).unwrap()).unwrap();
    let drawn = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"))
        .args([OsStr::new("report"), "html".as_ref(), file.as_ref(), "-o".as_ref(), page.as_ref()])
        .output()
        .unwrap();
    assert_eq!((drawn.status.code(), &*drawn.stderr), (Some(0), &b""[..]));
    let html = fs::read_to_string(&page).unwrap();
    for part in ["id=\"finding-", "class=\"timeline\"", "id=\"quiet-6\"", "broken."] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("The client is right") && !html.contains("results.json"));
    fs::write(&file, "no transcript").unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_glimesh-conformance"))
        .args([OsStr::new("report"), "html".as_ref(), file.as_ref()])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
}
