//! Tokens, cut as Absinthe cuts them.
//!
//! Source: Absinthe 1.7.1, `lib/absinthe/lexer.ex`; recordings `doc/x_*`.

use super::problem::Problem;

/// A token and where it begins, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) start: usize,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Punctuator,
    Name,
    Int,
    Float,
    Text,
    BlockText,
}

/// How much of the text an error shows, in characters.
const SHOWN: usize = 10;

/// Cuts a document into tokens. Commas, white space, comments and byte order marks are between them.
///
/// # Errors
///
/// What is not a token, in Absinthe's words.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Problem> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if matches!(first, ' ' | '\t' | '\r' | '\n' | ',' | '\u{feff}') {
            at += first.len_utf8();
            continue;
        }
        if first == '#' {
            at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            continue;
        }
        let Some((kind, len)) = token(rest, first) else {
            let shown: String = rest.chars().take(SHOWN).collect();
            return Err(Problem::at(at, format!("Parsing failed at `{shown}`")));
        };
        tokens.push(Token { kind, text: &rest[..len], start: at });
        at += len;
    }
    Ok(tokens)
}

/// The token that the text begins with, and its length.
fn token(text: &str, first: char) -> Option<(Kind, usize)> {
    match first {
        '!' | '$' | '(' | ')' | ':' | '=' | '@' | '[' | ']' | '{' | '}' | '|' | '&' => {
            Some((Kind::Punctuator, 1))
        }
        '.' => text.starts_with("...").then_some((Kind::Punctuator, 3)),
        '_' | 'a'..='z' | 'A'..='Z' => Some((Kind::Name, run(text, is_name_part))),
        '-' | '0'..='9' => number(text),
        '"' if text.starts_with("\"\"\"") => block_text(text).map(|len| (Kind::BlockText, len)),
        '"' => plain_text(text).map(|len| (Kind::Text, len)),
        _ => None,
    }
}

fn number(text: &str) -> Option<(Kind, usize)> {
    let sign = usize::from(text.starts_with('-'));
    let digits = match text.as_bytes().get(sign)? {
        b'0' => 1,
        _ => run(&text[sign..], is_digit),
    };
    let whole = sign + digits;
    if digits == 0 {
        return None;
    }
    let fraction = text[whole..].strip_prefix('.').map_or(0, |rest| run(rest, is_digit));
    let after = if fraction > 0 { whole + 1 + fraction } else { whole };
    let end = after + exponent(&text[after..]);
    Some((if end > whole { Kind::Float } else { Kind::Int }, end))
}

/// The length of an exponent, or 0.
fn exponent(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return 0 };
    let sign = usize::from(rest.starts_with(['+', '-']));
    match run(&rest[sign..], is_digit) {
        0 => 0,
        digits => 1 + sign + digits,
    }
}

/// A quote may be escaped; what follows any other backslash is taken as it is.
fn plain_text(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, char) in text.char_indices().skip(1) {
        match char {
            '"' if !escaped => return Some(at + 1),
            '\n' | '\r' => return None,
            _ => escaped = char == '\\' && !escaped,
        }
    }
    None
}

fn block_text(text: &str) -> Option<usize> {
    let mut at = 3;
    loop {
        at += text[at..].find("\"\"\"")?;
        if !text[..at].ends_with('\\') {
            return Some(at + 3);
        }
        at += 3;
    }
}

fn run(text: &str, part: fn(char) -> bool) -> usize {
    text.find(|char| !part(char)).unwrap_or(text.len())
}

const fn is_name_part(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '_'
}

const fn is_digit(char: char) -> bool {
    char.is_ascii_digit()
}
