use glimesh_mock::transcript::From;
use serde_json::json;

use crate::check::Outcome::{Met, Note, Unmet, Unseen};
use crate::check::testing::driven::{DONE, FAILED, UNSUPPORTED, doc, mutation, reply, send_chat};
use crate::check::testing::{Wire, outcome, stop};
use crate::drive;

fn open() -> Wire {
    Wire::new().scenario("driven-posts").open(0.0).subscribed(0.1)
}

fn posted(nth: u64, text: &str) -> String {
    mutation("1", nth, text)
}

fn granted(nth: u64) -> String {
    reply("1", nth, "ok", &json!({"data": {}}))
}

const LATE: &str = r#"{"id":1,"error":{"kind":"timeout","message":"no reply","detail":{}}}"#;

#[test]
fn success_is_told_when_it_is_confirmed() {
    let sent = || open().asks(1.0, &send_chat(1, drive::SLOW)).client(1.1, &posted(7, drive::SLOW));
    assert_eq!(outcome("MU005", sent().server(2.6, &granted(7)).says(2.7, DONE)), Met);
    assert_eq!(outcome("MU005", sent().says(1.2, DONE).server(2.6, &granted(7))), Unmet);
    assert_eq!(outcome("MU005", sent().server(2.6, &granted(7)).says(2.7, LATE)), Unmet);
    assert_eq!(outcome("MU005", sent().server(2.6, &granted(7))), Unmet);
    // Its patience is its own.
    assert_eq!(outcome("MU005", sent().says(2.1, LATE).server(2.6, &granted(7))), Note);
    assert_eq!(outcome("MU005", sent().says(2.1, LATE)), Unseen);
}

#[test]
fn a_post_without_a_reply_is_given_up() {
    let text = drive::UNANSWERED;
    let sent = || open().asks(1.0, &send_chat(1, text)).client(1.1, &posted(7, text));
    assert_eq!(outcome("MU010", sent().says(11.0, LATE)), Met);
    assert_eq!(outcome("MU010", sent().says(1.2, DONE)), Unmet);
    assert_eq!(outcome("MU010", sent().entry(61.2, stop()).says(61.3, LATE)), Unmet);
    assert_eq!(outcome("MU010", sent().entry(31.2, stop()).says(31.3, LATE)), Unseen);
    assert_eq!(outcome("MU010", sent().says(11.0, LATE).eof(11.1, From::Client)), Unmet);
    let end_of_all = sent().says(11.0, LATE).entry(12.0, stop()).eof(12.1, From::Client);
    assert_eq!(outcome("MU010", end_of_all), Met);
    assert_eq!(outcome("MU010", open().asks(1.0, &send_chat(1, text)).says(1.1, LATE)), Unseen);
}

#[test]
fn texts_are_what_the_server_reads() {
    let asks = || open().asks(1.0, &send_chat(1, drive::INJECTION));
    let right = asks().client(1.1, &posted(7, drive::INJECTION)).server(1.2, &granted(7));
    assert_eq!(outcome("MU003", right), Met);
    let cut = asks().client(1.1, &posted(7, "cut")).server(1.2, &granted(7));
    assert_eq!(outcome("MU003", cut), Unmet);
    // A variable's default holds it: the server reads that, and the check does not.
    let query = r#"mutation($it: ChatMessageInput = {message: "x"}) { createChatMessage(channelId: 6, message: $it) { id } }"#;
    let payload = json!({"query": query, "variables": {}});
    let hidden = doc("1", 7, &payload);
    let hidden = || asks().client(1.1, &hidden);
    assert_eq!(outcome("MU003", hidden().server(1.2, &granted(7))), Unseen);
    assert_eq!(outcome("MU003", hidden()), Unmet);
}

#[test]
fn a_post_that_is_not_allowed_is_told_as_a_failure_once() {
    for (id, session) in [("MU007", "driven-reader"), ("MU008", "driven-no-scope")] {
        let text = drive::FORBIDDEN;
        let asks = || open().scenario(session).asks(1.0, &send_chat(1, text));
        let refused = json!({"errors": [{"message": "Access denied, missing scope \"chat\""}]});
        let sent = |wire: Wire, at: f64, nth: u64| {
            wire.client(at, &posted(nth, text)).server(at, &reply("1", nth, "ok", &refused))
        };
        let once = || sent(asks(), 1.1, 7);
        assert_eq!(outcome(id, once().says(1.2, FAILED)), Met);
        assert_eq!(outcome(id, once().says(1.2, DONE)), Unmet);
        assert_eq!(outcome(id, once()), Unmet);
        // Some ask once more, and then it is enough.
        let twice = || sent(once(), 1.3, 8);
        assert_eq!(outcome(id, twice().says(1.4, FAILED)), Met);
        assert_eq!(outcome(id, sent(twice(), 1.5, 9).says(1.6, FAILED)), Unmet);
        assert_eq!(outcome(id, once().says(1.2, FAILED).eof(1.3, From::Client)), Unmet);
        let end_of_all = once().says(1.2, FAILED).entry(2.0, stop()).eof(2.1, From::Client);
        assert_eq!(outcome(id, end_of_all), Met);
        // Who knows that it may not post need not try; what it makes of a refusal is not seen then.
        assert_eq!(outcome(id, asks().says(1.1, FAILED)), Note);
        assert_eq!(outcome(id, asks()), Unseen);
        assert_eq!(outcome(id, asks().says(1.1, UNSUPPORTED)), Unseen);
        assert_eq!(outcome(id, open().scenario(session)), Unseen);
    }
}
