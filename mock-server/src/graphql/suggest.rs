//! "Did you mean": names that resemble a wrong one.
//!
//! Source: Absinthe 1.7.1, `lib/absinthe/utils/suggestion.ex`; Elixir 1.14, `String.jaro_distance/2`; recordings
//! `doc/x_unknown_field_many`, `doc/v_unknown_type`.

/// How alike two names must be.
const ALIKE: f64 = 0.70;

/// How many are named.
const MOST: usize = 5;

/// ` Did you mean "a", "b", or "c"?`, or nothing.
pub(super) fn did_you_mean<'a>(wrong: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    suggestion(names.into_iter().map(|name| (likeness(wrong, name), name)))
}

fn suggestion<'a>(names: impl Iterator<Item = (f64, &'a str)>) -> String {
    let mut alike: Vec<_> = names.filter(|(like, _)| *like >= ALIKE).collect();
    // The least alike comes first, as the real server has it.
    alike.sort_by(|(a, _), (b, _)| a.total_cmp(b));
    let quoted: Vec<_> =
        alike.into_iter().take(MOST).map(|(_, name)| format!("{name:?}")).collect();
    match &quoted[..] {
        [] => String::new(),
        [one] => format!(" Did you mean {one}?"),
        [one, two] => format!(" Did you mean {one} or {two}?"),
        [first @ .., last] => format!(" Did you mean {}, or {last}?", first.join(", ")),
    }
}

/// As [`did_you_mean`], for fields, which the real server knows by their names in its source: `avatarUrl` is
/// `avatar_url` there. Source: recording `doc/x_multi_line_pos`, whose suggestion is alike only in that form.
pub(super) fn did_you_mean_field(wrong: &str, names: &[&str]) -> String {
    let wrong = snake_case(wrong);
    suggestion(names.iter().map(|name| (likeness(&wrong, &snake_case(name)), *name)))
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for char in name.chars() {
        if char.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(char.to_ascii_lowercase());
    }
    snake
}

/// The Jaro distance, from 0 to 1, counting a transposition wherever a match lies before the former one.
fn likeness(a: &str, b: &str) -> f64 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (short, long) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
    // However alike they are, they are not alike enough.
    if long.len() > 10 * short.len() {
        return 0.0;
    }
    let reach = (long.len() / 2).saturating_sub(1);
    let mut taken = vec![false; long.len()];
    let (mut matches, mut transpositions, mut former) = (0_u32, 0_u32, None);
    for (index, char) in short.iter().enumerate() {
        let window = index.saturating_sub(reach)..(index + reach + 1).min(long.len());
        let Some(found) = window.into_iter().find(|at| !taken[*at] && long[*at] == *char) else {
            continue;
        };
        taken[found] = true;
        matches += 1;
        transpositions += u32::from(former.is_some_and(|former| found < former));
        former = Some(found);
    }
    if matches == 0 {
        return 0.0;
    }
    let (m, t) = (f64::from(matches), f64::from(transpositions));
    let part = |len: usize| m / f64::from(u32::try_from(len).unwrap_or(u32::MAX));
    (part(a.len()) + part(b.len()) + (m - t) / m) / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alike_names_are_suggested_least_alike_first() {
        let names = ["channel", "chatMessage", "followers"];
        assert_eq!(did_you_mean("chat", names), " Did you mean \"channel\" or \"chatMessage\"?");
        assert_eq!(did_you_mean("zzzz", names), "");
        assert_eq!(did_you_mean("", names), "");
        assert_eq!(did_you_mean("alsoNope", ["socialYoutube"]), "");
        let suggestion = did_you_mean_field("alsoNope", &["socialYoutube"]);
        assert_eq!(suggestion, " Did you mean \"socialYoutube\"?");
    }
}
