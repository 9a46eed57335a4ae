//! The grammar of numbers.

use super::fault::SyntaxFault;

/// Where a number stops to be one, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bad {
    pub(super) fault: SyntaxFault,
    pub(super) at: usize,
}

/// The end of the number that begins at `start` with a digit or a minus.
pub(super) fn number(bytes: &[u8], start: usize) -> Result<usize, Bad> {
    let first_digit = start + usize::from(bytes.get(start) == Some(&b'-'));
    let whole = digits(bytes, first_digit);
    if whole == first_digit {
        return Err(Bad { fault: SyntaxFault::LoneMinus, at: whole });
    }
    if bytes[first_digit] == b'0' && whole > first_digit + 1 {
        return Err(Bad { fault: SyntaxFault::LeadingZero, at: first_digit + 1 });
    }
    match bytes.get(whole) {
        Some(b'.' | b'e' | b'E') => double(bytes, start, whole),
        _ => Ok(whole),
    }
}

/// The rest of a number that has a fraction or an exponent, from the end of its whole part on.
fn double(bytes: &[u8], start: usize, whole: usize) -> Result<usize, Bad> {
    let mut at = whole;
    if bytes.get(at) == Some(&b'.') {
        let fraction = digits(bytes, at + 1);
        if fraction == at + 1 {
            return Err(Bad { fault: SyntaxFault::NoFractionDigits, at: fraction });
        }
        at = fraction;
    }
    let mut exponent_digits = 0;
    if let Some(b'e' | b'E') = bytes.get(at) {
        at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let exponent = digits(bytes, at);
        if exponent == at {
            return Err(Bad { fault: SyntaxFault::NoExponentDigits, at });
        }
        exponent_digits = exponent - at;
        at = exponent;
    }
    // No number with 200 digits or fewer before the point is too large with an exponent of two digits.
    let may_be_too_large = exponent_digits > 2 || whole - start > 200;
    if may_be_too_large && !is_finite(&bytes[start..at]) {
        return Err(Bad { fault: SyntaxFault::NumberTooLarge, at: start });
    }
    Ok(at)
}

fn digits(bytes: &[u8], from: usize) -> usize {
    let count = bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    from + count
}

fn is_finite(number: &[u8]) -> bool {
    let value = str::from_utf8(number).ok().and_then(|text| text.parse::<f64>().ok());
    value.is_some_and(f64::is_finite)
}
