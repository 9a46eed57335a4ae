//! What a driven client is asked in each session. The scenario says what the server does meanwhile.
//!
//! Both run side by side: a scenario waits for what crosses the wire, and this for answers, events and marks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use glimesh_mock::scenario::Auth as Credential;
use glimesh_mock::transcript::From;
use glimesh_mock::{CHANNEL_ID, CLIENT_ID, MockServer, TOKEN};
use serde_json::Map;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::client::Adapter;
use crate::driver::{
    Answer, Auth, AuthKind, Event, Heard, Link, NoAnswer, Op, Options, PREFIX, PROTOCOL, Said,
};

/// How long an answer may take: more than a client takes to give up a reply, and enough for a busy machine.
const ANSWER: Duration = Duration::from_secs(20);

/// How long what the server sent may take to be told.
const TOLD: Duration = Duration::from_secs(30);

/// How long nothing has to be told before the kit takes it that nothing comes.
const SILENCE: Duration = Duration::from_millis(700);

/// The name of the only connection.
const CONN: &str = "a";

/// The subscription to the given channel.
pub(crate) const SUB: &str = "s1";

/// The subscription to the other one.
pub(crate) const OTHER_SUB: &str = "s2";

/// Another channel of the world. Source: the world's data set.
const OTHER_CHANNEL: &str = "10";

