//! What a client is told, and how: placeholders in its command, and its environment.
//!
//! The table is the one in the README's "client's contract".

use std::path::{Path, PathBuf};

use glimesh_mock::{CHANNEL_ID, CLIENT_ID, CLIENT_SECRET, MockServer};

use crate::accel;
use crate::clock::Clock;
use crate::plan::Plan;

use super::placeholder::{Piece, pieces, placeholders};

/// The interval for a client that takes `{heartbeat_ms}` while every second is a real one.
///
/// The command line that serves for the clock `contract` works on under `--clock real`: 25 s leave five to the
/// document's limit of 30 s.
const REAL_HEARTBEAT_MS: u128 = 25_000;

/// Who streams on the channel that clients are given. Source: the world's data set.
const CHANNEL_NAME: &str = "Mytho";

/// What a client posts that can be told on its command line.
const MESSAGE: &str = "Hello from the client under test";

/// The version of the contract, for `GCK_PROTOCOL`.
const PROTOCOL: &str = "1";

/// One line of the contract's table.
struct Row {
    placeholder: &'static str,
    variable: &'static str,
    value: fn(&Facts<'_>) -> String,
}

/// What the values are drawn from.
struct Facts<'a> {
    server: &'a MockServer,
    clock: Clock,
    home: &'a Path,
}

impl Facts<'_> {
    fn ca_file(&self) -> Option<String> {
        self.server.ca_file().map(|path| path.to_string_lossy().into_owned())
    }
}

static TABLE: [Row; 20] = [
    row("url", "GLIMESH_WS_URL", |facts| facts.server.url()),
    row("ws_base", "GLIMESH_WS_BASE", |facts| facts.server.ws_base()),
    row("api_url", "GLIMESH_API_URL", |facts| facts.server.api_url()),
    row("oauth_url", "GLIMESH_OAUTH_URL", |facts| facts.server.oauth_url()),
    row("scheme", "GLIMESH_SCHEME", |facts| facts.server.scheme().to_owned()),
    row("host", "GLIMESH_HOST", |facts| facts.server.addr().ip().to_string()),
    row("port", "GLIMESH_PORT", |facts| facts.server.addr().port().to_string()),
    row("auth", "GLIMESH_AUTH", |facts| facts.server.auth().as_str().to_owned()),
    row("token", "GLIMESH_TOKEN", |facts| facts.server.token().to_owned()),
    row("client_id", "GLIMESH_CLIENT_ID", |_| CLIENT_ID.to_owned()),
    row("client_secret", "GLIMESH_CLIENT_SECRET", |_| CLIENT_SECRET.to_owned()),
    row("channel_id", "GLIMESH_CHANNEL_ID", |_| CHANNEL_ID.to_string()),
    row("channel_name", "GLIMESH_CHANNEL_NAME", |_| CHANNEL_NAME.to_owned()),
    row("message", "GLIMESH_MESSAGE", |_| MESSAGE.to_owned()),
    row("ca_file", "GLIMESH_CA_FILE", |facts| facts.ca_file().unwrap_or_default()),
    row("heartbeat_ms", "GCK_HEARTBEAT_MS", |facts| heartbeat_ms(facts.clock).to_string()),
    // The clock `contract` shortens one interval, not time: the client's own clock runs true.
    row("time_rate", "GCK_TIME_RATE", |facts| facts.clock.pace().to_string()),
    row("run_id", "GCK_RUN_ID", |facts| run_id(facts.home)),
    // Nothing in a session is left to chance yet, so the seed is always the same.
    row("seed", "GCK_SEED", |_| "1".to_owned()),
    row("tmp", "GCK_TMP", |facts| tmp(facts.home).to_string_lossy().into_owned()),
];

/// Where the libraries of several languages look for authorities to trust; they are told of the run's, if there is one.
const TRUST: [&str; 3] = ["SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"];

/// What the contract names and the mock cannot serve yet.
const NOT_YET: [(&str, &str); 1] = [("case", "a client is not told what it is judged by")];

