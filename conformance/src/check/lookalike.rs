//! What a heartbeat looks like, and what only wants to be one.

use glimesh_proto::{Frame, names};
use serde_json::{Map, Value};

use crate::check::short;
use crate::session::Connection;

/// What is wrong with a frame that is a heartbeat or wants to be one.
pub(super) fn form_fault(frame: &Frame) -> Option<String> {
    if is_heartbeat(frame) {
        let empty = frame.payload == Value::Object(Map::new());
        return (!empty).then(|| format!("a heartbeat with the payload {}", short(&frame.payload)));
    }
    if frame.topic == names::PHOENIX_TOPIC && !frame.event.starts_with("phx_") {
        return Some(format!("the event {:?} on the topic \"phoenix\"", frame.event));
    }
    let event_is_near = near(&frame.event, names::HEARTBEAT);
    if event_is_near
        && (frame.event == names::HEARTBEAT || near(&frame.topic, names::PHOENIX_TOPIC))
    {
        return Some(format!("the event {:?} on the topic {:?}", frame.event, frame.topic));
    }
    None
}

pub(super) fn is_heartbeat(frame: &Frame) -> bool {
    frame.topic == names::PHOENIX_TOPIC && frame.event == names::HEARTBEAT
}

/// The first frame that wants to be a heartbeat and is none, with a hint.
pub(super) fn lookalike(connection: &Connection) -> Option<(usize, String)> {
    connection.client_frames().filter(|(_, frame)| !is_heartbeat(frame)).find_map(
        |(seen, frame)| {
            let fault = form_fault(frame)?;
            Some((seen.entry, format!("it sends {fault}, which is no heartbeat")))
        },
    )
}

/// Whether a word is another one with at most two letters wrong, missing, added or swapped.
fn near(word: &str, wanted: &str) -> bool {
    let (word, wanted): (Vec<char>, Vec<char>) =
        (word.chars().take(32).flat_map(char::to_lowercase).collect(), wanted.chars().collect());
    let mut row: Vec<usize> = (0..=wanted.len()).collect();
    for (i, a) in word.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in wanted.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[wanted.len()] <= 2
}
