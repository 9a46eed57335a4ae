//! What is going on, while it goes on, on standard error.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::page::{BAD, BOLD, PLAIN, WIDTH, count, length, wrap};
use crate::event::RunEvent;

/// How often the remaining times are drawn anew.
const TICK: Duration = Duration::from_millis(250);

/// Tells of a run while it runs: a live area on a terminal, few plain lines elsewhere.
pub struct Progress(Mode);

enum Mode {
    Live(Live),
    Plain(Box<dyn Write + Send>),
}

#[derive(Default)]
struct Live {
    area: MultiProgress,
    sessions: HashMap<String, ProgressBar>,
}

impl Progress {
    /// Live if standard error is a terminal.
    pub fn for_stderr() -> Self {
        if io::stderr().is_terminal() {
            Self(Mode::Live(Live::default()))
        } else {
            Self::plain(anstream::stderr())
        }
    }

    /// Plain lines to a writer.
    pub fn plain(out: impl Write + Send + 'static) -> Self {
        Self(Mode::Plain(Box::new(out)))
    }

    /// Tells of one event. If nobody can be told, the run goes on.
    pub fn tell(&mut self, event: &RunEvent) {
        let news = news(event);
        let told = match (&mut self.0, news) {
            (Mode::Live(live), news) => live.tell(event, news.as_deref()),
            (Mode::Plain(out), Some(text)) => paragraph(out, &text, style(event)),
            (Mode::Plain(_), None) => Ok(()),
        };
        told.ok();
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.0 {
            Mode::Live(_) => "Live",
            Mode::Plain(_) => "Plain",
        };
        f.debug_tuple("Progress").field(&mode).finish()
    }
}

/// What stays on the screen of an event.
fn news(event: &RunEvent) -> Option<String> {
    match event {
        RunEvent::ClockChosen { why } => Some(why.clone()),
        RunEvent::RunStarted { sessions, checks, expected } => Some(format!(
            "{} in {} side by side; this takes about {}.",
            count(*checks, "check"),
            count(sessions.len(), "session"),
            length(*expected)
        )),
        RunEvent::SessionEnded { session, troubled } if troubled.is_empty() => {
            Some(format!("{session} ended: nothing wrong in it"))
        }
        RunEvent::SessionEnded { session, troubled } => {
            Some(format!("{session} ended: trouble in {}", troubled.join(", ")))
        }
        RunEvent::Confirming { session, checks } => Some(format!(
            "{session} is run again, alone, to be sure of {}: timing counts only if seen twice",
            checks.join(", ")
        )),
        RunEvent::ClientWanted { session, told } => Some(wanted(session, told)),
        RunEvent::SessionStarted { .. } | RunEvent::RunEnded { .. } => None,
    }
}

/// What somebody can paste into a shell, a line for each variable.
fn wanted(session: &str, told: &[(String, String)]) -> String {
    let plain =
        |value: &str| value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c));
    let words = told.iter().map(|(name, value)| {
        if plain(value) {
            format!("{name}={value}")
        } else {
            format!("{name}='{}'", value.replace('\'', "'\\''"))
        }
    });
    let words: Vec<_> = words.collect();
    format!("{session} waits for a client:\n{}", words.join("\n"))
}

fn style(event: &RunEvent) -> anstyle::Style {
    match event {
        RunEvent::RunStarted { .. } => BOLD,
        RunEvent::SessionEnded { troubled, .. } if !troubled.is_empty() => BAD,
        _ => PLAIN,
    }
}

fn paragraph(mut out: impl Write, text: &str, style: anstyle::Style) -> io::Result<()> {
    // What somebody pastes into a shell must not be broken.
    let lines = match text.split_once('\n') {
        Some(_) => text.lines().map(str::to_owned).collect(),
        None => wrap(text, WIDTH),
    };
    for line in lines {
        writeln!(out, "{style}{line}{style:#}")?;
    }
    out.flush()
}

impl Live {
    fn tell(&mut self, event: &RunEvent, news: Option<&str>) -> io::Result<()> {
        match event {
            RunEvent::SessionStarted { session, expected } => self.begin(session, *expected),
            RunEvent::SessionEnded { session, .. } => {
                if let Some(bar) = self.sessions.remove(session) {
                    bar.finish_and_clear();
                    self.area.remove(&bar);
                }
            }
            RunEvent::RunEnded { .. } => self.area.clear()?,
            RunEvent::ClockChosen { .. }
            | RunEvent::ClientWanted { .. }
            | RunEvent::RunStarted { .. }
            | RunEvent::Confirming { .. } => {}
        }
        match news {
            None => Ok(()),
            // Above the live area, which is drawn anew below.
            Some(text) => self.area.suspend(|| paragraph(anstream::stderr(), text, style(event))),
        }
    }

    fn begin(&mut self, session: &str, expected: Duration) {
        let left = move |state: &ProgressState, out: &mut dyn fmt::Write| {
            let left = expected.saturating_sub(state.elapsed()).as_secs();
            let text = if left > 0 { format!("{left} s left") } else { "any moment".to_owned() };
            // The live area is drawn anew in a moment.
            out.write_str(&text).ok();
        };
        let style = ProgressStyle::with_template("{spinner} {prefix:12} {left}")
            .expect("the template is well-formed")
            .with_key("left", left);
        let bar = self.area.add(ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(session.to_owned());
        bar.enable_steady_tick(TICK);
        self.sessions.insert(session.to_owned(), bar);
    }
}
