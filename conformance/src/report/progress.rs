//! What runs, while it runs: a live area on a terminal, plain lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::event::RunEvent;

/// How often the live area is drawn.
const TICK: Duration = Duration::from_millis(250);

/// Tells a run's events on standard error.
#[derive(Debug)]
pub struct Progress {
    /// Absent where standard error is no terminal.
    live: Option<Live>,
}

#[derive(Debug, Default)]
struct Live {
    area: MultiProgress,
    sessions: BTreeMap<String, ProgressBar>,
}

impl Progress {
    /// A live area if standard error is a terminal.
    pub fn for_stderr() -> Self {
        Self { live: std::io::stderr().is_terminal().then(Live::default) }
    }

    /// Tells one event.
    pub fn tell(&mut self, event: &RunEvent) {
        if let Some(live) = &mut self.live {
            live.tell(event);
        }
        if let Some(line) = line(event) {
            self.say(&line);
        }
    }

    fn say(&self, line: &str) {
        match &self.live {
            Some(live) => live.area.suspend(|| anstream::eprintln!("{line}")),
            None => anstream::eprintln!("{line}"),
        }
    }
}

impl Live {
    fn tell(&mut self, event: &RunEvent) {
        match event {
            RunEvent::SessionStarted { session, expected } => {
                let bar = self.area.add(ProgressBar::new_spinner());
                let style =
                    ProgressStyle::with_template("{spinner} {prefix:<10} {elapsed:>4} {msg}");
                bar.set_style(style.expect("the template is valid"));
                bar.set_prefix(session.clone());
                if !expected.is_zero() {
                    bar.set_message(format!("of about {}", rounded(*expected)));
                }
                bar.enable_steady_tick(TICK);
                self.sessions.insert(session.clone(), bar);
            }
            RunEvent::SessionEnded { session, .. } => {
                if let Some(bar) = self.sessions.remove(session) {
                    bar.finish_and_clear();
                }
            }
            _ => {}
        }
    }
}

/// The line that an event is worth.
fn line(event: &RunEvent) -> Option<String> {
    match event {
        RunEvent::RunStarted { sessions, checks, expected } => Some(format!(
            "{checks} checks in {}, side by side; about {}",
            counted(sessions.len(), "session"),
            rounded(*expected)
        )),
        RunEvent::SessionEnded { session, troubled } if troubled.is_empty() => {
            Some(format!("  {session}: done"))
        }
        RunEvent::SessionEnded { session, troubled } => {
            Some(format!("  {session}: done, trouble with {}", troubled.join(", ")))
        }
        RunEvent::Confirming { session, checks } => {
            Some(format!("  {session}: once more, alone, to be sure of {}", checks.join(", ")))
        }
        RunEvent::SessionStarted { .. } | RunEvent::RunEnded { .. } => None,
    }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// A length of time, roughly.
fn rounded(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{} s", seconds.max(1)),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_become_lines() {
        let lines: Vec<_> = [
            RunEvent::RunStarted {
                sessions: vec!["quiet".to_owned(), "reset".to_owned()],
                checks: 30,
                expected: Duration::from_secs(125),
            },
            RunEvent::SessionEnded { session: "reset".to_owned(), troubled: vec![] },
            RunEvent::Confirming { session: "quiet".to_owned(), checks: vec!["HB001"] },
            RunEvent::SessionEnded {
                session: "quiet".to_owned(),
                troubled: vec!["HB001", "HB006"],
            },
        ]
        .iter()
        .filter_map(line)
        .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
    30 checks in 2 sessions, side by side; about 2 min 5 s
      reset: done
      quiet: once more, alone, to be sure of HB001
      quiet: done, trouble with HB001, HB006
    "#);
    }
}
