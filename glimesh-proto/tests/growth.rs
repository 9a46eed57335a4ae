//! Sixteen times the text costs about sixteen times the work, up to 10 MB and 200,000 levels.
//!
//! Work is the time that the processor spent on this thread: another load on the machine does not count. Linear growth
//! gives 16, quadratic growth 256; the limit stands far from both.

#![expect(clippy::print_stdout, reason = "the figures are worth a look")]

use std::fs;
use std::hint::black_box;

use glimesh_proto::diagnostic::{Context, diagnose};
use glimesh_proto::scan::scan;
use glimesh_proto::{Frame, RawFrame};

const TIMES: usize = 16;
const MOST: u64 = 64;
/// What is less than this, in nanoseconds, is not measured well enough to be multiplied.
const LEAST: u64 = 10_000_000;

type Work = fn(&str);

const ALL: [(&str, Work); 4] = [
    ("strict", |text| drop(black_box(RawFrame::decode(text)))),
    ("frame", |text| drop(black_box(Frame::decode(text)))),
    ("patient", |text| drop(black_box(scan(text)))),
    ("diagnose", |text| drop(black_box(diagnose(text, &Context::default())))),
];

/// Nanoseconds that the processor has spent on this thread; `None` where the system does not say.
fn spent() -> Option<u64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok()
}

/// The least of three, so that a disturbed measurement does not count.
fn cost(work: Work, text: &str) -> Option<u64> {
    let once = || {
        let before = spent()?;
        work(text);
        Some(spent()?.saturating_sub(before))
    };
    (0..3).map(|_| once()).min()?
}

#[track_caller]
fn check(shape: &str, of_size: impl Fn(usize) -> String, size: usize) {
    let (small, large) = (of_size(size / TIMES), of_size(size));
    for (name, work) in ALL {
        let (Some(one), Some(many)) = (cost(work, &small), cost(work, &large)) else {
            println!("this system does not tell what a thread costs: not measured");
            return;
        };
        println!("{shape:<22} {name:<9} {:>5.1}", many as f64 / one.max(1) as f64);
        assert!(
            many <= MOST * one.max(LEAST),
            "{name} of {shape}: {one} ns for {} bytes, {many} ns for {}",
            small.len(),
            large.len()
        );
    }
}

fn frame(payload: &str) -> String {
    format!(r#"["1","2","__absinthe__:control","doc",{payload}]"#)
}

#[test]
fn one_long_text_up_to_10_mb() {
    let text =
        |bytes: usize| frame(&format!(r#"{{"query":"{}"}}"#, "{myself{id}} ".repeat(bytes / 13)));
    check("a long text", text, 10_000_000);
}

#[test]
fn many_escapes_up_to_2_mb() {
    let text = |bytes: usize| frame(&format!(r#"{{"query":"{}"}}"#, r"\u00e9\n".repeat(bytes / 8)));
    check("escapes", text, 2_000_000);
}

#[test]
fn many_values_up_to_2_mb() {
    let text =
        |bytes: usize| frame(&format!("[{}0]", r#"{"a":["b",-1.5,null]},"#.repeat(bytes / 23)));
    check("many values", text, 2_000_000);
}

#[test]
fn depth_up_to_200_000_levels() {
    let arrays = |levels: usize| frame(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
    check("arrays in arrays", arrays, 200_000);
    let objects =
        |levels: usize| frame(&format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels)));
    check("objects in objects", objects, 200_000);
}

#[test]
fn faulty_texts_up_to_400_kb() {
    for piece in ["[", "{\"a\":", "'1' ", "a:'b',", "a \"b\" ", "\\", "}", "]x", "/**/", "\",\"aa"]
    {
        let text = |bytes: usize| format!("[\"1\",{}", piece.repeat(bytes / piece.len()));
        check(&format!("{piece:?} again and again"), text, 400_000);
    }
}
