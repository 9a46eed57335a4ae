//! A channel's life beyond the good case: several subscriptions, replaced, crashed and closed channels, late answers.

use glimesh_proto::server::Config;
use insta::assert_snapshot;
use serde_json::json;

use super::harness::{Act, Pair, Script};
use super::seconds;

const A: &str = "__absinthe__:doc:-1:A";
const B: &str = "__absinthe__:doc:-2:B";

/// Joined, and subscribed to both.
fn two_subscriptions() -> Script {
    Script::default()
        .at(0, Act::Join)
        .at(1, Act::Doc("subscription{a}"))
        .answer(json!({"subscriptionId": A}))
        .at(2, Act::Doc("subscription{b}"))
        .answer(json!({"subscriptionId": B}))
}

#[test]
fn subscriptions_end_one_by_one() {
    let script = two_subscriptions()
        .at(3, Act::Publish(A, json!(1)))
        .at(4, Act::Publish(B, json!(2)))
        .at(5, Act::Unsubscribe(A))
        .at(6, Act::Publish(A, json!(3)))
        .at(7, Act::Publish(B, json!(4)))
        .at(8, Act::Unsubscribe(A))
        .at(9, Act::Unsubscribe("__absinthe__:doc:-3:C"));
    assert_snapshot!(Pair::new(Config::glimesh(), script).run_until(seconds(1)), @r#"
    0.000s > ["1","1","__absinthe__:control","phx_join",{}]
    0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.000s client: Joined
    0.001s > ["1","2","__absinthe__:control","doc",{"query":"subscription{a}","variables":{}}]
    0.001s < ["1","2","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:A"},"status":"ok"}]
    0.002s > ["1","3","__absinthe__:control","doc",{"query":"subscription{b}","variables":{}}]
    0.002s < ["1","3","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-2:B"},"status":"ok"}]
    0.003s < [null,null,"__absinthe__:doc:-1:A","subscription:data",{"result":1,"subscriptionId":"__absinthe__:doc:-1:A"}]
    0.004s < [null,null,"__absinthe__:doc:-2:B","subscription:data",{"result":2,"subscriptionId":"__absinthe__:doc:-2:B"}]
    0.005s > ["1","4","__absinthe__:control","unsubscribe",{"subscriptionId":"__absinthe__:doc:-1:A"}]
    0.005s < ["1","4","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:A"},"status":"ok"}]
    0.007s < [null,null,"__absinthe__:doc:-2:B","subscription:data",{"result":4,"subscriptionId":"__absinthe__:doc:-2:B"}]
    0.008s client refuses: NotSubscribed
    0.009s client refuses: NotSubscribed
    "#);
}

#[test]
fn second_join_replaces_the_channel_and_its_subscriptions() {
    let script = two_subscriptions()
        .at(3, Act::Rejoin)
        .at(4, Act::Publish(A, json!(1)))
        .at(5, Act::Unsubscribe(A))
        .at(6, Act::Doc("subscription{a}"))
        .answer(json!({"subscriptionId": "__absinthe__:doc:-3:A"}))
        .at(7, Act::Publish("__absinthe__:doc:-3:A", json!(2)));
    assert_snapshot!(Pair::new(Config::glimesh(), script).run_until(seconds(1)), @r#"
    0.000s > ["1","1","__absinthe__:control","phx_join",{}]
    0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.000s client: Joined
    0.001s > ["1","2","__absinthe__:control","doc",{"query":"subscription{a}","variables":{}}]
    0.001s < ["1","2","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:A"},"status":"ok"}]
    0.002s > ["1","3","__absinthe__:control","doc",{"query":"subscription{b}","variables":{}}]
    0.002s < ["1","3","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-2:B"},"status":"ok"}]
    0.003s > ["4","4","__absinthe__:control","phx_join",{}]
    0.003s < ["4","4","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.003s < ["1","1","__absinthe__:control","phx_close",{}]
    0.003s client: Joined
    0.003s client: Stale(Close { join_ref: Ref("1") })
    0.005s client refuses: NotSubscribed
    0.006s > ["4","5","__absinthe__:control","doc",{"query":"subscription{a}","variables":{}}]
    0.006s < ["4","5","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-3:A"},"status":"ok"}]
    0.007s < [null,null,"__absinthe__:doc:-3:A","subscription:data",{"result":2,"subscriptionId":"__absinthe__:doc:-3:A"}]
    "#);
}

