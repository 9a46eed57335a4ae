//! Plays one recorded connection to one client.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use glimesh_proto::{Close, Frame, Ref, names};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{self, sleep_until};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::Replay;
use super::meaning::Names;
use super::recorded::{Act, Item, Recorded};
use crate::ending::{Stage, ending};
use crate::scenario::Awaited;
use crate::shared::{Peer, Shared};
use crate::transcript::{From, What};
use crate::websocket::{Input, Link, Socket, echoed};

/// What is said before its time waits; a client that says more than this has departed. No recording of the real server
/// has as many messages.
const MOST_WAITING: usize = 256;

/// How much longer than recorded a client may take before it is said to be late.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much of a text a note shows, in characters.
const SHOWN: usize = 300;

/// How many departures of one connection are told; a client that departs so often plays something else.
const MOST_DEPARTURES: usize = 20;

/// Plays the connection from its 101 to its end.
pub(crate) async fn play<L: Link>(
    shared: Arc<Shared>,
    replay: &Replay,
    peer: Peer,
    link: L,
    early: Vec<u8>,
    mut stop: watch::Receiver<Stage>,
) {
    let conn = peer.conn;
    let limits = (shared.profile.message_limit, shared.limits.unsent);
    let socket = Socket::new(link, early, limits, None).await;
    let mut player = Player {
        socket,
        shared: &shared,
        replay,
        conn,
        names: Names::default(),
        waiting: VecDeque::new(),
        beats: 0,
        departures: 0,
        over: false,
    };
    let end = match replay.of(conn) {
        Some(recorded) => {
            tokio::select! {
                biased;
                end = player.run(recorded) => end,
                cut = ending(&mut stop) => match cut {
                    true => End::Cut { reset: false },
                    false => End::Close { code: Some(names::CLOSE_NORMAL), reason: String::new() },
                },
            }
        }
        None => End::Cut { reset: false },
    };
    let was_over = player.over;
    let (from, reset) = player.finish(end).await;
    shared.recorder.append(Some(conn), What::Eof { from, reset });
    shared.recorder.happened(Awaited::End);
    if !was_over {
        shared.recorder.happened(Awaited::Replayed);
    }
}

struct Player<'a, L> {
    socket: Socket<L>,
    shared: &'a Shared,
    replay: &'a Replay,
    conn: u32,
    names: Names,
    /// What the client has said before it was its turn.
    waiting: VecDeque<Heard>,
    beats: usize,
    departures: usize,
    /// Whether the recording had no more to say while the client was still there.
    over: bool,
}

#[derive(Clone, Debug, PartialEq)]
enum Heard {
    Text(String),
    Binary(Vec<u8>),
}

/// How the connection ends.
enum End {
    /// The client sent a close frame.
    Closed(Option<CloseFrame>),
    /// The client ended TCP.
    Gone { reset: bool },
    /// We close.
    Close { code: Option<u16>, reason: String },
    /// We end TCP.
    Cut { reset: bool },
}

