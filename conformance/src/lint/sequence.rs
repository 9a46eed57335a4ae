//! What can only be seen in the order and the times of frames on one connection.

use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::time::Duration;

use glimesh_proto::diagnostic::{Profile, Sender, Span};
use glimesh_proto::scan::Kind;
use glimesh_proto::{Frame, RawFrame, Status, names};

use super::catalogue::sequence as codes;
use super::finding::{Finding, Subject};

/// The document's rule.
const LIMIT: Duration = Duration::from_secs(30);
/// What the kit's profiles grant beyond it: real timers of 30 s are a little late on the wire.
const GRACE: Duration = Duration::from_secs(2);
/// The deployed server's rule, for any message.
const DEPLOYED_LIMIT: Duration = Duration::from_secs(60);
/// How much is remembered of one connection.
const MOST_REMEMBERED: usize = 4_096;
/// How many documents, by their bytes in all.
const MOST_DOCUMENT_BYTES: usize = 1 << 20;

/// One connection, as far as it was seen.
pub(super) struct Sequence {
    profile: Profile,
    /// Whether the connection was seen from its beginning.
    from_start: bool,
    joined: Option<bool>,
    join: Join,
    ever_joined: bool,
    /// Channels that a later join replaced, and whose close is still to come.
    replaced: u32,
    server_seen: bool,
    faulty: bool,
    opened_at: Option<Duration>,
    last_beat: Option<Duration>,
    last_message: Option<Duration>,
    last_client: Option<Rc<Subject>>,
    beats: u64,
    pending: BTreeMap<String, Pending>,
    subscriptions: HashSet<String>,
    forgot_subscriptions: bool,
    documents: HashSet<String>,
    document_bytes: usize,
    closed: bool,
}

/// How the last join fares.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Join {
    None,
    Sent,
    Answered,
    Refused,
}

struct Pending {
    subject: Rc<Subject>,
    event: String,
    beat: bool,
    order: u64,
}

impl Sequence {
    /// `joined`: whether the topic is joined at the beginning; `None` if the beginning was not seen.
    pub(super) fn new(profile: Profile, from_start: bool) -> Self {
        Self {
            profile,
            from_start,
            joined: from_start.then_some(false),
            join: Join::None,
            ever_joined: false,
            replaced: 0,
            server_seen: false,
            faulty: false,
            opened_at: None,
            last_beat: None,
            last_message: None,
            last_client: None,
            beats: 0,
            pending: BTreeMap::new(),
            subscriptions: HashSet::new(),
            forgot_subscriptions: false,
            documents: HashSet::new(),
            document_bytes: 0,
            closed: false,
        }
    }

    /// Whether the control topic is joined, as far as is known.
    pub(super) const fn joined(&self) -> Option<bool> {
        self.joined
    }

    /// The upgrade was granted.
    pub(super) fn open(&mut self, at: Option<Duration>) {
        self.opened_at = at;
        self.from_start = true;
        self.joined = Some(false);
    }

    /// Something else was found wrong with what the client sent.
    pub(super) const fn blame(&mut self) {
        self.faulty = true;
    }

    /// A message of the client. `raw`: if it is a frame.
    pub(super) fn client(&mut self, subject: &Rc<Subject>, out: &mut Vec<Finding>) {
        self.last_client = Some(Rc::clone(subject));
        // Where no time of the open is told, the first message stands for it.
        if self.from_start {
            self.opened_at = self.opened_at.or(subject.at);
        }
        let raw = RawFrame::decode(&subject.text).ok();
        let frame = raw.as_ref().map(Frame::from);
        let beat = frame.as_ref().is_some_and(is_beat);
        self.silence(
            subject.at,
            beat,
            &format!("{} came", if beat { "the heartbeat" } else { "this" }),
            out,
        );
        self.last_message = subject.at.or(self.last_message);
        let (Some(raw), Some(frame)) = (raw, frame) else { return };
        let place = |part: &str| raw.span_of(part).range();
        if beat {
            self.beat(subject, place(raw.msg_ref), out);
        } else if frame.topic == names::CONTROL_TOPIC {
            self.control(&frame, subject, place(raw.event), place(raw.payload), out);
        }
        if frame.msg_ref.is_some() && frame.event != names::PHX_LEAVE {
            self.push(raw.msg_ref, &frame.event, beat, subject, place(raw.msg_ref), out);
        }
    }

    fn beat(&mut self, subject: &Rc<Subject>, msg_ref: Span, out: &mut Vec<Finding>) {
        self.last_beat = subject.at.or(self.last_beat);
        self.beats += 1;
        let waiting = self.pending.values().any(|pending| pending.beat);
        if self.server_seen && waiting {
            let message = "the former heartbeat is not answered yet";
            out.push(
                Finding::new(&codes::HEARTBEAT_UNANSWERED, self.profile, subject, msg_ref, message)
                    .help(
                        "an unanswered heartbeat means that the connection is dead: open a new one",
                    ),
            );
        }
    }

