//! Settings laid over a profile, each by its own name.

use serde::Deserialize;

use super::setting::{in_file, read, reply_first_in_file};
use super::{ArmedBy, GraphSchema, HeartbeatDrop, Profile, ReplyFirst, RestartedBy};
use crate::scenario::Span;

/// Rows of the profile table that somebody wants otherwise: flags of `serve`, and `settings` of a scenario.
///
/// ```yaml
/// settings:
///   heartbeat.limit: 45s
///   heartbeat.drop: "close:4000:too late"
/// ```
#[derive(Clone, Debug, Default, PartialEq, clap::Args, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[command(next_help_heading = "Settings of the profile")]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The longest time between two restarts, such as 45s.
    #[arg(long, value_name = "TIME")]
    #[serde(rename = "heartbeat.limit")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub heartbeat_limit: Option<Span>,
    /// What restarts the limit: heartbeat, or any byte.
    #[arg(long, value_name = "heartbeat|any", value_parser = read::<RestartedBy>)]
    #[serde(rename = "heartbeat.restarted_by", default, deserialize_with = "in_file")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub heartbeat_restarted_by: Option<RestartedBy>,
    /// What starts the limit the first time: the connection's opening, its first join, or its first heartbeat.
    #[arg(long, value_name = "open|join|heartbeat", value_parser = read::<ArmedBy>)]
    #[serde(rename = "heartbeat.armed_by", default, deserialize_with = "in_file")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub heartbeat_armed_by: Option<ArmedBy>,
    /// How much later than the limit the drop comes.
    #[arg(long, alias = "grace", value_name = "TIME")]
    #[serde(rename = "heartbeat.grace")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub heartbeat_grace: Option<Span>,
    /// How the connection of a silent client ends: close:1000, close:CODE:REASON, cut (the end of TCP without a close
    /// frame) or reset.
    #[arg(long, value_name = "HOW", value_parser = read::<HeartbeatDrop>)]
    #[serde(rename = "heartbeat.drop", default, deserialize_with = "in_file")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub heartbeat_drop: Option<HeartbeatDrop>,
    /// The first element of a heartbeat's reply: null, or, as the document prints it, "null" with its quotes.
    #[arg(long, value_name = "JSON", value_parser = read::<ReplyFirst>)]
    #[serde(rename = "heartbeat.reply_first", default, deserialize_with = "reply_first_in_file")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub heartbeat_reply_first: Option<ReplyFirst>,
    /// Which API answers /api/graph: the current one, or, for what only the older one knows, either.
    #[arg(long, value_name = "current|either", value_parser = read::<GraphSchema>)]
    #[serde(rename = "graph.schema", default, deserialize_with = "in_file")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub graph_schema: Option<GraphSchema>,
    /// Answers the frames that the document prints as it prints the answer, byte for byte.
    #[arg(long = "as-printed", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(rename = "frames.as_printed")]
    pub frames_as_printed: Option<bool>,
    /// Gives the log's code as the reason of a close frame that ends a connection for a fault of the client's.
    #[arg(long = "explain-closes", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(rename = "close.explained")]
    pub explain_closes: Option<bool>,
    /// Takes a client's offer of permessage-deflate, and compresses messages. The real server declines it.
    #[arg(long = "accept-deflate", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    #[serde(rename = "deflate.accepted")]
    pub accept_deflate: Option<bool>,
    /// The longest message that is read, in bytes; longer ones are closed with 1009. The real server has no limit.
    #[arg(long, value_name = "BYTES")]
    #[serde(rename = "message.limit")]
    pub message_limit: Option<usize>,
}

impl Settings {
    /// The profile with these settings; what is not set stays.
    #[must_use]
    pub fn over(&self, profile: &Profile) -> Profile {
        Profile {
            name: profile.name,
            heartbeat_limit: self.heartbeat_limit.map_or(profile.heartbeat_limit, |span| span.0),
            restarted_by: self.heartbeat_restarted_by.unwrap_or(profile.restarted_by),
            armed_by: self.heartbeat_armed_by.unwrap_or(profile.armed_by),
            grace: self.heartbeat_grace.map_or(profile.grace, |span| span.0),
            drop: self.heartbeat_drop.clone().unwrap_or_else(|| profile.drop.clone()),
            reply_first: self.heartbeat_reply_first.unwrap_or(profile.reply_first),
            graph_schema: self.graph_schema.unwrap_or(profile.graph_schema),
            as_printed: self.frames_as_printed.unwrap_or(profile.as_printed),
            explain_closes: self.explain_closes.unwrap_or(profile.explain_closes),
            accepts_deflate: self.accept_deflate.unwrap_or(profile.accepts_deflate),
            message_limit: self.message_limit.unwrap_or(profile.message_limit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scenario;

    /// A scenario with these settings.
    fn scenario(settings: &str) -> Result<Scenario, crate::scenario::ScenarioError> {
        Scenario::parse("t", &format!("title: t\nwhy: w\nsettings: {settings}"))
    }

    /// All settings of the default profile under the ones of a scenario.
    #[track_caller]
    fn check(settings: &str, name: &str, value: &str) {
        let changed = scenario(settings).unwrap().settings.over(&Profile::glimesh()).settings();
        let mut expected = Profile::glimesh().settings();
        expected.insert(name.to_owned(), value.to_owned());
        assert_eq!(changed, expected, "{settings}");
    }

    #[test]
    fn every_row_can_be_set_by_its_name() {
        check("{heartbeat.limit: 45s}", "heartbeat.limit", "45s");
        check("{heartbeat.restarted_by: any}", "heartbeat.restarted_by", "any");
        check("{heartbeat.armed_by: join}", "heartbeat.armed_by", "join");
        check("{heartbeat.grace: 0s}", "heartbeat.grace", "0s");
        check("{heartbeat.drop: 'close:4000:x y'}", "heartbeat.drop", "close:4000:x y");
        check("{heartbeat.reply_first: 'null'}", "heartbeat.reply_first", "\"null\"");
        check("{heartbeat.reply_first: null}", "heartbeat.reply_first", "null");
        check("{graph.schema: current}", "graph.schema", "current");
        check("{frames.as_printed: true}", "frames.as_printed", "true");
        check("{close.explained: true}", "close.explained", "true");
        check("{deflate.accepted: true}", "deflate.accepted", "true");
        check("{message.limit: 1000}", "message.limit", "1000");
        let literal = Profile::literal();
        let back = scenario("{heartbeat.reply_first: null}").unwrap().settings.over(&literal);
        assert_eq!(back.settings()["heartbeat.reply_first"], "null");
    }

    #[test]
    fn what_is_no_setting_is_refused_with_what_is_allowed() {
        let refused = |settings: &str| scenario(settings).unwrap_err().to_string();
        let told = refused("{heartbeat.armed_by: upgrade}");
        assert!(told.contains("\"upgrade\" is none of open, join, heartbeat"), "{told}");
        let told = refused("{heartbeat.limits: 3s}");
        assert!(told.contains("heartbeat.limit"), "{told}");
    }
}
