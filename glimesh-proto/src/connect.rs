//! The upgrade request's target: path, `vsn`, and `token` or `client_id`.

use std::fmt::Write as _;

use crate::names;

/// Which API a socket belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `/api/graph/websocket`, the current API.
    Graph,
    /// `/api/socket/websocket`, the older one.
    Socket,
}

impl Endpoint {
    /// The path of the endpoint.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Graph => names::GRAPH_PATH,
            Self::Socket => names::SOCKET_PATH,
        }
    }

    /// The endpoint at a path. Doubled and trailing slashes do not matter, letter case does.
    ///
    /// Source: recordings `connect/path_*`, rule 1.
    pub fn at_path(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts[..] {
            ["api", "graph", "websocket"] => Some(Self::Graph),
            ["api", "socket", "websocket"] => Some(Self::Socket),
            _ => None,
        }
    }
}

/// The format of frames, chosen by the query's `vsn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Vsn {
    /// `1.0.x`, or no `vsn` at all: objects.
    V1,
    /// `2.0.x`: arrays of five elements.
    V2,
}

impl Vsn {
    /// The format that a value of `vsn` selects: a full semantic version, `1.0.x` or `2.0.x`, build metadata allowed.
    ///
    /// # Errors
    ///
    /// [`Refusal::UnknownVsn`]: it selects none.
    ///
    /// Source: recordings, rule 4.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let unknown = || Refusal::UnknownVsn { vsn: text.to_owned() };
        let (version, build) = text.split_once('+').unwrap_or((text, "0"));
        let build_is_fine = build.split('.').all(|part| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
        let numbers: Vec<&str> = version.split('.').collect();
        match numbers[..] {
            [major, "0", patch] if build_is_fine && is_number(patch) => match major {
                "1" => Ok(Self::V1),
                "2" => Ok(Self::V2),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }
}

/// What a client shows to be let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// An access token.
    Token(String),
    /// An application's client id: read-only.
    ClientId(String),
}

/// What the target of an upgrade request asks for.
///
/// Shape: `/api/graph/websocket?vsn=2.0.0&token=TOKEN`, or `client_id=ID` in place of `token`.
///
/// ```
/// use glimesh_proto::connect::{ConnectRequest, Credential, Endpoint, Vsn};
///
/// let request = ConnectRequest::parse("/api/graph/websocket?vsn=2.0.0&token=a%2Bb")?;
/// assert_eq!(request.credential, Credential::Token("a+b".into()));
/// assert_eq!(request.target(), "/api/graph/websocket?vsn=2.0.0&token=a%2Bb");
/// # Ok::<(), glimesh_proto::connect::Refusal>(())
/// ```
///
/// Source: Glimesh/api-docs, "Connecting to Chat", "Preparing the Connection".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectRequest {
    /// Which API.
    pub endpoint: Endpoint,
    /// Which frame format.
    pub vsn: Vsn,
    /// Who asks; whether it is known is for the server's data to say.
    pub credential: Credential,
}

/// Why an upgrade is refused before anyone looks the credential up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No socket is served at the path.
    #[error("no socket at the path {path:?}; it is {}", names::GRAPH_PATH)]
    UnknownPath {
        /// The path as sent.
        path: String,
    },
    /// The query's percent escapes do not give UTF-8.
    #[error("the query's percent escapes are not UTF-8")]
    QueryNotUtf8,
    /// `vsn` selects no frame format.
    #[error("vsn={vsn:?} selects no frame format; it is vsn=2.0.0")]
    UnknownVsn {
        /// The value as sent, decoded.
        vsn: String,
    },
    /// `vsn` is given as a list or a map, such as `vsn[]=2.0.0`: an exception of the real server's.
    #[error("vsn is given as a list or a map")]
    VsnNotText,
    /// Neither `token` nor `client_id` is there.
    #[error("neither token nor client_id in the query; is an & missing?")]
    NoCredential,
    /// `token` or `client_id` is given as a list or a map, such as `token[]=`.
    #[error("{name} is given as a list or a map")]
    CredentialNotText {
        /// The parameter's name.
        name: &'static str,
    },
    /// `client_id` is not a UUID.
    #[error("client_id is not a UUID")]
    ClientIdNotUuid,
}

impl Refusal {
    /// The HTTP status of the real server's answer.
    ///
    /// Source: recordings `connect/*`, rules 1 to 5.
    pub const fn status(&self) -> u16 {
        match self {
            Self::UnknownPath { .. } => 404,
            Self::QueryNotUtf8 | Self::CredentialNotText { .. } | Self::ClientIdNotUuid => 400,
            Self::UnknownVsn { .. } | Self::NoCredential => 403,
            Self::VsnNotText => 500,
        }
    }
}

impl ConnectRequest {
    /// Reads the target of a request line, in the real server's order: path, query, `vsn`, credential.
    ///
    /// # Errors
    ///
    /// The [`Refusal`] that comes first in that order.
    pub fn parse(target: &str) -> Result<Self, Refusal> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let endpoint = Endpoint::at_path(path)
            .ok_or_else(|| Refusal::UnknownPath { path: path.to_owned() })?;
        let pairs = parse_query(query).ok_or(Refusal::QueryNotUtf8)?;
        if is_nested(&pairs, "vsn") {
            return Err(Refusal::VsnNotText);
        }
        let vsn = Vsn::parse(last(&pairs, "vsn").unwrap_or("1.0.0"))?;
        let credential = parse_credential(&pairs)?;
        Ok(Self { endpoint, vsn, credential })
    }

    /// Writes the target of the request line, with the credential percent-encoded.
    pub fn target(&self) -> String {
        let vsn = match self.vsn {
            Vsn::V1 => "1.0.0",
            Vsn::V2 => names::VSN,
        };
        let (name, value) = match &self.credential {
            Credential::Token(token) => ("token", token),
            Credential::ClientId(id) => ("client_id", id),
        };
        format!("{}?vsn={vsn}&{name}={}", self.endpoint.path(), encode_query_value(value))
    }
}

