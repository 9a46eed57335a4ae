//! The URL that a variant or a mutant makes of the given one.

use glimesh_proto::connect::{encode_query_value, parse_query};
use glimesh_proto::names;

use super::{Manner, Mutant, Variant};

/// The polite client takes the URL as it is given.
pub(super) fn url(manner: Manner, given: &str) -> String {
    match manner {
        Manner::Broken(Mutant::WrongPath) => given.replace(names::GRAPH_PATH, "/socket/websocket"),
        Manner::Broken(mutant) => with_query(given, |pairs| spoil(mutant, pairs)),
        Manner::Correct(Variant::QueryOrder) => with_query(given, |pairs| {
            pairs.reverse();
            pairs.insert(1, pair("api_key", "none"));
            pairs.insert(0, pair("client", "glimesh reference"));
        }),
        Manner::Polite | Manner::Correct(_) => given.to_owned(),
    }
}

fn spoil(mutant: Mutant, pairs: &mut Vec<(String, String)>) {
    match mutant {
        Mutant::NoVsn => pairs.retain(|(name, _)| name != "vsn"),
        Mutant::OldVsn => set(pairs, "vsn", "1.0.0"),
        Mutant::VsnTwice => pairs.push(pair("vsn", names::VSN)),
        Mutant::OtherToken => set(pairs, "token", "tok_of_somebody_else"),
        Mutant::NoToken => pairs.retain(|(name, _)| name != "token"),
        Mutant::ClientIdAsToken => {
            for (name, _) in pairs.iter_mut().filter(|(name, _)| name == "client_id") {
                "token".clone_into(name);
            }
        }
        Mutant::Placeholder => set(pairs, "token", "TOKEN_HERE"),
        _ => {}
    }
}

fn with_query(given: &str, change: impl FnOnce(&mut Vec<(String, String)>)) -> String {
    let (base, query) = given.split_once('?').unwrap_or((given, ""));
    let Some(mut pairs) = parse_query(query) else { return given.to_owned() };
    change(&mut pairs);
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode_query_value(name), encode_query_value(value)))
        .collect();
    format!("{base}?{}", pairs.join("&"))
}

fn set(pairs: &mut [(String, String)], name: &str, value: &str) {
    for (_, old) in pairs.iter_mut().filter(|(found, _)| found == name) {
        value.clone_into(old);
    }
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "ws://127.0.0.1:4000/api/graph/websocket?vsn=2.0.0&token=a%2Bb";

    #[track_caller]
    fn check(manner: Manner, target: &str) {
        assert_eq!(url(manner, GIVEN), format!("ws://127.0.0.1:4000{target}"));
    }

    #[test]
    fn each_target_differs_in_one_thing() {
        let graph = |query: &str| format!("/api/graph/websocket?{query}");
        check(Manner::Polite, &graph("vsn=2.0.0&token=a%2Bb"));
        check(
            Manner::Correct(Variant::QueryOrder),
            &graph("client=glimesh%20reference&token=a%2Bb&api_key=none&vsn=2.0.0"),
        );
        let broken = |mutant, target: &str| check(Manner::Broken(mutant), target);
        broken(Mutant::WrongPath, "/socket/websocket?vsn=2.0.0&token=a%2Bb");
        broken(Mutant::NoVsn, &graph("token=a%2Bb"));
        broken(Mutant::OldVsn, &graph("vsn=1.0.0&token=a%2Bb"));
        broken(Mutant::VsnTwice, &graph("vsn=2.0.0&token=a%2Bb&vsn=2.0.0"));
        broken(Mutant::OtherToken, &graph("vsn=2.0.0&token=tok_of_somebody_else"));
        broken(Mutant::NoToken, &graph("vsn=2.0.0"));
        broken(Mutant::Placeholder, &graph("vsn=2.0.0&token=TOKEN_HERE"));
    }

    #[test]
    fn a_client_id_can_stand_in_the_wrong_parameter() {
        let given = "ws://h/api/graph/websocket?vsn=2.0.0&client_id=4d";
        let spoiled = url(Manner::Broken(Mutant::ClientIdAsToken), given);
        assert_eq!(spoiled, "ws://h/api/graph/websocket?vsn=2.0.0&token=4d");
    }
}
