//! What the client's documents ask for: the right channel, fields that exist, and nothing it may not do.

use std::sync::LazyLock;

use apollo_compiler::ast::{self, Definition, Document, OperationType, Selection};
use glimesh_mock::graphql::Api;
use glimesh_proto::{Frame, Instant};
use serde_json::{Map, Value};

use crate::check::connect::uses_no_client_id;
use crate::check::elements::shorten;
use crate::check::subscribe::docs;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::Session;

/// The checks SB002, SB003 and MU009.
pub(super) const CHECKS: [Check; 3] = [
    Check {
        id: "SB002",
        slug: "subscribe/channel",
        clauses: &["GCW-SB-01"],
        level: Level::Must,
        title: "subscribes to the given channel",
        requirement: "The subscription's channelId MUST be the given channel's id, written into the document or given as a variable.",
        why: "A subscription to another channel, or to the streamer's user id, is granted like any other, and brings somebody else's messages or none.",
        mend: "Take the id from {channel_id} or GLIMESH_CHANNEL_ID, or query the channel by its name, {channel_name}. Channel ids and user ids differ.",
        scope: Scope::Every,
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: right_channel,
    },
    Check {
        id: "SB003",
        slug: "subscribe/valid-graphql",
        clauses: &["GCW-SB-04", "GQL-02"],
        level: Level::Must,
        title: "documents are valid GraphQL",
        requirement: "Every document MUST be valid against the API's schema, with all its variables given.",
        why: "An unknown field, a missing argument or a variable that was never given is answered with status error, and there is no subscription.",
        mend: "Compare the document with the schema, fixtures/schema.graphql; the server's words in the reply say which part is wrong.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: valid_documents,
    },
    Check {
        id: "MU009",
        slug: "post/not-without-being-asked",
        clauses: &["GCW-AU-02"],
        level: Level::Must,
        title: "a reader does not post",
        requirement: "A client that was given a client id, and nothing to post, MUST send no mutation.",
        why: "With a client id a session can only read: the mutation is refused, and a client that was not asked to speak should not have tried.",
        mend: "Post only what a user or a command asks for, and only when you connected with a token: {auth}, or GLIMESH_AUTH, says with what.",
        scope: Scope::Of("client-id"),
        needs: None,
        timing: false,
        judge: reader_does_not_post,
    },
];

/// A document of the client's that could be read as text.
struct Asked<'a> {
    entry: usize,
    at: Instant,
    query: &'a str,
    frame: &'a Frame,
}

fn asked(session: &Session) -> impl Iterator<Item = Asked<'_>> {
    docs(session).filter_map(|(entry, at, frame)| {
        let query = frame.payload.get("query")?.as_str()?;
        Some(Asked { entry, at, query, frame })
    })
}

fn right_channel(session: &Session) -> Observation {
    let given = session.transcript.header.given.channel_id.as_str();
    let expected = format!("channelId: {given}");
    let mut others = Vec::new();
    for Asked { entry, at, query, frame } in asked(session) {
        let channels = channels(query, &frame.payload["variables"]);
        for channel in channels {
            let observation = match channel {
                Channel::Of(id) if id == given => {
                    return Observation::met(format!("subscribed to the channel {id}"))
                        .at_entry(entry, at);
                }
                Channel::Of(id) => {
                    Observation::unmet(format!("subscribed to the channel {}", shorten(&id)))
                }
                Channel::All => Observation::note("subscribed to the messages of all channels"),
                Channel::NotGiven(name) => {
                    Observation::unmet(format!("the variable ${name} has no value"))
                }
            };
            others.push(observation.expecting(&expected).at_entry(entry, at));
        }
    }
    // All channels hold the given one.
    let all = others.iter().find(|seen| seen.outcome == super::Outcome::Note).cloned();
    all.or_else(|| Observation::worst(others))
        .unwrap_or_else(|| Observation::unseen("the client sent no subscription to chatMessage"))
}

/// Which channel a subscription is for.
enum Channel {
    Of(String),
    All,
    NotGiven(String),
}

fn channels(query: &str, variables: &Value) -> Vec<Channel> {
    let Ok(document) = Document::parse(query, "query") else { return Vec::new() };
    let subscriptions = document.definitions.iter().filter_map(|definition| match definition {
        Definition::OperationDefinition(operation)
            if operation.operation_type == OperationType::Subscription =>
        {
            Some(operation)
        }
        _ => None,
    });
    let channels = subscriptions.flat_map(|operation| {
        let fields = operation.selection_set.iter().filter_map(|selection| match selection {
            Selection::Field(field) if field.name == "chatMessage" => Some(field),
            _ => None,
        });
        fields.map(|field| channel(operation, field, variables)).collect::<Vec<_>>()
    });
    channels.collect()
}

fn channel(operation: &ast::OperationDefinition, field: &ast::Field, variables: &Value) -> Channel {
    let argument = field.arguments.iter().find(|argument| argument.name == "channelId");
    let Some(argument) = argument else { return Channel::All };
    let ast::Value::Variable(name) = &*argument.value else { return of_literal(&argument.value) };
    match variables.get(name.as_str()) {
        Some(Value::String(id)) => Channel::Of(id.clone()),
        Some(Value::Null) => Channel::All,
        Some(other) => Channel::Of(other.to_string()),
        None => {
            let definition = operation.variables.iter().find(|variable| variable.name == *name);
            let default = definition.and_then(|variable| variable.default_value.as_ref());
            default.map_or_else(|| Channel::NotGiven(name.to_string()), |value| of_literal(value))
        }
    }
}

