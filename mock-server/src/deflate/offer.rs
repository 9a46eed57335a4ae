//! What a client offers in its request, and what of it is agreed on.

/// The extension's name.
const NAME: &str = "permessage-deflate";

/// What server and client agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The base-2 logarithm of the window that the server's messages may refer back into, if the client limits it.
    server_max_window_bits: Option<u8>,
}

/// Takes the first offer whose parameters can be met: `values` are those of the request's headers
/// `Sec-WebSocket-Extensions`. `None`: there is none, and the connection is a plain one.
///
/// ```
/// let agreed = glimesh_mock::deflate::agree(["permessage-deflate; client_max_window_bits"]);
/// assert_eq!(
///     agreed.unwrap().answer(),
///     "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
/// );
/// ```
///
/// Source: RFC 6455, section 9.1, for the header's form; RFC 7692, sections 5.1 and 7.1, for the parameters.
pub fn agree<'a>(values: impl IntoIterator<Item = &'a str>) -> Option<Agreed> {
    // A quoted value must be a token, too, so no comma or semicolon of a valid header is part of a value.
    values.into_iter().flat_map(|value| value.split(',')).find_map(acceptable)
}

/// The names of the parameters of one extension of such a header, if it is this one.
pub(crate) fn parameters(extension: &str) -> Option<impl Iterator<Item = &str>> {
    let mut parts = extension.split(';').map(str::trim);
    let is_ours = parts.next()?.eq_ignore_ascii_case(NAME);
    is_ours.then(|| parts.map(|part| part.split('=').next().unwrap_or(part).trim()))
}

impl Agreed {
    /// The value of the answer's header `Sec-WebSocket-Extensions`.
    pub fn answer(&self) -> String {
        let alone = format!("{NAME}; server_no_context_takeover; client_no_context_takeover");
        match self.server_max_window_bits {
            Some(bits) => format!("{alone}; server_max_window_bits={bits}"),
            None => alone,
        }
    }

    /// How far back the server's messages may refer, in bytes.
    pub(super) const fn server_window(self) -> usize {
        match self.server_max_window_bits {
            Some(bits) => 1 << bits,
            None => 1 << LARGEST_WINDOW,
        }
    }
}

/// Source: RFC 7692, section 7.1.2.1: from 8 to 15.
const LARGEST_WINDOW: u8 = 15;

/// One extension with its parameters, if it is ours and all of them are known, valid and there once.
fn acceptable(offer: &str) -> Option<Agreed> {
    let mut parts = offer.split(';').map(str::trim);
    if !parts.next()?.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let mut agreed = Agreed { server_max_window_bits: None };
    let mut seen = Vec::new();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start())?)),
            None => (part, None),
        };
        match (name, value) {
            ("server_no_context_takeover" | "client_no_context_takeover", None) => {}
            // A hint that the client could be told to use a smaller window; any window can be read.
            ("client_max_window_bits", None) => {}
            ("client_max_window_bits", Some(value)) => {
                window_bits(value)?;
            }
            ("server_max_window_bits", Some(value)) => {
                agreed.server_max_window_bits = Some(window_bits(value)?);
            }
            _ => return None,
        }
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
    }
    Some(agreed)
}

fn unquoted(value: &str) -> Option<&str> {
    match value.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"'),
        None => Some(value),
    }
}

/// A decimal number without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    value.parse().ok().filter(|bits| is_plain && (8..=LARGEST_WINDOW).contains(bits))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str =
        "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    #[track_caller]
    fn check(offers: &[&str], answer: Option<&str>) {
        let agreed = agree(offers.iter().copied()).map(|agreed| agreed.answer());
        assert_eq!(agreed.as_deref(), answer, "{offers:?}");
    }

    #[test]
    fn an_offer_that_can_be_met_is_taken() {
        check(&["permessage-deflate"], Some(PLAIN));
        check(&["Permessage-Deflate"], Some(PLAIN));
        check(&["permessage-deflate; client_max_window_bits"], Some(PLAIN));
        check(&["permessage-deflate;client_max_window_bits=10"], Some(PLAIN));
        check(&["permessage-deflate; client_max_window_bits=\"10\""], Some(PLAIN));
        check(
            &["permessage-deflate; server_no_context_takeover; client_no_context_takeover"],
            Some(PLAIN),
        );
        let limited = format!("{PLAIN}; server_max_window_bits=9");
        check(&["permessage-deflate; server_max_window_bits = 9"], Some(&limited));
    }

    #[test]
    fn an_offer_that_cannot_be_met_is_declined() {
        check(&[], None);
        check(&[""], None);
        check(&["x-webkit-deflate-frame"], None);
        for parameter in [
            "foo",
            "",
            "server_no_context_takeover=1",
            "client_no_context_takeover=",
            "server_max_window_bits",
            "server_max_window_bits=7",
            "server_max_window_bits=16",
            "server_max_window_bits=010",
            "server_max_window_bits=+9",
            "client_max_window_bits=",
            "client_max_window_bits=\"10",
            "client_max_window_bits; client_max_window_bits=10",
        ] {
            check(&[&format!("permessage-deflate; {parameter}")], None);
        }
    }

    #[test]
    fn the_first_that_can_be_met_is_taken_from_all_headers() {
        let limited = format!("{PLAIN}; server_max_window_bits=10");
        check(
            &["foo, permessage-deflate; bar", "permessage-deflate; server_max_window_bits=10"],
            Some(&limited),
        );
        check(&["permessage-deflate, permessage-deflate; server_max_window_bits=10"], Some(PLAIN));
    }
}
