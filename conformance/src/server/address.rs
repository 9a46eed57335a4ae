//! Where a server is.

use std::str::FromStr;

/// `HOST:PORT`, taken from a WebSocket URL, and whether TLS is spoken there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    tls: bool,
}

/// Why a text is no address of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It begins otherwise.
    #[error("expected ws://HOST:PORT or wss://HOST:PORT")]
    NotWs,
    /// Nothing stands where the host should.
    #[error("no host after ://")]
    NoHost,
}

impl Address {
    /// `HOST:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the server speaks TLS.
    pub const fn tls(&self) -> bool {
        self.tls
    }
}

impl FromStr for Address {
    type Err = AddressError;

    /// The path and what follows it are ignored: the recordings bring their own.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (rest, tls, port) = match (text.strip_prefix("ws://"), text.strip_prefix("wss://")) {
            (Some(rest), _) => (rest, false, 80),
            (None, Some(rest)) => (rest, true, 443),
            (None, None) => return Err(AddressError::NotWs),
        };
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let after_address = host.rsplit(']').next().unwrap_or_default();
        match host {
            "" => Err(AddressError::NoHost),
            _ if after_address.contains(':') => Ok(Self { host: host.to_owned(), tls }),
            _ => Ok(Self { host: format!("{host}:{port}"), tls }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Result<&str, AddressError>) {
        let tls = url.starts_with("wss");
        assert_eq!(url.parse(), expected.map(|host| Address { host: host.to_owned(), tls }));
    }

    #[test]
    fn host_and_port_count_and_the_rest_does_not() {
        check("ws://127.0.0.1:4000", Ok("127.0.0.1:4000"));
        check("ws://localhost:4000/api/graph/websocket?vsn=2.0.0", Ok("localhost:4000"));
        check("ws://chat.example", Ok("chat.example:80"));
        check("ws://[::1]:4000/", Ok("[::1]:4000"));
        check("ws://[::1]", Ok("[::1]:80"));
        check("wss://chat.example", Ok("chat.example:443"));
        check("wss://[::1]:4000/api", Ok("[::1]:4000"));
        check("localhost:4000", Err(AddressError::NotWs));
        check("ws:///api", Err(AddressError::NoHost));
    }
}
