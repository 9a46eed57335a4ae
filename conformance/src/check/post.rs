//! What a client makes of texts that it is asked to post, and of the server's answers.

use std::time::Duration;

use glimesh_proto::Frame;

use crate::check::driven::{
    Asked, Outcome, Post, gave_up, post_request, posts, reply_to, tries, unsupported,
};
use crate::check::elements::shorten;
use crate::check::limit::secs;
use crate::check::{Check, Level, Observation, Scope};
use crate::drive;
use crate::session::Session;

/// The checks of this area.
pub(super) const CHECKS: [Check; 10] = [
    Check {
        id: "MU001",
        slug: "post/mutation",
        clauses: &["GCW-MU-01"],
        level: Level::Must,
        title: "posts by createChatMessage, to the given channel",
        requirement: "Asked to post, the client MUST send the mutation createChatMessage with the channel's id and the message, as a doc on the control topic.",
        why: "Anything else posts nothing, or posts it where somebody else reads it.",
        mend: "mutation($channelId: ID!, $message: ChatMessageInput!) { createChatMessage(channelId: $channelId, message: $message) { message } }, with {\"channelId\": ID, \"message\": {\"message\": TEXT}} as variables.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: by_mutation,
    },
    Check {
        id: "MU002",
        slug: "post/quotes-and-backslashes",
        clauses: &["GCW-MU-02", "GCW-MU-03"],
        level: Level::Must,
        title: "posts quotes, backslashes and line breaks as they are",
        requirement: "The text that the server reads MUST equal the one that the client was asked to post.",
        why: "A text that is pasted into the document ends it at its first quote: the post is refused, or says something else.",
        mend: "Put the text into a variable, and let a JSON library write the payload; then there is nothing to escape.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: |session| equals(session, drive::QUOTES),
    },
    Check {
        id: "MU003",
        slug: "post/no-injection",
        clauses: &["GCW-MU-02"],
        level: Level::Must,
        title: "a text cannot end the document",
        requirement: "A text that looks like the end of the document MUST be posted as a text.",
        why: "Whoever can write a message could make the client run mutations of their own, with its token.",
        mend: "Put the text into a variable, and let a JSON library write the payload.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: |session| equals(session, drive::INJECTION),
    },
    Check {
        id: "MU004",
        slug: "post/unicode",
        clauses: &["GCW-MU-03"],
        level: Level::Should,
        title: "posts long texts in any script",
        requirement: "Emoji, combining marks, right-to-left text and 240 characters SHOULD arrive as they were given.",
        why: "Code that counts bytes or UTF-16 units cuts such texts in the middle of a character, or loses it.",
        mend: "Hand the text to a JSON library as it is; count characters only where the server does.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: |session| equals(session, &drive::long_post()),
    },
    Check {
        id: "MU005",
        slug: "post/confirmation",
        clauses: &["GCW-MU-04"],
        level: Level::Must,
        title: "tells of success when the server has confirmed",
        requirement: "The application MUST be told that a message was posted when the reply has come, and not before.",
        why: "A message that was never confirmed may have been refused; who is told too early believes that it was said.",
        mend: "Keep the ref of each doc, and resolve its request with the phx_reply that has the same ref.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: |session| confirmed(session, drive::SLOW),
    },
    Check {
        id: "MU006",
        slug: "post/replies-swapped",
        clauses: &["GCW-MU-04"],
        level: Level::Should,
        title: "knows which of two posts was refused",
        requirement: "Of two posts at once, each SHOULD get the reply that has its ref, whichever comes first.",
        why: "Replies come in any order. A client that takes the next one for the oldest request tells the wrong user that the post failed.",
        mend: "Keep a map from ref to request; count the ref up with every frame.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: matched,
    },
    Check {
        id: "MU007",
        slug: "post/read-only-refused",
        clauses: &["GCW-AU-02", "GCW-MU-05"],
        level: Level::Must,
        title: "tells of a refused post, once, and goes on",
        requirement: "Where a session may only read, the client MUST tell the application that the post failed, keep the connection, and not send it again and again.",
        why: "The reply to a refused post has the status ok and a list of errors. Who looks at the status alone believes that it was posted.",
        mend: "Treat a reply whose response has `errors` as a failure. A refusal does not go away by asking again.",
        scope: Scope::Of("driven-reader"),
        needs: None,
        timing: false,
        judge: refusal_told,
    },
    Check {
        id: "MU008",
        slug: "post/missing-scope-refused",
        clauses: &["GCW-AU-03", "GCW-MU-05"],
        level: Level::Must,
        title: "tells of a post that its token's scopes do not allow",
        requirement: "Where the token lacks the scope chat, the client MUST tell the application that the post failed, keep the connection, and not send it again and again.",
        why: "A token that connects and subscribes need not be one that may post. Who believes that any token may takes the refused post for a said one.",
        mend: "Treat a reply whose response has `errors` as a failure, whatever the credential is. Ask for the scope chat when you ask for the token.",
        scope: Scope::Of("driven-no-scope"),
        needs: None,
        timing: false,
        judge: refusal_told,
    },
    Check {
        id: "MU010",
        slug: "post/reply-never-comes",
        clauses: &["GCW-MU-04"],
        level: Level::Should,
        title: "gives up a post that is not answered",
        requirement: "If a post is not answered, the application SHOULD be told within 60 s that it failed, and the connection kept.",
        why: "Whoever waits for the outcome waits for ever, and everything that stands behind it, too.",
        mend: "Give each push a timeout, 10 s for instance; when it has passed, fail the request, and leave the connection to the heartbeat.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: gives_up,
    },
    Check {
        id: "MU012",
        slug: "post/without-its-message",
        clauses: &["GCW-MU-04"],
        level: Level::Must,
        title: "tells of success without the message",
        requirement: "The application MUST be told that a message was posted by the reply alone, whether or not the message itself comes by a subscription.",
        why: "Where the client subscribes to the channel, the message comes before the reply or after it; where it does not, never. A client that waits for it takes the post for lost.",
        mend: "Resolve the request with the phx_reply that has its ref, and leave the messages to whoever shows them.",
        scope: Scope::Of("driven-posts"),
        needs: None,
        timing: false,
        judge: |session| confirmed(session, drive::ELSEWHERE),
    },
];

