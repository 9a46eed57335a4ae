//! The two scanners against each other, against serde_json, and against jiter.

use jiter::{JsonErrorType, JsonValue};
use proptest::prelude::*;
use serde_json::Value;

use super::patient::Patient;
use super::tokens::{Token, Tokens};
use super::{SyntaxFault, duplicate_keys, first_error, scan, strict};

#[track_caller]
fn check(text: &str, faults: &[(SyntaxFault, &str)]) {
    let found = scan(text);
    let named: Vec<_> =
        found.errors.iter().map(|error| (error.fault, error.span.of(text))).collect();
    assert_eq!(named, faults, "in {text}");
}

#[test]
fn every_fault_has_its_name_and_place() {
    use SyntaxFault as F;
    check("", &[(F::Empty, "")]);
    check(" \n", &[(F::Empty, " \n")]);
    check("\u{feff}[]", &[(F::ByteOrderMark, "\u{feff}")]);
    check("[]\0\0", &[(F::Nul, "\0\0")]);
    check("[#]", &[(F::UnexpectedCharacter, "#")]);
    check("['a','it\\'s']", &[(F::SingleQuotes, "'a'"), (F::SingleQuotes, "'it\\'s'")]);
    check("[“a”]", &[(F::OtherQuotes, "“a”")]);
    check("[1,/* a */2]// b", &[(F::Comment, "/* a */"), (F::Comment, "// b")]);
    check("[None,phx_join]", &[(F::UnquotedWord, "None"), (F::UnquotedWord, "phx_join")]);
    check("[__absinthe__:control]", &[(F::UnquotedWord, "__absinthe__:control")]);
    check("{query:1}", &[(F::UnquotedWord, "query")]);
    check("[01,-01]", &[(F::LeadingZero, "01"), (F::LeadingZero, "-01")]);
    check("[+1]", &[(F::PlusSign, "+1")]);
    check("[.5,-.5]", &[(F::NoIntegerDigits, ".5"), (F::NoIntegerDigits, "-.5")]);
    check("[1.,1.e5]", &[(F::NoFractionDigits, "1."), (F::NoFractionDigits, "1.e5")]);
    check("[1e,1e+]", &[(F::NoExponentDigits, "1e"), (F::NoExponentDigits, "1e+")]);
    check("[-]", &[(F::LoneMinus, "-")]);
    check("[0x1F]", &[(F::HexNumber, "0x1F")]);
    check("[NaN,-Infinity]", &[(F::NotFinite, "NaN"), (F::NotFinite, "-Infinity")]);
    check("[1e400]", &[(F::NumberTooLarge, "1e400")]);
    check("[1_000,12px]", &[(F::MalformedNumber, "1_000"), (F::MalformedNumber, "12px")]);
    check(r#"["\x\u12"]"#, &[(F::BadEscape, r"\x"), (F::BadEscape, r"\u12")]);
    check(r#"["\ud83d"]"#, &[(F::LoneSurrogate, r"\ud83d")]);
    check(r#"["\ude00"]"#, &[(F::LoneSurrogate, r"\ude00")]);
    check("[\"a\nb\"]", &[(F::ControlCharacter, "\n")]);
    check("[\"a", &[(F::UnterminatedString, "\"a"), (F::UnterminatedArray, "[")]);
    check("[1 2]", &[(F::MissingComma, "")]);
    check(r#"{"a":1 "b":2}"#, &[(F::MissingComma, "")]);
    check(r#"[1,{"a":1,},]"#, &[(F::TrailingComma, ","), (F::TrailingComma, ",")]);
    check("[1,,2]", &[(F::MissingValue, ",")]);
    check(r#"{"a":}"#, &[(F::MissingValue, "")]);
    check(
        r#"{"a" 1,"b"=2,"c"}"#,
        &[(F::MissingColon, ""), (F::MissingColon, "="), (F::MissingColon, "")],
    );
    check(r#"["a":1]"#, &[(F::UnexpectedColon, ":")]);
    check("{1:2}", &[(F::KeyNotString, "1")]);
    check("[1}", &[(F::MismatchedBracket, "}")]);
    check(r#"[{"a":[1}]"#, &[(F::UnterminatedArray, "[")]);
    check(r#"{"a":{"#, &[(F::UnterminatedObject, "{"), (F::UnterminatedObject, "{")]);
    check("[1] [2]", &[(F::TrailingText, "[2]")]);
}

#[test]
fn only_the_first_of_equal_keys_counts_at_any_depth() {
    let text =
        r#"{"a":1,"b":{"a":2},"\u0061":"a","c":[{"d":"d","d":["d"],"d":{}},{"d":0}],"a":null}"#;
    let found = duplicate_keys(text).expect("it is JSON");
    let places: Vec<_> = found
        .map(|key| (key.first.start, key.again.start, key.first.of(text), key.again.of(text)))
        .collect();
    assert_eq!(
        places,
        [
            (1, 19, r#""a""#, r#""\u0061""#),
            (38, 46, r#""d""#, r#""d""#),
            (38, 56, r#""d""#, r#""d""#),
            (1, 73, r#""a""#, r#""a""#),
        ]
    );
    assert!(duplicate_keys(r#"{"a":1,"a":}"#).is_none());
}

#[test]
fn depth_and_length_cost_no_stack() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let text = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
        assert_eq!(strict_fault(&text), None);
        assert!(scan(&text).is_json());
        assert_eq!(scan(&text[..text.len() - 1]).errors.len(), 1);
    }
    let long = format!("[{}1]", r#"{"a":["text",-1.5e3,null]},"#.repeat(10_000_000 / 27));
    assert_eq!(strict_fault(&long), None);
    assert!(scan(&long).is_json());
}

#[test]
fn hostile_texts_cost_no_more_than_their_length() {
    // Anything that grows faster than the text would not come to its end here.
    for piece in PIECES.iter().chain(&["[}", "{]", "[,", "{,", "{a:", r#"{"a":1,"#, "//\n", "]x"]) {
        let text = piece.repeat(400_000 / piece.len());
        let found = scan(&text);
        assert_eq!(found.first_error(), first_error(&text));
        assert_eq!(found.first_error().map(|error| error.at), strict_fault(&text));
    }
}

#[test]
fn steps_are_no_more_than_twice_the_bytes() {
    for piece in PIECES.iter().chain(&["[}", "{]", "[,", "{,", "{a:", r#"{"a":1,"#, "//\n", "]x"]) {
        let text = piece.repeat(20_000 / piece.len());
        let mut patient = Patient::new(&text);
        let mut steps = 0;
        while patient.step() {
            steps += 1;
        }
        assert!(steps <= 2 * text.len(), "{steps} steps for {} bytes of {piece:?}", text.len());
    }
}

/// The first byte that the strict scanner refuses.
fn strict_fault(text: &str) -> Option<usize> {
    strict::text(text.as_bytes()).err().map(|fault| fault.0)
}

/// Pieces of JSON and of what people write for it.
const PIECES: &[&str] = &[
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\"",
    "\"a\"",
    "\"a\":",
    "{\"a\":1,",
    "{\"a\":1,\"a\":[]}",
    "\"phoenix\"",
    "'",
    "'a'",
    "null",
    "true",
    "false",
    "nul",
    "tru",
    "NULL",
    "None",
    "0",
    "1",
    "-",
    "+",
    ".",
    "e",
    "E",
    "-1.5e3",
    "01",
    "1.",
    ".5",
    "1e",
    "1e400",
    "0x1",
    "NaN",
    "Infinity",
    "-Infinity",
    "1_000",
    "\\",
    "\\n",
    "\\u",
    "\\u0041",
    "\\ud83d",
    "\\ude00",
    "\\uD83D\\uDE00",
    "\\x",
    "\n",
    "\t",
    " ",
    "\0",
    "\u{feff}",
    "//",
    "/*",
    "*/",
    "/",
    "#",
    "é",
    "✨",
    "“",
    "”",
    "`",
    "=",
    "=>",
    "a",
    "_",
    "__absinthe__:control",
    "\u{1f}",
    "\u{7f}",
];

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        proptest::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat()),
        (json(), any::<prop::sample::Index>(), piece()).prop_map(|(json, at, piece)| {
            let mut text = json.to_string();
            let mut at = at.index(text.len() + 1);
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            text.insert_str(at, &piece);
            text
        }),
    ]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::hash_map("[a-c]{0,2}", inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// How many strings there are in a value, its keys among them.
fn texts(value: &Value) -> usize {
    match value {
        Value::String(_) => 1,
        Value::Array(elements) => elements.iter().map(texts).sum(),
        Value::Object(members) => members.values().map(|value| 1 + texts(value)).sum(),
        _ => 0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn the_scanners_agree_on_the_first_fault(text in any_text()) {
        let found = scan(&text);
        prop_assert_eq!(found.first_error().map(|error| error.at), strict_fault(&text), "{:?}", found);
    }

    #[test]
    fn json_is_what_serde_json_takes(text in any_text()) {
        let taken = serde_json::from_str::<Value>(&text);
        prop_assert_eq!(scan(&text).is_json(), taken.is_ok(), "{:?}", taken);
    }

    #[test]
    fn every_member_is_kept_or_a_duplicate(text in any_text()) {
        let Some(duplicates) = duplicate_keys(&text) else { return Ok(()) };
        let kept: Value = serde_json::from_str(&text).unwrap();
        let written = Tokens::of_json(&text).filter(|token| matches!(token, Token::Text(_))).count();
        // The last of equal keys is the one that serde_json keeps, so all others' values are gone with their keys.
        prop_assert_eq!(duplicates.count() == 0, texts(&kept) == written);
    }

    #[test]
    fn the_first_fault_is_where_jiter_sees_it(text in any_text()) {
        let Err(jiter) = JsonValue::parse(text.as_bytes(), false) else { return Ok(()) };
        let Some(ours) = scan(&text).first_error() else { return Ok(()) };
        let elsewhere = match ours.fault {
            // jiter holds what it likes to hold; the real server refuses.
            SyntaxFault::NumberTooLarge => true,
            // jiter reads four digits before it looks at them.
            SyntaxFault::LoneSurrogate => true,
            SyntaxFault::BadEscape => jiter.error_type == JsonErrorType::EofWhileParsingString,
            _ => false,
        };
        prop_assert!(elsewhere || ours.at == jiter.index, "{ours:?} {jiter:?}");
    }

    #[test]
    fn spans_lie_in_the_text(text in any_text()) {
        let found = scan(&text);
        for error in &found.errors {
            prop_assert!(text.get(error.span.range()).is_some(), "{error:?}");
            prop_assert!(error.at <= text.len());
        }
        for element in found.root.iter().chain(&found.elements) {
            prop_assert!(text.get(element.span.range()).is_some(), "{element:?}");
        }
    }
}
