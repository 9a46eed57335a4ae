//! Malformed frames, documents and sequences, each with the diagnostics that lint must give; and nothing where
//! nothing is wrong.

#![expect(clippy::unwrap_used, reason = "a test says where it failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use glimesh_conformance::lint::{Input, InputKind, Options, catalogue, lint};
use glimesh_proto::connect::Vsn;
use glimesh_proto::diagnostic::{Profile, Sender};

fn fixtures(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(path)
}

fn files(path: &str) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(fixtures(path))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())
        })
        .collect();
    files.sort();
    files
}

/// The codes, in alphabetical order.
fn codes(bytes: &[u8], kind: Option<InputKind>, options: Options) -> Vec<&'static str> {
    let input = Input::read("input".to_owned(), bytes, kind).unwrap();
    let report = lint(&input, &options).unwrap();
    let mut codes: Vec<_> = report.findings.iter().map(|finding| finding.code.id).collect();
    codes.sort_unstable();
    codes
}

fn expected(comment: &str) -> Vec<&str> {
    let mut codes: Vec<_> = comment.trim_start_matches('#').split_whitespace().collect();
    codes.sort_unstable();
    codes
}

fn documents() -> Vec<(String, String)> {
    let text = fs::read_to_string(fixtures("lint/documents.txt")).unwrap();
    let lines: Vec<&str> = text.lines().skip(1).filter(|line| !line.is_empty()).collect();
    lines.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].to_owned())).collect()
}

#[test]
fn every_frame_of_the_corpus_gets_its_codes() {
    let documents = documents();
    assert!(documents.len() >= 60, "{}", documents.len());
    for (comment, frame) in &documents {
        let found = codes(frame.as_bytes(), None, Options::default());
        assert_eq!(found, expected(comment), "{frame}");
    }
}

#[test]
fn the_corpus_is_an_input_itself() {
    let bytes = fs::read(fixtures("lint/documents.txt")).unwrap();
    let input = Input::read("documents.txt".to_owned(), &bytes[..], None).unwrap();
    assert_eq!(input.kind, InputKind::Frames);
    let report = lint(&input, &Options::default()).unwrap();
    assert_eq!(report.messages, documents().len() as u64);
}

#[test]
fn every_sequence_of_the_corpus_gets_its_codes() {
    for (name, bytes) in files("lint/sequences") {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let comment = text.lines().next().unwrap();
        assert_eq!(codes(&bytes, None, Options::default()), expected(comment), "{name}");
    }
}

#[test]
fn every_diagnosed_frame_of_the_core_is_diagnosed_here() {
    for (name, bytes) in files("frames/diagnosed") {
        let code = name.split('-').next().unwrap();
        let parts: Vec<&str> = name.split('.').collect();
        let options = Options {
            joined: match parts[1] {
                "joined" => Some(true),
                "unjoined" => Some(false),
                _ => None,
            },
            vsn: Some(if parts[1] == "v1" { Vsn::V1 } else { Vsn::V2 }),
            sender: Some(Sender::Client),
            ..Options::default()
        };
        let binary = parts.last() == Some(&"bin");
        let kind = if binary { InputKind::Binary } else { InputKind::Frame };
        let found = codes(&bytes, Some(kind), options);
        assert!(found.contains(&code), "{name}: {found:?}");
    }
}

#[test]
fn every_diagnosed_url_of_the_core_is_diagnosed_here() {
    for (name, bytes) in files("urls/diagnosed") {
        let code = name.split('-').next().unwrap();
        // The first bytes of a connection are nothing that somebody has in a file.
        if name.ends_with(".txt") {
            let found = codes(&bytes, Some(InputKind::Url), Options::default());
            assert!(found.contains(&code), "{name}: {found:?}");
        }
    }
}

#[test]
fn good_frames_get_no_error() {
    for (name, bytes) in files("frames/ok") {
        // Frames of the server, of the older format, and such as only the deployed server takes.
        if !name.starts_with("document-") || !name.ends_with(".txt") {
            continue;
        }
        let found = codes(&bytes, Some(InputKind::Frame), Options::default());
        let worse = found.iter().filter(|code| **code != "G003").count();
        assert_eq!(worse, 0, "{name}: {found:?}");
    }
}

#[test]
fn examples_of_the_catalogue_show_what_they_say() {
    for code in catalogue::document::ALL.iter().filter(|code| code.id != "G019") {
        assert!(
            codes(code.bad.as_bytes(), None, Options::default()).contains(&code.id),
            "{code:?}"
        );
        assert_eq!(codes(code.good.as_bytes(), None, Options::default()), [""; 0], "{code:?}");
    }
}

#[test]
fn the_corpus_knows_every_code_of_lint() {
    let mut seen = BTreeSet::new();
    for (comment, _) in documents() {
        seen.extend(expected(&comment).into_iter().map(str::to_owned));
    }
    for (_, bytes) in files("lint/sequences") {
        let text = String::from_utf8(bytes).unwrap();
        seen.extend(expected(text.lines().next().unwrap()).into_iter().map(str::to_owned));
    }
    // Both need to be told that a connection was opened, or closed: `lint_inputs.rs`.
    seen.extend(["S010".to_owned(), "S011".to_owned()]);
    for code in catalogue::own() {
        assert!(seen.contains(code.id), "{code:?}");
    }
}

#[test]
fn the_table_of_codes_is_printed_from_the_catalogue() {
    let path = fixtures("lint/codes.md");
    let table = catalogue::table();
    if std::env::var_os("UPDATE_TABLE").is_some() {
        fs::write(&path, &table).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), table, "UPDATE_TABLE=1 writes it anew");
}

#[test]
fn ids_are_unique_over_both_catalogues() {
    let ids: Vec<_> = catalogue::all().flat_map(|code| [code.id, code.slug]).collect();
    let unique: BTreeSet<_> = ids.iter().collect();
    assert_eq!(unique.len(), ids.len());
}

#[test]
fn the_profile_decides() {
    let frame = br#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){user{avatar}}}"}]"#;
    let report = |profile| {
        let input = Input::read("frame".to_owned(), &frame[..], None).unwrap();
        let report = lint(&input, &Options { profile, ..Options::default() }).unwrap();
        let finding = &report.findings[0];
        format!("{} {}: {}", finding.severity, finding.code, finding.server)
    };
    let glimesh =
        "warning G003: answers it by the older API (the deployed server: with status \"error\")";
    assert_eq!(report(Profile::Glimesh), glimesh);
    assert_eq!(report(Profile::Literal), glimesh);
    assert_eq!(report(Profile::Phoenix), "error G003: answers with status \"error\"");
}
