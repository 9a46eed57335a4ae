//! Words and numbers, good and bad.

use super::super::catalogue::{structure, words};
use super::Scanner;

/// How other languages spell null.
const NULLS: [&str; 7] = ["NULL", "Null", "None", "nil", "undefined", "NIL", "nullptr"];

impl Scanner<'_> {
    pub(super) fn at_word(&self) -> bool {
        self.rest().starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$' || c == '@')
    }

    pub(super) fn word(&mut self) {
        let length = self.word_length(!self.in_object());
        let span = self.at..self.at + length;
        let word = &self.text[span.clone()];
        self.at = span.end;
        if !matches!(word, "true" | "false" | "null") {
            let numeric = matches!(word, "NaN" | "Infinity");
            let code = if numeric { &words::BAD_NUMBER } else { &words::UNQUOTED_WORD };
            let shown = shorten(word);
            let what = if numeric { "is no number in JSON" } else { "without quotes" };
            let fault = self.fault(code, span.clone(), format!("{shown} {what}"));
            self.report(match mended(word) {
                Some(right) => fault.help(format!("write {right}")).edit(span, right),
                None if numeric => fault.help("JSON has no such number: write null or a string"),
                None => fault
                    .help("surround it with double quotes")
                    .edit(span.start..span.start, "\"")
                    .edit(span.end..span.end, "\""),
            });
        }
        self.value_done();
    }

    pub(super) fn bare_key(&mut self) {
        let span = self.at..self.at + self.word_length(false);
        self.at = span.end;
        let key = shorten(&self.text[span.clone()]);
        let fault = self
            .fault(&words::UNQUOTED_KEY, span.clone(), format!("the key {key} has no quotes"))
            .help("surround it with double quotes")
            .edit(span.start..span.start, "\"")
            .edit(span.end..span.end, "\"");
        self.report(fault);
        self.value_done();
    }

    pub(super) fn number(&mut self) {
        let span = self.at..self.at + self.word_length(false).max(1);
        let number = &self.text[span.clone()];
        self.at = span.end;
        if !is_number(number) {
            let looks_numeric = number.starts_with("0x")
                || number.len() < 32
                    && number.bytes().all(|byte| b"0123456789+-._eE".contains(&byte));
            let code = if looks_numeric { &words::BAD_NUMBER } else { &words::UNQUOTED_WORD };
            let message = format!("{} is no number as JSON spells it", shorten(number));
            let mut fault = self.fault(code, span.clone(), message);
            // Numbers at this depth are refs, and refs are quoted anyway.
            fault = if self.opens.len() <= 1 {
                fault
                    .help("surround the ref with double quotes")
                    .edit(span, format!("\"{number}\""))
            } else {
                fault.help("spell the number as JSON does, or surround it with double quotes")
            };
            self.report(fault);
        } else if number.contains(['.', 'e', 'E']) && is_infinite(number) {
            let message = format!("{} does not fit into a double", shorten(number));
            let mut fault = self.fault(&words::NUMBER_TOO_BIG, span.clone(), message);
            if self.opens.len() <= 1 {
                fault = fault.edit(span, format!("\"{number}\""));
            }
            self.report(fault.help("write a smaller number, or a string"));
        }
        self.value_done();
    }

    /// How far a word or number reaches; topics hold colons, so a word in an array may.
    fn word_length(&self, with_colon: bool) -> usize {
        let belongs = |c: char| {
            c.is_alphanumeric()
                || matches!(c, '_' | '$' | '@' | '-' | '+' | '.')
                || with_colon && c == ':'
        };
        self.rest().find(|c| !belongs(c)).unwrap_or_else(|| self.rest().len())
    }

    /// A text that does not begin as JSON does is one fault, not many.
    pub(super) fn nothing_like_json(&mut self) -> bool {
        let start = self.text.len() - self.text.trim_start().len();
        let text = self.text.trim();
        // Brackets and signs that begin other things than JSON's.
        let foreign = ["[object ", "(", "- "].iter().any(|start| text.starts_with(start));
        let bare = !text
            .starts_with(['[', '{', '"', '\'', '\\', '“', '\u{feff}', '/', '-', '+', '.'])
            && !text.starts_with(|c: char| c.is_ascii_digit() && !text.contains(','))
            && !matches!(text, "true" | "false" | "null")
            && text.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '<');
        if !bare && !foreign {
            return false;
        }
        let length = match text.starts_with("[object ") {
            true => text.find(']').map_or(text.len(), |at| at + 1),
            false => text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len()),
        };
        let found = shorten(&text[..length]);
        let message = format!("expected an array, found {found}");
        let fault = self.fault(&structure::NOT_JSON, start..start + length, message);
        let inside = text
            .strip_prefix("b'")
            .or_else(|| text.strip_prefix("b\""))
            .and_then(|rest| rest.strip_suffix(['\'', '"']))
            .filter(|rest| rest.starts_with('['));
        self.report(match inside {
            Some(inside) => fault
                .help("decode Python's bytes to text before sending; this is their repr()")
                .edit(0..self.text.len(), inside),
            None if text.contains("[object ") => {
                fault.help("send JSON.stringify(frame), not the array itself")
            }
            None if text.starts_with('<') => {
                fault.help("this is HTML or XML; a frame is a JSON array")
            }
            None if text.starts_with('(') && !text.starts_with("([") => {
                fault.help("this is a tuple as Python prints it; send json.dumps() of it")
            }
            None if text.starts_with("- ") => {
                fault.help("this is YAML; a frame is a JSON array on one line")
            }
            None if is_document(text) => fault.help(
                "this is a GraphQL document; it belongs into the payload of doc: {\"query\": \"…\"}",
            ),
            None if text.contains("([") => {
                fault.help("send what stands between the parentheses; the call belongs to the program")
            }
            None => fault.help("send a JSON array: [join_ref, ref, topic, event, payload]"),
        });
        true
    }
}

/// Whether a text begins as a document does.
fn is_document(text: &str) -> bool {
    let word = text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let rest = text[word.len()..].trim_start();
    ["query", "mutation", "subscription", "fragment"].contains(&word)
        && rest.contains('{')
        && (rest.starts_with(['{', '(']) || rest.starts_with(|c: char| c.is_ascii_alphabetic()))
}

/// What a word of another language is in JSON.
fn mended(word: &str) -> Option<&'static str> {
    match word {
        _ if NULLS.contains(&word) => Some("null"),
        "True" | "TRUE" => Some("true"),
        "False" | "FALSE" => Some("false"),
        _ => None,
    }
}

/// A word for a message: cut when it is long.
pub(crate) fn shorten(word: &str) -> String {
    const LONGEST: usize = 40;
    match word.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}

/// Source: RFC 8259, section 6.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let is_digits =
        |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(is_digits)
        && exponent
            .is_none_or(|exponent| is_digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent)))
}

fn is_infinite(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(f64::is_infinite)
}
