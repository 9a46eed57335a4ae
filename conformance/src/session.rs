//! One session as the checks read it: connections and frames, drawn from a transcript.

use std::collections::HashMap;
use std::time::Duration;

use glimesh_mock::transcript::{Entry, From, ProcessEvent, Transcript, What};
use glimesh_proto::connect::Endpoint;
use glimesh_proto::{DecodeError, Frame, Instant, names};

use crate::check::Capability;
use crate::clock::Clock;

/// A transcript, sorted into connections.
#[derive(Clone, Debug)]
pub struct Session {
    /// The evidence.
    pub transcript: Transcript,
    /// How its times relate to the client's seconds.
    pub clock: Clock,
    /// The TCP connections, in the order of acceptance.
    pub connections: Vec<Connection>,
    /// The entry with which the client was asked to stop.
    stop: Option<usize>,
    worst_stall: Duration,
    set_aside: Vec<String>,
    capabilities: Option<Vec<Capability>>,
}

/// One TCP connection.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The transcript's number for it.
    pub id: u32,
    /// When the upgrade was answered with 101; the client's time runs from here.
    pub opened_at: Option<Instant>,
    /// The indices of its entries in the transcript.
    pub entries: Vec<usize>,
    /// The text messages of both sides, in order.
    pub frames: Vec<Seen>,
    /// When it ended: by a close frame or the end of TCP, whichever came first.
    pub ended_at: Option<Instant>,
}

/// A text message on the wire.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The index of its entry.
    pub entry: usize,
    /// When it crossed the wire.
    pub at: Instant,
    /// Who sent it.
    pub from: From,
    /// The frame, if it is one.
    pub frame: Result<Frame, DecodeError>,
}

/// A request for a WebSocket, granted or not.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The index of its entry.
    pub entry: usize,
    /// When it was answered.
    pub at: Instant,
    /// The target's path, as sent.
    pub path: &'a str,
    /// The query's pairs in order, decoded.
    pub query: &'a [(String, String)],
    /// The request's headers, with lower-case names.
    pub headers: &'a [(String, String)],
}

/// A text message of the client's, whether it is a frame or not.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    /// The index of its entry.
    pub entry: usize,
    /// When it crossed the wire.
    pub at: Instant,
    /// The whole text.
    pub text: &'a str,
}

/// The code of the note that names checks which do not read a session.
const SET_ASIDE: &str = "set-aside";

/// The code of the note that names what the client was said to be able to do.
const CAPABILITIES: &str = "capabilities";

impl Session {
    /// Sorts a transcript into connections.
    pub fn new(transcript: Transcript) -> Self {
        let mut connections: Vec<Connection> = Vec::new();
        let mut positions = HashMap::new();
        let mut stop = None;
        let mut worst_stall = Duration::ZERO;
        let mut set_aside = Vec::new();
        let mut capabilities = None;
        for (index, entry) in transcript.entries.iter().enumerate() {
            match &entry.what {
                What::Note { code, text } if code == SET_ASIDE => {
                    set_aside.extend(text.split(' ').map(str::to_owned));
                }
                What::Note { code, text } if code == CAPABILITIES && entry.conn.is_none() => {
                    capabilities = Some(text.split(' ').filter_map(Capability::named).collect());
                }
                What::Process { event: ProcessEvent::Stop { .. } } => {
                    stop.get_or_insert(index);
                }
                What::Noise { worst_stall_ms } => {
                    worst_stall = worst_stall.max(Duration::from_millis(*worst_stall_ms));
                }
                _ => {}
            }
            let Some(id) = entry.conn else { continue };
            let position = *positions.entry(id).or_insert_with(|| {
                connections.push(Connection::new(id));
                connections.len() - 1
            });
            connections[position].take(index, entry);
        }
        let clock = Clock::of_stamp(&transcript.header.clock);
        Self { transcript, clock, connections, stop, worst_stall, set_aside, capabilities }
    }

