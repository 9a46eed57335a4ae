//! A run as somebody sees it who sits at a terminal: in a pseudo-terminal, whose screen is read.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;

use glimesh_conformance::results::Results;
use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::Parser;

const ROWS: u16 = 24;

/// A session that lasts for three seconds.
const ONE_SESSION: &[&str] = &["-E", "FR001"];

#[test]
fn one_area_shows_what_runs_and_leaves_nothing_behind() {
    let mut seen = Seen::default();
    let end = watch(80, ONE_SESSION, &[], |screen, _| {
        seen.look(screen);
        // The path of the report may be long.
        let live = rows(screen).into_iter().take_while(|row| !row.starts_with("The report is "));
        live.for_each(|row| assert_is_a_line(&row));
    });
    seen.assert_all();
    assert!(!end.screen.contains("sessions done"), "{}", end.screen);
    assert!(end.screen.contains("The client is right."), "{}", end.screen);
    assert_eq!(end.exit, 0);
}

#[test]
fn the_area_fits_a_terminal_that_becomes_narrow() {
    let (mut seen, mut is_narrow) = (Seen::default(), false);
    let end = watch(80, ONE_SESSION, &[], |screen, terminal| {
        // What stood there before is wrapped by the terminal itself; what is drawn from now on fits.
        if !is_narrow && screen.contents().contains("sleeps") {
            terminal.resize(40);
            is_narrow = true;
        } else if is_narrow {
            seen.look(screen);
        }
    });
    assert!(is_narrow && seen.short, "{}", end.screen);
    assert_eq!(end.exit, 0);
}

#[test]
fn colours_can_be_turned_off() {
    let coloured = |written: &str| {
        written.split("\u{1b}[").skip(1).any(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';');
            end.is_some_and(|end| rest[end..].starts_with('m') && end > 0 && &rest[..end] != "0")
        })
    };
    assert!(coloured(&watch(80, ONE_SESSION, &[], |_, _| {}).written));
    let plain = watch(80, ONE_SESSION, &[("NO_COLOR", "1")], |_, _| {}).written;
    assert!(!coloured(&plain), "{plain:?}");
}

#[test]
fn a_terminal_that_cannot_move_its_cursor_gets_lines() {
    let written = watch(80, ONE_SESSION, &[("TERM", "dumb")], |_, _| {}).written;
    assert!(!written.contains('\u{1b}'), "{written:?}");
    assert!(written.contains("held-join ended: nothing wrong in it"), "{written}");
}

#[test]
fn ctrl_c_leaves_a_partial_report_that_says_so() {
    let mut is_asked = false;
    let end = watch(80, &["-E", "HB*", "--jobs", "1"], &[], |screen, terminal| {
        if !is_asked && screen.contents().contains("sleeps") {
            terminal.type_in("\u{3}");
            is_asked = true;
        }
    });
    assert_eq!(end.exit, 130, "{}", end.screen);
    assert!(end.screen.contains("this report is partial"), "{}", end.screen);
    let results = Results::read(end.report.path()).unwrap();
    assert!(results.interrupted);
    assert_eq!(results.sessions.len(), 1, "what had not begun then does not begin");
    let html = std::fs::read_to_string(end.report.path().join("report.html")).unwrap();
    assert!(html.contains("The run was interrupted; this report is partial"));
}

/// What the live area showed at one time or another.
#[derive(Debug, Default)]
struct Seen {
    sleeps: bool,
    short: bool,
    sum: bool,
}

impl Seen {
    fn look(&mut self, screen: &vt100::Screen) {
        for row in rows(screen) {
            let is_session = row.get(3..).is_some_and(|rest| rest.starts_with(" held-join "));
            self.sleeps |= is_session && row.contains(" of the client's seconds more, ");
            self.short |= is_session && row.ends_with(" s more");
            self.sum |= row == "0 of 1 sessions done; nothing wrong so far";
        }
    }

    #[track_caller]
    fn assert_all(&self) {
        assert!(self.sleeps && self.sum, "{self:?}");
    }
}

