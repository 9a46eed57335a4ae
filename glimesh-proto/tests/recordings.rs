//! What crossed the wire of the real server, through the codec.

use std::collections::HashMap;
use std::fs;

use glimesh_proto::binary::Push;
use glimesh_proto::connect::{ConnectRequest, Vsn};
use glimesh_proto::server::{Config, Event, Server};
use glimesh_proto::{Frame, Instant, Transmit, v1};
use serde_json::Value;

fn records() -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/recordings");
    let files = fs::read_dir(folder).expect("the recordings are there");
    let mut records = Vec::new();
    for file in files {
        let path = file.expect("it can be listed").path();
        if path.extension().is_none_or(|ending| ending != "jsonl") {
            continue;
        }
        let text = fs::read_to_string(path).expect("it can be read");
        let record = |line: &str| serde_json::from_str::<Value>(line);
        records.extend(text.lines().map(|line| record(line).expect("each line is a record")));
    }
    records
}

fn list<'a>(record: &'a Value, name: &str) -> &'a [Value] {
    record[name].as_array().map_or(&[], Vec::as_slice)
}

/// Which connections of a record speak the older format.
fn speak_v1(record: &Value) -> HashMap<&str, bool> {
    let connects = list(record, "steps").iter().filter(|step| step["op"] == "connect");
    connects
        .map(|step| {
            let line = step["raw_http"].as_str().unwrap_or_default();
            let line = line.split_once('?').and_then(|(_, rest)| rest.split_once(' '));
            let query = step["query"].as_str().or_else(|| line.map(|(query, _)| query));
            let target = format!("/api/graph/websocket?{}", query.unwrap_or_default());
            let vsn = ConnectRequest::parse(&target).map(|request| request.vsn);
            (step["c"].as_str().unwrap_or_default(), vsn == Ok(Vsn::V1))
        })
        .collect()
}

/// The text that a step sends; a long one is written as parts.
fn sent(data: &Value) -> Option<String> {
    match data {
        Value::String(text) => Some(text.clone()),
        _ => Some(list(data, "parts").iter().map(part).collect()),
    }
}

fn part(part: &Value) -> String {
    match part {
        Value::String(text) => text.clone(),
        _ => {
            let times = part["times"].as_u64().and_then(|times| usize::try_from(times).ok());
            part["repeat"].as_str().unwrap_or_default().repeat(times.unwrap_or_default())
        }
    }
}

#[test]
fn every_recorded_answer_is_printed_byte_for_byte() {
    let mut seen = 0;
    for record in records() {
        let v1_of = speak_v1(&record);
        for event in list(&record, "events") {
            let Some(text) = event["data"].as_str().filter(|_| event["k"] == "text") else {
                continue;
            };
            let is_v1 = v1_of.get(event["c"].as_str().unwrap_or_default()) == Some(&true);
            let printed = match is_v1 {
                true => v1::encode(
                    &v1::decode(text)
                        .unwrap_or_else(|error| panic!("{} {text}: {error}", record["id"])),
                ),
                false => Frame::decode(text)
                    .unwrap_or_else(|error| panic!("{} {text}: {error}", record["id"]))
                    .encode(),
            };
            assert_eq!(printed, text, "in {}", record["id"]);
            seen += 1;
        }
    }
    assert!(seen > 1000, "only {seen} frames");
}

#[test]
fn what_cannot_be_read_is_what_the_real_server_closed_on() {
    let mut refused = 0;
    for record in records() {
        let v1_of = speak_v1(&record);
        for (index, step) in list(&record, "steps").iter().enumerate() {
            // A refused connection has no server that could read.
            let opened = |event: &Value| event["c"] == step["c"] && event["status"] == 101;
            if !list(&record, "events").iter().any(opened) {
                continue;
            }
            let of_step = |event: &&Value| event["step"] == index && event["c"] == step["c"];
            let mut events = list(&record, "events").iter().filter(of_step);
            if events.clone().any(|event| event["k"] == "not_sent") {
                continue;
            }
            let was_refused = events.any(|event| event["code"] == 1011);
            let is_v1 = v1_of.get(step["c"].as_str().unwrap_or_default()) == Some(&true);
            let can_be_read = match step["op"].as_str() {
                Some("text") => sent(&step["data"]).is_some_and(|text| match is_v1 {
                    true => v1::decode(&text).is_ok(),
                    false => Frame::decode(&text).is_ok(),
                }),
                Some("frame") if step["opcode"] == 2 && step["fin"] != false => {
                    let bytes = match step["hex"].as_str() {
                        Some(hex) => from_hex(hex),
                        None => sent(&step["data"]).unwrap_or_default().into_bytes(),
                    };
                    Push::decode(&bytes).is_ok()
                }
                _ => continue,
            };
            // A join of an object can be read, and the real server fails to log it.
            let fails_later = record["id"] == "frame/join_topic_object";
            assert_eq!(can_be_read, !was_refused || fails_later, "{} {step}", record["id"]);
            refused += usize::from(was_refused);
        }
    }
    assert!(refused > 30, "only {refused} texts");
}

#[test]
fn a_topic_of_any_kind_is_repeated_in_the_answer() {
    let mut seen = 0;
    for record in records() {
        let id = record["id"].as_str().unwrap_or_default();
        let is_join = id.starts_with("frame/join_topic_") && id != "frame/join_topic_object";
        let is_heartbeat = id.starts_with("frame/topic_") && !id.ends_with("_joined");
        if !is_join && !is_heartbeat {
            continue;
        }
        let mut server = Server::new(Config::phoenix(), Instant::ZERO);
        server.handle_text(Instant::ZERO, record["steps"][1]["data"].as_str().unwrap_or_default());
        let Some(Event::Violation { frame, violation }) = server.poll_event() else {
            panic!("{id} is a violation");
        };
        server.apply(frame.as_ref(), violation.consequence());
        let answer = record["events"][1]["data"].as_str().unwrap_or_default();
        assert_eq!(server.poll_transmit(), Some(Transmit::Text(answer.to_owned())), "in {id}");
        seen += 1;
    }
    assert!(seen >= 8, "only {seen} records");
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("it is hexadecimal");
    (0..hex.len()).step_by(2).map(digits).collect()
}