fn by_mutation(session: &Session) -> Observation {
    let asked = match post_request(session, drive::PLAIN) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let given = session.transcript.header.given.channel_id.as_str();
    let expected = format!("createChatMessage(channelId: {given}, message: {{message: TEXT}})");
    let posts = posts(session);
    let found = posts.iter().find(|post| post.text.as_deref() == Some(drive::PLAIN));
    if let Some(post) = found {
        let seen = match &post.channel {
            Some(id) if id == given => Observation::met(format!("posted to the channel {id}")),
            Some(id) => Observation::unmet(format!("posted to the channel {}", shorten(id))),
            None => Observation::unseen("the channel's id cannot be told from the document"),
        };
        return seen.expecting(expected).at_entry(post.entry, post.at);
    }
    not_found(session, &asked, drive::PLAIN)
}

fn equals(session: &Session, text: &str) -> Observation {
    let asked = match post_request(session, text) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let posts = posts(session);
    match posts.iter().find(|post| post.text.as_deref() == Some(text)) {
        Some(post) => Observation::met("the server read the text that was given")
            .at_entry(post.entry, post.at),
        None => not_found(session, &asked, text),
    }
}

/// What is to be said where no mutation carries the text.
fn not_found(session: &Session, asked: &Asked, text: &str) -> Observation {
    // The kit asks for the next one when this one is answered, or given up.
    let until = next_asked(session, asked).unwrap_or(usize::MAX);
    let sent = tries(session).find(|(_, entry, ..)| (asked.entry..until).contains(entry));
    let Some((connection, entry, at, frame)) = sent else {
        return Observation::unseen("the client was asked to post, and sent no createChatMessage");
    };
    let posts = posts(session);
    let read = posts.iter().find(|post| post.entry == entry).and_then(|post| post.text.as_deref());
    let actual = match read {
        Some(other) => format!("the server read {:?}", shorten(other)),
        // GraphQL has more ways to hold a text than are looked into here, such as a variable's default.
        None if reply_to(connection, frame, entry).is_some_and(|(.., reply)| is_granted(reply)) => {
            return Observation::unseen("the server took the document, whose text cannot be told")
                .at_entry(entry, at);
        }
        None => "the document holds no text that the server could read".to_owned(),
    };
    Observation::unmet(actual).expecting(format!("{:?}", shorten(text))).at_entry(entry, at)
}

