//! The file of `--config`: what is the same in every run of a client.
//!
//! ```toml
//! [client]
//! command = ["node", "bot.js", "{url}"]
//! env = { LOG = "debug" }
//! level = "L0"
//! capabilities = ["subscribe", "reconnect"]
//! grace = "3s"
//! connect_timeout = "30s"
//!
//! [clock]
//! mode = "auto"
//! rate = 25
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fs, io};

use serde::{Deserialize, Deserializer};

use crate::args::{CapabilityArg, ClockArg, LevelArg, RunArgs, parse_duration};

/// The file's content. What it does not have is an error with line and column.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    client: ClientConfig,
    clock: ClockConfig,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClientConfig {
    command: Vec<String>,
    env: BTreeMap<String, String>,
    capabilities: Option<Vec<CapabilityArg>>,
    level: Option<LevelArg>,
    #[serde(deserialize_with = "duration")]
    grace: Option<Duration>,
    #[serde(deserialize_with = "duration")]
    connect_timeout: Option<Duration>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ClockConfig {
    mode: Option<ClockArg>,
    #[serde(deserialize_with = "rate")]
    rate: Option<u32>,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is wrong; the reader's message has line and column.
    #[error("{} is wrong\n{source}", path.display())]
    Toml {
        /// The file.
        path: PathBuf,
        /// What and where.
        source: Box<toml::de::Error>,
    },
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`ConfigError`]
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path)
            .map_err(|source| ConfigError::Io { path: path.to_owned(), source })?;
        toml::from_str(&text)
            .map_err(|source| ConfigError::Toml { path: path.to_owned(), source: Box::new(source) })
    }

    /// Fills in what the command line does not say. `is_said` tells whether it says an option, by the option's field.
    pub fn fill_in(self, args: &mut RunArgs, is_said: impl Fn(&str) -> bool) {
        let Self { client, clock } = self;
        if args.client.is_empty() && !args.attach {
            args.client = client.command;
        }
        // Of two with the same name the last one counts.
        args.env.splice(0..0, client.env);
        put(&mut args.capabilities, client.capabilities, is_said("capabilities"));
        put(&mut args.level, client.level, is_said("level"));
        put(&mut args.grace, client.grace, is_said("grace"));
        put(&mut args.connect_timeout, client.connect_timeout, is_said("connect_timeout"));
        put(&mut args.clock, clock.mode, is_said("clock"));
        put(&mut args.rate, clock.rate, is_said("rate"));
    }
}

fn put<T>(place: &mut T, value: Option<T>, said: bool) {
    if let (Some(value), false) = (value, said) {
        *place = value;
    }
}

fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_duration(&text).map(Some).map_err(serde::de::Error::custom)
}

fn rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    match u32::deserialize(deserializer)? {
        rate @ 1..=100 => Ok(Some(rate)),
        _ => Err(serde::de::Error::custom("expected a rate from 1 to 100")),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Cli, Command};

    fn args(words: &[&str]) -> RunArgs {
        let words = ["glimesh-conformance", "run"].iter().chain(words);
        let Command::Run(args) = Cli::parse_from(words).command else { panic!("it runs") };
        args
    }

    #[test]
    fn the_command_line_has_precedence() {
        let text = "[client]\ncommand = [\"bot\"]\nenv = { A = \"1\" }\ngrace = \"9s\"\ncapabilities = [\"subscribe\"]\n[clock]\nmode = \"real\"\nrate = 7\n";
        let config: Config = toml::from_str(text).unwrap();
        let mut own = args(&["--rate", "9", "--env", "A=2"]);
        config.clone().fill_in(&mut own, |option| option == "rate");
        assert_eq!((own.rate, own.clock, own.grace), (9, ClockArg::Real, Duration::from_secs(9)));
        assert_eq!(own.client, ["bot"]);
        assert_eq!(own.capabilities, [CapabilityArg::Subscribe]);
        let env = [("A", "1"), ("A", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(own.env, env);
        let mut other = args(&["--", "other"]);
        config.fill_in(&mut other, |_| false);
        assert_eq!(other.client, ["other"]);
    }

    #[test]
    fn what_is_unknown_or_wrong_is_pointed_at() {
        let told = |text: &str| toml::from_str::<Config>(text).unwrap_err().to_string();
        insta::assert_snapshot!(told("[client]\ncomand = [\"bot\"]\n"), @r#"
        TOML parse error at line 2, column 1
          |
        2 | comand = ["bot"]
          | ^^^^^^
        unknown field `comand`, expected one of `command`, `env`, `capabilities`, `level`, `grace`, `connect_timeout`
        "#);
        insta::assert_snapshot!(told("[client]\ngrace = \"soon\"\n"), @r#"
        TOML parse error at line 2, column 9
          |
        2 | grace = "soon"
          |         ^^^^^^
        expected a time such as 3s or 500ms
        "#);
        insta::assert_snapshot!(told("[clock]\nmode = \"fast\"\n"), @r#"
        TOML parse error at line 2, column 8
          |
        2 | mode = "fast"
          |        ^^^^^^
        unknown variant `fast`, expected one of `auto`, `real`, `accel`, `contract`
        "#);
        insta::assert_snapshot!(told("[clock]\nrate = 0\n"), @r#"
        TOML parse error at line 2, column 8
          |
        2 | rate = 0
          |        ^
        expected a rate from 1 to 100
        "#);
    }
}
