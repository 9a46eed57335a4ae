//! What the core must not know, and which way the arrows between the crates point.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn the_core_depends_on_two_crates() {
    assert_eq!(dependencies("glimesh-proto"), ["serde_json", "thiserror"]);
}

#[test]
fn the_core_reads_no_clock_and_touches_no_socket_file_task_or_log() {
    const BANNED: [&str; 10] = [
        "std::net",
        "std::fs",
        "std::env",
        "std::thread",
        "std::sync",
        "SystemTime",
        "tokio",
        "log::",
        "tracing",
        "async ",
    ];
    let sources = files(&root().join("glimesh-proto/src"));
    assert!(sources.len() > 10);
    for path in sources {
        let text = fs::read_to_string(&path).unwrap();
        let code =
            text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.starts_with("//"));
        for (index, line) in code {
            let place = format!("{}:{}: {line}", path.display(), index + 1);
            // A value that is worked out when it is first looked at: nobody waits for anybody.
            if line == "use std::sync::OnceLock;" {
                continue;
            }
            for banned in BANNED {
                assert!(!line.contains(banned), "{banned} in {place}");
            }
            // A `Duration` is a value; everything else of std::time reads a clock.
            assert!(!line.contains("std::time") || line == "use std::time::Duration;", "{place}");
        }
    }
}

#[test]
fn the_arrows_between_the_crates_point_one_way() {
    let ours = |folder| {
        let mut names = dependencies(folder);
        names.retain(|name| name.starts_with("glimesh-"));
        names
    };
    assert_eq!(ours("glimesh-proto"), [""; 0]);
    assert_eq!(ours("mock-server"), ["glimesh-proto"]);
    assert_eq!(ours("conformance"), ["glimesh-mock", "glimesh-proto"]);
}

/// The names under `[dependencies]` in a crate's manifest, sorted.
fn dependencies(folder: &str) -> Vec<String> {
    let manifest =
        fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("the manifest is there");
    let (_, section) =
        manifest.split_once("\n[dependencies]\n").expect("the manifest has dependencies");
    let section = section.split("\n[").next().unwrap_or_default();
    let mut names: Vec<String> = section
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| line.split(['.', '=', ' ']).next().unwrap_or_default().to_owned())
        .collect();
    names.sort();
    names
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("the folder can be read").path());
    let found = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    found.collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
