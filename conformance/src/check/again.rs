//! What a driven client does after its connection, its channel or its token has ended.

use glimesh_mock::transcript::{Entry, What};
use glimesh_proto::{Frame, names};

use crate::check::driven::{
    Outcome, asked, chats, gave_up, not_asked, post_request, posts, unsupported,
};
use crate::check::elements::shorten;
use crate::check::told::pushed;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::drive;
use crate::driver::Op;
use crate::session::Session;

/// The checks CN016, MU011, RC010 and RC011.
pub(super) const CHECKS: [Check; 4] = [
    Check {
        id: "CN016",
        slug: "connect/new-token",
        clauses: &["GCW-AU-01"],
        level: Level::Should,
        title: "connects again with the new token",
        requirement: "A client that is given a new token SHOULD connect with it, and no more with the old one.",
        why: "Tokens expire after hours. A client that keeps the one with which it was made is refused from then on, at every try.",
        mend: "Build the URL anew for each connection, from whatever holds the token; phoenix.js takes a function as params.",
        scope: Scope::Of(SESSION),
        needs: None,
        timing: false,
        judge: new_token,
    },
    Check {
        id: "MU011",
        slug: "post/lost-with-the-connection",
        clauses: &["GCW-MU-01"],
        level: Level::Note,
        title: "posts nothing twice without a word",
        requirement: "If the connection ends before a post is answered, the application SHOULD be told, or the post sent once more; not both.",
        why: "Nobody knows whether it was said. An application that hears of a failure asks the user, who says it again, and then it stands there three times.",
        mend: "When the connection ends, fail what waits for a reply, and take it out of every queue.",
        scope: Scope::Of(SESSION),
        needs: None,
        timing: false,
        judge: lost_post,
    },
    Check {
        id: "RC010",
        slug: "recover/stale-join-ref",
        clauses: &["PHX-09"],
        level: Level::Should,
        title: "ignores replies to an earlier join",
        requirement: "A reply with the join ref of an earlier join SHOULD be dropped, whatever its ref is.",
        why: "After a rejoin, what was said to the old channel may still come. Refs that begin anew, or are all the same, then meet the wrong request.",
        mend: "Compare each frame's join ref, if it is not null, with that of the live join, as phoenix.js does.",
        scope: Scope::Of(SESSION),
        needs: None,
        timing: false,
        judge: stale_reply,
    },
    Check {
        id: "RC011",
        slug: "recover/old-subscription-id",
        clauses: &["GCW-MS-04"],
        level: Level::Should,
        title: "forgets its subscriptions' ids with the connection",
        requirement: "After a reconnect, a message with the id of a subscription of the connection before SHOULD not be delivered.",
        why: "A new connection has new subscriptions. A client that keeps the old ids shows messages twice, and the list grows with every reconnect.",
        mend: "Empty the map of subscription ids when the connection ends; fill it from the replies on the new one.",
        scope: Scope::Of(SESSION),
        needs: Some(Capability::Subscribe),
        timing: false,
        judge: old_id,
    },
];

const SESSION: &str = "driven-again";

/// The text that the scenario pushes on the old subscription.
const FOR_THE_OLD: &str = "for the old one";

fn new_token(session: &Session) -> Observation {
    let all = asked(session);
    let last = |is_it: fn(&Op) -> bool| all.iter().rfind(|asked| is_it(&asked.op));
    let revoked = session.mark("step:revoke_credentials");
    let asked = last(|op| matches!(op, Op::Connect { .. }));
    let Some(asked) = asked.filter(|asked| revoked.is_some_and(|at| at <= asked.at)) else {
        return not_asked();
    };
    if let Some(Outcome::Unsupported(refusal)) = asked.answer.as_ref().map(|it| &it.what) {
        return unsupported(refusal);
    }
    let granted = |entry: &Entry| matches!(entry.what, What::Upgrade { status: 101, .. });
    let later: Vec<_> = session.requests().filter(|it| it.entry > asked.entry).collect();
    let found = later.iter().find(|request| granted(session.entry(request.entry)));
    match (found, later.first()) {
        (Some(request), _) => {
            Observation::met("connected with the new token").at_entry(request.entry, request.at)
        }
        (None, Some(request)) => {
            Observation::unmet("the server knows the token no more with which it came")
                .expecting("the new token in the URL")
                .at_entry(request.entry, request.at)
        }
        (None, None) => Observation::unseen("the client did not connect again"),
    }
}

