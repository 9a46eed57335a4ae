use glimesh_mock::transcript::{From, What};

use crate::check::Outcome::{Met, Note, Unmet, Unseen, Weak};
use crate::check::testing::{Wire, dropped, exited, outcome, stop};

const BEAT_2: &str = r#"[null,"2","phoenix","heartbeat",{}]"#;

fn open() -> Wire {
    Wire::new().open(1.0).subscribed(1.1)
}

/// A session in which the client says one thing, and is left alone.
fn saying(text: &str) -> Wire {
    open().client(20.0, text).mark(126.0, "end")
}

#[test]
fn the_first_heartbeat_counts_from_the_open() {
    assert_eq!(outcome("HB001", open().beat(26.0)), Met);
    // A plain timer of 30 s has no margin, and is no failure.
    assert_eq!(outcome("HB001", open().beat(31.3)), Weak);
    assert_eq!(outcome("HB001", open().beat(33.0)), Weak);
    assert_eq!(outcome("HB001", open().beat(33.1)), Unmet);
}

#[test]
fn a_client_without_heartbeats_is_caught_if_it_lived_long_enough_to_owe_one() {
    assert_eq!(
        outcome("HB001", open().entry(33.0, dropped()).close(33.0, From::Server, 1000)),
        Unmet
    );
    assert_eq!(outcome("HB001", open().close(20.0, From::Client, 1000)), Unseen);
    assert_eq!(outcome("HB001", Wire::new().upgrade(1.0, "/", &[], 404)), Unseen);
}

#[test]
fn the_limit_is_that_of_the_sessions_server() {
    let phoenix = || open().profile("phoenix").setting("heartbeat.limit", "60s");
    assert_eq!(outcome("HB001", phoenix().beat(46.0)), Weak);
    assert_eq!(outcome("HB001", phoenix().beat(64.0)), Unmet);
    let contract = || Wire::new().contract(25).open(1.0);
    assert_eq!(outcome("HB001", contract().beat(1.8)), Met);
    assert_eq!(outcome("HB001", contract().beat(2.4)), Unmet);
}

#[test]
fn a_late_heartbeat_on_a_stalled_machine_is_nobodys_fault() {
    let stalled = open().beat(33.5).entry(34.0, What::Noise { worst_stall_ms: 1_500 });
    assert_eq!(outcome("HB001", stalled), Unseen);
}

#[test]
fn heartbeats_have_one_form() {
    assert_eq!(outcome("HB004", open().beat(20.0)), Met);
    assert_eq!(outcome("HB004", saying(r#"["1","2","phoenix","heartbeat",{}]"#)), Met);
    for wrong in [
        r#"[null,"2","pheonix","heartbeat",{}]"#,
        r#"[null,"2","phoenix","heart_beat",{}]"#,
        r#"[null,"2","phoenix","ping",{}]"#,
        r#"["1","2","__absinthe__:control","heartbeat",{}]"#,
        r#"[null,"2","phoenix","heartbeat",null]"#,
        r#"[null,"2","phoenix","heartbeat",{"a":1}]"#,
    ] {
        assert_eq!(outcome("HB004", saying(wrong)), Unmet, "{wrong}");
    }
    let null = saying(r#"[null,"2","phoenix","heartbeat",null]"#).profile("phoenix");
    assert_eq!(outcome("HB004", null), Note);
    assert_eq!(outcome("HB004", open()), Unseen);
}

#[test]
fn a_heartbeats_ref_is_any_string() {
    for right in
        [r#"["1","1","phoenix","heartbeat",{}]"#, r#"[null,"beat","phoenix","heartbeat",{}]"#]
    {
        assert_eq!(outcome("HB005", saying(right)), Met, "{right}");
    }
    for wrong in [r#"[null,2,"phoenix","heartbeat",{}]"#, r#"[null,null,"phoenix","heartbeat",{}]"#]
    {
        assert_eq!(outcome("HB005", saying(wrong)), Unmet, "{wrong}");
    }
    let number = saying(r#"[null,2,"phoenix","heartbeat",{}]"#).profile("phoenix");
    assert_eq!(outcome("HB005", number), Note);
}

#[test]
fn a_ref_may_come_again_once_it_is_answered() {
    assert_eq!(outcome("HB005", open().beat(20.0).beat(40.0)), Met);
    assert_eq!(outcome("HB005", open().client(20.0, BEAT_2).client(40.0, BEAT_2)), Weak);
    assert_eq!(outcome("HB005", open()), Unseen);
}

#[test]
fn two_quiet_minutes_are_lived_through() {
    let beats = open().beat(26.0).beat(51.0).beat(76.0).beat(101.0);
    assert_eq!(outcome("HB006", beats.clone().mark(126.0, "end")), Met);
    assert_eq!(outcome("HB006", beats), Unseen);
    let silent = open().beat(26.0).entry(58.0, dropped()).close(58.0, From::Server, 1000);
    assert_eq!(outcome("HB006", silent.clone().mark(126.0, "end")), Unmet);
    // A stall shorter than the room between the interval and the drop excuses nothing.
    let noisy = |ms| silent.clone().entry(127.0, What::Noise { worst_stall_ms: ms });
    assert_eq!(outcome("HB006", noisy(900)), Unmet);
    assert_eq!(outcome("HB006", noisy(1_100)), Unseen);
    let left = open().close(60.0, From::Client, 1000).mark(126.0, "end");
    assert_eq!(outcome("HB006", left), Unseen);
}

#[test]
fn the_reply_with_null_is_accepted_by_beating_on() {
    assert_eq!(outcome("HB012", open().beat(26.0).beat(51.0)), Met);
    let crashed = open().beat(26.0).entry(26.1, exited(Some(1), None));
    assert_eq!(outcome("HB012", crashed), Unmet);
    assert_eq!(outcome("HB012", open().beat(26.0).close(26.1, From::Client, 1002)), Unmet);
    // Long after the reply it is for another reason.
    assert_eq!(outcome("HB012", open().beat(26.0).close(40.0, From::Client, 1000)), Unseen);
    let stopped = open().beat(26.0).entry(26.1, stop()).close(26.2, From::Client, 1000);
    assert_eq!(outcome("HB012", stopped), Unseen);
    assert_eq!(outcome("HB012", open()), Unseen);
}

#[test]
fn a_reset_is_a_disconnect_and_no_reason_to_crash() {
    let reset = || open().scenario("reset").mark(2.0, "step:reset");
    assert_eq!(outcome("HB024", reset().entry(9.0, stop())), Met);
    assert_eq!(outcome("HB024", reset().entry(2.1, exited(Some(0), None))), Met);
    assert_eq!(outcome("HB024", reset().entry(2.1, exited(Some(1), None))), Weak);
    assert_eq!(outcome("HB024", reset().entry(2.1, exited(None, Some("SIGABRT")))), Unmet);
    assert_eq!(outcome("HB024", open()), Unseen);
}
