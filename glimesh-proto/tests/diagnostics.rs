//! Every diagnosed fixture, drawn as a person would see it, and what must hold for all diagnostics.
//!
//! A fixture's name begins with the code that it must get. What stands between the dots says where it was sent:
//! `joined`, `unjoined`, `v1`. The ending says how: `txt` as text, `bytes` as text that may be no UTF-8, `bin` as a
//! binary message.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use glimesh_proto::Frame;
use glimesh_proto::connect::Vsn;
use glimesh_proto::diagnostic::{
    Context, Diagnostic, MessageKind, Port, Profile, Span, catalogue, diagnose, diagnose_bytes,
    diagnose_first_bytes, diagnose_url,
};

/// The longest line of a snapshot.
const WIDTH: usize = 100;

struct Fixture {
    name: String,
    bytes: Vec<u8>,
    context: Context,
    found: Vec<Diagnostic>,
}

impl Fixture {
    fn new(name: String, bytes: Vec<u8>, context: Context) -> Self {
        let found = Vec::new();
        let fixture = Self { name, bytes, context, found };
        Self { found: fixture.look(&context), ..fixture }
    }

    fn look(&self, context: &Context) -> Vec<Diagnostic> {
        let bytes = &self.bytes;
        match (&self.name[..1], self.name.rsplit('.').next(), std::str::from_utf8(bytes)) {
            ("U", Some("txt"), Ok(url)) => diagnose_url(url, context),
            ("U", ..) => {
                let port = if self.name.starts_with("U030") { Port::Plain } else { Port::Tls };
                diagnose_first_bytes(bytes, port, context).into_iter().collect()
            }
            (_, Some("bin"), _) => diagnose_bytes(bytes, MessageKind::Binary, context),
            _ => diagnose_bytes(bytes, MessageKind::Text, context),
        }
    }

