//! A program of its own, as the panic is remembered for the whole program.

use glimesh_conformance::panics;

#[test]
fn a_panic_in_a_task_is_remembered_by_its_place() {
    panics::watch();
    assert_eq!(panics::first(), None);
    let line = line!() + 1;
    let task = std::thread::spawn(|| panic!("as a task of the kit's"));
    task.join().unwrap_err();
    let place = panics::first().unwrap();
    assert!(place.contains(&format!("panics.rs:{line}:")), "{place}");
}
