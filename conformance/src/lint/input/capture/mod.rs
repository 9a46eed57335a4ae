//! Packet captures of plain ws: packets to TCP streams to WebSocket messages.

mod packets;
mod stream;
mod websocket;

use std::collections::HashMap;
use std::time::Duration;

use self::packets::{Flags, Packet};
use self::stream::Stream;
use self::websocket::{Dialogue, Heard};
use super::{Event, Origin, Sink, What};

/// How many connections are followed at the same time.
const MOST_FLOWS: usize = 4_096;

/// One TCP connection.
struct Flow {
    /// Its number, once an upgrade was seen in it.
    conn: Option<u32>,
    from_client: Stream,
    from_server: Stream,
    dialogue: Dialogue,
}

/// What a person should know about a capture, besides its frames.
#[derive(Default)]
struct Account {
    connections: u32,
    tls: u64,
    middle: u64,
    gaps: u64,
    compressed: u64,
    odd: u64,
    forgotten: u64,
    cut: Option<String>,
}

/// Reads the packets in their order, and hands over the events of every WebSocket in them.
pub(super) fn read(bytes: &[u8], sink: &mut Sink<'_>) -> Result<Vec<String>, String> {
    let mut flows: HashMap<packets::Pair, Flow> = HashMap::new();
    let mut account = Account::default();
    let cut = packets::each(bytes, |packet| take(&packet, &mut flows, &mut account, sink))?;
    account.cut = cut;
    let mut left: Vec<Flow> = flows.into_values().collect();
    left.sort_by_key(|flow| flow.conn);
    for flow in &left {
        account.add(flow);
    }
    if account.connections == 0 && account.tls > 0 {
        return Err("its connections are TLS: only plain ws can be read; capture between the client and glimesh-mock without --tls, or export a HAR".to_owned());
    }
    if account.connections == 0 {
        return Err(match account.cut {
            Some(cut) => format!("there is no upgrade to a WebSocket in it; {cut}"),
            None => "there is no upgrade to a WebSocket in it".to_owned(),
        });
    }
    Ok(account.notes())
}

fn take(
    packet: &Packet<'_>,
    flows: &mut HashMap<packets::Pair, Flow>,
    account: &mut Account,
    sink: &mut Sink<'_>,
) {
    let (pair, side) = packet.pair();
    let anew = packet.flags.syn && !packet.flags.ack;
    if anew && let Some(former) = flows.remove(&pair) {
        account.add(&former);
    }
    if !flows.contains_key(&pair) {
        if packet.payload.is_empty() && !packet.flags.syn {
            return;
        }
        if flows.len() >= MOST_FLOWS {
            // Whatever is forgotten: it must not be a WebSocket that is followed.
            let idle = flows.iter().find(|(_, flow)| flow.conn.is_none()).map(|(pair, _)| *pair);
            account.forgotten += 1;
            match idle.and_then(|idle| flows.remove(&idle)) {
                Some(former) => account.add(&former),
                None => return,
            }
        }
    }
    let flow = flows.entry(pair).or_insert_with(Flow::new);
    let answers = packet.flags.syn && packet.flags.ack || packet.payload.starts_with(b"HTTP/");
    let client = if answers { side.other() } else { side };
    let client = *flow.dialogue.client.get_or_insert(client);
    let from_client = side == client;
    let stream = if from_client { &mut flow.from_client } else { &mut flow.from_server };
    let Flags { syn, fin, reset, .. } = packet.flags;
    let mut heard = Vec::new();
    let mut data = Vec::new();
    stream.take(packet.sequence, syn, packet.payload, &mut data);
    if !data.is_empty() {
        flow.dialogue.take(from_client, &data, &mut heard);
    }
    if fin || reset {
        heard.push(Heard::End);
    }
    for heard in heard {
        let what = match heard {
            Heard::Upgrade { url, status } => {
                account.connections += 1;
                flow.conn = Some(account.connections);
                What::Upgrade { url, status: Some(status) }
            }
            Heard::Message { sender, kind, data } => {
                What::Message { sender: Some(sender), kind, data }
            }
            Heard::Close { sender, code } => What::Close { sender, code },
            Heard::End => What::End,
        };
        if let Some(conn) = flow.conn {
            let at: Option<Duration> = Some(packet.at);
            sink(Event { conn, at, origin: Origin::Packet(packet.number), what });
        }
    }
}

impl Flow {
    fn new() -> Self {
        Self {
            conn: None,
            from_client: Stream::default(),
            from_server: Stream::default(),
            dialogue: Dialogue::default(),
        }
    }
}

impl Account {
    fn add(&mut self, flow: &Flow) {
        let seen = &flow.dialogue;
        self.tls += u64::from(seen.tls);
        self.middle += u64::from(flow.conn.is_none() && seen.middle);
        self.compressed += seen.compressed;
        if flow.conn.is_some() {
            self.gaps += u64::from(flow.from_client.gap() || flow.from_server.gap());
            self.odd += u64::from(seen.odd);
        }
    }

    fn notes(self) -> Vec<String> {
        let mut notes = Vec::new();
        let mut say = |number: u64, what: &str| {
            if number > 0 {
                notes.push(format!("{number} {what}"));
            }
        };
        say(self.tls, "connections are TLS and were left out");
        say(self.middle, "connections began before the capture and were left out");
        say(
            self.gaps,
            "connections have packets that the capture missed: what follows a gap was left out",
        );
        say(self.compressed, "messages are compressed (permessage-deflate) and were left out");
        say(
            self.odd,
            "connections have bytes that are no WebSocket frames: what follows them was left out",
        );
        say(self.forgotten, "connections were forgotten because too many were open");
        notes.extend(self.cut);
        notes
    }
}

#[cfg(test)]
mod tests;
