//! From text to a tree: first as Absinthe reads it, then as the engine does.

use std::collections::{BTreeMap, HashMap};

use apollo_compiler::ast::{
    Definition, Document, FragmentDefinition, OperationDefinition, Selection,
};
use apollo_compiler::parser::Parser;
use apollo_compiler::{Name, Node};

use super::lexer::{self, Kind, Token};
use super::problem::Problem;
use super::syntax::{self, DEEPEST, SyntaxError};

/// The engine counts more than selections as depth, so its limit only guards against a mistake in ours.
const ENGINE_DEEPEST: usize = 8 * DEEPEST;

/// How many tokens a document may have. The real server has no limit.
///
/// No setting, as is none of GraphQL's bounds: they keep one document from taking a worker's stack or minutes of its
/// time, no document of a client for chat comes near, and the documents' store is shared by all connections.
const MOST_TOKENS: usize = 100_000;

/// How many operations and fragments a document may have. The real server has no limit.
const MOST_DEFINITIONS: usize = 1_000;

/// Words of the language, which errors show without quotes. Source: Absinthe 1.7.1, `lib/absinthe/lexer.ex`.
const RESERVED: [&str; 17] = [
    "directive",
    "enum",
    "extend",
    "fragment",
    "implements",
    "input",
    "interface",
    "mutation",
    "null",
    "on",
    "query",
    "repeatable",
    "scalar",
    "schema",
    "subscription",
    "type",
    "union",
];

/// A document that parses.
#[derive(Debug)]
pub(super) struct ParsedDocument {
    /// In the order of the text.
    pub(super) operations: Vec<Node<OperationDefinition>>,
    /// In the order of the text.
    pub(super) fragments: Vec<Node<FragmentDefinition>>,
    /// By name; of two with one name the last one counts. Source: recording `doc/x_fragment_dup`.
    named: HashMap<Name, Node<FragmentDefinition>>,
    ast: Document,
}

/// Why there is no document.
pub(super) enum Unreadable {
    /// In Absinthe's words.
    Syntax(Problem),
    /// One of our limits, which the real server does not have.
    Limit(String),
}

impl ParsedDocument {
    /// Reads a document.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        let tokens = lexer::tokens(text).map_err(Unreadable::Syntax)?;
        if tokens.len() > MOST_TOKENS {
            return Err(limit(&format!("has more than {MOST_TOKENS} tokens")));
        }
        syntax::check(&tokens).map_err(|error| match error {
            SyntaxError::TooDeep => too_deep(),
            SyntaxError::Unexpected(at) => Unreadable::Syntax(unexpected(&tokens, at)),
        })?;
        let mut parser = Parser::new().recursion_limit(ENGINE_DEEPEST);
        let ast = match parser.parse_ast(for_engine(text, &tokens), "document") {
            Ok(ast) => ast,
            Err(with_errors) => with_errors.partial,
        };
        if ast.definitions.len() > MOST_DEFINITIONS {
            return Err(limit(&format!(
                "has more than {MOST_DEFINITIONS} operations and fragments"
            )));
        }
        let operations = ast.definitions.iter().filter_map(Definition::as_operation_definition);
        let operations = operations.cloned().collect();
        let fragments = ast.definitions.iter().filter_map(Definition::as_fragment_definition);
        let fragments: Vec<_> = fragments.cloned().collect();
        let named = fragments.iter().map(|one| (one.name.clone(), one.clone())).collect();
        Ok(Self { operations, fragments, named, ast })
    }

    pub(super) fn fragment(&self, name: &Name) -> Option<&Node<FragmentDefinition>> {
        self.named.get(name)
    }

    /// Refuses what is too deep once its fragments are filled in. There must be no cycle.
    pub(super) fn check_depth(&self) -> Result<(), Unreadable> {
        let mut known = BTreeMap::new();
        let deepest = self.operations.iter().map(|one| self.depth(&one.selection_set, &mut known));
        if deepest.max().unwrap_or(0) > DEEPEST { Err(too_deep()) } else { Ok(()) }
    }

    fn depth<'a>(
        &'a self,
        selections: &'a [Selection],
        known: &mut BTreeMap<&'a Name, usize>,
    ) -> usize {
        let below = selections.iter().map(|selection| match selection {
            Selection::Field(field) => self.depth(&field.selection_set, known),
            Selection::InlineFragment(inline) => self.depth(&inline.selection_set, known),
            Selection::FragmentSpread(spread) => {
                let name = &spread.fragment_name;
                if let Some(depth) = known.get(name) {
                    return *depth;
                }
                let Some(fragment) = self.fragment(name) else { return 0 };
                let depth = self.depth(&fragment.selection_set, known);
                known.insert(name, depth);
                depth
            }
        });
        below.max().map_or(0, |below| below + 1)
    }

    /// The tree with only one operation, and only the fragments that count.
    pub(super) fn executable_part(&self, operation: &Node<OperationDefinition>) -> Document {
        let fragments = self.named.values().cloned().map(Definition::FragmentDefinition);
        let operation = Definition::OperationDefinition(operation.clone());
        let definitions = std::iter::once(operation).chain(fragments).collect();
        Document { sources: self.ast.sources.clone(), definitions }
    }
}

fn too_deep() -> Unreadable {
    limit(&format!("is nested deeper than {DEEPEST} levels"))
}

fn limit(what: &str) -> Unreadable {
    Unreadable::Limit(format!("The document {what}, and this mock server reads no more."))
}

/// Source: recordings `doc/x_*`; yecc, which prints a token's value, and nothing for the end.
fn unexpected(tokens: &[Token<'_>], at: usize) -> Problem {
    let (shown, start) = match tokens.get(at) {
        Some(token) => (shown(token), token.start),
        None => (String::new(), tokens.last().map_or(0, |token| token.start)),
    };
    Problem::at(start, format!("syntax error before: {shown}"))
}

fn shown(token: &Token<'_>) -> String {
    match token.kind {
        Kind::Punctuator => format!("'{}'", token.text),
        Kind::Name if RESERVED.contains(&token.text) => token.text.to_owned(),
        _ => format!("\"{}\"", token.text.replace('\\', "\\\\").replace('"', "\\\"")),
    }
}

/// The same tokens in the same places, and nothing between them. Escapes that the engine refuses and Absinthe takes
/// as they are become other text.
///
/// Source: recordings `doc/x_bad_u_escape`, `doc/x_bom`.
fn for_engine(text: &str, tokens: &[Token<'_>]) -> String {
    let mut bytes = vec![b' '; text.len()];
    for token in tokens {
        let place = &mut bytes[token.start..token.start + token.text.len()];
        place.copy_from_slice(token.text.as_bytes());
        if token.kind == Kind::Text {
            replace_odd_escapes(place);
        }
    }
    String::from_utf8(bytes).expect("only whole characters were left out, and ASCII was replaced")
}

fn replace_odd_escapes(literal: &mut [u8]) {
    let mut at = 0;
    while at + 1 < literal.len() {
        if literal[at] != b'\\' {
            at += 1;
            continue;
        }
        let is_known = match literal[at + 1] {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => true,
            b'u' => is_unicode_escape(&literal[at + 2..]),
            _ => false,
        };
        if !is_known {
            literal[at] = b'_';
        }
        at += 2;
    }
}

/// Four hex digits that are a character by themselves.
fn is_unicode_escape(digits: &[u8]) -> bool {
    let digits = digits.get(..4).and_then(|digits| std::str::from_utf8(digits).ok());
    let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
    code.is_some_and(|code| char::from_u32(code).is_some())
}
