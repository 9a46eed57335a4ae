//! The scanner that goes on after a fault. Every step consumes something or changes the state for good.

mod words;

use super::fault::{SyntaxError, SyntaxFault};
use super::token::skip_blank;
use super::{Element, FRAME_LENGTH, Kind, Member, Scan, Span};

/// Reads a text as JSON, whatever it is: where its parts stand, and everything that is wrong with it.
///
/// ```
/// use glimesh_proto::scan::{SyntaxFault, scan};
///
/// let text = r#"[null,'1',"phoenix","heartbeat",{},]"#;
/// let found = scan(text);
/// let faults: Vec<_> = found.errors.iter().map(|error| (error.fault, error.span.of(text))).collect();
/// assert_eq!(faults, [(SyntaxFault::SingleQuotes, "'1'"), (SyntaxFault::TrailingComma, ",")]);
/// assert_eq!(found.elements[2].span.of(text), r#""phoenix""#);
/// assert_eq!(found.count, 5);
/// ```
pub fn scan(text: &str) -> Scan {
    let mut patient = Patient::new(text);
    while patient.step() {}
    patient.finish();
    patient.scan
}

/// The first fault of a text. A hostile text can have as many as it has bytes; this names only one.
pub(crate) fn first_error(text: &str) -> Option<SyntaxError> {
    let mut patient = Patient::new(text);
    loop {
        let before = patient.scan.first_error();
        let goes_on = patient.step();
        if !goes_on {
            patient.finish();
        }
        let now = patient.scan.first_error();
        // A run of wrong characters is one fault, which grows while it is read.
        if !goes_on || now.is_some() && now == before {
            return now;
        }
    }
}

pub(super) struct Patient<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    state: State,
    open: Vec<Open>,
    open_objects: usize,
    /// Where the last value or key ended.
    last_end: usize,
    scan: Scan,
}

/// What may come next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Value(Before),
    Key(Before),
    Colon,
    /// A comma, or the end of what is open.
    Next,
    /// The outermost value has ended.
    End,
}

/// What stands before the place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Bracket,
    Comma(usize),
    Colon,
}

struct Open {
    kind: Kind,
    start: usize,
    /// The key whose value comes next, in an object.
    key: Option<Span>,
}