const fn row(
    placeholder: &'static str,
    variable: &'static str,
    value: fn(&Facts<'_>) -> String,
) -> Row {
    Row { placeholder, variable, value }
}

/// Why a command line cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// There is no command.
    #[error("the client's command is empty")]
    NoCommand,
    /// A placeholder that the contract does not have.
    #[error(
        "unknown placeholder {{{name}}} in {text:?}; known are {known}; for the text itself write {{{{{name}}}}}"
    )]
    Unknown {
        /// The placeholder's name.
        name: String,
        /// The argument or value that holds it.
        text: String,
        /// All that there are.
        known: String,
    },
    /// A placeholder that the mock cannot fill in yet.
    #[error("the placeholder {{{name}}} in {text:?} is not available yet: {why}")]
    NotYet {
        /// The placeholder's name.
        name: &'static str,
        /// The argument or value that holds it.
        text: String,
        /// What is missing.
        why: &'static str,
    },
    /// The authority's file, in a run without TLS.
    #[error("the placeholder {{ca_file}} in {text:?} has no meaning without TLS; say --tls")]
    NoTls {
        /// The argument or value that holds it.
        text: String,
    },
}

/// What placeholders and the environment of one session's client are filled with.
#[derive(Clone, Debug)]
pub struct Values {
    /// Placeholder, variable, value.
    rows: Vec<(&'static str, &'static str, String)>,
    /// Variables that would mislead this client.
    withheld: Vec<&'static str>,
    /// The file of the run's authority, with TLS.
    ca_file: Option<String>,
    home: PathBuf,
    driven: bool,
}

/// A client's command, filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The program and its arguments.
    pub command: Vec<String>,
    /// What its environment has beyond what is inherited; of two with the same name the last one counts.
    pub env: Vec<(String, String)>,
    /// The folder that belongs to this client alone.
    pub home: PathBuf,
    /// The program that supervises it.
    pub supervisor: PathBuf,
    /// Whether it is driven over its standard input and output.
    pub driven: bool,
}

impl Values {
    /// The values of one session. `home` is a folder for this client alone.
    pub fn new(server: &MockServer, plan: &Plan, home: &Path) -> Self {
        let facts = Facts { server, clock: plan.clock, home };
        let value = |row: &Row| (row.placeholder, row.variable, (row.value)(&facts));
        let mut withheld = Vec::new();
        if plan.clock.heartbeat_interval().is_none() {
            withheld.push("GCK_HEARTBEAT_MS");
        }
        // A client that finds a token, or can get one, uses it; here it is to connect with the client id.
        if server.auth().as_str() == "client_id" {
            withheld.extend(["GLIMESH_TOKEN", "GLIMESH_CLIENT_SECRET"]);
        }
        let ca_file = facts.ca_file();
        if ca_file.is_none() {
            withheld.push("GLIMESH_CA_FILE");
        }
        let rows = TABLE.iter().map(value).collect();
        Self { rows, withheld, ca_file, home: home.to_owned(), driven: plan.is_driven() }
    }

    fn get(&self, name: &str) -> &str {
        let found = self.rows.iter().find(|(placeholder, ..)| *placeholder == name);
        found.map_or("", |(_, _, value)| value)
    }

    /// A text whose placeholders are all known.
    fn fill_in(&self, text: &str) -> String {
        let filled = pieces(text).into_iter().map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Placeholder(name) => self.get(name),
        });
        filled.collect()
    }

    /// What a client has to know that somebody else starts: the socket's variables, the URL first.
    pub fn told(&self) -> Vec<(String, String)> {
        let own = |name: &str| {
            ["GLIMESH_", "SSL_", "NODE_", "REQUESTS_"].iter().any(|it| name.starts_with(it))
        };
        self.environment().filter(|(name, value)| own(name) && !value.contains(' ')).collect()
    }

    fn environment(&self) -> impl Iterator<Item = (String, String)> {
        let told = self.rows.iter().filter(|(_, variable, _)| !self.withheld.contains(variable));
        let told = told.map(|(_, variable, value)| ((*variable).to_owned(), value.clone()));
        let tmp = tmp(&self.home).to_string_lossy().into_owned();
        let own = [
            ("GCK_PROTOCOL", PROTOCOL.to_owned()),
            ("GCK_LEVEL", if self.driven { "L1" } else { "L0" }.to_owned()),
            ("HOME", self.home.to_string_lossy().into_owned()),
            ("TMPDIR", tmp.clone()),
            ("TMP", tmp.clone()),
            ("TEMP", tmp),
        ];
        let trust = TRUST.iter().filter_map(|&name| Some((name, self.ca_file.clone()?)));
        let driver = self.driven.then(|| ("GCK_DRIVER", "stdio".to_owned()));
        let own = own.into_iter().chain(driver).chain(trust);
        told.chain(own.map(|(name, value)| (name.to_owned(), value)))
    }
}

