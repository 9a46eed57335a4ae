//! What a driven client was asked and what it told, beside what crossed the wire.

use apollo_compiler::ast::{self, Definition, Document, OperationType, Selection};
use glimesh_mock::transcript::{From, What};
use glimesh_proto::{Frame, Instant, names};
use serde_json::Value;

use crate::check::Observation;
use crate::driver::{Event, Line, Op, PREFIX, Refusal, Refused, Reply, Request, Said, read};
use crate::session::{Connection, Session};

/// A request of the kit's, and what became of it.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) entry: usize,
    pub(super) at: Instant,
    pub(super) op: Op,
    pub(super) answer: Option<Answered>,
}

/// The answer to a request.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    pub(super) entry: usize,
    pub(super) at: Instant,
    pub(super) what: Outcome,
}

/// What an answer says.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Ok(Reply),
    Error(Refused),
    Unsupported(Refusal),
}

/// A chat message that the client told of.
#[derive(Clone, Debug)]
pub(super) struct Chat {
    pub(super) entry: usize,
    pub(super) at: Instant,
    pub(super) sub: String,
    pub(super) data: Value,
}

impl Chat {
    /// The message's text.
    pub(super) fn text(&self) -> Option<&str> {
        self.data["message"].as_str()
    }
}

/// The kit's requests, in order.
pub(super) fn asked(session: &Session) -> Vec<Asked> {
    let mut asked: Vec<(u64, Asked)> = Vec::new();
    for (entry, at, from, data) in lines(session) {
        match from {
            From::Server => {
                let Ok(Request { id, op }) = serde_json::from_str(data) else { continue };
                asked.push((id, Asked { entry, at, op, answer: None }));
            }
            From::Client => {
                let (id, what) = match said(data) {
                    Some(Said::Ok(reply)) => (reply.id, Outcome::Ok(reply)),
                    Some(Said::Error(reply)) => (reply.id, Outcome::Error(reply.error)),
                    Some(Said::Unsupported(refusal)) => (refusal.id, Outcome::Unsupported(refusal)),
                    Some(Said::Event(_)) | None => continue,
                };
                let waiting = asked.iter_mut().find(|(of, one)| *of == id && one.answer.is_none());
                if let Some((_, one)) = waiting {
                    one.answer = Some(Answered { entry, at, what });
                }
            }
        }
    }
    asked.into_iter().map(|(_, one)| one).collect()
}

/// The messages that the client told of, in order.
pub(super) fn chats(session: &Session) -> Vec<Chat> {
    let chats = lines(session).filter_map(|(entry, at, from, data)| match (from, said(data)) {
        (From::Client, Some(Said::Event(Event::Chat { sub, data, .. }))) => {
            Some(Chat { entry, at, sub, data: Value::Object(data) })
        }
        _ => None,
    });
    chats.collect()
}

fn lines(session: &Session) -> impl Iterator<Item = (usize, Instant, From, &str)> {
    session.transcript.entries.iter().enumerate().filter_map(|(index, entry)| match &entry.what {
        What::Driver { from, data } => Some((index, entry.at, *from, data.as_str())),
        _ => None,
    })
}

fn said(data: &str) -> Option<Said> {
    match read(format!("{PREFIX}{data}").as_bytes()) {
        Line::Said(read) => Some(read.said),
        Line::Log | Line::Violation(_) => None,
    }
}

/// The request to post this text.
fn asked_to_post(session: &Session, text: &str) -> Option<Asked> {
    let is_it = |asked: &Asked| matches!(&asked.op, Op::SendChat { text: it, .. } if it == text);
    asked(session).into_iter().find(is_it)
}

/// The request to post this text, if what became of it can be judged.
pub(super) fn post_request(session: &Session, text: &str) -> Result<Asked, Box<Observation>> {
    let asked = asked_to_post(session, text).ok_or_else(|| Box::new(not_asked()))?;
    match asked.answer.as_ref().map(|answer| &answer.what) {
        Some(Outcome::Unsupported(refusal)) => Err(Box::new(unsupported(refusal))),
        _ => Ok(asked),
    }
}

/// The request to send a document that begins so.
pub(super) fn asked_to_query(session: &Session, document: &str) -> Option<Asked> {
    let is_it =
        |asked: &Asked| matches!(&asked.op, Op::Query { document: it, .. } if it == document);
    asked(session).into_iter().find(is_it)
}

/// What a check says that needs an answer, and has none that could be judged.
pub(super) fn not_asked() -> Observation {
    Observation::unseen("the session did not come so far that the client was asked")
}

/// What a check says of a client that has nothing for a request.
pub(super) fn unsupported(refusal: &Refusal) -> Observation {
    Observation::unsupported(format!("the adapter says: {}", refusal.unsupported))
}

