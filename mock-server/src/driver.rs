//! The only loop per connection: its WebSocket, its timeouts, and what others want it to do.

use std::sync::Arc;
use std::time::Duration;

use glimesh_proto::{Close, Transmit, names};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::conversation::{Conversation, Peer, Shared};
use crate::mailbox::{Command, Mailbox, Overflowed};
use crate::scenario::Awaited;
use crate::transcript::{From, What};
use crate::websocket::{Input, Link, Socket, echoed};
use crate::wire::TooSlow;

/// Runs one connection from its 101 to its end. `early` is what came behind the upgrade request.
pub(crate) async fn drive<L: Link>(
    shared: Arc<Shared>,
    peer: Peer,
    link: L,
    early: Vec<u8>,
    mut stop: watch::Receiver<bool>,
) {
    let conn = peer.conn;
    let mailbox = shared.chat.connect(conn);
    let socket = Socket::new(link, early, shared.profile.message_limit).await;
    let conversation = Conversation::new(Arc::clone(&shared), peer);
    let mut driver = Driver { socket, conversation, mailbox };
    let end = driver.run(&mut stop).await;
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
    /// We reset TCP.
    Reset,
}

/// A frame that is found waiting at a wake-up counts as in time, for this machine may have stalled; but a client
/// that never stops sending must not live for ever on that.
const STALL: Duration = Duration::from_secs(1);

impl<L: Link> Driver<L> {
    async fn run(&mut self, stop: &mut watch::Receiver<bool>) -> End {
        let (sleep, stopped) = (sleep_until(Instant::now()), stopped(stop));
        tokio::pin!(sleep, stopped);
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
                input = self.socket.next() => self.hear(input),
                () = self.mailbox.ready() => None,
                () = &mut sleep => { self.wake(); None }
                () = &mut stopped => {
                    self.conversation.close(Close::new(names::CLOSE_NORMAL));
                    // Nobody can be told twice: what follows is the end.
                    self.send()
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
        let sent = match command {
            Command::Data(data) => match self.conversation.deliver(data) {
                Some(data) => self.socket.send_data(&data),
                None => Ok(()),
            },
            Command::Text(text) => {
                self.conversation.say(text);
                Ok(())
            }
            Command::Binary(bytes) => {
                let recorder = &self.conversation.shared.recorder;
                recorder.binary(self.conversation.peer.conn, recorder.now(), From::Server, &bytes);
                self.socket.send_binary(&bytes)
            }
            Command::Close(close) => {
                self.conversation.close(*close);
                Ok(())
            }
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
        match input {
            Input::Text(text) => self.conversation.hear(now, &text),
            Input::Binary(bytes) => self.conversation.hear_binary(now, &bytes),
            Input::Ping => {
                recorder.append(Some(conn), What::Ping { from: From::Client });
                recorder.append(Some(conn), What::Pong { from: From::Server });
            }
            Input::Pong => recorder.append(Some(conn), What::Pong { from: From::Client }),
            Input::Close(frame) => {
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
            Input::Fault { code, why } => {
                let text = format!("closed with {code}: {why}");
                return Some(self.refuse(code, "websocket-fault", &text));
            }
        }
        self.conversation.hear_traffic(now);
        if self.deadline() + STALL < Instant::now() {
            self.wake();
        }
        None
    }

    fn wake(&mut self) {
        let recorder = &self.conversation.shared.recorder;
        let (now, last_byte) = (recorder.now(), recorder.at(self.socket.last_byte()));
        self.conversation.hear_traffic(last_byte.max(self.conversation.peer.opened_at));
        self.conversation.wake(now);
    }

    fn deadline(&self) -> Instant {
        // Without a deadline there is a closed machine, whose close frame is about to be found.
        let recorder = &self.conversation.shared.recorder;
        self.conversation.deadline().map_or_else(Instant::now, |at| recorder.time_of(at))
    }

    /// Puts everything that is to be said on the socket; the flush comes with the next read.
    fn send(&mut self) -> Option<End> {
        let conn = self.conversation.peer.conn;
        while let Some(transmit) = self.conversation.poll_transmit() {
            let recorder = &self.conversation.shared.recorder;
            match transmit {
                Transmit::Text(text) => {
                    recorder.text(conn, recorder.now(), From::Server, &text);
                    if let Err(TooSlow) = self.socket.send_text(&text) {
                        return Some(self.too_slow());
                    }
                }
                Transmit::Close(close) => {
                    recorder.close(conn, From::Server, close.code, &close.reason);
                    return Some(End::Close(close));
                }
            }
        }
        None
    }

    fn refuse(&self, code: u16, word: &'static str, text: &str) -> End {
        self.conversation.note((word, text.to_owned()));
        let recorder = &self.conversation.shared.recorder;
        recorder.close(self.conversation.peer.conn, From::Server, Some(code), "");
        End::Close(Close::new(code))
    }

    /// A close frame would wait behind everything else; the connection is cut instead.
    fn too_slow(&self) -> End {
        let text = "cut: the client reads too slowly, and too much was waiting for it";
        self.conversation.note(("slow-reader", text.to_owned()));
        End::Reset
    }

    /// Ends the WebSocket and TCP; says who ended it, and whether by a reset.
    async fn finish(self, end: End) -> (From, bool) {
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
            End::Gone { reset } => {
                self.socket.leave().await;
                (From::Client, reset)
            }
            End::Reset => {
                self.socket.reset();
                (From::Server, true)
            }
        }
    }
}

/// Waits until the server is told to stop, or is dropped.
pub(crate) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody can say so any more.
    let _ = stop.wait_for(|stop| *stop).await;
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
