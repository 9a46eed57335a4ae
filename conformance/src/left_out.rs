//! Checks that were selected, and that the run as it was asked for cannot show.

use std::fmt;

use crate::args::{LevelArg, RunArgs};
use crate::check::Check;
use crate::plan::Start;
use crate::selection::Selection;
use crate::suite;

/// What was selected in vain. Its text says for each reason which checks they are and what to say on the command line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct LeftOut(Vec<(Why, Vec<&'static str>)>);

/// Why a check is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It is for clients that are driven, or for those that are not.
    Level(LevelArg),
    /// Its session is played only when it is asked for.
    Soak,
    /// It looks at the client's process, which is somebody else's.
    Process,
}

impl LeftOut {
    /// Parts the selected checks into those that can be seen and what is wrong with the others.
    ///
    /// # Errors
    ///
    /// None can be seen though some are selected, or one cannot that the selection names by its whole id or slug. What a
    /// pattern or a predicate selects beside others is left out without a word.
    pub fn of(
        selected: Vec<&'static Check>,
        selection: Option<&Selection>,
        args: &RunArgs,
        start: Start,
    ) -> Result<Vec<&'static Check>, Self> {
        let mut kept = Vec::new();
        let mut left: Vec<(Why, &'static Check)> = Vec::new();
        for check in selected {
            match why(check, args, start) {
                Some(why) => left.push((why, check)),
                None => kept.push(check),
            }
        }
        let Some(selection) = selection else { return Ok(kept) };
        if !kept.is_empty() {
            left.retain(|(_, check)| selection.names(check));
        }
        if left.is_empty() {
            return Ok(kept);
        }
        left.sort_unstable_by_key(|(_, check)| check.id);
        let mut reasons: Vec<(Why, Vec<&'static str>)> = Vec::new();
        for (why, check) in left {
            match reasons.iter_mut().find(|(other, _)| *other == why) {
                Some((_, ids)) => ids.push(check.id),
                None => reasons.push((why, vec![check.id])),
            }
        }
        Err(Self(reasons))
    }
}

fn why(check: &Check, args: &RunArgs, start: Start) -> Option<Why> {
    let of_processes = ["process/", "endurance/"].iter().any(|area| check.slug.starts_with(area));
    match suite::level(check) {
        level if level != args.level => Some(Why::Level(level)),
        _ if start != Start::Spawn && of_processes => Some(Why::Process),
        _ if !args.soak && !suite::is_usual(check) => Some(Why::Soak),
        _ => None,
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// How many checks are named for each reason.
        const NAMED: usize = 5;
        f.write_str("this run cannot show:")?;
        for (why, ids) in &self.0 {
            let named: Vec<_> = ids.iter().take(NAMED).copied().collect();
            write!(f, "\n  {}", named.join(", "))?;
            if ids.len() > NAMED {
                write!(f, " and {} more", ids.len() - NAMED)?;
            }
            write!(f, ": {why}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Level(LevelArg::L0) => "for clients that are not driven; leave out --level L1",
            Self::Level(LevelArg::L1) => "for adapters, which are driven; add --level L1",
            Self::Soak => "takes ten minutes of the client's time; add --soak",
            Self::Process => {
                "looks at the client's process, which the kit has to start; leave out --attach or --trigger"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::args::{Cli, Command};
    use crate::plan::{Plan, PlanError};

    /// The plan of a run with these options.
    fn plan(options: &[&str]) -> Result<Plan, PlanError> {
        let words = ["glimesh-conformance", "run"].iter().chain(options);
        let Command::Run(args) = Cli::try_parse_from(words).unwrap().command else { panic!("run") };
        Plan::new(&args, std::path::Path::new("kit"))
    }

    fn ids(options: &[&str]) -> Vec<&'static str> {
        plan(options).unwrap().checks.iter().map(|check| check.id).collect()
    }

    fn complaint(options: &[&str]) -> String {
        plan(options).unwrap_err().to_string()
    }

    #[test]
    fn whoever_names_a_check_that_needs_an_option_is_told_which() {
        insta::assert_snapshot!(complaint(&["-E", "EN001"]), @r"
        this run cannot show:
          EN001: takes ten minutes of the client's time; add --soak
        ");
        insta::assert_snapshot!(complaint(&["-E", "HB025, en001, CN001"]), @r"
        this run cannot show:
          EN001, HB025: takes ten minutes of the client's time; add --soak
        ");
        insta::assert_snapshot!(complaint(&["-E", "driver/honesty"]), @r"
        this run cannot show:
          EN002: for adapters, which are driven; add --level L1
        ");
        insta::assert_snapshot!(complaint(&["-E", "CN001", "--level", "L1"]), @r"
        this run cannot show:
          CN001: for clients that are not driven; leave out --level L1
        ");
        insta::assert_snapshot!(complaint(&["-E", "PR001", "--attach"]), @r"
        this run cannot show:
          PR001: looks at the client's process, which the kit has to start; leave out --attach or --trigger
        ");
        assert_eq!(ids(&["-E", "EN001", "--soak"]), ["EN001"]);
    }

    #[test]
    fn what_a_pattern_selects_beside_others_is_left_out_in_silence() {
        assert!(!ids(&["-E", "HB*"]).contains(&"HB025"));
        assert!(ids(&["-E", "HB*", "--soak"]).contains(&"HB025"));
        assert_eq!(ids(&["-E", "CN001 and not EN001"]), ["CN001"]);
        assert!(!ids(&[]).contains(&"EN001"));
        assert!(ids(&["-E", ""]).is_empty());
    }

    #[test]
    fn what_a_scenario_awaits_can_be_selected_where_there_is_one() {
        insta::assert_snapshot!(complaint(&["-E", "SC001"]), @r"
        SC001 judges how a client meets a scenario of your own
          SC001
          ^^^^^
        add --scenario NAME|FILE
        ");
        insta::assert_snapshot!(complaint(&["-E", "kit/server-frames"]), @r"
        KT001 is judged in every run, whatever is selected
          kit/server-frames
          ^^^^^^^^^^^^^^^^^
        ");
        assert_eq!(ids(&["-E", "SC001", "--scenario", "cut-without-close"]), ["SC001"]);
    }
}
