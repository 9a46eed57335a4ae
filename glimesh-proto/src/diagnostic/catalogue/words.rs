//! Syntax: strings, words and numbers.

use super::{Code, SYNTAX};

/// The codes of this file.
pub(super) const ALL: &[&Code] = &[
    &SINGLE_QUOTES,
    &CURLY_QUOTES,
    &UNQUOTED_WORD,
    &UNQUOTED_KEY,
    &BAD_NUMBER,
    &NUMBER_TOO_BIG,
    &UNCLOSED_STRING,
    &UNESCAPED_QUOTE,
    &ESCAPED_OUTSIDE,
];

/// `J020`
pub static SINGLE_QUOTES: Code = Code {
    id: "J020",
    slug: "single-quotes",
    title: "a string in single quotes",
    points_at: "the string",
    what: "JSON's strings stand in double quotes. Single quotes come from Python's str(), from JavaScript source that \
           was pasted, or from the shell, whose quotes were sent along.",
    bad: "['1','1','__absinthe__:control','phx_join',{}]",
    ..SYNTAX
};

/// `J021`
pub static CURLY_QUOTES: Code = Code {
    id: "J021",
    slug: "curly-quotes",
    title: "typographic quotes",
    points_at: "the string",
    what: "A word processor, a chat or a web page turned the quotes into typographic ones.",
    bad: "[“1”,“1”,“__absinthe__:control”,“phx_join”,{}]",
    ..SYNTAX
};

/// `J022`
pub static UNQUOTED_WORD: Code = Code {
    id: "J022",
    slug: "unquoted-word",
    title: "a word without quotes",
    points_at: "the word",
    clause: Some("GCW-FR-04"),
    what: "Of words JSON knows only true, false and null, in small letters. All others are strings and need quotes; \
           None, nil and undefined are spelled null.",
    bad: r#"["1","1",__absinthe__:control,phx_join,{}]"#,
    ..SYNTAX
};

/// `J023`
pub static UNQUOTED_KEY: Code = Code {
    id: "J023",
    slug: "unquoted-key",
    title: "a key without quotes",
    points_at: "the key",
    what: "An object's keys are strings and need quotes, other than in JavaScript and GraphQL.",
    bad: r#"["1","2","__absinthe__:control","doc",{query:"{myself{id}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}"}]"#,
    ..SYNTAX
};

/// `J024`
pub static BAD_NUMBER: Code = Code {
    id: "J024",
    slug: "bad-number",
    title: "a number that JSON spells otherwise",
    points_at: "the number",
    what: "No leading zeros, no plus sign, no hexadecimal, digits on both sides of the point, no NaN, no Infinity.",
    bad: r#"[null,01,"phoenix","heartbeat",{}]"#,
    good: r#"[null,"01","phoenix","heartbeat",{}]"#,
    ..SYNTAX
};

/// `J025`
pub static NUMBER_TOO_BIG: Code = Code {
    id: "J025",
    slug: "number-too-big",
    title: "a number beyond a double's range",
    points_at: "the number",
    what: "The number is JSON, but the server reads numbers with a fraction or an exponent as doubles, and this one \
           does not fit. Integers may have any length.",
    bad: r#"[null,1e400,"phoenix","heartbeat",{}]"#,
    good: r#"[null,"1e400","phoenix","heartbeat",{}]"#,
    ..SYNTAX
};

/// `J026`
pub static UNCLOSED_STRING: Code = Code {
    id: "J026",
    slug: "unclosed-string",
    title: "a string that is never closed",
    points_at: "the string's beginning",
    what: "A closing quote is missing; all that follows belongs to the string.",
    bad: r#"["1","1,"__absinthe__:control","phx_join",{}]"#,
    ..SYNTAX
};

/// `J027`
pub static UNESCAPED_QUOTE: Code = Code {
    id: "J027",
    slug: "unescaped-quote",
    title: "a quote inside a string, without its backslash",
    points_at: "the quote that ends the string too early",
    clause: Some("GCW-MU-02"),
    what: "A quote inside a JSON string is written \\\". The GraphQL document inside query has strings of its own, and \
           each of their quotes needs the backslash. Better still: hand the text over in variables, and let a JSON \
           library write the frame.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"{channel(streamerUsername:"Mytho"){id}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{channel(streamerUsername:\"Mytho\"){id}}"}]"#,
    ..SYNTAX
};

/// `J028`
pub static ESCAPED_OUTSIDE: Code = Code {
    id: "J028",
    slug: "escaped-outside",
    title: "backslashes before the quotes of the frame itself",
    points_at: "the first backslash",
    what: "The text was escaped once too often, or is the inside of a string literal copied from source code. The \
           backslashes belong only before quotes inside a string.",
    bad: r#"[\"1\",\"1\",\"__absinthe__:control\",\"phx_join\",{}]"#,
    ..SYNTAX
};
