use super::*;
use crate::check::Outcome::{self, Met, Note, Unmet, Unseen, Weak};
use crate::check::testing::{BEAT, DOC, JOIN, Wire, outcome};
use glimesh_mock::transcript::MAX_DATA;

fn sent(text: &str) -> Wire {
    Wire::new().open(0.1).client(0.2, text)
}

/// The outcome, the bytes shown, and a part of the hint.
#[track_caller]
fn check(id: usize, text: &str, outcome: Outcome, shown: &str, hint: &str) {
    let seen = sent(text).look(&CHECKS[id - 1]);
    assert_eq!(seen.outcome, outcome, "{seen:?}");
    let span = seen.span.map(|(from, to)| &text[from..to]);
    assert_eq!(span.unwrap_or_default(), shown, "{seen:?}");
    assert!(seen.hint.as_deref().unwrap_or_default().contains(hint), "{seen:?}");
    assert!(matches!(outcome, Met | Unseen) || seen.entry == Some(2), "{seen:?}");
}

#[test]
fn the_documents_frames_keep_every_rule() {
    for check in &CHECKS {
        let wire = sent(JOIN).client(1.0, DOC).client(2.0, BEAT);
        assert_eq!(wire.look(check).outcome, Met, "{}", check.id);
    }
}

#[test]
fn correct_frames_may_differ() {
    let frames = [
        r#"[ "1", "a-b-c", "__absinthe__:control" , "phx_join", { } ]"#,
        "\r\n[\"1\",\n\"17\",\"__absinthe__:control\",\"doc\",{\"variables\":null,\"operationName\":\"x\",\"query\":\"subscription\\n{ chatMessage { id } }\"}]\n",
        r#"[null,"2","phoenix","heartbeat",{}]"#,
        r#"["7","2","phoenix","heartbeat",{}]"#,
    ];
    for (check, frame) in CHECKS.iter().flat_map(|check| frames.map(|frame| (check, frame))) {
        assert_eq!(sent(frame).look(check).outcome, Met, "{} {frame}", check.id);
    }
}

#[test]
fn nothing_is_seen_of_a_silent_client() {
    for check in &CHECKS {
        assert_eq!(Wire::new().look(check).outcome, Unseen, "{}", check.id);
        assert_eq!(Wire::new().open(0.1).server(1.0, "x").look(check).outcome, Unseen);
    }
}

#[test]
fn what_is_sent_behind_the_end_is_not_judged() {
    let wire = sent(JOIN).close(1.0, From::Server, 1000).client(1.1, "x");
    for check in &CHECKS {
        assert_eq!(wire.clone().look(check).outcome, Met, "{}", check.id);
    }
}

#[test]
fn a_message_that_was_not_kept_whole_is_not_judged() {
    let cut = What::Text {
        from: From::Client,
        data: r#"["1","1","__absinthe__:control","doc",{"query":""#.to_owned(),
        len: MAX_DATA + 1,
    };
    for check in &CHECKS[1..] {
        let seen = Wire::new().open(0.1).entry(0.2, cut.clone()).look(check);
        assert_eq!(seen.outcome, Unseen, "{}", check.id);
    }
}

