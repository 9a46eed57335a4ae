use super::super::show;
use super::*;

/// What is shown for the only thing that is wrong with a line.
fn shown(line: &[u8]) -> String {
    match read(line) {
        Line::Violation(violation) => show(line, 3, &violation, false),
        Line::Said(read) => show(line, 3, &read.doubts[0], true),
        Line::Log => panic!("log output"),
    }
}

#[test]
fn what_has_no_prefix_is_log_output() {
    for line in [&b"{\"id\":1,\"ok\":{}}"[..], b"connected", b"", b"@gck", b"\xff"] {
        assert_eq!(read(line), Line::Log);
    }
}

#[test]
fn unknown_fields_are_ignored_and_those_that_look_known_are_doubted() {
    let doubts = |line: &[u8]| match read(line) {
        Line::Said(read) => read.doubts.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!(doubts(br#"@gck {"id":1,"ok":{},"took_ms":3}"#), 0);
    assert_eq!(doubts(br#"@gck {"id":1,"unsupported":"no","isue":"x"}"#), 1);
}

#[test]
fn hostile_lines_are_violations() {
    let deep = [PREFIX.as_bytes(), &b"[".repeat(MOST / 2)].concat();
    let long = [PREFIX.as_bytes(), &b" ".repeat(MOST)].concat();
    for (line, fault) in [
        (&deep[..], Fault::NotJson),
        (&long, Fault::TooLong),
        (b"@gck ", Fault::NotJson),
        (b"@gck 7", Fault::NotAnObject),
        (b"@gck {\"id\":\xff}", Fault::NotUtf8),
        (br#"@gck {"id":-1,"ok":{}}"#, Fault::WrongId),
        (br#"@gck {"id":1.5,"ok":{}}"#, Fault::WrongId),
        (br#"@gck {"id":1,"ok":{},"error":{}}"#, Fault::NoOutcome),
        (br#"@gck {"id":1,"ok":7}"#, Fault::WrongField),
        (br#"@gck {"event":7}"#, Fault::UnknownEvent),
        (br#"@gck {"event":"log","level":"loud","message":""}"#, Fault::WrongField),
    ] {
        let Line::Violation(violation) = read(line) else { panic!("{line:?}") };
        assert_eq!(violation.fault, fault, "{violation:?}");
        assert!(show(line, 1, &violation, false).contains(fault.name()));
    }
}

#[test]
fn a_violation_is_shown_where_it_stands() {
    let lines: [&[u8]; 7] = [
        br#"@gck {'id':1,'ok':{}}"#,
        br#"@gck {"id":"1","ok":{}}"#,
        br#"@gck {"id":1,"okay":{}}"#,
        br#"@gck {"evnt":"chat","conn":"a"}"#,
        br#"@gck {"event":"chatt","conn":"a"}"#,
        br#"@gck {"id":1,"error":{"kind":"network","message":"m"}}"#,
        br#"@gck {"id":1,"unsupported":"no","isue":"x"}"#,
    ];
    let all: Vec<_> = lines.iter().map(|line| shown(line)).collect();
    insta::assert_snapshot!(all.join("\n\n"), @r#"
    error[not-json]: the line is not JSON: key must be a string
     --> the adapter's standard output:3
      |
    3 | @gck {'id':1,'ok':{}}
      |       ^
      |
      = help: write one JSON object on one line, with a JSON library, and flush it

    error[wrong-id]: the id is not an integer
     --> the adapter's standard output:3
      |
    3 | @gck {"id":"1","ok":{}}
      |            ^^^
      |
      = help: a reply repeats its request's id as the same JSON number, without
              quotes

    error[no-outcome]: the reply has none of ok, error and unsupported
     --> the adapter's standard output:3
      |
    3 | @gck {"id":1,"okay":{}}
      |      ^^^^^^^^^^^^^^^^^^
      |
      = help: where there is nothing to tell, it is "ok":{}

    error[no-id]: the line has neither an id nor an event
     --> the adapter's standard output:3
      |
    3 | @gck {"evnt":"chat","conn":"a"}
      |       ^^^^^^
      |
      = help: did you mean "event" instead of "evnt"?

    error[unknown-event]: there is no event "chatt"
     --> the adapter's standard output:3
      |
    3 | @gck {"event":"chatt","conn":"a"}
      |               ^^^^^^^
      |
      = help: did you mean "chat"?

    error[wrong-field]: unknown variant `network`, expected one of `transport`,
                        `handshake`, `auth`, `timeout`, `server`, `decode`,
                        `closed`, `usage`, `internal`
     --> the adapter's standard output:3
      |
    3 | @gck {"id":1,"error":{"kind":"network","message":"m"}}
      |                                      ^

    warning[wrong-field]: the field "isue" is ignored
     --> the adapter's standard output:3
      |
    3 | @gck {"id":1,"unsupported":"no","isue":"x"}
      |                                 ^^^^^^
      |
      = help: did you mean "issue"?
    "#);
}
