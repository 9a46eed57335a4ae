//! The only loop per connection: its WebSocket, its timeouts, and what others want it to do.

mod orders;

use std::sync::Arc;
use std::time::Duration;

use glimesh_proto::{Close, Transmit, names};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::conversation::{Conversation, Outgoing};
use crate::ending::{Stage, ending};
use crate::mailbox::{Command, Mailbox, Overflowed};
use crate::profile::HeartbeatDrop;
use crate::replay;
use crate::scenario::{Awaited, Then};
use crate::shared::{Peer, Shared};
use crate::transcript::{From, What};
use crate::websocket::{Input, Link, Socket, echoed};
use crate::wire::TooSlow;

/// Runs one connection from its 101 to its end. `early` is what came behind the upgrade request.
pub(crate) async fn drive<L: Link>(
    shared: Arc<Shared>,
    mut peer: Peer,
    link: L,
    early: Vec<u8>,
    mut stop: watch::Receiver<Stage>,
) {
    if let Some(replay) = shared.replay.clone() {
        return Box::pin(replay::play(shared, &replay, peer, link, early, stop)).await;
    }
    let conn = peer.conn;
    // Nobody asks the peer for it any more, and there are thousands of idle connections.
    let socket_id = std::mem::take(&mut peer.socket_id);
    let mailbox = shared.chat.connect(conn, socket_id, shared.limits.mailbox);
    let limits = (shared.profile.message_limit, shared.limits.unsent);
    let socket = Socket::new(link, early, limits, peer.compression).await;
    let conversation = Conversation::new(Arc::clone(&shared), peer);
    let mut driver = Driver { socket, conversation, mailbox, reads: true };
    shared.metrics.open.inc();
    let end = driver.run(&mut stop).await;
    driver.conversation.outlived();
    shared.metrics.open.dec();
    shared.chat.disconnect(conn);
    // In a box, as all that is needed for a moment: a connection's task has the size of its largest moment.
    let (from, reset) = Box::pin(driver.finish(end)).await;
    shared.recorder.append(Some(conn), What::Eof { from, reset });
    shared.recorder.happened(Awaited::End);
}

struct Driver<L> {
    socket: Socket<L>,
    conversation: Conversation,
    mailbox: Mailbox,
    /// Whether what the client sends is read.
    reads: bool,
}

/// How the loop ended.
#[derive(Debug)]
enum End {
    /// We close; the frame is recorded and not sent.
    Close(Close),
    /// The client closed.
    Closed(Option<CloseFrame>),
    /// The client ended TCP.
    Gone { reset: bool },
    /// We end TCP without a close frame.
    Cut,
    /// We reset TCP.
    Reset,
}

/// A frame that is found waiting at a wake-up counts as in time, for this machine may have stalled; but a client
/// that never stops sending must not live for ever on that.
const STALL: Duration = Duration::from_secs(1);

/// How long nothing is due for a connection on which a scenario lets nothing happen.
const FAR: Duration = Duration::from_secs(24 * 60 * 60);

impl<L: Link> Driver<L> {
    async fn run(&mut self, stop: &mut watch::Receiver<Stage>) -> End {
        let (sleep, ending) = (sleep_until(Instant::now()), ending(stop));
        tokio::pin!(sleep, ending);
        loop {
            if let Some(end) = self.send().or_else(|| self.collect()) {
                return end;
            }
            let deadline = self.deadline();
            // A stored time is cheap and a timer is not: one that is early is corrected when it fires.
            if sleep.is_elapsed() || deadline < sleep.deadline() {
                sleep.as_mut().reset(deadline);
            }
            let heard = tokio::select! {
                biased;
                input = self.socket.next(self.reads) => self.hear(input),
                () = self.mailbox.ready() => None,
                () = &mut sleep => { self.wake(); None }
                cut = &mut ending => {
                    let close = || Command::Close(Box::new(Close::new(names::CLOSE_NORMAL)));
                    // Nobody can be told twice: what follows is the end.
                    self.obey(if cut { Command::Cut } else { close() })
                }
            };
            if let Some(end) = heard {
                return end;
            }
        }
    }

    /// Takes all that waits in the mailbox, so that it goes out in one flush.
    fn collect(&mut self) -> Option<End> {
        match self.mailbox.take() {
            Ok(commands) => commands.into_iter().find_map(|command| self.obey(command)),
            Err(Overflowed) => Some(self.too_slow()),
        }
    }

