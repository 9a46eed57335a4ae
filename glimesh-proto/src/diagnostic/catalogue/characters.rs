//! Syntax: single characters, escapes and encodings.

use super::{ByProfile, Code, Reaction, SYNTAX};

/// The codes of this file.
pub(super) const ALL: &[&Code] = &[
    &CONTROL_CHARACTER,
    &NUL,
    &BYTE_ORDER_MARK,
    &FOREIGN_BLANK,
    &BAD_ESCAPE,
    &SHORT_UNICODE_ESCAPE,
    &LONE_SURROGATE,
    &INVALID_UTF8,
];

/// `J040`
pub static CONTROL_CHARACTER: Code = Code {
    id: "J040",
    slug: "control-character",
    title: "a line break, tab or other control character inside a string",
    points_at: "the first such character of the string",
    what: "Inside a string a line break is written \\n and a tab \\t. A GraphQL document of several lines, pasted into \
           query as it is, has this fault.",
    bad: "[\"1\",\"2\",\"__absinthe__:control\",\"doc\",{\"query\":\"{myself\n{id}}\"}]",
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{myself\n{id}}"}]"#,
    ..SYNTAX
};

/// `J041`
pub static NUL: Code = Code {
    id: "J041",
    slug: "nul",
    title: "a NUL character",
    points_at: "the NUL",
    what: "A byte of value zero. At the end of the text it is the terminator of a C string that was counted along.",
    bad: "[\"1\",\"1\",\"__absinthe__:control\",\"phx_join\",{}]\0",
    ..SYNTAX
};

/// `J042`
pub static BYTE_ORDER_MARK: Code = Code {
    id: "J042",
    slug: "byte-order-mark",
    title: "a byte order mark before the frame",
    points_at: "the mark",
    what: "The character U+FEFF stands first. Editors and .NET's UTF-8 encoders put it there; it cannot be seen.",
    bad: "\u{feff}[\"1\",\"1\",\"__absinthe__:control\",\"phx_join\",{}]",
    ..SYNTAX
};

/// `J043`
pub static FOREIGN_BLANK: Code = Code {
    id: "J043",
    slug: "foreign-blank",
    title: "a blank that JSON does not know",
    points_at: "the blank",
    what: "Between values JSON allows space, tab, line feed and carriage return. Non-breaking and zero-width spaces \
           come along when text is copied from a web page.",
    bad: "[\"1\",\u{a0}\"1\",\"__absinthe__:control\",\"phx_join\",{}]",
    ..SYNTAX
};

/// `J044`
pub static BAD_ESCAPE: Code = Code {
    id: "J044",
    slug: "bad-escape",
    title: "a backslash before a character that has no escape",
    points_at: "the escape",
    what: r#"JSON knows \" \\ \/ \b \f \n \r \t and \u with four hexadecimal digits. Others, such as \' and \x41, belong to other languages."#,
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"{channel(streamerUsername:\'Mytho\'){id}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{channel(streamerUsername:\"Mytho\"){id}}"}]"#,
    ..SYNTAX
};

/// `J045`
pub static SHORT_UNICODE_ESCAPE: Code = Code {
    id: "J045",
    slug: "short-unicode-escape",
    title: "a \\u without four hexadecimal digits",
    points_at: "the escape",
    what: r#"After \u stand exactly four hexadecimal digits; characters beyond U+FFFF are written as two such escapes, or as themselves."#,
    bad: r#"[null,"\u12","phoenix","heartbeat",{}]"#,
    good: r#"[null,"\u0012","phoenix","heartbeat",{}]"#,
    ..SYNTAX
};

/// `J046`
pub static LONE_SURROGATE: Code = Code {
    id: "J046",
    slug: "lone-surrogate",
    title: "half of a surrogate pair",
    points_at: "the escape",
    what: r#"Escapes from \ud800 to \udfff are halves of one character and come in pairs, such as \ud83d\ude00. Half an emoji is left when a JavaScript string is cut in the middle of one."#,
    bad: r#"[null,"\ud83d","phoenix","heartbeat",{}]"#,
    good: r#"[null,"\ud83d\ude00","phoenix","heartbeat",{}]"#,
    ..SYNTAX
};

/// `J047`
pub static INVALID_UTF8: Code = Code {
    id: "J047",
    slug: "invalid-utf8",
    title: "a text message that is not UTF-8",
    points_at: "the bytes that are not UTF-8",
    clause: Some("GCW-FR-03"),
    reaction: ByProfile::same(Reaction::Closes(1007)),
    what: "A text message must be UTF-8. Latin-1 and UTF-16 come from libraries that encode strings in their own way.",
    bad: "5b 6e 75 6c 6c 2c 22 fc 22 (bytes; fc is ü in Latin-1)",
    good: "5b 6e 75 6c 6c 2c 22 c3 bc 22 (bytes)",
    ..SYNTAX
};
