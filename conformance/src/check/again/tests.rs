use glimesh_mock::transcript::From;
use glimesh_proto::names;
use serde_json::json;

use super::{FOR_THE_OLD, SESSION};
use crate::check::Outcome::{Met, Note, Unmet, Unseen};
use crate::check::testing::driven::{
    DONE, FAILED, UNSUPPORTED, chat, message, mutation, reply, send_chat,
};
use crate::check::testing::{SUBSCRIPTION, Wire, outcome, stop};
use crate::drive;

fn open() -> Wire {
    Wire::new().scenario(SESSION).open(0.0).subscribed(0.1)
}

#[test]
fn a_new_token_is_connected_with() {
    let connect = json!({
        "op": "connect", "id": 1, "conn": "a", "url": "ws://localhost/", "ca_file": null,
        "auth": {"kind": "token", "value": "new"},
        "options": {"heartbeat_ms": null, "auto_reconnect": true, "auto_subscribe": false},
    });
    let revoked = || open().mark(1.0, "step:revoke_credentials");
    let given = |wire: Wire| wire.asks(2.0, &connect.to_string());
    let refused = |wire: Wire, at: f64| {
        wire.upgrade(at, names::GRAPH_PATH, &[("vsn", names::VSN), ("token", "<other:3>")], 403)
    };
    assert_eq!(outcome("CN016", given(revoked()).open(2.1)), Met);
    assert_eq!(outcome("CN016", refused(given(revoked()), 2.1)), Unmet);
    // A try with the old token that was under way does not count, if the new one is used then.
    assert_eq!(outcome("CN016", refused(given(revoked()), 2.1).open(2.5)), Met);
    assert_eq!(outcome("CN016", given(revoked())), Unseen);
    assert_eq!(outcome("CN016", given(revoked().open(1.5))), Unseen);
    // The connect before is no question for a new token.
    let before = open().asks(0.5, &connect.to_string()).mark(1.0, "step:revoke_credentials");
    assert_eq!(outcome("CN016", before.open(2.1)), Unseen);
    assert_eq!(outcome("CN016", given(revoked()).says(2.1, UNSUPPORTED).open(2.2)), Unseen);
}

#[test]
fn a_post_that_is_lost_is_told_of_or_sent_once_more() {
    let text = drive::LOST;
    let asked = || open().asks(1.0, &send_chat(1, text));
    let lost = || asked().client(1.1, &mutation("1", 7, text)).eof(1.2, From::Server);
    let again = |wire: Wire, at: f64| {
        wire.open(at)
            .client(at, &mutation("1", 3, text))
            .server(at, &reply("1", 3, "ok", &json!({})))
    };
    assert_eq!(outcome("MU011", lost().says(1.3, FAILED)), Met);
    assert_eq!(outcome("MU011", again(lost(), 2.0).says(2.1, DONE)), Met);
    assert_eq!(outcome("MU011", lost().says(1.3, DONE)), Unmet);
    // The user says it again, and then it stands there twice.
    assert_eq!(outcome("MU011", again(lost().says(1.3, FAILED), 2.0)), Unmet);
    assert_eq!(outcome("MU011", again(again(lost(), 2.0), 3.0).says(3.1, DONE)), Unmet);
    assert_eq!(outcome("MU011", lost()), Unmet);
    assert_eq!(outcome("MU011", lost().entry(60.0, stop()).says(60.1, FAILED)), Unmet);
    assert_eq!(outcome("MU011", asked().says(1.1, FAILED)), Unseen);
    assert_eq!(outcome("MU011", asked().says(1.1, UNSUPPORTED)), Unseen);
    assert_eq!(outcome("MU011", open()), Unseen);
}

#[test]
fn a_reply_to_the_join_before_is_dropped() {
    let text = drive::ANEW;
    let asked = || open().asks(1.0, &send_chat(1, text));
    let sent = |join_ref: &str| asked().client(1.1, &mutation(join_ref, 7, text));
    let stale = reply("1", 7, "error", &json!({"reason": "said to the join before"}));
    let real = |join_ref: &str| reply(join_ref, 7, "ok", &json!({"data": {}}));
    let replied = || sent("5").server(2.0, &stale).server(2.0, &real("5"));
    assert_eq!(outcome("RC010", replied().says(2.1, DONE)), Met);
    assert_eq!(outcome("RC010", replied().says(2.1, FAILED)), Unmet);
    assert_eq!(outcome("RC010", replied()), Unmet);
    // Its patience is its own.
    let gave_up = sent("5").says(1.5, FAILED).server(2.0, &stale).server(2.0, &real("5"));
    assert_eq!(outcome("RC010", gave_up), Note);
    let same = || sent("1").server(2.0, &stale).server(2.0, &real("1"));
    assert_eq!(outcome("RC010", same().says(2.1, FAILED)), Note);
    assert_eq!(outcome("RC010", sent("5").server(2.0, &stale).says(2.1, FAILED)), Unseen);
    assert_eq!(outcome("RC010", asked().says(1.1, FAILED)), Unseen);
    assert_eq!(outcome("RC010", asked().says(1.1, UNSUPPORTED)), Unseen);
    assert_eq!(outcome("RC010", open()), Unseen);
}

#[test]
fn ids_end_with_their_connection() {
    const NEW: &str = "__absinthe__:doc:-2:33B2";
    let pushed = |old: &str| {
        let again = open().eof(1.0, From::Server).open(2.0);
        again.server(3.0, &message(old, FOR_THE_OLD)).server(3.0, &message(NEW, drive::FOR_THE_NEW))
    };
    let new = chat(drive::FOR_THE_NEW);
    assert_eq!(outcome("RC011", pushed(SUBSCRIPTION).says(3.1, &new)), Met);
    let both = pushed(SUBSCRIPTION).says(3.1, &chat(FOR_THE_OLD)).says(3.1, &new);
    assert_eq!(outcome("RC011", both), Unmet);
    // Nothing at all was told: then it is no wonder that the old one is missing.
    assert_eq!(outcome("RC011", pushed(SUBSCRIPTION)), Unseen);
    // There was no old subscription, so the scenario has no id to name.
    assert_eq!(outcome("RC011", pushed("").says(3.1, &new)), Unseen);
    assert_eq!(outcome("RC011", open()), Unseen);
}