#[test]
fn crash_ends_the_subscriptions_and_a_join_mends_it() {
    let script = two_subscriptions()
        .at(3, Act::Crash)
        .at(4, Act::Publish(A, json!(1)))
        .at(5, Act::Doc("{myself{id}}"))
        .at(6, Act::Join)
        .at(7, Act::Leave)
        .at(8, Act::Join);
    assert_snapshot!(Pair::new(Config::glimesh(), script).run_until(seconds(1)), @r#"
    0.000s > ["1","1","__absinthe__:control","phx_join",{}]
    0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.000s client: Joined
    0.001s > ["1","2","__absinthe__:control","doc",{"query":"subscription{a}","variables":{}}]
    0.001s < ["1","2","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:A"},"status":"ok"}]
    0.002s > ["1","3","__absinthe__:control","doc",{"query":"subscription{b}","variables":{}}]
    0.002s < ["1","3","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-2:B"},"status":"ok"}]
    0.003s < ["1","1","__absinthe__:control","phx_error",{}]
    0.003s client: ChannelCrashed
    0.005s client refuses: WrongState(Errored)
    0.006s > ["4","4","__absinthe__:control","phx_join",{}]
    0.006s < ["4","4","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.006s client: Joined
    0.007s > ["4","5","__absinthe__:control","phx_leave",{}]
    0.007s < ["4","5","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.007s < ["4","4","__absinthe__:control","phx_close",{}]
    0.008s > ["6","6","__absinthe__:control","phx_join",{}]
    0.008s < ["6","6","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.008s client: Joined
    "#);
}

#[test]
fn what_an_earlier_channel_says_is_stale() {
    let script = two_subscriptions()
        .at(3, Act::Rejoin)
        .at(
            4,
            Act::Say(
                r#"["1","2","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#,
            ),
        )
        .at(5, Act::Say(r#"["1","1","__absinthe__:control","phx_error",{}]"#))
        .at(6, Act::Say(r#"[null,null,"__absinthe__:doc:-1:A","subscription:data",{"result":1}]"#))
        .at(7, Act::Say(r#"[null,null,"__absinthe__:doc:-9:Z","subscription:data",{"result":1}]"#))
        .at(
            8,
            Act::Say(
                r#"["4","2","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#,
            ),
        )
        .at(9, Act::Say(r#"["4","4","__absinthe__:control","phx_close",{}]"#))
        .at(10, Act::Say(r#"["4","4","__absinthe__:control","phx_close",{}]"#))
        .at(11, Act::Join);
    assert_snapshot!(Pair::new(Config::glimesh(), script).run_until(seconds(1)), @r#"
    0.000s > ["1","1","__absinthe__:control","phx_join",{}]
    0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.000s client: Joined
    0.001s > ["1","2","__absinthe__:control","doc",{"query":"subscription{a}","variables":{}}]
    0.001s < ["1","2","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:A"},"status":"ok"}]
    0.002s > ["1","3","__absinthe__:control","doc",{"query":"subscription{b}","variables":{}}]
    0.002s < ["1","3","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-2:B"},"status":"ok"}]
    0.003s > ["4","4","__absinthe__:control","phx_join",{}]
    0.003s < ["4","4","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.003s < ["1","1","__absinthe__:control","phx_close",{}]
    0.003s client: Joined
    0.003s client: Stale(Close { join_ref: Ref("1") })
    0.004s < ["1","2","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.004s client: Stale(Reply { join_ref: Ref("1") })
    0.005s < ["1","1","__absinthe__:control","phx_error",{}]
    0.005s client: Stale(Error { join_ref: Ref("1") })
    0.006s < [null,null,"__absinthe__:doc:-1:A","subscription:data",{"result":1}]
    0.006s client: Stale(Data { subscription_id: SubscriptionId("__absinthe__:doc:-1:A") })
    0.007s < [null,null,"__absinthe__:doc:-9:Z","subscription:data",{"result":1}]
    0.007s client: Violation(UnknownSubscription(SubscriptionId("__absinthe__:doc:-9:Z")))
    0.008s < ["4","2","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.008s client: Violation(UnexpectedReply)
    0.009s < ["4","4","__absinthe__:control","phx_close",{}]
    0.009s client: ChannelClosed
    0.010s < ["4","4","__absinthe__:control","phx_close",{}]
    0.011s > ["5","5","__absinthe__:control","phx_join",{}]
    0.011s < ["5","5","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.011s < ["4","4","__absinthe__:control","phx_close",{}]
    0.011s client: Joined
    0.011s client: Stale(Close { join_ref: Ref("4") })
    "#);
}

#[test]
fn a_push_before_another_join_is_reported_once() {
    let script = Script::default()
        .at(0, Act::Join)
        .at(1, Act::Ignore)
        .at(2, Act::Doc("mutation{a}"))
        .at(3, Act::Doc("{b}"))
        .at(4, Act::Rejoin)
        .at(5, Act::Say(r#"["1","2","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]"#))
        .at(6, Act::Say(r#"["1","2","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]"#))
        .at(7, Act::Say(r#"["1","4","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#))
        .at(8, Act::Say(r#"["4","4","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#))
        .at(11_000, Act::Say(r#"["1","3","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]"#));
    assert_snapshot!(Pair::new(Config::glimesh(), script).run_until(seconds(12)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
     0.002s > ["1","2","__absinthe__:control","doc",{"query":"mutation{a}","variables":{}}]
     0.003s > ["1","3","__absinthe__:control","doc",{"query":"{b}","variables":{}}]
     0.004s > ["4","4","__absinthe__:control","phx_join",{}]
     0.005s < ["1","2","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]
     0.006s < ["1","2","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]
     0.006s client: Stale(Reply { join_ref: Ref("1") })
     0.007s < ["1","4","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.007s client: Stale(Reply { join_ref: Ref("1") })
     0.008s < ["4","4","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.008s client: Joined
    10.003s client: Unanswered { msg_ref: Ref("3") }
    11.000s < ["1","3","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]
    11.000s client: Stale(Reply { join_ref: Ref("1") })
    "#);
}

#[test]
fn answers_that_come_too_late_are_noticed_and_subscriptions_are_kept() {
    let script = Script::default()
        .at(0, Act::Join)
        .at(1, Act::Ignore)
        .at(2, Act::Doc("subscription{a}"))
        .at(3, Act::Doc("{myself{id}}"))
        .at(11_000, Act::Say(r#"[null,null,"__absinthe__:doc:-1:A","subscription:data",{"result":1}]"#))
        .at(11_001, Act::Say(r#"["1","2","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:A"},"status":"ok"}]"#))
        .at(11_002, Act::Say(r#"["1","3","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]"#))
        .at(11_003, Act::Say(r#"["1","3","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]"#))
        .at(11_004, Act::Unsubscribe(A));
    assert_snapshot!(Pair::new(Config::glimesh(), script).run_until(seconds(12)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
     0.002s > ["1","2","__absinthe__:control","doc",{"query":"subscription{a}","variables":{}}]
     0.003s > ["1","3","__absinthe__:control","doc",{"query":"{myself{id}}","variables":{}}]
    10.002s client: Unanswered { msg_ref: Ref("2") }
    10.003s client: Unanswered { msg_ref: Ref("3") }
    11.000s < [null,null,"__absinthe__:doc:-1:A","subscription:data",{"result":1}]
    11.001s < ["1","2","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:A"},"status":"ok"}]
    11.002s < ["1","3","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]
    11.002s client: Stale(LateReply { msg_ref: Ref("3") })
    11.003s < ["1","3","__absinthe__:control","phx_reply",{"response":{"data":{}},"status":"ok"}]
    11.003s client: Violation(UnexpectedReply)
    11.004s > ["1","4","__absinthe__:control","unsubscribe",{"subscriptionId":"__absinthe__:doc:-1:A"}]
    "#);
}

#[test]
fn heartbeat_without_an_answer_ends_the_connection() {
    let script = Script::default().at(0, Act::Join).at(1, Act::Ignore).at(36_000, Act::Join);
    assert_snapshot!(Pair::new(Config::glimesh(), script).run_until(seconds(60)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
    25.000s > [null,"2","phoenix","heartbeat",{}]
    35.000s > close 1000
    35.000s server: Closed(Close { code: Some(1000), reason: "" })
    35.000s client: HeartbeatMissed { msg_ref: Ref("2") }
    36.000s client refuses: Closed
    "#);
}