    fn control(
        &mut self,
        frame: &Frame,
        subject: &Rc<Subject>,
        event: Span,
        payload: Span,
        out: &mut Vec<Finding>,
    ) {
        match frame.event.as_str() {
            names::PHX_JOIN => {
                if self.joined == Some(true) {
                    self.replaced = self.replaced.saturating_add(1);
                }
                self.joined = Some(true);
                self.ever_joined = true;
                self.join = Join::Sent;
                self.forget();
            }
            names::PHX_LEAVE => {
                self.joined = Some(false);
                self.forget();
            }
            names::DOC => {
                self.doc_in_time(subject, event, out);
                self.subscribe(frame, subject, payload, out);
            }
            names::UNSUBSCRIBE => self.unsubscribe(frame, subject, payload, out),
            _ => {}
        }
    }

    fn doc_in_time(&mut self, subject: &Rc<Subject>, event: Span, out: &mut Vec<Finding>) {
        if !self.server_seen && self.join != Join::Sent {
            return;
        }
        match self.join {
            Join::Refused => {
                let message = "the join was refused, and nothing is joined";
                out.push(
                    Finding::new(&codes::REFUSAL_IGNORED, self.profile, subject, event, message)
                        .help("read the status of the join's reply, and join again after a while"),
                );
            }
            // Only where replies can be seen at all.
            Join::Sent if self.pending.values().any(|one| one.event == names::PHX_JOIN) => {
                let message = "sent before the join was answered";
                let code = &codes::DOC_BEFORE_REPLY;
                out.push(
                    Finding::new(code, self.profile, subject, event, message)
                        .help("wait for the join's reply"),
                );
            }
            _ => {}
        }
    }

    fn subscribe(
        &mut self,
        frame: &Frame,
        subject: &Rc<Subject>,
        payload: Span,
        out: &mut Vec<Finding>,
    ) {
        let value = &frame.payload;
        let query = value.get("query").and_then(serde_json::Value::as_str).unwrap_or_default();
        if !query.trim_start().starts_with("subscription") {
            return;
        }
        let variables = value.get("variables").filter(|value| !value.is_null());
        let variables = variables.map(ToString::to_string).unwrap_or_default();
        let document = format!("{query}\n{}", variables.trim_matches(['{', '}']));
        if self.documents.contains(&document) {
            let message = "this subscription was sent on this join already";
            out.push(
                Finding::new(&codes::SUBSCRIBED_TWICE, self.profile, subject, payload, message)
                    .help("subscribe once for each join; end the former one by unsubscribe"),
            );
        } else if self.document_bytes + document.len() <= MOST_DOCUMENT_BYTES {
            self.document_bytes += document.len();
            self.documents.insert(document);
        }
    }

    fn unsubscribe(
        &mut self,
        frame: &Frame,
        subject: &Rc<Subject>,
        payload: Span,
        out: &mut Vec<Finding>,
    ) {
        let value = &frame.payload;
        let Some(id) = value.get("subscriptionId").and_then(serde_json::Value::as_str) else {
            return;
        };
        // Whoever subscribes again after an unsubscribe does it once.
        self.documents.clear();
        self.document_bytes = 0;
        let known = self.subscriptions.contains(id);
        let seen_all = self.from_start && self.server_seen && !self.forgot_subscriptions;
        if !known && seen_all {
            let message = "no reply since the join gave this subscriptionId";
            let code = &codes::UNKNOWN_SUBSCRIPTION;
            out.push(
                Finding::new(code, self.profile, subject, payload, message)
                    .help("use the subscriptionId from the reply to the subscription"),
            );
        }
    }

    fn push(
        &mut self,
        raw_ref: &str,
        event: &str,
        beat: bool,
        subject: &Rc<Subject>,
        span: Span,
        out: &mut Vec<Finding>,
    ) {
        // Without the server's frames nothing is known to wait.
        if self.pending.contains_key(raw_ref) && self.server_seen {
            let message = format!("another push waits for a reply with the ref {raw_ref}");
            out.push(
                Finding::new(&codes::REF_REUSED, self.profile, subject, span, message)
                    .help("give each push a ref of its own, such as a counter as text"),
            );
        }
        if self.pending.len() < MOST_REMEMBERED && raw_ref.len() < 256 {
            let order = subject.number;
            let pending =
                Pending { subject: Rc::clone(subject), event: event.to_owned(), beat, order };
            self.pending.insert(raw_ref.to_owned(), pending);
        }
    }

    /// A message of the server.
    pub(super) fn server(&mut self, subject: &Rc<Subject>) {
        self.server_seen = true;
        let Ok(raw) = RawFrame::decode(&subject.text) else { return };
        let frame = Frame::from(&raw);
        match frame.event.as_str() {
            names::PHX_REPLY => self.reply(raw.msg_ref, &frame),
            names::PHX_CLOSE if frame.topic == names::CONTROL_TOPIC => {
                // After a second join the older channel's close is no end. Source: PHX-08.
                match self.replaced.checked_sub(1) {
                    Some(left) => self.replaced = left,
                    None => self.lose(),
                }
            }
            names::PHX_ERROR if frame.topic == names::CONTROL_TOPIC => self.lose(),
            _ => {}
        }
    }

