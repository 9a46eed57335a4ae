//! What crosses a connection's wire.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use glimesh_proto::{Close, Frame, Ref, Transmit, names};
use serde_json::json;
use tokio::time::{sleep_until, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::How;
use super::link::Link;

/// How long the other side may take to end the connection after a close frame.
const FAREWELL: Duration = Duration::from_secs(1);

/// What happens on the wire.
pub(super) enum Heard {
    Text(String),
    /// Something is due.
    Due,
    Else,
}

/// The connection is over.
pub(super) struct Gone {
    /// The code of the other side's close frame; `None` without one, and if it is empty.
    pub(super) code: Option<u16>,
    /// Whether there was a close frame.
    pub(super) clean: bool,
}

impl Gone {
    const CUT: Self = Self { code: None, clean: false };

    fn by(frame: Option<CloseFrame>) -> Self {
        Self { code: frame.map(|frame| frame.code.into()), clean: true }
    }
}

impl Link {
    /// The next thing that happens.
    pub(super) async fn next(&mut self) -> Result<Heard, Gone> {
        let due = [self.client.poll_timeout(), self.beat_at, self.bounded.due()];
        let due = due.into_iter().flatten().min().map(|due| self.at(due));
        let due = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            message = self.socket.next() => match message {
                Some(Ok(Message::Text(text))) => Ok(Heard::Text(text.as_str().to_owned())),
                Some(Ok(Message::Close(frame))) => {
                    // The library has queued the answer; reading on sends it.
                    let _ = timeout(FAREWELL, async { while self.socket.next().await.is_some_and(|it| it.is_ok()) {} }).await;
                    Err(Gone::by(frame))
                }
                Some(Ok(_)) => Ok(Heard::Else),
                Some(Err(_)) | None => Err(Gone::CUT),
            },
            () = due => Ok(Heard::Due),
        }
    }

    /// Sends and tells what there is.
    pub(super) async fn flush(&mut self) -> Result<(), Gone> {
        loop {
            while let Some(transmit) = self.client.poll_transmit() {
                match transmit {
                    Transmit::Text(text) => self.put(text).await?,
                    Transmit::Close(close) => return Err(self.close(close).await),
                }
            }
            if let Some(document) = self.by_event.take() {
                let (msg_ref, payload) = (Ref::text("query"), json!({"query": document}));
                let frame =
                    Frame::push(None, Some(msg_ref), names::CONTROL_TOPIC, "query", payload);
                self.put(frame.encode()).await?;
            }
            let Some(event) = self.client.poll_event() else { return Ok(()) };
            self.react(event);
        }
    }

    async fn put(&mut self, text: String) -> Result<(), Gone> {
        let text = match self.how {
            // As if the object had been written as JSON before the frame was.
            Some(How::VariablesAsText) => text.replace(r#""variables":{}"#, r#""variables":"{}""#),
            _ => text,
        };
        self.socket.send(Message::text(text)).await.map_err(|_| Gone::CUT)
    }

    /// Ends the connection in good order.
    pub(super) async fn part(&mut self) -> Gone {
        self.close(Close::new(names::CLOSE_NORMAL)).await
    }

    async fn close(&mut self, close: Close) -> Gone {
        let code = close.code.unwrap_or(names::CLOSE_NORMAL).into();
        let frame = CloseFrame { code, reason: close.reason.into() };
        let mut gone = Gone::CUT;
        // What fails now fails because the connection is gone already.
        let _ = timeout(FAREWELL, async {
            let _ = self.socket.send(Message::Close(Some(frame))).await;
            while let Some(Ok(message)) = self.socket.next().await {
                if let Message::Close(frame) = message {
                    gone = Gone::by(frame);
                }
            }
        })
        .await;
        gone
    }
}
