//! One connection from its opening to its end: the only loop that touches the socket.

use std::future::Future;
use std::iter;
use std::pin::Pin;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use glimesh_mock::deflate::Deflater;
use glimesh_proto::client::{Client, Config, Event};
use glimesh_proto::{Close, Doc, Instant, Ref, Reply, Status, Transmit, names};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::time::{sleep, sleep_until, timeout};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};

use super::dial::{Opened, Socket};
use super::retry::Retry;
use super::surroundings::{Said, Surroundings};
use super::wire::{self, Heard, Out, Wire};
use super::{Manner, Mutant, Settings, Variant, document};

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client was asked to stop, and has closed.
    Stopped,
    /// The connection is gone; `cut`: without a close frame.
    Lost { cut: bool },
    /// The program crashes, as some mutants do.
    Crashed,
    /// The program ends with status 1.
    Failed,
    /// The program aborts.
    Aborted,
}

/// How much later than the server's close a mutant still talks: too late to have been on its way.
const LATE_WORD: Duration = Duration::from_millis(700);

/// Between two tries of a mutant that hammers at the server.
const HAMMER: Duration = Duration::from_millis(20);

/// How long mutants wait that never give up.
const FOR_EVER: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the other side may take to end the connection after a close frame.
const FAREWELL: Duration = Duration::from_secs(1);

/// A timer that is so late was slept through.
const SLEPT: Duration = Duration::from_secs(1);

/// How many pings a mutant bears.
const MANY_PINGS: u32 = 30;

/// Holds a session on the `nth` open connection, counted from 1. Gives back what is left of the connection.
pub(super) async fn hold(
    settings: &Settings,
    Opened { socket, deflater }: Opened,
    nth: u32,
    retry: &mut Retry,
    stop: Pin<&mut impl Future<Output = ()>>,
) -> (End, Socket) {
    let manner = settings.manner;
    let subscription = document::subscription(manner, &settings.channel_id);
    let heartbeat_every = match manner {
        Manner::Correct(Variant::BeatsTwiceAsOften) => settings.heartbeat_every / 2,
        Manner::Broken(Mutant::BeatsTooSlowly) => settings.heartbeat_every * 2,
        Manner::Broken(Mutant::NoMargin) => settings.heartbeat_every * 3 / 2,
        Manner::Broken(Mutant::TimersPileUp) => settings.heartbeat_every / nth,
        _ => settings.heartbeat_every,
    };
    let reply_within = match manner {
        Manner::Broken(
            Mutant::NeverNotices | Mutant::WaitsForEver | Mutant::TrustsTcp | Mutant::SkipsABeat,
        ) => FOR_EVER,
        Manner::Broken(Mutant::StuckWhenBack) if nth > 1 => FOR_EVER,
        // It believes that it has joined, and is still there when everybody else has.
        Manner::Broken(Mutant::NeverJoins) => settings.reply_within * 2,
        _ => settings.reply_within,
    };
    let beat_reply = match manner {
        Manner::Broken(Mutant::StuckWhenBack) if nth > 1 => FOR_EVER,
        _ => settings.reply_within.min(settings.heartbeat_every * 7 / 10),
    };
    let config = Config { heartbeat_every, reply_within };
    if manner.is(Mutant::ResetsAtOpen) {
        retry.reset();
    }
    if !manner.is(Mutant::KeepsPendingBeat) {
        retry.beat_due = None;
    }
    let mut session = Session {
        manner,
        around: &settings.around,
        beat_reply,
        socket,
        deflater,
        client: Client::new(config, Instant::ZERO),
        wire: Wire::new(manner, nth, subscription.clone(), &settings.channel_id),
        retry,
        subscription,
        opened: tokio::time::Instant::now(),
        join_at: Some(Instant::ZERO),
        doc_at: None,
        asked: Vec::new(),
        pings: 0,
        stuck: false,
    };
    let end = session.run(stop).await;
    (end, session.socket)
}

struct Session<'a> {
    manner: Manner,
    around: &'a Surroundings,
    /// How long a heartbeat's reply may take.
    beat_reply: Duration,
    socket: Socket,
    /// Compresses texts, where that was agreed on.
    deflater: Option<Deflater>,
    client: Client,
    wire: Wire,
    retry: &'a mut Retry,
    subscription: Doc,
    opened: tokio::time::Instant,
    /// When to join; `None` while that is done.
    join_at: Option<Instant>,
    /// When to subscribe again, as mutants do.
    doc_at: Option<Instant>,
    /// The documents that were sent on this connection.
    asked: Vec<Ref>,
    /// The pings that came, as mutants count them.
    pings: u32,
    /// Nothing is read and nothing sent any more, as with some mutants.
    stuck: bool,
}

