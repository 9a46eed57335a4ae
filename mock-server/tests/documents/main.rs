//! Every recording of the real server that is about documents, replayed against the mock over a real port.
//!
//! What is not reproduced stands in `not-reproduced.txt`, with the reason; a line there that is reproduced after all
//! fails, too.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails the test")]

mod http;
mod normal;
mod play;
mod record;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use record::Record;

#[tokio::test]
async fn documents_are_answered_as_recorded() {
    check("doc").await;
}

#[tokio::test]
async fn subscribers_are_told_as_recorded() {
    check("push").await;
}

#[tokio::test]
async fn older_api_answers_as_recorded() {
    check("old_socket").await;
}

#[tokio::test]
async fn http_answers_as_recorded() {
    check("http").await;
}

async fn check(category: &str) {
    let known = known_differences();
    let mut report = String::new();
    let records = Record::all(category);
    let mut reproduced = 0;
    for record in &records {
        let difference = match category {
            "http" => http::difference(record).await,
            _ => play::difference(record).await,
        };
        reproduced += usize::from(difference.is_none());
        match (difference, known.get(&*record.id)) {
            (None, None) | (Some(_), Some(_)) => {}
            (Some(difference), None) => writeln!(report, "{}: {difference}", record.id).unwrap(),
            (None, Some(_)) => {
                writeln!(report, "{}: reproduced; take its line out", record.id).unwrap();
            }
        }
    }
    eprintln!("{category}: {reproduced} of {} reproduced", records.len());
    assert!(report.is_empty(), "{report}");
}

/// Reasons by id.
fn known_differences() -> BTreeMap<&'static str, &'static str> {
    let lines = include_str!("not-reproduced.txt").lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(": ").expect("id, colon, reason")).collect()
}

#[test]
fn every_known_difference_is_a_record() {
    let records: Vec<_> =
        ["doc", "push", "old_socket", "http"].into_iter().flat_map(Record::all).collect();
    for id in known_differences().keys() {
        assert!(records.iter().any(|record| record.id == *id), "there is no record {id}");
    }
}
