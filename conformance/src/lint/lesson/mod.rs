//! How it is done right, in code: a few lines for phoenix.js, Python and Rust.

/// The same thing in three languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// What it is about, in one word.
    pub name: &'static str,
    /// JavaScript, with phoenix.js where that helps.
    pub javascript: &'static str,
    /// Python, with the package websockets.
    pub python: &'static str,
    /// Rust, with tokio-tungstenite and serde_json.
    pub rust: &'static str,
}

macro_rules! lesson {
    ($name:literal) => {
        Lesson {
            name: $name,
            javascript: include_str!(concat!($name, ".js")),
            python: include_str!(concat!($name, ".py")),
            rust: include_str!(concat!($name, ".rs")),
        }
    };
}

static FRAME: Lesson = lesson!("frame");
static REFS: Lesson = lesson!("refs");
static TEXT: Lesson = lesson!("text");
static JOIN: Lesson = lesson!("join");
static HEARTBEAT: Lesson = lesson!("heartbeat");
static SUBSCRIBE: Lesson = lesson!("subscribe");
static URL: Lesson = lesson!("url");
static RECOVER: Lesson = lesson!("recover");

/// All lessons.
pub const ALL: [&Lesson; 8] = [&FRAME, &REFS, &TEXT, &JOIN, &HEARTBEAT, &SUBSCRIBE, &URL, &RECOVER];

/// The lesson for a check or a diagnostic, by its id.
pub fn of(id: &str) -> &'static Lesson {
    let number = id.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    let area = &id[..id.len() - number.len()];
    match (area, number) {
        ("F", "008" | "009") | ("S", "004") | ("FR", "005") => &REFS,
        ("J", "020" | "026" | "027" | "028" | "040" | "041" | "044" | "045" | "046")
        | ("G", "001" | "005") => &TEXT,
        ("J" | "F" | "FR", _) => &FRAME,
        ("M", "008" | "009" | "010") | ("S", "001" | "002" | "009") | ("HB", _) => &HEARTBEAT,
        (
            "M",
            "003" | "020" | "021" | "022" | "023" | "024" | "025" | "026" | "027" | "028" | "029"
            | "030",
        )
        | ("S", "007" | "008")
        | ("G" | "SB", _) => &SUBSCRIBE,
        ("M" | "JN", _) | ("S", "005" | "006" | "010") => &JOIN,
        ("U" | "CN", _) => &URL,
        _ => &RECOVER,
    }
}
