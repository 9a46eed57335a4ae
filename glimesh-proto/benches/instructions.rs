//! What decoding and encoding cost in instructions: the same on every machine, and under any load.
//!
//! Needs valgrind and `cargo install gungraun-runner`, in gungraun's version:
//! `cargo bench -p glimesh-proto --bench instructions`.
//!
//! The last group shows growth: each size is ten times the one before, so a count that is linear in it gets one more
//! digit, and its digits stay.

#![expect(
    missing_docs,
    unused_qualifications,
    reason = "gungraun's macros are not written for our lints"
)]

use std::hint::black_box;

use glimesh_proto::diagnostic::{Context, Diagnostic, diagnose};
use glimesh_proto::{Envelope, Frame, RawFrame};
use gungraun::{library_benchmark, library_benchmark_group, main};

mod growth;
mod rivals;
mod samples;

use growth::{broken, deep, long, wide};
use rivals::{Borrowed, jiter_skip};
use samples::named;

#[library_benchmark]
#[benches::of(args = ["heartbeat", "doc", "data"], setup = named)]
fn envelope(text: &str) -> bool {
    black_box(Envelope::peek(black_box(text))).is_some()
}

#[library_benchmark]
#[benches::of(args = ["heartbeat", "doc", "data", "message", "structure"], setup = named)]
fn strict(text: &str) -> bool {
    black_box(RawFrame::decode(black_box(text))).is_ok()
}

#[library_benchmark]
#[benches::of(args = ["heartbeat", "doc", "data", "message", "structure"], setup = named)]
fn jiter(text: &str) -> bool {
    black_box(jiter_skip(black_box(text))).is_some()
}

#[library_benchmark]
#[benches::of(args = ["heartbeat", "doc", "data", "message", "structure"], setup = named)]
fn tuple(text: &str) -> bool {
    black_box(serde_json::from_str::<Borrowed<'_>>(black_box(text))).is_ok()
}

fn to_encode(name: &str) -> (RawFrame<'static>, Frame, Borrowed<'static>, String) {
    let text = named(name);
    let raw = RawFrame::decode(text).expect("a sample is a frame");
    let borrowed = serde_json::from_str(text).expect("a sample is JSON");
    (raw, Frame::from(&raw), borrowed, String::with_capacity(2 * text.len()))
}

type ToEncode = (RawFrame<'static>, Frame, Borrowed<'static>, String);

#[library_benchmark]
#[benches::of(args = ["heartbeat", "doc", "data"], setup = to_encode)]
fn encode_raw(mut sample: ToEncode) -> ToEncode {
    black_box(sample.0).encode_into(&mut sample.3);
    sample
}

#[library_benchmark]
#[benches::of(args = ["heartbeat", "doc", "data"], setup = to_encode)]
fn encode_frame(mut sample: ToEncode) -> ToEncode {
    black_box(&sample.1).encode_into(&mut sample.3);
    sample
}

#[library_benchmark]
#[benches::of(args = ["heartbeat", "doc", "data"], setup = to_encode)]
fn to_writer(sample: ToEncode) -> (ToEncode, Vec<u8>) {
    let (raw, frame, borrowed, buffer) = sample;
    let mut bytes = buffer.into_bytes();
    serde_json::to_writer(&mut bytes, black_box(&borrowed)).expect("a Vec takes everything");
    ((raw, frame, borrowed, String::new()), bytes)
}

#[library_benchmark]
#[benches::long(args = [100_000, 1_000_000, 10_000_000], setup = long)]
#[benches::deep(args = [2_000, 20_000, 200_000], setup = deep)]
fn envelope_growth(text: &str) -> bool {
    black_box(Envelope::peek(black_box(text))).is_some()
}

#[library_benchmark]
#[benches::long(args = [100_000, 1_000_000, 10_000_000], setup = long)]
#[benches::wide(args = [100_000, 1_000_000, 10_000_000], setup = wide)]
#[benches::deep(args = [2_000, 20_000, 200_000], setup = deep)]
fn strict_growth(text: &str) -> bool {
    black_box(RawFrame::decode(black_box(text))).is_ok()
}

#[library_benchmark]
#[benches::long(args = [100_000, 1_000_000, 10_000_000], setup = long)]
#[benches::wide(args = [100_000, 1_000_000, 10_000_000], setup = wide)]
#[benches::broken(args = [100_000, 1_000_000, 10_000_000], setup = broken)]
#[benches::deep(args = [2_000, 20_000, 200_000], setup = deep)]
fn diagnose_growth(text: &str) -> Vec<Diagnostic> {
    black_box(diagnose(black_box(text), &Context::default()))
}

library_benchmark_group!(name = decode; benchmarks = envelope, strict, jiter, tuple);
library_benchmark_group!(name = encode; benchmarks = encode_raw, encode_frame, to_writer);
library_benchmark_group!(name = size; benchmarks = envelope_growth, strict_growth, diagnose_growth);
main!(library_benchmark_groups = decode, encode, size);
