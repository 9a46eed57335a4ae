//! What may be wrong with the server's TLS.

use serde::Deserialize;

/// What is wrong with the server's side of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TlsFault {
    /// The certificate is by another authority than the one that clients are told to trust.
    UntrustedAuthority,
    /// The certificate is for another host.
    WrongHost,
    /// The certificate is valid no more.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is signed by its own key.
    SelfSigned,
    /// The server speaks plain text.
    Plain,
    /// Nothing.
    Right,
}

impl TlsFault {
    /// The word as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UntrustedAuthority => "untrusted_authority",
            Self::WrongHost => "wrong_host",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::SelfSigned => "self_signed",
            Self::Plain => "plain",
            Self::Right => "right",
        }
    }
}
