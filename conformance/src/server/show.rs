//! Steps, events and reasons as lines for people, 80 columns wide.

use glimesh_mock::recording::{Difference, Event, Record, Step};

/// How wide a line is.
const WIDTH: usize = 80;

/// A record that differs: what it is, and where each of its connections first differs.
pub(super) fn difference(record: &Record, differences: &[Difference]) -> String {
    let mut text = wrapped("", &format!("{}: {}", record.id, record.title));
    for Difference { c, expected, found } in differences {
        let at = [expected, found].into_iter().flatten().map(|event| event.step).min();
        let at = at.unwrap_or_default();
        let step = record.steps.get(at).map_or_else(|| "after the last step".to_owned(), step);
        text += &wrapped("  step      ", &format!("{at}, connection {c}: {step}"));
        text += &wrapped("  expected  ", &event(expected.as_ref(), at));
        text += &wrapped("  actual    ", &event(found.as_ref(), at));
    }
    text
}

fn event(event: Option<&Event>, step: usize) -> String {
    match event {
        Some(event) if event.step == step => event.what.to_string(),
        Some(event) => format!("{}, in step {}", event.what, event.step),
        None => "nothing".to_owned(),
    }
}

/// What the client does in a step, on one line.
fn step(step: &Step) -> String {
    match step {
        Step::Connect(connect) => match &connect.raw_http {
            Some(raw) => raw.lines().next().unwrap_or_default().to_owned(),
            None => format!("connect with {}", connect.query.as_deref().unwrap_or("no query")),
        },
        Step::Text { data, .. } => format!("text {}", short(data)),
        Step::Frame { opcode, data, hex, .. } => {
            let payload = data.as_ref().map(short).or_else(|| hex.clone()).unwrap_or_default();
            format!("frame of opcode {opcode} {payload}")
        }
        Step::Bytes { hex, .. } => format!("bytes {hex}"),
        Step::Sleep { ms } => format!("wait {ms} ms"),
        Step::Settle {} => "wait for quiet".to_owned(),
        Step::WaitEof { max_ms } => format!("wait for the end, at most {max_ms} ms"),
        Step::TcpShutdown { .. } => "close the sending half".to_owned(),
        Step::TcpAbort { .. } => "reset the connection".to_owned(),
        Step::Control { action, args } => format!("on the server: {action} {args}"),
        Step::ServerStop { how } => format!("stop the server: {how}"),
    }
}

fn short(data: &serde_json::Value) -> String {
    const SHORT: usize = 400;
    let text = data.as_str().map_or_else(|| data.to_string(), str::to_owned);
    match text.char_indices().nth(SHORT) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

/// A text in lines, broken at spaces if there are some; `first` stands before it, and so many spaces before the others,
/// or two more if it is all spaces.
pub(super) fn wrapped(first: &str, text: &str) -> String {
    let hanging = if first.trim().is_empty() { 2 } else { 0 };
    let indent = first.chars().count() + hanging;
    let mut lines = String::new();
    let mut line = first.to_owned();
    let mut used = first.chars().count();
    for word in text.split_inclusive(' ') {
        let length = word.trim_end().chars().count();
        if used > indent && used + length > WIDTH && length <= WIDTH - indent {
            end_line(&mut lines, &mut line, indent);
            used = indent;
        }
        for char in word.chars() {
            if used == WIDTH {
                if char == ' ' {
                    continue;
                }
                end_line(&mut lines, &mut line, indent);
                used = indent;
            }
            // A control character would disturb the terminal.
            line.push(if char.is_control() { '·' } else { char });
            used += 1;
        }
    }
    lines + line.trim_end() + "\n"
}

fn end_line(lines: &mut String, line: &mut String, indent: usize) {
    lines.push_str(line.trim_end());
    lines.push('\n');
    *line = " ".repeat(indent);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_broken_at_spaces_or_where_they_must_be() {
        let text = wrapped("  actual    ", &format!("{}{}", "words ".repeat(15), "x".repeat(100)));
        let expected = format!(
            "  actual    {}words\n{indent}{}{}\n{indent}{}\n",
            "words ".repeat(10),
            "words ".repeat(4),
            "x".repeat(44),
            "x".repeat(56),
            indent = " ".repeat(12),
        );
        assert_eq!(text, expected);
    }
}