    fn obey(&mut self, command: Command) -> Option<End> {
        let Self { socket, conversation, .. } = self;
        let sent = match command {
            Command::Data(_) if socket.is_mute() => Ok(()),
            Command::Data(data) => match conversation.deliver(data) {
                Some(data) => {
                    conversation.shared.metrics.frames_out.inc();
                    socket.send_data(&data)
                }
                None => Ok(()),
            },
            Command::Text(text) => {
                conversation.say(text);
                Ok(())
            }
            Command::Broadcast(text) => {
                conversation.broadcast(text);
                Ok(())
            }
            Command::Binary(_) if socket.is_mute() => Ok(()),
            Command::Binary(bytes) => {
                let recorder = &conversation.shared.recorder;
                recorder.binary(conversation.peer.conn, recorder.now(), From::Server, &bytes);
                conversation.shared.metrics.frames_out.inc();
                socket.send_binary(&bytes)
            }
            Command::KillChannel { reason } => {
                conversation.kill_channel(&reason);
                Ok(())
            }
            Command::Close(close) => {
                conversation.close(*close);
                Ok(())
            }
            Command::Order(order) => return self.carry_out(*order),
            Command::Cut => return Some(End::Cut),
            Command::Reset => return Some(End::Reset),
        };
        match sent {
            // What the next command sends must not overtake it.
            Ok(()) => self.send(),
            Err(TooSlow) => Some(self.too_slow()),
        }
    }

    fn hear(&mut self, input: Input) -> Option<End> {
        let recorder = &self.conversation.shared.recorder;
        let conn = self.conversation.peer.conn;
        let now = recorder.now();
        if recorder.is_full() {
            let text = "closed with 1008: the session has recorded all that it may hold";
            return Some(self.refuse(1008, "transcript-full", text));
        }
        if matches!(input, Input::Text(_) | Input::Binary(_)) {
            self.conversation.shared.metrics.frames_in.inc();
        }
        match input {
            Input::Text(text) => self.conversation.hear(now, &text),
            Input::Binary(bytes) => self.conversation.hear_binary(now, &bytes),
            Input::Ping(payload) => {
                recorder.happened(Awaited::Ping);
                let hex = recorder.payload(&payload);
                let answer = What::Pong { from: From::Server, hex: hex.clone() };
                recorder.append(Some(conn), What::Ping { from: From::Client, hex });
                if !self.socket.is_mute() {
                    recorder.append(Some(conn), answer);
                }
            }
            Input::Pong(payload) => {
                recorder.happened(Awaited::Pong);
                let hex = recorder.payload(&payload);
                recorder.append(Some(conn), What::Pong { from: From::Client, hex });
            }
            Input::Close(frame) => {
                recorder.happened(Awaited::Close);
                let (code, reason) = code_and_reason(frame.as_ref());
                recorder.close(conn, From::Client, code, reason);
                return Some(End::Closed(frame));
            }
            Input::Gone { reset } => return Some(End::Gone { reset }),
            Input::TooBig { size } => {
                let limit = self.conversation.shared.profile.message_limit;
                let text = format!(
                    "closed with 1009: a message of {size} bytes or more; at most {limit} are read"
                );
                return Some(self.refuse(1009, "message-too-big", &text));
            }
            Input::Fault { code, word, why } => {
                let text = format!("closed with {code}: {why}");
                return Some(self.refuse(code, word, &text));
            }
        }
        self.conversation.hear_traffic(now);
        if self.deadline() + STALL < Instant::now() {
            self.wake();
        }
        None
    }

    fn wake(&mut self) {
        // A timer from before the server fell silent says nothing.
        if self.drops_nobody() {
            return;
        }
        let recorder = &self.conversation.shared.recorder;
        let (now, last_byte) = (recorder.now(), recorder.at(self.socket.last_byte()));
        self.conversation.hear_traffic(last_byte.max(self.conversation.peer.opened_at));
        self.conversation.wake(now);
    }

    /// Whether a scenario lets the server hear or say nothing on this connection.
    fn drops_nobody(&self) -> bool {
        self.socket.is_mute() || !self.reads
    }

    fn deadline(&self) -> Instant {
        if self.drops_nobody() {
            return Instant::now() + FAR;
        }
        // Without a deadline the rule is not armed yet, or the machine is closed and its close frame about to be found.
        let recorder = &self.conversation.shared.recorder;
        let at = self.conversation.deadline().unwrap_or_else(|| Duration::MAX.into());
        recorder.time_of(at)
    }