impl Session<'_> {
    async fn run(&mut self, mut stop: Pin<&mut impl Future<Output = ()>>) -> End {
        loop {
            self.join_if_due();
            if let Some(end) = self.drain().await {
                return end;
            }
            let wake_at = self.wake_at();
            let end = tokio::select! {
                biased;
                () = stop.as_mut() => {
                    self.say_goodbye().await;
                    Some(End::Stopped)
                }
                message = self.socket.next(), if !self.stuck => self.hear(message).await,
                // What has come is read first: a reply that waits to be read is not missing.
                () = sleep_until(wake_at), if !self.stuck => self.wake().await,
            };
            let slept = wake_at.elapsed() > SLEPT && self.manner.is(Mutant::CrashesAfterSleep);
            match end {
                Some(End::Stopped) => return End::Stopped,
                _ if slept => return End::Crashed,
                Some(end) => return end,
                None => {}
            }
        }
    }

    async fn wake(&mut self) -> Option<End> {
        self.client.handle_timeout(self.now());
        // A heartbeat that the client misses by itself is told with its ref.
        if let Some(end) = self.drain().await {
            return Some(end);
        }
        self.retry.beat_due.take_if(|due| *due <= tokio::time::Instant::now())?;
        self.complain("no reply to the heartbeat".to_owned());
        self.say_goodbye().await;
        Some(End::Lost { cut: false })
    }

    fn complain(&self, text: String) {
        self.around.tell(Said::Trouble(text));
    }

    fn now(&self) -> Instant {
        self.opened.elapsed().into()
    }

    fn wake_at(&self) -> tokio::time::Instant {
        let next = [self.client.poll_timeout(), self.join_at, self.doc_at].into_iter().flatten();
        let next = next.min().expect("an open connection has its next heartbeat scheduled");
        let next = self.opened + next.since_start();
        self.retry.beat_due.map_or(next, |due| due.min(next))
    }

    fn join_if_due(&mut self) {
        let now = self.now();
        if self.join_at.is_some_and(|at| at <= now) {
            self.join_at = None;
            // A refusal means that the topic is joined already, or the connection gone.
            let _ = self.client.join(now);
        }
        if self.doc_at.is_some_and(|at| at <= now) {
            self.doc_at = None;
            self.asked.extend(self.client.send_doc(now, &self.subscription));
        }
    }

    /// Does what the client wants done, until it wants nothing more.
    async fn drain(&mut self) -> Option<End> {
        loop {
            while let Some(transmit) = self.client.poll_transmit() {
                // The client closes only when it is told to, and this program closes by itself.
                let Transmit::Text(text) = transmit else { continue };
                if text.contains(names::HEARTBEAT) {
                    self.beat_sent();
                    if self.wire.fails_now() {
                        return Some(End::Failed);
                    }
                }
                for out in self.wire.send(&text) {
                    if self.put(out).await.is_err() {
                        return Some(End::Lost { cut: true });
                    }
                }
            }
            let event = self.client.poll_event()?;
            match self.react(event) {
                Next::GoOn => {}
                Next::Reconnect => {
                    self.say_goodbye().await;
                    return Some(End::Lost { cut: false });
                }
                Next::Fail => return Some(End::Failed),
                Next::Abort => return Some(End::Aborted),
            }
        }
    }

    fn beat_sent(&mut self) {
        let watches = match self.manner {
            Manner::Broken(
                Mutant::NeverNotices
                | Mutant::NoticesLate
                | Mutant::SkipsABeat
                | Mutant::CrashesAtLateReply
                | Mutant::TrustsTcp,
            ) => false,
            _ => self.retry.beat_due.is_none(),
        };
        if watches {
            self.retry.beat_due = Some(tokio::time::Instant::now() + self.beat_reply);
        }
    }

    async fn put(&mut self, out: Out) -> Result<(), tungstenite::Error> {
        let message = match out {
            Out::Text(text) => match self.deflated(&text) {
                Some(bytes) => return self.put_raw(&bytes).await,
                None => Message::text(text),
            },
            Out::Binary(bytes) => Message::binary(bytes),
            Out::Ping => Message::Ping(Vec::new().into()),
            Out::Pong => Message::Pong(Vec::new().into()),
            Out::Raw(bytes) => return self.put_raw(&bytes).await,
            Out::Pause(pause) => {
                sleep(pause).await;
                return Ok(());
            }
        };
        self.socket.send(message).await
    }

    /// Bytes that pass the WebSocket by, behind what it has sent.
    async fn put_raw(&mut self, bytes: &[u8]) -> Result<(), tungstenite::Error> {
        self.socket.flush().await?;
        self.socket.get_mut().write_all(bytes).await?;
        Ok(())
    }

    /// The frame of a compressed text, where that was agreed on.
    fn deflated(&self, text: &str) -> Option<Vec<u8>> {
        let payload = self.deflater?.deflate(iter::once(text.as_bytes()))?;
        wire::compressed(&payload)
    }

    fn react(&mut self, event: Event) -> Next {
        match event {
            Event::Joined if self.manner.varies(Variant::AsksFirst) => {
                let sent = self.client.send_doc(self.now(), &document::question());
                self.asked.extend(sent);
            }
            Event::Joined => self.subscribe(),
            Event::Replied { msg_ref, reply } if reply.status == Status::Error => {
                self.complain(format!("refused: {}", reply.response));
                match self.manner {
                    _ if !self.asked.contains(&msg_ref) => return self.join_was_refused(),
                    Manner::Broken(Mutant::Hammers) => self.doc_at = Some(self.now() + HAMMER),
                    Manner::Broken(Mutant::AbortsAtRefusal) => return Next::Abort,
                    Manner::Broken(Mutant::IgnoresUnmatched) => {}
                    // The server has lost the channel, and with it everything that was asked on this connection.
                    _ if reply == Reply::unmatched_topic() => return Next::Reconnect,
                    _ => {}
                }
            }
            Event::Data { result, .. } => {
                if let Some(said) = message(&result) {
                    self.around.tell(said);
                }
            }
            // The server is alive and content: the next loss is the first one again.
            Event::HeartbeatAnswered => {
                self.retry.beat_due = None;
                self.retry.reset();
            }
            Event::HeartbeatMissed { msg_ref } => {
                self.complain(format!("no reply to the heartbeat {msg_ref}"));
                return Next::Reconnect;
            }
            Event::Unanswered { msg_ref } if !self.asked.contains(&msg_ref) => {
                self.complain(format!("no reply to the join {msg_ref}"));
                return Next::Reconnect;
            }
            Event::ChannelCrashed if self.manner.is(Mutant::IgnoresCrash) => {}
            Event::ChannelClosed if self.manner.is(Mutant::IgnoresChannelClose) => {}
            Event::ChannelCrashed | Event::ChannelClosed => self.join_later(),
            Event::Violation(violation) => self.complain(format!("skipped: {violation}")),
            Event::Replied { msg_ref, .. }
                if self.manner.varies(Variant::AsksFirst) && self.asked.contains(&msg_ref) =>
            {
                self.subscribe();
            }
            Event::Replied { .. }
            | Event::Subscribed { .. }
            | Event::Unsubscribed { .. }
            | Event::Unanswered { .. }
            | Event::Stale(_)
            | Event::Closed(_) => {}
        }
        Next::GoOn
    }

    fn subscribe(&mut self) {
        // A refusal means that the channel is gone, and then there will be another join.
        self.asked.extend(self.client.send_doc(self.now(), &self.subscription));
    }

    fn join_was_refused(&mut self) -> Next {
        match self.manner {
            Manner::Broken(Mutant::StaysJoining) => {}
            Manner::Correct(Variant::ExitsWhenRefused) => return Next::Fail,
            Manner::Broken(Mutant::RejoinsAtOnce) => self.join_at = Some(self.now()),
            _ => {
                let delay = self.retry.next_delay_after_refusal();
                self.join_at = Some(self.now() + delay);
            }
        }
        Next::GoOn
    }

    fn join_later(&mut self) {
        self.join_at = Some(self.now() + self.retry.next_delay());
    }

    async fn hear(&mut self, message: Option<Result<Message, tungstenite::Error>>) -> Option<End> {
        match message {
            Some(Ok(Message::Text(text))) => match self.wire.hear(&text) {
                Heard::Text(text) => self.client.handle_text(self.now(), &text),
                Heard::Nothing => {}
                Heard::Crash => return Some(End::Crashed),
                Heard::Stuck => self.stuck = true,
                Heard::Disconnect => {
                    self.say_goodbye().await;
                    return Some(End::Lost { cut: false });
                }
            },
            Some(Ok(Message::Close(frame))) => {
                match self.manner {
                    Manner::Broken(Mutant::DropsAtClose) => return Some(End::Lost { cut: false }),
                    Manner::Broken(Mutant::CloseIsTheEnd) => {
                        self.stuck = true;
                        return None;
                    }
                    Manner::Broken(Mutant::RestartIsTheEnd)
                        if frame.as_ref().is_some_and(|it| it.code == CloseCode::Restart) =>
                    {
                        self.stuck = true;
                        return None;
                    }
                    _ => {}
                }
                self.client.handle_close(close_of(frame));
                if self.manner.is(Mutant::TalksAfterClose) {
                    sleep(LATE_WORD).await;
                    let word = wire::masked(r#"[null,"0","phoenix","heartbeat",{}]"#);
                    let _ = self.socket.get_mut().write_all(&word).await;
                }
                // The library has queued the answer; reading on sends it.
                let _ = timeout(FAREWELL, until_the_end(&mut self.socket)).await;
                return Some(End::Lost { cut: false });
            }
            // The library has answered already.
            Some(Ok(Message::Ping(data))) if self.manner.varies(Variant::TwoPongs) => {
                if self.socket.send(Message::Pong(data)).await.is_err() {
                    return Some(End::Lost { cut: true });
                }
            }
            Some(Ok(Message::Ping(_))) if self.manner.is(Mutant::LeavesAtPing) => {
                return Some(End::Lost { cut: true });
            }
            Some(Ok(Message::Ping(_))) if self.manner.is(Mutant::LeavesAtManyPings) => {
                self.pings += 1;
                if self.pings > MANY_PINGS {
                    return Some(End::Lost { cut: true });
                }
            }
            Some(Ok(Message::Binary(_))) if self.manner.is(Mutant::CrashesAtBinary) => {
                return Some(End::Crashed);
            }
            // Pings are answered by the library, binary messages are not for us.
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                self.around.tell_error(&error);
                match (self.manner, &error) {
                    (Manner::Broken(Mutant::CrashesAtInvalidUtf8), tungstenite::Error::Utf8(_)) => {
                        return Some(End::Crashed);
                    }
                    (
                        Manner::Broken(Mutant::AbortsAtHugeFrame),
                        tungstenite::Error::Capacity(_),
                    ) => return Some(End::Aborted),
                    _ => {}
                }
                self.client.handle_close(Close::default());
                return Some(End::Lost { cut: true });
            }
            None => return Some(End::Lost { cut: true }),
        }
        None
    }

    /// Ends the connection. What fails now fails because the connection is gone already.
    async fn say_goodbye(&mut self) {
        let code = match self.manner {
            Manner::Broken(Mutant::ClosesWith1006) => 1006,
            Manner::Correct(Variant::ClosesGoingAway) => 1001,
            _ => names::CLOSE_NORMAL,
        };
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        let frame = (!self.manner.varies(Variant::ClosesEmpty)).then_some(frame);
        let by_tcp = self.manner.varies(Variant::ClosesByTcp);
        let socket = &mut self.socket;
        let _ = timeout(FAREWELL, async {
            if by_tcp {
                let _ = socket.get_mut().shutdown().await;
            } else {
                let _ = socket.close(frame).await;
                until_the_end(socket).await;
            }
        })
        .await;
    }
}

/// Whether the connection is still good.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Reconnect,
    Fail,
    Abort,
}

async fn until_the_end(socket: &mut Socket) {
    while let Some(Ok(_)) = socket.next().await {}
}

fn close_of(frame: Option<CloseFrame>) -> Close {
    frame.map_or_else(Close::default, |frame| Close {
        code: Some(frame.code.into()),
        reason: frame.reason.as_str().to_owned(),
    })
}

/// A chat message as `user: text`, whatever the document calls its fields; nothing if there is none.
fn message(result: &Value) -> Option<Said> {
    let fields = result["data"].as_object().and_then(|data| data.values().next())?;
    let text = fields.get("message").or_else(|| fields.get("text")).and_then(Value::as_str);
    let user = fields["user"].get("username").or_else(|| fields["user"].get("name"));
    let user = user.and_then(Value::as_str).unwrap_or("somebody");
    Some(Said::Message(format!("{user}: {}", text.unwrap_or_default())))
}
