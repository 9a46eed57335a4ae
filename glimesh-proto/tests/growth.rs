//! A text that is sixteen times as long costs no more than sixteen texts, up to 10 MB and 200,000 levels.
//!
//! Cost is the time that the processor spent on this thread, so another load on the machine does not count as work; what
//! it does to the caches does, so what seems too much is measured again. Linear growth gives 1, quadratic growth 16; the
//! limit stands far from both.

#![cfg(unix)]
#![expect(clippy::print_stdout, reason = "the figures are worth a look")]

use std::hint::black_box;
use std::time::Duration;

use glimesh_proto::diagnostic::{Context, diagnose, diagnose_url};
use glimesh_proto::scan::scan;
use glimesh_proto::{Frame, RawFrame};
use nix::time::{ClockId, clock_gettime};

const TIMES: usize = 16;
const MOST: f64 = 4.0;
/// A measurement is disturbed now and then, but not that often.
const MOST_ATTEMPTS: usize = 10;
/// The clock tells less than a microsecond, but what takes no longer than this is measured several times over.
const LEAST: Duration = Duration::from_micros(100);

type Work = fn(&str);

const ALL: [(&str, Work); 5] = [
    ("strict", |text| drop(black_box(RawFrame::decode(text)))),
    ("frame", |text| drop(black_box(Frame::decode(text)))),
    ("patient", |text| drop(black_box(scan(text)))),
    ("diagnose", |text| drop(black_box(diagnose(text, &Context::default())))),
    ("as a URL", |text| drop(black_box(diagnose_url(text, &Context::default())))),
];

/// What the processor has spent on this thread.
fn spent() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("every Unix has this clock").into()
}

fn cost(work: Work, text: &str, times: usize) -> Duration {
    let before = spent();
    for _ in 0..times {
        work(text);
    }
    spent() - before
}

/// How often the cost of sixteen small texts goes into that of a large one, at best.
fn growth(work: Work, small: &str, large: &str) -> f64 {
    let (mut of_small, mut of_large) = (Duration::MAX, Duration::MAX);
    let mut rounds = 1;
    let mut growth = f64::INFINITY;
    for _ in 0..MOST_ATTEMPTS {
        of_small = of_small.min(cost(work, small, rounds * TIMES));
        of_large = of_large.min(cost(work, large, rounds));
        growth = of_large.as_secs_f64() / of_small.as_secs_f64();
        if of_small.max(of_large) < LEAST {
            rounds *= TIMES;
            (of_small, of_large) = (Duration::MAX, Duration::MAX);
        } else if growth <= MOST {
            break;
        }
    }
    growth
}

#[track_caller]
fn check(shape: &str, of_size: impl Fn(usize) -> String, size: usize) {
    let (small, large) = (of_size(size / TIMES), of_size(size));
    for (name, work) in ALL {
        let growth = growth(work, &small, &large);
        println!("{shape:<40} {name:<9} {growth:>5.2}");
        let (one, other) = (small.len(), large.len());
        assert!(growth <= MOST, "{name} of {shape}: {growth:.1} between {one} and {other} bytes");
    }
}

/// The measure itself: work that grows with the square of the size is found.
#[test]
fn quadratic_growth_is_noticed() {
    let quadratic = |text: &str| {
        let all = text.bytes().map(|one| text.bytes().filter(|other| *other == one).count());
        black_box(all.sum::<usize>());
    };
    let growth = growth(quadratic, &"ab".repeat(20), &"ab".repeat(320));
    assert!(growth > MOST, "{growth}");
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
fn many_escapes() {
    let text = |bytes: usize| frame(&format!(r#"{{"query":"{}"}}"#, r"\u00e9\n".repeat(bytes / 8)));
    check("escapes", text, 200_000);
}

#[test]
fn many_values() {
    let text =
        |bytes: usize| frame(&format!("[{}0]", r#"{"a":["b",-1.5,null]},"#.repeat(bytes / 23)));
    check("many values", text, 200_000);
}

#[test]
fn depth_up_to_200_000_levels() {
    let arrays = |levels: usize| frame(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
    check("arrays in arrays", arrays, 200_000);
    let objects =
        |levels: usize| frame(&format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels)));
    check("objects in objects", objects, 200_000);
}

/// What stands before, what stands again and again, and what stands after.
const SHAPES: [[&str; 3]; 28] = [
    ["[\"1\",", "[", ""],
    ["[\"1\",", "{\"a\":", ""],
    ["[\"1\",", "'1' ", ""],
    ["[\"1\",", "a:'b',", ""],
    ["[\"1\",", "a \"b\" ", ""],
    ["[\"1\",", "\\", ""],
    ["[\"1\",", "}", ""],
    ["[\"1\",", "]x", ""],
    ["[\"1\",", "/**/", ""],
    ["[\"1\",", "\",\"aa", ""],
    ["[", "\"1\",", "]"],
    ["[", "1,", "]"],
    ["[", "]", ""],
    ["[\"", "\\u12", ""],
    ["[\"", "\n", "\"]"],
    ["[1", " \u{a0}", ""],
    ["", " ", ""],
    ["", "a", ""],
    ["", "\\", ""],
    ["{", "\"a\":1,", "\"a\":1}"],
    ["[\"1\",\"1\",\"t\",\"doc\",{\"query\":\"", "a \"b\" ", "\"}]"],
    ["[{\"query\":\"x\" y", "\"]}]}", ""],
    ["[{\"query\":\"x\" y", "\",\"aaaaaaaa", ""],
    ["[null,\"1\",\"", "phoenix", "\",\"heartbeat\",{}]"],
    ["wss://h/", "api/graph/", "websocket"],
    ["/api/graph/websocket?", "vsn=2.0.0&", ""],
    ["/api/graph/websocket?", "token=", "&vsn=2.0.0"],
    ["/api/graph/websocket?vsn=2.0.0&token=", "%41+", "#"],
];

fn repeated([before, piece, after]: [&str; 3], bytes: usize) -> String {
    format!("{before}{}{after}", piece.repeat(bytes / piece.len()))
}

/// Short enough to be mended, in as many rounds as it takes.
#[test]
fn texts_that_are_mended() {
    for shape in SHAPES {
        check(&format!("{shape:?}"), |bytes| repeated(shape, bytes), 20_000);
    }
}

/// Both texts are beyond what is mended.
#[test]
fn faulty_texts_that_are_too_long_to_be_mended() {
    for shape in [SHAPES[1], SHAPES[9]] {
        check(&format!("{shape:?}, long"), |bytes| repeated(shape, bytes), 1_100_000);
    }
}
