//! The chapter on connecting: path, version, credential. Judged on the request for the WebSocket, granted or not.

use glimesh_mock::transcript::Credential;
use glimesh_proto::connect::{Endpoint, Vsn};
use glimesh_proto::names;

use crate::check::process::how_it_ended;
use crate::check::{Check, Level, Observation, Scope};
use crate::session::{Request, Session};

/// The checks CN001 to CN006.
pub(super) const CHECKS: [Check; 6] = [
    Check {
        id: "CN001",
        slug: "connect/path",
        clauses: &["GCW-CN-01"],
        level: Level::Must,
        title: "correct path",
        requirement: "The client MUST open its WebSocket at the path /api/graph/websocket.",
        why: "Any other path is answered with an HTTP error, and no WebSocket opens. Usually the last part, /websocket, is missing: Phoenix's own library appends it, plain WebSocket libraries do not.",
        mend: "Connect to wss://HOST/api/graph/websocket?vsn=2.0.0&token=TOKEN.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: |session| each_request(session, path),
    },
    Check {
        id: "CN002",
        slug: "connect/vsn",
        clauses: &["GCW-CN-01"],
        level: Level::Must,
        title: "protocol version in the query",
        requirement: "The query MUST hold vsn=2.0.0 exactly once.",
        why: "The version decides what a frame looks like. Without it the server speaks the older format with objects, and closes the connection with 1011 at the first array.",
        mend: "Put vsn=2.0.0 into the query: wss://HOST/api/graph/websocket?vsn=2.0.0&token=TOKEN. Where a Phoenix library appends it by itself, leave it out of your URL.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: |session| each_request(session, vsn),
    },
    Check {
        id: "CN003",
        slug: "connect/token",
        clauses: &["GCW-AU-01", "GCW-CN-01"],
        level: Level::Must,
        title: "access token in the query",
        requirement: "A client that was given an access token MUST send it, unchanged after decoding, as the query's one parameter token.",
        why: "A token that is missing, quoted, cut or not percent-encoded is refused with 403. If client_id is there, too, the server looks at that alone, and the client can only read.",
        mend: "Percent-encode the token and send it as token=TOKEN, without quotes and without client_id, for example with encodeURIComponent(token).",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: |session| match session.transcript.header.given.auth.as_str() {
            _ if session.scenario() == ODD_TOKEN => {
                Observation::unseen("how an odd token is sent has a check of its own")
            }
            "token" => each_request(session, token),
            other => Observation::unseen(format!("the client was given a {other} and no token")),
        },
    },
    Check {
        id: "CN004",
        slug: "connect/client-id",
        clauses: &["GCW-AU-01", "GCW-CN-02"],
        level: Level::Must,
        title: "client id in the query",
        requirement: "A client that was given a client id MUST send it as client_id, and no token.",
        why: "A client id under the name token is looked up among the tokens and refused with 403.",
        mend: "Connect to wss://HOST/api/graph/websocket?vsn=2.0.0&client_id=ID; which of the two a client was given is in {auth}, or GLIMESH_AUTH.",
        scope: Scope::Of("client-id"),
        needs: None,
        timing: false,
        judge: |session| match session.transcript.header.given.auth.as_str() {
            "client_id" if uses_no_client_id(session) => {
                Observation::not_applicable("given a client id alone, the client does not use it")
            }
            "client_id" => each_request(session, client_id),
            other => {
                Observation::unseen(format!("the client was given a {other} and no client id"))
            }
        },
    },
    Check {
        id: "CN005",
        slug: "connect/placeholder",
        clauses: &["GCW-CN-03"],
        level: Level::Must,
        title: "no placeholder left in",
        requirement: "The credential MUST be a real one, neither empty nor a placeholder.",
        why: "TOKEN_HERE and CLIENT_ID in the document's URLs stand for your own. A placeholder, or what a program prints for an unset variable, is refused with 403.",
        mend: "Fill in the credential before you build the URL, and stop with a message of your own if it is not set.",
        scope: Scope::Every,
        needs: None,
        timing: false,
        judge: |session| match uses_no_client_id(session) {
            true => {
                Observation::unseen("the client was given no token here, and uses nothing else")
            }
            false => each_request(session, placeholder),
        },
    },
    Check {
        id: "CN006",
        slug: "connect/token-with-odd-characters",
        clauses: &["GCW-CN-01"],
        level: Level::Should,
        title: "a token that needs escaping",
        requirement: "A token with blanks, plus signs, slashes, equals signs and percent signs SHOULD arrive unchanged.",
        why: "A token is any text. Pasted into the URL a plus sign arrives as a blank and %20 as one, too; encoded twice it arrives as its own encoding. Either way the server knows no such token, and only some users are refused.",
        mend: "Percent-encode the token exactly once: encodeURIComponent(token), urllib.parse.quote(token, safe=''), or set the query by your URL library. {url} holds it encoded already.",
        scope: Scope::Of(ODD_TOKEN),
        needs: None,
        timing: false,
        judge: odd_token,
    },
];