impl<L: Link> Player<'_, L> {
    async fn run(&mut self, recorded: &Recorded) -> End {
        // Recorded time and the time of now, where both were last known to be the same.
        let mut before = (recorded.opened_at, time::Instant::now());
        for (index, item) in recorded.items.iter().enumerate() {
            let later = &recorded.items[index..];
            let gap = item.at.since_start().saturating_sub(before.0.since_start());
            let due = before.1 + self.replay.pace.scaled(gap) / self.shared.rate / self.shared.pace;
            let done = match &item.act {
                expected @ (Act::Heard(_) | Act::HeardBinary(_)) => {
                    self.hear(expected, due, recorded, later).await
                }
                Act::Left => return self.see_off(due, recorded).await,
                said => match self.wait_until(due, recorded, later).await {
                    None => self.say(said),
                    ended => ended,
                },
            };
            if let Some(end) = done {
                return end;
            }
            before = (item.at, time::Instant::now());
        }
        for heard in std::mem::take(&mut self.waiting) {
            self.departed(&format!("expected nothing, and {} came once more", shown(&heard)));
        }
        self.note(
            "replay-over",
            "the recording of this connection ends here; the connection stays",
        );
        self.over = true;
        self.shared.recorder.happened(Awaited::Replayed);
        loop {
            if let Some(end) = self.next(recorded, &[]).await {
                return end;
            }
        }
    }

    /// Waits for the client to say what it said then.
    async fn hear(
        &mut self,
        expected: &Act,
        due: time::Instant,
        recorded: &Recorded,
        later: &[Item],
    ) -> Option<End> {
        let late = due.max(time::Instant::now()) + PATIENCE;
        let mut is_late = false;
        loop {
            let found = self.waiting.iter().position(|heard| self.is_meant(expected, heard));
            if let Some(heard) = found.and_then(|at| self.waiting.remove(at)) {
                if let (Act::Heard(recorded), Heard::Text(now)) = (expected, &heard) {
                    self.names.learn(recorded, now);
                }
                return None;
            }
            let ended = tokio::select! {
                biased;
                ended = self.next(recorded, later) => ended,
                () = sleep_until(late), if !is_late => {
                    is_late = true;
                    let seconds = PATIENCE.as_secs();
                    let text = format!(
                        "the client is {seconds} s later than in the recording: expected {}, and nothing came",
                        expected_words(expected)
                    );
                    self.departed(&text);
                    None
                }
            };
            if let Some(end) = ended {
                let expected = expected_words(expected);
                let text = format!("expected {expected}, and the client ended the connection");
                self.departed(&text);
                return Some(end);
            }
        }
    }

    /// Waits for the client to end the connection, as it did then.
    async fn see_off(&mut self, due: time::Instant, recorded: &Recorded) -> End {
        let late = due.max(time::Instant::now()) + PATIENCE;
        let mut is_late = false;
        loop {
            let ended = tokio::select! {
                biased;
                ended = self.next(recorded, &[]) => ended,
                () = sleep_until(late), if !is_late => {
                    is_late = true;
                    self.departed("expected the client to end the connection, and it has not");
                    None
                }
            };
            if let Some(end) = ended {
                return end;
            }
        }
    }

    async fn wait_until(
        &mut self,
        due: time::Instant,
        recorded: &Recorded,
        later: &[Item],
    ) -> Option<End> {
        loop {
            tokio::select! {
                biased;
                // What has come already belongs before what is said next.
                ended = self.next(recorded, later) => if ended.is_some() {
                    self.departed("the client ended the connection, and the recording goes on");
                    return ended;
                },
                () = sleep_until(due) => return None,
            }
        }
    }

    /// Takes the next thing that the client does. What belongs to the rest of the recording waits for its turn.
    async fn next(&mut self, recorded: &Recorded, later: &[Item]) -> Option<End> {
        let input = self.socket.next(true).await;
        let recorder = &self.shared.recorder;
        let (conn, now) = (self.conn, recorder.now());
        match input {
            Input::Text(text) => {
                recorder.text(conn, now, From::Client, &text);
                self.take(Heard::Text(text.to_string()), recorded, later);
            }
            Input::Binary(bytes) => {
                recorder.binary(conn, now, From::Client, &bytes);
                self.take(Heard::Binary(bytes.to_vec()), recorded, later);
            }
            Input::Ping(payload) => {
                let hex = recorder.payload(&payload);
                let answer = What::Pong { from: From::Server, hex: hex.clone() };
                recorder.append(Some(conn), What::Ping { from: From::Client, hex });
                recorder.append(Some(conn), answer);
            }
            Input::Pong(payload) => {
                let hex = recorder.payload(&payload);
                recorder.append(Some(conn), What::Pong { from: From::Client, hex });
            }
            Input::Close(frame) => {
                let code = frame.as_ref().map(|frame| frame.code.into());
                let reason = frame.as_ref().map_or("", |frame| &frame.reason);
                recorder.close(conn, From::Client, code, reason);
                return Some(End::Closed(frame));
            }
            Input::Gone { reset } => return Some(End::Gone { reset }),
            Input::TooBig { .. } => {
                return Some(End::Close { code: Some(1009), reason: String::new() });
            }
            Input::Fault { code, why, .. } => {
                recorder.note(Some(conn), "websocket-fault", &format!("closed with {code}: {why}"));
                return Some(End::Close { code: Some(code), reason: String::new() });
            }
        }
        None
    }

    fn take(&mut self, heard: Heard, recorded: &Recorded, later: &[Item]) {
        if let Heard::Text(text) = &heard
            && let Ok(frame) = Frame::decode(text)
            && frame.topic == names::PHOENIX_TOPIC
            && frame.event == names::HEARTBEAT
        {
            return self.answer_heartbeat(frame.msg_ref, recorded);
        }
        // A credential that a client puts into its frames stands as a mark in the recording.
        let heard = match heard {
            Heard::Text(text) => {
                Heard::Text(self.shared.recorder.redact(|redactor| redactor.message(&text)))
            }
            Heard::Binary(bytes) => {
                Heard::Binary(self.shared.recorder.redact(|redactor| redactor.bytes(&bytes)))
            }
        };
        let of_client = |item: &&Item| matches!(item.act, Act::Heard(_) | Act::HeardBinary(_));
        let mut expected = later.iter().filter(of_client).map(|item| &item.act).take(MOST_WAITING);
        let next = expected.clone().next().map_or_else(|| "nothing".to_owned(), expected_words);
        let is_expected = expected.any(|expected| self.is_meant(expected, &heard));
        if is_expected && self.waiting.len() < MOST_WAITING {
            return self.waiting.push_back(heard);
        }
        self.departed(&format!("expected {next}, and {} came; it is not answered", shown(&heard)));
    }

    fn is_meant(&self, expected: &Act, heard: &Heard) -> bool {
        match (expected, heard) {
            (Act::Heard(expected), Heard::Text(heard)) => self.names.mean_the_same(expected, heard),
            (Act::HeardBinary(expected), Heard::Binary(heard)) => expected == heard,
            _ => false,
        }
    }

    /// As the heartbeat of the same number was answered, or the last one.
    fn answer_heartbeat(&mut self, msg_ref: Option<Ref>, recorded: &Recorded) {
        self.shared.recorder.happened(Awaited::Heartbeat);
        let index = self.beats.min(recorded.beats.len().saturating_sub(1));
        self.beats += 1;
        let reply = match recorded.beats.get(index) {
            Some(Some(reply)) => reply.clone(),
            // The recorded one stayed without an answer.
            Some(None) => return,
            None => Frame {
                join_ref: None,
                msg_ref: None,
                topic: names::PHOENIX_TOPIC.into(),
                event: names::PHX_REPLY.into(),
                payload: json!({"response": {}, "status": "ok"}).into(),
            },
        };
        let reply = Frame { msg_ref, ..reply };
        // A client that reads so slowly shows itself at the next read.
        let _ = self.send(&reply.encode());
    }

    fn say(&mut self, said: &Act) -> Option<End> {
        match said {
            Act::Say(text) => {
                let replay = self.replay;
                let text = self.names.translate(text, |id| replay.fresh_id(id));
                self.send(&text)
            }
            Act::SayBinary(bytes) => {
                let recorder = &self.shared.recorder;
                recorder.binary(self.conn, recorder.now(), From::Server, bytes);
                self.socket.send_binary(bytes).err().map(|_| End::Cut { reset: true })
            }
            Act::Close { code, reason } => Some(End::Close { code: *code, reason: reason.clone() }),
            Act::Cut { reset } => Some(End::Cut { reset: *reset }),
            Act::Heard(_) | Act::HeardBinary(_) | Act::Left => None,
        }
    }

    fn send(&mut self, text: &str) -> Option<End> {
        let recorder = &self.shared.recorder;
        recorder.text(self.conn, recorder.now(), From::Server, text);
        self.socket.send_text(text).err().map(|_| End::Cut { reset: true })
    }

    fn departed(&mut self, text: &str) {
        self.departures += 1;
        if self.departures <= MOST_DEPARTURES {
            self.note("departed", text);
        }
    }

    fn note(&self, code: &str, text: &str) {
        self.shared.recorder.note(Some(self.conn), code, text);
    }

    /// Ends the WebSocket and TCP; says who ended it, and whether by a reset.
    async fn finish(self, end: End) -> (From, bool) {
        let recorder = &self.shared.recorder;
        let conn = self.conn;
        match end {
            End::Close { code, reason } => {
                recorder.close(conn, From::Server, code, &reason);
                let close = Close { code, reason };
                let frame = close.code.map(|code| CloseFrame {
                    code: code.into(),
                    reason: close.reason.as_str().into(),
                });
                let late = |input| {
                    if let Input::Close(frame) = input {
                        let code = frame.as_ref().map(|frame| frame.code.into());
                        recorder.close(conn, From::Client, code, "");
                    }
                };
                self.socket.close(frame, late).await;
                (From::Server, false)
            }
            End::Closed(frame) => {
                let code = frame.map(|frame| echoed(frame.code.into()));
                recorder.close(conn, From::Server, code, "");
                self.socket.echo(code).await;
                (From::Server, false)
            }
            End::Gone { reset } => {
                self.socket.leave().await;
                (From::Client, reset)
            }
            End::Cut { reset: true } => {
                self.socket.reset();
                (From::Server, true)
            }
            End::Cut { reset: false } => {
                self.socket.cut().await;
                (From::Server, false)
            }
        }
    }
}

fn expected_words(act: &Act) -> String {
    match act {
        Act::Heard(text) => cut(text),
        Act::HeardBinary(bytes) => format!("a binary message of {} bytes", bytes.len()),
        _ => "nothing".to_owned(),
    }
}

fn shown(heard: &Heard) -> String {
    match heard {
        Heard::Text(text) => cut(text),
        Heard::Binary(bytes) => format!("a binary message of {} bytes", bytes.len()),
    }
}

fn cut(text: &str) -> String {
    let cut: String = text.chars().take(SHOWN).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
