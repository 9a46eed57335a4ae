//! What is wrong with the shape of a frame that is JSON: the array and the kinds of its elements.

use super::catalogue::frame as codes;
use super::code::Reaction;
use super::context::{Context, Sender};
use super::meaning::{self, Push};
use super::outline::{Elements, Member, Node};
use super::payload;
use super::report::Diagnostic;
use super::syntax::MOST;
use crate::connect::Vsn;
use crate::names;

/// What the deployed server does with what it cannot take apart.
const CLOSES: Reaction = Reaction::Closes(names::CLOSE_INTERNAL_ERROR);
const EVENTS: [&str; 5] =
    [names::PHX_JOIN, names::PHX_LEAVE, names::DOC, names::UNSUBSCRIBE, names::HEARTBEAT];

/// Looks at a frame whose text is JSON.
pub(crate) fn faults(text: &str, context: &Context, out: &mut Vec<Diagnostic>) {
    let Some(root) = &Node::of(text) else { return };
    match context.vsn {
        Vsn::V2 => match root.elements() {
            Some(elements) => array(root, &elements, context, out),
            None => out.push(not_an_array(root, context)),
        },
        Vsn::V1 => match root.members() {
            Some(members) => object(root, &members, context, out),
            None => out.push(not_an_object(root, context)),
        },
    }
    if context.sender == Sender::Client {
        out.extend(payload::duplicates(text, context).take(MOST));
    }
}

fn array(root: &Node<'_>, elements: &Elements<'_>, context: &Context, out: &mut Vec<Diagnostic>) {
    let kept = &elements.kept;
    if !kept.is_empty() && kept.iter().all(Node::is_array) {
        return out.push(nested(root, elements, context));
    }
    let [join_ref, msg_ref, topic, event, payload, rest @ ..] = kept.as_slice() else {
        return out.push(too_few(root, kept, context));
    };
    if let [sixth, ..] = rest {
        let span = sixth.span.start..root.span.end - 1;
        let message = format!("expected 5 elements, found {}", elements.count);
        let fault = Diagnostic::new(&codes::TOO_MANY_ELEMENTS, context, span.clone(), message)
            .label(payload.span.clone(), "the payload is the last element")
            .help("remove what follows the payload")
            .edit(payload.span.end..span.end, "");
        out.push(fault);
    }
    if context.sender == Sender::Server {
        return;
    }
    if let Some(fault) = other_order(root, &kept[..5], context) {
        return out.push(fault);
    }
    one_ref(join_ref, "join ref", context, out);
    one_ref(msg_ref, "ref", context, out);
    if msg_ref.is_null() {
        let fault = Diagnostic::new(&codes::REF_IS_NULL, context, msg_ref.span.clone(), "no ref");
        out.push(
            fault
                .help("count the pushes, and use the count as a string")
                .edit(msg_ref.span.clone(), "\"1\""),
        );
    }
    meaning::faults(&Push { topic, event, payload }, context, out);
}

fn one_ref(node: &Node<'_>, name: &str, context: &Context, out: &mut Vec<Diagnostic>) {
    if node.is_string() || node.is_null() {
        return;
    }
    let message = format!("expected a string as {name}, found {}", node.kind());
    let fault = Diagnostic::new(&codes::REF_NOT_STRING, context, node.span.clone(), message);
    out.push(if node.is_object() || node.is_array() {
        fault.help("use a string, such as a counter's value in quotes")
    } else {
        fault
            .help("surround it with double quotes")
            .edit(node.span.clone(), format!("\"{}\"", node.raw))
    });
}

fn nested(root: &Node<'_>, elements: &Elements<'_>, context: &Context) -> Diagnostic {
    let fault = Diagnostic::new(
        &codes::NESTED_ARRAY,
        context,
        root.span.clone(),
        match elements.count {
            1 => "the frame stands inside another array".to_owned(),
            count => format!("{count} arrays inside an array, where a frame has to stand"),
        },
    );
    // With five or more elements the server reads it as a frame, with an array as its topic.
    let fault = match elements.count {
        0..5 => fault,
        _ => fault.reaction(Reaction::AnswersUnmatchedTopic),
    };
    match elements.kept.as_slice() {
        [only] => fault.help("remove the outer brackets").edit(root.span.clone(), only.raw),
        _ => fault.help("send each frame as a message of its own"),
    }
}

fn too_few(root: &Node<'_>, kept: &[Node<'_>], context: &Context) -> Diagnostic {
    let message = format!("expected 5 elements, found {}", kept.len());
    let fault = Diagnostic::new(&codes::TOO_FEW_ELEMENTS, context, root.span.clone(), message);
    let topic_at = kept.iter().position(|node| node.text().is_some_and(|text| is_topic(&text)));
    let first = root.span.start + 1;
    let last = root.span.end - 1;
    match (topic_at, kept.len()) {
        (Some(1), 4) => fault
            .label(first..first, "the join ref is missing here")
            .help("put null, or the join's ref, before the ref")
            .edit(first..first, "null,"),
        (Some(2), 4) => fault
            .label(last..last, "the payload is missing here")
            .help("add an empty object as the payload")
            .edit(last..last, ",{}"),
        (Some(0), 3) => fault
            .label(first..first, "join ref and ref are missing here")
            .help("put the join ref and the ref before the topic"),
        _ => fault.help("a frame is [join_ref, ref, topic, event, payload]"),
    }
}

fn is_topic(text: &str) -> bool {
    text == names::CONTROL_TOPIC || text == names::PHOENIX_TOPIC
}

