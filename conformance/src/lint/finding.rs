//! What lint has to say.

use std::rc::Rc;
use std::time::Duration;

use glimesh_proto::diagnostic::{Code, Diagnostic, Label, Reaction, Sender, Severity, Span};

use super::event::Origin;

/// One thing found wrong.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The catalogue's entry.
    pub code: &'static Code,
    /// How bad it is in the profile.
    pub severity: Severity,
    /// What is wrong here.
    pub message: String,
    /// The text that it is in.
    pub subject: Rc<Subject>,
    /// Where in that text.
    pub span: Span,
    /// Other places that matter.
    pub labels: Vec<Label>,
    /// How to mend it.
    pub help: String,
    /// What the server says itself, if it answers with words.
    pub said: Option<String>,
    /// What the server does.
    pub server: String,
    /// The whole text mended, where that is certain.
    pub fix: Option<String>,
}

/// A text with something wrong in it: a message or a URL, shown without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The text; of a message that is no UTF-8 or binary, its bytes in hexadecimal.
    pub text: String,
    /// What it is.
    pub kind: SubjectKind,
    /// Its number among what was read, counted from 1.
    pub number: u64,
    /// Its connection.
    pub conn: u32,
    /// When it crossed the wire.
    pub at: Option<Duration>,
    /// Where it stands in the input.
    pub origin: Origin,
}

/// What a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A message.
    Message(Sender),
    /// A message shown in hexadecimal, two digits and a blank for each byte.
    Bytes(Sender),
    /// The URL of an upgrade.
    Url,
}

impl Finding {
    /// A finding with the code's usual severity and reaction in a profile.
    pub(super) fn new(
        code: &'static Code,
        profile: glimesh_proto::diagnostic::Profile,
        subject: &Rc<Subject>,
        span: Span,
        message: impl Into<String>,
    ) -> Self {
        let server = super::catalogue::sequence::server(code)
            .map_or_else(|| code.reaction.get(profile).to_string(), str::to_owned);
        Self {
            code,
            severity: code.severity.get(profile),
            message: message.into(),
            subject: Rc::clone(subject),
            span,
            labels: Vec::new(),
            help: String::new(),
            said: None,
            server,
            fix: None,
        }
    }

    /// A diagnostic of the core, on a subject whose text it was made of.
    pub(super) fn of(diagnostic: Diagnostic, subject: &Rc<Subject>) -> Self {
        let Diagnostic { code, severity, message, span, labels, help, fix, reaction, .. } =
            diagnostic;
        let subject = Rc::clone(subject);
        let server = reaction.to_string();
        Self { code, severity, message, subject, span, labels, help, said: None, server, fix }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    pub(super) fn reaction(mut self, reaction: Reaction) -> Self {
        self.server = reaction.to_string();
        self
    }
}