    fn code(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

fn fixtures_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn read(dir: &str) -> Vec<(String, Vec<u8>)> {
    let files = fs::read_dir(fixtures_dir().join(dir)).expect("the fixtures are there");
    let mut files: Vec<_> = files
        .map(|entry| entry.expect("a fixture").path())
        .map(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (name, fs::read(&path).expect("a fixture"))
        })
        .collect();
    files.sort();
    files
}

fn frames() -> Vec<Fixture> {
    let fixture = |(name, bytes): (String, Vec<u8>)| {
        let parts: Vec<&str> = name.split('.').collect();
        let joined = match parts[1] {
            "joined" => Some(true),
            "unjoined" => Some(false),
            _ => None,
        };
        let vsn = if parts[1] == "v1" { Vsn::V1 } else { Vsn::V2 };
        let context = Context { vsn, joined, ..Context::default() };
        Fixture::new(name, bytes, context)
    };
    read("frames/diagnosed").into_iter().map(fixture).collect()
}

fn urls() -> Vec<Fixture> {
    let fixture = |(name, bytes): (String, Vec<u8>)| Fixture::new(name, bytes, Context::default());
    read("urls/diagnosed").into_iter().map(fixture).collect()
}

/// The text on one line, cut to a window around the span, with `^^^` under the span.
fn draw(text: &str, span: &Span, mark: char, out: &mut String) {
    let shown = |text: &str| -> String {
        text.chars()
            .map(|c| if c.is_control() || c == '\u{feff}' || c == '\u{a0}' { '·' } else { c })
            .collect()
    };
    let boundary = |at: usize| {
        (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
    };
    let (before, under) = (
        shown(&text[..boundary(span.start)]),
        shown(&text[boundary(span.start)..boundary(span.end)]),
    );
    let after = shown(&text[boundary(span.end)..]);
    let skip = (before.chars().count() + 1).saturating_sub(WIDTH * 2 / 3);
    let before: String = before.chars().skip(skip).collect();
    let line: String =
        before.chars().chain(under.chars()).chain(after.chars()).take(WIDTH).collect();
    let indent = before.chars().count();
    let marks = under.chars().count().clamp(1, WIDTH.saturating_sub(indent).max(1));
    writeln!(out, "  | {line}\n  | {}{}", " ".repeat(indent), mark.to_string().repeat(marks))
        .expect("a String takes any text");
}

fn cut(text: &str) -> String {
    let mut cut: String = text.chars().take(WIDTH).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

fn show(fixture: &Fixture) -> String {
    let mut out = format!("── {}\n", fixture.name);
    let text = fixture.text();
    for fault in &fixture.found {
        let Diagnostic { code, severity, message, span, labels, help, .. } = fault;
        writeln!(out, "{severity}[{code}]: {message}").expect("a String takes any text");
        draw(&text, span, '^', &mut out);
        for label in labels {
            draw(&text, &label.span, '-', &mut out);
            out.truncate(out.len() - 1);
            writeln!(out, " {}", label.text).expect("a String takes any text");
        }
        writeln!(out, "  = help: {help}\n  = server: {}", fault.reaction)
            .expect("a String takes any text");
        if let Some(fix) = &fault.fix {
            writeln!(out, "  = mended: {}", cut(fix)).expect("a String takes any text");
        }
    }
    out
}

fn show_all(fixtures: &[Fixture]) -> String {
    fixtures.iter().map(show).collect::<Vec<_>>().join("\n")
}

#[test]
fn frames_are_diagnosed_as_drawn() {
    insta::assert_snapshot!("frames", show_all(&frames()));
}

#[test]
fn urls_are_diagnosed_as_drawn() {
    insta::assert_snapshot!("urls", show_all(&urls()));
}

#[test]
fn a_code_explains_itself() {
    let code = catalogue::find("unescaped-quote").expect("it is in the catalogue");
    insta::assert_snapshot!("explain", code.explain());
}

#[test]
fn every_fixture_gets_the_code_of_its_name() {
    for fixture in frames().iter().chain(&urls()) {
        let codes: Vec<&str> = fixture.found.iter().map(|fault| fault.code.id).collect();
        assert!(codes.contains(&fixture.code()), "{}: {codes:?}", fixture.name);
    }
}

#[test]
fn every_code_has_a_fixture_and_an_explanation_that_holds() {
    let fixtures: Vec<Fixture> = frames().into_iter().chain(urls()).collect();
    let covered: BTreeSet<&str> = fixtures.iter().map(Fixture::code).collect();
    for code in catalogue::all() {
        assert!(covered.contains(code.id), "{code} has no fixture");
        assert!(
            code.explain().len() > 200 && !code.points_at.is_empty(),
            "{code} is not explained"
        );
        // These are not texts, and are described in words.
        if ["J047", "F014", "F015", "F016", "U030", "U031"].contains(&code.id) {
            continue;
        }
        let contexts =
            [(None, Vsn::V2), (Some(true), Vsn::V2), (Some(false), Vsn::V2), (None, Vsn::V1)]
                .map(|(joined, vsn)| Context { joined, vsn, ..Context::default() });
        let look = |text: &str, context: &Context| match code.id.starts_with('U') {
            true => diagnose_url(text, context),
            false => diagnose(text, context),
        };
        let has_it =
            |context: &&Context| look(code.bad, context).iter().any(|fault| fault.code == code);
        let context = contexts.iter().find(has_it);
        assert!(
            context.is_some(),
            "the bad example of {code} does not get it: {:#?}",
            look(code.bad, &contexts[0])
        );
        let clean = contexts.iter().any(|context| look(code.good, context).is_empty());
        assert!(clean, "the good example of {code}: {:#?}", look(code.good, &contexts[0]));
    }
}

#[test]
fn ids_and_slugs_are_unique_and_in_order() {
    let ids: Vec<&str> = catalogue::all().map(|code| code.id).collect();
    let slugs: BTreeSet<&str> = catalogue::all().map(|code| code.slug).collect();
    assert_eq!(slugs.len(), ids.len());
    for pair in ids.windows(2) {
        assert!(pair[0] < pair[1] || pair[0][..1] != pair[1][..1], "{pair:?}");
    }
    assert_eq!(catalogue::find("j020"), catalogue::find("single-quotes"));
}

#[test]
fn spans_lie_in_the_text_and_fixes_are_clean() {
    for fixture in frames().iter().chain(&urls()) {
        let text = std::str::from_utf8(&fixture.bytes).ok();
        for fault in &fixture.found {
            for span in fault.labels.iter().map(|label| &label.span).chain([&fault.span]) {
                assert!(
                    span.start <= span.end && span.end <= fixture.bytes.len(),
                    "{}",
                    fixture.name
                );
                let on_boundary = text.is_none_or(|text| text.get(span.clone()).is_some());
                assert!(on_boundary, "{}: {span:?}", fixture.name);
            }
            let Some(fix) = &fault.fix else { continue };
            if fixture.name.starts_with('U') {
                assert_eq!(diagnose_url(fix, &fixture.context), [], "{}", fixture.name);
            } else {
                let anywhere = Context { joined: None, ..fixture.context };
                assert_eq!(diagnose(fix, &anywhere), [], "{}", fixture.name);
                assert!(
                    fixture.context.vsn == Vsn::V1 || Frame::decode(fix).is_ok(),
                    "{}",
                    fixture.name
                );
            }
        }
    }
}

/// What is found in a fixture in each profile, one row of a table for each thing found.
fn rows(fixture: &Fixture) -> String {
    let [glimesh, phoenix, literal] = [Profile::Glimesh, Profile::Phoenix, Profile::Literal]
        .map(|profile| fixture.look(&Context { profile, ..fixture.context }));
    assert!(glimesh.len() == phoenix.len() && glimesh.len() == literal.len(), "{}", fixture.name);
    let mut rows = String::new();
    for ((one, other), third) in glimesh.iter().zip(&phoenix).zip(&literal) {
        assert_eq!((one.code, one.reaction), (third.code, third.reaction), "{}", fixture.name);
        let labels: Vec<String> =
            one.labels.iter().map(|label| format!("{:?} {}", label.span, label.text)).collect();
        let both = |one: String, other: String| match one == other {
            true => one,
            false => format!("{one} (phoenix: {other})"),
        };
        let severity = both(one.severity.to_string(), other.severity.to_string());
        let reaction = both(one.reaction.to_string(), other.reaction.to_string());
        let mended = if one.fix.is_some() { "yes" } else { "" };
        writeln!(
            rows,
            "| `{}` | {} | {:?} | {} | {severity} | {reaction} | {mended} |",
            fixture.name,
            one.code,
            one.span,
            labels.join("; "),
        )
        .expect("a String takes any text");
    }
    rows
}

/// `fixtures/diagnostics.md` is for people; run with `UPDATE_TABLE=1` to write it anew.
#[test]
fn the_tables_are_those_of_the_catalogue_and_the_fixtures() {
    let path = fixtures_dir().join("diagnostics.md");
    let found: String = frames().iter().chain(&urls()).map(rows).collect();
    let text = format!(
        "# Diagnostics\n\nEvery code that a frame or an upgrade URL can get, from the catalogue in \
         `glimesh-proto`. A code is permanent: it is never renumbered, and never used for another thing.\n\n{}\n\
         # What is found in the fixtures\n\nEach file of `frames/diagnosed` and `urls/diagnosed`, with the bytes that \
         each diagnostic points at (from..to, the last one not included), other places that it shows, and what the \
         server does: in profiles `glimesh` and `literal`, and in `phoenix` where that differs.\n\n\
         | fixture | code | bytes | also | severity | the server | mended |\n|---|---|---|---|---|---|---|\n{found}",
        catalogue::table()
    );
    if std::env::var_os("UPDATE_TABLE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), text);
}