/// Looks for what cannot be filled in, before anything runs. `tls` says whether the sessions have TLS.
///
/// # Errors
///
/// [`ContractError`]
pub fn check(command: &[String], env: &[(String, String)], tls: bool) -> Result<(), ContractError> {
    if command.is_empty() {
        return Err(ContractError::NoCommand);
    }
    let mut texts = command.iter().chain(env.iter().map(|(_, value)| value));
    texts.try_for_each(|text| placeholders(text).try_for_each(|name| known(name, text, tls)))
}

/// Whether a text has this placeholder.
pub fn uses(text: &str, placeholder: &str) -> bool {
    placeholders(text).any(|name| name == placeholder)
}

/// Fills in the plan's command. The URL is added to a command that has no placeholder anywhere.
///
/// # Errors
///
/// [`ContractError`], the same that [`check`] finds.
pub fn launch(plan: &Plan, values: &Values) -> Result<Launch, ContractError> {
    check(&plan.client, &plan.env, plan.tls)?;
    let mut command: Vec<_> = plan.client.iter().map(|word| values.fill_in(word)).collect();
    let mut env: Vec<_> = values.environment().collect();
    env.extend(plan.env.iter().map(|(name, value)| (name.clone(), values.fill_in(value))));
    if let (Clock::Accel { rate }, Some(library)) = (plan.clock, &plan.faketime) {
        accel::preload(&mut env, library, rate);
    }
    let mut texts = plan.client.iter().chain(plan.env.iter().map(|(_, value)| value));
    // Whoever is driven is told the URL when it is to connect.
    if !plan.is_driven() && texts.all(|text| placeholders(text).next().is_none()) {
        command.push(values.get("url").to_owned());
    }
    let (home, supervisor) = (values.home.clone(), plan.supervisor.clone());
    Ok(Launch { command, env, home, supervisor, driven: plan.is_driven() })
}

fn known(name: &str, text: &str, tls: bool) -> Result<(), ContractError> {
    if name == "ca_file" && !tls {
        return Err(ContractError::NoTls { text: text.to_owned() });
    }
    if TABLE.iter().any(|row| row.placeholder == name) {
        return Ok(());
    }
    let text = text.to_owned();
    if let Some((name, why)) = NOT_YET.into_iter().find(|(placeholder, _)| *placeholder == name) {
        return Err(ContractError::NotYet { name, text, why });
    }
    let known: Vec<_> = TABLE.iter().map(|row| format!("{{{}}}", row.placeholder)).collect();
    Err(ContractError::Unknown { name: name.to_owned(), text, known: known.join(" ") })
}

/// Where this client's temporary files go.
pub(super) fn tmp(home: &Path) -> PathBuf {
    home.join("tmp")
}