/// An ordinary post.
pub(crate) const PLAIN: &str = "hello from the kit";
/// A post with everything that has to be escaped.
pub(crate) const QUOTES: &str = "say \"hi\" \\ and\nnext\tline";
/// A post that would close the document if it were pasted into it.
pub(crate) const INJECTION: &str = "\"}) { id } } #";
/// A post in other scripts, and nearly as long as the server takes, which is 255 characters.
pub(crate) fn long_post() -> String {
    let start = "\u{1F469}\u{200D}\u{1F680} e\u{301} \u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{1D11E} ";
    let rest = 240 - start.chars().count();
    format!("{start}{}", "\u{E9}".repeat(rest))
}
/// A post whose confirmation comes late.
pub(crate) const SLOW: &str = "in your own time";
/// Two posts at once: the second one, which is too long for the server, is refused before the first one is confirmed.
pub(crate) fn swapped() -> [String; 2] {
    ["swapped one".to_owned(), format!("swapped two {}", "x".repeat(300))]
}
/// A post of a session that may only read.
pub(crate) const FORBIDDEN: &str = "may I?";
/// A query, and what its answer holds.
pub(crate) const QUERY: (&str, &str) =
    (r#"query { user(username: "Mytho") { username } }"#, "Mytho");
/// Another query, answered before the first one if both are asked at once, and what its answer holds.
pub(crate) const OTHER_QUERY: (&str, &str) =
    (r#"query { user(username: "TheCat") { username } } # at once"#, "TheCat");
/// The query that is asked at once with [`OTHER_QUERY`]; its answer is that of [`QUERY`].
pub(crate) const AT_ONCE: &str = r#"query { user(username: "Mytho") { username } } # at once"#;
/// A query of a field that there is not.
pub(crate) const WRONG_QUERY: &str = "query { nothingOfTheKind }";
/// The last message of the session `driven-messages`.
pub(crate) const LAST: &str = "the last of all";

/// The kit's side of a driven session.
pub(crate) struct Kit<'a> {
    server: &'a MockServer,
    scenario: String,
    connect_within: Duration,
    link: Link,
    /// The texts of the messages that were told.
    told: watch::Receiver<BTreeSet<String>>,
}

impl<'a> Kit<'a> {
    /// Takes over a client's streams; all that crosses them is written into the server's transcript.
    pub(crate) fn new(server: &'a MockServer, connect_within: Duration, adapter: Adapter) -> Self {
        let (sender, told) = watch::channel(BTreeSet::new());
        let log = Arc::new(server.driver_log());
        let link = Link::start(adapter.stdout, adapter.stdin, move |record| match record.what {
            Heard::Asked(request) => {
                log(From::Server, &serde_json::to_string(&request).unwrap_or_default());
            }
            Heard::Said { line, read } => {
                log(From::Client, without_prefix(&line.bytes));
                if let Said::Event(Event::Chat { data, .. }) = read.said
                    && let Some(text) = data.get("message").and_then(|text| text.as_str())
                {
                    sender.send_modify(|told| {
                        told.insert(text.to_owned());
                    });
                }
            }
            Heard::Broken { line, .. } => log(From::Client, without_prefix(&line.bytes)),
            Heard::Log(_) | Heard::Flood | Heard::End => {}
        });
        let scenario = server.transcript().header.scenario;
        Self { server, scenario, connect_within, link, told }
    }

    /// Asks for the end.
    pub(crate) async fn bye(&self, within: Duration) {
        // Whether it answers shows in how it ends.
        let _ = self.link.ask(Op::Bye, within).await;
        self.link.close().await;
    }

    async fn ask(&self, op: Op, within: Duration) -> Result<Option<Answer>, Gone> {
        match self.link.ask(op, within).await {
            Ok(answer) => Ok(Some(answer)),
            Err(NoAnswer::Late) => Ok(None),
            Err(NoAnswer::Gone) => Err(Gone),
        }
    }

    /// Asks for what everything else needs.
    async fn open(&self) -> Result<(), Gone> {
        let run = self.server.addr().port().to_string();
        let deadline_ms = u64::try_from(ANSWER.as_millis()).unwrap_or(u64::MAX);
        let hello = Op::Hello { protocol: PROTOCOL, run, deadline_ms };
        self.must(hello, self.connect_within.max(ANSWER)).await?;
        let (kind, value) = match self.server.auth() {
            Credential::Token => (AuthKind::Token, TOKEN),
            Credential::ClientId => (AuthKind::ClientId, CLIENT_ID),
        };
        let connect = Op::Connect {
            conn: CONN.to_owned(),
            url: self.server.url(),
            auth: Auth { kind, value: value.to_owned() },
            ca_file: self.server.ca_file().map(|path| path.to_string_lossy().into_owned()),
            options: Options { heartbeat_ms: None, auto_reconnect: true, auto_subscribe: false },
        };
        self.must(connect, ANSWER).await?;
        self.must(Op::Join { conn: CONN.to_owned() }, ANSWER).await
    }

    /// Asks what has to be done before anything else makes sense.
    async fn must(&self, op: Op, within: Duration) -> Result<(), Gone> {
        match self.ask(op, within).await? {
            Some(Answer::Ok(_)) => Ok(()),
            _ => Err(Gone),
        }
    }

    async fn subscribe(&self, sub: &str, channel_id: &str) -> Result<(), Gone> {
        let op = Op::Subscribe {
            conn: CONN.to_owned(),
            sub: sub.to_owned(),
            channel_id: channel_id.to_owned(),
            fields: vec!["message".to_owned(), "user.username".to_owned()],
        };
        self.ask(op, ANSWER).await.map(drop)
    }

    async fn post(&self, text: &str) -> Result<(), Gone> {
        let (conn, channel_id) = (CONN.to_owned(), CHANNEL_ID.to_string());
        self.ask(Op::SendChat { conn, channel_id, text: text.to_owned() }, ANSWER).await.map(drop)
    }

    async fn query(&self, document: &str) -> Result<(), Gone> {
        let (conn, document) = (CONN.to_owned(), document.to_owned());
        self.ask(Op::Query { conn, document, variables: Map::new() }, ANSWER).await.map(drop)
    }

    /// Waits until a message was told, but not for ever.
    async fn hears(&self, text: &str) {
        let mut told = self.told.clone();
        // If it was not told, the checks say so.
        let _ = timeout(TOLD, told.wait_for(|told| told.contains(text))).await;
    }
}

/// Nothing more can be asked, or nothing that would make sense.
struct Gone;

fn without_prefix(line: &[u8]) -> &str {
    let text = std::str::from_utf8(line).unwrap_or("not UTF-8");
    text.strip_prefix(PREFIX).unwrap_or(text)
}

/// Plays the kit's part of a session to its end.
pub(crate) async fn play(kit: &Kit<'_>) {
    let part = async {
        kit.open().await?;
        kit.subscribe(SUB, &CHANNEL_ID.to_string()).await?;
        match kit.scenario.as_str() {
            "driven-posts" => posts(kit).await,
            "driven-messages" => messages(kit).await,
            "driven-reader" => reads(kit).await,
            _ => Ok(()),
        }
    };
    // A client that does not go along is judged by what it did.
    let _: Result<(), Gone> = part.await;
}

async fn posts(kit: &Kit<'_>) -> Result<(), Gone> {
    for text in [PLAIN, QUOTES, INJECTION, &long_post(), SLOW] {
        kit.post(text).await?;
    }
    let [one, two] = swapped();
    both(kit.post(&one), kit.post(&two)).await?;
    kit.query(QUERY.0).await?;
    kit.query(WRONG_QUERY).await?;
    both(kit.query(AT_ONCE), kit.query(OTHER_QUERY.0)).await
}

async fn both(
    one: impl Future<Output = Result<(), Gone>>,
    two: impl Future<Output = Result<(), Gone>>,
) -> Result<(), Gone> {
    let (one, two) = tokio::join!(one, two);
    one.and(two)
}

async fn messages(kit: &Kit<'_>) -> Result<(), Gone> {
    kit.subscribe(OTHER_SUB, OTHER_CHANNEL).await?;
    kit.hears(LAST).await;
    sleep(SILENCE).await;
    let (conn, sub) = (CONN.to_owned(), SUB.to_owned());
    kit.ask(Op::Unsubscribe { conn, sub }, ANSWER).await?;
    Ok(())
}

async fn reads(kit: &Kit<'_>) -> Result<(), Gone> {
    kit.post(FORBIDDEN).await?;
    // Long enough for whoever tries again.
    sleep(Duration::from_secs(3)).await;
    kit.query(QUERY.0).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_post_is_not_longer_than_the_server_takes() {
        assert_eq!(long_post().chars().count(), 240);
    }
}
