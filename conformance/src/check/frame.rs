//! The chapter on frames: what every message of the client's must look like. Judged in every session.

use glimesh_mock::transcript::{From, What};
use glimesh_proto::{Instant, names};

use crate::check::elements::{JsonFault, Kind, Part, shorten};
use crate::check::{Check, Level, Observation, Scope};
use crate::session::{Said, Session};

/// The checks FR001 to FR007.
pub(super) const CHECKS: [Check; 7] = [
    Check {
        id: "FR001",
        slug: "frame/text",
        clauses: &["GCW-FR-03"],
        level: Level::Must,
        title: "every frame is text",
        requirement: "The client MUST send every frame as a WebSocket text message.",
        why: "JSON in a binary message closes the connection at once, with 1011 and without a reason. Libraries send bytes and buffers as binary and only strings as text.",
        mend: "Hand your library a string: ws.send(JSON.stringify(frame)) in JavaScript, ws.send(json.dumps(frame)) in Python, Message::text(..) in Rust.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: every_frame_is_text,
    },
    Check {
        id: "FR002",
        slug: "frame/json",
        clauses: &["GCW-FR-07"],
        level: Level::Must,
        title: "valid JSON",
        requirement: "Every text message MUST be one valid JSON value in UTF-8, and nothing else.",
        why: "The server is strict: the first text that it cannot read closes the connection with 1011. Mostly a frame was put together by hand, and a quote in a chat message ended a string too early.",
        mend: "Build frames as arrays and let a JSON encoder write them: JSON.stringify, json.dumps, serde_json::to_string.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: texts_are_json,
    },
    Check {
        id: "FR003",
        slug: "frame/array",
        clauses: &["GCW-FR-01"],
        level: Level::Must,
        title: "the top level is an array",
        requirement: "Every frame MUST be a JSON array.",
        why: "Objects belong to the older format, vsn=1.0.0; a string that holds the array was encoded twice. Either closes the connection with 1011.",
        mend: r#"Send ["1","1","__absinthe__:control","phx_join",{}], encoded once."#,
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: |session| each(session.said(), array, "arrays"),
    },
    Check {
        id: "FR004",
        slug: "frame/five-elements",
        clauses: &["GCW-FR-02"],
        level: Level::Must,
        title: "five elements",
        requirement: "Every frame MUST have five elements: join ref, ref, topic, event, payload.",
        why: "With fewer the server closes the connection with 1011. What comes after the fifth it ignores.",
        mend: r#"Write all five, with null and {} where there is nothing to say: [null,"2","phoenix","heartbeat",{}]."#,
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: |session| each(session.said(), five_elements, "five elements"),
    },
    Check {
        id: "FR005",
        slug: "frame/refs",
        clauses: &["GCW-FR-04"],
        level: Level::Must,
        title: "refs are strings",
        requirement: "Join ref and ref MUST be JSON strings; a heartbeat's join ref may be null.",
        why: "The document asks for quotes around refs and names their absence as a cause of closed connections. Replies repeat a ref as it was sent, so a client that looks for \"1\" never finds its 1.",
        mend: r#"Put the counter into quotes: ["1","2",..] rather than [1,2,..]; String(ref), str(ref), ref.to_string()."#,
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: refs_are_strings,
    },
    Check {
        id: "FR006",
        slug: "frame/topic-and-event",
        clauses: &["GCW-FR-02"],
        level: Level::Must,
        title: "topic and event are strings",
        requirement: "The third and the fourth element, topic and event, MUST be JSON strings.",
        why: "A topic that is not text is one that nobody has joined. Mostly a ref is missing or one too many, and everything else has moved by one place.",
        mend: r#"Keep the order [join_ref, ref, topic, event, payload]: ["1","2","__absinthe__:control","doc",{"query":".."}]."#,
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: |session| each(session.said(), topic_and_event, "topic and event as strings"),
    },
    Check {
        id: "FR007",
        slug: "frame/payload",
        clauses: &["GCW-FR-02"],
        level: Level::Should,
        title: "the payload is an object",
        requirement: "The fifth element, the payload, SHOULD be a JSON object; {} when there is nothing to say.",
        why: "A document whose payload is no object crashes the channel: the server sends phx_error, and all subscriptions of the connection are gone.",
        mend: r#"Send {} when nothing is needed, and the object itself rather than a string that holds it: {"query":"..","variables":{}}."#,
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: payload_is_an_object,
    },
];

