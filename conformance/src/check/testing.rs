//! Sessions written down by hand, for the tests of the checks. Times are real seconds since the session began.

pub(crate) mod driven;

use glimesh_mock::transcript::{ClockStamp, Entry, From, ProcessEvent, Transcript, What};
use glimesh_proto::{Instant, names};

use crate::canary;
use crate::check::{Check, Observation, Outcome};
use crate::session::Session;

/// The document's own join.
pub(crate) const JOIN: &str = r#"["1","1","__absinthe__:control","phx_join",{}]"#;
/// The answer to [`JOIN`], and to anything else with these refs.
pub(crate) const OK: &str =
    r#"["1","1","__absinthe__:control","phx_reply",{"response":{},"status":"ok"}]"#;
/// The document's own subscription.
pub(crate) const DOC: &str = r#"["1","1","__absinthe__:control","doc",{"query":"subscription{ chatMessage(channelId: 6) { user { username avatar } message } }","variables":{} }]"#;
/// The id in [`SUBSCRIBED`].
pub(crate) const SUBSCRIPTION: &str = "__absinthe__:doc:-1:33B2";
/// The answer to [`DOC`].
pub(crate) const SUBSCRIBED: &str = r#"["1","1","__absinthe__:control","phx_reply",{"response":{"subscriptionId":"__absinthe__:doc:-1:33B2"},"status":"ok"}]"#;
/// The document's own heartbeat.
pub(crate) const BEAT: &str = r#"["1","1","phoenix","heartbeat",{}]"#;
/// The answer to [`BEAT`].
pub(crate) const BEAT_OK: &str =
    r#"[null,"1","phoenix","phx_reply",{"response":{},"status":"ok"}]"#;

/// A transcript in the making. What is said of the wire concerns the connection that was opened last.
///
/// ```text
/// Wire::new().open(0.1).client(0.2, JOIN).server(0.3, OK).look(&CHECK)
/// ```
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    transcript: Transcript,
    conn: u32,
}

impl Wire {
    /// The session `quiet` under `glimesh`, in real time, with a token.
    pub(crate) fn new() -> Self {
        Self { transcript: Transcript { header: canary::header(), entries: Vec::new() }, conn: 0 }
    }

    /// Plays another scenario.
    pub(crate) fn scenario(mut self, name: &str) -> Self {
        name.clone_into(&mut self.transcript.header.session);
        name.clone_into(&mut self.transcript.header.scenario);
        self
    }

    /// Plays under another profile.
    pub(crate) fn profile(mut self, name: &str) -> Self {
        name.clone_into(&mut self.transcript.header.profile);
        self
    }

    /// Sets one of the profile's settings.
    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.transcript.header.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Gives the client a client id in place of the token.
    pub(crate) fn client_id(mut self) -> Self {
        "client_id".clone_into(&mut self.transcript.header.given.auth);
        self
    }

    /// Runs on the accelerated clock.
    pub(crate) fn accelerated(mut self, rate: u32) -> Self {
        self.transcript.header.clock = ClockStamp { mode: "accel".to_owned(), rate };
        self
    }

    /// Runs on the contract clock.
    pub(crate) fn contract(mut self, rate: u32) -> Self {
        self.transcript.header.clock = ClockStamp { mode: "contract".to_owned(), rate };
        self
    }

    /// Anything; on the newest connection if there is one and `what` concerns one.
    pub(crate) fn entry(mut self, at: f64, what: What) -> Self {
        let of_no_connection = matches!(
            what,
            What::Mark { .. } | What::Noise { .. } | What::Process { .. } | What::Driver { .. }
        );
        let conn = (!of_no_connection && self.conn > 0).then_some(self.conn);
        let at = Instant::from_millis((at * 1000.0).round() as u64);
        self.transcript.entries.push(Entry { at, conn, what });
        self
    }

    /// A new connection whose request for this path and query is answered with this status.
    pub(crate) fn upgrade(self, at: f64, path: &str, query: &[(&str, &str)], status: u16) -> Self {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let what = What::Upgrade {
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: query.iter().map(own).collect(),
            headers: vec![("upgrade".to_owned(), "websocket".to_owned())],
            status,
            extensions: None,
        };
        self.accept(at).entry(at, what)
    }

    /// A new connection on which nothing is asked yet.
    pub(crate) fn accept(mut self, at: f64) -> Self {
        self.conn += 1;
        self.entry(at, What::Accept)
    }

