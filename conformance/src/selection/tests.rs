//! The selection language on the real catalogue.

use super::{Context, Selection};
use crate::check::{Capability, Level, catalogue};
use crate::results::{Results, Verdict};

fn ids(text: &str) -> Vec<&'static str> {
    let catalogue = catalogue();
    let selection = Selection::parse(text).unwrap_or_else(|error| panic!("{error}"));
    let selected = selection.of(Context { catalogue: &catalogue, last: None });
    selected.unwrap_or_else(|error| panic!("{error}")).iter().map(|check| check.id).collect()
}

fn complaint(text: &str) -> String {
    let catalogue = catalogue();
    let context = Context { catalogue: &catalogue, last: None };
    let selected = Selection::parse(text).and_then(|selection| selection.of(context));
    selected.expect_err("a complaint").to_string()
}

#[test]
fn lists_of_ids_work_as_ever() {
    assert_eq!(ids("hb001, CN001,"), ["CN001", "HB001"]);
    assert!(ids("HB*").iter().all(|id| id.starts_with("HB")));
    assert_eq!(ids("heartbeat/frame-form"), ["HB004"]);
    assert_eq!(ids("*").len(), catalogue().len());
    assert!(ids(" ").is_empty());
}

#[test]
fn predicates_are_joined_by_and_or_not_and_parentheses() {
    let musts = ids("level:must");
    assert!(musts.len() > 5 && musts.len() < catalogue().len());
    let rest = ids("not level:must");
    assert_eq!(musts.len() + rest.len(), catalogue().len());
    // And binds closer than or, or closer than a comma.
    assert_eq!(ids("HB001 or CN001 and level:may"), ["HB001"]);
    assert_eq!(ids("(HB001 or CN001) and level:must"), ["CN001", "HB001"]);
    assert_eq!(ids("HB001 and level:may, CN001"), ["CN001"]);
    assert_eq!(ids("NOT NOT HB001"), ["HB001"]);
    assert_eq!(ids("not (not HB001, CN001)"), ["HB001"]);
}

#[test]
fn each_key_selects_what_it_says() {
    let checks = catalogue();
    let of = |is: &dyn Fn(&crate::check::Check) -> bool| {
        checks.iter().filter(|check| is(check)).map(|check| check.id).collect::<Vec<_>>()
    };
    assert_eq!(ids("level:Should"), of(&|check| check.level == Level::Should));
    assert_eq!(ids("cap:reconnect"), of(&|check| check.needs == Some(Capability::Reconnect)));
    assert_eq!(ids("tag:timing"), of(&|check| check.timing));
    assert_eq!(ids("tag:heartbeat"), of(&|check| check.slug.starts_with("heartbeat/")));
    let heartbeats = of(&|check| check.clauses.iter().any(|clause| clause.starts_with("GCW-HB-")));
    assert_eq!(ids("clause:gcw-hb-*"), heartbeats);
    assert_eq!(ids("bug:firezone#3833"), ["JN004"]);
    assert!(ids("time:>=60s").contains(&"HB001"));
    assert!(ids("time:<5s").contains(&"FR001") && !ids("time:<5s").contains(&"HB001"));
}

#[test]
fn what_failed_last_time_can_be_run_again() {
    let catalogue = catalogue();
    let sessions = [crate::check::testing::Wire::new().open(0.1).client(0.2, "[]").session()];
    let checks = crate::judge::judge(&sessions, &catalogue, &Capability::ALL);
    let failed: Vec<_> = checks
        .iter()
        .filter(|it| matches!(it.verdict, Verdict::Fail | Verdict::Inconclusive))
        .map(|it| it.id.clone())
        .collect();
    let last = Results { checks, ..Results::empty() };
    let context = Context { catalogue: &catalogue, last: Some(&last) };
    let selected = Selection::parse("result:last-failed").unwrap().of(context).unwrap();
    assert_eq!(selected.iter().map(|check| check.id).collect::<Vec<_>>(), failed);
    let passed = Selection::parse("result:pass").unwrap().of(context).unwrap();
    assert!(passed.iter().all(|check| !failed.contains(&check.id.to_owned())));
}

#[test]
fn mistakes_are_pointed_at() {
    insta::assert_snapshot!(complaint("lvel:must and HB*"), @r#"
    unknown key "lvel"
      lvel:must and HB*
      ^^^^
    did you mean "level"?
    "#);
    insta::assert_snapshot!(complaint("HB* and level:most"), @r#"
    "most" is no level
      HB* and level:most
                    ^^^^
    did you mean "must"?
    "#);
    insta::assert_snapshot!(complaint("HB001,HBO06"), @r#"
    no check matches "HBO06"; `glimesh-conformance list` shows all ids
      HB001,HBO06
            ^^^^^
    did you mean "HB006"?
    "#);
    insta::assert_snapshot!(complaint("(HB* or CN*"), @r#"
    this parenthesis is never closed
      (HB* or CN*
      ^
    "#);
    insta::assert_snapshot!(complaint("HB* CN*"), @r#"
    "CN*" does not belong here
      HB* CN*
          ^^^
    join predicates with and, or, or a comma
    "#);
    insta::assert_snapshot!(complaint("HB* and"), @r#"
    the selection ends where a predicate should be
      HB* and
             ^
    "#);
    insta::assert_snapshot!(complaint("time:5s"), @r#"
    expected a length such as <5s or >=60s
      time:5s
           ^^
    "#);
    insta::assert_snapshot!(complaint("result:last-failed"), @r#"
    there are no results of a run before in the report folder
      result:last-failed
             ^^^^^^^^^^^
    "#);
    insta::assert_snapshot!(complaint("bug:firezone#1"), @r#"
    no check has the bug "firezone#1"
      bug:firezone#1
          ^^^^^^^^^^
    did you mean "firezone#4348"?
    "#);
}

#[test]
fn hostile_nesting_is_refused() {
    assert!(complaint(&"(".repeat(100_000)).starts_with("nested more than 64 deep"));
    assert!(complaint(&"not ".repeat(100_000)).starts_with("nested more than 64 deep"));
}
