//! Replaces what varies from run to run, as the recorder did: integers in subscription ids, and times of new rows.

const ID: &str = "__absinthe__:doc:";

/// When the rows of the world were made; this time stays.
const MADE_AT: &str = "2021-01-31T18:27:36";

/// The integers of one record, in the order of their first appearance.
#[derive(Debug, Default)]
pub(super) struct Normal {
    integers: Vec<String>,
    /// The first subscription's id.
    pub(super) first_id: Option<String>,
}

impl Normal {
    pub(super) fn text(&mut self, text: &str) -> String {
        times(&self.ids(text))
    }

    fn ids(&mut self, text: &str) -> String {
        let mut parts = text.split(ID);
        let mut normal = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            normal.push_str(ID);
            // Ids that a server makes up are negative; others are what a client made up.
            match part.split_once(':').filter(|(integer, _)| is_made_up(integer)) {
                Some((integer, rest)) => {
                    let hash = rest.split('"').next().unwrap_or_default();
                    self.first_id.get_or_insert_with(|| format!("{ID}{integer}:{hash}"));
                    normal.push_str(&format!("<N{}>:{rest}", self.number(integer)));
                }
                None => normal.push_str(part),
            }
        }
        normal
    }

    /// Counts from 1.
    fn number(&mut self, integer: &str) -> usize {
        if !self.integers.iter().any(|known| known == integer) {
            self.integers.push(integer.to_owned());
        }
        self.integers.iter().position(|known| known == integer).map_or(0, |index| index + 1)
    }
}

fn is_made_up(integer: &str) -> bool {
    integer.strip_prefix('-').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

fn times(text: &str) -> String {
    let mut normal = String::new();
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let time = rest.get(..MADE_AT.len()).filter(|window| is_time(window) && *window != MADE_AT);
        let length = time.map_or_else(|| char.len_utf8(), str::len);
        normal.push_str(if time.is_some() { "<TIME>" } else { &rest[..length] });
        rest = &rest[length..];
    }
    normal
}

fn is_time(window: &str) -> bool {
    window.bytes().zip(MADE_AT.bytes()).all(|(byte, pattern)| match pattern {
        b'0'..=b'9' => byte.is_ascii_digit(),
        _ => byte == pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_of_ids_are_numbered_and_new_times_marked() {
        let mut normal = Normal::default();
        let text = r#"["__absinthe__:doc:-5:AB","__absinthe__:doc:-7:CD","__absinthe__:doc:-5:AB","é 2026-11-25T01:02:03 2021-01-31T18:27:36"]"#;
        assert_eq!(
            normal.text(text),
            r#"["__absinthe__:doc:<N1>:AB","__absinthe__:doc:<N2>:CD","__absinthe__:doc:<N1>:AB","é <TIME> 2021-01-31T18:27:36"]"#
        );
        assert_eq!(normal.first_id.as_deref(), Some("__absinthe__:doc:-5:AB"));
        assert_eq!(normal.text("__absinthe__:doc:1:AB"), "__absinthe__:doc:1:AB");
    }
}
