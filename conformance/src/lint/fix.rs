//! Mended inputs, where everything about the mending is certain.

use glimesh_proto::connect::Vsn;
use glimesh_proto::diagnostic::{
    Context, MessageKind, Sender, Severity, diagnose_bytes, diagnose_url,
};

use super::input::{Input, InputKind, split_marker};
use super::linter::Options;

/// An input after mending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// All of it.
    pub bytes: Vec<u8>,
    /// How many frames or URLs were mended.
    pub mended: u64,
}

/// Mends the frames or URLs of an input; `None` for kinds that are not written anew: what really crossed a wire is
/// evidence.
pub fn fix(input: &Input, options: &Options) -> Option<Fixed> {
    match input.kind {
        InputKind::Frame => {
            let single = input.single();
            let rest = &input.bytes[single.len()..];
            Some(match mended_frame(single, options) {
                Some(text) => Fixed { bytes: [text.as_bytes(), rest].concat(), mended: 1 },
                None => Fixed { bytes: input.bytes.clone(), mended: 0 },
            })
        }
        InputKind::Frames => Some(lines(&input.bytes, |line| {
            let (sender, start) = split_marker(line);
            let options = Options { sender: sender.or(options.sender), ..*options };
            let (head, frame) = line.split_at(start);
            let mended = mended_frame(frame, &options)?;
            Some([head, mended.as_bytes()].concat())
        })),
        InputKind::Url => Some(lines(&input.bytes, |line| mended_url(line, options))),
        _ => None,
    }
}

fn lines(bytes: &[u8], mend: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Fixed {
    let mut fixed = Fixed { bytes: Vec::with_capacity(bytes.len()), mended: 0 };
    for whole in bytes.split_inclusive(|&byte| byte == b'\n') {
        let line = whole.strip_suffix(b"\n").unwrap_or(whole);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_comment = line.trim_ascii_start().starts_with(b"#");
        let mended = if line.trim_ascii().is_empty() || is_comment { None } else { mend(line) };
        match mended {
            Some(mended) => {
                fixed.bytes.extend(mended);
                fixed.bytes.extend(&whole[line.len()..]);
                fixed.mended += 1;
            }
            None => fixed.bytes.extend(whole),
        }
    }
    fixed
}

/// Only if more than a note calls for it.
fn mended_frame(frame: &[u8], options: &Options) -> Option<String> {
    let sender = options.sender.unwrap_or(Sender::Client);
    let vsn = options.vsn.unwrap_or(Vsn::V2);
    let context = Context { vsn, joined: None, sender, profile: options.profile };
    let found = diagnose_bytes(frame, MessageKind::Text, &context);
    let worth_it = found.iter().any(|one| one.severity > Severity::Note);
    found.into_iter().find_map(|one| one.fix).filter(|_| worth_it)
}

fn mended_url(line: &[u8], options: &Options) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(line).ok()?;
    let url = text.trim();
    let context = Context { profile: options.profile, ..Context::default() };
    let fix = diagnose_url(url, &context).into_iter().find_map(|one| one.fix)?;
    let start = text.len() - text.trim_start().len();
    Some([&text[..start], &fix, &text[start + url.len()..]].concat().into_bytes())
}
