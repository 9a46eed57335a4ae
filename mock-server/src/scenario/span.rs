//! A length of time as people write it: `250ms`, `3s`, `2m`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A length of time; at most [`Span::LONGEST`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// The longest that can be written: a day.
    pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
}

/// Why a text is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// Not a whole number with a unit.
    #[error("{0:?} is not a time; write a whole number and ms, s or m, such as 250ms, 3s or 2m")]
    Form(String),
    /// More than a day.
    #[error("{0:?} is longer than a day")]
    TooLong(String),
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let form = || SpanError::Form(text.to_owned());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let ms_per_unit = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            _ => return Err(form()),
        };
        let number: u64 = number.parse().map_err(|_| form())?;
        let span = Duration::from_millis(number.saturating_mul(ms_per_unit));
        if span > Self::LONGEST {
            return Err(SpanError::TooLong(text.to_owned()));
        }
        Ok(Self(span))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        if ms.is_multiple_of(1_000) { write!(f, "{}s", ms / 1_000) } else { write!(f, "{ms}ms") }
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, ms: u64, shown: &str) {
        let span: Span = text.parse().unwrap();
        assert_eq!((span.0, span.to_string().as_str()), (Duration::from_millis(ms), shown));
    }

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        check("250ms", 250, "250ms");
        check("3s", 3_000, "3s");
        check("2m", 120_000, "120s");
        check("0s", 0, "0s");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "3", "s", "-3s", "3 s", "1.5s", "3h", "99999999999999999999s"] {
            assert_eq!(text.parse::<Span>(), Err(SpanError::Form(text.to_owned())), "{text}");
        }
        assert_eq!("1441m".parse::<Span>(), Err(SpanError::TooLong("1441m".to_owned())));
    }
}
