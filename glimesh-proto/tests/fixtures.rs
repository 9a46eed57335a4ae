//! Every file in `fixtures/frames`, both directions. A new corner is a new file there.

use std::fs;
use std::path::{Path, PathBuf};

use glimesh_proto::Frame;

/// What a frame is written as, if that is not the file's own text, stands beside it with this ending.
const WRITTEN: &str = "written";

/// What is wrong with a text stands beside it with this ending: the error's name and fields, then its message.
const EXPECTED: &str = "expected";

#[test]
fn every_good_frame_comes_back_as_it_was() {
    for path in files("ok", WRITTEN) {
        let (name, text) = (path.display(), read(&path));
        let frame = Frame::decode(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        let written = path.with_extension(WRITTEN);
        let expected = if written.exists() {
            let expected = read(&written);
            assert_ne!(expected, text, "{} says nothing new", written.display());
            expected
        } else {
            text
        };
        assert_eq!(frame.encode(), expected, "{name}");
        assert_eq!(Frame::decode(&expected), Ok(frame), "{name}");
    }
}

#[test]
fn every_bad_frame_gives_the_error_beside_it() {
    for path in files("err", EXPECTED) {
        let error = match Frame::decode(&read(&path)) {
            Ok(frame) => panic!("{}: read as {frame:?}", path.display()),
            Err(error) => format!("{error:?}\n{error}\n"),
        };
        assert_eq!(error, read(&path.with_extension(EXPECTED)), "{}", path.display());
    }
}

#[test]
fn the_documents_frames_are_among_the_files() {
    let document = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/document.yaml"));
    let files: Vec<String> = files("ok", WRITTEN)
        .iter()
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("document-"))
        .map(|path| read(path))
        .collect();
    let printed: Vec<&str> = document
        .lines()
        .filter_map(|line| line.strip_prefix("  frame: '")?.strip_suffix('\''))
        .collect();
    assert_eq!(files, printed);
}

/// The folder's files in the order of their names, without those of one ending.
fn files(folder: &str, but: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/frames").join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|ending| ending != but))
        .collect();
    files.sort();
    assert!(files.len() > 30, "{} holds only {} files", folder.display(), files.len());
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