fn of_literal(value: &ast::Value) -> Channel {
    match value {
        ast::Value::String(id) => Channel::Of(id.clone()),
        ast::Value::Int(id) => Channel::Of(id.as_str().to_owned()),
        ast::Value::Null => Channel::All,
        other => Channel::Of(other.to_string()),
    }
}

fn valid_documents(session: &Session) -> Observation {
    static API: LazyLock<Api> = LazyLock::new(Api::glimesh);
    let mut documents = 0_u32;
    for Asked { entry, at, query, frame } in asked(session) {
        documents += 1;
        let none = Map::new();
        let variables = frame.payload["variables"].as_object().unwrap_or(&none);
        let problems = API.problems(query, variables);
        if let Some(first) = problems.first() {
            let more = match problems.len() {
                1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            let observation = Observation::unmet(format!("{}{more}", first.trim()))
                .expecting("a document that is valid against the schema")
                .at_entry(entry, at);
            return match frame.payload.get("variables") {
                Some(Value::String(_)) => {
                    observation.with_hint("the variables are text, so that the server finds none")
                }
                _ => observation,
            };
        }
    }
    match documents {
        0 => Observation::unseen("the client sent no document"),
        n => Observation::met(format!("{n} documents, all valid")),
    }
}

fn reader_does_not_post(session: &Session) -> Observation {
    let mut documents = 0_u32;
    for Asked { entry, at, query, .. } in asked(session) {
        documents += 1;
        let Ok(document) = Document::parse(query, "query") else { continue };
        let posts = document.definitions.iter().any(|definition| {
            matches!(definition, Definition::OperationDefinition(operation)
                if operation.operation_type == OperationType::Mutation)
        });
        if posts {
            return Observation::unmet("a mutation, though the client can only read")
                .expecting("subscriptions and queries alone")
                .at_entry(entry, at);
        }
    }
    match documents {
        0 if uses_no_client_id(session) => {
            Observation::not_applicable("given a client id alone, the client does not use it")
        }
        0 => Observation::unseen("the client sent no document"),
        n => Observation::met(format!("{n} documents, and no mutation")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::check::Outcome::{Met, Note, Unmet, Unseen};
    use crate::check::testing::{JOIN, OK, Wire, outcome};

    fn asking(query: &str, variables: serde_json::Value) -> Wire {
        let payload = json!({"query": query, "variables": variables});
        let doc = json!(["1", "2", "__absinthe__:control", "doc", payload]).to_string();
        Wire::new().open(1.0).client(1.1, JOIN).server(1.2, OK).client(1.3, &doc)
    }

    const BY_VARIABLE: &str = "subscription($id: ID) { chatMessage(channelId: $id) { message } }";

    #[test]
    fn the_channel_is_a_literal_or_a_variable() {
        for right in ["6", r#""6""#] {
            let query =
                format!("subscription {{ m: chatMessage(channelId: {right}) {{ message }} }}");
            assert_eq!(outcome("SB002", asking(&query, json!({}))), Met, "{right}");
        }
        for right in [json!({"id": "6"}), json!({"id": 6})] {
            assert_eq!(outcome("SB002", asking(BY_VARIABLE, right)), Met);
        }
        let default = BY_VARIABLE.replace("ID)", "ID = 6)");
        assert_eq!(outcome("SB002", asking(&default, json!(null))), Met);
        for wrong in [json!({"id": "7"}), json!({"id": ""}), json!({})] {
            assert_eq!(outcome("SB002", asking(BY_VARIABLE, wrong)), Unmet);
        }
        let all = "subscription { chatMessage { message } }";
        assert_eq!(outcome("SB002", asking(all, json!({}))), Note);
        assert_eq!(outcome("SB002", asking("query { myself { id } }", json!({}))), Unseen);
        assert_eq!(outcome("SB002", asking("subscription { chat", json!({}))), Unseen);
    }

    #[test]
    fn documents_are_valid_against_the_schema() {
        assert_eq!(outcome("SB003", asking(BY_VARIABLE, json!({"id": "6"}))), Met);
        for wrong in [
            "subscription { chatMessage(channelId: 6) { text } }",
            "subscription { chatMessage(channelId: 6) }",
            "subscription { chatMessage(channelId: $id) { message } }",
            "subscription { chatMessage(channelId: 6) { message }",
            "subscription($id: ID!) { chatMessage(channelId: $id) { message } }",
            "",
        ] {
            assert_eq!(outcome("SB003", asking(wrong, json!({}))), Unmet, "{wrong}");
        }
        // Valid on the older API alone, which answers it.
        let older = "query { channel(username: \"Mytho\") { id } }";
        assert_eq!(outcome("SB003", asking(older, json!({}))), Met);
        assert_eq!(outcome("SB003", Wire::new().open(1.0)), Unseen);
    }

    #[test]
    fn a_reader_posts_nothing() {
        let reader = |query| asking(query, json!({})).scenario("client-id").client_id();
        assert_eq!(outcome("MU009", reader("query { myself { id } }")), Met);
        let post =
            r#"mutation { createChatMessage(channelId: 6, message: {message: "hi"}) { id } }"#;
        assert_eq!(outcome("MU009", reader(post)), Unmet);
        assert_eq!(outcome("MU009", Wire::new().scenario("client-id").open(1.0)), Unseen);
    }
}
