//! Options of `lint`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use glimesh_proto::connect::Vsn;
use glimesh_proto::diagnostic::{Profile, Sender};

use super::input::InputKind;
use super::linter::Options;
use crate::args::ProfileName;

/// Options of `lint`.
#[derive(Clone, Debug, Args)]
#[command(
    after_help = "Exit codes: 0, nothing but notes; 1, errors or warnings; 2, the command line is wrong or \
                        the input cannot be read.\n\
                        Findings go to standard output; with --fix on standard input, the mended text goes there, \
                        and the findings to standard error.\n\
                        Credentials in URLs are shown as x."
)]
pub struct LintArgs {
    /// The file: frames, a transcript, a HAR, a pcap or pcapng, a log, a URL; `-`, or nothing when something is
    /// piped in, for standard input.
    pub file: Option<PathBuf>,
    /// What the input is, instead of what it looks like.
    #[arg(long, value_enum, value_name = "KIND")]
    pub input: Option<InputKind>,
    /// What to write to standard output.
    #[arg(long, value_enum, default_value_t = LintFormat::Human)]
    pub format: LintFormat,
    /// How the server behaves, and whose rules apply.
    #[arg(long, value_enum, default_value_t = ProfileName::Glimesh)]
    pub profile: ProfileName,
    /// Write frames and URLs anew, mended where the mending is certain: in place, or to standard output.
    ///
    /// What is reported is what remains.
    #[arg(long)]
    pub fix: bool,
    /// The frame format, where no upgrade in the input tells it.
    #[arg(long, value_enum, default_value_t = VsnArg::V2)]
    pub vsn: VsnArg,
    /// Whether the control topic is joined where the input begins, if it does not tell.
    #[arg(long, value_enum, value_name = "WHETHER")]
    pub joined: Option<YesNo>,
    /// Who sent the frames, where the input does not tell. Replies and data are taken for the server's.
    #[arg(long, value_enum, value_name = "WHO")]
    pub sender: Option<SenderArg>,
}

/// How findings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LintFormat {
    /// For people.
    Human,
    /// One JSON object, format 1.
    Json,
    /// SARIF 2.1.0.
    Sarif,
}

/// The frame formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VsnArg {
    /// Arrays of five elements.
    #[value(name = "2.0.0")]
    V2,
    /// The older objects.
    #[value(name = "1.0.0")]
    V1,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum YesNo {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SenderArg {
    /// The client.
    Client,
    /// The server.
    Server,
}

impl LintArgs {
    /// What is known besides the input.
    pub fn options(&self) -> Options {
        Options {
            profile: match self.profile {
                ProfileName::Glimesh => Profile::Glimesh,
                ProfileName::Phoenix => Profile::Phoenix,
                ProfileName::Literal => Profile::Literal,
            },
            vsn: Some(match self.vsn {
                VsnArg::V2 => Vsn::V2,
                VsnArg::V1 => Vsn::V1,
            }),
            joined: self.joined.map(|joined| joined == YesNo::Yes),
            sender: self.sender.map(|sender| match sender {
                SenderArg::Client => Sender::Client,
                SenderArg::Server => Sender::Server,
            }),
        }
    }
}