    fn reply(&mut self, raw_ref: &str, frame: &Frame) {
        let pending = self.pending.remove(raw_ref);
        let reply = &frame.payload;
        let ok =
            reply.get("status").and_then(serde_json::Value::as_str) == Some(Status::Ok.as_str());
        if pending.is_some_and(|pending| pending.event == names::PHX_JOIN) {
            self.join = if ok { Join::Answered } else { Join::Refused };
            // What is sent after a refusal gets a code of its own.
            self.joined = Some(true);
        }
        let id = reply.get("response").and_then(|response| response.get("subscriptionId"));
        if let Some(id) = id.and_then(serde_json::Value::as_str) {
            if self.subscriptions.len() < MOST_REMEMBERED {
                self.subscriptions.insert(id.to_owned());
            } else {
                self.forgot_subscriptions = true;
            }
        }
    }

    /// The channel is gone.
    fn lose(&mut self) {
        self.joined = Some(false);
        self.join = Join::None;
        self.replaced = 0;
        self.forget();
    }

    fn forget(&mut self) {
        self.subscriptions.clear();
        self.documents.clear();
        self.document_bytes = 0;
    }

    /// A close frame, and who sent it.
    pub(super) fn close(
        &mut self,
        sender: Sender,
        code: Option<u16>,
        at: Option<Duration>,
        out: &mut Vec<Finding>,
    ) {
        if self.closed {
            return;
        }
        self.closed = true;
        let before = out.len();
        self.silence(at, false, "the connection was closed", out);
        let late = out.len() > before;
        if sender == Sender::Server
            && !self.faulty
            && !late
            && let Some(last) = self.last_client.clone()
        {
            let code = code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
            let message = format!("after this frame the server closed the connection with {code}");
            let whole = whole(&last);
            out.push(
                Finding::new(&codes::CLOSED_HERE, self.profile, &last, whole, message)
                    .help("connect, join and subscribe again, after a while"),
            );
        }
    }

    /// Nothing follows.
    pub(super) fn end(&mut self, out: &mut Vec<Finding>) {
        let Some(last) = self.last_client.clone() else { return };
        if self.from_start && !self.ever_joined && !self.faulty && self.opened_at.is_some() {
            let message = "the control topic was never joined";
            out.push(
                Finding::new(&codes::NEVER_JOINED, self.profile, &last, whole(&last), message)
                    .help(r#"send ["1","1","__absinthe__:control","phx_join",{}] first"#),
            );
        }
        if !self.server_seen || self.faulty {
            return;
        }
        let mut waiting: Vec<_> = std::mem::take(&mut self.pending).into_values().collect();
        waiting.sort_by_key(|pending| pending.order);
        for pending in waiting {
            let subject = &pending.subject;
            let Ok(raw) = RawFrame::decode(&subject.text) else { continue };
            let span = raw.span_of(raw.msg_ref).range();
            let message = format!("no reply to this {} follows", pending.event);
            out.push(
                Finding::new(&codes::UNANSWERED, self.profile, subject, span, message)
                    .help("do not wait for a reply for ever: give it a time limit"),
            );
        }
    }

    /// Complains if too much time passed before `at`. `what` happened then.
    fn silence(&mut self, at: Option<Duration>, beat: bool, what: &str, out: &mut Vec<Finding>) {
        let phoenix = self.profile == Profile::Phoenix;
        // Without a heartbeat ever, silence is counted from the open.
        let since = if phoenix { self.last_message } else { self.last_beat }.or(self.opened_at);
        let (Some(at), Some(since)) = (at, since) else { return };
        let gap = at.saturating_sub(since);
        let limit = if phoenix { DEPLOYED_LIMIT } else { LIMIT + GRACE };
        let Some(subject) = self.last_client.clone() else { return };
        let seconds = format!("{}.{:03} s", gap.as_secs(), gap.subsec_millis());
        let anchor = match (phoenix, self.last_beat) {
            (true, _) => "the open or the last message",
            (false, None) => "the open",
            (false, Some(_)) => "the last heartbeat",
        };
        if gap > limit {
            let message = format!("{what} {seconds} after {anchor}");
            let code = &codes::HEARTBEAT_LATE;
            out.push(Finding::new(code, self.profile, &subject, whole(&subject), message).help(
                r#"send [null,REF,"phoenix","heartbeat",{}] every 25 s, whatever else is sent"#,
            ));
            self.faulty = true;
            // Said once for each silence.
            self.last_beat = Some(at);
            self.last_message = Some(at);
        } else if beat && !phoenix && gap > LIMIT {
            let message = format!("{what} {seconds} after {anchor}");
            let code = &codes::HEARTBEAT_NO_MARGIN;
            out.push(
                Finding::new(code, self.profile, &subject, whole(&subject), message)
                    .help("beat every 25 s: a timer of 30 s is always a little late"),
            );
        }
    }
}

fn is_beat(frame: &Frame) -> bool {
    frame.topic == names::PHOENIX_TOPIC
        && frame.topic.kind() == Kind::String
        && frame.event == names::HEARTBEAT
}

fn whole(subject: &Subject) -> Span {
    0..subject.text.len()
}
