//! Decoding and encoding, beside the libraries that a client author would reach for.
//!
//! Everything is measured in one run, so that the figures can be compared: `cargo bench -p glimesh-proto`.

use std::hint::black_box;
use std::time::Duration;

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
};
use glimesh_proto::{Envelope, Frame, RawFrame};
use serde_json::Value;

mod rivals;
mod samples;

use rivals::{Borrowed, jiter_skip};

type Group<'a> = BenchmarkGroup<'a, criterion::measurement::WallTime>;

const NAMES: [&str; 5] = ["heartbeat", "doc", "data 399 B", "message 64 KiB", "structure 64 KiB"];

fn decode(criterion: &mut Criterion) {
    for name in NAMES {
        let text = samples::named(name);
        let mut group = criterion.benchmark_group(format!("decode/{name}"));
        group.throughput(Throughput::Bytes(text.len() as u64));
        ours(&mut group, text);
        theirs(&mut group, text);
        group.finish();
    }
}

fn ours(group: &mut Group<'_>, text: &str) {
    group.bench_function("ours: envelope", |b| b.iter(|| Envelope::peek(black_box(text))));
    group.bench_function("ours: strict, spans", |b| b.iter(|| RawFrame::decode(black_box(text))));
    group.bench_function("ours: frame", |b| b.iter(|| Frame::decode(black_box(text))));
}

fn theirs(group: &mut Group<'_>, text: &str) {
    group.bench_function("jiter: skip", |b| b.iter(|| jiter_skip(black_box(text))));
    group.bench_function("jiter: value", |b| {
        b.iter(|| jiter::JsonValue::parse(black_box(text).as_bytes(), false));
    });
    group.bench_function("serde_json: tuple, RawValue", |b| {
        b.iter(|| serde_json::from_str::<Borrowed<'_>>(black_box(text)));
    });
    group.bench_function("serde_json: value", |b| {
        b.iter(|| serde_json::from_str::<Value>(black_box(text)));
    });
    group.bench_function("simd-json: value", |b| {
        // It reads in place, so each round needs its own bytes; making them is not counted.
        let bytes = || text.as_bytes().to_vec();
        b.iter_batched_ref(
            bytes,
            |bytes| simd_json::to_borrowed_value(bytes).map(black_box).is_ok(),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("sonic-rs: lazy tuple", |b| {
        b.iter(|| sonic_rs::from_str::<[sonic_rs::LazyValue<'_>; 5]>(black_box(text)));
    });
    group.bench_function("sonic-rs: value", |b| {
        b.iter(|| sonic_rs::from_str::<sonic_rs::Value>(black_box(text)));
    });
}

fn encode(criterion: &mut Criterion) {
    for name in NAMES {
        let text = samples::named(name);
        let mut group = criterion.benchmark_group(format!("encode/{name}"));
        group.throughput(Throughput::Bytes(text.len() as u64));
        let raw = RawFrame::decode(text).expect("a sample is a frame");
        let frame = Frame::decode(text).expect("a sample is a frame");
        let mut buffer = String::with_capacity(2 * text.len());
        group.bench_function("ours: raw, reused buffer", |b| {
            b.iter(|| {
                buffer.clear();
                black_box(&raw).encode_into(&mut buffer);
            });
        });
        group.bench_function("ours: frame, reused buffer", |b| {
            b.iter(|| {
                buffer.clear();
                black_box(&frame).encode_into(&mut buffer);
            });
        });
        let borrowed: Borrowed<'_> = serde_json::from_str(text).expect("a sample is JSON");
        let mut bytes = Vec::with_capacity(2 * text.len());
        group.bench_function("serde_json: to_writer, RawValue", |b| {
            b.iter(|| {
                bytes.clear();
                serde_json::to_writer(&mut bytes, black_box(&borrowed)).is_ok()
            });
        });
        let value: Value = serde_json::from_str(text).expect("a sample is JSON");
        group.bench_function("serde_json: to_string, value", |b| {
            b.iter(|| serde_json::to_string(black_box(&value)));
        });
        let value: sonic_rs::Value = sonic_rs::from_str(text).expect("a sample is JSON");
        group.bench_function("sonic-rs: to_string, value", |b| {
            b.iter(|| sonic_rs::to_string(black_box(&value)));
        });
        let mut bytes = text.as_bytes().to_vec();
        let value = simd_json::to_owned_value(&mut bytes).expect("a sample is JSON");
        group.bench_function("simd-json: to_string, value", |b| {
            b.iter(|| simd_json::to_string(black_box(&value)));
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .without_plots();
    targets = decode, encode
}
criterion_main!(benches);