/// What a rule says of one text: nothing if it does not apply, otherwise that it was kept or not.
type Ruling = Option<Result<(), Observation>>;

/// The worst of what a rule says of the client's texts.
fn each<'a>(
    said: impl Iterator<Item = Said<'a>>,
    rule: impl Fn(&'a str) -> Ruling,
    what: &str,
) -> Observation {
    let mut kept = 0_u32;
    let mut broken = Vec::new();
    for Said { entry, at, text } in said {
        match rule(text) {
            None => {}
            Some(Ok(())) => kept += 1,
            Some(Err(observation)) => broken.push(observation.at_entry(entry, at)),
        }
    }
    let met = (kept > 0).then(|| Observation::met(format!("{what} in {kept} frames")));
    Observation::worst(broken.into_iter().chain(met)).unwrap_or_else(|| {
        Observation::unseen("the client sent no frame that this could be read from")
    })
}

fn at(part: Part<'_>, observation: Observation) -> Observation {
    let (from, to) = part.span();
    observation.with_span(from, to)
}

fn every_frame_is_text(session: &Session) -> Observation {
    let mut texts = 0_u32;
    let heard = session.connections.iter().flat_map(|connection| session.heard(connection));
    for (index, entry) in heard {
        match &entry.what {
            What::Text { from: From::Client, .. } => texts += 1,
            What::Binary { from: From::Client, hex, len } => {
                return binary(index, entry.at, hex, *len);
            }
            _ => {}
        }
    }
    match texts {
        0 => Observation::unseen("the client sent no frame"),
        _ => Observation::met(format!("{texts} text messages and no binary one")),
    }
}

fn binary(entry: usize, at: Instant, hex: &str, len: usize) -> Observation {
    let observation = Observation::unmet(format!("a binary message of {len} bytes"))
        .expecting("text messages only")
        .at_entry(entry, at);
    let bytes = bytes(hex);
    let text = std::str::from_utf8(&bytes).ok().map(str::trim_start);
    match (text, bytes.first()) {
        (Some(text), _) if text.starts_with(['[', '{', '"']) => observation.with_hint(format!(
            "it holds JSON: {}; send it as text",
            shorten(text)
        )),
        (_, Some(0)) => observation.with_hint(
            "it may be a binary push of Phoenix's; the server takes a few of these, but a doc in this form crashes the channel",
        ),
        (_, Some(0x1f)) => observation.with_hint("it looks like data compressed with gzip"),
        _ => observation,
    }
}

