//! Frames as text: the way each client writes them.

use glimesh_proto::{Frame, v1};
use serde_json::Value;

use super::super::{Manner, Mutant, Variant};

/// The text of a frame.
pub(super) fn write(manner: Manner, frame: &Frame) -> String {
    match manner {
        Manner::Correct(Variant::Blanks) => spaced(frame),
        Manner::Correct(Variant::KeyOrder) => array(frame, &reversed(&frame.payload)),
        Manner::Correct(Variant::Indented) => indented(frame),
        Manner::Broken(Mutant::SingleQuotes) => frame.encode().replace('"', "'"),
        Manner::Broken(Mutant::TrailingComma) => {
            format!("{},]", frame.encode().trim_end_matches(']'))
        }
        Manner::Broken(Mutant::Objects) => v1::encode(frame),
        Manner::Broken(Mutant::DoubleEncoded) => Value::from(frame.encode()).to_string(),
        Manner::Broken(Mutant::FourElements) => four_elements(frame),
        Manner::Broken(Mutant::NullTopic) if frame.event == glimesh_proto::names::DOC => {
            frame.encode().replacen(&Value::from(frame.topic.as_str()).to_string(), "null", 1)
        }
        Manner::Broken(Mutant::DuplicateKeys) if frame.event == glimesh_proto::names::DOC => {
            format!(r#"{},"query":""}}]"#, frame.encode().trim_end_matches("}]"))
        }
        _ => frame.encode(),
    }
}

fn elements(frame: &Frame) -> Vec<Value> {
    let elements: Value = serde_json::from_str(&frame.encode()).expect("frames are JSON");
    elements.as_array().cloned().expect("frames are arrays")
}

fn array(frame: &Frame, payload: &str) -> String {
    let first: Vec<String> = elements(frame)[..4].iter().map(Value::to_string).collect();
    format!("[{},{payload}]", first.join(","))
}

/// Blanks around the elements.
fn spaced(frame: &Frame) -> String {
    let elements: Vec<String> = elements(frame).iter().map(Value::to_string).collect();
    format!("[ {} ]", elements.join(", "))
}

fn indented(frame: &Frame) -> String {
    serde_json::to_string_pretty(&elements(frame)).expect("JSON values always have a text")
}

/// The payload with its keys from the last to the first.
fn reversed(payload: &Value) -> String {
    let Value::Object(payload) = payload else { return payload.to_string() };
    let pairs =
        payload.iter().rev().map(|(key, value)| format!("{}:{value}", Value::from(key.as_str())));
    format!("{{{}}}", pairs.collect::<Vec<_>>().join(","))
}

fn four_elements(frame: &Frame) -> String {
    Value::from(elements(frame).split_off(1)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(manner: Manner, expected: &str) {
        let text = r#"["1","2","t","doc",{"query":"q","variables":{}}]"#;
        assert_eq!(write(manner, &Frame::decode(text).unwrap()), expected);
    }

    #[test]
    fn each_writes_in_its_own_way() {
        let correct = |variant, text| check(Manner::Correct(variant), text);
        correct(Variant::Blanks, r#"[ "1", "2", "t", "doc", {"query":"q","variables":{}} ]"#);
        correct(Variant::KeyOrder, r#"["1","2","t","doc",{"variables":{},"query":"q"}]"#);
        let broken = |mutant, text| check(Manner::Broken(mutant), text);
        broken(Mutant::SingleQuotes, "['1','2','t','doc',{'query':'q','variables':{}}]");
        broken(Mutant::TrailingComma, r#"["1","2","t","doc",{"query":"q","variables":{}},]"#);
        broken(
            Mutant::Objects,
            r#"{"event":"doc","payload":{"query":"q","variables":{}},"ref":"2","topic":"t"}"#,
        );
        broken(
            Mutant::DoubleEncoded,
            r#""[\"1\",\"2\",\"t\",\"doc\",{\"query\":\"q\",\"variables\":{}}]""#,
        );
        broken(Mutant::FourElements, r#"["2","t","doc",{"query":"q","variables":{}}]"#);
        broken(Mutant::NullTopic, r#"["1","2",null,"doc",{"query":"q","variables":{}}]"#);
    }
}
