//! Transcripts of the kit.

use std::time::Duration;

use glimesh_mock::transcript::{Entry, FORMAT, From, Header, What as Wire};
use glimesh_proto::diagnostic::{MessageKind, Sender};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Event, Origin, Sink, What};

/// A line, only as far as to say where its data stands.
#[derive(Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    what: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

pub(super) fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Result<Vec<String>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let mut offset = 0;
    let mut rate = None;
    let mut notes = Vec::new();
    for (number, whole) in text.split_inclusive('\n').enumerate() {
        let line = whole.trim_end();
        let fault = |error: serde_json::Error| format!("line {}: {error}", number + 1);
        match rate {
            None => {
                let header: Header = serde_json::from_str(line).map_err(fault)?;
                if header.format != FORMAT {
                    return Err(format!("its format is {}, not {FORMAT}", header.format));
                }
                rate = Some(header.clock.rate.max(1));
            }
            Some(_) if line.is_empty() => {}
            Some(rate) => match serde_json::from_str::<Entry>(line) {
                Ok(entry) => entry_of(&entry, line, offset, rate, sink),
                // A run that was killed leaves half a line.
                Err(error) if !whole.ends_with('\n') => {
                    notes.push(format!("the last line of the transcript is cut off: {error}"));
                }
                Err(error) => return Err(fault(error)),
            },
        }
        offset += whole.len();
    }
    rate.map(|_| notes).ok_or_else(|| "it is empty".to_owned())
}

fn entry_of(entry: &Entry, line: &str, offset: usize, rate: u32, sink: &mut Sink<'_>) {
    let Some(conn) = entry.conn else { return };
    // Rules about time are about the client's seconds.
    let at = Some(Duration::from_millis(entry.at.as_millis()).saturating_mul(rate));
    let (origin, what) = match &entry.what {
        Wire::Upgrade { path, query, status, .. } => {
            let pairs: Vec<String> =
                query.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let mark = if pairs.is_empty() { "" } else { "?" };
            let url = format!("{path}{mark}{}", pairs.join("&"));
            (Origin::Encoded(offset), What::Upgrade { url, status: Some(*status) })
        }
        // A message that was cut says nothing about its end.
        Wire::Text { from, data, len } if *len <= glimesh_mock::transcript::MAX_DATA => {
            let place =
                serde_json::from_str::<Place<'_>>(line).ok().and_then(|place| place.what.data);
            let start = place.map_or(0, |raw| raw.get().as_ptr().addr() - line.as_ptr().addr() + 1);
            let data = data.clone().into_bytes();
            let what = What::Message { sender: Some(sender(*from)), kind: MessageKind::Text, data };
            (Origin::Escaped(offset + start), what)
        }
        Wire::Binary { from, hex, len } if hex.len() == 2 * len => {
            let Some(data) = unhex(hex) else { return };
            let what =
                What::Message { sender: Some(sender(*from)), kind: MessageKind::Binary, data };
            (Origin::Encoded(offset), what)
        }
        Wire::Close { from, code, .. } => {
            (Origin::Encoded(offset), What::Close { sender: sender(*from), code: *code })
        }
        Wire::Eof { .. } => (Origin::Encoded(offset), What::End),
        _ => return,
    };
    sink(Event { conn, at, origin, what });
}

const fn sender(from: From) -> Sender {
    match from {
        From::Client => Sender::Client,
        From::Server => Sender::Server,
    }
}

fn unhex(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
