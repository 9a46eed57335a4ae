//! What is wrong with an upgrade's URL.

mod credential;
mod query;

use super::add_fix;
use super::catalogue::url as codes;
use super::code::Reaction;
use super::context::Context;
use super::report::Diagnostic;
use super::spelling::nearest;
use super::syntax::{MOST, shorten};
use crate::connect::Endpoint;
use crate::names;

/// Everything that is wrong with a URL, or with the target of an upgrade request, which begins with `/`.
pub fn diagnose_url(url: &str, context: &Context) -> Vec<Diagnostic> {
    let mut found = look(url, context);
    found.truncate(MOST);
    add_fix(&mut found, url, |url| look(url, context));
    found
}

fn look(url: &str, context: &Context) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let start = origin(url, context, &mut found);
    let rest = &url[start..];
    let end = start + rest.find('#').unwrap_or(rest.len());
    if end < url.len() {
        let fault = Diagnostic::new(
            &codes::FRAGMENT,
            context,
            end..url.len(),
            "what follows # is never sent",
        );
        found.push(fault.help("write %23 for a # in a credential").edit(end..end + 1, "%23"));
    }
    let target = &url[start..end];
    let query = target.find('?').or_else(|| target.find('&'));
    let path = start..start + query.unwrap_or(target.len());
    if let Some(at) = query.map(|at| start + at).filter(|at| url[*at..].starts_with('&')) {
        let message = "the query begins with &, where ? belongs";
        let fault = Diagnostic::new(&codes::MISSING_AMPERSAND, context, at..at + 1, message);
        let path = &url[path];
        let fault = fault.reaction(path_reaction(path));
        found.push(fault.help("write ? before the first parameter").edit(at..at + 1, "?"));
        return found;
    }
    self::path(&url[path.clone()], path.start, context, &mut found);
    query::look(url, (path.end + 1).min(end)..end, path.end, context, &mut found);
    found
}

/// Looks at scheme and host; returns where the path begins.
fn origin(url: &str, context: &Context, found: &mut Vec<Diagnostic>) -> usize {
    if url.starts_with('/') && !url.starts_with("//") {
        return 0;
    }
    let (scheme, host) = match url.find("://") {
        Some(at) => (&url[..at], at + 3),
        None => ("", 0),
    };
    let host_end = host + url[host..].find(['/', '?', '#', '&']).unwrap_or(url.len() - host);
    let span = 0..scheme.len();
    match scheme {
        "wss" => {}
        "ws" if is_local(&url[host..host_end]) => {}
        "ws" => {
            let message = "a connection without TLS to another machine";
            let fault = Diagnostic::new(&codes::NOT_SECURE, context, span.clone(), message);
            found.push(fault.help("write wss://").edit(span, "wss"));
        }
        "" => {
            let fault = Diagnostic::new(&codes::SCHEME, context, 0..0, "no scheme before the host");
            found.push(fault.help("write wss:// before the host").edit(0..host, "wss://"));
        }
        _ => {
            let message = format!("expected wss, found {}", shorten(scheme));
            let fault = Diagnostic::new(&codes::SCHEME, context, span.clone(), message);
            let right =
                if scheme == "http" && is_local(&url[host..host_end]) { "ws" } else { "wss" };
            found.push(fault.help(format!("write {right}://")).edit(span, right));
        }
    }
    host_end
}

/// Hosts to which a connection without TLS is a test.
fn is_local(host: &str) -> bool {
    let host = host.rsplit('@').next().unwrap_or(host);
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => host.split(':').next().unwrap_or(host),
    };
    let private = ["127.", "10.", "192.168.", "0.0.0.0", "172.", "169.254."];
    let suffixes = [".local", ".localhost", ".test", ".internal"];
    !name.contains('.')
        || private.iter().any(|prefix| name.starts_with(prefix))
        || suffixes.iter().any(|suffix| name.ends_with(suffix))
}

fn path(path: &str, start: usize, context: &Context, found: &mut Vec<Diagnostic>) {
    let span = start..start + path.len();
    match Endpoint::at_path(path) {
        Some(Endpoint::Graph) => {}
        Some(Endpoint::Socket) => {
            let message = format!("{} is the older API's socket", shorten(path));
            let fault = Diagnostic::new(&codes::OLDER_API, context, span.clone(), message);
            found.push(
                fault.help(format!("write {}", names::GRAPH_PATH)).edit(span, names::GRAPH_PATH),
            );
        }
        None => {
            let message = format!("expected {}, found {:?}", names::GRAPH_PATH, shorten(path));
            let fault = Diagnostic::new(&codes::PATH, context, span.clone(), message)
                .help(format!("the socket is at {}", names::GRAPH_PATH))
                .reaction(path_reaction(path));
            let near = path.to_lowercase().contains("graph")
                || path.len() < 64 && nearest(path, &[names::GRAPH_PATH]).is_some();
            found.push(if near { fault.edit(span, names::GRAPH_PATH) } else { fault });
        }
    }
}

/// Source: recordings `connect/path_*`, rule 1.
fn path_reaction(path: &str) -> Reaction {
    let first = path.split('/').find(|part| !part.is_empty());
    Reaction::Refuses(if first == Some("api") { 401 } else { 404 })
}