/// Topic and event are both there, and in the wrong places.
fn other_order(root: &Node<'_>, five: &[Node<'_>], context: &Context) -> Option<Diagnostic> {
    let place = |fits: &dyn Fn(&str) -> bool| {
        five.iter().position(|node| node.text().is_some_and(|text| fits(&text)))
    };
    let topic = place(&is_topic)?;
    let event = place(&|text| EVENTS.contains(&text))?;
    if topic == 2 || event == topic {
        return None;
    }
    let payload = five.iter().position(Node::is_object);
    let fault = Diagnostic::new(
        &codes::OTHER_ORDER,
        context,
        root.span.clone(),
        format!("the topic is element {}, the event element {}", topic + 1, event + 1),
    )
    .label(five[topic].span.clone(), "belongs in the third place")
    .label(five[event].span.clone(), "belongs in the fourth place")
    .help("a frame is [join_ref, ref, topic, event, payload]");
    // A join whose topic is an object closes the connection. Source: recordings `frame/join_topic_object`.
    let closes =
        five[2].is_object() && five[3].text().is_some_and(|event| event == names::PHX_JOIN);
    let fault = if closes { fault.reaction(CLOSES) } else { fault };
    let Some(payload) = payload else { return Some(fault) };
    let mut refs = (0..5).filter(|at| ![topic, event, payload].contains(at)).map(|at| five[at].raw);
    let (join_ref, msg_ref) = (refs.next()?, refs.next()?);
    let [topic, event, payload] = [topic, event, payload].map(|at| five[at].raw);
    Some(fault.edit(root.span.clone(), format!("[{join_ref},{msg_ref},{topic},{event},{payload}]")))
}

fn not_an_array(root: &Node<'_>, context: &Context) -> Diagnostic {
    let members = root.members().unwrap_or_default();
    let raw = |name: &str| Some(members.iter().find(|member| member.name == name)?.value.raw);
    if let (Some(topic), Some(event)) = (raw("topic"), raw("event")) {
        let [join_ref, msg_ref] = ["join_ref", "ref"].map(|name| raw(name).unwrap_or("null"));
        let payload = raw("payload").unwrap_or("{}");
        return Diagnostic::new(
            &codes::V1_OBJECT_ON_V2,
            context,
            root.span.clone(),
            "an object of the older format, on a socket of vsn=2.0.0",
        )
        .help("write [join_ref, ref, topic, event, payload]")
        .edit(root.span.clone(), format!("[{join_ref},{msg_ref},{topic},{event},{payload}]"));
    }
    if let Some(inside) = root.text().filter(|text| text.trim_start().starts_with(['[', '{'])) {
        return Diagnostic::new(
            &codes::DOUBLE_ENCODED,
            context,
            root.span.clone(),
            "expected an array, found a string that holds one",
        )
        .help("send the inside of the string: encode the array once, not twice")
        .edit(root.span.clone(), inside);
    }
    let message = format!("expected an array of 5 elements, found {}", root.kind());
    let fault = Diagnostic::new(&codes::NOT_AN_ARRAY, context, root.span.clone(), message);
    fault.help(match raw("query") {
        None if raw("type").is_some() && (raw("payload").is_some() || members.len() == 1) => {
            "this is the protocol graphql-ws: here the client joins __absinthe__:control, and then sends doc"
        }
        Some(_) => {
            "make this the payload of a doc: [join_ref, ref, \"__absinthe__:control\", \"doc\", …]"
        }
        None => "send [join_ref, ref, topic, event, payload]",
    })
}

fn object(root: &Node<'_>, members: &[Member<'_>], context: &Context, out: &mut Vec<Diagnostic>) {
    let value =
        |name: &str| members.iter().find(|member| member.name == name).map(|member| &member.value);
    let missing: Vec<&str> = ["topic", "event", "payload", "ref"]
        .into_iter()
        .filter(|name| value(name).is_none())
        .collect();
    if let [first, ..] = missing[..] {
        let message = format!("the key {} is missing", missing.join(" and "));
        let end = root.span.end - 1;
        let fault = Diagnostic::new(&codes::V1_MISSING_KEY, context, root.span.clone(), message)
            .help("an object frame has topic, event, payload and ref");
        let payload_only = missing.len() == 1 && first == "payload";
        return out.push(if payload_only {
            fault.edit(end..end, ",\"payload\":{}")
        } else {
            fault
        });
    }
    let (Some(topic), Some(event), Some(payload)) =
        (value("topic"), value("event"), value("payload"))
    else {
        return;
    };
    if context.sender == Sender::Client {
        for (key, name) in [("join_ref", "join ref"), ("ref", "ref")] {
            if let Some(node) = value(key) {
                one_ref(node, name, context, out);
            }
        }
        meaning::faults(&Push { topic, event, payload }, context, out);
    }
}

fn not_an_object(root: &Node<'_>, context: &Context) -> Diagnostic {
    let fault = Diagnostic::new(
        &codes::V2_ARRAY_ON_V1,
        context,
        root.span.clone(),
        format!("expected an object, found {}", root.kind()),
    )
    .help("open the socket with vsn=2.0.0; without it the server expects objects");
    let elements = root.elements().map(|elements| elements.kept).unwrap_or_default();
    match elements.as_slice() {
        [join_ref, msg_ref, topic, event, payload] => {
            let [join_ref, msg_ref, topic, event, payload] =
                [join_ref, msg_ref, topic, event, payload].map(|node| node.raw);
            fault.edit(
                root.span.clone(),
                format!(
                    r#"{{"event":{event},"join_ref":{join_ref},"payload":{payload},"ref":{msg_ref},"topic":{topic}}}"#
                ),
            )
        }
        _ => fault,
    }
}
