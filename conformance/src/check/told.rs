//! What the application is told of incoming messages.

use glimesh_proto::{Frame, names};

use crate::check::driven::{Chat, Outcome, asked, chats, not_asked, unsupported};
use crate::check::elements::shorten;
use crate::check::limit::spoiled;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::drive;
use crate::driver::Op;
use crate::session::{Connection, Session};

/// The checks of this area.
pub(super) const CHECKS: [Check; 9] = [
    Check {
        id: "MS001",
        slug: "message/delivered",
        clauses: &["GCW-MS-03"],
        level: Level::Must,
        title: "delivers a message to the application",
        requirement: "The application MUST be told of a message, with its text and its user.",
        why: "A client that stays connected and delivers nothing looks healthy, and is of no use.",
        mend: "Read result.data.chatMessage from the payload of each subscription:data, and hand it on.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: |session| delivered(session, FIRST, Some("TheCat")),
    },
    Check {
        id: "MS005",
        slug: "message/before-the-reply",
        clauses: &["GCW-MS-01"],
        level: Level::Should,
        title: "goes on after a message that comes before the subscription's reply",
        requirement: "A message that comes before the reply to its subscription SHOULD be delivered, or left away, and those after it delivered.",
        why: "Reply and messages take different ways through the server, and in a busy chat a message overtakes. A client that waits for nothing but the reply takes it for one, or gives up.",
        mend: "Match replies by event and ref. Whether you keep the message until the id is known, or pass over it, is your choice.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: before_the_reply,
    },
    Check {
        id: "MS006",
        slug: "message/foreign-id-ignored",
        clauses: &["GCW-MS-04"],
        level: Level::Should,
        title: "ignores messages of subscriptions that it has not",
        requirement: "A message whose subscription id is none of the client's SHOULD not be delivered.",
        why: "After a reconnect, messages of a subscription that is gone may still come; who takes any push for a message shows it twice, or in the wrong place.",
        mend: "Keep the ids from the replies to your subscriptions, and look the id of each push up among them.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: foreign_ignored,
    },
    Check {
        id: "MS007",
        slug: "message/added-fields",
        clauses: &["GCW-MS-05"],
        level: Level::Should,
        title: "delivers messages with more fields than it knows",
        requirement: "Fields that the client does not know SHOULD not keep it from delivering a message.",
        why: "The server may add fields at any time; a strict reader loses every message from that day on.",
        mend: "Let your JSON library ignore unknown fields.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: |session| delivered(session, "with more", Some("Kirby")),
    },
    Check {
        id: "MS009",
        slug: "message/unicode",
        clauses: &["GCW-MS-03"],
        level: Level::Should,
        title: "delivers texts in any script",
        requirement: "Emoji, combining marks, right-to-left text and line separators SHOULD reach the application as they were sent.",
        why: "Code that takes bytes for characters, or normalises texts, changes what people wrote.",
        mend: "Read the WebSocket's text as UTF-8, and leave the rest to a JSON library.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: |session| delivered(session, UNICODE, None),
    },
    Check {
        id: "MS010",
        slug: "message/errors-in-a-push",
        clauses: &["GQL-01"],
        level: Level::Should,
        title: "goes on after errors in place of a message",
        requirement: "A push that holds errors and no data SHOULD not end the delivery of those that come after it.",
        why: "Data that is null where the client looks for a message makes careless code throw, and the loop that reads is gone.",
        mend: "Look whether result.data is null before you read from it, and report result.errors.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: |session| delivered(session, "after the errors", None),
    },
    Check {
        id: "MS014",
        slug: "message/order-kept",
        clauses: &["GCW-MS-03"],
        level: Level::Should,
        title: "delivers messages in their order, each once",
        requirement: "Messages SHOULD be delivered in the order in which they came, none lost and none twice.",
        why: "A chat whose lines are shuffled cannot be read.",
        mend: "Handle messages one after the other, or number them as they come.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: order_kept,
    },
    Check {
        id: "SB006",
        slug: "subscribe/several-channels",
        clauses: &["GCW-MS-04"],
        level: Level::Should,
        title: "tells the messages of two channels apart",
        requirement: "With two subscriptions on one socket, each message SHOULD be delivered for its own.",
        why: "The subscription id is all that tells where a message was said; without it a bot answers in the wrong channel.",
        mend: "Keep a map from the id in each subscription's reply to the channel, and look up the id of each push.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: channels_apart,
    },
    Check {
        id: "SB007",
        slug: "subscribe/unsubscribe",
        clauses: &["ABS-01"],
        level: Level::May,
        title: "ends a subscription by unsubscribe",
        requirement: "A subscription MAY be ended by the event unsubscribe, with its subscriptionId.",
        why: "Otherwise its messages come for as long as the connection lives.",
        mend: "Push unsubscribe with {\"subscriptionId\": ID} on the control topic, and wait for its reply.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: unsubscribes,
    },
];

