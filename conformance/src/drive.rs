//! What a driven client is asked in each session. The scenario says what the server does meanwhile.
//!
//! Both run side by side: a scenario waits for what crosses the wire, and this for answers, events and marks.

mod parts;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use glimesh_mock::scenario::Auth as Credential;
use glimesh_mock::transcript::{From, What};
use glimesh_mock::{CHANNEL_ID, CLIENT_ID, MockServer};
pub(crate) use parts::play;
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::client::Adapter;
use crate::clock::Clock;
use crate::driver::{
    Answer, Auth, AuthKind, ErrorKind, Event, Facts, Heard, Hello, Link, NoAnswer, Op, Options,
    PREFIX, PROTOCOL, Said,
};

/// How long an answer may take: more than a client takes to give up a reply, and enough for a busy machine.
const ANSWER: Duration = Duration::from_secs(20);

/// How long what the server sent may take to be told.
const TOLD: Duration = Duration::from_secs(30);

/// How long the server may say nothing before a client has to give a request up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// For how long a client is watched that was told to disconnect: most pauses between two tries are shorter.
pub(crate) const STAYS_AWAY: Duration = Duration::from_secs(10);

/// How long an adapter may take to notice that its connection is gone.
const NOTICED: Duration = Duration::from_secs(5);

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
/// A post in the other channel, whose messages the client does not get.
pub(crate) const ELSEWHERE: &str = "said in passing";
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
/// The query whose answer is a message of [`LARGE`] bytes; it says what the answer of [`QUERY`] does.
pub(crate) const LARGE_QUERY: &str = r#"query { user(username: "Mytho") { username } } # large"#;
/// How large that message is at least, in bytes.
pub(crate) const LARGE: usize = 5 << 20;
/// A query of a field that there is not.
pub(crate) const WRONG_QUERY: &str = "query { nothingOfTheKind }";
/// A post that is never answered.
pub(crate) const UNANSWERED: &str = "nobody will answer";
/// A post with which the connection ends.
pub(crate) const LOST: &str = "lost on the way";
/// A post that is answered twice, first as if the join before had asked.
pub(crate) const ANEW: &str = "in the new channel";
/// The message on the subscription after the connection was lost.
pub(crate) const FOR_THE_NEW: &str = "for the new one";
/// The last message of the session `driven-busy`.
pub(crate) const LAST_OF_MANY: &str = "after the burst 20";
/// The last message of the session `driven-messages`.
pub(crate) const LAST: &str = "the last of all";

/// The kit's side of a driven session.
pub(crate) struct Kit<'a> {
    server: &'a MockServer,
    scenario: String,
    clock: Clock,
    connect_within: Duration,
    link: Link,
    /// The texts of the messages that were told.
    told: watch::Receiver<BTreeSet<String>>,
}

impl<'a> Kit<'a> {
    /// Takes over a client's streams; all that crosses them is written into the server's transcript.
    pub(crate) fn new(
        server: &'a MockServer,
        clock: Clock,
        connect_within: Duration,
        adapter: Adapter,
    ) -> Self {
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
        Self { server, scenario, clock, connect_within, link, told }
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

    /// Asks for what everything else needs; returns what the adapter knows of its client.
    async fn open(&self, auto_subscribe: bool) -> Result<Facts, Gone> {
        let run = self.server.addr().port().to_string();
        let deadline_ms = u64::try_from(ANSWER.as_millis()).unwrap_or(u64::MAX);
        let hello = Op::Hello { protocol: PROTOCOL, run, deadline_ms };
        let Some(Answer::Ok(reply)) = self.ask(hello, self.connect_within.max(ANSWER)).await?
        else {
            return Err(Gone);
        };
        // What it should have said besides shows elsewhere.
        let hello = serde_json::from_value::<Hello>(Value::Object(reply.ok));
        let facts = hello.map(|hello| hello.facts).unwrap_or_default();
        let (url, auth) = self.given();
        self.connect(url, auth, auto_subscribe).await?;
        self.must(Op::Join { conn: CONN.to_owned() }, ANSWER).await?;
        Ok(facts)
    }

    /// The URL and the credential that the session gives.
    fn given(&self) -> (String, Auth) {
        let (kind, value) = match self.server.auth() {
            Credential::Token => (AuthKind::Token, self.server.token()),
            Credential::ClientId => (AuthKind::ClientId, CLIENT_ID),
        };
        (self.server.url(), Auth { kind, value: value.to_owned() })
    }

    async fn connect(&self, url: String, auth: Auth, auto_subscribe: bool) -> Result<(), Gone> {
        let interval = self.clock.heartbeat_interval();
        let heartbeat_ms = interval.map(|it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX));
        let connect = Op::Connect {
            conn: CONN.to_owned(),
            url,
            auth,
            ca_file: self.server.ca_file().map(|path| path.to_string_lossy().into_owned()),
            options: Options { heartbeat_ms, auto_reconnect: true, auto_subscribe },
        };
        let until = Instant::now() + NOTICED;
        loop {
            match self.ask(connect.clone(), ANSWER).await? {
                Some(Answer::Ok(_)) => return Ok(()),
                // It has not noticed yet that the connection before is gone.
                Some(Answer::Error(reply))
                    if reply.error.kind == ErrorKind::Usage && Instant::now() < until =>
                {
                    sleep(NOTICED / 50).await;
                }
                _ => return Err(Gone),
            }
        }
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

    async fn post(&self, text: &str) -> Result<Option<Answer>, Gone> {
        self.post_within(text, ANSWER).await
    }

    async fn post_within(&self, text: &str, within: Duration) -> Result<Option<Answer>, Gone> {
        self.post_in(&CHANNEL_ID.to_string(), text, within).await
    }

    async fn post_in(
        &self,
        channel_id: &str,
        text: &str,
        within: Duration,
    ) -> Result<Option<Answer>, Gone> {
        let (conn, channel_id) = (CONN.to_owned(), channel_id.to_owned());
        self.ask(Op::SendChat { conn, channel_id, text: text.to_owned() }, within).await
    }

    async fn disconnect(&self) -> Result<(), Gone> {
        self.ask(Op::Disconnect { conn: CONN.to_owned() }, ANSWER).await.map(drop)
    }

    async fn query(&self, document: &str) -> Result<(), Gone> {
        let (conn, document) = (CONN.to_owned(), document.to_owned());
        self.ask(Op::Query { conn, document, variables: Map::new() }, ANSWER).await.map(drop)
    }

    /// Waits until the timeline has written a mark so often; returns whether it has in time.
    async fn reaches(&self, mark: &str, times: usize, within: Duration) -> bool {
        let follow = async {
            let (mut entries, mut seen, mut length) = (0, 0, self.server.watch());
            while seen < times {
                // An error means that the server is gone, and nothing is written any more.
                if length.wait_for(|length| *length > entries).await.is_err() {
                    return false;
                }
                let new = self.server.entries_from(entries);
                entries += new.len();
                let is_it = |what: &What| matches!(what, What::Mark { name } if name == mark);
                seen += new.iter().filter(|entry| is_it(&entry.what)).count();
            }
            true
        };
        timeout(within, follow).await.unwrap_or(false)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_post_is_not_longer_than_the_server_takes() {
        assert_eq!(long_post().chars().count(), 240);
    }
}
