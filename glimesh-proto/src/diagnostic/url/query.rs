//! The query of an upgrade's URL: how its parameters are parted, and `vsn`.

use super::super::catalogue::{credential as credential_codes, url as codes};
use super::super::code::Reaction;
use super::super::context::Context;
use super::super::report::{Diagnostic, Span};
use super::super::syntax::shorten;
use super::credential;
use crate::connect::{self, Vsn};
use crate::names;

/// The parameters that the server reads.
const NAMES: [&str; 3] = ["vsn", "token", "client_id"];

/// One parameter, with its places in the URL.
#[derive(Clone, Debug)]
pub(super) struct Parameter<'a> {
    pub(super) name: &'a str,
    pub(super) raw: &'a str,
    pub(super) name_at: Span,
    pub(super) value_at: Span,
}

impl Parameter<'_> {
    pub(super) fn span(&self) -> Span {
        self.name_at.start..self.value_at.end
    }

    /// `token[]` and `token[a]` are named `token`, but are no text.
    fn is_nested(&self) -> bool {
        self.name.split_once('[').is_some_and(|(name, _)| NAMES.contains(&name))
    }
}

/// Looks at the query that stands at `span`; `end_of_path` is where one can be added.
pub(super) fn look(
    url: &str,
    span: Span,
    end_of_path: usize,
    context: &Context,
    found: &mut Vec<Diagnostic>,
) {
    let parameters = parameters(url, span.clone());
    let before = found.len();
    for parameter in &parameters {
        parted(parameter, context, found);
    }
    if found.len() > before {
        // What is not parted rightly is not read rightly.
        return;
    }
    if connect::decode(&url[span.clone()]).is_none() {
        let message = "the percent escapes do not give UTF-8";
        let fault = Diagnostic::new(&codes::QUERY_NOT_UTF8, context, span, message);
        return found.push(fault.help("percent-encode the UTF-8 bytes of the value"));
    }
    for parameter in parameters.iter().filter(|parameter| parameter.is_nested()) {
        let message = format!("{} is a list or a map", shorten(parameter.name));
        let at = parameter.name_at.clone();
        let fault =
            Diagnostic::new(&credential_codes::CREDENTIAL_NOT_TEXT, context, at.clone(), message);
        let plain = parameter.name.split('[').next().unwrap_or_default();
        let fault = fault.help(format!("name it {plain}")).edit(at, plain);
        // Source: recordings `connect/vsn_array`.
        found.push(if plain == "vsn" { fault.reaction(Reaction::Refuses(500)) } else { fault });
    }
    if found.len() > before {
        return;
    }
    doubled(&parameters, context, found);
    vsn(&parameters, &span, end_of_path, context, found);
    credential::look(&parameters, &span, context, found);
}

fn parameters(url: &str, span: Span) -> Vec<Parameter<'_>> {
    let mut start = span.start;
    let mut parameters = Vec::new();
    for part in url[span].split('&') {
        let (name, raw) = part.split_once('=').unwrap_or((part, ""));
        let end = start + part.len();
        let (name_at, value_at) = (start..start + name.len(), end - raw.len()..end);
        if !part.is_empty() {
            parameters.push(Parameter { name, raw, name_at, value_at });
        }
        start = end + 1;
    }
    parameters
}

/// The value holds the next parameter, or the name holds what should part them.
fn parted(parameter: &Parameter<'_>, context: &Context, found: &mut Vec<Diagnostic>) {
    let start = parameter.name_at.start;
    if parameter.name.starts_with("amp;") {
        let fault =
            Diagnostic::new(&codes::HTML_AMPERSAND, context, start..start + 4, "&amp; in a URL");
        return found.push(fault.help("write & alone").edit(start..start + 4, ""));
    }
    let run_on = NAMES
        .iter()
        .filter_map(|name| {
            let at = parameter.raw.find(&format!("{name}="))?;
            // `access_token=` is another name, and a word of its own is not one that runs on.
            let before = parameter.raw[..at].chars().next_back()?;
            (before != '_' || *name != "token").then_some((at, *name))
        })
        .min();
    let Some((offset, name)) = run_on else { return };
    let at = parameter.value_at.start + offset;
    let before = &parameter.raw[..offset];
    let (code, gap, message) = if before.ends_with(';') {
        (&codes::SEMICOLON, 1, format!("a semicolon before {name}, where & belongs"))
    } else if before.ends_with("%26") {
        (&codes::MISSING_AMPERSAND, 3, format!("an encoded & before {name}"))
    } else if before.ends_with(['?', ',', ' ', '/', '|']) {
        (&codes::MISSING_AMPERSAND, 1, format!("expected & before {name}"))
    } else {
        (
            &codes::MISSING_AMPERSAND,
            0,
            format!("no & between {} and {name}", shorten(parameter.name)),
        )
    };
    let span = at - gap..at;
    let fault = Diagnostic::new(code, context, span.clone(), message).label(
        parameter.value_at.clone(),
        format!("all of this is the value of {}", shorten(parameter.name)),
    );
    found.push(fault.help(format!("write & before {name}")).edit(span, "&"));
}

fn doubled(parameters: &[Parameter<'_>], context: &Context, found: &mut Vec<Diagnostic>) {
    for name in NAMES {
        let mut all = parameters.iter().filter(|parameter| parameter.name == name).rev();
        let Some(last) = all.next() else { continue };
        for earlier in all.take(4) {
            let span = earlier.span();
            let fault = Diagnostic::new(
                &codes::DUPLICATE_PARAMETER,
                context,
                span.clone(),
                format!("{name} is given twice"),
            );
            let fault =
                fault.label(last.span(), "the server takes this one").help("remove one of the two");
            found.push(fault.edit(span.start..span.end + 1, ""));
        }
    }
}

fn vsn(
    parameters: &[Parameter<'_>],
    query: &Span,
    end_of_path: usize,
    context: &Context,
    found: &mut Vec<Diagnostic>,
) {
    let help = "write vsn=2.0.0";
    let Some(vsn) = parameters.iter().rev().find(|parameter| parameter.name == "vsn") else {
        let fault =
            Diagnostic::new(&codes::VSN_MISSING, context, query.clone(), "no vsn in the query");
        let fault = fault.help(help);
        return found.push(match query.is_empty() {
            true => fault.edit(end_of_path..query.end, "?vsn=2.0.0"),
            false => fault.edit(query.start..query.start, "vsn=2.0.0&"),
        });
    };
    let span = if vsn.raw.is_empty() { vsn.span() } else { vsn.value_at.clone() };
    let value = connect::decode(vsn.raw).unwrap_or_default();
    let fault = match Vsn::parse(&value) {
        Ok(Vsn::V2) => return,
        Ok(Vsn::V1) => {
            let message = format!("vsn={} selects the older object frames", shorten(&value));
            Diagnostic::new(&codes::VSN_1, context, span, message)
        }
        Err(_) => {
            let message = format!("expected 2.0.0 as vsn, found {:?}", shorten(&value));
            Diagnostic::new(&codes::VSN_UNKNOWN, context, span, message)
        }
    };
    found.push(fault.help(help).edit(vsn.span(), format!("vsn={}", names::VSN)));
}
