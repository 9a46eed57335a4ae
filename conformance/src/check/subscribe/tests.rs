use super::*;
use crate::check::Outcome::{self, Met, Unmet, Unseen, Weak};
use crate::check::testing::{DOC, JOIN, OK, SUBSCRIPTION, Wire};
use serde_json::json;

#[track_caller]
fn check(index: usize, wire: Wire, outcome: Outcome) -> Observation {
    let seen = wire.look(&CHECKS[index]);
    assert_eq!(seen.outcome, outcome, "{seen:?}");
    seen
}

fn joined() -> Wire {
    Wire::new().open(0.1).client(0.2, JOIN).server(0.3, OK)
}

fn doc(payload: &Value) -> String {
    json!(["1", "2", names::CONTROL_TOPIC, "doc", payload]).to_string()
}

fn query(text: &str) -> String {
    doc(&json!({"query": text}))
}

#[test]
fn a_subscription_may_be_written_in_many_ways() {
    let push = json!([null, null, SUBSCRIPTION, "subscription:data", {}]).to_string();
    check(0, Wire::new().open(0.1).subscribed(0.2).server(1.0, &push), Met);
    let ways = [
        "subscription { chatMessage { id } }",
        "subscription Chat($id: ID) {\n  # all of it\n  news: chatMessage(channelId: $id) { ...M }\n}\nfragment M on ChatMessage { message user { username } }",
        "subscription{chatMessage(channelId:\"6\"){message}}",
    ];
    for way in ways {
        check(0, joined().client(0.4, &query(way)), Met);
    }
    let other_first = joined().client(0.4, &query("{ myself { id } }")).client(0.5, DOC);
    check(0, other_first, Met);
    check(0, joined().client(9.0, DOC), Met);
    check(0, Wire::new().open(0.1).client(0.2, JOIN).client(0.2, DOC), Met);
}

#[test]
fn a_subscription_that_never_comes_needs_time_to_be_missed() {
    check(0, joined().mark(3.0, "end"), Unseen);
    check(0, joined().mark(10.0, "end"), Unmet);
    check(0, Wire::new().open(0.1).client(0.2, JOIN).mark(60.0, "end"), Unseen);
    check(0, Wire::new(), Unseen);
}

#[test]
fn what_is_no_subscription_to_the_chat_does_not_count() {
    let late = |text: &str| joined().client(0.4, &query(text)).mark(30.0, "end");
    assert!(check(0, late("{ myself { id } }"), Unmet).actual.contains("a query"));
    check(0, late("subscription { followers { id } }"), Unmet);
    check(0, late("fragment F on ChatMessage { id }"), Unmet);
    let wire = joined().client(0.4, &query("subscription { chatMessage { id }"));
    assert!(check(0, wire, Unmet).actual.contains("cannot be parsed"));
    let wire = joined().client(
        0.4,
        &query("subscription { ...F } fragment F on RootSubscriptionType { chatMessage { id } }"),
    );
    check(0, wire, Weak);
    let elsewhere = DOC.replace("\"doc\"", "\"subscribe\"");
    let seen = check(0, joined().client(0.4, &elsewhere).mark(30.0, "end"), Unmet);
    assert!(seen.hint.unwrap().contains("subscribe"));
}

#[test]
fn variables_are_an_object_or_absent() {
    for payload in [
        json!({"query": "q"}),
        json!({"query": "q", "variables": null}),
        json!({"query": "q", "variables": {}}),
        json!({"query": "q", "variables": {"id": "6"}}),
    ] {
        check(1, joined().client(0.4, &doc(&payload)), Met);
    }
    check(1, joined(), Unseen);
}

#[test]
fn variables_in_a_string_are_shown() {
    let text = r#"["1","1","__absinthe__:control","doc",{"query":"q", "variables": "{}" }]"#;
    let seen = check(1, joined().client(0.4, DOC).client(0.5, text), Unmet);
    let (from, to) = seen.span.unwrap();
    assert_eq!((&text[from..to], seen.entry), (r#""{}""#, Some(5)));
    assert!(seen.hint.unwrap().contains("double encoded"));
    check(1, joined().client(0.4, &doc(&json!({"query": "q", "variables": []}))), Unmet);
}