/// A mutation of the client's that posts.
#[derive(Clone, Debug)]
pub(super) struct Post<'a> {
    pub(super) entry: usize,
    pub(super) at: Instant,
    pub(super) connection: &'a Connection,
    pub(super) frame: &'a Frame,
    /// The channel's id, as far as it can be told.
    pub(super) channel: Option<String>,
    /// The text that the server reads, as far as it can be told.
    pub(super) text: Option<String>,
}

/// A document of the client's that may post, with its connection: it names the mutation.
pub(super) fn tries(
    session: &Session,
) -> impl Iterator<Item = (&Connection, usize, Instant, &Frame)> {
    let names_it = |frame: &Frame| {
        frame.payload["query"].as_str().is_some_and(|query| query.contains("createChatMessage"))
    };
    documents(session).filter(move |(.., frame)| names_it(frame))
}

/// The client's mutations, as the server reads them: each with its place in its document.
pub(super) fn posts(session: &Session) -> Vec<Post<'_>> {
    let mut posts = Vec::new();
    for (connection, entry, at, frame) in documents(session) {
        let Some(query) = frame.payload["query"].as_str() else { continue };
        let Ok(document) = Document::parse(query, "query") else { continue };
        for field in mutations(&document) {
            let variables = &frame.payload["variables"];
            let argument = |name: &str| {
                let argument = field.arguments.iter().find(|it| it.name == name)?;
                Some(value(&argument.value, variables))
            };
            let channel = argument("channelId").and_then(|id| match id {
                Value::String(id) => Some(id),
                Value::Number(id) => Some(id.to_string()),
                _ => None,
            });
            let message = argument("message");
            let text = message.and_then(|it| it["message"].as_str().map(str::to_owned));
            posts.push(Post { entry, at, connection, frame, channel, text });
        }
    }
    posts
}

/// The client's `doc` frames on the control topic, each with its connection.
pub(super) fn documents(
    session: &Session,
) -> impl Iterator<Item = (&Connection, usize, Instant, &Frame)> {
    session.open_connections().flat_map(|connection| {
        let docs = connection.on_control(names::DOC);
        docs.map(move |(seen, frame)| (connection, seen.entry, seen.at, frame))
    })
}

fn mutations(document: &Document) -> Vec<&ast::Field> {
    let selections = document.definitions.iter().flat_map(|definition| match definition {
        Definition::OperationDefinition(it) if it.operation_type == OperationType::Mutation => {
            &it.selection_set[..]
        }
        // A fragment can hold it, too.
        Definition::FragmentDefinition(it) => &it.selection_set[..],
        _ => &[],
    });
    let fields = selections.flat_map(|selection| match selection {
        Selection::Field(field) => vec![&**field],
        Selection::InlineFragment(fragment) => {
            let fields = fragment.selection_set.iter().filter_map(Selection::as_field);
            fields.map(|field| &**field).collect()
        }
        Selection::FragmentSpread(_) => Vec::new(),
    });
    fields.filter(|field| field.name == "createChatMessage").collect()
}

/// An argument's value, with the variables filled in.
fn value(value: &ast::Value, variables: &Value) -> Value {
    match value {
        ast::Value::Variable(name) => variables[name.as_str()].clone(),
        ast::Value::String(text) => Value::from(text.as_str()),
        ast::Value::Int(number) => number.as_str().parse::<u64>().map_or(Value::Null, Value::from),
        ast::Value::Object(fields) => {
            // Only leaves are of interest, so that depth costs nothing.
            let leaf = |leaf: &ast::Value| match leaf {
                ast::Value::Variable(name) => variables[name.as_str()].clone(),
                ast::Value::String(text) => Value::from(text.as_str()),
                _ => Value::Null,
            };
            let fields = fields.iter().map(|(name, it)| (name.to_string(), leaf(it)));
            Value::Object(fields.collect())
        }
        _ => Value::Null,
    }
}

/// Whether the client gave a request up before the server's reply had come: its patience is its own.
pub(super) fn gave_up(answer: &Answered, came: Option<Instant>) -> bool {
    matches!(answer.what, Outcome::Error(_)) && came.is_none_or(|came| answer.at < came)
}

/// The server's answer to a frame of the client's, and when it came. Of frames with the same ref it may be another's.
pub(super) fn reply_to<'a>(
    connection: &'a Connection,
    frame: &Frame,
    entry: usize,
) -> Option<(usize, Instant, &'a Frame)> {
    let answers = |reply: &Frame| {
        reply.event == names::PHX_REPLY
            && reply.topic == frame.topic
            && reply.msg_ref == frame.msg_ref
    };
    let mut replies = connection.server_frames().filter(|(seen, _)| seen.entry > entry);
    let found = replies.find(|(_, reply)| answers(reply));
    found.map(|(seen, reply)| (seen.entry, seen.at, reply))
}
