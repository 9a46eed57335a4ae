//! A canary for the judge: it is shown clients of which the truth is known, and has to say it.
//!
//! A judge whose tolerance has the wrong sign, or that takes a level from the wrong table, still gives verdicts, and
//! nobody who only reads them can tell. So each judgement begins with sessions of which every verdict is known. If one
//! comes out otherwise, the kit is at fault, and says so with exit code 70.

use std::collections::BTreeMap;

use glimesh_mock::transcript::{
    ClockStamp, Entry, FORMAT, From, Given, Header, TOKEN_MARK, Transcript, What,
};
use glimesh_proto::{Instant, names};

use crate::check::{Check, Level, Observation, Scope, catalogue};
use crate::judge;
use crate::results::{Finding, Verdict};
use crate::session::Session;

/// The canary's entry in reports. Not in the catalogue: whoever writes a client cannot mend it.
pub(crate) static CANARY: Check = Check {
    id: "PR006",
    slug: "kit/canary",
    clauses: &[],
    level: Level::Must,
    title: "the judge says the truth of known clients",
    requirement: "The kit's judge MUST give the known verdicts on clients of which the truth is known.",
    why: "A judge that is wrong passes broken clients and fails correct ones, and looks no different.",
    mend: "This is a fault of the kit; please report it with the kit's version.",
    scope: Scope::Every,
    needs: None,
    timing: false,
    judge: |_| Observation::unseen("the canary is no check of a client's session"),
};

/// A client that beats every so many seconds, for two minutes and a little more, and what is true of it.
struct Truth {
    every: u64,
    path: &'static str,
    verdicts: [(&'static str, Verdict); 3],
}

/// Whether the limit and its tolerance are added, whether only a broken MUST fails, and whether anything fails at all.
const TRUTHS: [Truth; 4] = [
    Truth {
        every: 25,
        path: names::GRAPH_PATH,
        verdicts: [("CN001", Verdict::Pass), ("HB002", Verdict::Pass), ("HB003", Verdict::Pass)],
    },
    // Beyond the limit, and within its tolerance.
    Truth {
        every: 31,
        path: names::GRAPH_PATH,
        verdicts: [("CN001", Verdict::Pass), ("HB002", Verdict::Pass), ("HB003", Verdict::Weak)],
    },
    // Beyond both: a MUST fails of it, a SHOULD is weak.
    Truth {
        every: 34,
        path: names::GRAPH_PATH,
        verdicts: [("CN001", Verdict::Pass), ("HB002", Verdict::Fail), ("HB003", Verdict::Weak)],
    },
    Truth {
        every: 25,
        path: "/socket/websocket",
        verdicts: [("CN001", Verdict::Fail), ("HB002", Verdict::Pass), ("HB003", Verdict::Pass)],
    },
];

/// How long each of these clients is watched, in seconds.
const WATCHED: u64 = 125;

/// Shows the judge what it has to know; a finding if it is wrong.
pub(crate) fn sing(judge: impl Fn(&[Session], &'static Check) -> Finding) -> Option<Finding> {
    let checks = catalogue();
    let wrong = TRUTHS.iter().find_map(|truth| {
        let sessions = [truth.session()];
        truth.verdicts.iter().find_map(|&(id, known)| {
            let check = checks.iter().find(|check| check.id == id)?;
            let said = judge(&sessions, check).verdict;
            let of = format!("of a client that beats every {} s at {}", truth.every, truth.path);
            (said != known).then(|| {
                format!("{id} says {} {of}, and {} is true", said.as_str(), known.as_str())
            })
        })
    })?;
    let observation = Observation::unmet(wrong).expecting("the known verdict");
    Some(judge::finding(&CANARY, Verdict::KitError, None, observation))
}

/// The session `quiet` under `glimesh`, in real time, with a token.
pub(crate) fn header() -> Header {
    Header {
        format: FORMAT,
        session: "quiet".to_owned(),
        scenario: "quiet".to_owned(),
        profile: "glimesh".to_owned(),
        settings: BTreeMap::new(),
        clock: ClockStamp { mode: "real".to_owned(), rate: 1 },
        given: Given { auth: "token".to_owned(), channel_id: "6".to_owned() },
    }
}

impl Truth {
    fn session(&self) -> Session {
        let header = header();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let upgrade = What::Upgrade {
            method: "GET".to_owned(),
            path: self.path.to_owned(),
            query: vec![pair("vsn", names::VSN), pair("token", TOKEN_MARK)],
            headers: vec![pair("upgrade", "websocket")],
            status: 101,
            extensions: None,
        };
        let beat = r#"[null,"1","phoenix","heartbeat",{}]"#;
        let text = || What::Text { from: From::Client, data: beat.to_owned(), len: beat.len() };
        let at = Instant::from_millis;
        let on_one = |at, what| Entry { at, conn: Some(1), what };
        let opened = [on_one(at(0), What::Accept), on_one(at(0), upgrade)];
        let beats = (1..).map(|nth| nth * self.every).take_while(|second| *second < WATCHED);
        let beats = beats.map(|second| on_one(at(second * 1000), text()));
        let what = What::Mark { name: "end".to_owned() };
        let end = Entry { at: at(WATCHED * 1000), conn: None, what };
        let entries = opened.into_iter().chain(beats).chain([end]).collect();
        Session::new(Transcript { header, entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Capability;

    fn right(sessions: &[Session], check: &'static Check) -> Finding {
        judge::judge_one(sessions, check, &Capability::ALL)
    }

    /// What the canary says of a judge that is right but for this.
    #[track_caller]
    fn caught(wrong: impl Fn(&str, Verdict) -> Verdict, by: &str) {
        let judge = |sessions: &[Session], check: &'static Check| {
            let finding = right(sessions, check);
            Finding { verdict: wrong(check.id, finding.verdict), ..finding }
        };
        let found = sing(judge).expect("the canary notices");
        assert_eq!((found.id.as_str(), found.verdict), ("PR006", Verdict::KitError));
        assert!(found.actual.starts_with(by), "{}", found.actual);
    }

    #[test]
    fn a_judge_that_is_right_is_left_alone() {
        assert_eq!(sing(right), None);
    }

    #[test]
    fn a_judge_that_is_wrong_is_noticed() {
        use Verdict::{Fail, Pass, Weak};
        // All the other way round.
        caught(|_, verdict| if verdict == Pass { Fail } else { Pass }, "CN001 says fail");
        // Nothing ever fails.
        caught(|_, _| Pass, "HB003 says pass");
        // The tolerance is taken off: a gap of 31 s fails.
        caught(|id, v| if id == "HB002" && v == Pass { Fail } else { v }, "HB002 says fail");
        // There is too much of it: a gap of 34 s passes.
        caught(|id, v| if id == "HB002" && v == Fail { Pass } else { v }, "HB002 says pass");
        // A SHOULD fails as a MUST does.
        caught(|_, v| if v == Weak { Fail } else { v }, "HB003 says fail");
        // A MUST is let off as a SHOULD is.
        caught(|_, v| if v == Fail { Weak } else { v }, "HB002 says weak");
    }
}
