//! The condition of an entry: `os == "windows" and clock != "real"`.

use std::fmt;

use super::compare::Facts;

/// A condition: comparisons that must all hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct When {
    text: String,
    all: Vec<Comparison>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Comparison {
    fact: Fact,
    equal: bool,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fact {
    Os,
    Arch,
    Profile,
    Clock,
}

/// Why a text is no condition.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no condition; write comparisons such as os == \"linux\" or clock != \"real\", joined by `and`; known are os, arch, profile and clock"
)]
pub struct WhenError(String);

impl When {
    /// Reads a condition.
    ///
    /// # Errors
    ///
    /// [`WhenError`] shows the part that is wrong.
    pub fn parse(text: &str) -> Result<Self, WhenError> {
        let all = text.split(" and ").map(comparison).collect::<Result<_, _>>()?;
        Ok(Self { text: text.to_owned(), all })
    }

    /// Whether it holds.
    pub fn holds(&self, facts: &Facts) -> bool {
        self.all.iter().all(|comparison| {
            let fact = match comparison.fact {
                Fact::Os => std::env::consts::OS,
                Fact::Arch => std::env::consts::ARCH,
                Fact::Profile => &facts.profile,
                Fact::Clock => &facts.clock,
            };
            (fact == comparison.value) == comparison.equal
        })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn comparison(text: &str) -> Result<Comparison, WhenError> {
    let wrong = || WhenError(text.trim().to_owned());
    let (name, equal, value) = match (text.split_once("=="), text.split_once("!=")) {
        (Some((name, value)), None) => (name, true, value),
        (None, Some((name, value))) => (name, false, value),
        _ => return Err(wrong()),
    };
    let fact = match name.trim() {
        "os" => Fact::Os,
        "arch" => Fact::Arch,
        "profile" => Fact::Profile,
        "clock" => Fact::Clock,
        _ => return Err(wrong()),
    };
    let value = value.trim();
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let value = value.filter(|value| !value.is_empty() && !value.contains('"'));
    Ok(Comparison { fact, equal, value: value.ok_or_else(wrong)?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_comparisons_must_hold() {
        let facts = Facts { profile: "glimesh".to_owned(), clock: "accel".to_owned() };
        let holds = |text: &str| When::parse(text).unwrap().holds(&facts);
        assert!(holds(r#"clock == "accel""#));
        assert!(holds(&format!(r#"os=="{}" and profile != "phoenix""#, std::env::consts::OS)));
        assert!(!holds(r#"clock == "accel" and profile == "phoenix""#));
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for wrong in ["", "os", "os = \"linux\"", "os == linux", "moon == \"full\"", "os == \"\""] {
            assert!(When::parse(wrong).is_err(), "{wrong}");
        }
    }
}
