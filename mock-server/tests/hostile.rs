//! Documents that want to exhaust the server are answered, and quickly.

#![expect(clippy::unwrap_used, reason = "what cannot go on fails the test")]

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use glimesh_mock::graphql::{Answer, Api, Outcome, Request};
use glimesh_mock::world::World;
use serde_json::Map;

/// Generous: the tests are not optimised, and the machine may be busy.
const SOON: Duration = Duration::from_secs(20);

/// As much as a worker of the server has.
const STACK: usize = 2 << 20;

fn execute(query: &str) -> Outcome {
    let mut world = World::embedded();
    let viewer = world.viewer_of_token("tok_mytho_chat").unwrap();
    let variables = Map::new();
    let now = "2026-01-01T00:00:00";
    let request =
        Request { viewer: &viewer, now, query, variables: &variables, most_complex: None };
    Api::glimesh().execute(&mut world, &request)
}

/// Checks what the answer says.
#[track_caller]
fn check(query: String, expected: &str) {
    let began = Instant::now();
    let run = move || match execute(&query).answer {
        Answer::Ok(value) | Answer::Error(value) => value.to_string(),
        Answer::Subscribed(subscription) => format!("subscribed {subscription:?}"),
        Answer::Crash { reason } => format!("crash: {reason}"),
    };
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(run).unwrap();
    let answer = thread.join().expect("no panic");
    let begin: String = answer.chars().take(300).collect();
    assert!(answer.contains(expected), "{begin}");
    assert!(began.elapsed() < SOON, "took {:?}", began.elapsed());
}

#[test]
fn deep_selections_are_refused() {
    let query = format!("{}{}", "{a".repeat(200_000), "}".repeat(200_000));
    check(query, "has more than 100000 tokens");
    let query = format!("{}{}", "{a".repeat(30_000), "}".repeat(30_000));
    check(query, "nested deeper than 120 levels");
}

#[test]
fn deep_values_and_types_are_refused() {
    let deep = "[".repeat(40_000) + &"]".repeat(40_000);
    check(format!("{{user(username:{deep}){{id}}}}"), "nested deeper than 120 levels");
    let deep = format!("{}Int{}", "[".repeat(40_000), "]".repeat(40_000));
    check(format!("query($a:{deep}){{user(id:$a){{id}}}}"), "nested deeper than 120 levels");
    check("{a".repeat(30_000), "nested deeper than 120 levels");
}

#[test]
fn deepest_allowed_document_is_executed() {
    let nested = "channel{streamer{".repeat(59);
    let query = format!("{{user(id:1){{{nested}id{}}}}}", "}".repeat(118));
    check(query, r#"{"id":"1"}"#);
}

#[test]
fn depth_hidden_in_fragments_is_refused() {
    let mut query = "{user(id:1){...F0}}".to_owned();
    for i in 0..900 {
        write!(query, " fragment F{i} on User{{channel{{streamer{{...F{}}}}}}}", i + 1).unwrap();
    }
    query.push_str(" fragment F900 on User{id}");
    check(query, "nested deeper than 120 levels");
}

#[test]
fn answers_that_explode_are_cut() {
    let nested = "followers{edges{node{user{following{edges{node{streamer{".repeat(12);
    let query = format!("{{users{{edges{{node{{{nested}id{}}}}}}}}}", "}".repeat(96));
    check(query, "more fields than this mock server resolves");
}

#[test]
fn fragments_that_explode_are_cut() {
    let mut query = "{user(id:1){...F0}}".to_owned();
    for i in 0..36 {
        let next = i + 1;
        write!(query, " fragment F{i} on User{{a:channel{{streamer{{...F{next}}}}} b:channel{{streamer{{...F{next}}}}}}}").unwrap();
    }
    query.push_str(" fragment F36 on User{id}");
    check(query, "more fields than this mock server resolves");
}

#[test]
fn long_cycle_of_fragments_is_found() {
    let mut query = "{user(id:1){...F0}}".to_owned();
    for i in 0..900 {
        write!(query, " fragment F{i} on User{{...F{}}}", (i + 1) % 900).unwrap();
    }
    check(query, "Cannot spread fragment \\\"F899\\\" within itself via \\\"F0\\\", \\\"F1\\\"");
}

#[test]
fn wide_documents_are_answered() {
    let fields: String = (0..30_000).map(|i| format!("a{i} ")).collect();
    check(format!("{{{fields}}}"), "Cannot query field \\\"a29999\\\"");
    let arguments: String = (0..30_000).map(|_| "id:1 ".to_owned()).collect();
    check(format!("{{user({arguments}){{id}}}}"), "Duplicate argument name.");
    let variables: String = (0..20_000).map(|i| format!("$a{i}:Int ")).collect();
    check(format!("query({variables}){{myself{{id}}}}"), "Variable \\\"a19999\\\" is never used.");
    check(format!("{{myself{{{}}}}}", "id ".repeat(90_000)), r#"{"myself":{"id":"1"}}"#);
}

#[test]
fn ten_megabytes_of_white_space_are_nothing() {
    let query = format!("{{{}myself{{nope}}}}", " ".repeat(10_000_000));
    check(query, r#""locations":[{"column":10000009,"line":1}]"#);
}

#[test]
fn odd_characters_are_refused_in_place() {
    check("{\u{1F600}}".to_owned(), "Parsing failed at `\u{1F600}}`");
    check("{a(b:\"\u{1F600}".to_owned(), "Parsing failed at");
    check("\"".to_owned(), "Parsing failed at");
    check("\"\"\"".to_owned(), "Parsing failed at");
    check("..".to_owned(), "Parsing failed at `..`");
    check("-".to_owned(), "Parsing failed at `-`");
    check("{user(username:\"\\".to_owned(), "Parsing failed at");
    check("{user(username:\"\\ud800\"){id}}".to_owned(), "Could not find resource");
    check("{user(username:\"\"\"a\\\"\"\"b\"\"\"){id}}".to_owned(), "Could not find resource");
}