    /// The entry that keeps what the client was said to be able to do, so that the transcript is judged as the run was.
    pub fn capabilities_note(capabilities: &[Capability]) -> What {
        let words: Vec<_> = capabilities.iter().map(|capability| capability.name()).collect();
        What::Note { code: CAPABILITIES.to_owned(), text: words.join(" ") }
    }

    /// What the client was said to be able to do; `None` if the transcript does not say.
    pub fn capabilities(&self) -> Option<&[Capability]> {
        self.capabilities.as_deref()
    }

    /// Lets these checks not read this session: a later look at the same scenario stands for them. The transcript
    /// says so, too.
    pub fn set_aside(&mut self, checks: &[&str]) {
        let at = self.ended_at();
        let what = What::Note { code: SET_ASIDE.to_owned(), text: checks.join(" ") };
        self.transcript.entries.push(Entry { at, conn: None, what });
        self.set_aside.extend(checks.iter().map(|&check| check.to_owned()));
    }

    /// Whether a later look stands for this check.
    pub fn sets_aside(&self, check: &str) -> bool {
        self.set_aside.iter().any(|id| id == check)
    }

    /// The session's name.
    pub fn name(&self) -> &str {
        &self.transcript.header.session
    }

    /// The scenario's name.
    pub fn scenario(&self) -> &str {
        &self.transcript.header.scenario
    }

    /// Whether the mock spoke TLS in it.
    pub fn is_encrypted(&self) -> bool {
        self.transcript.header.settings.contains_key("tls.handshake_timeout")
    }

    /// The profile's name.
    pub fn profile(&self) -> &str {
        &self.transcript.header.profile
    }

    /// The transcript's entry at an index.
    pub fn entry(&self, index: usize) -> &Entry {
        &self.transcript.entries[index]
    }

    /// Why a client that asked for no upgrade came to nothing, as far as the server knows: its first note on a
    /// connection, such as that the client did not trust the certificate.
    pub fn why_no_request(&self) -> Option<&str> {
        if self.requests().next().is_some() {
            return None;
        }
        self.transcript.entries.iter().find_map(|entry| match &entry.what {
            What::Note { text, .. } if entry.conn.is_some() => Some(text.as_str()),
            _ => None,
        })
    }

    /// The connections whose upgrade was granted.
    pub fn open_connections(&self) -> impl Iterator<Item = &Connection> {
        self.connections.iter().filter(|connection| connection.opened_at.is_some())
    }

