//! Syntax: what stands between the values.

use super::{Code, SYNTAX};

/// The codes of this file.
pub(super) const ALL: &[&Code] = &[
    &EMPTY_TEXT,
    &NOT_JSON,
    &TRAILING_COMMA,
    &EXTRA_COMMA,
    &MISSING_COMMA,
    &MISSING_COLON,
    &MISSING_VALUE,
    &UNCLOSED_BRACKET,
    &MISMATCHED_BRACKET,
    &COMMENT,
    &TEXT_AFTER_FRAME,
    &UNEXPECTED_CHARACTER,
];

/// `J001`
pub static EMPTY_TEXT: Code = Code {
    id: "J001",
    slug: "empty-text",
    title: "a message without any text",
    points_at: "the whole message",
    what: "The WebSocket message is empty, or holds nothing but blanks. Libraries that cannot send a WebSocket ping \
           are sometimes made to send an empty text instead.",
    bad: "   ",
    good: r#"[null,"2","phoenix","heartbeat",{}]"#,
    ..SYNTAX
};

/// `J002`
pub static NOT_JSON: Code = Code {
    id: "J002",
    slug: "not-json",
    title: "a text that is nothing like JSON",
    points_at: "the first word",
    what: "The text does not begin as a JSON array does. Often an array or object was handed to the socket as it is, \
           and the language turned it into text in its own way, such as [object Object].",
    bad: "1,1,__absinthe__:control,phx_join,[object Object]",
    ..SYNTAX
};

/// `J003`
pub static TRAILING_COMMA: Code = Code {
    id: "J003",
    slug: "trailing-comma",
    title: "a comma after the last element",
    points_at: "the comma",
    what: "Many languages allow a comma before the closing bracket; JSON does not.",
    bad: r#"[null,"2","phoenix","heartbeat",{},]"#,
    good: r#"[null,"2","phoenix","heartbeat",{}]"#,
    ..SYNTAX
};

/// `J004`
pub static EXTRA_COMMA: Code = Code {
    id: "J004",
    slug: "extra-comma",
    title: "a comma where a value should stand",
    points_at: "the comma",
    what: "Two commas follow each other, or one stands first. An empty place is no value in JSON: write null.",
    bad: r#"["1","1",,"__absinthe__:control","phx_join",{}]"#,
    ..SYNTAX
};

/// `J005`
pub static MISSING_COMMA: Code = Code {
    id: "J005",
    slug: "missing-comma",
    title: "two values without a comma between them",
    points_at: "the second value's beginning",
    what: "One value ends and the next begins, with no comma between. It happens where frames are put together from \
           pieces of text.",
    bad: r#"["1" "1","__absinthe__:control","phx_join",{}]"#,
    ..SYNTAX
};

/// `J006`
pub static MISSING_COLON: Code = Code {
    id: "J006",
    slug: "missing-colon",
    title: "a key without a colon",
    points_at: "what stands in the colon's place",
    what: "In an object a colon stands between key and value; = and => belong to other languages.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query"="{myself{id}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}"}]"#,
    ..SYNTAX
};

/// `J007`
pub static MISSING_VALUE: Code = Code {
    id: "J007",
    slug: "missing-value",
    title: "a key without a value",
    points_at: "where the value should stand",
    what: "An object's key has no value. Often a variable was empty when the text was put together.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}","variables":}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"{myself{id}}","variables":{}}]"#,
    ..SYNTAX
};

/// `J008`
pub static UNCLOSED_BRACKET: Code = Code {
    id: "J008",
    slug: "unclosed-bracket",
    title: "a bracket that is never closed",
    points_at: "the end of the text",
    what: "The text ends while an array or object is still open. A frame that was cut to a buffer's size looks so, too.",
    bad: r#"["1","1","__absinthe__:control","phx_join",{}"#,
    ..SYNTAX
};

/// `J009`
pub static MISMATCHED_BRACKET: Code = Code {
    id: "J009",
    slug: "mismatched-bracket",
    title: "a closing bracket of the wrong kind",
    points_at: "the closing bracket",
    what: "An array is closed by }, an object by ], or a bracket between them is missing.",
    bad: r#"["1","1","__absinthe__:control","phx_join",{]]"#,
    ..SYNTAX
};

/// `J010`
pub static COMMENT: Code = Code {
    id: "J010",
    slug: "comment",
    title: "a comment",
    points_at: "the comment",
    what: "JSON has no comments. (A GraphQL document inside query may have them, behind #.)",
    bad: r#"["1","1","__absinthe__:control","phx_join",{} /* join */]"#,
    ..SYNTAX
};

/// `J011`
pub static TEXT_AFTER_FRAME: Code = Code {
    id: "J011",
    slug: "text-after-frame",
    title: "more text after the frame",
    points_at: "the text after the frame",
    what: "A WebSocket message carries one frame and nothing else but blanks. Two frames in one message, or a line's \
           semicolon, are too much.",
    bad: r#"["1","1","__absinthe__:control","phx_join",{}];"#,
    ..SYNTAX
};

/// `J012`
pub static UNEXPECTED_CHARACTER: Code = Code {
    id: "J012",
    slug: "unexpected-character",
    title: "a character that JSON does not know in this place",
    points_at: "the character",
    what: "Between values JSON knows brackets, commas, colons and blanks, and no other character.",
    bad: r#"["1","1","__absinthe__:control","phx_join",({})]"#,
    ..SYNTAX
};
