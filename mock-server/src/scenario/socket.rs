//! What happens to upgrade requests, and to connections below them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de};

use crate::scenario::step::Bytes;
use crate::scenario::{Chance, Count, Span, Which};

/// What the server does with upgrade requests that are meant, instead of answering correctly at once.
///
/// At most one of `ignore`, `refuse` and `redirect`; a `delay` may come with any but `ignore`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// Which requests; absent: every one.
    #[serde(default)]
    pub on: Which,
    /// Only with this probability, from 0 to 1.
    pub chance: Option<Chance>,
    /// Answers this much later, in real time.
    pub delay: Option<Span>,
    /// Answers nothing; the connection stands.
    #[serde(default)]
    pub ignore: bool,
    /// Answers with another status than 101.
    pub refuse: Option<Refuse>,
    /// Sends the client somewhere else.
    pub redirect: Option<Redirect>,
    /// Headers that are added to a 101, or replaced in it.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// The HTTP status, 200 to 599.
    pub status: u16,
    /// Headers of the answer.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The answer's body.
    #[serde(default)]
    pub body: String,
}

/// A redirection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Redirect {
    /// The header `Location`. `{host}` stands for the request's header `Host`, `{target}` for its path with the query.
    pub to: String,
    /// The HTTP status.
    #[serde(default = "found")]
    pub status: u16,
}

/// What happens to TCP connections that are meant, from their first byte on. They are counted as they are accepted,
/// whatever is asked on them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SocketRule {
    /// Which connections; absent: every one.
    #[serde(default)]
    pub on: Which,
    /// Only with this probability, from 0 to 1.
    pub chance: Option<Chance>,
    /// What happens to the bytes that the server sends; under TLS, to those of TLS.
    pub bytes: BytesFault,
}

/// What happens to the bytes that a server sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BytesFault {
    /// They go out in pieces of so many bytes, each in a write of its own, 1 ms apart unless throttled.
    pub chop: Option<Count>,
    /// Each goes out this much later.
    pub latency: Option<Span>,
    /// No more than so many bytes go out in a second.
    pub per_second: Option<Count>,
    /// The byte after so many that went out is another one than it should be.
    pub corrupt_after: Option<u32>,
    /// After so many bytes the connection is reset.
    pub cut_after: Option<u32>,
}

impl BytesFault {
    /// The same for a client in whose session `pace` seconds pass in a real one.
    pub(crate) fn paced(self, pace: u32) -> Self {
        Self {
            latency: self.latency.map(|latency| Span(latency.0 / pace)),
            per_second: self.per_second.map(|count| Count(count.0.saturating_mul(pace))),
            ..self
        }
    }
}

/// One WebSocket frame as it crosses the wire, well-formed or not.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WireFrame {
    /// The opcode, 0 to 15: 0 a continuation, 1 text, 2 binary, 8 close, 9 ping, 10 pong; the others are reserved.
    #[serde(default = "text_opcode", deserialize_with = "four_bits")]
    #[cfg_attr(test, schemars(range(max = 15)))]
    pub opcode: u8,
    /// Whether it ends its message.
    #[serde(default = "yes")]
    pub fin: bool,
    /// The reserved bits, 0 to 7.
    #[serde(default, deserialize_with = "three_bits")]
    #[cfg_attr(test, schemars(range(max = 7)))]
    pub rsv: u8,
    /// The payload as a text; no placeholders.
    #[serde(default)]
    pub text: String,
    /// The payload in hexadecimal, behind the text.
    #[serde(default)]
    pub hex: Bytes,
    /// The length that is announced; absent: the payload's own.
    pub length: Option<u64>,
    /// Whether it is masked, which a server's frame must not be.
    #[serde(default)]
    pub masked: bool,
    /// How often it is sent.
    #[serde(default)]
    #[cfg_attr(test, schemars(extend("default" = 1)))]
    pub times: Count,
}

impl Upgrade {
    fn check(&self) -> Result<(), &'static str> {
        let deeds = [self.ignore, self.refuse.is_some(), self.redirect.is_some()];
        let found = deeds.iter().filter(|given| **given).count();
        if found > 1 {
            return Err("an upgrade has one of ignore, refuse and redirect");
        }
        if found == 0 && self.delay.is_none() && self.headers.is_empty() {
            return Err(
                "an upgrade rule says what is done: ignore, refuse, redirect, delay or headers",
            );
        }
        if self.ignore && self.delay.is_some() {
            return Err("what is ignored cannot come later: leave out the delay");
        }
        let statuses = [
            self.refuse.as_ref().map(|refuse| refuse.status),
            self.redirect.as_ref().map(|redirect| redirect.status),
        ];
        if statuses.into_iter().flatten().any(|status| !(200..=599).contains(&status)) {
            return Err("a status is from 200 to 599");
        }
        let headers = self.refuse.iter().flat_map(|refuse| &refuse.headers).chain(&self.headers);
        for (name, value) in headers {
            if name.parse::<hyper::header::HeaderName>().is_err()
                || value.parse::<hyper::header::HeaderValue>().is_err()
            {
                return Err("a header's name or value cannot be sent");
            }
        }
        Ok(())
    }
}

/// The upgrade rules of a file; a wrong one is an error in its own place.
pub(super) fn checked<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Upgrade>, D::Error> {
    struct Checked(Upgrade);
    impl<'de> Deserialize<'de> for Checked {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let upgrade = Upgrade::deserialize(deserializer)?;
            upgrade.check().map_err(de::Error::custom)?;
            Ok(Self(upgrade))
        }
    }
    let upgrades = Vec::<Checked>::deserialize(deserializer)?;
    Ok(upgrades.into_iter().map(|Checked(upgrade)| upgrade).collect())
}

fn four_bits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    bits(deserializer, 15)
}

fn three_bits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    bits(deserializer, 7)
}

fn bits<'de, D: Deserializer<'de>>(deserializer: D, most: u8) -> Result<u8, D::Error> {
    let bits = u8::deserialize(deserializer)?;
    if bits <= most {
        return Ok(bits);
    }
    Err(de::Error::custom(format!("{bits} is not from 0 to {most}")))
}

const fn text_opcode() -> u8 {
    1
}

const fn yes() -> bool {
    true
}

const fn found() -> u16 {
    302
}