    /// The requests for a WebSocket; other HTTP requests are none of them.
    pub fn requests(&self) -> impl Iterator<Item = Request<'_>> {
        self.transcript.entries.iter().enumerate().filter_map(|(index, entry)| {
            let What::Upgrade { path, query, headers, .. } = &entry.what else { return None };
            let wanted = Endpoint::at_path(path).is_some()
                || headers.iter().any(|(name, value)| {
                    name == "upgrade" && value.to_ascii_lowercase().contains("websocket")
                });
            wanted.then_some(Request { entry: index, at: entry.at, path, query, headers })
        })
    }

    /// What the client sent on a connection while it lasted. What comes after the end nobody reads any more.
    pub fn heard<'a>(
        &'a self,
        connection: &'a Connection,
    ) -> impl Iterator<Item = (usize, &'a Entry)> {
        let is_end = |entry: &Entry| matches!(entry.what, What::Close { .. } | What::Eof { .. });
        connection
            .entries
            .iter()
            .map(|&index| (index, self.entry(index)))
            .take_while(move |(_, entry)| !is_end(entry))
    }

    /// The client's text messages, frames or not, while their connections lasted; without those that the transcript
    /// does not keep whole.
    pub fn said(&self) -> impl Iterator<Item = Said<'_>> {
        self.connections.iter().flat_map(|connection| self.heard(connection)).filter_map(
            |(index, entry)| {
                let text = entry.client_text()?;
                Some(Said { entry: index, at: entry.at, text })
            },
        )
    }

    /// Until when a connection shows what its client does: its end, or when the client was asked to stop.
    pub fn shown_until(&self, connection: &Connection) -> Instant {
        let end = connection.ended_at.unwrap_or_else(|| self.ended_at());
        self.stopped_at().map_or(end, |stop| stop.min(end))
    }

    /// When the timeline first reached a step.
    pub fn mark(&self, name: &str) -> Option<Instant> {
        self.marks(name).next()
    }

    /// When the timeline reached a step, each time.
    pub fn marks<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Instant> + 'a {
        self.transcript.entries.iter().filter_map(move |entry| match &entry.what {
            What::Mark { name: found } if found == name => Some(entry.at),
            _ => None,
        })
    }

    /// Whether the timeline awaited anything that came.
    pub fn reached_anything(&self) -> bool {
        let is_reached =
            |what: &What| matches!(what, What::Mark { name } if name.starts_with("reached:"));
        self.transcript.entries.iter().any(|entry| is_reached(&entry.what))
    }

    /// The last thing that the timeline awaited, if it ended because it did not come: the mark's entry, and its name.
    pub fn awaited_in_vain(&self) -> Option<(usize, &str)> {
        self.mark("gave-up")?;
        self.transcript.entries.iter().enumerate().rev().find_map(|(index, entry)| {
            match &entry.what {
                What::Mark { name } => Some((index, name.strip_prefix("missed:")?)),
                _ => None,
            }
        })
    }

    /// The time of the last entry.
    pub fn ended_at(&self) -> Instant {
        self.transcript.entries.last().map_or(Instant::ZERO, |entry| entry.at)
    }

    /// When the timeline last reached a step.
    pub fn last_mark(&self, name: &str) -> Option<Instant> {
        self.marks(name).last()
    }

    /// What happened to the client's process, each with the index of its entry.
    pub fn process_events(&self) -> impl DoubleEndedIterator<Item = (usize, &ProcessEvent)> {
        self.transcript.entries.iter().enumerate().filter_map(|(index, entry)| match &entry.what {
            What::Process { event } => Some((index, event)),
            _ => None,
        })
    }

    /// When the client was asked to stop.
    pub fn stopped_at(&self) -> Option<Instant> {
        self.stop.map(|stop| self.entry(stop).at)
    }

    /// Whether an entry came after the client was asked to stop, maybe within the same millisecond.
    pub fn is_after_stop(&self, entry: usize) -> bool {
        self.stop.is_some_and(|stop| stop < entry)
    }

    /// How the client's process ended before anybody asked it to, with the index of the entry.
    pub fn early_exit(&self) -> Option<(usize, &ProcessEvent)> {
        self.process_events()
            .take_while(|(_, event)| !matches!(event, ProcessEvent::Stop { .. }))
            .find(|(_, event)| matches!(event, ProcessEvent::Exited { .. }))
    }

    /// How the client's process fared: `ok`, `exit N`, `signal NAME`, `hang`, `leak`, `not-started` or `unknown`.
    pub fn process_word(&self) -> String {
        let events = || self.process_events().map(|(_, event)| event);
        let killed = events().any(|event| matches!(event, ProcessEvent::Killed));
        let leaked = events().any(|event| matches!(event, ProcessEvent::Leaked { .. }));
        let last = events().rev().find(|event| {
            matches!(event, ProcessEvent::Exited { .. } | ProcessEvent::NotStarted { .. })
        });
        match last {
            _ if killed => "hang".to_owned(),
            Some(ProcessEvent::NotStarted { .. }) => "not-started".to_owned(),
            Some(ProcessEvent::Exited { signal: Some(signal), .. }) => format!("signal {signal}"),
            Some(ProcessEvent::Exited { status: Some(status), .. }) if *status != 0 => {
                format!("exit {status}")
            }
            _ if leaked => "leak".to_owned(),
            Some(_) => "ok".to_owned(),
            None => "unknown".to_owned(),
        }
    }

    /// How the last connection ended: `clean`, `unclean`, `open` or `none`.
    pub fn close_word(&self) -> &'static str {
        let Some(last) = self.open_connections().last() else { return "none" };
        let entries = || last.entries.iter().map(|&index| &self.entry(index).what);
        if entries().any(|what| matches!(what, What::Close { .. })) {
            "clean"
        } else if entries().any(|what| matches!(what, What::Eof { .. })) {
            "unclean"
        } else {
            "open"
        }
    }

    /// The longest stall of the machine while the session ran, in the session's time: under an accelerated clock a
    /// short stall is a long time for the client.
    pub fn worst_stall(&self) -> Duration {
        self.worst_stall * self.clock.pace()
    }
}

