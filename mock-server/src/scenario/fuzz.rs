//! Mutations of a frame: what a broken server might send.

use crate::scenario::on::Roll;

/// What may stand in the place of a piece of text.
const STRANGE: [&str; 12] =
    ["null", "{}", "[]", "\"\"", "-1", "1e999", "\\", "\"", ",", "]", "\u{0}", "\u{1F600}"];

/// The nth mutation of a text, the same for the same seed. It may happen to be the text itself.
pub(crate) fn mutation(text: &str, seed: u64, n: u32) -> String {
    let mut roll = Roll::new(seed ^ u64::from(n) << 32);
    let mut mutant: Vec<char> = text.chars().collect();
    for _ in 0..=roll.under(3) {
        let at = roll.under(mutant.len() + 1);
        let end = (at + roll.under(12)).min(mutant.len());
        match roll.under(5) {
            0 => mutant.truncate(at),
            1 => {
                mutant.drain(at..end);
            }
            2 => {
                let piece = mutant[at..end].to_vec();
                mutant.splice(end..end, piece);
            }
            3 => {
                let strange = STRANGE[roll.under(STRANGE.len())];
                mutant.splice(at..end, strange.chars());
            }
            _ => mutant[at..end].reverse(),
        }
    }
    mutant.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mutations_are_the_same_for_the_same_seed_and_most_differ_from_the_text() {
        let text = r#"[null,null,"phoenix","phx_reply",{"response":{},"status":"ok"}]"#;
        let all = |seed| (1..=500).map(|n| mutation(text, seed, n)).collect::<Vec<_>>();
        assert_eq!(all(7), all(7));
        assert_ne!(all(7), all(8));
        let same = all(7).iter().filter(|mutant| *mutant == text).count();
        assert!(same < 50, "{same} of 500 are the text itself");
        (1..=500).for_each(|n| drop(mutation("", 7, n)));
    }
}