fn next_asked(session: &Session, asked: &Asked) -> Option<usize> {
    let all = super::driven::asked(session);
    all.iter().map(|one| one.entry).find(|&entry| entry > asked.entry)
}

/// How much earlier an answer may stand in the transcript than the reply that it tells of: both cross other pipes.
const AT_ONCE: Duration = Duration::from_millis(500);

fn confirmed(session: &Session, text: &str) -> Observation {
    let asked = match post_request(session, text) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let posts = posts(session);
    let Some((_, came, _)) = found_reply(&posts, text) else {
        return Observation::unseen("the post was not sent, or not answered");
    };
    let expected = "success, told when the reply has come";
    let Some(answer) = &asked.answer else {
        return Observation::unmet("the server confirmed, and the application was told nothing")
            .expecting(expected)
            .at_entry(asked.entry, asked.at);
    };
    let seen = match &answer.what {
        Outcome::Ok(_) if answer.at + AT_ONCE < came => {
            let early = secs(came.since(answer.at));
            Observation::unmet(format!("success was told {early} s before the reply came"))
        }
        Outcome::Ok(_) => Observation::met("success was told when the reply had come"),
        Outcome::Error(_) if gave_up(answer, Some(came)) => {
            let early = secs(came.since(answer.at));
            Observation::note(format!("it gave the post up {early} s before the reply came"))
        }
        Outcome::Error(error) => Observation::unmet(format!(
            "the server confirmed; told was: {}",
            shorten(&error.message)
        )),
        Outcome::Unsupported(refusal) => return unsupported(refusal),
    };
    seen.expecting(expected).at_entry(answer.entry, answer.at)
}

fn found_reply<'a>(
    posts: &[Post<'a>],
    text: &str,
) -> Option<(usize, glimesh_proto::Instant, &'a Frame)> {
    let post = posts.iter().find(|post| post.text.as_deref() == Some(text))?;
    reply_to(post.connection, post.frame, post.entry)
}

fn matched(session: &Session) -> Observation {
    let [one, two] = &drive::swapped();
    let (granted, refused) = match (post_request(session, one), post_request(session, two)) {
        (Ok(granted), Ok(refused)) => (granted, refused),
        (Err(observation), _) | (_, Err(observation)) => return *observation,
    };
    let posts = posts(session);
    let find = |text: &str| posts.iter().find(|post| post.text.as_deref() == Some(text));
    let refs = [find(one), find(two)];
    if let [Some(first), Some(second)] = refs
        && first.frame.msg_ref == second.frame.msg_ref
        && found_reply(&posts, one).is_some_and(|(entry, ..)| entry > second.entry)
    {
        return Observation::weak(
            "both posts had the same ref, so nobody could tell the replies apart",
        )
        .expecting("a ref of its own for each")
        .at_entry(second.entry, second.at);
    }
    // Who knows the server's limit may refuse the longer one without asking.
    let refused_itself = find(two).is_none()
        && matches!(refused.answer.as_ref().map(|it| &it.what), Some(Outcome::Error(_)));
    let is_answered = |text: &str| found_reply(&posts, text).is_some();
    if !is_answered(one) || !(is_answered(two) || refused_itself) {
        return Observation::unseen("the two posts were not sent, or not answered");
    }
    // Both replies come at once.
    let replies = [found_reply(&posts, one), found_reply(&posts, two)];
    let came = replies.iter().flatten().map(|(_, at, _)| *at).min();
    let answers = [&granted, &refused].into_iter().filter_map(|asked| asked.answer.as_ref());
    let early = answers.filter(|_| !refused_itself).find(|answer| gave_up(answer, came));
    if let Some(answer) = early {
        return Observation::note("it gave a post up before the replies came")
            .at_entry(answer.entry, answer.at);
    }
    let word = |asked: &Asked| match asked.answer.as_ref().map(|answer| &answer.what) {
        Some(Outcome::Ok(_)) => "success",
        Some(Outcome::Error(_)) => "failure",
        Some(Outcome::Unsupported(_)) | None => "nothing",
    };
    let told = (word(&granted), word(&refused));
    let actual =
        format!("of the post that was granted, {}; of the refused one, {}", told.0, told.1);
    let seen = if told == ("success", "failure") {
        Observation::met(actual)
    } else {
        Observation::unmet(actual)
    };
    let seen = seen.expecting("success of the granted one, failure of the refused one");
    match refused.answer.or(granted.answer) {
        Some(answer) => seen.at_entry(answer.entry, answer.at),
        None => seen,
    }
}

