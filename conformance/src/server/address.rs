//! Where a server is.

use std::str::FromStr;

/// `HOST:PORT`, taken from a WebSocket URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

/// Why a text is no address of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It begins otherwise.
    #[error("expected ws://HOST:PORT")]
    NotWs,
    /// It asks for TLS.
    #[error("wss is not spoken yet; give the server's address without TLS, ws://HOST:PORT")]
    Tls,
    /// Nothing stands where the host should.
    #[error("no host after ws://")]
    NoHost,
}

impl Address {
    /// `HOST:PORT`.
    pub fn host(&self) -> &str {
        &self.0
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// The path and what follows it are ignored: the recordings bring their own.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.starts_with("wss://") {
            return Err(AddressError::Tls);
        }
        let rest = text.strip_prefix("ws://").ok_or(AddressError::NotWs)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let after_address = host.rsplit(']').next().unwrap_or_default();
        match host {
            "" => Err(AddressError::NoHost),
            _ if after_address.contains(':') => Ok(Self(host.to_owned())),
            _ => Ok(Self(format!("{host}:80"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<&str, AddressError>) {
        assert_eq!(url.parse(), expected.map(|host| Address(host.to_owned())));
    }

    #[test]
    fn host_and_port_count_and_the_rest_does_not() {
        check("ws://127.0.0.1:4000", Ok("127.0.0.1:4000"));
        check("ws://localhost:4000/api/graph/websocket?vsn=2.0.0", Ok("localhost:4000"));
        check("ws://chat.example", Ok("chat.example:80"));
        check("ws://[::1]:4000/", Ok("[::1]:4000"));
        check("ws://[::1]", Ok("[::1]:80"));
        check("wss://chat.example", Err(AddressError::Tls));
        check("localhost:4000", Err(AddressError::NotWs));
        check("ws:///api", Err(AddressError::NoHost));
    }
}
