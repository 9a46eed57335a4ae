//! What an input is, by its looks.

use glimesh_proto::Json;

use super::{InputKind, lines};

/// How much of an input is looked at where all of it would take long.
const HEAD: usize = 64 * 1024;

/// The first bytes of a pcap, in either byte order, with micro- or nanoseconds; and of a pcapng.
const CAPTURES: [[u8; 4]; 5] = [
    [0xa1, 0xb2, 0xc3, 0xd4],
    [0xd4, 0xc3, 0xb2, 0xa1],
    [0xa1, 0xb2, 0x3c, 0x4d],
    [0x4d, 0x3c, 0xb2, 0xa1],
    [0x0a, 0x0d, 0x0d, 0x0a],
];

/// What it is; `None` if it cannot be told.
pub(super) fn kind(bytes: &[u8]) -> Option<InputKind> {
    if CAPTURES.iter().any(|magic| bytes.starts_with(magic)) {
        return Some(InputKind::Capture);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return kind_of_bytes(bytes) };
    let trimmed = text.trim();
    let head = head(trimmed);
    let first_line = head.lines().next().unwrap_or_default();
    if trimmed.lines().take(2).count() <= 1 {
        return Some(kind_of_line(trimmed));
    }
    if first_line.starts_with("{\"format\":") && first_line.contains("\"session\":") {
        return Some(InputKind::Transcript);
    }
    if is_har(head) {
        return Some(InputKind::Har);
    }
    if is_url(first_line) && trimmed.lines().take(100).all(|line| is_url(line.trim())) {
        return Some(InputKind::Url);
    }
    // Frames of a line each are not one JSON value; a frame over many lines is, unless something is wrong with it.
    if trimmed.starts_with(['[', '{', '"']) && Json::parse(trimmed).is_ok() {
        return Some(InputKind::Frame);
    }
    let mut seen = 0_usize;
    let mut like_frames = 0_usize;
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(1_000) {
        seen += 1;
        like_frames += usize::from(lines::looks_like_frame(line));
    }
    if like_frames * 2 > seen {
        return Some(InputKind::Frames);
    }
    // Lines that go on: a bracket opens on the first one, and what follows is indented or closes it.
    if trimmed.starts_with(['[', '{']) && is_open(first_line) {
        return Some(InputKind::Frame);
    }
    let found = text.lines().take(100_000).any(lines::has_frame);
    found.then_some(InputKind::Log)
}

fn kind_of_line(line: &str) -> InputKind {
    let transcript = line.starts_with("{\"format\":") && line.contains("\"session\":");
    let message = line.starts_with(['[', '{', '"', '\'', '(']);
    match line {
        _ if transcript => InputKind::Transcript,
        _ if is_har(head(line)) => InputKind::Har,
        _ if is_url(line) => InputKind::Url,
        _ if line.starts_with(['>', '<']) && lines::looks_like_frame(line) => InputKind::Frames,
        _ if !message && !line.starts_with("b'") && lines::has_frame(line) => InputKind::Log,
        // Whatever somebody wants to know about: an error page, a word, nothing at all.
        _ => InputKind::Frame,
    }
}

/// Not UTF-8: a text message with a fault in it, a binary message, or a log with odd bytes.
fn kind_of_bytes(bytes: &[u8]) -> Option<InputKind> {
    let head = &bytes[..bytes.len().min(HEAD)];
    let wide = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    let controls = head.iter().filter(|byte| matches!(byte, 0..=8 | 14..=31)).count();
    let one_line = !head[..head.len().saturating_sub(1)].contains(&b'\n');
    match first {
        _ if wide => Some(InputKind::Frame),
        Some(b'[' | b'{' | b'"') if one_line => Some(InputKind::Frame),
        // A push, whose first byte is 0; or a WebSocket library's mistake.
        _ if controls > 0 && bytes.len() <= HEAD && one_line => Some(InputKind::Binary),
        _ => {
            let mut lines = bytes.split(|&byte| byte == b'\n').take(100_000);
            lines
                .any(|line| lines::has_frame(&String::from_utf8_lossy(line)))
                .then_some(InputKind::Log)
        }
    }
}

fn is_har(head: &str) -> bool {
    head.starts_with('{') && head.contains("\"log\"") && head.contains("\"entries\"")
}

fn is_url(line: &str) -> bool {
    let lower = head(line).to_ascii_lowercase();
    let schemes = ["ws://", "wss://", "http://", "https://"];
    let plain = !lower.contains([' ', '\t', '[', '{']);
    let scheme = schemes.iter().any(|scheme| lower.starts_with(scheme));
    plain && (scheme || lower.contains("/websocket") && !lower.starts_with('"'))
}

/// Whether more brackets open than close.
fn is_open(line: &str) -> bool {
    let count = |brackets: [char; 2]| line.matches(brackets).count();
    count(['[', '{']) > count([']', '}'])
}

fn head(text: &str) -> &str {
    let end = (0..=HEAD.min(text.len())).rev().find(|&at| text.is_char_boundary(at));
    &text[..end.unwrap_or_default()]
}