impl Request<'_> {
    /// The values of a parameter, in order.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let named = self.query.iter().filter(|(key, _)| key == name);
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// Whether the query has a parameter of this name.
    pub fn has(&self, name: &str) -> bool {
        self.query.iter().any(|(key, _)| key == name)
    }
}

impl Connection {
    /// What the server noted about this connection under this code, with the index of the entry.
    pub fn note<'a>(&self, session: &'a Session, code: &str) -> Option<(usize, &'a str)> {
        self.entries.iter().find_map(|&index| match &session.entry(index).what {
            What::Note { code: found, text } if found == code => Some((index, text.as_str())),
            _ => None,
        })
    }

    /// The entry with which it ended, and who ended it.
    pub fn end(&self, session: &Session) -> Option<(usize, From)> {
        self.entries.iter().find_map(|&index| match session.entry(index).what {
            What::Close { from, .. } | What::Eof { from, .. } => Some((index, from)),
            _ => None,
        })
    }

    /// The entry with which the client ended it, unless it had been asked to stop.
    pub fn left(&self, session: &Session) -> Option<(usize, Instant)> {
        let (entry, from) = self.end(session)?;
        let asked = session.is_after_stop(entry);
        (from == From::Client && !asked).then(|| (entry, session.entry(entry).at))
    }

    const fn new(id: u32) -> Self {
        Self { id, opened_at: None, entries: Vec::new(), frames: Vec::new(), ended_at: None }
    }

    /// The client's frames that could be read.
    pub fn client_frames(&self) -> impl Iterator<Item = (&Seen, &Frame)> {
        self.frames
            .iter()
            .filter(|seen| seen.from == From::Client)
            .filter_map(|seen| Some((seen, seen.frame.as_ref().ok()?)))
    }

    /// The server's frames that can be read.
    pub fn server_frames(&self) -> impl Iterator<Item = (&Seen, &Frame)> {
        self.frames
            .iter()
            .filter(|seen| seen.from == From::Server)
            .filter_map(|seen| Some((seen, seen.frame.as_ref().ok()?)))
    }

    /// The client's heartbeats: topic `phoenix`, event `heartbeat`.
    pub fn heartbeats(&self) -> impl Iterator<Item = (&Seen, &Frame)> {
        self.client_frames().filter(|(_, frame)| {
            frame.topic == names::PHOENIX_TOPIC && frame.event == names::HEARTBEAT
        })
    }

    /// The client's frames with this event on the control topic.
    pub fn on_control(&self, event: &str) -> impl Iterator<Item = (&Seen, &Frame)> {
        self.client_frames()
            .filter(move |(_, frame)| frame.topic == names::CONTROL_TOPIC && frame.event == event)
    }

    fn take(&mut self, index: usize, entry: &Entry) {
        self.entries.push(index);
        match &entry.what {
            What::Upgrade { status: 101, .. } => self.opened_at = Some(entry.at),
            What::Text { from, data, .. } => self.frames.push(Seen {
                entry: index,
                at: entry.at,
                from: *from,
                frame: Frame::decode(data),
            }),
            What::Close { .. } | What::Eof { .. } => {
                self.ended_at.get_or_insert(entry.at);
            }
            _ => {}
        }
    }
}
