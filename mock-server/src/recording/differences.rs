//! The records that the mock does not reproduce, each with its reason: `fixtures/recordings/differences.txt`.

use std::collections::BTreeMap;

use crate::profile::ProfileName;

/// Reasons by record id, in one profile.
#[derive(Clone, Debug, Default)]
pub struct Differences(BTreeMap<String, String>);

impl Differences {
    /// What is known of a profile.
    pub fn of(profile: ProfileName) -> Self {
        Self::read(include_str!("../../../fixtures/recordings/differences.txt"), profile)
    }

    /// Why a record is not reproduced.
    pub fn reason(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str)
    }

    /// The ids.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Lines of `ID: REASON`, or of `ID (PROFILE, PROFILE): REASON` where it is so in these profiles only.
    fn read(text: &str, profile: ProfileName) -> Self {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let of_profile = |line: &str| {
            let (id, reason) = line.split_once(": ").expect("a line of the list is ID: REASON");
            let (id, profiles) = match id.split_once(" (") {
                Some((id, profiles)) => (id, Some(profiles.trim_end_matches(')'))),
                None => (id, None),
            };
            let applies =
                profiles.is_none_or(|all| all.split(", ").any(|one| one == profile.as_str()));
            applies.then(|| (id.to_owned(), reason.to_owned()))
        };
        Self(lines.filter_map(of_profile).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_may_be_of_some_profiles_only() {
        let text = "# Why.\n\na/b: it is long: very\na/c (glimesh, literal): other rule\n";
        let glimesh = Differences::read(text, ProfileName::Glimesh);
        assert_eq!(glimesh.reason("a/b"), Some("it is long: very"));
        assert_eq!(glimesh.reason("a/c"), Some("other rule"));
        let phoenix = Differences::read(text, ProfileName::Phoenix);
        assert_eq!(phoenix.ids().collect::<Vec<_>>(), ["a/b"]);
    }
}
