//! What must not allocate does not. Alone in its file: the counter counts the whole process.

use std::alloc::System;

use glimesh_proto::{Envelope, RawFrame, v1};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[track_caller]
fn check(what: &str, work: impl FnOnce() -> bool) {
    let region = Region::new(COUNTER);
    let done = work();
    let allocations = region.change().allocations;
    assert!(done, "{what} did its work");
    assert_eq!(allocations, 0, "{what}");
}

#[test]
fn borrowed_frames_cost_no_allocation() {
    let deep = "[".repeat(64) + &"]".repeat(64);
    let text = format!(
        r#"["1","2\u0041","__absinthe__:control","doc",{{"a":{{"b":[1.5e3,"\ud83d\ude00"]}}}},{deep}]"#
    );
    check("the envelope", || Envelope::peek(&text).is_some());
    check("the strict scanner", || RawFrame::decode(&text).is_ok());
    let long = format!(r#"[null,"1","phoenix","heartbeat","{}"]"#, "x".repeat(10_000_000));
    check("a frame of 10 MB", || RawFrame::decode(&long).is_ok());

    let mut buffer = String::with_capacity(text.len() + 16);
    check("writing into a buffer", || {
        let Ok(frame) = RawFrame::decode(&text) else { return false };
        frame.encode_into(&mut buffer);
        true
    });

    let older = r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#;
    check("the older format", || v1::decode_raw(older).is_ok());
}
