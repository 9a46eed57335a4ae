//! Work that is done once: a document is parsed and validated once, however many send it, and a message is executed
//! once for all who get the same.

#[expect(dead_code, reason = "other tests use the rest")]
mod raw;

use std::collections::BTreeMap;

use glimesh_mock::{CHANNEL_ID, MockServer};
use raw::{Line, Seen};

const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;

const MESSAGES: usize = 7;

/// A document of one connection, and with which credential it is asked.
#[derive(Clone, Copy)]
struct Asked {
    credential: &'static str,
    payload: &'static str,
}

const BY_TOKEN: &str = "token=tok_mytho_chat";
const OTHER_TOKEN: &str = "token=tok_kirby_chat";

const ONE: &str = r#"{"query":"subscription($c:ID!){chatMessage(channelId:$c){id message}}","variables":{"c":"6"}}"#;

/// The same: what the document does not ask for plays no part.
const ONE_AND_MORE: &str = r#"{"query":"subscription($c:ID!){chatMessage(channelId:$c){id message}}","variables":{"c":"6","d":1}}"#;

const OTHER_VALUE: &str = r#"{"query":"subscription($c:ID!){chatMessage(channelId:$c){id message}}","variables":{"c":"06"}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn one_document_is_parsed_validated_and_executed_once_for_all_subscribers() {
    let asked = [Asked { credential: BY_TOKEN, payload: ONE }; 50];
    check(&asked, [1, 1, MESSAGES]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_values_are_validated_apart_and_other_viewers_executed_apart() {
    let asked = |credential, payload| Asked { credential, payload };
    check(&[asked(BY_TOKEN, ONE), asked(OTHER_TOKEN, ONE)], [1, 1, 2 * MESSAGES]).await;
    check(&[asked(BY_TOKEN, ONE), asked(BY_TOKEN, OTHER_VALUE)], [1, 2, MESSAGES]).await;
    // The variables are a part of the subscription's id, so this is another subscription.
    check(&[asked(BY_TOKEN, ONE), asked(BY_TOKEN, ONE_AND_MORE)], [1, 1, 2 * MESSAGES]).await;
}

/// Checks how often was parsed, validated and executed.
async fn check(asked: &[Asked], expected: [usize; 3]) {
    let server = MockServer::start().await.expect("a port is free");
    let mut lines = Vec::new();
    for Asked { credential, payload } in asked {
        let target = format!("/api/graph/websocket?vsn=2.0.0&{credential}");
        let mut line = Line::open(server.addr(), &target).await;
        line.text(JOIN).await;
        line.next_text().await;
        line.text(&format!(r#"["1","2","__absinthe__:control","doc",{payload}]"#)).await;
        assert!(line.next_text().await.contains("subscriptionId"));
        lines.push(line);
    }
    for number in 0..MESSAGES {
        let text = format!("message {number}");
        server.say(CHANNEL_ID, "mytho", &text).expect("both exist");
    }
    let first = lines.first_mut().expect("there is one");
    for _ in 0..MESSAGES {
        assert!(first.next_text().await.contains("subscription:data"));
    }
    let counts = counts(&server).await;
    let found = ["parsed", "validated", "executed"].map(|step| counts[step]);
    assert_eq!(found, expected);
}

async fn counts(server: &MockServer) -> BTreeMap<String, usize> {
    let mut line = Line::dial(server.addr()).await;
    line.send(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    let Seen::Http { status: 200, body, .. } = line.next().await else { panic!("not 200") };
    let counts = body.lines().filter_map(|line| {
        let (step, count) =
            line.strip_prefix("glimesh_documents_total{step=\"")?.split_once("\"} ")?;
        Some((step.to_owned(), count.parse().expect("it is a number")))
    });
    counts.collect()
}
