//! The protocol document's own documents work at `/api/graph`, where the current schema does not know them.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails the test")]

use glimesh_mock::graphql::{Answer, Api, Outcome, Request};
use glimesh_mock::world::World;
use serde_json::{Map, Value, json};

fn execute(api: &Api, world: &mut World, query: &str) -> Outcome {
    let viewer = world.viewer_of_token("tok_mytho_chat").unwrap();
    let variables = Map::new();
    let now = "2026-01-01T00:00:00";
    let request =
        Request { viewer: &viewer, now, query, variables: &variables, most_complex: None };
    api.execute(world, &request)
}

#[track_caller]
fn check(query: &str, by_older_api: bool, expected: &Value) {
    let outcome = execute(&Api::glimesh(), &mut World::embedded(), query);
    let Answer::Ok(result) = outcome.answer else { panic!("{:?}", outcome.answer) };
    assert_eq!((result, outcome.by_older_api), (json!({"data": expected}), by_older_api));
}

#[test]
fn channel_is_found_by_the_current_api() {
    let query = "query {\n  channel(streamerUsername: \"Mytho\") {\n    id\n  }\n}";
    check(query, false, &json!({"channel": {"id": "6"}}));
}

#[test]
fn followers_are_a_plain_list_by_the_older_api() {
    let query = "query {followers(streamerUsername: \"Mytho\") {id,user {username}}}";
    let followers = json!([
        {"id": "11992", "user": {"username": "RainbowFist"}},
        {"id": "11993", "user": {"username": "TheCat"}},
    ]);
    check(query, true, &json!({"followers": followers}));
}

#[test]
fn messages_are_created_by_the_current_api() {
    let query = "mutation {createChatMessage(channelId:6, message: {message: \"Hello There!\"}) {message }}";
    check(query, false, &json!({"createChatMessage": {"message": "Hello There!"}}));
}

#[test]
fn subscription_with_avatars_is_told_by_the_older_api() {
    let (api, mut world) = (Api::glimesh(), World::embedded());
    let query = "subscription{ chatMessage(channelId: 6) { user { username avatar } message } }";
    let outcome = execute(&api, &mut world, query);
    let Answer::Subscribed(subscription) = outcome.answer else { panic!("{:?}", outcome.answer) };
    assert!(outcome.by_older_api);
    assert_eq!(subscription.channel_id(), Some("6"));
    let event = world.say("2026-01-01T00:00:00", 6, "mytho", "hello world!").unwrap();
    assert!(subscription.wants(&event));
    let user = json!({"avatar": "/uploads/avatars/Mytho.png?v=63762672056", "username": "Mytho"});
    let message = json!({"message": "hello world!", "user": user});
    let result = subscription.publish(&mut world, &event);
    assert_eq!(result, json!({"data": {"chatMessage": message}}));
}

#[test]
fn what_neither_api_knows_is_refused_in_the_current_one_s_words() {
    let outcome = execute(&Api::glimesh(), &mut World::embedded(), "{myself{avatar nope}}");
    let Answer::Error(errors) = outcome.answer else { panic!("{:?}", outcome.answer) };
    assert!(errors.to_string().contains("Did you mean \\\"avatarUrl\\\"?"));
    assert!(!outcome.by_older_api);
}
