//! Values as Elixir prints them, and where the API shows them.

use serde_json::{Value, json};

/// How many items of a list or map are printed. Source: Elixir 1.14, `Inspect.Opts`, `limit`.
const MOST_ITEMS: usize = 50;

/// How deep the printing goes; Elixir goes on.
const DEEPEST: usize = 50;

/// The answer to a query that is no text.
///
/// Source: recordings `doc/p_query_number`, `doc/p_query_array`, `doc/p_query_true`.
pub fn not_a_document(query: &Value) -> Value {
    let shown = inspect(query);
    let text = format!(
        "An unknown error occurred during parsing: key :body not found in: {shown}. If you are using the dot syntax, such as map.field, make sure the left-hand side of the dot is a map"
    );
    json!({"errors": [{"message": text}]})
}

/// A value from JSON as Elixir code.
fn inspect(value: &Value) -> String {
    inspect_within(value, DEEPEST)
}

fn inspect_within(value: &Value, levels: usize) -> String {
    let Some(levels) = levels.checked_sub(1) else { return "...".to_owned() };
    match value {
        Value::Null => "nil".to_owned(),
        Value::Array(items) => {
            let items = items.iter().map(|item| inspect_within(item, levels));
            format!("[{}]", joined(items))
        }
        Value::Object(fields) => {
            let pair = |(key, value): (&String, &Value)| {
                format!("{} => {}", Value::from(key.as_str()), inspect_within(value, levels))
            };
            format!("%{{{}}}", joined(fields.iter().map(pair)))
        }
        scalar => scalar.to_string(),
    }
}

fn joined(parts: impl ExactSizeIterator<Item = String>) -> String {
    let more = parts.len() > MOST_ITEMS;
    let mut parts: Vec<_> = parts.take(MOST_ITEMS).collect();
    parts.extend(more.then(|| "...".to_owned()));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_becomes_elixir() {
        let value = serde_json::json!({"a": [1, "x", null, true], "b": {}});
        assert_eq!(inspect(&value), r#"%{"a" => [1, "x", nil, true], "b" => %{}}"#);
    }
}
