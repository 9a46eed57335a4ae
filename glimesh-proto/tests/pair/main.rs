//! Client against Server on a simulated clock: nothing sleeps, and the result is the transcript.

use std::time::Duration;

use glimesh_proto::{Instant, server};
use insta::assert_snapshot;
use serde_json::json;

mod channel;
mod harness;

use harness::{Act, Pair, Script};

fn seconds(seconds: u64) -> Instant {
    Instant::from(Duration::from_secs(seconds))
}

#[test]
fn the_documents_conversation() {
    const ID: &str = "__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D";
    let user = json!({"avatar": "/uploads/avatars/Mytho.png?v=63762672056", "username": "Mytho"});
    let said = json!({"data": {"chatMessage": {"message": "hello world!", "user": user}}});
    let script = Script::default()
        .at(0, Act::Join)
        .at(100, Act::Doc("subscription{ chatMessage(channelId: 6) { user { username avatar } message } }"))
        .answer(json!({"subscriptionId": ID}))
        .at(26_000, Act::Publish(ID, said))
        .at(27_000, Act::Doc(r#"mutation {createChatMessage(channelId:6, message: {message: "Hello There!"}) {message }}"#))
        .answer(json!({"data": {"createChatMessage": {"message": "Hello There!"}}}))
        .at(28_000, Act::Doc(r#"query {followers(streamerUsername: "CHANNEL") {id,user {username}}}"#))
        .answer(json!({"data": {"followers": [{"id": "613", "user": {"username": "Mytho"}}]}}))
        .at(29_000, Act::Unsubscribe(ID))
        .at(30_000, Act::Leave)
        .at(31_000, Act::Doc("{myself{id}}"))
        .at(32_000, Act::Close);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(60)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
     0.100s > ["1","2","__absinthe__:control","doc",{"query":"subscription{ chatMessage(channelId: 6) { user { username avatar } message } }","variables":{}}]
     0.100s < ["1","2","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D"},"status":"ok"}]
    25.000s > [null,"3","phoenix","heartbeat",{}]
    25.000s < [null,"3","phoenix","phx_reply",{"response":{},"status":"ok"}]
    26.000s < [null,null,"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D","subscription:data",{"result":{"data":{"chatMessage":{"message":"hello world!","user":{"avatar":"/uploads/avatars/Mytho.png?v=63762672056","username":"Mytho"}}}},"subscriptionId":"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D"}]
    27.000s > ["1","4","__absinthe__:control","doc",{"query":"mutation {createChatMessage(channelId:6, message: {message: \"Hello There!\"}) {message }}","variables":{}}]
    27.000s < ["1","4","__absinthe__:control","phx_reply",{"response":{"data":{"createChatMessage":{"message":"Hello There!"}}},"status":"ok"}]
    28.000s > ["1","5","__absinthe__:control","doc",{"query":"query {followers(streamerUsername: \"CHANNEL\") {id,user {username}}}","variables":{}}]
    28.000s < ["1","5","__absinthe__:control","phx_reply",{"response":{"data":{"followers":[{"id":"613","user":{"username":"Mytho"}}]}},"status":"ok"}]
    29.000s > ["1","6","__absinthe__:control","unsubscribe",{"subscriptionId":"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D"}]
    29.000s < ["1","6","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-576460752303349214:33B2AA3BF7B8F0E158810EF0E0166F5E05840BE57444C92365C921943942A47D"},"status":"ok"}]
    30.000s > ["1","7","__absinthe__:control","phx_leave",{}]
    30.000s < ["1","7","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    30.000s < ["1","1","__absinthe__:control","phx_close",{}]
    31.000s client refuses: WrongState(Closed)
    32.000s > close 1000
    32.000s server: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn two_minutes_of_heartbeats() {
    let script = Script::default().at(0, Act::Join);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(120)), @r#"
      0.000s > ["1","1","__absinthe__:control","phx_join",{}]
      0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
      0.000s client: Joined
     25.000s > [null,"2","phoenix","heartbeat",{}]
     25.000s < [null,"2","phoenix","phx_reply",{"response":{},"status":"ok"}]
     50.000s > [null,"3","phoenix","heartbeat",{}]
     50.000s < [null,"3","phoenix","phx_reply",{"response":{},"status":"ok"}]
     75.000s > [null,"4","phoenix","heartbeat",{}]
     75.000s < [null,"4","phoenix","phx_reply",{"response":{},"status":"ok"}]
    100.000s > [null,"5","phoenix","heartbeat",{}]
    100.000s < [null,"5","phoenix","phx_reply",{"response":{},"status":"ok"}]
    "#);
}

#[test]
fn client_is_dropped_at_32_s_when_it_falls_silent() {
    let script = Script::default().at(0, Act::Join).at(1, Act::Stall);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(120)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
    32.000s < close 1000
    32.000s server: Dropped { silent_for: 32s }
    32.000s client: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn client_is_dropped_at_60_s_of_silence_in_profile_phoenix() {
    let script = Script::default().at(0, Act::Join).at(1, Act::Stall);
    assert_snapshot!(Pair::new(server::Config::phoenix(), script).run_until(seconds(120)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
    60.000s < close 1000
    60.000s server: Dropped { silent_for: 60s }
    60.000s client: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn documents_do_not_replace_heartbeats() {
    let script = Script::default()
        .at(0, Act::Join)
        .at(1, Act::Stall)
        .at(31_000, Act::Doc("{myself{id}}"))
        .answer(json!({"data": {"myself": {"id": "1"}}}));
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(120)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
    31.000s > ["1","2","__absinthe__:control","doc",{"query":"{myself{id}}","variables":{}}]
    31.000s < ["1","2","__absinthe__:control","phx_reply",{"response":{"data":{"myself":{"id":"1"}}},"status":"ok"}]
    32.000s < close 1000
    32.000s server: Dropped { silent_for: 32s }
    32.000s client: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn heartbeat_at_the_deadline_is_in_time() {
    let script = Script::default()
        .at(0, Act::Stall)
        .at(32_000, Act::Heartbeat)
        .at(64_000, Act::Heartbeat)
        .at(96_001, Act::Heartbeat);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(120)), @r#"
    32.000s > [null,"1","phoenix","heartbeat",{}]
    32.000s < [null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]
    64.000s > [null,"2","phoenix","heartbeat",{}]
    64.000s < [null,"2","phoenix","phx_reply",{"response":{},"status":"ok"}]
    96.000s < close 1000
    96.000s server: Dropped { silent_for: 32s }
    96.000s client: Closed(Close { code: Some(1000), reason: "" })
    "#);
}

#[test]
fn refused_commands_change_nothing() {
    let script = Script::default()
        .at(0, Act::Doc("{myself{id}}"))
        .at(1, Act::Leave)
        .at(2, Act::Join)
        .at(3, Act::Join)
        .at(4, Act::Close)
        .at(5, Act::Join)
        .at(6, Act::Heartbeat);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(60)), @r#"
    0.000s client refuses: WrongState(Closed)
    0.001s client refuses: WrongState(Closed)
    0.002s > ["1","1","__absinthe__:control","phx_join",{}]
    0.002s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
    0.002s client: Joined
    0.003s client refuses: WrongState(Joined)
    0.004s > close 1000
    0.004s server: Closed(Close { code: Some(1000), reason: "" })
    0.005s client refuses: Closed
    "#);
}

#[test]
fn unanswered_join_and_leave_can_be_repeated() {
    let script = Script::default()
        .at(0, Act::Join)
        .at(1_000, Act::Ignore)
        .at(2_000, Act::Leave)
        .at(3_000, Act::Join)
        .at(13_000, Act::Join)
        .at(24_000, Act::Join);
    assert_snapshot!(Pair::new(server::Config::glimesh(), script).run_until(seconds(24)), @r#"
     0.000s > ["1","1","__absinthe__:control","phx_join",{}]
     0.000s < ["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]
     0.000s client: Joined
     2.000s > ["1","2","__absinthe__:control","phx_leave",{}]
     3.000s client refuses: WrongState(Leaving)
    12.000s client: Unanswered { msg_ref: Ref("2") }
    13.000s > ["3","3","__absinthe__:control","phx_join",{}]
    23.000s client: Unanswered { msg_ref: Ref("3") }
    24.000s > ["4","4","__absinthe__:control","phx_join",{}]
    "#);
}
