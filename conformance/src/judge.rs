//! From sessions to findings: pure, so that a transcript on disk is judged as the run that wrote it was.

use glimesh_mock::transcript::{From, ProcessEvent, What};
use glimesh_proto::connect::Vsn;
use glimesh_proto::{DecodeError, Frame};

use crate::args::LevelArg;
use crate::canary;
use crate::check::{
    CANNOT_RUN, Capability, Check, Exempt, Level, Observation, Outcome, Scope, catalogue,
};
use crate::flaky;
use crate::own;
use crate::results::{Finding, Score, Tally, Verdict};
use crate::session::{Connection, Session};
use crate::suite;

/// What one check saw in one session.
#[derive(Clone, Debug)]
pub struct Sighting<'a> {
    /// The check.
    pub check: &'static Check,
    /// The session.
    pub session: &'a Session,
    /// What it saw there.
    pub observation: Observation,
}

/// Judges sessions by checks: one finding per check, in the order of the checks, one more for scenarios of the user's
/// own, and one for each way in which the kit is at fault.
pub fn judge(
    sessions: &[Session],
    checks: &[&'static Check],
    capabilities: &[Capability],
) -> Vec<Finding> {
    let of_client = checks.iter().map(|check| judge_one(sessions, check, capabilities));
    let canary = canary::sing(|sessions, check| judge_one(sessions, check, &Capability::ALL));
    let is_judged = checks.iter().any(|check| check.id == own::AWAITED.id);
    let own = if is_judged { None } else { own::finding(sessions) };
    of_client.chain(own).chain(kit_fault(sessions)).chain(canary).collect()
}

/// What the client of these sessions was said to be able to do, as far as any transcript tells; otherwise everything.
pub fn capabilities(sessions: &[Session]) -> Vec<Capability> {
    let told: Vec<_> = sessions.iter().filter_map(Session::capabilities).collect();
    if told.is_empty() { Capability::ALL.to_vec() } else { told.concat() }
}

/// What the checks see in one session, leaving out those that do not read it.
pub fn observe<'a>(session: &'a Session, checks: &[&'static Check]) -> Vec<Sighting<'a>> {
    checks
        .iter()
        .filter(|check| reads(check, session))
        .map(|check| Sighting { check, session, observation: (check.judge)(session) })
        .collect()
}

/// Counts verdicts by level.
pub fn score(findings: &[Finding]) -> Score {
    let mut score = Score::default();
    for finding in findings {
        let tally = match finding.level {
            Level::Must => Some(&mut score.must),
            Level::Should => Some(&mut score.should),
            Level::May | Level::Note => None,
        };
        match finding.verdict {
            Verdict::Inconclusive => score.inconclusive += 1,
            Verdict::NotApplicable | Verdict::Unsupported => score.not_applicable += 1,
            verdict => count(tally, verdict),
        }
    }
    score
}

fn count(tally: Option<&mut Tally>, verdict: Verdict) {
    let Some(tally) = tally else { return };
    match verdict {
        Verdict::Pass => {
            tally.pass += 1;
            tally.of += 1;
        }
        Verdict::Weak | Verdict::Fail => tally.of += 1,
        _ => {}
    }
}

fn reads(check: &Check, session: &Session) -> bool {
    let in_scope = match check.scope {
        // What a driven client sends it was asked for by the kit, queries that are wrong among it.
        Scope::Every => {
            suite::level(check) == LevelArg::L1 || !suite::DRIVEN.contains(&session.scenario())
        }
        Scope::Of(name) => session.scenario() == name,
    };
    in_scope && !session.sets_aside(check.id)
}

/// Whether the client ended with the status that means "cannot run this session".
fn cannot_run(session: &Session) -> bool {
    let early = session.early_exit().map(|(_, event)| event);
    matches!(early, Some(ProcessEvent::Exited { status: Some(CANNOT_RUN), .. }))
}

pub(crate) fn judge_one(
    sessions: &[Session],
    check: &'static Check,
    capabilities: &[Capability],
) -> Finding {
    if let Some(needed) = check.needs.filter(|needed| !capabilities.contains(needed)) {
        let option = match needed {
            Capability::Tls => "--tls".to_owned(),
            other => format!("{} in --capabilities", other.name()),
        };
        let observation = Observation::unseen(format!(
            "the client was not said to be able to do this, as {option} does"
        ));
        return finding(check, Verdict::NotApplicable, None, observation);
    }
    let (cannot, seen): (Vec<_>, Vec<_>) =
        sessions.iter().filter(|session| reads(check, session)).partition(|it| cannot_run(it));
    if seen.is_empty() && !cannot.is_empty() {
        let observation =
            Observation::unseen("the client said, by status 77, that it cannot run this");
        return finding(check, Verdict::Unsupported, cannot.first().copied(), observation);
    }
    // The worst one counts; of equals the first.
    let worst = seen
        .into_iter()
        .map(|session| (session, (check.judge)(session)))
        .reduce(|worst, next| if next.1.outcome > worst.1.outcome { next } else { worst });
    match worst {
        None => {
            let observation = Observation::unseen("no session that this check reads was run");
            finding(check, Verdict::Inconclusive, None, observation)
        }
        Some((session, observation)) => {
            let verdict = match observation.exempt {
                Some(Exempt::Unsupported) => Verdict::Unsupported,
                Some(Exempt::NotApplicable) => Verdict::NotApplicable,
                None => verdict(check.level, observation.outcome),
            };
            let finding = finding(check, verdict, Some(session), observation);
            Finding { flaky: flaky::flaky(sessions, check), ..finding }
        }
    }
}

/// What an outcome means at a level: only a broken MUST is a failure.
pub const fn verdict(level: Level, outcome: Outcome) -> Verdict {
    match (outcome, level) {
        (Outcome::Unseen, _) => Verdict::Inconclusive,
        (Outcome::Met, _) => Verdict::Pass,
        (Outcome::Unmet, Level::Must) => Verdict::Fail,
        (Outcome::Unmet | Outcome::Weak, Level::Must | Level::Should) => Verdict::Weak,
        (Outcome::Note, _) | (Outcome::Unmet | Outcome::Weak, Level::May | Level::Note) => {
            Verdict::Note
        }
    }
}

pub(crate) fn finding(
    check: &Check,
    verdict: Verdict,
    session: Option<&Session>,
    observation: Observation,
) -> Finding {
    let ms = |duration: std::time::Duration| duration.as_millis() as u64;
    Finding {
        id: check.id.to_owned(),
        slug: check.slug.to_owned(),
        clause: check.clauses.first().map(|&clause| clause.to_owned()),
        level: check.level,
        verdict,
        requirement: check.requirement.to_owned(),
        expected: observation.expected,
        actual: observation.actual,
        hint: observation.hint,
        at_ms: observation.at.map(glimesh_proto::Instant::as_millis),
        session: session.map(|session| session.name().to_owned()),
        frame: observation.entry,
        span: observation.span,
        measured_ms: observation.timing.map(|timing| ms(timing.measured)),
        limit_ms: observation.timing.map(|timing| ms(timing.limit)),
        tolerance_ms: observation.timing.map(|timing| ms(timing.tolerance)),
        at_least: observation.at_least,
        baseline: None,
        flaky: None,
    }
}

/// All that a client can be found wanting in: the catalogue, and what scenarios of the user's own await.
pub fn of_clients() -> Vec<&'static Check> {
    catalogue().into_iter().chain([&own::AWAITED]).collect()
}

/// What is judged beside the catalogue: what scenarios of the user's own await, and what the kit says of itself.
pub static BESIDE_THE_CATALOGUE: [&Check; 3] = [&own::AWAITED, &SERVER_FRAMES, &canary::CANARY];

/// What the kit demands of its own server, in every session and whatever was selected. Not in the catalogue: whoever
/// writes a client cannot mend it.
pub static SERVER_FRAMES: Check = Check {
    id: "KT001",
    slug: "kit/server-frames",
    clauses: &[],
    level: Level::Must,
    title: "the kit's server sends frames",
    requirement: "Unless its scenario says otherwise, the kit's server MUST send nothing but frames of five elements.",
    why: "A client cannot be judged by what it makes of nonsense that nobody meant to send.",
    mend: "This is a fault of the kit; please report it with the session's transcript.",
    scope: Scope::Every,
    needs: None,
    timing: false,
    judge: server_frames,
};

fn kit_fault(sessions: &[Session]) -> Option<Finding> {
    let seen = sessions.iter().map(|session| (session, server_frames(session)));
    let (session, observation) =
        seen.into_iter().find(|(_, seen)| seen.outcome == Outcome::Unmet)?;
    Some(finding(&SERVER_FRAMES, Verdict::KitError, Some(session), observation))
}

fn server_frames(session: &Session) -> Observation {
    // Other scenarios, proxies and recordings may hold anything.
    if !suite::is_of_it(session.scenario()) {
        return Observation::unseen("the scenario may send what is no frame");
    }
    // From there on, what is no frame may be meant.
    let meant = ["step:send", "step:fuzz"].iter().filter_map(|step| session.mark(step)).min();
    let speaking_v2 = session.open_connections().filter(|connection| is_v2(session, connection));
    let texts = speaking_v2.flat_map(|connection| &connection.frames).filter_map(|seen| {
        let text = session.entry(seen.entry).server_text().filter(|_| seen.from == From::Server)?;
        let is_judged = meant.is_none_or(|meant| seen.at < meant);
        is_judged.then(|| (seen, Frame::decode(text).err()))
    });
    // A topic that is no text is echoed as it came, as the real server does.
    let echo = |error: &DecodeError| matches!(error, DecodeError::WrongType { position: 3, .. });
    let wrong =
        texts.into_iter().find_map(|(seen, error)| Some((seen, error.filter(|e| !echo(e))?)));
    match wrong {
        None => Observation::met("every text of the server's is a frame"),
        Some((seen, error)) => Observation::unmet(format!("the server sent no frame: {error}"))
            .expecting("a frame of five elements")
            .at_entry(seen.entry, seen.at),
    }
}

/// Whether the connection speaks the format with arrays.
fn is_v2(session: &Session, connection: &Connection) -> bool {
    connection.entries.iter().any(|&index| match &session.entry(index).what {
        What::Upgrade { query, .. } => {
            let vsn = query.iter().rev().find(|(name, _)| name == "vsn");
            vsn.is_some_and(|(_, vsn)| Vsn::parse(vsn) == Ok(Vsn::V2))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::{BEAT_OK, JOIN, Wire};
    use glimesh_proto::names;

    #[test]
    fn only_a_broken_must_fails() {
        let outcomes =
            [Outcome::Unseen, Outcome::Met, Outcome::Note, Outcome::Weak, Outcome::Unmet];
        let levels = [Level::Must, Level::Should, Level::May, Level::Note];
        let failing = levels
            .into_iter()
            .flat_map(|level| outcomes.map(|outcome| (level, outcome)))
            .filter(|&(level, outcome)| verdict(level, outcome) == Verdict::Fail)
            .collect::<Vec<_>>();
        assert_eq!(failing, [(Level::Must, Outcome::Unmet)]);
    }

    #[test]
    fn a_later_look_stands_for_what_is_set_aside_and_for_nothing_else() {
        let checks: Vec<_> =
            catalogue().into_iter().filter(|it| it.id == "HB001" || it.id == "FR005").collect();
        let numbers = r#"[1,"2","phoenix","heartbeat",{}]"#;
        let mut first = Wire::new().open(0.1).client(40.0, numbers).session();
        first.set_aside(&["HB001"]);
        let second = Wire::new().open(0.1).beat(20.0).session();
        let written = Session::new(first.transcript.clone());
        for first in [first, written] {
            let findings = judge(&[first, second.clone()], &checks, &Capability::ALL);
            let verdicts =
                findings.iter().map(|it| (it.id.as_str(), it.verdict)).collect::<Vec<_>>();
            assert_eq!(verdicts, [("FR005", Verdict::Fail), ("HB001", Verdict::Pass)]);
        }
    }

    #[test]
    fn a_transcript_tells_what_its_client_was_said_to_be_able_to_do() {
        let told = Session::capabilities_note(&[Capability::Subscribe]);
        let limited = Wire::new().scenario("reset").entry(0.0, told).session();
        let sessions = [limited];
        assert_eq!(capabilities(&sessions), [Capability::Subscribe]);
        let checks: Vec<_> = catalogue().into_iter().filter(|it| it.id == "RC002").collect();
        let findings = judge(&sessions, &checks, &capabilities(&sessions));
        assert_eq!(findings[0].verdict, Verdict::NotApplicable);
        let silent = Wire::new().session();
        assert_eq!(capabilities(&[silent]), Capability::ALL);
    }

    fn kit_faults(wire: Wire) -> Vec<Finding> {
        judge(&[wire.session()], &[], &[])
    }

    #[test]
    fn nonsense_that_no_step_sent_is_the_kits_fault() {
        assert_eq!(kit_faults(Wire::new().open(0.1).client(0.2, JOIN).server(0.3, BEAT_OK)), []);
        let echo = r#"[null,"1",null,"phx_reply",{"response":{},"status":"error"}]"#;
        assert_eq!(kit_faults(Wire::new().open(0.1).server(0.2, echo)), []);
        let wire = Wire::new().open(0.1).server(0.2, "[1,2,3,4]");
        let found = kit_faults(wire);
        assert_eq!((found.len(), found[0].verdict), (1, Verdict::KitError));
        assert_eq!((found[0].session.as_deref(), found[0].frame), (Some("quiet"), Some(2)));
    }

    #[test]
    fn nonsense_that_was_meant_to_be_sent_is_no_fault() {
        let sent = Wire::new().open(0.1).mark(0.2, "step:send").server(0.2, "42");
        let fuzzed = Wire::new().open(0.1).mark(0.2, "step:fuzz").server(0.2, "42");
        assert_eq!(kit_faults(sent), []);
        let before = Wire::new().open(0.1).server(0.2, "42").mark(0.3, "step:send");
        assert_eq!(kit_faults(before.server(0.3, "42")).len(), 1);
        assert_eq!(kit_faults(fuzzed), []);
        let foreign = Wire::new().scenario("my-own").open(0.1).server(0.2, "42");
        assert_eq!(kit_faults(foreign), []);
        let v1 = Wire::new().upgrade(0.1, names::GRAPH_PATH, &[("token", "<token>")], 101);
        assert_eq!(kit_faults(v1.server(0.2, r#"{"event":"phx_reply"}"#)), []);
    }

    #[test]
    fn the_worst_session_counts_and_an_unseen_one_only_if_all_are() {
        let checks = catalogue();
        let five = |check: &&&'static Check| check.id == "FR004";
        let check = *checks.iter().find(five).unwrap();
        let verdict = |wires: [Wire; 2]| judge(&wires.map(Wire::session), &[check], &[])[0].verdict;
        let (silent, good) = (Wire::new().open(0.1), Wire::new().open(0.1).client(0.2, JOIN));
        let bad = Wire::new().open(0.1).client(0.2, "[]");
        assert_eq!(verdict([silent.clone(), silent.clone()]), Verdict::Inconclusive);
        assert_eq!(verdict([silent, good.clone()]), Verdict::Pass);
        assert_eq!(verdict([bad, good]), Verdict::Fail);
    }
}