/// The session with a token that needs escaping.
pub(super) const ODD_TOKEN: &str = "odd-token";

fn odd_token(session: &Session) -> Observation {
    if session.requests().next().is_some() {
        return each_request(session, token);
    }
    let expected = "a request with the token percent-encoded";
    if let Some((entry, event)) = session.early_exit() {
        let told = format!("the client {} without a request", how_it_ended(event));
        return Observation::unmet(told)
            .expecting(expected)
            .at_entry(entry, session.entry(entry).at)
            .with_hint("a blank in a URL is one that many libraries refuse: encode the token");
    }
    match session.mark("missed:upgrade") {
        Some(at) => Observation::unmet(format!("no upgrade request in {at}")).expecting(expected),
        None => Observation::unseen("the session ended before the client could connect"),
    }
}

/// Whether the client was given a client id and no token, and shows no sign of a client id in any request: it may know
/// tokens only, which the document allows. What else it does then is not its fault.
pub(super) fn uses_no_client_id(session: &Session) -> bool {
    let shows_one = |request: &Request<'_>| {
        let is_one = |(name, value): &(String, String)| {
            let name = name.to_ascii_lowercase().replace(['_', '-'], "");
            name.starts_with("clientid") || value.contains("client_id")
        };
        let headers = || request.headers.iter().any(|(name, _)| name == "authorization");
        let credentials = || request.query.iter().map(|(_, value)| Credential::read(value));
        let is_real = |it: Credential<'_>| matches!(it, Credential::ClientId | Credential::Token);
        request.query.iter().any(is_one) || credentials().any(is_real) || headers()
    };
    session.transcript.header.given.auth == "client_id"
        && !session.requests().any(|it| shows_one(&it))
}

/// The worst of what a rule sees in the session's requests.
fn each_request(session: &Session, rule: fn(&Request<'_>) -> Observation) -> Observation {
    let seen = session.requests().map(|request| rule(&request).at_entry(request.entry, request.at));
    Observation::worst(seen)
        .unwrap_or_else(|| Observation::unseen("the client never asked for a WebSocket"))
}

fn path(request: &Request<'_>) -> Observation {
    let path = request.path;
    let expecting =
        |observation: Observation| observation.expecting(format!("the path {}", names::GRAPH_PATH));
    if path == names::GRAPH_PATH {
        return Observation::met(format!("the path is {path}"));
    }
    if Endpoint::at_path(path) == Some(Endpoint::Graph) {
        let actual =
            format!("the path is {path}, which the server takes for {}", names::GRAPH_PATH);
        let hint = "a slash is doubled or trails; other servers are not so kind";
        return expecting(Observation::weak(actual)).with_hint(hint);
    }
    let observation = expecting(Observation::unmet(format!("the path is {path}")));
    match path_hint(path) {
        Some(hint) => observation.with_hint(hint),
        None => observation,
    }
}

fn path_hint(path: &str) -> Option<&'static str> {
    let lower = path.trim_end_matches('/').to_ascii_lowercase();
    match lower.as_str() {
        _ if Endpoint::at_path(path) == Some(Endpoint::Socket) => {
            Some("that is the socket of the older API; its documents differ")
        }
        names::GRAPH_PATH => Some("letter case matters in a path"),
        "/api/graph" | "/api" => Some(
            "/websocket is missing: Phoenix's library appends it, plain WebSocket libraries do not",
        ),
        "/graph/websocket" | "/socket/websocket" | "/websocket" => {
            Some("the path begins with /api")
        }
        _ if lower.ends_with("/websocket/websocket") => {
            Some("/websocket is there twice: your library appends it by itself")
        }
        _ => None,
    }
}

