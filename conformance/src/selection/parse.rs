//! From text to an expression.
//!
//! ```text
//! list = or { "," or }          or = and { "or" and }          and = not { "and" not }
//! not  = "not" not | "(" list ")" | term
//! ```

use std::ops::Range;

use super::Context;
use super::error::{Fault, SelectError};
use super::predicate::Predicate;
use crate::check::Check;

/// How deep parentheses and `not` may be nested.
const DEEPEST: usize = 64;

/// A parsed selection.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Term(Predicate),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

impl Expr {
    pub(super) fn selects(&self, check: &Check, context: Context<'_>) -> bool {
        match self {
            Self::Term(term) => term.selects(check, context),
            Self::Not(one) => !one.selects(check, context),
            Self::All(all) => all.iter().all(|one| one.selects(check, context)),
            Self::Any(any) => any.iter().any(|one| one.selects(check, context)),
        }
    }

    /// Visits every term, until one has a complaint.
    pub(super) fn terms<E>(
        &self,
        visit: &mut dyn FnMut(&Predicate) -> Result<(), E>,
    ) -> Result<(), E> {
        match self {
            Self::Term(term) => visit(term),
            Self::Not(one) => one.terms(visit),
            Self::All(many) | Self::Any(many) => many.iter().try_for_each(|one| one.terms(visit)),
        }
    }
}

/// Reads a selection; `None` if it is empty.
pub(super) fn parse(text: &str) -> Result<Option<Expr>, SelectError> {
    let mut parser = Parser { tokens: tokens(text), next: 0, end: text.len() };
    if parser.tokens.is_empty() {
        return Ok(None);
    }
    let whole = parser.list(0).and_then(|expr| match parser.peek() {
        None => Ok(expr),
        Some(token) => Err(parser.unexpected(token)),
    });
    whole.map(Some).map_err(|fault| fault.in_text(text))
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Token<'t> {
    text: &'t str,
    at: Range<usize>,
}

/// Words are separated by white space; commas and parentheses stand for themselves.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = None;
    let single = |c: char| matches!(c, '(' | ')' | ',');
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if !single(c) && !c.is_whitespace() {
            start.get_or_insert(at);
            continue;
        }
        if let Some(from) = start.take() {
            tokens.push(Token { text: &text[from..at], at: from..at });
        }
        if single(c) {
            tokens.push(Token { text: &text[at..=at], at: at..at + 1 });
        }
    }
    tokens
}

struct Parser<'t> {
    tokens: Vec<Token<'t>>,
    next: usize,
    end: usize,
}

impl<'t> Parser<'t> {
    fn list(&mut self, depth: usize) -> Result<Expr, Fault> {
        let mut any = vec![self.or(depth)?];
        while self.take(",") {
            // A comma at the end of a list is forgiven.
            if self.peek().is_none_or(|token| token.text == ")") {
                break;
            }
            any.push(self.or(depth)?);
        }
        Ok(one_or(any, Expr::Any))
    }

    fn or(&mut self, depth: usize) -> Result<Expr, Fault> {
        let mut any = vec![self.and(depth)?];
        while self.take("or") {
            any.push(self.and(depth)?);
        }
        Ok(one_or(any, Expr::Any))
    }

    fn and(&mut self, depth: usize) -> Result<Expr, Fault> {
        let mut all = vec![self.not(depth)?];
        while self.take("and") {
            all.push(self.not(depth)?);
        }
        Ok(one_or(all, Expr::All))
    }

    fn not(&mut self, depth: usize) -> Result<Expr, Fault> {
        let Some(token) = self.peek() else {
            let end = self.end..self.end;
            return Err(Fault::new(end, "the selection ends where a predicate should be"));
        };
        if depth > DEEPEST {
            return Err(Fault::new(token.at, format!("nested more than {DEEPEST} deep")));
        }
        self.next += 1;
        if token.text.eq_ignore_ascii_case("not") {
            return Ok(Expr::Not(Box::new(self.not(depth + 1)?)));
        }
        match token.text {
            "(" => {
                let inner = self.list(depth + 1)?;
                if self.take(")") {
                    return Ok(inner);
                }
                Err(match self.peek() {
                    None => Fault::new(token.at, "this parenthesis is never closed"),
                    Some(next) => self.unexpected(next),
                })
            }
            ")" | "," => Err(self.unexpected(token)),
            word if is_word(word) => Err(self.unexpected(token)),
            _ => Predicate::parse(token.text, token.at).map(Expr::Term),
        }
    }

    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.next).cloned()
    }

    fn take(&mut self, word: &str) -> bool {
        let taken = self.peek().is_some_and(|token| token.text.eq_ignore_ascii_case(word));
        self.next += usize::from(taken);
        taken
    }

    fn unexpected(&self, token: Token<'_>) -> Fault {
        let message = format!("{:?} does not belong here", token.text);
        let fault = Fault::new(token.at, message);
        match token.text {
            ")" | "," | "(" => fault,
            word if is_word(word) => {
                fault.helped("a predicate such as HB* or level:must was expected")
            }
            _ => fault.helped("join predicates with and, or, or a comma"),
        }
    }
}

fn is_word(text: &str) -> bool {
    ["and", "or", "not"].iter().any(|word| text.eq_ignore_ascii_case(word))
}

fn one_or(mut many: Vec<Expr>, of: fn(Vec<Expr>) -> Expr) -> Expr {
    match many.pop() {
        Some(only) if many.is_empty() => only,
        Some(last) => {
            many.push(last);
            of(many)
        }
        None => of(many),
    }
}
