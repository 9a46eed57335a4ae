use glimesh_mock::transcript::{From, What};

use super::{EARLY, FIRST};
use crate::check::Outcome::{Met, Unmet, Unseen};
use crate::check::testing::driven::{UNSUPPORTED, chat, message};
use crate::check::testing::{DOC, JOIN, OK, SUBSCRIBED, SUBSCRIPTION, Wire, exited, outcome};

const SUBSCRIBE: &str =
    r#"{"op":"subscribe","id":1,"conn":"a","sub":"s1","channel_id":"6","fields":["message"]}"#;
/// The kit asks for it when it has waited for all messages.
const UNSUBSCRIBE: &str = r#"{"op":"unsubscribe","id":9,"conn":"a","sub":"s1"}"#;

/// Nothing is pushed yet.
fn asked() -> Wire {
    let open = Wire::new().scenario("driven-messages").open(0.0).client(0.1, JOIN).server(0.1, OK);
    open.asks(1.0, SUBSCRIBE).client(1.1, DOC)
}

/// A message overtakes the reply to its subscription.
fn overtaken() -> Wire {
    asked().server(1.2, &message(SUBSCRIPTION, EARLY)).server(1.2, SUBSCRIBED)
}

#[test]
fn a_message_before_the_reply_is_no_reason_to_stop() {
    let pushed = || overtaken().server(2.0, &message(SUBSCRIPTION, FIRST));
    let waited = |wire: Wire| wire.asks(40.0, UNSUBSCRIBE);
    let both = || pushed().says(2.1, &chat(EARLY)).says(2.1, &chat(FIRST));
    assert_eq!(outcome("MS005", waited(both())), Met);
    assert_eq!(outcome("MS005", waited(pushed().says(2.1, &chat(FIRST)))), Met);
    assert_eq!(outcome("MS005", waited(pushed().says(2.1, &chat(EARLY)))), Unmet);
    assert_eq!(outcome("MS005", waited(pushed())), Unmet);
    // What has not been told may still be told.
    assert_eq!(outcome("MS005", pushed().says(2.1, &chat(EARLY))), Unseen);
    let stalled = What::Noise { worst_stall_ms: 20_000 };
    assert_eq!(outcome("MS005", waited(pushed()).entry(41.0, stalled)), Unseen);
    assert_eq!(outcome("MS005", waited(asked().server(1.2, SUBSCRIBED))), Unseen);
    assert_eq!(outcome("MS005", waited(both().says(2.2, UNSUPPORTED))), Unseen);
}

#[test]
fn who_leaves_after_a_message_before_the_reply_has_not_gone_on() {
    // The timeline waits in vain, and the kit asks for nothing more.
    assert_eq!(outcome("MS005", overtaken().eof(1.3, From::Client)), Unmet);
    assert_eq!(outcome("MS005", overtaken().entry(1.3, exited(Some(1), None))), Unmet);
    assert_eq!(outcome("MS005", overtaken().eof(1.3, From::Server)), Unseen);
    assert_eq!(outcome("MS005", asked().entry(1.2, exited(Some(1), None))), Unseen);
}
