use glimesh_mock::transcript::From;

use crate::check::Outcome::{Met, Note, Unmet, Unseen, Weak};
use crate::check::testing::{DOC, JOIN, OK, Wire, dropped, exited, outcome, stop};

const REFUSED: &str = r#"["1","1","__absinthe__:control","phx_reply",{"response":{"reason":"join crashed"},"status":"error"}]"#;
const FOREIGN: &str =
    r#"["kit","kit","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#;
const STALE: &str = r#"["kit","kit","__absinthe__:control","phx_close",{}]"#;

fn joined(scenario: &str) -> Wire {
    Wire::new().scenario(scenario).open(1.0).client(1.1, JOIN)
}

#[test]
fn a_refused_join_is_tried_again_after_a_second_or_reported() {
    let refused = || joined("refused-join").server(1.2, REFUSED);
    for after in [2.2, 3.2, 6.2, 11.2] {
        assert_eq!(outcome("JN005", refused().client(after, JOIN)), Met, "{after}");
    }
    assert_eq!(outcome("JN005", refused().client(1.3, JOIN)), Unmet);
    assert_eq!(
        outcome("JN005", refused().close(1.3, From::Client, 1000).open(3.0).client(3.1, JOIN)),
        Met
    );
    assert_eq!(outcome("JN005", refused().entry(1.3, exited(Some(1), None))), Met);
    assert_eq!(outcome("JN005", refused().entry(1.3, exited(Some(0), None))), Weak);
    assert_eq!(outcome("JN005", refused().entry(1.3, exited(None, Some("SIGABRT")))), Unmet);
    assert_eq!(outcome("JN005", refused().mark(31.0, "missed:join")), Unmet);
    assert_eq!(outcome("JN005", refused()), Unseen);
    assert_eq!(outcome("JN005", joined("refused-join").server(1.2, OK)), Unseen);
}

#[test]
fn documents_after_a_refusal_are_in_vain() {
    let refused = || joined("refused-join").server(1.2, REFUSED);
    assert_eq!(outcome("JN005", refused().client(2.0, DOC)), Unmet);
    // Written in one burst with the join.
    assert_eq!(outcome("JN005", refused().client(1.2, DOC).client(2.5, JOIN)), Met);
    assert_eq!(outcome("JN005", refused().client(2.5, JOIN).server(2.6, OK).client(2.7, DOC)), Met);
}

#[test]
fn an_unanswered_join_is_given_up() {
    let open = || joined("unanswered-join");
    assert_eq!(outcome("JN006", open().client(11.1, JOIN)), Met);
    assert_eq!(outcome("JN006", open().client(11.1, JOIN).server(11.2, OK)), Met);
    assert_eq!(outcome("JN006", open().close(55.0, From::Client, 1000)), Met);
    assert_eq!(outcome("JN006", open().close(75.0, From::Client, 1000)), Unmet);
    assert_eq!(outcome("JN006", open().mark(66.0, "missed:join")), Unmet);
    assert_eq!(outcome("JN006", open().entry(5.0, exited(Some(1), None))), Met);
    // An end for the drop is no answer to the join's silence.
    let was_dropped = || open().entry(33.0, dropped()).close(33.0, From::Server, 1000);
    assert_eq!(outcome("JN006", was_dropped().entry(33.1, exited(Some(0), None))), Unseen);
    assert_eq!(outcome("JN006", was_dropped().open(34.0).client(34.1, JOIN)), Met);
    assert_eq!(outcome("JN006", open().entry(5.0, stop()).close(5.1, From::Client, 1000)), Unseen);
    assert_eq!(outcome("JN006", open().server(1.2, OK)), Unseen);
}

#[test]
fn a_late_reply_starts_the_subscription_once() {
    let late = || joined("late-join").server(7.1, OK);
    let other = DOC.replace("message }", "id }");
    assert_eq!(outcome("JN007", late().client(7.2, DOC)), Met);
    assert_eq!(outcome("JN007", late().client(7.2, DOC).client(7.3, &other)), Met);
    assert_eq!(outcome("JN007", late().client(7.2, DOC).client(7.3, DOC)), Unmet);
    assert_eq!(outcome("JN007", late().mark(27.0, "missed:subscribed")), Unmet);
    assert_eq!(outcome("JN007", late()), Unseen);
    // Whoever joins again subscribes again.
    let again = joined("late-join").client(6.0, JOIN).server(7.1, OK).client(7.2, DOC);
    assert_eq!(outcome("JN007", again), Note);
    let anew = joined("late-join").close(6.0, From::Client, 1000).open(6.5).subscribed(6.6);
    assert_eq!(outcome("JN007", anew), Note);
}

#[test]
fn the_joins_reply_has_the_joins_ref() {
    let told = || joined("foreign-reply").mark(1.6, "step:send").server(1.6, FOREIGN);
    assert_eq!(outcome("JN008", told().server(3.1, OK).client(3.2, DOC)), Met);
    assert_eq!(outcome("JN008", told().client(1.7, DOC).server(3.1, OK)), Unmet);
    let burst = joined("foreign-reply").client(1.1, DOC).server(1.6, FOREIGN).server(3.1, OK);
    assert_eq!(outcome("JN008", burst), Note);
    assert_eq!(outcome("JN008", told()), Unseen);
    assert_eq!(outcome("JN008", joined("foreign-reply").server(3.1, OK)), Unseen);
}

#[test]
fn a_reply_that_comes_at_once_is_heard() {
    let early = || joined("quiet").server(1.1, OK);
    assert_eq!(outcome("JN009", early().client(1.2, DOC)), Met);
    assert_eq!(outcome("JN009", early().mark(9.0, "missed:subscribed")), Unmet);
    assert_eq!(outcome("JN009", early().mark(2.0, "end")), Unseen);
    assert_eq!(outcome("JN009", joined("quiet").server(5.0, OK).mark(20.0, "end")), Unseen);
}

#[test]
fn the_close_of_another_join_changes_nothing() {
    let open = Wire::new().scenario("late-join").open(1.0).subscribed(1.1);
    let told = || open.clone().mark(2.0, "step:send").server(2.0, STALE);
    assert_eq!(outcome("JN010", told().mark(5.0, "end")), Met);
    assert_eq!(outcome("JN010", told().client(3.0, JOIN)), Unmet);
    assert_eq!(outcome("JN010", told().close(2.1, From::Client, 1000)), Unmet);
    assert_eq!(outcome("JN010", told().entry(2.1, exited(Some(1), None))), Unmet);
    assert_eq!(outcome("JN010", told()), Unseen);
    assert_eq!(outcome("JN010", open), Unseen);
}