/// The pairs of a query, in order, decoded; `None` if a decoded part is not UTF-8.
///
/// Invalid percent escapes are kept as they are, `+` is a blank.
///
/// Source: recordings `connect/*`, rule 3.
pub fn parse_query(query: &str) -> Option<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| Some((decode(name)?, decode(value)?)))
        .collect()
}

/// Percent-encodes everything but RFC 3986's unreserved characters.
pub fn encode_query_value(value: &str) -> String {
    let mut encoded = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            write!(encoded, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    encoded
}

pub(crate) fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%').then(|| hex_pair(bytes.get(at + 1..at + 3)?)).flatten();
        decoded.push(match (escaped, byte) {
            (Some(value), _) => value,
            (None, b'+') => b' ',
            (None, other) => other,
        });
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8(decoded).ok()
}

fn hex_pair(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    u8::try_from(digit(*pair.first()?)? * 16 + digit(*pair.get(1)?)?).ok()
}

fn last<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// Whether a parameter is given as a list or a map: `name[]=` or `name[key]=`.
fn is_nested(pairs: &[(String, String)], name: &str) -> bool {
    pairs.iter().any(|(key, _)| key.strip_prefix(name).is_some_and(|rest| rest.starts_with('[')))
}

fn is_number(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0'))
}

fn parse_credential(pairs: &[(String, String)]) -> Result<Credential, Refusal> {
    if let Some(id) = last(pairs, "client_id") {
        // Sixteen bytes are taken for a raw UUID, which nobody has: that is for the look-up to refuse.
        if is_uuid(id) || id.len() == 16 {
            return Ok(Credential::ClientId(id.to_owned()));
        }
        return Err(Refusal::ClientIdNotUuid);
    }
    if is_nested(pairs, "client_id") {
        return Err(Refusal::CredentialNotText { name: "client_id" });
    }
    if let Some(token) = last(pairs, "token") {
        return Ok(Credential::Token(token.to_owned()));
    }
    if is_nested(pairs, "token") {
        return Err(Refusal::CredentialNotText { name: "token" });
    }
    Err(Refusal::NoCredential)
}

/// Whether the text has the form `8-4-4-4-12` of hexadecimal digits.
pub(crate) fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(target: &str, expected: Result<(Vsn, Credential), Refusal>) {
        let found = ConnectRequest::parse(target).map(|request| (request.vsn, request.credential));
        assert_eq!(found, expected, "{target}");
    }

    fn token(value: &str) -> Credential {
        Credential::Token(value.to_owned())
    }

    #[test]
    fn the_documents_urls_are_read() {
        let path = "/api/graph/websocket";
        check(&format!("{path}?vsn=2.0.0&token=TOKEN_HERE"), Ok((Vsn::V2, token("TOKEN_HERE"))));
        // The placeholder is no UUID.
        check(&format!("{path}?vsn=2.0.0&client_id=CLIENT_ID"), Err(Refusal::ClientIdNotUuid));
    }

    #[test]
    fn the_first_fault_in_the_servers_order_is_named() {
        let path = "/api/graph/websocket";
        check("/socket?vsn=3&token=%ff", Err(Refusal::UnknownPath { path: "/socket".into() }));
        check(&format!("{path}?vsn=3.0.0&token=%ff"), Err(Refusal::QueryNotUtf8));
        check(&format!("{path}?vsn=3.0.0"), Err(Refusal::UnknownVsn { vsn: "3.0.0".into() }));
        check(&format!("{path}?vsn=2.0.0"), Err(Refusal::NoCredential));
        check(path, Err(Refusal::NoCredential));
        let name = "token";
        check(&format!("{path}?vsn[]=2.0.0&token=x"), Err(Refusal::VsnNotText));
        check(&format!("{path}?token[]=x"), Err(Refusal::CredentialNotText { name }));
    }

    #[test]
    fn the_last_of_repeated_parameters_counts_and_client_id_goes_before_token() {
        let id = "4d4e4f50-0001-4000-8000-000000000001";
        let target = format!(
            "//api//graph/websocket/?token=a&vsn=1.0.0&token=b&vsn=2.0.7%2Bx.1&client_id={id}"
        );
        check(&target, Ok((Vsn::V2, Credential::ClientId(id.into()))));
        check("/api/socket/websocket?token=a&token=b", Ok((Vsn::V1, token("b"))));
    }

    #[test]
    fn escapes_that_are_none_stay_as_they_are() {
        let pairs = |query| parse_query(query).unwrap();
        assert_eq!(
            pairs("a=%zz%4&b+c=%41%c3%BC+&&d"),
            [
                ("a".into(), "%zz%4".into()),
                ("b c".into(), "Aü ".into()),
                ("d".into(), String::new()),
            ]
        );
        assert_eq!(parse_query("a=%c3"), None);
    }
}
