//! Under which circumstances a run took place.

use std::time::Duration;

use maud::{Markup, html as markup};

use crate::report::page::{count, length, visible};
use crate::results::Results;
use crate::suite;

/// The section of the report.
pub(super) fn section(results: &Results) -> Markup {
    let clock = &results.clock;
    let rate = match clock.rate {
        0 | 1 => "every second is a real one".to_owned(),
        rate => format!("{rate} of the client's heartbeat seconds in a real one"),
    };
    let capabilities = serde_json::to_string(&results.client.capabilities).unwrap_or_default();
    let capabilities = capabilities.replace(['[', ']', '"'], "").replace(',', ", ");
    markup! {
        section aria-labelledby="run" {
            h2 #run { "The run" }
            dl {
                @if !results.client.command.is_empty() {
                    dt { "Client" }
                    dd { @for word in &results.client.command { code { (visible(word)) } " " } }
                }
                dt { "Capabilities" } dd { (capabilities) }
                dt { "Clock" } dd { (visible(&clock.mode)) ": " (rate) }
                @if !clock.confirmed.is_empty() {
                    dt { "Seen twice" } dd { (visible(&clock.confirmed.join(", "))) }
                }
                dt { "Length" }
                dd {
                    (length(Duration::from_millis(results.elapsed_ms)))
                    " for " (count(results.sessions.len(), "session"))
                }
                dt { "Exit code" } dd { (results.exit_code) }
                dt { "Kit" }
                dd {
                    (visible(&results.kit))
                    @if results.suite != suite::NONE { ", suite " (visible(&results.suite)) }
                }
                dt { "Document" } dd { code { (visible(&results.document)) } }
                @if results.suite != suite::NONE {
                    dt { "For machines" } dd { a href="results.json" { "results.json" } }
                }
            }
            table {
                caption { "Settings of profile " (visible(&results.profile)) }
                thead { tr { th scope="col" { "Setting" } th scope="col" { "Value" } } }
                tbody {
                    @for (name, value) in &results.settings {
                        tr { th scope="row" { code { (visible(name)) } } td { (visible(value)) } }
                    }
                }
            }
        }
    }
}