const SESSION: &str = "driven-messages";

/// The texts of the scenario.
const EARLY: &str = "before the reply";
const FIRST: &str = "the first one";
const FOREIGN: &str = "for somebody else";
const OTHER: &str = "for the other channel";
const UNICODE: &str =
    "\u{1F469}\u{200D}\u{1F680} e\u{301} \u{5E9}\u{5DC}\u{5D5}\u{5DD} \u{2028} \u{1D11E}";

/// Where the server sent a message with this text, if it did.
pub(super) fn sent(session: &Session, text: &str) -> Option<usize> {
    pushed(session, text).map(|(_, entry, _)| entry)
}

/// The first message of the server's with this text.
pub(super) fn pushed<'s>(
    session: &'s Session,
    text: &str,
) -> Option<(&'s Connection, usize, &'s Frame)> {
    let frames = session
        .open_connections()
        .flat_map(|connection| connection.server_frames().map(move |it| (connection, it)));
    let mut pushes = frames.filter(|(_, (_, frame))| frame.event == names::SUBSCRIPTION_DATA);
    let is_it = |frame: &Frame| {
        let data = &frame.payload["result"]["data"];
        data.as_object().is_some_and(|data| {
            data.values().any(|it| {
                it.as_object().is_some_and(|it| it.values().any(|it| it.as_str() == Some(text)))
            })
        })
    };
    let found = pushes.find(|(_, (_, frame))| is_it(frame));
    found.map(|(connection, (seen, frame))| (connection, seen.entry, frame))
}

/// The messages that were told, if the session came to its end, so that what is missing is missing for good.
fn told(session: &Session, text: &str) -> Result<Vec<Chat>, Box<Observation>> {
    // The kit waits for a while, and a machine that stalls is late.
    if sent(session, text).is_some() && spoiled(session) {
        return Err(unseen("this machine stalled while messages were to be told"));
    }
    // The kit asks for this when it has waited long enough.
    let waited = asked(session).iter().any(|it| matches!(it.op, Op::Unsubscribe { .. }));
    told_if(session, text, waited)
}

/// The messages that were told, if the kit has waited for all of them.
pub(super) fn told_if(
    session: &Session,
    text: &str,
    waited: bool,
) -> Result<Vec<Chat>, Box<Observation>> {
    let all = asked(session);
    let subscribed =
        all.iter().find(|it| matches!(&it.op, Op::Subscribe { sub, .. } if sub == drive::SUB));
    let answer = subscribed.and_then(|it| it.answer.as_ref());
    if let Some(Outcome::Unsupported(refusal)) = answer.map(|answer| &answer.what) {
        return Err(Box::new(unsupported(refusal)));
    }
    if sent(session, text).is_none() {
        return Err(unseen("the client did not subscribe, so it was not sent"));
    }
    if !waited {
        return Err(unseen("the session ended before everything could be told"));
    }
    Ok(chats(session))
}

fn unseen(why: &str) -> Box<Observation> {
    Box::new(Observation::unseen(why))
}

fn delivered(session: &Session, text: &str, user: Option<&str>) -> Observation {
    let chats = match told(session, text) {
        Ok(chats) => chats,
        Err(observation) => return *observation,
    };
    let expected = match user {
        Some(user) => format!("{:?}, by {user}", shorten(text)),
        None => format!("{:?}", shorten(text)),
    };
    let Some(chat) = chats.iter().find(|chat| chat.text() == Some(text)) else {
        let entry = sent(session, text);
        let told =
            Observation::unmet(format!("it was not among the {} messages told", chats.len()))
                .expecting(expected);
        return match entry {
            Some(entry) => told.at_entry(entry, session.entry(entry).at),
            None => told,
        };
    };
    let by = chat.data["user"]["username"].as_str();
    let seen = match user {
        Some(user) if by != Some(user) => {
            Observation::unmet(format!("the text, and as user {}", chat.data["user"]))
        }
        _ => Observation::met(format!("{:?} was told", shorten(text))),
    };
    seen.expecting(expected).at_entry(chat.entry, chat.at)
}

fn before_the_reply(session: &Session) -> Observation {
    let expected = "it is told or left away, and those after it are told";
    if let Some((connection, entry, _)) = pushed(session, EARLY) {
        let at = |actual: &str, entry: usize| {
            let unmet = Observation::unmet(actual).expecting(expected);
            unmet.at_entry(entry, session.entry(entry).at)
        };
        if let Some((exited, _)) = session.early_exit().filter(|(exited, _)| *exited > entry) {
            return at("the client ended after it", exited);
        }
        if let Some((left, _)) = connection.left(session) {
            return at("the client ended the connection after it", left);
        }
    }
    let chats = match told(session, EARLY) {
        Ok(chats) => chats,
        Err(observation) => return *observation,
    };
    let is_told = |text| chats.iter().any(|chat| chat.text() == Some(text));
    match (is_told(EARLY), is_told(FIRST)) {
        (true, true) => Observation::met("it was told, and so was the next one"),
        (false, true) => Observation::met("it was left away, and the next one told"),
        (_, false) => Observation::unmet("the next one was not told").expecting(expected),
    }
}

