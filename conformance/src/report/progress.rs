//! What is going on, while it goes on, on standard error.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::page::{BAD, BOLD, PLAIN, WIDTH, count, cut, length, wrap};
use crate::args::ProgressArg;
use crate::event::RunEvent;

/// How often the remaining times are drawn anew.
const TICK: Duration = Duration::from_millis(250);

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

struct Live {
    area: MultiProgress,
    sessions: HashMap<String, ProgressBar>,
    /// The last line: how many sessions are done, and what failed so far.
    sum: ProgressBar,
    all: usize,
    done: usize,
    troubled: BTreeSet<&'static str>,
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
            (Mode::Live(live), news) => live.tell(event, news.as_deref(), self.rate),
            (Mode::Plain(out), Some(text)) => paragraph(out, &text, style(event)),
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
        RunEvent::RunStarted { sessions, checks, expected, .. } => Some(format!(
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
    fn new() -> Self {
        let area = MultiProgress::new();
        let style = ProgressStyle::with_template("{msg}").expect("the template is well-formed");
        let sum = area.add(ProgressBar::new_spinner().with_style(style));
        let (sessions, troubled) = (HashMap::new(), BTreeSet::new());
        Self { area, sessions, sum, all: 0, done: 0, troubled }
    }

    fn tell(&mut self, event: &RunEvent, news: Option<&str>, rate: u32) -> io::Result<()> {
        match event {
            RunEvent::RunStarted { sessions, .. } => self.all = sessions.len(),
            RunEvent::SessionStarted { session, expected } => self.begin(session, *expected, rate),
            RunEvent::SessionEnded { session, troubled } => {
                if let Some(bar) = self.sessions.remove(session) {
                    bar.finish_and_clear();
                    self.area.remove(&bar);
                }
                self.done += 1;
                self.troubled.extend(troubled);
            }
            RunEvent::Confirming { .. } => self.all += 1,
            RunEvent::RunEnded { .. } => self.area.clear()?,
            RunEvent::ClockChosen { .. } | RunEvent::ClientWanted { .. } => {}
        }
        self.sum.set_message(cut(&self.so_far(), WIDTH - 1));
        match news {
            None => Ok(()),
            // Above the live area, which is drawn anew below.
            Some(text) => self.area.suspend(|| paragraph(anstream::stderr(), text, style(event))),
        }
    }

    fn so_far(&self) -> String {
        let waiting = self.all.saturating_sub(self.done + self.sessions.len());
        let mut text = format!("{} of {} sessions done", self.done, self.all);
        if waiting > 0 {
            text.push_str(&format!(", {waiting} yet to begin"));
        }
        let troubled: Vec<_> = self.troubled.iter().copied().collect();
        match troubled.as_slice() {
            [] => text + "; nothing wrong so far",
            troubled => format!("{text}; trouble so far in {}", troubled.join(", ")),
        }
    }

    fn begin(&mut self, session: &str, expected: Duration, rate: u32) {
        let left = move |state: &ProgressState, out: &mut dyn fmt::Write| {
            // The live area is drawn anew in a moment.
            out.write_str(&remaining(expected.saturating_sub(state.elapsed()), rate)).ok();
        };
        let style = ProgressStyle::with_template("{spinner} {prefix:12} {left}")
            .expect("the template is well-formed")
            .with_key("left", left);
        let bar = self.area.insert_before(&self.sum, ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(cut(session, 30));
        bar.enable_steady_tick(TICK);
        self.sessions.insert(session.to_owned(), bar);
    }
}

/// For how much longer a session sleeps, in the client's seconds.
fn remaining(left: Duration, rate: u32) -> String {
    match (left.as_secs(), rate) {
        (0, 1) => "ends any moment".to_owned(),
        (seconds, 1) => format!("sleeps {seconds} s more"),
        _ if left.is_zero() => "ends any moment".to_owned(),
        (_, rate) => {
            let seconds = (left * rate).as_secs();
            format!("sleeps {seconds} of the client's seconds more, {}", length(left))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_the_clients_seconds() {
        let left = Duration::from_millis(3_720);
        assert_eq!(remaining(left, 25), "sleeps 93 of the client's seconds more, 3.7 s");
        assert_eq!(remaining(left, 1), "sleeps 3 s more");
        assert_eq!(remaining(Duration::ZERO, 25), "ends any moment");
    }

    #[test]
    fn the_last_line_counts_and_names_what_failed() {
        let mut live = Live::new();
        (live.all, live.done) = (6, 2);
        assert_eq!(live.so_far(), "2 of 6 sessions done, 4 yet to begin; nothing wrong so far");
        live.troubled.extend(["HB006", "HB001"]);
        live.done = 6;
        assert_eq!(live.so_far(), "6 of 6 sessions done; trouble so far in HB001, HB006");
    }
}
