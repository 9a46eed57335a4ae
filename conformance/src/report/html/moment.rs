//! One moment of a session as an item of a list: a frame, another record, or a line that the client printed.

use glimesh_mock::transcript::{Entry, What};
use glimesh_proto::Instant;
use glimesh_proto::diagnostic::{Diagnostic, Reaction};
use maud::{Markup, html as markup};

use super::session::link;
use crate::printed::PrintedLine;
use crate::report::frames::{self, Excerpt, Lane, Line};
use crate::report::page::visible;
use crate::results::{Finding, Verdict};

/// How much of a long frame is drawn, in characters of usual width.
const MAX_COLUMNS: usize = 800;

/// A record of the transcript with everything that is said of it.
pub(super) struct Moment<'a> {
    /// Its index in the transcript.
    pub(super) index: usize,
    /// The record.
    pub(super) entry: &'a Entry,
    /// The session's name, where the record can be linked to; without one it stands beside a finding.
    pub(super) name: Option<&'a str>,
    /// The findings that point at it.
    pub(super) findings: &'a [&'a Finding],
    /// What is wrong with it as a frame.
    pub(super) diagnostics: &'a [Diagnostic],
    /// What else there is to say.
    pub(super) remark: Option<&'a str>,
}

impl Moment<'_> {
    pub(super) fn draw(&self) -> Markup {
        let Line { lane, text, bytes } = Line::of(self.entry);
        let Excerpt { before, fault, after, cut_before, cut_after } =
            Excerpt::new(&text, self.span(), MAX_COLUMNS);
        let cut = cut_before || cut_after;
        let is_frame = matches!(self.entry.what, What::Text { .. });
        let (class, who) = match lane {
            Lane::Client => ("client", "client"),
            Lane::Server => ("server", "server"),
            Lane::Kit => ("kit", "note"),
        };
        let id = self.name.map(|name| format!("{name}-{}", self.index));
        let at = self.name.map(|_| self.entry.at.as_millis());
        let lane = self.name.map(|_| if lane == Lane::Kit { "heartbeat" } else { who });
        markup! {
            li id=[id] class={ (class) @if self.is_at_fault() { " fault" } } data-at=[at] data-lane=[lane]
                data-kind=[self.name.map(|_| self.kind())] {
                span.when {
                    @if let Some(conn) = self.entry.conn { span.conn { "#" (conn) } " " }
                    time { (self.entry.at) } " " span.who { (who) }
                }
                " "
                @if is_frame {
                    code {
                        @if cut_before { "…" }
                        (before)
                        @if !fault.is_empty() { mark { (fault) } }
                        (after)
                        @if cut_after { "…" }
                    }
                } @else {
                    span.event { (before) (fault) (after) @if cut { "…" } }
                }
                @if let (true, Some(bytes)) = (cut, bytes) { " " span.bytes { (bytes) " bytes" } }
                @if let Some(remark) = self.remark { " " span.bytes { (remark) } }
                @for diagnostic in self.diagnostics { (diagnosis(diagnostic)) }
                @if self.name.is_some() { @for finding in self.findings { " " (link(finding)) } }
            }
        }
    }

    /// The bytes at fault: those of a finding, or else of the first diagnostic.
    fn span(&self) -> Option<(usize, usize)> {
        let here = self.findings.iter().find(|finding| finding.frame == Some(self.index));
        let found = here.and_then(|finding| frames::span_in(self.entry, finding));
        let diagnosed = || self.diagnostics.first().map(|one| (one.span.start, one.span.end));
        found.or_else(diagnosed)
    }

    fn is_at_fault(&self) -> bool {
        let here = self.findings.iter().find(|finding| finding.frame == Some(self.index));
        here.is_some_and(|f| matches!(f.verdict, Verdict::Fail | Verdict::Weak))
    }

    /// How the timeline draws it.
    fn kind(&self) -> &'static str {
        match &self.entry.what {
            _ if self.is_at_fault() => "fault",
            // Only heartbeats have one.
            _ if self.remark.is_some() => "beat",
            What::Text { .. } | What::Binary { .. } => "frame",
            What::Note { .. }
            | What::Mark { .. }
            | What::Noise { .. }
            | What::Process { .. }
            | What::Driver { .. } => "note",
            _ => "event",
        }
    }
}

/// One diagnostic beneath its frame.
fn diagnosis(diagnostic: &Diagnostic) -> Markup {
    markup! {
        p.diagnosis {
            code { (diagnostic.code.id) } " " (visible(&diagnostic.message))
            @if !diagnostic.help.is_empty() { "; " (visible(&diagnostic.help)) }
            "."
            @if diagnostic.reaction != Reaction::Accepts {
                " The server " (diagnostic.reaction) "."
            }
        }
    }
}

/// The nth line that a client printed.
pub(super) fn printed(session: &str, nth: usize, line: &PrintedLine) -> Markup {
    let Excerpt { after: text, cut_after, .. } = Excerpt::new(&line.text, None, MAX_COLUMNS);
    markup! {
        li.printed id={ (session) "-printed-" (nth) } data-at=(line.at_ms) data-lane="output"
            data-kind=(line.stream.as_str()) {
            span.when { time { (Instant::from_millis(line.at_ms)) } " " span.who { (line.stream.as_str()) } }
            " " samp { (text) @if cut_after { "…" } }
        }
    }
}
