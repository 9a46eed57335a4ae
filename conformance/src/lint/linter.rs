//! From events to findings.

use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use glimesh_proto::Envelope;
use glimesh_proto::connect::{Endpoint, Vsn, parse_query};
use glimesh_proto::diagnostic::{
    Context, MessageKind, Profile, Sender, Severity, diagnose_bytes, diagnose_url,
};

use super::credential;
use super::document;
use super::event::{Event, Origin, What};
use super::finding::{Finding, Subject, SubjectKind};
use super::input::{Input, InputError, InputKind};
use super::sequence::Sequence;

/// So many findings are told; further ones are counted.
pub const MOST_FINDINGS: usize = 1_000;

/// After so many errors and warnings the rest of the input is not looked at: what they are is known by then.
pub const MOST_FAULTS: u64 = 10_000;

/// So many connections are followed; further ones are looked at frame by frame.
const MOST_CONNECTIONS: usize = 4_096;

/// How many bytes of a message that is no text are shown.
const MOST_HEX: usize = 256;

/// What is known besides the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Whose rules apply, and what the server does.
    pub profile: Profile,
    /// The frame format, where no upgrade tells it; `None`: 2.0.0.
    pub vsn: Option<Vsn>,
    /// Whether the control topic is joined where the input begins, if it does not tell.
    pub joined: Option<bool>,
    /// Who sent a message, if the input does not tell; `None`: what the message looks like.
    pub sender: Option<Sender>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Report {
    /// The input's name.
    pub name: String,
    /// What it is.
    pub kind: InputKind,
    /// Whose rules applied.
    pub profile: Profile,
    /// What was found, in the order of the input, at most [`MOST_FINDINGS`].
    pub findings: Vec<Finding>,
    /// How many errors, warnings and notes there are in all.
    pub counts: Counts,
    /// How many messages were looked at.
    pub messages: u64,
    /// How many connections there were.
    pub connections: u64,
    /// When the first event was.
    pub began: Option<Duration>,
    /// What else a person should know about the reading.
    pub notes: Vec<String>,
}

/// How many findings of each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Errors.
    pub errors: u64,
    /// Warnings.
    pub warnings: u64,
    /// Notes.
    pub notes: u64,
}

impl Report {
    /// Whether nothing was found that should be mended; notes do not count.
    pub const fn is_clean(&self) -> bool {
        self.counts.errors == 0 && self.counts.warnings == 0
    }

    /// How many findings are only counted.
    pub fn untold(&self) -> u64 {
        let Counts { errors, warnings, notes } = self.counts;
        errors + warnings + notes - self.findings.len() as u64
    }
}

/// Lints an input.
///
/// # Errors
///
/// [`InputError::NotOfKind`]: it is not what it seems, or was said, to be.
pub fn lint(input: &Input, options: &Options) -> Result<Report, InputError> {
    let mut linter = Linter::new(input, *options);
    let notes = input.events(&mut |event| linter.take(event))?;
    let mut report = linter.finish();
    report.notes.extend(notes);
    Ok(report)
}

struct Linter {
    options: Options,
    /// Whether connections without an upgrade were seen from their beginning.
    from_start: bool,
    transcript: bool,
    connections: HashMap<u32, Connection>,
    /// Whether there was more than was looked at.
    cut: bool,
    report: Report,
}

struct Connection {
    vsn: Vsn,
    older_api: bool,
    sequence: Sequence,
}

impl Linter {
    fn new(input: &Input, options: Options) -> Self {
        let listed = matches!(input.kind, InputKind::Frames | InputKind::Log);
        let needle = b"phx_join";
        let from_start = listed && input.bytes.windows(needle.len()).any(|window| window == needle);
        Self {
            options,
            from_start,
            transcript: input.kind == InputKind::Transcript,
            connections: HashMap::new(),
            cut: false,
            report: Report {
                name: input.name.clone(),
                kind: input.kind,
                profile: options.profile,
                findings: Vec::new(),
                counts: Counts::default(),
                messages: 0,
                connections: 0,
                began: None,
                notes: Vec::new(),
            },
        }
    }

    fn take(&mut self, event: Event) {
        if self.has_enough() {
            self.cut = true;
            return;
        }
        let Event { conn, at, origin, what } = event;
        self.report.began = self.report.began.or(at);
        let mut found = Vec::new();
        match what {
            What::Upgrade { url, status } => {
                let url = if self.transcript { credential::filled_in(&url) } else { url };
                self.upgrade(conn, at, origin, &url, status, &mut found);
            }
            What::Message { sender, kind, data } => {
                self.report.messages += 1;
                self.message(conn, at, origin, sender, kind, &data, &mut found);
            }
            What::Close { sender, code } => {
                if let Some(connection) = self.connections.get_mut(&conn) {
                    connection.sequence.close(sender, code, at, &mut found);
                }
            }
            What::End => {
                if let Some(mut connection) = self.connections.remove(&conn) {
                    connection.sequence.end(&mut found);
                }
            }
        }
        self.tell(found);
    }

    /// Notes do not count: behind them there may be the first error.
    const fn has_enough(&self) -> bool {
        self.report.counts.errors + self.report.counts.warnings >= MOST_FAULTS
    }

    fn tell(&mut self, found: Vec<Finding>) {
        for finding in found {
            *match finding.severity {
                Severity::Error => &mut self.report.counts.errors,
                Severity::Warning => &mut self.report.counts.warnings,
                Severity::Note => &mut self.report.counts.notes,
            } += 1;
            if self.report.findings.len() < MOST_FINDINGS {
                self.report.findings.push(finding);
            }
        }
    }

