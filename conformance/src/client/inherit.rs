//! What of the kit's own environment a client inherits.
//!
//! A verdict must not depend on what happens to be set in somebody's shell, and a program under test need not see
//! a shell's secrets. So only what a program needs to start at all, and to speak the right language, gets through;
//! `--env` adds the rest. Proxies (`http_proxy` and the like) are left out: the way to the mock server is short.

use std::ffi::OsString;
use std::path::Path;

/// Variables that get through.
const ALLOWED: [&str; 38] = [
    "PATH",
    "SHELL",
    "USER",
    "LOGNAME",
    "TERM",
    "LANG",
    "LANGUAGE",
    "TZ",
    "SystemRoot",
    // Where programs find their parts.
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "DYLD_FALLBACK_LIBRARY_PATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NIX_SSL_CERT_FILE",
    // Language tools: where they are, and what they were told to load.
    "NODE_PATH",
    "NODE_OPTIONS",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONUNBUFFERED",
    "VIRTUAL_ENV",
    "CONDA_PREFIX",
    "PYENV_VERSION",
    "JAVA_HOME",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "DOTNET_ROOT",
    "GOROOT",
    "GOFLAGS",
    "RUSTUP_TOOLCHAIN",
    "RUST_LOG",
    "RUST_BACKTRACE",
    "RUBYLIB",
    "PERL5LIB",
    "ERL_LIBS",
    "MIX_ENV",
    "CLASSPATH",
    "NVM_BIN",
];

/// Variables that get through, by the beginning of their name.
const ALLOWED_PREFIX: &str = "LC_";

/// Variables that tell tools where their data is; they get through, too. A tool that goes by its default, a folder
/// in the user's home, is told that folder, because the client has a home of its own.
const IN_HOME: [(&str, &str); 15] = [
    ("CARGO_HOME", ".cargo"),
    ("RUSTUP_HOME", ".rustup"),
    ("GOPATH", "go"),
    ("GOCACHE", ".cache/go-build"),
    ("MIX_HOME", ".mix"),
    ("HEX_HOME", ".hex"),
    ("PYENV_ROOT", ".pyenv"),
    ("PYTHONUSERBASE", ".local"),
    ("RBENV_ROOT", ".rbenv"),
    ("ASDF_DATA_DIR", ".asdf"),
    ("NVM_DIR", ".nvm"),
    ("DENO_DIR", ".cache/deno"),
    ("GRADLE_USER_HOME", ".gradle"),
    ("NUGET_PACKAGES", ".nuget/packages"),
    ("PUB_CACHE", ".pub-cache"),
];

/// The part of an environment that a client inherits.
pub(super) fn inherited(
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> Vec<(OsString, OsString)> {
    let all: Vec<_> = environment.into_iter().collect();
    let mut inherited: Vec<_> = all.iter().filter(|(name, _)| passes(name)).cloned().collect();
    let Some((_, home)) = all.iter().find(|(name, _)| name == "HOME") else { return inherited };
    for (variable, folder) in IN_HOME {
        let path = Path::new(home).join(folder);
        if inherited.iter().all(|(name, _)| name != variable) && path.is_dir() {
            inherited.push((variable.into(), path.into()));
        }
    }
    inherited
}

fn passes(name: &OsString) -> bool {
    let Some(name) = name.to_str() else { return false };
    ALLOWED.contains(&name)
        || name.starts_with(ALLOWED_PREFIX)
        || IN_HOME.iter().any(|(variable, _)| *variable == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_need_gets_through_and_secrets_do_not() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(".cargo")).unwrap();
        let home = home.path().to_str().unwrap();
        let given = [
            ("PATH", "/bin"),
            ("LC_ALL", "C"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
            ("http_proxy", "x"),
            ("GOPATH", "/go"),
            ("HOME", home),
        ];
        let given = given.map(|(name, value)| (name.into(), value.into()));
        let inherited = inherited(given);
        let names: Vec<_> = inherited.iter().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(names, ["PATH", "LC_ALL", "GOPATH", "CARGO_HOME"]);
    }
}