fn lost_post(session: &Session) -> Observation {
    let asked = match post_request(session, drive::LOST) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let posts = posts(session);
    let sent: Vec<_> =
        posts.iter().filter(|post| post.text.as_deref() == Some(drive::LOST)).collect();
    let Some(first) = sent.first() else {
        return Observation::unseen("the post was not sent");
    };
    let expected = "a failure is told, or the post is sent once more and its outcome told";
    let answer = asked.answer.as_ref().filter(|answer| !session.is_after_stop(answer.entry));
    let Some(answer) = answer else {
        return Observation::unmet("the application was told nothing of a post that was lost")
            .expecting(expected)
            .at_entry(first.entry, first.at);
    };
    let again = sent.iter().find(|post| post.entry > answer.entry);
    let seen = match (&answer.what, sent.len(), again) {
        (Outcome::Error(_), 1, _) => {
            Observation::met("the failure was told, and it was not sent again")
        }
        (Outcome::Ok(_), 2, None) => Observation::met("it was sent once more, and success told"),
        (Outcome::Ok(_), 1, _) => Observation::unmet("success was told of a post that was lost"),
        (_, _, Some(post)) => {
            let told = Observation::unmet("it was sent again after its outcome was told");
            return told.expecting(expected).at_entry(post.entry, post.at);
        }
        (Outcome::Unsupported(refusal), ..) => return unsupported(refusal),
        (_, n, None) => Observation::unmet(format!("it was sent {n} times")),
    };
    seen.expecting(expected).at_entry(answer.entry, answer.at)
}

fn stale_reply(session: &Session) -> Observation {
    let asked = match post_request(session, drive::ANEW) {
        Ok(asked) => asked,
        Err(observation) => return *observation,
    };
    let posts = posts(session);
    let Some(post) = posts.iter().find(|post| post.text.as_deref() == Some(drive::ANEW)) else {
        return Observation::unseen("the post was not sent");
    };
    let answers =
        |reply: &Frame| reply.event == names::PHX_REPLY && reply.msg_ref == post.frame.msg_ref;
    let replies: Vec<_> = post
        .connection
        .server_frames()
        .filter(|(seen, reply)| seen.entry > post.entry && answers(reply))
        .collect();
    let own = |reply: &Frame| reply.join_ref == post.frame.join_ref;
    let Some((real, _)) =
        replies.iter().find(|(_, reply)| own(reply) && reply.payload["status"] == "ok")
    else {
        return Observation::unseen("the post was not granted");
    };
    let Some((stale, _)) = replies.iter().find(|(_, reply)| !own(reply)) else {
        return Observation::note("its joins have the same ref, so nobody could tell them apart")
            .expecting("a join ref of its own for each join")
            .at_entry(post.entry, post.at);
    };
    let expected = "the reply to the live join is told";
    match &asked.answer {
        Some(answer) => match &answer.what {
            Outcome::Ok(_) => Observation::met("the reply to the join before was dropped")
                .at_entry(answer.entry, answer.at),
            Outcome::Error(_) if gave_up(answer, Some(stale.at)) => {
                Observation::note("it gave the post up before the replies came")
                    .at_entry(answer.entry, answer.at)
            }
            Outcome::Error(error) => {
                Observation::unmet(format!("told was: {}", shorten(&error.message)))
                    .expecting(expected)
                    .at_entry(answer.entry, answer.at)
            }
            Outcome::Unsupported(refusal) => unsupported(refusal),
        },
        None => Observation::unmet("the application was told nothing")
            .expecting(expected)
            .at_entry(real.entry, real.at),
    }
}

fn old_id(session: &Session) -> Observation {
    let Some((_, _, frame)) = pushed(session, FOR_THE_OLD) else { return not_asked() };
    if frame.topic.is_empty() {
        return Observation::unseen("the client had no subscription before");
    }
    let chats = chats(session);
    let told = |text: &str| chats.iter().find(|chat| chat.text() == Some(text));
    if let Some(chat) = told(FOR_THE_OLD) {
        return Observation::unmet("a message of a subscription that is gone was told")
            .expecting("nothing of it")
            .at_entry(chat.entry, chat.at);
    }
    match told(drive::FOR_THE_NEW) {
        Some(chat) => Observation::met("only the new subscription's message was told")
            .at_entry(chat.entry, chat.at),
        None => Observation::unseen("no message of the new subscription was told"),
    }
}

#[cfg(test)]
mod tests;
