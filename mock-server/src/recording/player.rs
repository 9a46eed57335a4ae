//! Does a record's steps again, and writes down what comes.

use std::collections::BTreeMap;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};

use super::event::{Event, What};
use super::line::{Line, RawFrame, Seen};
use super::normal::Normal;
use super::record::Record;
use super::request::{request, text_of};
use super::stage::{Scene, Stage};
use super::step::{Connect, Step};
use crate::StartError;

/// How long what was recorded may take to come.
const PATIENCE: Duration = Duration::from_secs(3);

/// The same once something has failed to come: as long as the recorder waited for a first answer.
const IMPATIENCE: Duration = Duration::from_millis(400);

/// How long a line must stay quiet: at the end of a record, and after each step of a slow one, as the recorder did.
const QUIET: Duration = Duration::from_millis(110);

/// The longest text, in bytes, that is compared in full; of longer ones the recorder kept the hash.
const LONGEST: usize = 4_000;

/// Plays one record; the events of each connection come in their order.
///
/// # Errors
///
/// The server, which is to be our own, did not start.
pub async fn play(record: &Record, stage: &Stage) -> Result<Vec<Event>, StartError> {
    let scene = stage.set(record).await?;
    let mut player = Player {
        record,
        scene,
        lines: BTreeMap::new(),
        normal: Normal::default(),
        events: Vec::new(),
        patience: PATIENCE,
    };
    for (index, step) in record.steps.iter().enumerate() {
        player.act(index, step).await;
        if step.waits() {
            player.listen(index, step).await;
        }
    }
    sleep(QUIET).await;
    player.drain(record.steps.len()).await;
    // The connections end before the server, so that it need not wait for them.
    player.lines.clear();
    player.scene.end().await;
    Ok(player.events)
}

struct Player<'a> {
    record: &'a Record,
    scene: Scene,
    lines: BTreeMap<String, Connection>,
    normal: Normal,
    events: Vec<Event>,
    patience: Duration,
}

struct Connection {
    line: Line,
    opened: Instant,
    upgraded: bool,
    ended: bool,
    we_closed: bool,
}

