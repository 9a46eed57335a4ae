//! Whether tokens make a document; if not, where they stop making one.
//!
//! Absinthe's parser is an LALR one: it stops at the first token that no document could have in that place. So does
//! this one, which only looks; the tree is the engine's.
//!
//! Source: Absinthe 1.7.1, `src/absinthe_parser.yrl`; recordings `doc/x_*`.

use super::lexer::{Kind, Token};

/// The deepest nesting that is read: what fits on the stack of a worker, with a margin. The real server has no limit;
/// the recordings go to 101.
pub(super) const DEEPEST: usize = 120;

/// Why tokens are no document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SyntaxError {
    /// The token at this index cannot be there; past the last one, the end cannot.
    Unexpected(usize),
    /// Nested deeper than [`DEEPEST`].
    TooDeep,
}

type Parsed = Result<(), SyntaxError>;

/// Words that begin a definition of a schema, which is read and not used. Source: recording `doc/x_type_def`.
const SCHEMA_WORDS: [&str; 9] =
    ["schema", "scalar", "type", "interface", "union", "enum", "input", "directive", "extend"];

/// Checks a whole document.
pub(super) fn check(tokens: &[Token<'_>]) -> Parsed {
    let mut parser = Parser { tokens, at: 0, depth: 0 };
    while parser.at < tokens.len() {
        parser.definition()?;
    }
    Ok(())
}

struct Parser<'a> {
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    fn definition(&mut self) -> Parsed {
        match self.word() {
            Some("query" | "mutation" | "subscription") => self.operation(),
            Some("fragment") => self.fragment(),
            Some(word) if SCHEMA_WORDS.contains(&word) => {
                self.schema_definition();
                Ok(())
            }
            _ if self.is("{") => self.selection_set(),
            _ if self.kind() == Some(Kind::BlockText) || self.kind() == Some(Kind::Text) => {
                self.at += 1;
                match self.word() {
                    Some(word) if SCHEMA_WORDS.contains(&word) => self.definition(),
                    _ => self.unexpected(),
                }
            }
            _ => self.unexpected(),
        }
    }

    fn operation(&mut self) -> Parsed {
        self.at += 1;
        let named = self.kind() == Some(Kind::Name);
        if named {
            self.at += 1;
        }
        let with_variables = self.is("(");
        if with_variables {
            self.list_of(("(", ")"), Self::variable_definition)?;
        }
        // An operation with neither has no directives, either. Source: recording `doc/x_directive_place`.
        if named || with_variables {
            self.directives()?;
        }
        self.selection_set()
    }

    fn variable_definition(&mut self) -> Parsed {
        self.variable()?;
        self.expect(":")?;
        self.type_reference()?;
        if self.is("=") {
            self.at += 1;
            self.value()?;
        }
        self.directives()
    }

    fn variable(&mut self) -> Parsed {
        self.expect("$")?;
        self.name()
    }

    fn type_reference(&mut self) -> Parsed {
        if self.is("[") {
            self.at += 1;
            self.deeper(Self::type_reference)?;
            self.expect("]")?;
        } else {
            self.name()?;
        }
        if self.is("!") {
            self.at += 1;
        }
        Ok(())
    }

    fn fragment(&mut self) -> Parsed {
        self.at += 1;
        if self.word() == Some("on") {
            return self.unexpected();
        }
        self.name()?;
        if self.word() != Some("on") {
            return self.unexpected();
        }
        self.at += 1;
        self.name()?;
        self.directives()?;
        self.selection_set()
    }

    /// Everything up to the next definition that is not within brackets.
    fn schema_definition(&mut self) {
        let mut open = 0_usize;
        self.at += 1;
        while let Some(token) = self.tokens.get(self.at) {
            match token.text {
                "{" | "(" | "[" => open += 1,
                "}" | ")" | "]" => open = open.saturating_sub(1),
                "query" | "mutation" | "subscription" | "fragment" if open == 0 => return,
                text if open == 0 && SCHEMA_WORDS.contains(&text) => return,
                _ => {}
            }
            self.at += 1;
        }
    }

    fn selection_set(&mut self) -> Parsed {
        self.deeper(|parser| parser.list_of(("{", "}"), Self::selection))
    }

    fn selection(&mut self) -> Parsed {
        if !self.is("...") {
            return self.field();
        }
        self.at += 1;
        match self.word() {
            Some("on") => {
                self.at += 1;
                self.name()?;
            }
            Some(_) => {
                self.at += 1;
                return self.directives();
            }
            None => {}
        }
        self.directives()?;
        self.selection_set()
    }

    fn field(&mut self) -> Parsed {
        self.name()?;
        if self.is(":") {
            self.at += 1;
            self.name()?;
        }
        self.arguments()?;
        self.directives()?;
        if self.is("{") { self.selection_set() } else { Ok(()) }
    }

    fn arguments(&mut self) -> Parsed {
        if self.is("(") { self.list_of(("(", ")"), Self::named_value) } else { Ok(()) }
    }

    fn named_value(&mut self) -> Parsed {
        self.name()?;
        self.expect(":")?;
        self.value()
    }

    fn directives(&mut self) -> Parsed {
        while self.is("@") {
            self.at += 1;
            self.name()?;
            self.arguments()?;
        }
        Ok(())
    }

    fn value(&mut self) -> Parsed {
        let Some(token) = self.tokens.get(self.at) else { return self.unexpected() };
        match (token.kind, token.text) {
            (Kind::Punctuator, "$") => self.variable(),
            (Kind::Punctuator, "[") => self.deeper(|parser| parser.values(("[", "]"), Self::value)),
            (Kind::Punctuator, "{") => {
                self.deeper(|parser| parser.values(("{", "}"), Self::named_value))
            }
            (Kind::Punctuator, _) => self.unexpected(),
            _ => {
                self.at += 1;
                Ok(())
            }
        }
    }

    /// As many as there are.
    fn values(&mut self, (open, close): (&str, &str), item: fn(&mut Self) -> Parsed) -> Parsed {
        self.expect(open)?;
        while !self.is(close) {
            item(self)?;
        }
        self.expect(close)
    }

    /// At least one.
    fn list_of(&mut self, (open, close): (&str, &str), item: fn(&mut Self) -> Parsed) -> Parsed {
        self.expect(open)?;
        item(self)?;
        while !self.is(close) {
            item(self)?;
        }
        self.expect(close)
    }

    fn deeper(&mut self, part: impl FnOnce(&mut Self) -> Parsed) -> Parsed {
        if self.depth == DEEPEST {
            return Err(SyntaxError::TooDeep);
        }
        self.depth += 1;
        let parsed = part(self);
        self.depth -= 1;
        parsed
    }

    fn name(&mut self) -> Parsed {
        if self.kind() != Some(Kind::Name) {
            return self.unexpected();
        }
        self.at += 1;
        Ok(())
    }

    fn expect(&mut self, punctuator: &str) -> Parsed {
        if !self.is(punctuator) {
            return self.unexpected();
        }
        self.at += 1;
        Ok(())
    }

    fn is(&self, punctuator: &str) -> bool {
        self.tokens
            .get(self.at)
            .is_some_and(|token| token.kind == Kind::Punctuator && token.text == punctuator)
    }

    fn word(&self) -> Option<&str> {
        let token = self.tokens.get(self.at)?;
        (token.kind == Kind::Name).then_some(token.text)
    }

    fn kind(&self) -> Option<Kind> {
        self.tokens.get(self.at).map(|token| token.kind)
    }

    const fn unexpected(&self) -> Parsed {
        Err(SyntaxError::Unexpected(self.at))
    }
}
