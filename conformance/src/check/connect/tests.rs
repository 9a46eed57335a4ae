use super::*;
use crate::check::Outcome::{self, Met, Note, Unmet, Unseen, Weak};
use crate::check::testing::Wire;

const PATH: &str = names::GRAPH_PATH;

#[track_caller]
fn check(index: usize, wire: Wire, outcome: Outcome) -> Observation {
    let seen = wire.look(&CHECKS[index]);
    assert_eq!(seen.outcome, outcome, "{seen:?}");
    seen
}

fn asks(path: &str, query: &[(&str, &str)]) -> Wire {
    Wire::new().upgrade(0.1, path, query, 101)
}

fn hint(observation: &Observation) -> &str {
    observation.hint.as_deref().unwrap_or_default()
}

#[test]
fn nothing_is_seen_without_a_request_for_a_websocket() {
    for index in 0..CHECKS.len() {
        check(index, Wire::new(), Unseen);
    }
}

#[test]
fn the_path_is_the_documents() {
    check(0, Wire::new().open(0.1), Met);
    check(0, asks("/api/graph/websocket/", &[]), Weak);
    let seen = check(0, asks("/api/socket/websocket", &[]), Unmet);
    assert!(hint(&seen).contains("older API"));
    assert!(hint(&check(0, asks("/api/graph", &[]), Unmet)).contains("/websocket is missing"));
    assert!(hint(&check(0, asks("/API/graph/websocket", &[]), Unmet)).contains("letter case"));
    check(0, asks("/socket", &[]), Unmet);
}

#[test]
fn the_worst_of_several_requests_counts() {
    let wire = Wire::new().open(0.1).upgrade(1.0, "/", &[], 404).open(2.0);
    assert_eq!(check(0, wire, Unmet).entry, Some(3));
}

#[test]
fn vsn_is_2_0_0_exactly_once() {
    check(1, asks(PATH, &[("api_key", "x"), ("token", "<token>"), ("vsn", "2.0.0")]), Met);
    check(1, asks(PATH, &[("vsn", "2.0.1")]), Weak);
    check(1, asks(PATH, &[("vsn", "2.0.0"), ("vsn", "2.0.0")]), Unmet);
    assert!(hint(&check(1, asks(PATH, &[]), Unmet)).contains("1.0.0"));
    assert!(hint(&check(1, asks(PATH, &[("vsn", "1.0.0")]), Unmet)).contains("objects"));
    assert!(hint(&check(1, asks(PATH, &[("VSN", "2.0.0")]), Unmet)).contains("lower case"));
    let seen = check(1, asks(PATH, &[("vsn", "2.0.0token=<token>")]), Unmet);
    assert!(hint(&seen).contains("& is missing"));
}

#[test]
fn a_given_token_is_sent_once_and_alone() {
    check(2, asks(PATH, &[("a", "b"), ("token", "<token>"), ("vsn", "2.0.0")]), Met);
    check(2, asks(PATH, &[]), Unmet);
    check(2, asks(PATH, &[("token", "<other:9>")]), Unmet);
    check(2, asks(PATH, &[("token", "<token>"), ("token", "<token>")]), Unmet);
    check(2, asks(PATH, &[("token", "<token>"), ("client_id", "<client_id>")]), Unmet);
    check(2, asks(PATH, &[("token", "<client_id>")]), Unmet);
    assert!(hint(&check(2, asks(PATH, &[("token", "\"<token>\"")]), Unmet)).contains("quotes"));
    assert!(hint(&check(2, asks(PATH, &[("token[]", "<token>")]), Unmet)).contains("token[]"));
    check(2, Wire::new().client_id().open(0.1), Unseen);
}

#[test]
fn a_client_that_can_only_do_the_other_credential_is_not_wrong() {
    check(2, asks(PATH, &[("client_id", "<client_id>")]), Note);
    let wire = Wire::new().client_id().upgrade(0.1, PATH, &[("token", "<token>")], 101);
    check(3, wire, Note);
}

#[test]
fn a_given_client_id_is_sent_under_its_own_name() {
    let asks = |query: &[(&str, &str)]| Wire::new().client_id().upgrade(0.1, PATH, query, 101);
    check(3, Wire::new().client_id().open(0.1), Met);
    check(3, asks(&[("token", "<client_id>")]), Unmet);
    check(3, asks(&[("client_id", "<client_id>"), ("token", "<token>")]), Unmet);
    check(3, asks(&[("client_id", "<other:36>")]), Unmet);
    check(3, asks(&[("clientId", "<client_id>")]), Unmet);
    // The credential that it is made for was not given.
    for query in [&[][..], &[("token", "undefined")], &[("token", "")]] {
        check(3, asks(query), Unseen);
        check(4, asks(query), Unseen);
    }
    check(4, Wire::new().upgrade(0.1, PATH, &[("token", "undefined")], 403), Unmet);
    check(3, Wire::new().open(0.1), Unseen);
}

#[test]
fn a_placeholder_is_told_from_the_mark_of_the_true_credential() {
    check(4, Wire::new().open(0.1), Met);
    check(4, Wire::new().client_id().open(0.1), Met);
    check(4, asks(PATH, &[("token", "<other:20>")]), Met);
    check(4, asks(PATH, &[("vsn", "2.0.0")]), Unseen);
    let words = ["", "TOKEN_HERE", "{token}", "<<token>>", "$TOKEN", "undefined", "null"];
    for word in words {
        check(4, asks(PATH, &[("token", word)]), Unmet);
    }
    check(4, asks(PATH, &[("client_id", "CLIENT_ID")]), Unmet);
}
