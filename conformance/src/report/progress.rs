//! What is going on, while it goes on, on standard error.

use std::fmt;
use std::io::{self, IsTerminal, Write};

use super::live::{Live, columns};
use super::page::{BAD, BOLD, PLAIN, WIDTH, count, length, wrap};
use crate::args::ProgressArg;
use crate::event::RunEvent;

/// Tells of a run while it runs: a live area on a terminal, plain lines elsewhere.
pub struct Progress {
    mode: Mode,
    /// How many of the client's seconds fit into a real one.
    rate: u32,
    verbose: bool,
}

enum Mode {
    Live(Live),
    Plain(Box<dyn Write + Send>),
    None,
}

impl Progress {
    /// On standard error.
    pub fn for_stderr(how: ProgressArg) -> Self {
        let live = match how {
            ProgressArg::Auto => io::stderr().is_terminal(),
            ProgressArg::Live => true,
            ProgressArg::Plain => false,
            ProgressArg::None => return Self { mode: Mode::None, rate: 1, verbose: false },
        };
        if live {
            Self { mode: Mode::Live(Live::new()), rate: 1, verbose: false }
        } else {
            Self::plain(anstream::stderr())
        }
    }

    /// Plain lines to a writer.
    pub fn plain(out: impl Write + Send + 'static) -> Self {
        Self { mode: Mode::Plain(Box::new(out)), rate: 1, verbose: false }
    }

    /// Also tells when sessions begin.
    #[must_use]
    pub const fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = verbose;
        self
    }

    /// Tells of one event. If nobody can be told, the run goes on.
    pub fn tell(&mut self, event: &RunEvent) {
        if let RunEvent::RunStarted { rate, .. } = event {
            self.rate = *rate;
        }
        let news = news(event, self.verbose);
        let told = match (&mut self.mode, news) {
            (Mode::Live(live), news) => {
                let say = |text: String| {
                    paragraph(anstream::stderr(), &text, style(event), columns().min(WIDTH))
                };
                live.take(event, self.rate).and_then(|()| live.above(|| news.map_or(Ok(()), say)))
            }
            (Mode::Plain(out), Some(text)) => paragraph(out, &text, style(event), WIDTH),
            (Mode::Plain(_), None) | (Mode::None, _) => Ok(()),
        };
        told.ok();
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mode = match self.mode {
            Mode::Live(_) => "Live",
            Mode::Plain(_) => "Plain",
            Mode::None => "None",
        };
        f.debug_tuple("Progress").field(&mode).finish()
    }
}

/// What stays on the screen of an event.
fn news(event: &RunEvent, verbose: bool) -> Option<String> {
    match event {
        RunEvent::ClockChosen { why } => Some(why.clone()),
        RunEvent::RunStarted { sessions, checks, expected, .. } => {
            let what =
                format!("{} in {}", count(*checks, "check"), count(sessions.len(), "session"));
            // A scenario that only waits for the client takes as long as the client does.
            Some(match expected.is_zero() {
                true => format!("{what}."),
                false => {
                    format!("{what} side by side; this takes about {}.", length(*expected))
                }
            })
        }
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
        RunEvent::SessionStarted { session, expected } if verbose => {
            Some(format!("{session} began; it takes about {}", length(*expected)))
        }
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

fn paragraph(
    mut out: impl Write,
    text: &str,
    style: anstyle::Style,
    width: usize,
) -> io::Result<()> {
    // What somebody pastes into a shell must not be broken.
    let lines = match text.split_once('\n') {
        Some(_) => text.lines().map(str::to_owned).collect(),
        None => wrap(text, width),
    };
    for line in lines {
        writeln!(out, "{style}{line}{style:#}")?;
    }
    out.flush()
}