    fn connection(&mut self, conn: u32) -> &mut Connection {
        if self.connections.len() >= MOST_CONNECTIONS && !self.connections.contains_key(&conn) {
            self.connections.clear();
        }
        let (options, from_start) = (self.options, self.from_start);
        let report = &mut self.report;
        self.connections.entry(conn).or_insert_with(|| {
            report.connections += 1;
            Connection {
                vsn: options.vsn.unwrap_or(Vsn::V2),
                older_api: false,
                sequence: Sequence::new(options.profile, from_start),
            }
        })
    }

    fn upgrade(
        &mut self,
        conn: u32,
        at: Option<Duration>,
        origin: Origin,
        url: &str,
        status: Option<u16>,
        found: &mut Vec<Finding>,
    ) {
        let context = self.context(Sender::Client, None, self.options.vsn.unwrap_or(Vsn::V2));
        let diagnostics = diagnose_url(url, &context);
        let subject = Rc::new(Subject {
            text: credential::masked(url, &diagnostics),
            kind: SubjectKind::Url,
            number: self.report.messages,
            conn,
            at,
            origin,
        });
        for mut diagnostic in diagnostics {
            let fix = diagnostic.fix.take();
            let mut finding = Finding::of(diagnostic, &subject);
            // Only `--fix` writes credentials.
            finding.fix = fix.map(|fix| credential::masked(&fix, &[]));
            found.push(finding);
        }
        let connection = self.connection(conn);
        if status.is_none_or(|status| status == 101) {
            connection.sequence.open(at);
        }
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let pairs = parse_query(query).unwrap_or_default();
        let vsn = pairs.iter().find(|(name, _)| name == "vsn").map(|(_, value)| Vsn::parse(value));
        connection.vsn = match vsn {
            Some(Ok(vsn)) => vsn,
            Some(Err(_)) => Vsn::V2,
            None => Vsn::V1,
        };
        let path = url.split(['?', '&', '#']).next().unwrap_or_default();
        let path = path
            .split_once("://")
            .map_or(path, |(_, rest)| &rest[rest.find('/').unwrap_or(rest.len())..]);
        connection.older_api = Endpoint::at_path(path) == Some(Endpoint::Socket);
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one event")]
    fn message(
        &mut self,
        conn: u32,
        at: Option<Duration>,
        origin: Origin,
        sender: Option<Sender>,
        kind: MessageKind,
        data: &[u8],
        found: &mut Vec<Finding>,
    ) {
        let sender = sender.or(self.options.sender).unwrap_or_else(|| guess_sender(data));
        let number = self.report.messages;
        let connection = self.connection(conn);
        let vsn = connection.vsn;
        let (joined, older_api) = (connection.sequence.joined(), connection.older_api);
        let context = self.context(sender, joined, vsn);
        let diagnostics = diagnose_bytes(data, kind, &context);
        let text = std::str::from_utf8(data).ok();
        let subject = |text: String, kind: SubjectKind| {
            Rc::new(Subject { text, kind, number, conn, at, origin })
        };
        let Some(text) =
            text.filter(|text| kind == MessageKind::Text || text.starts_with(['[', '{']))
        else {
            let subject = subject(hex(data), SubjectKind::Bytes(sender));
            for mut diagnostic in diagnostics {
                diagnostic.span = hex_span(&diagnostic.span);
                diagnostic.labels.clear();
                found.push(Finding::of(diagnostic, &subject));
            }
            if sender == Sender::Client && !found.is_empty() {
                self.connection(conn).sequence.blame();
            }
            return;
        };
        let subject = subject(text.to_owned(), SubjectKind::Message(sender));
        found.extend(diagnostics.into_iter().map(|one| Finding::of(one, &subject)));
        if sender == Sender::Client && kind == MessageKind::Text {
            found.extend(document::findings(&subject, self.options.profile, older_api));
        }
        let closes = found.iter().any(|finding| finding.server.starts_with("closes"));
        let sequence = &mut self.connection(conn).sequence;
        match sender {
            Sender::Client => {
                sequence.client(&subject, found);
                if closes {
                    sequence.blame();
                }
            }
            Sender::Server => sequence.server(&subject),
        }
    }

    const fn context(&self, sender: Sender, joined: Option<bool>, vsn: Vsn) -> Context {
        let joined = match joined {
            Some(joined) => Some(joined),
            None => self.options.joined,
        };
        Context { vsn, joined, sender, profile: self.options.profile }
    }

    fn finish(mut self) -> Report {
        if self.cut {
            let looked_at = self.report.messages;
            self.report.notes.push(format!(
                "there are more than {MOST_FAULTS} errors and warnings: nothing after message {looked_at} was looked at"
            ));
            // How a connection went on and ended was not seen.
            return self.report;
        }
        let mut left: Vec<(u32, Connection)> = self.connections.drain().collect();
        left.sort_by_key(|(conn, _)| *conn);
        for (_, mut connection) in left {
            let mut found = Vec::new();
            connection.sequence.end(&mut found);
            self.tell(found);
        }
        self.report
    }
}

/// Only the server sends replies and data.
fn guess_sender(data: &[u8]) -> Sender {
    let head = std::str::from_utf8(data).ok().and_then(Envelope::peek);
    match head.map(|head| head.event) {
        Some("\"phx_reply\"" | "\"phx_error\"" | "\"phx_close\"" | "\"subscription:data\"") => {
            Sender::Server
        }
        _ => Sender::Client,
    }
}

fn hex(data: &[u8]) -> String {
    let shown = &data[..data.len().min(MOST_HEX)];
    let mut hex = shown.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
    if shown.len() < data.len() {
        hex.push_str(" …");
    }
    hex
}

fn hex_span(span: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let (start, end) = (span.start.min(MOST_HEX), span.end.min(MOST_HEX));
    start * 3..(end * 3).saturating_sub(1).max(start * 3)
}