impl<'a> Patient<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            state: State::Value(Before::Nothing),
            open: Vec::new(),
            open_objects: 0,
            last_end: 0,
            scan: Scan::default(),
        }
    }

    /// Goes one token on; false at the end of the text.
    pub(super) fn step(&mut self) -> bool {
        self.at = skip_blank(self.bytes, self.at);
        let Some(&byte) = self.bytes.get(self.at) else { return false };
        if byte == b'/' && matches!(self.bytes.get(self.at + 1), Some(b'/' | b'*')) {
            self.comment();
            return true;
        }
        match self.state {
            State::Value(before) => self.value(byte, before),
            State::Key(before) => self.key(byte, before),
            State::Colon => self.colon(byte),
            State::Next => self.next(byte),
            State::End => self.trailing(byte),
        }
        true
    }

    fn value(&mut self, byte: u8, before: Before) {
        match byte {
            b',' if before == Before::Nothing => self.unexpected(),
            b',' => {
                self.error(SyntaxFault::MissingValue, Span::new(self.at, self.at + 1));
                self.after_comma();
            }
            b':' => {
                self.error(SyntaxFault::UnexpectedColon, Span::new(self.at, self.at + 1));
                self.at += 1;
            }
            b']' | b'}' => self.closing(byte, before),
            _ if self.begins_value(byte) => self.begin(byte),
            _ => self.unexpected(),
        }
    }

    /// Reads what begins a value for sure.
    fn begin(&mut self, byte: u8) {
        match byte {
            b'[' => self.open(Kind::Array),
            b'{' => self.open(Kind::Object),
            _ => {
                let element = self.scalar(byte);
                self.done(element);
            }
        }
    }

    fn key(&mut self, byte: u8, before: Before) {
        match byte {
            b'}' | b']' => self.closing(byte, before),
            b',' => {
                self.error(SyntaxFault::MissingValue, Span::new(self.at, self.at + 1));
                self.after_comma();
            }
            b':' => {
                self.error(SyntaxFault::KeyNotString, Span::empty(self.at));
                self.state = State::Colon;
            }
            b'[' | b'{' => {
                self.error(SyntaxFault::KeyNotString, Span::new(self.at, self.at + 1));
                self.begin(byte);
            }
            _ if self.begins_value(byte) => self.take_key(byte),
            _ => self.unexpected(),
        }
    }

    fn take_key(&mut self, byte: u8) {
        let errors = self.scan.errors.len();
        let element = self.scalar(byte);
        let is_text = matches!(byte, b'"' | b'\'' | b'`') || !byte.is_ascii();
        if !is_text && self.scan.errors.len() == errors {
            // `{true: 1}` and `{1: 1}`: fine as values, and wrong as keys from their first byte on.
            let word = byte.is_ascii_alphabetic();
            let fault = if word { SyntaxFault::UnquotedWord } else { SyntaxFault::KeyNotString };
            self.error_at(fault, element.span, element.span.start);
        } else if !is_text && let Some(error) = self.scan.errors.get_mut(errors) {
            error.at = element.span.start;
        }
        self.state = State::Colon;
        self.last_end = element.span.end;
        if let Some(open) = self.open.last_mut() {
            open.key = Some(element.span);
        }
    }

    fn colon(&mut self, byte: u8) {
        match byte {
            b':' => {
                self.at += 1;
                self.state = State::Value(Before::Colon);
            }
            b'=' => {
                let arrow = usize::from(self.bytes.get(self.at + 1) == Some(&b'>'));
                self.error(SyntaxFault::MissingColon, Span::new(self.at, self.at + 1 + arrow));
                self.at += 1 + arrow;
                self.state = State::Value(Before::Colon);
            }
            b',' | b'}' | b']' => {
                self.error(SyntaxFault::MissingColon, Span::empty(self.last_end));
                self.state = State::Next;
            }
            _ if self.begins_value(byte) => {
                self.error(SyntaxFault::MissingColon, Span::empty(self.last_end));
                self.state = State::Value(Before::Colon);
            }
            _ => self.unexpected(),
        }
    }

    fn next(&mut self, byte: u8) {
        match byte {
            b',' => self.after_comma(),
            b'}' | b']' => self.closing(byte, Before::Nothing),
            b':' => {
                self.error(SyntaxFault::UnexpectedColon, Span::new(self.at, self.at + 1));
                self.at += 1;
                self.state = State::Value(Before::Colon);
            }
            _ if self.begins_value(byte) => {
                self.error(SyntaxFault::MissingComma, Span::empty(self.last_end));
                self.expect_next(Before::Nothing);
                // A value, or a key, stands here: the state's own step reads it.
            }
            _ => self.unexpected(),
        }
    }

    fn trailing(&mut self, byte: u8) {
        if byte == 0 || self.text[self.at..].starts_with('\u{feff}') {
            return self.unexpected();
        }
        let end = self.text.trim_end_matches([' ', '\t', '\n', '\r']).len();
        self.error(SyntaxFault::TrailingText, Span::new(self.at, end));
        self.at = self.bytes.len();
    }

    /// Goes over a comma.
    fn after_comma(&mut self) {
        let comma = self.at;
        self.at += 1;
        self.expect_next(Before::Comma(comma));
    }

    fn expect_next(&mut self, before: Before) {
        self.state = match self.open.last() {
            Some(open) if open.kind == Kind::Object => State::Key(before),
            _ => State::Value(before),
        };
    }

    fn open(&mut self, kind: Kind) {
        self.open.push(Open { kind, start: self.at, key: None });
        self.open_objects += usize::from(kind == Kind::Object);
        self.at += 1;
        self.expect_next(Before::Bracket);
    }

    /// Meets a closing bracket, of the right kind or not.
    fn closing(&mut self, byte: u8, before: Before) {
        let kind = if byte == b']' { Kind::Array } else { Kind::Object };
        let Some(inner) = self.open.last() else { return self.unexpected() };
        let fits = inner.kind == kind;
        let open_of_kind = match kind {
            Kind::Object => self.open_objects,
            _ => self.open.len() - self.open_objects,
        };
        match before {
            Before::Comma(comma) => {
                let span = Span::new(comma, comma + 1);
                self.error(SyntaxFault::TrailingComma, span);
            }
            Before::Colon => self.error(SyntaxFault::MissingValue, Span::empty(self.at)),
            Before::Nothing | Before::Bracket => {}
        }
        if open_of_kind == 0 {
            self.error(SyntaxFault::MismatchedBracket, Span::new(self.at, self.at + 1));
        } else if !fits {
            self.close_up_to(kind);
        }
        self.at += 1;
        self.close(self.at);
    }

    /// Ends what was left open inside the innermost value of a kind.
    fn close_up_to(&mut self, kind: Kind) {
        while let Some(open) = self.open.last().filter(|open| open.kind != kind) {
            let fault = unterminated(open.kind);
            let span = Span::new(open.start, open.start + 1);
            self.error(fault, span);
            self.close(self.at);
        }
    }

    /// Ends the innermost open value before `end`.
    fn close(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        self.open_objects -= usize::from(open.kind == Kind::Object);
        self.done(Element { kind: open.kind, span: Span::new(open.start, end) });
    }

    /// A value has ended.
    fn done(&mut self, element: Element) {
        self.last_end = element.span.end;
        self.state = State::Next;
        let depth = self.open.len();
        match self.open.last_mut() {
            None => {
                self.scan.root = Some(element);
                self.state = State::End;
            }
            Some(open) if depth == 1 => match open.kind {
                Kind::Object => {
                    let member = open.key.take().map(|key| Member { key, value: element });
                    self.scan.members.extend(member);
                }
                _ => {
                    self.scan.count += 1;
                    if self.scan.elements.len() < FRAME_LENGTH {
                        self.scan.elements.push(element);
                    }
                }
            },
            Some(_) => {}
        }
    }

    fn finish(&mut self) {
        self.at = self.bytes.len();
        if self.scan.root.is_none() && self.open.is_empty() && self.scan.errors.is_empty() {
            return self.error(SyntaxFault::Empty, Span::new(0, self.at));
        }
        while let Some(open) = self.open.last() {
            let fault = unterminated(open.kind);
            let span = Span::new(open.start, open.start + 1);
            self.error(fault, span);
            self.close(self.at);
        }
    }

    /// Goes over a character that begins nothing; a run of them is one fault.
    fn unexpected(&mut self) {
        let Some(found) = self.first_char() else { return };
        let fault = match found {
            '\0' => SyntaxFault::Nul,
            '\u{feff}' => SyntaxFault::ByteOrderMark,
            _ => SyntaxFault::UnexpectedCharacter,
        };
        let span = Span::new(self.at, self.at + found.len_utf8());
        match self.scan.errors.last_mut() {
            Some(last) if last.fault == fault && last.span.end == span.start => {
                last.span.end = span.end;
            }
            _ => self.error(fault, span),
        }
        self.at = span.end;
    }

    fn error(&mut self, fault: SyntaxFault, span: Span) {
        self.error_at(fault, span, self.at);
    }

    fn error_at(&mut self, fault: SyntaxFault, span: Span, at: usize) {
        self.scan.errors.push(SyntaxError { fault, span, at });
    }
}

const fn unterminated(kind: Kind) -> SyntaxFault {
    match kind {
        Kind::Object => SyntaxFault::UnterminatedObject,
        _ => SyntaxFault::UnterminatedArray,
    }
}