/// The bytes of hexadecimal digits, as far as they are such.
fn bytes(hex: &str) -> Vec<u8> {
    let pairs = (0..hex.len() / 2).map_while(|n| hex.get(2 * n..2 * n + 2));
    pairs.map_while(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

fn texts_are_json(session: &Session) -> Observation {
    let note =
        session.connections.iter().find_map(|connection| connection.note(session, "not-utf8"));
    match note {
        Some((entry, _)) => Observation::unmet("a text message that is not UTF-8")
            .expecting("JSON in UTF-8")
            .at_entry(entry, session.entry(entry).at)
            .with_hint(
                "encode the text as UTF-8, not as Latin-1 or UTF-16; the server closes with 1007",
            ),
        None => each(session.said(), valid_json, "valid JSON"),
    }
}

fn valid_json(text: &str) -> Ruling {
    let Some(fault) = JsonFault::of(text) else { return Some(Ok(())) };
    let (from, to) = fault.span(text);
    let observation =
        Observation::unmet(format!("not JSON at byte {}: {}", fault.at, fault.message))
            .expecting("one JSON value")
            .with_span(from, to);
    Some(Err(match json_hint(text, &fault) {
        Some(hint) => observation.with_hint(hint),
        None => observation,
    }))
}

fn json_hint(text: &str, fault: &JsonFault) -> Option<&'static str> {
    let (before, rest) = text.split_at(fault.at);
    let last = before.trim_end().chars().next_back();
    if text.trim().is_empty() {
        return Some("the text is empty; to keep a connection alive, send heartbeats");
    }
    if text.starts_with('\u{feff}') {
        return Some("the text begins with a byte order mark");
    }
    if fault.message.starts_with("control character") {
        return Some(
            r"a line break or another control character within a string is written \n, \t or \u0000",
        );
    }
    if fault.message.contains("hex escape") {
        return Some("the escape is no character; half of a surrogate pair cannot stand alone");
    }
    if fault.message.starts_with("trailing characters") {
        return Some("there is more behind the frame; each frame is a message of its own");
    }
    if last == Some(',') && rest.starts_with([']', '}']) {
        return Some("JSON has no comma behind the last element");
    }
    match (last, rest.chars().next()?) {
        (_, '\'') => {
            Some("JSON's quotes are double ones; this looks like a printed list, not like JSON")
        }
        (_, '/') => Some("JSON has no comments"),
        (Some('"'), _) => {
            Some(r#"a quote within a string is written \"; a JSON encoder does that"#)
        }
        _ if is_word_of_a_language(text, fault.at) => {
            Some("JSON writes null, true and false; this looks like a printed list, not like JSON")
        }
        (Some('[' | ',' | '{' | ':'), c) if c.is_alphabetic() || c == '_' => {
            Some("texts are in double quotes in JSON")
        }
        _ => None,
    }
}

/// The parser names a byte within the word: `N`, or what follows in `nil`.
fn is_word_of_a_language(text: &str, at: usize) -> bool {
    const WORDS: [&str; 8] =
        ["None", "True", "False", "undefined", "nil", "NaN", "Infinity", "NULL"];
    let is_word = |c: char| c.is_ascii_alphanumeric();
    let from = text[..at].rfind(|c| !is_word(c)).map_or(0, |before| before + 1);
    let word = text.get(from..).unwrap_or_default().split(|c| !is_word(c)).next();
    word.is_some_and(|word| WORDS.contains(&word))
}

fn array(text: &str) -> Ruling {
    let whole = Part::whole(text)?;
    let kind = whole.kind();
    if kind == Kind::Array {
        return Some(Ok(()));
    }
    let observation =
        Observation::unmet(format!("{} instead of an array: {}", kind.word(), whole.short()))
            .expecting("an array of five elements");
    let hint = match kind {
        Kind::Object => {
            "objects belong to the older format, vsn=1.0.0; with vsn=2.0.0 the same is [join_ref, ref, topic, event, payload]"
        }
        Kind::Text if holds_json(whole) => {
            "double encoded: the string holds the frame; encode it once, and send the result as it is"
        }
        _ => "a frame is [join_ref, ref, topic, event, payload]",
    };
    Some(Err(at(whole, observation).with_hint(hint)))
}

/// Whether a string holds an array or an object.
fn holds_json(part: Part<'_>) -> bool {
    part.as_text().is_some_and(|text| {
        Part::whole(&text).is_some_and(|inner| matches!(inner.kind(), Kind::Array | Kind::Object))
    })
}

fn five_elements(text: &str) -> Ruling {
    let whole = Part::whole(text)?;
    let elements = whole.elements()?;
    let n = elements.len();
    let expected = "five elements: join ref, ref, topic, event, payload";
    if let [_, _, _, _, _, rest @ ..] = &elements[..] {
        let (Some(first), Some(last)) = (rest.first(), rest.last()) else { return Some(Ok(())) };
        let observation = Observation::weak(format!("{n} elements"))
            .expecting(expected)
            .with_span(first.span().0, last.span().1)
            .with_hint("the server ignores what comes after the fifth");
        return Some(Err(observation));
    }
    let observation = Observation::unmet(format!("{n} elements")).expecting(expected);
    let observation = at(whole, observation);
    Some(Err(match missing(&elements) {
        Some(hint) => observation.with_hint(hint),
        None => observation,
    }))
}

/// Which element is missing, told by the place of the topic.
fn missing(elements: &[Part<'_>]) -> Option<&'static str> {
    let is_topic = |part: &Part<'_>| {
        part.as_text().is_some_and(|text| {
            text == names::PHOENIX_TOPIC || text.starts_with(names::ABSINTHE_PREFIX)
        })
    };
    match elements.iter().position(is_topic)? {
        0 => Some("both refs are missing, the first two elements"),
        1 => Some(
            "a ref is missing: the join ref comes first, null where there is none, then the ref",
        ),
        2 if elements.len() == 4 => {
            Some("the payload is missing; it is {} when there is nothing to say")
        }
        _ => None,
    }
}

/// The first five elements, if there are so many.
fn five<'a>(text: &'a str) -> Option<[Part<'a>; 5]> {
    let elements = Part::whole(text)?.elements()?;
    elements.get(..5)?.try_into().ok()
}

fn is_phoenix(session: &Session) -> bool {
    session.transcript.header.profile == "phoenix"
}

fn refs_are_strings(session: &Session) -> Observation {
    let lenient = is_phoenix(session);
    let rule = |text| {
        let [join_ref, msg_ref, topic, event, _] = five(text)?;
        let is_heartbeat = topic.as_text().as_deref() == Some(names::PHOENIX_TOPIC)
            && event.as_text().as_deref() == Some(names::HEARTBEAT);
        let join_ref = one_ref("join ref", join_ref, is_heartbeat || lenient, lenient);
        let msg_ref = one_ref("ref", msg_ref, lenient, lenient);
        Some(match Observation::worst(join_ref.into_iter().chain(msg_ref)) {
            Some(observation) => Err(observation),
            None => Ok(()),
        })
    };
    each(session.said(), rule, "refs as strings")
}

/// What is wrong with a ref. The deployed server takes and repeats anything, so `phoenix` is lenient.
fn one_ref(name: &str, part: Part<'_>, may_be_null: bool, lenient: bool) -> Option<Observation> {
    let kind = part.kind();
    let actual = || format!("the {name} is {}: {}", kind.word(), part.short());
    let observation = match kind {
        Kind::Text => return None,
        Kind::Null if may_be_null => return None,
        Kind::Null => Observation::weak(format!("the {name} is null"))
            .with_hint("the server works with it, but the document's frames carry refs in quotes"),
        _ if lenient => Observation::note(actual())
            .with_hint("the deployed server takes and repeats it; the document asks for quotes"),
        Kind::Number => Observation::unmet(actual())
            .with_hint(format!("put it into quotes: \"{}\"", part.short())),
        _ => Observation::unmet(actual()),
    };
    Some(at(part, observation).expecting(format!("the {name} as a string, such as \"1\"")))
}

fn topic_and_event(text: &str) -> Ruling {
    let [_, msg_ref, topic, event, _] = five(text)?;
    let moved = msg_ref.as_text().is_some_and(|text| {
        text == names::PHOENIX_TOPIC || text.starts_with(names::ABSINTHE_PREFIX)
    });
    let wrong = [("topic", topic), ("event", event)]
        .into_iter()
        .find(|(_, part)| part.kind() != Kind::Text);
    let Some((name, part)) = wrong else { return Some(Ok(())) };
    let actual = format!("the {name} is {}: {}", part.kind().word(), part.short());
    let observation = at(part, Observation::unmet(actual))
        .expecting("topic and event as strings, in the third and the fourth place");
    Some(Err(match moved {
        true => observation.with_hint("the topic stands in the second place: a ref is missing"),
        false => observation,
    }))
}

fn payload_is_an_object(session: &Session) -> Observation {
    let strict = is_phoenix(session);
    let rule = |text| {
        let [.., payload] = five(text)?;
        let kind = payload.kind();
        let actual = format!("the payload is {}: {}", kind.word(), payload.short());
        let observation = match kind {
            Kind::Object => return Some(Ok(())),
            Kind::Null | Kind::Array if !strict => Observation::weak(actual),
            _ => Observation::unmet(actual),
        };
        let observation = at(payload, observation).expecting("an object, such as {}");
        Some(Err(match kind {
            Kind::Text if holds_json(payload) => observation.with_hint(
                "double encoded: the string holds the payload; put the object itself there",
            ),
            _ => observation,
        }))
    };
    each(session.said(), rule, "objects as payload")
}

#[cfg(test)]
mod tests;
