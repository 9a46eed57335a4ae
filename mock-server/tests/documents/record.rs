//! The recordings' format; see `fixtures/recordings/README.md`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

/// What a client did, and what it saw.
#[derive(Debug, Deserialize)]
pub(crate) struct Record {
    pub(crate) id: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) events: Vec<Event>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Step {
    pub(crate) op: String,
    #[serde(default)]
    pub(crate) c: String,
    pub(crate) path: Option<String>,
    pub(crate) query: Option<String>,
    pub(crate) raw_http: Option<String>,
    pub(crate) data: Option<Value>,
    #[serde(default)]
    pub(crate) nowait: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Event {
    pub(crate) step: usize,
    pub(crate) c: String,
    pub(crate) k: String,
    pub(crate) data: Option<String>,
    /// The same with what varies replaced.
    pub(crate) norm: Option<String>,
    pub(crate) sha256: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) headers: Option<BTreeMap<String, String>>,
    pub(crate) body: Option<String>,
}

impl Record {
    pub(crate) fn all(category: &str) -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/recordings");
        let text = std::fs::read_to_string(folder.join(format!("{category}.jsonl"))).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl Step {
    /// The text to send: as it stands, or in parts, some of them repeated.
    pub(crate) fn text(&self) -> String {
        let part = |part: &Value| match part {
            Value::String(text) => text.clone(),
            part => {
                let times = usize::try_from(part["times"].as_u64().unwrap()).unwrap();
                part["repeat"].as_str().unwrap().repeat(times)
            }
        };
        match self.data.as_ref().expect("a text step has data") {
            Value::String(text) => text.clone(),
            data => data["parts"].as_array().unwrap().iter().map(part).collect(),
        }
    }
}

impl Event {
    pub(crate) fn text(&self) -> Option<&str> {
        self.norm.as_deref().or(self.data.as_deref())
    }
}