    /// Puts everything that is to be said on the socket; the flush comes with the next read.
    fn send(&mut self) -> Option<End> {
        let conn = self.conversation.peer.conn;
        while let Some(outgoing) = self.conversation.poll_outgoing() {
            let recorder = &self.conversation.shared.recorder;
            let transmit = match outgoing {
                Outgoing::Transmit(transmit) => transmit,
                Outgoing::Fragment(fragment) => {
                    if let Some(end) = self.put_fragments(&fragment) {
                        return Some(end);
                    }
                    continue;
                }
            };
            match transmit {
                Transmit::Text(_) if self.socket.is_mute() => {}
                Transmit::Text(text) => {
                    recorder.text(conn, recorder.now(), From::Server, &text);
                    self.conversation.shared.metrics.frames_out.inc();
                    if let Err(TooSlow) = self.socket.send_text(&text) {
                        return Some(self.too_slow());
                    }
                }
                Transmit::Close(_) if self.conversation.ends_by() == Some(&HeartbeatDrop::Cut) => {
                    return Some(End::Cut);
                }
                Transmit::Close(_)
                    if self.conversation.ends_by() == Some(&HeartbeatDrop::Reset) =>
                {
                    return Some(End::Reset);
                }
                Transmit::Close(close) => {
                    recorder.close(conn, From::Server, close.code, &close.reason);
                    return Some(End::Close(close));
                }
            }
        }
        self.conversation.take_end().map(|end| match end {
            Then::Reset => End::Reset,
            Then::Cut | Then::Close(_) => End::Cut,
        })
    }

    fn refuse(&mut self, code: u16, word: &'static str, text: &str) -> End {
        self.conversation.drop_for((word, text.to_owned()));
        let close = self.conversation.explained(Close::new(code));
        let recorder = &self.conversation.shared.recorder;
        recorder.close(self.conversation.peer.conn, From::Server, close.code, &close.reason);
        End::Close(close)
    }

    /// A close frame would wait behind everything else; the connection is cut instead.
    fn too_slow(&mut self) -> End {
        let text = "cut: the client reads too slowly, and too much was waiting for it";
        self.conversation.drop_for(("slow-reader", text.to_owned()));
        End::Reset
    }

    /// Ends the WebSocket and TCP; says who ended it, and whether by a reset.
    async fn finish(mut self, end: End) -> (From, bool) {
        self.socket.set_mute(false);
        let recorder = &self.conversation.shared.recorder;
        let conn = self.conversation.peer.conn;
        match end {
            End::Close(close) => {
                let late = |input| record_late(recorder, conn, input);
                self.socket.close(close_frame(&close), late).await;
                (From::Server, false)
            }
            End::Closed(frame) => {
                let code = frame.map(|frame| echoed(frame.code.into()));
                recorder.close(conn, From::Server, code, "");
                self.socket.echo(code).await;
                (From::Server, false)
            }
            End::Gone { .. } if self.socket.link().is_cut() => {
                self.socket.reset();
                (From::Server, true)
            }
            End::Gone { reset } => {
                self.socket.leave().await;
                (From::Client, reset)
            }
            End::Cut => {
                self.socket.cut().await;
                (From::Server, false)
            }
            End::Reset => {
                self.socket.reset();
                (From::Server, true)
            }
        }
    }
}

/// What the client says after our close frame is evidence, and has no answer.
fn record_late(recorder: &crate::recorder::Recorder, conn: u32, input: Input) {
    match input {
        Input::Text(text) => recorder.text(conn, recorder.now(), From::Client, &text),
        Input::Binary(bytes) => recorder.binary(conn, recorder.now(), From::Client, &bytes),
        Input::Close(frame) => {
            let (code, reason) = code_and_reason(frame.as_ref());
            recorder.close(conn, From::Client, code, reason);
        }
        _ => {}
    }
}

fn code_and_reason(frame: Option<&CloseFrame>) -> (Option<u16>, &str) {
    match frame {
        Some(frame) => (Some(frame.code.into()), &frame.reason),
        None => (None, ""),
    }
}

fn close_frame(close: &Close) -> Option<CloseFrame> {
    close.code.map(|code| CloseFrame { code: code.into(), reason: close.reason.as_str().into() })
}

#[cfg(test)]
mod tests;
