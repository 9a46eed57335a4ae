//! The live area: a line for each session that runs, and one that sums up.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::io;
use std::time::Duration;

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};

use super::page::{WIDTH, cut};
use crate::event::RunEvent;

/// How often the remaining times are drawn anew.
const TICK: Duration = Duration::from_millis(250);

/// Names of sessions are cut to so many columns.
const LONGEST_NAME: usize = 30;

/// Narrower than this, what is left is told in short.
const ROOM_FOR_WORDS: usize = 48;

/// What is drawn anew again and again below what stays.
pub(super) struct Live {
    area: MultiProgress,
    sessions: HashMap<String, ProgressBar>,
    /// The last line: how many sessions are done, and what failed so far. It appears when the sessions are known.
    sum: ProgressBar,
    /// How wide the longest name of a session is.
    names: usize,
    all: usize,
    done: usize,
    troubled: BTreeSet<&'static str>,
}

impl Live {
    pub(super) fn new() -> Self {
        let style =
            ProgressStyle::with_template("{wide_msg}").expect("the template is well-formed");
        Self {
            area: MultiProgress::new(),
            sessions: HashMap::new(),
            sum: ProgressBar::new_spinner().with_style(style),
            names: 0,
            all: 0,
            done: 0,
            troubled: BTreeSet::new(),
        }
    }

    /// Takes note of an event, of a run in which `rate` of the client's seconds fit into a real one.
    pub(super) fn take(&mut self, event: &RunEvent, rate: u32) -> io::Result<()> {
        match event {
            RunEvent::RunStarted { sessions, .. } => {
                self.all = sessions.len();
                self.names = sessions.iter().map(String::len).max().unwrap_or(0).min(LONGEST_NAME);
                self.sum = self.area.add(self.sum.clone());
            }
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
            // The report tells all of it, and better.
            RunEvent::RunEnded { .. } => {
                self.sum.finish_and_clear();
                self.area.remove(&self.sum);
                return self.area.clear();
            }
            RunEvent::ClockChosen { .. } | RunEvent::ClientWanted { .. } => {}
        }
        if self.all > 0 {
            self.sum.set_message(self.so_far());
        }
        Ok(())
    }

    /// Lets something be written that stays; the live area is drawn anew below it.
    pub(super) fn above(&self, write: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        self.area.suspend(write)
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
        let names = self.names;
        let left = move |state: &ProgressState, out: &mut dyn fmt::Write| {
            // The spinner, the name, a blank after each; the last column stays free, as some terminals wrap there.
            let room = columns().saturating_sub(names + 4);
            let text = remaining(expected.saturating_sub(state.elapsed()), rate, room);
            // The live area is drawn anew in a moment.
            out.write_str(&cut(&text, room)).ok();
        };
        let template = format!("{{spinner}} {{prefix:{names}}} {{left}}");
        let style = ProgressStyle::with_template(&template)
            .expect("the template is well-formed")
            .with_key("left", left);
        let bar = self.area.insert_before(&self.sum, ProgressBar::new_spinner().with_style(style));
        bar.set_prefix(cut(session, names));
        bar.enable_steady_tick(TICK);
        self.sessions.insert(session.to_owned(), bar);
    }
}

/// How wide the terminal is now.
pub(super) fn columns() -> usize {
    Term::stderr().size_checked().map_or(WIDTH, |(_, columns)| usize::from(columns))
}

/// For how much longer a session sleeps, in the client's seconds. Beyond that it is the client that takes its time.
fn remaining(left: Duration, rate: u32, room: usize) -> String {
    let beats = (left * rate).as_secs();
    match rate {
        _ if beats == 0 => "waits for the client".to_owned(),
        1 => format!("sleeps {beats} s more"),
        _ if room < ROOM_FOR_WORDS => format!("{beats} s more"),
        _ => {
            let (seconds, tenth) = (left.as_secs(), left.subsec_millis() / 100);
            format!("sleeps {beats} of the client's seconds more, {seconds}.{tenth} s")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_told_in_the_clients_seconds() {
        let left = Duration::from_millis(3_720);
        assert_eq!(remaining(left, 25, 60), "sleeps 93 of the client's seconds more, 3.7 s");
        assert_eq!(remaining(left, 25, 20), "93 s more");
        assert_eq!(remaining(left, 1, 60), "sleeps 3 s more");
        assert_eq!(remaining(Duration::ZERO, 25, 60), "waits for the client");
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
