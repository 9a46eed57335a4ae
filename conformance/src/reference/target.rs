//! The URL that a variant or a mutant makes of the given one.

use glimesh_proto::connect::{encode_query_value, parse_query};
use glimesh_proto::names;

use super::{Manner, Mutant, Variant};

/// The polite client takes the URL as it is given.
pub(super) fn url(manner: Manner, given: &str) -> String {
    match manner {
        Manner::Broken(Mutant::PlainForWss) => given.replacen("wss://", "ws://", 1),
        Manner::Broken(Mutant::PastesToken) => with_token(given, |token| token.replace(' ', "%20")),
        Manner::Broken(Mutant::EncodesTwice) => {
            with_token(given, |token| encode_query_value(&encode_query_value(token)))
        }
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

/// The URL with its token as the query's last parameter, written in its own way.
fn with_token(given: &str, write: impl FnOnce(&str) -> String) -> String {
    let mut written = None;
    let url = with_query(given, |pairs| {
        let at = pairs.iter().position(|(name, _)| name == "token");
        written = at.map(|at| write(&pairs.remove(at).1));
    });
    written.map_or_else(|| given.to_owned(), |token| format!("{url}&token={token}"))
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
        broken(Mutant::PastesToken, &graph("vsn=2.0.0&token=a+b"));
        broken(Mutant::EncodesTwice, &graph("vsn=2.0.0&token=a%252Bb"));
        broken(Mutant::Placeholder, &graph("vsn=2.0.0&token=TOKEN_HERE"));
    }

    #[test]
    fn a_client_id_can_stand_in_the_wrong_parameter() {
        let given = "ws://h/api/graph/websocket?vsn=2.0.0&client_id=4d";
        let spoiled = url(Manner::Broken(Mutant::ClientIdAsToken), given);
        assert_eq!(spoiled, "ws://h/api/graph/websocket?vsn=2.0.0&token=4d");
    }
}
