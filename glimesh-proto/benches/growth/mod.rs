//! Frames of any size, for what cost does as they grow. They live as long as the process.

use crate::samples::ITEM;

fn doc(payload: &str) -> &'static str {
    format!(r#"["1","2","__absinthe__:control","doc",{payload}]"#).leak()
}

/// One text of that many bytes, as near as its sentence allows.
pub(crate) fn long(bytes: usize) -> &'static str {
    const SENTENCE: &str = "All work and no play makes a dull stream. ";
    let text = SENTENCE.repeat(bytes / SENTENCE.len());
    doc(&format!(r#"{{"query":"{text}","variables":{{}}}}"#))
}

/// Many short values, in all that many bytes.
pub(crate) fn wide(bytes: usize) -> &'static str {
    let items = vec![ITEM; bytes / (ITEM.len() + 1)].join(",");
    doc(&format!(r#"{{"query":"{{myself{{id}}}}","variables":{{"items":[{items}]}}}}"#))
}

/// [`wide`] without its last bracket.
pub(crate) fn broken(bytes: usize) -> &'static str {
    wide(bytes).strip_suffix(']').unwrap_or_default()
}

/// That many objects in one another.
pub(crate) fn deep(levels: usize) -> &'static str {
    let (open, close) = (r#"{"a":"#.repeat(levels), "}".repeat(levels));
    doc(&format!(r#"{{"query":"{{myself{{id}}}}","variables":{open}1{close}}}"#))
}
