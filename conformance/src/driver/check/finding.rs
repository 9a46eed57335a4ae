//! What an adapter does wrong, with all that it takes to mend it.

use std::ops::Range;

use serde::Serialize;

use crate::driver::{AdapterLine, Fault};

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A permanent word for it.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in a sentence.
    pub message: String,
    /// The line that is wrong, if it is about one.
    pub line: Option<Shown>,
    /// The request that it is about, as it was sent, without its prefix.
    pub asked: Option<String>,
    /// What the protocol says.
    pub contract: &'static str,
    /// How to mend it; empty if the message says so.
    pub help: String,
    /// What crossed the wire meanwhile, the last lines of it.
    pub wire: Vec<String>,
    /// The last lines of log output.
    pub log: Vec<String>,
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The adapter is wrong.
    Error,
    /// It is understood all the same.
    Warning,
}

/// A line of an adapter, and what of it is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Counted from 1, log output included.
    pub number: usize,
    /// The line; bytes that are not UTF-8 are U+FFFD.
    pub text: String,
    /// Which bytes of the line.
    pub span: Range<usize>,
}

/// What can be wrong beyond a single line. The names are permanent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// No reply came in time.
    Unanswered,
    /// The adapter's output ended while more was to be asked.
    Gone,
    /// The `ok` of a reply is not what the request asks for.
    WrongOk,
    /// It should have been another one of `ok`, `error` and `unsupported`.
    WrongOutcome,
    /// An error has another kind than the one that is meant for it.
    WrongKind,
    /// The server is right, and what was asked for failed.
    Failed,
    /// What the adapter says is not what crossed the wire.
    ContradictsWire,
    /// Something happened, and no event told of it.
    Untold,
    /// The adapter has not ended, or not well, after `bye`.
    NotEnded,
    /// It says more than anybody looks at.
    Flood,
}

impl Code {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::Gone => "gone",
            Self::WrongOk => "wrong-ok",
            Self::WrongOutcome => "wrong-outcome",
            Self::WrongKind => "wrong-kind",
            Self::Failed => "failed",
            Self::ContradictsWire => "contradicts-wire",
            Self::Untold => "untold",
            Self::NotEnded => "not-ended",
            Self::Flood => "flood",
        }
    }

    const fn contract(self) -> &'static str {
        match self {
            Self::Unanswered => "every request is answered once, in time, with its own id",
            Self::Gone => "an adapter lives until it has answered bye, or its input ends",
            Self::WrongOk => {
                "ok holds what the request asks for: hello who the adapter is, subscribe the \
                 subscription_id, state the state, query the server's response; else it is {}"
            }
            Self::WrongOutcome => {
                "ok: it was done; error: it was tried and failed; unsupported: this client has \
                 nothing for it, which is also the reply to an unknown op"
            }
            Self::WrongKind => {
                "kinds are transport (TCP, TLS), handshake (the upgrade), auth (the credential), \
                 timeout, server (it answered with an error), decode, closed, usage (it makes no \
                 sense now) and internal"
            }
            Self::Failed => "an op that hello claims works with a server that is right",
            Self::ContradictsWire => {
                "the wire outranks the adapter: ok is said when the server has answered, and \
                 events tell what has come"
            }
            Self::Untold => "what the application receives is told by an event as it comes",
            Self::NotEnded => "after the reply to bye the adapter ends, with status 0",
            Self::Flood => "at most 100,000 lines and 8 MiB of an adapter are looked at",
        }
    }
}

/// What the protocol says of single lines.
const fn contract_of_lines(fault: Fault) -> &'static str {
    match fault {
        Fault::TooLong => "a line has at most 1 MiB",
        Fault::NotUtf8 => "lines are UTF-8",
        Fault::NotJson | Fault::NotAnObject => {
            "a line that begins with \"@gck \" goes on with one JSON object, and ends with it"
        }
        Fault::NoId => "a reply repeats its request's id; an event has its name in `event`",
        Fault::WrongId => "each request is answered once, with its own id as the same JSON number",
        Fault::NoOutcome => "a reply has exactly one of ok, error and unsupported",
        Fault::UnknownEvent => "events are chat, reply, closed, state, error and log",
        Fault::WrongField => "fields have the names and types of fixtures/driver.schema.json",
    }
}

impl Finding {
    /// Something beyond a single line.
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code: code.name(),
            severity: Severity::Error,
            message: message.into(),
            line: None,
            asked: None,
            contract: code.contract(),
            help: String::new(),
            wire: Vec::new(),
            log: Vec::new(),
        }
    }

    /// A line that breaks a rule by itself; `ignored` says that it is understood all the same.
    pub(super) fn of_line(
        line: &AdapterLine,
        violation: &crate::driver::Violation,
        ignored: bool,
    ) -> Self {
        Self {
            code: violation.fault.name(),
            severity: if ignored { Severity::Warning } else { Severity::Error },
            message: violation.message.clone(),
            line: Some(Shown::new(line, violation.span.clone())),
            asked: None,
            contract: contract_of_lines(violation.fault),
            help: violation.help.clone(),
            wire: Vec::new(),
            log: Vec::new(),
        }
    }

    pub(super) fn at(mut self, line: &AdapterLine, span: Range<usize>) -> Self {
        self.line = Some(Shown::new(line, span));
        self
    }

    pub(super) fn asked(mut self, request: &str) -> Self {
        self.asked = Some(request.to_owned());
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub(super) fn wire(mut self, lines: Vec<String>) -> Self {
        self.wire = lines;
        self
    }

    pub(super) fn log(mut self, lines: Vec<String>) -> Self {
        self.log = lines;
        self
    }

    pub(super) const fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

impl Shown {
    fn new(line: &AdapterLine, span: Range<usize>) -> Self {
        let text = String::from_utf8_lossy(&line.bytes).into_owned();
        Self { number: line.number, text, span }
    }
}
