//! Prints the table of a state machine, and holds the documentation to it.

use std::fmt::Debug;

/// The first `text` block in the documentation of `source` must be the table of all pairs.
///
/// A new state or step shows up in it by itself.
#[track_caller]
pub(crate) fn check<State: Copy + Debug, Step: Copy + Debug>(
    source: &str,
    states: &[State],
    steps: &[Step],
    step: impl Fn(State, Step) -> Option<State>,
) {
    let names: Vec<String> = steps.iter().map(|step| format!("{step:?}")).collect();
    let row = |name: &str, cells: Vec<String>| {
        let cells = names.iter().zip(cells).map(|(head, cell)| {
            let width = head.len().max(9);
            format!(" {cell:<width$}")
        });
        let line = format!("{name:<8}{}", cells.collect::<String>());
        format!("{}\n", line.trim_end())
    };
    let mut table = row("", names.clone());
    for &state in states {
        let next = steps.iter().map(|&next| match step(state, next) {
            Some(next) => format!("{next:?}"),
            None => "·".to_owned(),
        });
        table.push_str(&row(&format!("{state:?}"), next.collect()));
    }
    let shown: String = source
        .lines()
        .skip_while(|line| *line != "/// ```text")
        .skip(1)
        .take_while(|line| *line != "/// ```")
        .map(|line| format!("{}\n", line.strip_prefix("/// ").unwrap_or_default()))
        .collect();
    assert_eq!(table, shown, "the documentation should show:\n{table}");
}
