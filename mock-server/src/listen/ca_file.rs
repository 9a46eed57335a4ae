//! The file in which clients find the run's authority.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

/// A file with the authority's certificate. A temporary one is removed with this value.
#[derive(Debug)]
pub(super) enum CaFile {
    Asked(PathBuf),
    Temporary(TempPath),
}

impl CaFile {
    /// Writes the certificate where it was asked for, or to a temporary file.
    ///
    /// The path is made absolute, because clients run in folders of their own.
    pub(super) fn write(pem: &str, asked: Option<&Path>) -> io::Result<Self> {
        if let Some(path) = asked {
            fs::write(path, pem)?;
            return Ok(Self::Asked(std::path::absolute(path)?));
        }
        let mut file = tempfile::Builder::new().prefix("glimesh-ca-").suffix(".pem").tempfile()?;
        file.write_all(pem.as_bytes())?;
        Ok(Self::Temporary(file.into_temp_path()))
    }

    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Asked(path) => path,
            Self::Temporary(path) => path,
        }
    }
}