/// The rows as they stand on the screen.
fn rows(screen: &vt100::Screen) -> Vec<String> {
    screen.rows(0, screen.size().1.into()).map(|row| row.trim_end().to_owned()).collect()
}

/// Nothing was too long for its row: none begins with the rest of another.
#[track_caller]
fn assert_is_a_line(row: &str) {
    const BEGINNINGS: [&str; 9] = [
        "Clock contract×25",
        "1 check in 1 session",
        "0 of 1 sessions",
        "1 of 1 sessions",
        "held-join ended",
        "MUST 1/1",
        "profile glimesh",
        "The client is right.",
        " held-join ",
    ];
    // The spinner is one of several signs; a row may be half drawn.
    let row = row.trim_start_matches(|c: char| ('\u{2800}'..='\u{28ff}').contains(&c));
    assert!(BEGINNINGS.iter().any(|one| row.starts_with(one) || one.starts_with(row)), "{row:?}");
}

/// What a run left behind.
struct End {
    written: String,
    screen: String,
    exit: u32,
    report: tempfile::TempDir,
}

/// The terminal while the run lasts.
struct Terminal<'a> {
    pty: &'a dyn MasterPty,
    keyboard: &'a mut dyn Write,
    columns: u16,
}

impl Terminal<'_> {
    fn resize(&mut self, columns: u16) {
        self.pty.resize(size(columns)).expect("a terminal can be resized");
        self.columns = columns;
    }

    fn type_in(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("a terminal takes input");
        self.keyboard.flush().expect("a terminal takes input");
    }
}

/// Runs the bundled client in a terminal, and looks at its screen whenever something is drawn.
fn watch(
    columns: u16,
    which: &[&str],
    env: &[(&str, &str)],
    mut look: impl FnMut(&vt100::Screen, &mut Terminal<'_>),
) -> End {
    let report = tempfile::tempdir().expect("there is room for a folder");
    let pty = native_pty_system().openpty(size(columns)).expect("there are terminals");
    let mut run = command(which, report.path());
    env.iter().for_each(|(name, value)| run.env(name, value));
    let mut child = pty.slave.spawn_command(run).expect("the kit starts");
    // Reading ends when nobody has the other end any more.
    drop(pty.slave);
    let (mut reader, mut keyboard) = (
        pty.master.try_clone_reader().expect("it can be read"),
        pty.master.take_writer().expect("it can be written to"),
    );
    let mut terminal = Terminal { pty: &*pty.master, keyboard: &mut *keyboard, columns };
    let (mut parser, mut written) = (Parser::new(cells(ROWS), cells(columns), 0), Vec::new());
    let mut portion = [0; 4096];
    // Linux reports the end of a terminal as an error.
    while let Ok(read @ 1..) = reader.read(&mut portion) {
        written.extend_from_slice(&portion[..read]);
        parser.process(&portion[..read]);
        look(parser.screen(), &mut terminal);
        parser.screen_mut().set_size(cells(ROWS), cells(terminal.columns));
    }
    let exit = child.wait().expect("the kit ends").exit_code();
    let screen = parser.screen().contents();
    End { written: String::from_utf8(written).expect("it is text"), screen, exit, report }
}

fn command(which: &[&str], report: &Path) -> CommandBuilder {
    let mut run = CommandBuilder::new(env!("CARGO_BIN_EXE_glimesh-conformance"));
    run.arg("run");
    run.args(which);
    run.arg("--report-dir");
    run.arg(report);
    run.cwd(env!("CARGO_MANIFEST_DIR"));
    run.env("TERM", "xterm-256color");
    // In CI, colours are taken for wanted whatever the terminal is called.
    let chosen = ["NO_COLOR", "CLICOLOR_FORCE", "CLICOLOR", "CI"];
    chosen.iter().for_each(|name| run.env_remove(name));
    run
}

fn size(columns: u16) -> PtySize {
    PtySize { rows: ROWS, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn cells(number: u16) -> NonZero<u16> {
    NonZero::new(number).expect("no terminal is empty")
}