fn foreign_ignored(session: &Session) -> Observation {
    let chats = match told(session, FOREIGN) {
        Ok(chats) => chats,
        Err(observation) => return *observation,
    };
    if chats.is_empty() {
        return Observation::unseen("the client told of no message at all");
    }
    match chats.iter().find(|chat| chat.text() == Some(FOREIGN)) {
        None => Observation::met("only its own subscriptions' messages were told"),
        Some(chat) => Observation::unmet("a message of a subscription that it has not was told")
            .expecting("nothing of it")
            .at_entry(chat.entry, chat.at),
    }
}

/// How many numbered messages the scenario says.
const NUMBERED: usize = 20;

fn order_kept(session: &Session) -> Observation {
    let chats = match told(session, drive::LAST) {
        Ok(chats) => chats,
        Err(observation) => return *observation,
    };
    in_order(&chats, "number", NUMBERED)
}

/// Whether messages that begin with this word and end with their number were told one after the other, up to the last.
pub(super) fn in_order(chats: &[Chat], word: &str, last: usize) -> Observation {
    let number =
        |chat: &Chat| chat.text()?.strip_prefix(word)?.strip_prefix(' ')?.parse::<usize>().ok();
    let numbered: Vec<_> = chats.iter().filter_map(|chat| Some((number(chat)?, chat))).collect();
    let expected = format!("{word} 1 to {last}, one after the other");
    let wrong = numbered.iter().enumerate().find(|(place, (number, _))| *number != place + 1);
    match wrong {
        Some((place, (number, chat))) => {
            Observation::unmet(format!("{word} {number} came where {} was due", place + 1))
                .expecting(expected)
                .at_entry(chat.entry, chat.at)
        }
        None if numbered.len() == last => Observation::met(expected),
        None => Observation::unmet(format!("{} of {last} were told", numbered.len()))
            .expecting(expected),
    }
}

fn channels_apart(session: &Session) -> Observation {
    let all = asked(session);
    let second = all
        .iter()
        .find(|it| matches!(&it.op, Op::Subscribe { sub, .. } if sub == drive::OTHER_SUB));
    let Some(second) = second else { return not_asked() };
    match second.answer.as_ref().map(|answer| &answer.what) {
        Some(Outcome::Unsupported(refusal)) => return unsupported(refusal),
        Some(Outcome::Ok(_)) => {}
        Some(Outcome::Error(_)) | None => {
            return Observation::unseen("there was no second subscription");
        }
    }
    let chats = match told(session, OTHER) {
        Ok(chats) => chats,
        Err(observation) => return *observation,
    };
    let judged = [(FIRST, drive::SUB), (OTHER, drive::OTHER_SUB)].map(|(text, sub)| {
        let expected = format!("{text:?} for {sub}");
        match chats.iter().find(|chat| chat.text() == Some(text)) {
            Some(chat) if chat.sub == sub => {
                Observation::met("each message for its own").at_entry(chat.entry, chat.at)
            }
            Some(chat) => {
                Observation::unmet(format!("{text:?} was told for {}", shorten(&chat.sub)))
                    .expecting(expected)
                    .at_entry(chat.entry, chat.at)
            }
            None => Observation::unmet(format!("{text:?} was not told")).expecting(expected),
        }
    });
    Observation::worst(judged).unwrap_or_else(not_asked)
}

fn unsubscribes(session: &Session) -> Observation {
    let all = asked(session);
    let Some(asked) = all.iter().find(|it| matches!(it.op, Op::Unsubscribe { .. })) else {
        return not_asked();
    };
    if let Some(Outcome::Unsupported(refusal)) = asked.answer.as_ref().map(|it| &it.what) {
        return unsupported(refusal);
    }
    let frames = session.open_connections().flat_map(|it| it.on_control(names::UNSUBSCRIBE));
    let form = "unsubscribe with the subscriptionId, and its reply";
    let Some((seen, frame)) = frames.into_iter().find(|(seen, _)| seen.entry > asked.entry) else {
        return Observation::note("no unsubscribe was sent")
            .expecting(form)
            .at_entry(asked.entry, asked.at);
    };
    let has_id = frame.payload["subscriptionId"].is_string();
    let told = matches!(asked.answer.as_ref().map(|it| &it.what), Some(Outcome::Ok(_)));
    match (has_id, told) {
        (true, true) => Observation::met("the subscription was ended, and it was told"),
        (true, false) => Observation::note("its end was not told").expecting(form),
        (false, _) => Observation::note("unsubscribe without a subscriptionId").expecting(form),
    }
    .at_entry(seen.entry, seen.at)
}

#[cfg(test)]
mod tests;
