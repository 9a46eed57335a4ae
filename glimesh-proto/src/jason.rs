//! JSON in the real server's spelling, where serde_json's is another.
//!
//! Source: Jason 1.4.0; Erlang/OTP 25, `io_lib_format:fwrite_g/1`; recordings `heartbeat/ref_exp`, `ref_controls`.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, Formatter, Serializer};

/// Writes a value without blanks.
pub(crate) fn to_string(value: &impl Serialize) -> String {
    let mut bytes = Vec::with_capacity(128);
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, Spelling))
        .expect("JSON values always have a text");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

struct Spelling;

impl Formatter for Spelling {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        writer.write_all(spell(value).as_bytes())
    }

    fn write_char_escape<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        escape: CharEscape,
    ) -> io::Result<()> {
        let short: &[u8] = match escape {
            CharEscape::Quote => b"\\\"",
            CharEscape::ReverseSolidus => b"\\\\",
            CharEscape::Solidus => b"/",
            CharEscape::Backspace => b"\\b",
            CharEscape::FormFeed => b"\\f",
            CharEscape::LineFeed => b"\\n",
            CharEscape::CarriageReturn => b"\\r",
            CharEscape::Tab => b"\\t",
            CharEscape::AsciiControl(byte) => return write!(writer, "\\u{byte:04X}"),
        };
        writer.write_all(short)
    }
}

/// The shortest digits that give the number back: `100.0`, `1.0e30`, `0.001`.
fn spell(value: f64) -> String {
    let shortest = format!("{value:e}");
    let (digits, exponent) = shortest.split_once('e').expect("the format has an exponent");
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |digits| ("-", digits));
    let exponent: i32 = exponent.parse().expect("the exponent is a number");
    let digits = digits.replace('.', "");
    let length = i32::try_from(digits.len()).expect("there are at most 17 digits");
    // The point stands before the digit of this index.
    let place = if value == 0.0 { 1 } else { exponent + 1 };
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let point_after_first = if length == 1 { 2 } else { 1 };
    let cost_of_exponent =
        i32::try_from((place - 1).to_string().len()).expect("it is short") + 1 + point_after_first;
    let plain = if place <= 0 {
        (place == 0 || 2 - place <= cost_of_exponent)
            .then(|| format!("0.{}{digits}", zeros(-place)))
    } else if place < length {
        let (whole, part) = digits.split_at(usize::try_from(place).expect("it is positive"));
        Some(format!("{whole}.{part}"))
    } else {
        (place - length + 2 <= cost_of_exponent)
            .then(|| format!("{digits}{}.0", zeros(place - length)))
    };
    let text = plain.unwrap_or_else(|| {
        let (first, rest) = digits.split_at(1);
        format!("{first}.{}e{}", if rest.is_empty() { "0" } else { rest }, place - 1)
    });
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_spelled_as_erlang_spells_them() {
        let spelled = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (1.5, "1.5"),
            (-12.25, "-12.25"),
            (1e2, "100.0"),
            (1e30, "1.0e30"),
            (0.1, "0.1"),
            (0.001, "0.001"),
            (1e-5, "1.0e-5"),
            (1.2345e-7, "1.2345e-7"),
            (123_456_789.0, "123456789.0"),
            (f64::MAX, "1.7976931348623157e308"),
        ];
        for (value, text) in spelled {
            assert_eq!(spell(value), text);
        }
    }

    #[test]
    fn control_characters_are_spelled_with_capitals() {
        assert_eq!(to_string(&"\u{1f}\u{8}\u{7f}/"), "\"\\u001F\\b\u{7f}/\"");
    }
}
