//! The fuzz targets' seeds, through the same checks: without a fuzzer, on every run of the tests.

#![expect(clippy::print_stdout, reason = "a check that panics must say for which seed")]

use std::fs;
use std::path::Path;

#[path = "../fuzz/checks/decode.rs"]
mod decode;
#[path = "../fuzz/checks/operations.rs"]
mod operations;
#[path = "lossy/simulation.rs"]
mod simulation;

#[test]
fn every_seed_of_decode_passes() {
    assert!(each_seed("decode", decode::check) > 20);
}

#[test]
fn every_seed_of_operations_passes() {
    assert!(each_seed("operations", operations::check) > 10);
}

/// Every frame of the fixtures is a seed, too.
#[test]
fn every_frame_of_the_fixtures_passes() {
    let mut seen = 0;
    for folder in ["ok", "err", "diagnosed"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/frames").join(folder);
        seen += each_file(&folder, decode::check);
    }
    assert!(seen > 150, "only {seen} files");
}

fn each_seed(target: &str, check: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    each_file(&folder, check)
}

fn each_file(folder: &Path, check: fn(&[u8])) -> usize {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("the folder can be read").path());
    let check = |path: std::path::PathBuf| {
        println!("{}", path.display());
        check(&fs::read(&path).expect("the file can be read"));
    };
    paths.map(check).count()
}
