use super::*;
use crate::check::Outcome::{self, Met, Note, Unmet, Unseen, Weak};
use crate::check::testing::{BEAT, DOC, JOIN, OK, Wire, stop};

#[track_caller]
fn check(id: usize, wire: Wire, outcome: Outcome) -> Observation {
    let seen = wire.look(&CHECKS[id - 1]);
    assert_eq!(seen.outcome, outcome, "{seen:?}");
    seen
}

fn open() -> Wire {
    Wire::new().open(1.0)
}

const LEAVE: &str = r#"["1","9","__absinthe__:control","phx_leave",{}]"#;
const ERROR: &str = r#"["1","1","__absinthe__:control","phx_error",{}]"#;
const REFUSED: &str = r#"[null,"1","__absinthe__:control","phx_reply",{"response":{"reason":"unmatched topic"},"status":"error"}]"#;

#[test]
fn nothing_is_seen_without_a_websocket() {
    for id in 1..=CHECKS.len() {
        check(id, Wire::new(), Unseen);
        check(id, Wire::new().upgrade(1.0, "/", &[], 404), Unseen);
    }
}

#[test]
fn the_join_comes_soon_after_the_open() {
    check(1, open().client(1.1, JOIN), Met);
    check(1, open().client(6.0, JOIN), Met);
    check(1, open().client(7.5, JOIN), Weak);
    let seen = check(1, open().client(9.5, JOIN), Unmet);
    assert_eq!(seen.timing.unwrap().measured, Duration::from_millis(8500));
    // Only heartbeats are faster on the contract clock.
    check(1, open().contract(25).client(5.0, JOIN), Met);
    // A slow start is not the join's.
    check(1, Wire::new().open(12.0).client(12.5, JOIN), Met);
}

#[test]
fn a_join_that_never_comes_needs_time_to_be_missed() {
    check(1, open().beat(2.0).close(3.0, From::Client, 1000), Unseen);
    check(1, open().beat(20.0), Unmet);
    check(1, open().entry(3.0, stop()).mark(60.0, "end"), Unseen);
    let other = r#"["1","1","__absinthe__:ctrl","phx_join",{}]"#;
    let seen = check(1, open().client(1.1, other).mark(20.0, "end"), Unmet);
    assert!(seen.hint.unwrap().contains("__absinthe__:ctrl"));
}

#[test]
fn a_join_that_cannot_be_read_is_for_other_checks() {
    let v1 = r#"{"topic":"__absinthe__:control","event":"phx_join","payload":{},"ref":"1"}"#;
    check(1, open().client(1.1, v1).mark(60.0, "end"), Unseen);
}

#[test]
fn every_connection_needs_its_join() {
    let wire = open().client(1.1, JOIN).eof(2.0, From::Server).open(3.0).client(3.1, DOC);
    check(1, wire.clone().mark(30.0, "end"), Unmet);
    check(1, wire.client(3.2, JOIN), Met);
}

#[test]
fn the_join_is_the_first_frame() {
    check(2, open().client(1.1, JOIN).client(1.2, DOC), Met);
    check(2, open().client(1.1, LEAVE).client(1.2, JOIN), Met);
    check(2, open().client(1.1, BEAT).client(1.2, JOIN), Weak);
    check(2, open().client(1.1, BEAT).client(1.2, DOC).client(1.3, JOIN), Unmet);
    check(2, open().client(1.1, BEAT), Unseen);
    check(2, open().client(1.1, "{}").client(1.2, JOIN), Unseen);
    check(2, open().client(1.1, JOIN).client(1.2, "{}"), Met);
}

#[test]
fn no_doc_comes_before_the_joins_reply() {
    let joins = || open().scenario("held-join").client(1.1, JOIN);
    check(3, joins().server(4.1, OK).client(4.2, DOC), Met);
    check(3, joins().client(1.1, DOC).client(1.2, DOC).server(4.1, OK), Weak);
    check(3, joins().client(2.1, DOC).server(4.1, OK), Unmet);
    check(3, open().client(1.0, DOC).client(1.1, JOIN).server(4.1, OK), Unmet);
    check(3, joins().eof(1.5, From::Client), Unseen);
    check(3, joins().mark(12.0, "end"), Met);
    check(3, open().client(1.1, DOC), Unseen);
}

#[test]
fn the_reply_is_the_one_with_the_joins_ref() {
    let join = r#"["7","7","__absinthe__:control","phx_join",{}]"#;
    let wire = open().client(1.1, join).server(1.2, OK).client(2.0, DOC);
    check(3, wire, Unmet);
}

#[test]
fn one_join_per_connection() {
    let joined = || open().client(1.1, JOIN).server(1.2, OK);
    check(4, joined(), Met);
    check(4, joined().open(5.0).client(5.1, JOIN), Met);
    check(4, open().client(1.1, JOIN).client(1.2, JOIN), Unmet);
    assert_eq!(check(4, joined().client(5.0, JOIN), Unmet).entry, Some(4));
    check(4, open(), Unseen);
}

#[test]
fn a_join_may_be_repeated_for_a_reason() {
    let joined = || open().client(1.1, JOIN).server(1.2, OK);
    check(4, joined().client(5.0, LEAVE).client(5.0, JOIN), Met);
    check(4, joined().server(5.0, ERROR).client(5.1, JOIN), Met);
    check(4, joined().client(4.9, DOC).server(5.0, REFUSED).client(5.1, JOIN), Met);
    check(4, joined().server(5.0, "42").client(5.1, JOIN), Met);
    check(4, open().client(1.1, JOIN).server(1.2, REFUSED).client(2.2, JOIN), Met);
    check(4, open().client(1.1, JOIN).client(11.2, JOIN), Met);
}

#[test]
fn a_retry_of_a_held_join_is_noted() {
    for after in [1.0, 2.0, 5.0] {
        let wire = open().scenario("held-join").client(1.1, JOIN);
        check(4, wire.client(1.1 + after, JOIN).server(8.0, OK).server(8.1, OK), Note);
    }
}
