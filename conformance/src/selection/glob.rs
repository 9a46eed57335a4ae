//! Patterns in which `*` stands for any characters. Letter case does not matter.

/// A pattern. Matching takes time in proportion to the text: every part between stars is looked for once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glob(Vec<String>);

impl Glob {
    pub(crate) fn new(pattern: &str) -> Self {
        Self(pattern.to_ascii_lowercase().split('*').map(str::to_owned).collect())
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        let [first, middle @ .., last] = self.0.as_slice() else {
            return self.0.first().is_some_and(|only| *only == text);
        };
        let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
        for part in middle {
            // The earliest place leaves the most for the parts that follow.
            let Some((_, after)) = rest.split_once(part.as_str()) else { return false };
            rest = after;
        }
        rest.ends_with(last.as_str())
    }

    /// Whether it has a star.
    pub(crate) const fn is_wild(&self) -> bool {
        self.0.len() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::Glob;

    #[track_caller]
    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        check("HB*", "HB001", true);
        check("hb*", "HB001", true);
        check("*", "HB001", true);
        check("*", "", true);
        check("H*1", "HB001", true);
        check("HB00", "HB001", false);
        check("H*2", "HB001", false);
        check("*a*b*", "xxaxxbxx", true);
        check("*b*a", "ab", false);
        // A character is not used twice.
        check("aa*a", "aa", false);
        check("", "", true);
        check("", "a", false);
    }

    #[test]
    fn a_hostile_pattern_takes_no_longer_than_a_good_one() {
        let text = "a".repeat(100_000);
        check(&format!("{}b", "a*".repeat(50_000)), &text, false);
    }
}
