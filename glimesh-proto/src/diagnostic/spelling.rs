//! "Did you mean": which known word a wrong one resembles.

/// Words longer than this resemble nothing; it keeps the comparison cheap.
const LONGEST: usize = 64;

/// The candidate that differs least, if it differs little: in letter case, or in one of four letters.
pub(crate) fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    candidates
        .iter()
        .map(|candidate| (distance(&lower, &candidate.to_lowercase()), *candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 4).min(4))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours lead from one to the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<usize>>()];
    for i in 1..=from.len() {
        let mut row = vec![i];
        for j in 1..=to.len() {
            let same = usize::from(from[i - 1] != to[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + same);
            if i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_words_are_found_and_far_ones_are_not() {
        assert_eq!(nearest("pheonix", &["phoenix"]), Some("phoenix"));
        assert_eq!(nearest("HEARTBEAT", &["heartbeat", "doc"]), Some("heartbeat"));
        assert_eq!(
            nearest("_absinthe_:control", &["__absinthe__:control"]),
            Some("__absinthe__:control")
        );
        assert_eq!(nearest("dox", &["doc"]), None);
        assert_eq!(nearest("room:1", &["phoenix", "__absinthe__:control"]), None);
    }
}
