//! Which frames a test means.

use std::fmt;
use std::sync::Arc;

use glimesh_proto::{ClientMessage, Frame, names};

/// A kind of frame that a client may send, with words for it.
///
/// ```
/// use glimesh_mock::testing::Frames;
///
/// let posts = Frames::doc().and("posts hello", |frame| {
///     frame.payload["query"].as_str().is_some_and(|query| query.contains("hello"))
/// });
/// assert_eq!(posts.to_string(), "a doc on the control topic that posts hello");
/// ```
#[derive(Clone)]
pub struct Frames {
    words: String,
    accepts: Arc<dyn Fn(&Frame) -> bool + Send + Sync>,
}

impl Frames {
    /// Every frame; a text that is none is not meant.
    pub fn any() -> Self {
        Self::that("a frame", |_| true)
    }

    /// `phx_join` on the control topic.
    pub fn join() -> Self {
        Self::on_control("a join of the control topic", names::PHX_JOIN)
    }

    /// A heartbeat: the event `heartbeat` on the topic `phoenix`, whatever else is wrong with it.
    pub fn heartbeat() -> Self {
        Self::that("a heartbeat", |frame| {
            frame.topic == names::PHOENIX_TOPIC && frame.event == names::HEARTBEAT
        })
    }

    /// A GraphQL document.
    pub fn doc() -> Self {
        Self::on_control("a doc on the control topic", names::DOC)
    }

    /// A document that begins as a subscription does.
    pub fn subscription() -> Self {
        Self::doc().and("subscribes", |frame| match ClientMessage::try_from(frame) {
            Ok(ClientMessage::Doc(doc)) => doc.query.trim_start().starts_with("subscription"),
            _ => false,
        })
    }

    /// Every frame with this event, whatever its topic.
    pub fn event(event: impl Into<String>) -> Self {
        let event = event.into();
        Self::that(format!("a frame with the event {event:?}"), move |frame| event == frame.event)
    }

    /// The frames that a function accepts; `words` name one of them in failure messages.
    pub fn that(
        words: impl Into<String>,
        accepts: impl Fn(&Frame) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { words: words.into(), accepts: Arc::new(accepts) }
    }

    /// Only those of them on this topic.
    #[must_use]
    pub fn on(self, topic: impl Into<String>) -> Self {
        let topic = topic.into();
        self.and(format!("has the topic {topic:?}"), move |frame| topic == frame.topic)
    }

    /// Only those of them that a function accepts, too; `words` follow "that" in failure messages.
    #[must_use]
    pub fn and(
        self,
        words: impl fmt::Display,
        accepts: impl Fn(&Frame) -> bool + Send + Sync + 'static,
    ) -> Self {
        let before = self.accepts;
        let words = format!("{} that {words}", self.words);
        Self { words, accepts: Arc::new(move |frame| before(frame) && accepts(frame)) }
    }

    /// Whether a frame is one of them.
    pub fn accepts(&self, frame: &Frame) -> bool {
        (self.accepts)(frame)
    }

    fn on_control(words: &str, event: &'static str) -> Self {
        Self::that(words, move |frame| frame.topic == names::CONTROL_TOPIC && frame.event == event)
    }
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Frames").field(&self.words).finish()
    }
}