fn vsn(request: &Request<'_>) -> Observation {
    let expected = format!("vsn={}, once", names::VSN);
    let unmet = |actual: String, hint: String| {
        Observation::unmet(actual).expecting(&expected).with_hint(hint)
    };
    match request.values("vsn")[..] {
        [names::VSN] => Observation::met(format!("vsn={}", names::VSN)),
        [value] if is_v2(value) => Observation::weak(format!("vsn={value}"))
            .expecting(&expected)
            .with_hint("the server speaks the same format then; the document asks for 2.0.0"),
        [value] => unmet(format!("vsn={value}"), vsn_hint(value)),
        [] => unmet("the query has no vsn".to_owned(), no_vsn_hint(request)),
        [..] => {
            let values = request.values("vsn");
            let actual = format!("vsn stands {} times: {}", values.len(), values.join(", "));
            unmet(
                actual,
                "the last one counts; libraries for Phoenix append it by themselves".to_owned(),
            )
        }
    }
}

/// Whether the server takes it for the format with arrays, as it does with every 2.0.x.
fn is_v2(value: &str) -> bool {
    Vsn::parse(value) == Ok(Vsn::V2)
}

fn vsn_hint(value: &str) -> String {
    if value.starts_with("1.") {
        "that selects the older format, in which frames are objects".to_owned()
    } else if value.contains("token=") || value.contains("client_id=") {
        "an & is missing between vsn and the credential".to_owned()
    } else if value.contains('"') || value.contains('\'') {
        "no quotes around the value".to_owned()
    } else {
        "the server refuses this version with 403".to_owned()
    }
}

fn no_vsn_hint(request: &Request<'_>) -> String {
    let near = request.query.iter().find(|(name, _)| name.to_ascii_lowercase().contains("vsn"));
    match near {
        Some((name, _)) => format!("there is {name:?}; the name is vsn, in lower case"),
        None => {
            "without it the server speaks version 1.0.0, in which frames are objects".to_owned()
        }
    }
}

fn token(request: &Request<'_>) -> Observation {
    let expected = "token=<token>, once, and no client_id";
    let tokens = request.values("token");
    let ids = request.values("client_id");
    let read: Vec<_> = tokens.iter().map(|value| Credential::read(value)).collect();
    match (&read[..], &ids[..]) {
        ([Credential::Token], []) => Observation::met("the given token, once"),
        ([], [id]) if Credential::read(id) == Credential::ClientId => {
            Observation::note("the client connected with the client id, though it was given a token")
                .expecting(expected)
                .with_hint("{auth}, or GLIMESH_AUTH, says which of the two to use; with a client id it can only read")
        }
        ([], _) => Observation::unmet("the query has no token")
            .expecting(expected)
            .with_hint(no_credential_hint(request, "token")),
        (_, [_, ..]) => Observation::unmet("the query has both token and client_id")
            .expecting(expected)
            .with_hint("client_id alone decides then, and the client can only read"),
        ([one], []) => Observation::unmet(format!("token={}", tokens[0]))
            .expecting(expected)
            .with_hint(wrong_credential_hint(*one)),
        ([..], []) => Observation::unmet(format!("token stands {} times", tokens.len()))
            .expecting(expected)
            .with_hint("the last one counts"),
    }
}

