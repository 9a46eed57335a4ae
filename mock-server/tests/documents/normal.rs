//! Replaces what varies from run to run, as the recorder did: integers in subscription ids, and times of new rows.

const ID: &str = "__absinthe__:doc:";

/// When the rows of the world were made; this time stays.
const MADE_AT: &str = "2021-01-31T18:27:36";

/// The integers of one session, in the order of their first appearance.
#[derive(Default)]
pub(crate) struct Normal {
    integers: Vec<String>,
    /// The first subscription's id.
    pub(crate) first_id: Option<String>,
}

impl Normal {
    pub(crate) fn text(&mut self, text: &str) -> String {
        times(&self.ids(text))
    }

    fn ids(&mut self, text: &str) -> String {
        let mut normal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once(ID) {
            let (integer, hash) = after.split_once(':').expect("an id has three parts");
            if !integer.starts_with('-') {
                normal.push_str(before);
                normal.push_str(ID);
                rest = after;
                continue;
            }
            self.first_id.get_or_insert_with(|| format!("{ID}{integer}:{}", &hash[..64]));
            let known = self.integers.iter().position(|known| known == integer);
            let index = known.unwrap_or(self.integers.len());
            if known.is_none() {
                self.integers.push(integer.to_owned());
            }
            normal.push_str(&format!("{before}{ID}<N{}>:", index + 1));
            rest = hash;
        }
        normal + rest
    }
}

fn times(text: &str) -> String {
    let mut normal = String::new();
    let mut at = 0;
    while at < text.len() {
        let window = text.get(at..at + MADE_AT.len()).filter(|window| is_time(window));
        match window {
            Some(window) => {
                normal.push_str(if window == MADE_AT { window } else { "<TIME>" });
                at += window.len();
            }
            None => {
                let char = text[at..].chars().next().unwrap();
                normal.push(char);
                at += char.len_utf8();
            }
        }
    }
    normal
}

fn is_time(window: &str) -> bool {
    window.bytes().zip(MADE_AT.bytes()).all(|(byte, pattern)| match pattern {
        b'0'..=b'9' => byte.is_ascii_digit(),
        _ => byte == pattern,
    })
}
