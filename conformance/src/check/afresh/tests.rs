use glimesh_mock::transcript::From;

use crate::check::Outcome::{Met, Note, Unmet, Unseen};
use crate::check::testing::{BEAT, DOC, JOIN, OK, Wire, dropped, outcome, stop};

#[test]
fn heartbeats_do_not_wait_for_the_join() {
    let unanswered = || Wire::new().scenario("unanswered-join").open(0.0).client(0.1, JOIN);
    assert_eq!(outcome("HB009", unanswered().client(25.0, BEAT)), Met);
    assert_eq!(outcome("HB009", unanswered().client(30.1, BEAT)), Met);
    assert_eq!(outcome("HB009", unanswered().entry(32.01, dropped())), Unmet);
    assert_eq!(outcome("HB009", unanswered().mark(45.0, "missed:heartbeat")), Unmet);
    // Ten seconds are enough to wait for a join.
    assert_eq!(outcome("HB009", unanswered().client(10.1, JOIN).server(10.2, OK)), Note);
    assert_eq!(outcome("HB009", unanswered().close(10.1, From::Client, 1000)), Note);
    assert_eq!(
        outcome("HB009", unanswered().entry(5.0, stop()).close(5.1, From::Client, 1000)),
        Unseen
    );
    assert_eq!(outcome("HB009", Wire::new().scenario("unanswered-join").open(0.0)), Unseen);
}

#[test]
fn heartbeats_do_not_wait_for_a_document() {
    let asked = || {
        let joined = Wire::new().scenario("unanswered-doc").open(0.0).client(0.1, JOIN);
        joined.server(0.2, OK).client(0.3, DOC)
    };
    assert_eq!(outcome("HB010", asked().beat(25.0).beat(50.0)), Met);
    assert_eq!(outcome("HB010", asked().entry(32.01, dropped())), Unmet);
    assert_eq!(outcome("HB010", asked().beat(25.0).entry(57.01, dropped())), Unmet);
    assert_eq!(outcome("HB010", asked().close(10.3, From::Client, 1000)), Note);
    assert_eq!(outcome("HB010", asked()), Unseen);
    assert_eq!(outcome("HB010", Wire::new().scenario("unanswered-doc").open(0.0)), Unseen);
}

/// A connection that is reset while a heartbeat is unanswered.
fn pending() -> Wire {
    let open = Wire::new().scenario("pending-heartbeat").open(0.0).subscribed(0.1);
    open.client(25.0, BEAT).mark(25.1, "step:reset").eof(25.1, From::Server)
}

#[test]
fn the_next_connection_is_left_alone() {
    let back = || pending().open(26.0).subscribed(26.1);
    assert_eq!(outcome("HB018", back().beat(51.0).mark(96.0, "end")), Met);
    assert_eq!(outcome("HB018", back().close(35.0, From::Client, 1000)), Unmet);
    let stopped = back().entry(35.0, stop()).close(35.1, From::Client, 1000);
    assert_eq!(outcome("HB018", stopped), Unseen);
    assert_eq!(outcome("HB018", pending()), Unseen);
    assert_eq!(outcome("HB018", Wire::new().scenario("pending-heartbeat").open(0.0)), Unseen);
}

#[test]
fn the_timer_starts_anew() {
    let back = || pending().open(26.0).subscribed(26.1);
    assert_eq!(outcome("HB019", back().beat(51.0)), Met);
    assert_eq!(outcome("HB019", back().beat(26.2).beat(51.0)), Met);
    assert_eq!(outcome("HB019", back().beat(57.9)), Met);
    assert_eq!(outcome("HB019", back().beat(26.2).beat(26.3)), Unmet);
    assert_eq!(outcome("HB019", back().entry(58.01, dropped())), Unmet);
    assert_eq!(outcome("HB019", back().mark(96.0, "end")), Unmet);
    assert_eq!(outcome("HB019", pending()), Unseen);
}

#[test]
fn timers_do_not_pile_up() {
    let open = Wire::new().scenario("three-resets").open(0.0).beat(25.0).beat(50.0);
    let reset = |wire: Wire, at: f64| wire.mark(at, "step:reset").open(at + 1.0);
    let back = || reset(reset(reset(open.clone(), 51.0), 53.0), 55.0);
    assert_eq!(outcome("HB020", back().beat(81.0).beat(106.0).mark(121.0, "end")), Met);
    assert_eq!(outcome("HB020", back().beat(62.0).beat(68.0).mark(121.0, "end")), Unmet);
    assert_eq!(outcome("HB020", back().beat(81.0).mark(121.0, "end")), Unseen);
    assert_eq!(outcome("HB020", back().beat(81.0).beat(106.0)), Unseen);
    assert_eq!(outcome("HB020", reset(open.clone(), 51.0).mark(121.0, "end")), Unseen);
    assert_eq!(outcome("HB020", Wire::new().scenario("three-resets").open(0.0)), Unseen);
}

#[test]
fn nothing_follows_a_close() {
    let closed = || {
        let open = Wire::new().scenario("server-closes").open(0.0).subscribed(0.1);
        open.mark(1.0, "step:close").close(1.0, From::Server, 1000)
    };
    assert_eq!(outcome("HB023", closed().close(1.1, From::Client, 1000)), Met);
    assert_eq!(outcome("HB023", closed().client(1.2, BEAT).close(1.3, From::Client, 1000)), Met);
    assert_eq!(outcome("HB023", closed().client(1.6, BEAT)), Unmet);
    assert_eq!(outcome("HB023", closed().close(1.1, From::Client, 1000).client(1.2, BEAT)), Unmet);
    assert_eq!(outcome("HB023", Wire::new().scenario("server-closes").open(0.0)), Unseen);
}