#[test]
fn a_binary_message_fails_and_its_json_is_shown() {
    let binary = |hex: &str| {
        let what = What::Binary { from: From::Client, hex: hex.to_owned(), len: hex.len() / 2 };
        sent(JOIN).entry(0.3, what).look(&CHECKS[0])
    };
    let seen = binary("5b2231225d");
    assert_eq!((seen.outcome, seen.entry), (Unmet, Some(3)));
    assert!(seen.hint.unwrap().contains(r#"["1"]"#));
    assert!(binary("0001").hint.unwrap().contains("binary push"));
    assert_eq!(binary("ff").hint, None);
}

#[test]
fn text_that_is_not_json_is_shown_at_its_first_fault() {
    check(2, "", Unmet, "", "empty");
    check(2, r#"["1","1""#, Unmet, "", "");
    check(2, "['1','1','phoenix','heartbeat',{}]", Unmet, "'", "double ones");
    check(2, r#"["1","1",phoenix,"heartbeat",{}]"#, Unmet, "p", "in double quotes");
    check(2, r#"[None,"1","phoenix","heartbeat",{}]"#, Unmet, "N", "null, true and false");
    check(2, r#"["1","1","phoenix","heartbeat",{},]"#, Unmet, "]", "comma");
    check(2, r#"["1","1","c","doc",{"query":"say "hi""}]"#, Unmet, "h", r#"\""#);
    check(2, "[\"1\",\"a\nb\"]", Unmet, "\n", "line break");
    check(2, &format!("{BEAT}{BEAT}"), Unmet, "[", "more behind");
    check(2, r#"["\ud800"]"#, Unmet, "\\", "surrogate");
    check(2, "{}", Met, "", "");
}

#[test]
fn the_top_level_is_an_array() {
    let v1 = r#"{"topic":"phoenix","event":"heartbeat","payload":{},"ref":"1"}"#;
    check(3, v1, Unmet, v1, "vsn=1.0.0");
    let twice = serde_json::to_string(JOIN).unwrap();
    check(3, &twice, Unmet, &twice, "double encoded");
    check(3, " 42 ", Unmet, "42", "");
    check(3, "nonsense", Unseen, "", "");
    check(3, "[]", Met, "", "");
}

#[test]
fn there_are_five_elements() {
    let heartbeat = r#"["1","phoenix","heartbeat",{}]"#;
    check(4, heartbeat, Unmet, heartbeat, "a ref is missing");
    let join = r#"["1","1","__absinthe__:control","phx_join"]"#;
    check(4, join, Unmet, join, "payload is missing");
    check(4, "[]", Unmet, "[]", "");
    check(4, r#"["1","1","phoenix","heartbeat",{}, 6,7]"#, Weak, "6,7", "ignores");
    check(4, "{}", Unseen, "", "");
}

#[test]
fn refs_are_strings() {
    check(5, r#"["1",12,"c","doc",{}]"#, Unmet, "12", r#""12""#);
    check(5, r#"[1,"1","c","doc",{}]"#, Unmet, "1", "quotes");
    check(5, r#"[["1"],"1","c","doc",{}]"#, Unmet, r#"["1"]"#, "");
    check(5, r#"[null,"1","c","doc",{}]"#, Weak, "null", "");
    check(5, r#"[null,null,"phoenix","heartbeat",{}]"#, Weak, "null", "");
    check(5, r#"["1",1]"#, Unseen, "", "");
}

#[test]
fn the_deployed_server_takes_any_ref() {
    let look = |text| sent(text).profile("phoenix").look(&CHECKS[4]).outcome;
    assert_eq!(look(r#"[1,2,"c","doc",{}]"#), Note);
    assert_eq!(look(r#"[null,null,"c","phx_leave",{}]"#), Met);
    assert_eq!(sent(r#"[1,2,"c","doc",{}]"#).profile("literal").look(&CHECKS[4]).outcome, Unmet);
}

#[test]
fn topic_and_event_are_strings() {
    check(6, r#"["1","1",null,"doc",{}]"#, Unmet, "null", "");
    check(6, r#"["1","1","c",5,{}]"#, Unmet, "5", "");
    check(6, r#"["1","phoenix","heartbeat",{},null]"#, Unmet, "{}", "second place");
}

#[test]
fn the_payload_is_an_object() {
    check(7, r#"["1","1","phoenix","heartbeat",null]"#, Weak, "null", "");
    check(7, r#"["1","1","phoenix","heartbeat",[]]"#, Weak, "[]", "");
    check(
        7,
        r#"["1","1","c","doc","{\"query\":\"\"}"]"#,
        Unmet,
        r#""{\"query\":\"\"}""#,
        "double encoded",
    );
    let null = sent(r#"["1","1","phoenix","heartbeat",null]"#).profile("phoenix");
    assert_eq!(null.look(&CHECKS[6]).outcome, Unmet);
}

#[test]
fn the_worst_frame_of_all_connections_counts() {
    let wire = sent(r#"["1","1","c","doc",{},6]"#).open(1.0).client(1.1, "[]").client(1.2, JOIN);
    let seen = wire.look(&CHECKS[3]);
    assert_eq!((seen.outcome, seen.entry), (Unmet, Some(5)));
}

#[test]
fn a_text_that_is_not_utf8_is_caught_by_the_servers_note() {
    let note = What::Note { code: "not-utf8".to_owned(), text: "closed with 1007".to_owned() };
    let wire = Wire::new().open(0.1).client(0.2, JOIN).entry(0.3, note);
    assert_eq!(outcome("FR002", wire), Unmet);
}
