//! The recordings' client, for tests: what cannot go on fails the test.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use glimesh_mock::recording::line;
pub(crate) use glimesh_mock::recording::line::{KEY, RawFrame, Seen};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::ToSocketAddrs;

/// An upgrade request of the usual form.
pub(crate) fn upgrade_request(target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
    )
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Line(line::Line);

impl Line {
    /// A TCP connection on which nothing was said yet.
    pub(crate) async fn dial(addr: impl ToSocketAddrs) -> Self {
        Self(line::Line::dial(addr).await.expect("the server listens"))
    }

    /// A connection whose WebSocket is open, opened with the given target.
    pub(crate) async fn open(addr: impl ToSocketAddrs, target: &str) -> Self {
        let mut line = Self::dial(addr).await;
        line.send(upgrade_request(target).as_bytes()).await;
        let answer = line.next().await;
        assert!(matches!(answer, Seen::Http { status: 101, .. }), "{answer:?}");
        line
    }

    /// Any stream; `upgraded` says that the server's 101 is behind it.
    pub(crate) fn over(
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
        upgraded: bool,
    ) -> Self {
        Self(line::Line::over(stream, upgraded))
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.frame(&RawFrame::new(1, text)).await;
    }

    /// What came next. Every server must say something within this time, or end.
    pub(crate) async fn next(&mut self) -> Seen {
        self.next_within(Duration::from_secs(20)).await.expect("the server says something")
    }

    /// What came next; `None` if nothing came in time.
    pub(crate) async fn next_within(&mut self, within: Duration) -> Option<Seen> {
        let seen = self.next_at(within).await.map(|(_, seen)| seen);
        assert!(!matches!(seen, Some(Seen::Malformed(_))), "{seen:?}");
        seen
    }

    /// The text that came next.
    pub(crate) async fn next_text(&mut self) -> String {
        match self.next().await {
            Seen::Text(text) => text,
            other => panic!("expected a text, found {other:?}"),
        }
    }

    /// Everything up to the end.
    pub(crate) async fn rest(&mut self) -> Vec<Seen> {
        let mut all = Vec::new();
        loop {
            match self.next().await {
                Seen::Eof => return all,
                seen => all.push(seen),
            }
        }
    }
}

impl Deref for Line {
    type Target = line::Line;

    fn deref(&self) -> &line::Line {
        &self.0
    }
}

impl DerefMut for Line {
    fn deref_mut(&mut self) -> &mut line::Line {
        &mut self.0
    }
}