/// Another one for each session, so that clients which run side by side can keep out of each other's way.
fn run_id(home: &Path) -> String {
    home.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn heartbeat_ms(clock: Clock) -> u128 {
    clock.heartbeat_interval().map_or(REAL_HEARTBEAT_MS, |interval| interval.as_millis())
}

#[cfg(test)]
mod tests {
    use glimesh_mock::Scenario;

    use super::*;

    #[test]
    fn what_cannot_be_filled_in_is_said_before_anything_runs() {
        let command =
            |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let unknown = check(&command(&["bot", "--x={foo}"]), &[], false).unwrap_err().to_string();
        assert!(
            unknown.starts_with(r#"unknown placeholder {foo} in "--x={foo}"; known are {url} "#)
        );
        assert!(unknown.ends_with("for the text itself write {{foo}}"));
        let env = [("CA".to_owned(), "{ca_file}".to_owned())];
        assert_eq!(
            check(&command(&["bot"]), &env, false).unwrap_err().to_string(),
            r#"the placeholder {ca_file} in "{ca_file}" has no meaning without TLS; say --tls"#
        );
        assert_eq!(check(&command(&["bot"]), &env, true), Ok(()));
        assert_eq!(
            check(&command(&["bot", "{case}"]), &[], true).unwrap_err().to_string(),
            r#"the placeholder {case} in "{case}" is not available yet: a client is not told what it is judged by"#
        );
        assert_eq!(check(&[], &[], false), Err(ContractError::NoCommand));
        assert_eq!(check(&command(&["bot", "{{foo}}"]), &[], false), Ok(()));
    }

    #[test]
    fn an_escaped_placeholder_is_not_used() {
        assert!(uses("--every={heartbeat_ms}", "heartbeat_ms"));
        assert!(!uses("{{heartbeat_ms}}", "heartbeat_ms"));
    }

    #[tokio::test]
    async fn the_url_is_added_only_where_nothing_else_tells_the_client() {
        let server = MockServer::start().await.unwrap();
        let launched = |client: &[&str], env: &[(&str, &str)]| {
            let mut plan = plan(Clock::Real);
            plan.client = client.iter().map(|&word| word.to_owned()).collect();
            plan.env = env.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
            launch(&plan, &Values::new(&server, &plan, Path::new("/home"))).unwrap()
        };
        assert_eq!(launched(&["bot"], &[]).command, ["bot".to_owned(), server.url()]);
        assert_eq!(launched(&["bot", "{port}"], &[]).command.len(), 2);
        let by_env = launched(&["bot"], &[("WHERE", "{host}")]);
        assert_eq!(by_env.command, ["bot"]);
        assert_eq!(by_env.env.last().unwrap(), &("WHERE".to_owned(), "127.0.0.1".to_owned()));
    }

    #[tokio::test]
    async fn the_environment_says_only_what_holds_in_the_session() {
        let names = |server: &MockServer, clock| {
            let values = Values::new(server, &plan(clock), Path::new("/home"));
            values.environment().map(|(name, _)| name).collect::<Vec<_>>()
        };
        let plain = MockServer::start().await.unwrap();
        let real = names(&plain, Clock::Real);
        assert!(!real.iter().any(|name| name == "GCK_HEARTBEAT_MS"));
        assert!(real.iter().any(|name| name == "GLIMESH_TOKEN"));
        let contract = names(&plain, Clock::Contract { rate: 25 });
        assert!(contract.iter().any(|name| name == "GCK_HEARTBEAT_MS"));
        let scenario = Scenario::named("client-id").unwrap();
        let reader = MockServer::builder().scenario(scenario).start().await.unwrap();
        let reads = names(&reader, Clock::Real);
        assert!(
            !reads.iter().any(|name| name == "GLIMESH_TOKEN" || name == "GLIMESH_CLIENT_SECRET")
        );
    }

    #[tokio::test]
    async fn with_tls_the_client_is_told_what_to_trust() {
        let plain = MockServer::start().await.unwrap();
        let values = Values::new(&plain, &plan(Clock::Real), Path::new("/home"));
        assert!(values.environment().all(|(name, _)| !name.contains("_CA") && name != TRUST[0]));
        let server = MockServer::builder().tls(true).start().await.unwrap();
        let mut plan = Plan { tls: true, ..plan(Clock::Real) };
        plan.client = ["bot", "{scheme}", "{ca_file}"].map(str::to_owned).to_vec();
        let launched = launch(&plan, &Values::new(&server, &plan, Path::new("/home"))).unwrap();
        let path = server.ca_file().unwrap().to_str().unwrap();
        assert_eq!(launched.command, ["bot", "wss", path]);
        for variable in
            ["GLIMESH_CA_FILE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE"]
        {
            assert!(launched.env.contains(&(variable.to_owned(), path.to_owned())), "{variable}");
        }
        assert!(launched.env.contains(&("GLIMESH_SCHEME".to_owned(), "wss".to_owned())));
    }

    fn plan(clock: Clock) -> Plan {
        Plan { clock, ..Plan::for_client(Path::new("kit"), vec!["bot".to_owned()]) }
    }
}
