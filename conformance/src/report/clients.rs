//! Many clients side by side: a row for each check, a column for each client.

use std::io::{self, Write};

use maud::{DOCTYPE, html as markup};

use super::github::markdown;
use super::html;
use super::page::visible;
use crate::results::{Finding, Results};

/// A run with the name that its column gets.
#[derive(Clone, Debug)]
pub struct Column {
    /// The client's name.
    pub name: String,
    /// What its run found.
    pub results: Results,
}

/// One check in every column.
struct Row<'a> {
    id: &'a str,
    slug: &'a str,
    cells: Vec<Option<&'a Finding>>,
}

/// Every check that any of the runs has, in the order of their first appearance.
fn rows<'a>(columns: &'a [Column]) -> Vec<Row<'a>> {
    let mut rows: Vec<Row<'a>> = Vec::new();
    for finding in columns.iter().flat_map(|column| &column.results.checks) {
        if rows.iter().any(|row| row.id == finding.id) {
            continue;
        }
        let of = |column: &'a Column| column.results.checks.iter().find(|one| one.id == finding.id);
        let cells = columns.iter().map(of).collect();
        rows.push(Row { id: &finding.id, slug: &finding.slug, cells });
    }
    rows
}

fn score(results: &Results) -> [String; 2] {
    [&results.score.must, &results.score.should].map(|tally| format!("{}/{}", tally.pass, tally.of))
}

/// Writes the matrix as a table in Markdown.
///
/// # Errors
///
/// Those of the writer.
pub fn clients_markdown(columns: &[Column], mut out: impl Write) -> io::Result<()> {
    let mut line = |cells: Vec<String>| writeln!(out, "| {} |", cells.join(" | "));
    let names = columns.iter().map(|column| markdown(&column.name));
    line(std::iter::once("check".to_owned()).chain(names).collect())?;
    line(vec!["---".to_owned(); columns.len() + 1])?;
    for (nth, level) in ["MUST", "SHOULD"].iter().enumerate() {
        let scores = columns.iter().map(|column| score(&column.results)[nth].clone());
        line(std::iter::once(format!("**{level}**")).chain(scores).collect())?;
    }
    for row in rows(columns) {
        let cell = |finding: &Option<&Finding>| match finding {
            Some(finding) => {
                format!("{} {}", html::sign(finding.verdict), finding.verdict.as_str())
            }
            None => String::new(),
        };
        let head = format!("{} {}", markdown(row.id), markdown(row.slug));
        line(std::iter::once(head).chain(row.cells.iter().map(cell)).collect())?;
    }
    Ok(())
}

/// Draws the matrix as one HTML file that loads nothing.
pub fn clients_html(columns: &[Column]) -> String {
    markup! {
        (DOCTYPE)
        html lang="en" {
            (html::head("Clients compared – Glimesh chat conformance"))
            body {
                header {
                    p.kit { "Glimesh chat conformance" }
                    h1 { "Clients compared" }
                }
                main {
                    div.wide tabindex="0" role="region" aria-label="The matrix" {
                        table.matrix {
                            thead { tr {
                                th scope="col" { "Check" }
                                @for column in columns { th scope="col" { (visible(&column.name)) } }
                            } }
                            tbody {
                                @for (nth, level) in ["MUST", "SHOULD"].iter().enumerate() {
                                    tr {
                                        th scope="row" { (level) }
                                        @for column in columns { td { (score(&column.results)[nth]) } }
                                    }
                                }
                                @for row in rows(columns) {
                                    tr {
                                        th scope="row" {
                                            code { (visible(row.id)) }
                                            span.binding { (visible(row.slug)) }
                                        }
                                        @for cell in &row.cells {
                                            td {
                                                @if let Some(finding) = cell {
                                                    span class={ "cell " (finding.verdict.as_str()) }
                                                        title=(visible(&finding.actual)) {
                                                        span aria-hidden="true" { (html::sign(finding.verdict)) " " }
                                                        (finding.verdict.as_str())
                                                    }
                                                }
                                            }
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    .into_string()
}