fn client_id(request: &Request<'_>) -> Observation {
    let expected = "client_id=<client_id>, and no token";
    let tokens = request.values("token");
    let ids = request.values("client_id");
    let read: Vec<_> = ids.iter().map(|value| Credential::read(value)).collect();
    match (&read[..], &tokens[..]) {
        ([Credential::ClientId], []) => Observation::met("the given client id, once"),
        ([], [token]) if Credential::read(token) == Credential::Token => Observation::note(
            "the client connected with the access token, though it was given a client id",
        )
        .expecting(expected)
        .with_hint("{auth}, or GLIMESH_AUTH, says which of the two to use"),
        ([], [token]) if Credential::read(token) == Credential::ClientId => {
            Observation::unmet("the client id stands under the name token")
                .expecting(expected)
                .with_hint("the server looks it up among the tokens, and refuses it with 403")
        }
        ([], _) => Observation::unmet("the query has no client_id")
            .expecting(expected)
            .with_hint(no_credential_hint(request, "client_id")),
        (_, [_, ..]) => Observation::unmet("the query has both token and client_id")
            .expecting(expected)
            .with_hint("leave the token out: client_id alone decides"),
        ([one], []) => Observation::unmet(format!("client_id={}", ids[0]))
            .expecting(expected)
            .with_hint(wrong_credential_hint(*one)),
        ([..], []) => Observation::unmet(format!("client_id stands {} times", ids.len()))
            .expecting(expected)
            .with_hint("the last one counts"),
    }
}

fn no_credential_hint(request: &Request<'_>, name: &str) -> String {
    let in_vsn = request.values("vsn").iter().any(|value| value.contains(&format!("{name}=")));
    let lower = |key: &str| key.to_ascii_lowercase();
    let near = request.query.iter().map(|(key, _)| key).find(|key| {
        lower(key) == name
            || lower(key).starts_with(&format!("{name}["))
            || lower(key) == "access_token"
    });
    if in_vsn {
        "an & is missing between vsn and the credential".to_owned()
    } else if let Some(near) = near {
        format!("there is {near:?}; the name is {name}")
    } else if request.headers.iter().any(|(header, _)| header == "authorization") {
        "the server ignores the header Authorization here; the credential belongs into the query"
            .to_owned()
    } else {
        "the server refuses this with 403".to_owned()
    }
}

fn wrong_credential_hint(found: Credential<'_>) -> &'static str {
    match found {
        Credential::Wrapped(text) if text.contains(['"', '\'']) => {
            "no quotes around the credential"
        }
        Credential::Wrapped(text) if text.contains(char::is_whitespace) => {
            "there is more than the credential: a word before it, or a line's end from a file"
        }
        Credential::Wrapped(_) => "there is more than the credential",
        Credential::Placeholder(_) => {
            "that is a placeholder, or what a program prints for an unset variable"
        }
        Credential::Other { .. } => {
            "it is not the given one: percent-encode it exactly once, and take the one of this run ({token}, {client_id})"
        }
        Credential::Token | Credential::ClientId => "the other of the two credentials stands here",
    }
}

fn placeholder(request: &Request<'_>) -> Observation {
    let credentials: Vec<_> = ["token", "client_id"]
        .into_iter()
        .flat_map(|name| request.values(name).into_iter().map(move |value| (name, value)))
        .collect();
    let left_in = credentials.iter().find_map(|&(name, value)| match Credential::read(value) {
        Credential::Placeholder(text) => Some((name, text)),
        _ => None,
    });
    match left_in {
        Some((name, "")) => Observation::unmet(format!("{name} is empty"))
            .expecting("a real credential")
            .with_hint("the variable that should hold it is probably not set"),
        Some((name, text)) => Observation::unmet(format!("{name}={text}"))
            .expecting("a real credential")
            .with_hint(placeholder_hint(text)),
        None if credentials.is_empty() => {
            Observation::unseen("the query has neither token nor client_id")
        }
        None => Observation::met("no placeholder"),
    }
}

fn placeholder_hint(text: &str) -> &'static str {
    match text {
        "TOKEN_HERE" | "CLIENT_ID" => {
            "that is the document's placeholder; put your own in its place"
        }
        "undefined" | "null" | "None" | "nil" | "NaN" | "[object Object]" => {
            "that is what a program prints for a variable that holds nothing useful"
        }
        _ => "that is a placeholder that was not filled in",
    }
}

#[cfg(test)]
mod tests;
