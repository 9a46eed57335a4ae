//! What people see of an examination.

use glimesh_conformance::driver::check::{Examined, human};

/// As people see it, without colours, and without what is another in each run.
pub(super) fn told(examined: &Examined) -> String {
    let mut told = Vec::new();
    human(examined, &mut told).unwrap();
    let told = anstream::adapter::strip_bytes(&told).into_vec();
    let told = String::from_utf8(told).unwrap();
    assert!(told.lines().all(|line| line.chars().count() <= 80), "{told}");
    steady(&told)
}

/// What is wrong with each of some adapters.
pub(super) fn explained(all: &[Examined]) -> String {
    let explained = |examined| {
        let told = told(examined);
        let from = ["\nerror[", "\nwarning["].iter().filter_map(|begin| told.find(begin)).min();
        told[from.unwrap_or(0)..].trim().to_owned()
    };
    all.iter().map(explained).collect::<Vec<_>>().join("\n\n===\n\n")
}

/// Subscription ids and ports are other ones in each run, and the end of TCP comes when it likes.
fn steady(told: &str) -> String {
    let mut steady = String::new();
    for line in told.lines().filter(|line| !line.ends_with(" end of TCP")) {
        let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit() && c != ':' && c != '-');
        let mut rest = line;
        while let Some(at) = ["__absinthe__:doc:", "127.0.0.1:"]
            .iter()
            .filter_map(|it| Some(rest.find(it)? + it.len()))
            .min()
        {
            steady.push_str(&rest[..at]);
            rest = &rest[at..];
            rest = &rest[digits(rest).unwrap_or(rest.len())..];
            steady.push('…');
        }
        steady.push_str(rest);
        steady.push('\n');
    }
    steady
}