impl Player<'_> {
    async fn act(&mut self, index: usize, step: &Step) {
        match step {
            Step::Connect(connect) => self.connect(index, connect).await,
            Step::Text { c, data, .. } => {
                let frame = RawFrame::new(1, self.filled(&text_of(data)));
                self.send(index, c, &Saying::Frame(frame)).await;
            }
            Step::Frame { c, opcode, fin, rsv, masked, data, hex } => {
                let payload = match (hex, data) {
                    (Some(hex), _) => bytes_of(hex),
                    (None, Some(data)) => self.filled(&text_of(data)).into_bytes(),
                    (None, None) => Vec::new(),
                };
                let (fin, masked) = (fin.unwrap_or(true), masked.unwrap_or(true));
                let frame = RawFrame { opcode: *opcode, fin, rsv: *rsv, masked, payload };
                self.send(index, c, &Saying::Frame(frame)).await;
            }
            Step::Bytes { c, hex } => self.send(index, c, &Saying::Bytes(bytes_of(hex))).await,
            Step::TcpShutdown { c } => self.send(index, c, &Saying::End).await,
            Step::TcpAbort { c } => {
                if let Some(connection) = self.lines.remove(c) {
                    connection.line.abort();
                }
            }
            Step::Sleep { ms } => sleep(Duration::from_millis(*ms)).await,
            Step::Settle {} | Step::WaitEof { .. } => {}
            Step::Control { action, args } => {
                let done = self.scene.control(action, args).await;
                self.note_failure(index, done);
            }
            Step::ServerStop { how } => {
                let done = self.scene.stop(how);
                self.note_failure(index, done);
            }
        }
    }

    async fn connect(&mut self, index: usize, connect: &Connect) {
        let opened = Instant::now();
        match self.scene.place.dial().await {
            Ok(mut line) => {
                line.send(&request(connect, &self.scene.place.host)).await;
                let connection =
                    Connection { line, opened, upgraded: false, ended: false, we_closed: false };
                self.lines.insert(connect.c.clone(), connection);
            }
            Err(error) => self.write(index, &connect.c, 0, What::NotConnected(error.to_string())),
        }
    }

    async fn send(&mut self, index: usize, c: &str, saying: &Saying) {
        let Some(connection) = self.lines.get_mut(c).filter(|connection| !connection.ended) else {
            return self.write(index, c, 0, What::NotSent);
        };
        // The recorder had no WebSocket to send anything on before that.
        if connection.upgraded {
            match saying {
                Saying::Frame(frame) => {
                    connection.we_closed |= frame.opcode == 8;
                    connection.line.frame(frame).await;
                }
                Saying::Bytes(bytes) => connection.line.send(bytes).await,
                Saying::End => connection.line.shutdown().await,
            }
        }
    }

    /// A text with the subscription's id that it asks for.
    fn filled(&self, text: &str) -> String {
        text.replace("<SUB:1>", self.normal.first_id.as_deref().unwrap_or_default())
    }

    /// Waits until as much has come as had come to the recorded client after this step.
    async fn listen(&mut self, index: usize, step: &Step) {
        let patience = match step {
            Step::WaitEof { max_ms } => Duration::from_millis(*max_ms),
            _ => self.patience,
        };
        let deadline = Instant::now() + patience;
        for c in self.lines.keys().cloned().collect::<Vec<_>>() {
            let of = |events: &[Event], until| {
                events.iter().filter(|event| event.c == c && event.step <= until).count()
            };
            let due = of(&self.record.events, index);
            while of(&self.events, index) < due && self.is_open(&c) {
                let left = deadline.saturating_duration_since(Instant::now());
                if !self.read(index, &c, left).await {
                    self.patience = IMPATIENCE;
                    break;
                }
            }
        }
        if self.record.slow && !matches!(step, Step::Sleep { .. }) {
            sleep(QUIET).await;
        }
    }

    /// Takes what has come too much.
    async fn drain(&mut self, index: usize) {
        for c in self.lines.keys().cloned().collect::<Vec<_>>() {
            while self.is_open(&c) && self.read(index, &c, Duration::ZERO).await {}
        }
    }

    fn is_open(&self, c: &str) -> bool {
        self.lines.get(c).is_some_and(|connection| !connection.ended)
    }

    /// Whether something came in time.
    async fn read(&mut self, index: usize, c: &str, within: Duration) -> bool {
        let Some(connection) = self.lines.get_mut(c) else { return false };
        let Some((at, mut seen)) = connection.line.next_at(within).await else { return false };
        match &mut seen {
            Seen::Http { status, headers, .. } => {
                connection.upgraded = *status == 101;
                headers.retain(|(name, _)| name != "date" && name != "x-request-id");
            }
            Seen::Text(text) if text.len() <= LONGEST => *text = self.normal.text(text),
            // As the recorder did, we answer a close frame with a close frame.
            Seen::Close { code, .. } if !connection.we_closed => {
                let payload = code.map(u16::to_be_bytes).unwrap_or_default();
                connection.line.frame(&RawFrame::new(8, payload)).await;
            }
            Seen::Eof | Seen::Malformed(_) => connection.ended = true,
            _ => {}
        }
        let at_ms = at.saturating_duration_since(connection.opened).as_millis();
        let what = match seen {
            Seen::Text(text) if text.len() > LONGEST => {
                What::LongText { len: text.len(), sha256: hex::encode(Sha256::digest(text)) }
            }
            seen => What::Came(seen),
        };
        self.write(index, c, u64::try_from(at_ms).unwrap_or(u64::MAX), what);
        true
    }

    fn write(&mut self, step: usize, c: &str, at_ms: u64, what: What) {
        self.events.push(Event { step, c: c.to_owned(), at_ms, what, text: None });
    }

    fn note_failure(&mut self, index: usize, done: Result<(), String>) {
        if let Err(why) = done {
            self.write(index, "server", 0, What::Other(why));
        }
    }
}

/// What is sent on a connection.
enum Saying {
    Frame(RawFrame),
    Bytes(Vec<u8>),
    End,
}

fn bytes_of(hex: &str) -> Vec<u8> {
    hex::decode(hex).expect("a recording's hex is hexadecimal")
}
