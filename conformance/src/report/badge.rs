//! A badge for a README: an SVG of its own, and the JSON that shields.io takes as an endpoint.
//!
//! Source: shields.io, "Endpoint Badge".

use maud::html as markup;
use serde::Serialize;

use super::page::columns;
use crate::exit::Exit;
use crate::results::Results;

const LABEL: &str = "glimesh chat";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Endpoint {
    schema_version: u32,
    label: &'static str,
    message: String,
    color: &'static str,
}

/// The endpoint's JSON, as one line.
pub fn badge_json(results: &Results) -> String {
    let (color, _) = colour(results);
    let endpoint = Endpoint { schema_version: 1, label: LABEL, message: message(results), color };
    let mut text = serde_json::to_string(&endpoint).unwrap_or_default();
    text.push('\n');
    text
}

/// The badge as an SVG file that loads nothing.
pub fn badge_svg(results: &Results) -> String {
    let message = message(results);
    let (_, colour) = colour(results);
    // Digits and small letters take about seven units at this size; ten more at each end.
    let [left, right] = [LABEL, &message].map(|text| columns(text) * 7 + 12);
    let width = left + right;
    let title = format!("{LABEL}: {message}");
    let svg = markup! {
        svg xmlns="http://www.w3.org/2000/svg" width=(width) height="20" role="img" aria-label=(title) {
            title { (title) }
            rect width=(left) height="20" fill="#4a4f57" {}
            rect x=(left) width=(right) height="20" fill=(colour) {}
            g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle" {
                text x=(left / 2) y="14" { (LABEL) }
                text x=(left + right / 2) y="14" { (message) }
            }
        }
    };
    format!("{}\n", svg.into_string())
}

fn message(results: &Results) -> String {
    let score = &results.score;
    if results.interrupted {
        return "partial".to_owned();
    }
    format!(
        "MUST {}/{} · SHOULD {}/{}",
        score.must.pass, score.must.of, score.should.pass, score.should.of
    )
}

/// The name that shields.io knows, and the colour itself.
fn colour(results: &Results) -> (&'static str, &'static str) {
    match results.exit_code {
        code if code == Exit::Passed.code() => ("brightgreen", "#2b7a3d"),
        code if code == Exit::Failed.code() => ("red", "#b3211b"),
        code if code == Exit::Inconclusive.code() => ("yellow", "#855300"),
        _ => ("lightgrey", "#6b7079"),
    }
}
