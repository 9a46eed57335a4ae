//! The reference of the format, made from its schema and published as `fixtures/scenarios/README.md`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::fill::PLACEHOLDERS;
use super::{Scenario, schema};

const PUBLISHED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/scenarios/README.md");

const BEGINNING: &str = "\
# Scenarios

A scenario says what the server does in a session, where that is not what its profile says. It is a YAML file: rules for what the client asks, and a timeline of what happens by itself.

    title: The second heartbeat is not answered
    why: A client that does not notice may wait for ever on a dead connection.
    rules:
      - on: {event: heartbeat, nth: 2}
        ignore: true
    timeline:
      - await: {what: heartbeat, count: 2, within: 80s}
      - await: {what: upgrade, within: 75s, or: continue}
      - end

`glimesh-mock serve --scenario FILE` plays one, `glimesh-mock scenario check FILE` says what is wrong with one, and `glimesh-mock scenario list` names those below. [`scenario.schema.json`](../scenario.schema.json) is the same for editors.

`wait` and `every` count the client's seconds: where a client takes a shorter heartbeat interval, they pass faster. All other times are real.

## From a failure to a scenario

Say a client once hung after its server had been restarted. Write down what the server did, in its order, and what a good client does then; play it, and watch the log of the server, which names each step:

    $ glimesh-mock serve --scenario hang.yaml --record hang.jsonl

`await` stands for what the client has to do before the next step, and `or: continue` for what it may leave out. The marks in `hang.jsonl` say which step was reached and which was missed, between the frames. Steps that are sent or ended concern the newest open connection.

## Notes

YAML reads a bare `no` or `yes` as false or true: put such texts in quotes.

This page is made from the schema; a test holds it equal.
";

fn reference() -> String {
    let schema = schema::schema().to_value();
    let mut page = BEGINNING.to_owned();
    page.push_str("\n## The file\n");
    section(&mut page, &schema);
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        let _ = write!(page, "\n## {name}\n");
        section(&mut page, definition);
    }
    page.push_str("\n## Placeholders\n\n| in a frame | stands for |\n|---|---|\n");
    for (name, meaning) in PLACEHOLDERS {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
    page.push_str("\nAll but `{n}` and `{answer}` are JSON values and bring their quotes with them: write `[{join_ref},{ref},{topic},\"phx_reply\",{}]`.\n");
    page.push_str("\n## The library\n\n| name | what happens | why |\n|---|---|---|\n");
    for name in Scenario::names() {
        let Scenario { title, why, .. } = Scenario::named(name).unwrap();
        let _ = writeln!(page, "| [`{name}`]({name}.yaml) | {title} | {why} |");
    }
    page
}

fn section(page: &mut String, schema: &Value) {
    if let Some(text) = description(schema) {
        let _ = write!(page, "\n{text}\n");
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        keys(page, schema, properties);
    }
    let variants = variants(schema);
    if !variants.is_empty() {
        page.push_str("\n| | takes | what it means |\n|---|---|---|\n");
        for (name, takes, meaning) in variants {
            let _ = writeln!(page, "| `{name}` | {takes} | {meaning} |");
        }
    }
}

fn keys(page: &mut String, schema: &Value, properties: &Map<String, Value>) {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    page.push_str("\n| key | takes | absent | what it means |\n|---|---|---|---|\n");
    for (name, property) in properties {
        let absent = match property.get("default") {
            _ if required.contains(&Value::from(name.as_str())) => "must be given".to_owned(),
            None | Some(Value::Null) => String::new(),
            Some(default) => format!("`{default}`"),
        };
        let meaning = description(property).unwrap_or_default();
        let _ = writeln!(page, "| `{name}` | {} | {absent} | {meaning} |", takes(property));
    }
}

/// The names of an enumeration, what each takes, and what each means.
fn variants(schema: &Value) -> Vec<(String, String, String)> {
    let one_of = schema.get("oneOf").and_then(Value::as_array);
    let variants = one_of.into_iter().flatten().flat_map(|variant| {
        let meaning = description(variant).unwrap_or_default();
        if let Some(properties) = variant.get("properties").and_then(Value::as_object) {
            let (name, value) = properties.iter().next().expect("a verb is the only key");
            return vec![(name.clone(), takes(value), meaning)];
        }
        let names = variant.get("enum").and_then(Value::as_array).cloned();
        let names = names.unwrap_or_else(|| variant.get("const").cloned().into_iter().collect());
        let names = names.iter().filter_map(Value::as_str);
        names.map(|name| (name.to_owned(), String::new(), meaning.clone())).collect()
    });
    variants.collect()
}

/// What a value may be, in a few words.
fn takes(schema: &Value) -> String {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        let name = name.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(choices) = schema.get("anyOf").and_then(Value::as_array) {
        let is_null = |choice: &&Value| choice.get("type") == Some(&Value::from("null"));
        return choices
            .iter()
            .filter(|it| !is_null(it))
            .map(takes)
            .collect::<Vec<_>>()
            .join(" or ");
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        Some(kind) => kind.as_str(),
        None => return "anything".to_owned(),
    };
    match kind {
        Some("array") => format!("list of {}", takes(&schema["items"])),
        Some("string") => "text".to_owned(),
        Some("integer") => "number".to_owned(),
        Some("boolean") => "`true` or `false`".to_owned(),
        Some("object") => "mapping".to_owned(),
        Some(other) => other.to_owned(),
        None => "anything".to_owned(),
    }
}

/// In one line, and without links into the program's own documentation.
fn description(schema: &Value) -> Option<String> {
    let text = schema.get("description")?.as_str()?.replace("\n\n", " ").replace('\n', " ");
    Some(text.replace("[`", "`").replace("`]", "`").replace('|', r"\|"))
}

#[test]
fn example_is_a_scenario() {
    let example: String = BEGINNING
        .lines()
        .skip_while(|line| !line.starts_with("    title:"))
        .take_while(|line| line.starts_with("    "))
        .map(|line| format!("{}\n", &line[4..]))
        .collect();
    let scenario = Scenario::parse("example", &example).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((scenario.rules.len(), scenario.timeline.len()), (1, 3));
}

#[test]
fn published_reference_is_made_from_the_schema() {
    let page = reference();
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(PUBLISHED, &page).unwrap();
    }
    let published = std::fs::read_to_string(PUBLISHED).unwrap_or_default();
    assert!(published == page, "{PUBLISHED} is old; run this test with UPDATE_SCHEMA=1");
}
