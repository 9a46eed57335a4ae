//! TLS: it is used where the URL asks for it, and verified before the credential goes out.
//!
//! Judged in sessions over TLS only, and only for clients that were told whom to trust: `run --tls`, or the capability
//! `tls`.

use glimesh_mock::transcript::What;

use crate::check::process::how_it_ended;
use crate::check::{Capability, Check, Level, Observation, Scope};
use crate::session::{Connection, Session};

/// The checks CN007, CN008, CN009 and CN011.
pub(super) const CHECKS: [Check; 4] = [
    Check {
        id: "CN007",
        slug: "connect/tls",
        clauses: &["GCW-CN-04"],
        level: Level::Must,
        title: "TLS where the URL says wss",
        requirement: "A client that was given a wss URL and the authority to trust MUST open its WebSocket over TLS.",
        why: "The credential stands in the URL. Over plain text everybody on the way reads it, and can post in its owner's name.",
        mend: "Take the URL as it is given, with its scheme, and let the library do TLS. The authority's file is in {ca_file}, GLIMESH_CA_FILE, SSL_CERT_FILE, NODE_EXTRA_CA_CERTS and REQUESTS_CA_BUNDLE.",
        scope: Scope::Of("certificate-by-a-stranger"),
        needs: Some(Capability::Tls),
        timing: false,
        judge: uses_tls,
    },
    Check {
        id: "CN008",
        slug: "connect/untrusted-certificate",
        clauses: &["GCW-CN-04"],
        level: Level::Should,
        title: "refuses a certificate by a stranger",
        requirement: "When the server's certificate is by an authority that it does not trust, the client SHOULD send no request.",
        why: "Who takes any certificate talks to whoever answers, and tells them its credential. Verification is often switched off for a test, and stays off.",
        mend: "Do not switch verification off: no rejectUnauthorized: false, CERT_NONE, verify=False or danger_accept_invalid_certs. Trust your own authority instead.",
        scope: Scope::Of("certificate-by-a-stranger"),
        needs: Some(Capability::Tls),
        timing: false,
        judge: refuses_certificate,
    },
    Check {
        id: "CN009",
        slug: "connect/certificate-for-another-host",
        clauses: &["GCW-CN-04"],
        level: Level::Should,
        title: "refuses a certificate for another host",
        requirement: "When the server's certificate is for another host, the client SHOULD send no request.",
        why: "Anybody gets a good certificate for a host of their own. Without a look at the name it serves to stand in for every other.",
        mend: "Leave the check of the host's name on: check_hostname in Python, checkServerIdentity in Node; and tell a hand-made TLS context which host it is meant for.",
        scope: Scope::Of("certificate-for-another-host"),
        needs: Some(Capability::Tls),
        timing: false,
        judge: refuses_certificate,
    },
    Check {
        id: "CN011",
        slug: "connect/no-redirect-to-plain-text",
        clauses: &["GCW-AU-01"],
        level: Level::Should,
        title: "does not follow a redirection out of TLS",
        requirement: "When its upgrade over TLS is redirected to a plain ws URL, the client SHOULD not go there.",
        why: "The redirection repeats the credential, and over plain text everybody on the way reads it. Some HTTP libraries under a WebSocket follow redirections by themselves.",
        mend: "Switch redirections off for the upgrade: allow_redirects=False, maxRedirects: 0, redirect::Policy::none(); the real server sends none.",
        scope: Scope::Of("redirected-to-plain"),
        needs: Some(Capability::Tls),
        timing: false,
        judge: stays_in_tls,
    },
];

/// What the server notes about a client that speaks plain text to TLS.
const PLAIN: &str = "plain-to-tls-port";

/// The entry with which the timeline, or an answer, first reached a step.
fn step(session: &Session, name: &str) -> Option<usize> {
    session
        .transcript
        .entries
        .iter()
        .position(|entry| matches!(&entry.what, What::Mark { name: found } if found == name))
}

/// The entry of the request that came over this connection.
fn request(session: &Session, connection: &Connection) -> Option<usize> {
    let is_request = |index: &&usize| matches!(session.entry(**index).what, What::Upgrade { .. });
    connection.entries.iter().find(is_request).copied()
}

/// The connections that began before, or after, an entry.
fn begun<'a>(
    session: &'a Session,
    belongs: impl Fn(usize) -> bool + 'a,
) -> impl Iterator<Item = &'a Connection> {
    let of_it =
        move |connection: &&Connection| connection.entries.first().is_some_and(|&it| belongs(it));
    session.connections.iter().filter(of_it)
}

fn uses_tls(session: &Session) -> Observation {
    let spoiled = step(session, "step:tls").unwrap_or(usize::MAX);
    let expected = "a TLS handshake, and then the request";
    for connection in begun(session, |first| first < spoiled) {
        if let Some((entry, _)) = connection.note(session, PLAIN) {
            return Observation::unmet("it spoke plain text, though its URL begins with wss")
                .expecting(expected)
                .at_entry(entry, session.entry(entry).at);
        }
        if let Some(entry) = request(session, connection) {
            return Observation::met("the request came over TLS")
                .at_entry(entry, session.entry(entry).at);
        }
    }
    Observation::unseen(match session.why_no_request() {
        Some(why) => format!("no request came: {why}"),
        None => "the client never asked for a WebSocket".to_owned(),
    })
}

/// Whether a client that had shown whom it trusts refused the certificate that it was shown next.
fn refuses_certificate(session: &Session) -> Observation {
    let expected = "an end of the connection in the TLS handshake, and no request";
    let Some(spoiled) = step(session, "step:tls") else {
        return Observation::unseen("the client never asked for a WebSocket over TLS");
    };
    let mut refused = None;
    for connection in begun(session, |first| first > spoiled) {
        if let Some(entry) = request(session, connection) {
            return Observation::unmet("it sent its request, with the credential, all the same")
                .expecting(expected)
                .at_entry(entry, session.entry(entry).at);
        }
        let ended = connection.end(session).map(|(entry, _)| entry);
        if let Some(entry) = ended.filter(|&entry| !session.is_after_stop(entry)) {
            refused.get_or_insert(entry);
        }
    }
    if let Some(entry) = refused {
        return Observation::met("it ended the connection without a request")
            .at_entry(entry, session.entry(entry).at);
    }
    // A client that does not come back is judged elsewhere; here it was shown no other certificate.
    if let Some((entry, event)) = session.early_exit() {
        let told = format!("it {} and was shown no other certificate", how_it_ended(event));
        return Observation::note(told).at_entry(entry, session.entry(entry).at);
    }
    match session.last_mark("missed:end") {
        Some(_) => {
            Observation::note("it did not connect again, and was shown no other certificate")
        }
        None => Observation::unseen("the session ended before the client could connect again"),
    }
}

fn stays_in_tls(session: &Session) -> Observation {
    let Some(redirected) = step(session, "step:redirect-upgrade") else {
        return Observation::unseen("the client never asked for a WebSocket over TLS");
    };
    let mut later = begun(session, |first| first > redirected);
    let plain = later.find_map(|connection| connection.note(session, PLAIN));
    if let Some((entry, _)) = plain {
        return Observation::unmet("it followed the redirection and spoke plain text")
            .expecting("no connection without TLS")
            .at_entry(entry, session.entry(entry).at);
    }
    let shown = session.early_exit().is_some()
        || session.mark("end").is_some()
        || session.requests().any(|request| request.entry > redirected);
    match shown {
        true => Observation::met("it did not follow the redirection"),
        false => Observation::unseen("the session ended before the client could follow"),
    }
}

#[cfg(test)]
mod tests;
