//! Where libfaketime is, and how a program is put under it.

use std::path::{Path, PathBuf};

/// The environment variable that says where libfaketime is.
pub const LIBRARY_VARIABLE: &str = "GLIMESH_FAKETIME";

/// The library's name in the packages of the distributions.
const NAME: &str = "libfaketime.so.1";

/// Folders with one folder per architecture, as Debian has them, or with the library's own folder.
const ROOTS: [&str; 4] = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib"];

/// The library: as `given` on the command line, else by [`LIBRARY_VARIABLE`], else where packages put it.
///
/// # Errors
///
/// The path that was given, if there is no file.
pub fn find(given: Option<&Path>) -> Result<Option<PathBuf>, PathBuf> {
    let named = std::env::var_os(LIBRARY_VARIABLE).filter(|path| !path.is_empty());
    match given.map(Path::to_owned).or_else(|| named.map(PathBuf::from)) {
        Some(path) if path.is_file() => Ok(Some(path)),
        Some(path) => Err(path),
        None => Ok(installed(ROOTS.map(Path::new))),
    }
}

/// The library below one of these folders.
fn installed<'a>(roots: impl IntoIterator<Item = &'a Path>) -> Option<PathBuf> {
    // Elsewhere libraries are preloaded in another way, and system programs refuse it.
    if !cfg!(target_os = "linux") {
        return None;
    }
    roots.into_iter().find_map(|root| {
        let own = root.join("faketime").join(NAME);
        if own.is_file() {
            return Some(own);
        }
        let folders = std::fs::read_dir(root).ok()?.flatten().map(|entry| entry.path());
        let mut found: Vec<_> = folders
            .filter(|folder| is_native(folder))
            .map(|folder| folder.join("faketime").join(NAME))
            .filter(|path| path.is_file())
            .collect();
        found.sort();
        found.into_iter().next()
    })
}

/// Whether a folder is the one for programs of this machine's architecture, such as `x86_64-linux-gnu`.
fn is_native(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let arch = std::env::consts::ARCH;
    name.starts_with(arch) || (arch == "x86" && name.starts_with("i386"))
}

/// Adds to a client's environment what makes `rate` of its seconds pass in a real one. A library that the client
/// preloads already stays.
pub fn preload(env: &mut Vec<(String, String)>, library: &Path, rate: u32) {
    let own = env.iter().rev().find(|(name, _)| name == "LD_PRELOAD").map(|(_, value)| value);
    let library = library.to_string_lossy();
    let both = own.map_or_else(|| library.clone().into_owned(), |own| format!("{library}:{own}"));
    let added = [
        ("LD_PRELOAD", both),
        ("FAKETIME", format!("+0 x{rate}")),
        // Children keep to the clock of the process that started them.
        ("FAKETIME_DONT_RESET", "1".to_owned()),
        // Sessions run side by side, each with a clock of its own.
        ("FAKETIME_DISABLE_SHM", "1".to_owned()),
    ];
    env.extend(added.map(|(name, value)| (name.to_owned(), value)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_preloaded_already_stays() {
        let mut env = vec![("LD_PRELOAD".to_owned(), "own.so".to_owned())];
        preload(&mut env, Path::new("/f.so"), 25);
        let value = |name: &str| env.iter().rev().find(|(key, _)| key == name).unwrap().1.as_str();
        assert_eq!(value("LD_PRELOAD"), "/f.so:own.so");
        assert_eq!(value("FAKETIME"), "+0 x25");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn it_is_found_in_the_folder_of_the_architecture_and_in_none_other() {
        let root = tempfile::tempdir().unwrap();
        let put = |folder: &str| {
            let folder = root.path().join(folder).join("faketime");
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join(NAME), "").unwrap();
            folder.join(NAME)
        };
        put("sparc-linux-gnu");
        assert_eq!(installed([root.path()]), None);
        let native = put(&format!("{}-linux-gnu", std::env::consts::ARCH));
        assert_eq!(installed([Path::new("/no/such/folder"), root.path()]), Some(native));
    }

    #[test]
    fn a_path_that_is_given_must_be_a_file() {
        let wrong = Path::new("/no/such/libfaketime.so");
        assert_eq!(find(Some(wrong)), Err(wrong.to_owned()));
    }
}
