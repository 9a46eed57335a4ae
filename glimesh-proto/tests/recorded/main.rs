//! What the real server answered, asked of the server machine alone, wherever the answer depends on the protocol
//! alone: no socket, no HTTP, no world. `cargo test -p glimesh-proto --test recorded -- --nocapture` prints the table.

#![expect(clippy::print_stdout, reason = "the table is what the test is run for")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

mod compare;
mod player;

use player::{NotOfTheCore, play};

/// How many records of a category came out how.
#[derive(Default)]
struct Row {
    same: usize,
    different: Vec<String>,
    not_of_the_core: BTreeMap<NotOfTheCore, usize>,
}

fn records(category: &str) -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/recordings");
    let text = fs::read_to_string(format!("{folder}/{category}.jsonl")).expect("it can be read");
    let record = |line| serde_json::from_str(line).expect("each line is a record");
    text.lines().map(record).collect()
}

fn row(category: &str) -> Row {
    let mut row = Row::default();
    for record in records(category) {
        match play(&record) {
            Err(reason) => *row.not_of_the_core.entry(reason).or_default() += 1,
            Ok(seen) => match compare::difference(&record, &seen) {
                None => row.same += 1,
                Some(difference) => row.different.push(format!("{}: {difference}", record["id"])),
            },
        }
    }
    row
}

fn table(rows: &[(&str, Row)]) -> String {
    let mut table = "category   same different  not of the core\n".to_owned();
    for (category, row) in rows {
        let reasons: Vec<_> =
            row.not_of_the_core.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        let others: usize = row.not_of_the_core.values().sum();
        let (same, different) = (row.same, row.different.len());
        let line =
            format!("{category:<9} {same:>5} {different:>9} {others:>5}  {}", reasons.join(", "));
        writeln!(table, "{}", line.trim_end()).expect("writing to a String cannot fail");
    }
    table
}

#[test]
fn the_server_machine_answers_as_recorded() {
    let rows = ["connect", "join", "heartbeat", "frame", "event"].map(|name| (name, row(name)));
    let table = table(&rows);
    println!("{table}");
    let different: Vec<_> = rows.iter().flat_map(|(_, row)| &row.different).collect();
    assert!(different.is_empty(), "{different:#?}");
    insta::assert_snapshot!(table, @r#"
    category   same different  not of the core
    connect      37         0    53  36 need HTTP, 8 are answered by the HTTP API, 8 need the world to know the credential, 1 need GraphQL for a crash
    join         51         0     2  2 need GraphQL for a crash
    heartbeat    37         0     1  1 need GraphQL for a crash
    frame        84         0    44  44 need a WebSocket
    event        18         0     0
    "#);
}