    /// A new connection, opened as the document says.
    pub(crate) fn open(self, at: f64) -> Self {
        let credential = match self.transcript.header.given.auth.as_str() {
            "client_id" => ("client_id", "<client_id>"),
            _ => ("token", "<token>"),
        };
        self.upgrade(at, names::GRAPH_PATH, &[("vsn", names::VSN), credential], 101)
    }

    /// One more header in the request that opened the newest connection.
    pub(crate) fn with_header(mut self, header: (String, String)) -> Self {
        let mut newest = self.transcript.entries.iter_mut().rev();
        let headers = newest.find_map(|entry| match &mut entry.what {
            What::Upgrade { headers, .. } => Some(headers),
            _ => None,
        });
        headers.expect("a connection was opened").push(header);
        self
    }

    /// These extensions in the answer that opened the newest connection.
    pub(crate) fn agreeing(mut self, with: &str) -> Self {
        let mut newest = self.transcript.entries.iter_mut().rev();
        let extensions = newest.find_map(|entry| match &mut entry.what {
            What::Upgrade { extensions, .. } => Some(extensions),
            _ => None,
        });
        *extensions.expect("a connection was opened") = Some(with.to_owned());
        self
    }

    /// A text message of the client's.
    pub(crate) fn client(self, at: f64, text: &str) -> Self {
        self.text(at, From::Client, text)
    }

    /// A text message of the server's.
    pub(crate) fn server(self, at: f64, text: &str) -> Self {
        self.text(at, From::Server, text)
    }

    /// The join and its answer, and the subscription and its answer, all at once.
    pub(crate) fn subscribed(self, at: f64) -> Self {
        self.client(at, JOIN).server(at, OK).client(at, DOC).server(at, SUBSCRIBED)
    }

    /// A heartbeat and its answer.
    pub(crate) fn beat(self, at: f64) -> Self {
        self.client(at, BEAT).server(at, BEAT_OK)
    }

    /// A close frame.
    pub(crate) fn close(self, at: f64, from: From, code: u16) -> Self {
        self.entry(at, What::Close { from, code: Some(code), reason: String::new() })
    }

    /// The end of TCP.
    pub(crate) fn eof(self, at: f64, from: From) -> Self {
        self.entry(at, What::Eof { from, reset: false })
    }

    /// A request of the kit's to a driven client.
    pub(crate) fn asks(self, at: f64, line: &str) -> Self {
        self.entry(at, What::Driver { from: From::Server, data: line.to_owned() })
    }

    /// What a driven client says.
    pub(crate) fn says(self, at: f64, line: &str) -> Self {
        self.entry(at, What::Driver { from: From::Client, data: line.to_owned() })
    }

    /// The timeline reaches a step.
    pub(crate) fn mark(self, at: f64, name: &str) -> Self {
        self.entry(at, What::Mark { name: name.to_owned() })
    }

    /// The session as checks read it.
    pub(crate) fn session(self) -> Session {
        Session::new(self.transcript)
    }

    /// What a check sees in it.
    pub(crate) fn look(self, check: &Check) -> Observation {
        (check.judge)(&self.session())
    }

    fn text(self, at: f64, from: From, text: &str) -> Self {
        self.entry(at, What::Text { from, data: text.to_owned(), len: text.len() })
    }
}

/// What the check of this id sees in a session.
#[track_caller]
pub(crate) fn outcome(id: &str, wire: Wire) -> Outcome {
    let catalogue = crate::check::catalogue();
    let check = catalogue.iter().find(|check| check.id == id).expect("the check exists");
    wire.look(check).outcome
}

/// A step in the life of the client's process, for [`Wire::entry`].
pub(crate) fn exited(status: Option<i32>, signal: Option<&str>) -> What {
    What::Process { event: ProcessEvent::Exited { status, signal: signal.map(str::to_owned) } }
}

/// The request to stop, for [`Wire::entry`].
pub(crate) fn stop() -> What {
    What::Process { event: ProcessEvent::Stop { signal: "SIGTERM".to_owned() } }
}

/// Why the server dropped a silent client, for [`Wire::entry`].
pub(crate) fn dropped() -> What {
    What::Note { code: "no-heartbeat".to_owned(), text: "dropped: no heartbeat".to_owned() }
}