/// Whether the server has done what the document asks for.
fn is_granted(reply: &Frame) -> bool {
    reply.payload["status"] == "ok" && reply.payload["response"].get("errors").is_none()
}

/// How often a refused post may be sent: some ask once more.
const TWICE: usize = 2;

fn refusal_told(session: &Session) -> Observation {
    let asked = match post_request(session, drive::FORBIDDEN) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let posts = posts(session);
    let sent: Vec<_> =
        posts.iter().filter(|post| post.text.as_deref() == Some(drive::FORBIDDEN)).collect();
    let expected = "the failure is told, and the connection kept";
    if let Some(third) = sent.get(TWICE) {
        return Observation::unmet(format!("the refused post was sent {} times", sent.len()))
            .expecting(expected)
            .at_entry(third.entry, third.at);
    }
    let left = sent.iter().find_map(|post| post.connection.left(session));
    if let Some((entry, at)) = left {
        return Observation::unmet("the client ended the connection after the refusal")
            .expecting(expected)
            .at_entry(entry, at);
    }
    match &asked.answer {
        None if sent.is_empty() => Observation::unseen("the client did not post, and told nothing"),
        None => Observation::unmet("the post was refused, and the application was told nothing")
            .expecting(expected)
            .at_entry(asked.entry, asked.at),
        Some(answer) => match &answer.what {
            Outcome::Error(error) if sent.is_empty() => Observation::note(format!(
                "it was not sent, and told was: {}",
                shorten(&error.message)
            )),
            Outcome::Error(error) => {
                Observation::met(format!("told was: {}", shorten(&error.message)))
            }
            Outcome::Unsupported(refusal) => return unsupported(refusal),
            Outcome::Ok(_) => Observation::unmet("success was told of a post that was not granted"),
        }
        .expecting(expected)
        .at_entry(answer.entry, answer.at),
    }
}

fn gives_up(session: &Session) -> Observation {
    let asked = match post_request(session, drive::UNANSWERED) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let posts = posts(session);
    let sent = posts.iter().find(|post| post.text.as_deref() == Some(drive::UNANSWERED));
    let Some(sent) = sent else { return Observation::unseen("the post was not sent") };
    let expected = "a failure within 60 s, and the connection kept";
    if let Some((entry, at)) = sent.connection.left(session) {
        return Observation::unmet("the client ended the connection when no reply came")
            .expecting(expected)
            .at_entry(entry, at);
    }
    // What is told at the end is told because of the end.
    let answer = asked.answer.as_ref().filter(|answer| !session.is_after_stop(answer.entry));
    match answer.map(|answer| (&answer.what, answer)) {
        Some((Outcome::Error(_), answer)) => {
            let after = secs(answer.at.since(asked.at));
            Observation::met(format!("the failure was told after {after} s"))
                .at_entry(answer.entry, answer.at)
        }
        Some((Outcome::Ok(_), answer)) => {
            Observation::unmet("success was told of a post that was not answered")
                .expecting(expected)
                .at_entry(answer.entry, answer.at)
        }
        Some((Outcome::Unsupported(refusal), _)) => unsupported(refusal),
        None if session.shown_until(sent.connection) < asked.at + drive::PATIENCE => {
            Observation::unseen("the session ended while the client may still have waited")
        }
        None => Observation::unmet("nothing was told in 60 s")
            .expecting(expected)
            .at_entry(asked.entry, asked.at),
    }
}

#[cfg(test)]
mod tests;
