//! What is wrong with a document, and where: for who explains a document rather than answers it.

use std::ops::Range;

use apollo_compiler::ast::Selection;
use serde_json::{Map, Value};

use super::document::{ParsedDocument, Unreadable};
use super::lexer::{self, Kind, Token};
use super::problem::Problem;
use super::resolve::Generation;
use super::schema::ApiSchema;
use super::validate::{Verdict, validate};

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which rule it breaks.
    pub rule: Rule,
    /// What the server says about it, in its words.
    pub message: String,
    /// ` Did you mean "a" or "b"?`, or nothing, where the server does not say so itself.
    pub meant: String,
    /// Where: bytes of the document; empty where something is missing.
    pub span: Range<usize>,
    /// Nothing else was looked at, and the channel forgets who its client is. Source: recordings, rule 29.
    pub aborts: bool,
}

/// The rules of GraphQL, as far as the server tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// It is no document.
    Syntax,
    /// A field that its type does not have.
    Field,
    /// An argument that its field or directive does not have.
    Argument,
    /// A value that its argument does not take.
    ArgumentValue,
    /// A required argument is missing.
    ArgumentMissing,
    /// A field of an object type without a selection.
    SelectionMissing,
    /// A field of a scalar type with a selection.
    SelectionOnLeaf,
    /// A variable that nobody defines.
    VariableUndefined,
    /// A variable that nobody uses.
    VariableUnused,
    /// A required variable without a value.
    VariableMissing,
    /// A variable whose type does not fit.
    VariableType,
    /// A type that does not exist.
    Type,
    /// A fragment that is unknown, unused, on the wrong type, or spreads itself.
    Fragment,
    /// A directive that is unknown or in the wrong place.
    Directive,
    /// A name, or an argument, that is given twice.
    Duplicate,
    /// No operation, or more than one to choose from.
    Operation,
    /// A subscription that selects more than one field, or a fragment.
    Subscription,
    /// A limit of the mock server, which the real one does not have.
    Limit,
}

/// Everything that is wrong with a document on one generation of the API, in the server's order.
pub fn faults(query: &str, variables: &Map<String, Value>, generation: Generation) -> Vec<Fault> {
    let tokens = lexer::tokens(query).unwrap_or_default();
    let locate = |problem: &Problem, aborts: bool| Fault::new(query, &tokens, problem, aborts);
    let document = match ParsedDocument::parse(query) {
        Ok(document) => document,
        Err(Unreadable::Syntax(problem)) => {
            return vec![Fault { rule: Rule::Syntax, ..locate(&problem, true) }];
        }
        Err(Unreadable::Limit(text)) => return vec![limit(query, text)],
    };
    match validate(schema(generation), &document, variables) {
        Verdict::Aborted(problems) => problems.iter().map(|one| locate(one, true)).collect(),
        Verdict::Invalid(problems) => problems.iter().map(|one| locate(one, false)).collect(),
        Verdict::Valid(operation) => {
            if let Err(Unreadable::Limit(text)) = document.check_depth() {
                return vec![limit(query, text)];
            }
            let field = matches!(operation.selection_set.first(), Some(Selection::Field(_)));
            if operation.operation_type.is_subscription() && !field {
                let text = "a subscription selects its field itself, not in a fragment";
                let place = super::problem::start(operation.location());
                let fault = locate(&Problem::at(place, text), false);
                return vec![Fault { rule: Rule::Subscription, ..fault }];
            }
            Vec::new()
        }
    }
}

fn schema(generation: Generation) -> &'static ApiSchema {
    super::api::schema(generation)
}

const fn limit(query: &str, message: String) -> Fault {
    Fault { rule: Rule::Limit, message, meant: String::new(), span: 0..query.len(), aborts: false }
}

impl Fault {
    fn new(query: &str, tokens: &[Token<'_>], problem: &Problem, aborts: bool) -> Self {
        let message = problem.message().to_owned();
        let rule = Rule::of(&message);
        let span = match problem.place() {
            None => 0..query.len(),
            Some(place) => token_at(query, tokens, place, rule),
        };
        Self { rule, message, meant: problem.meant().to_owned(), span, aborts }
    }
}

/// The part of the document that a rule is about, which begins, or lies behind what begins, at `place`.
fn token_at(query: &str, tokens: &[Token<'_>], place: usize, rule: Rule) -> Range<usize> {
    let index = tokens.partition_point(|token| token.start < place);
    let range = |token: &Token<'_>| token.start..token.start + token.text.len();
    let Some(token) = tokens.get(index).filter(|token| token.start == place) else {
        // What is no token at all: one character.
        let len = query[place..].chars().next().map_or(0, char::len_utf8);
        return place..place + len;
    };
    let behind_colon = || {
        let colon = tokens.get(index + 1).filter(|token| token.text == ":")?;
        tokens.get(index + 2).map(|token| (colon, token))
    };
    match rule {
        // An alias stands before the field.
        Rule::Field | Rule::SelectionMissing | Rule::SelectionOnLeaf => {
            behind_colon().map_or_else(|| range(token), |(_, field)| range(field))
        }
        Rule::ArgumentValue => match behind_colon() {
            Some((_, value)) => value.start..end_of_value(&tokens[index + 2..]),
            None => range(token),
        },
        Rule::VariableUndefined | Rule::VariableType | Rule::VariableUnused
            if token.kind == Kind::Punctuator && token.text == "$" =>
        {
            let name = tokens.get(index + 1).unwrap_or(token);
            token.start..name.start + name.text.len()
        }
        _ => range(token),
    }
}

/// The end of the value that the tokens begin with.
fn end_of_value(tokens: &[Token<'_>]) -> usize {
    let mut open = 0_usize;
    for token in tokens {
        let end = token.start + token.text.len();
        match token.text {
            "{" | "[" => open += 1,
            "}" | "]" => open = open.saturating_sub(1),
            // The name of a variable follows.
            "$" => continue,
            _ => {}
        }
        if open == 0 {
            return end;
        }
    }
    tokens.last().map_or(0, |token| token.start + token.text.len())
}

impl Rule {
    /// By the server's words, each of which belongs to one rule.
    fn of(message: &str) -> Self {
        let begins = |beginnings: &[&str]| beginnings.iter().any(|one| message.starts_with(one));
        match message {
            _ if begins(&["syntax error", "Parsing failed"]) => Self::Syntax,
            _ if begins(&["Cannot query field"]) => Self::Field,
            _ if begins(&["Unknown argument"]) => Self::Argument,
            _ if begins(&["Argument \""]) => Self::ArgumentValue,
            _ if begins(&["In argument"]) => Self::ArgumentMissing,
            _ if message.contains("must have a selection") => Self::SelectionMissing,
            _ if message.contains("must not have a selection") => Self::SelectionOnLeaf,
            _ if begins(&["Unknown type"]) => Self::Type,
            _ if begins(&["Unknown fragment", "Cannot spread fragment", "Fragment "]) => {
                Self::Fragment
            }
            _ if begins(&["Unknown directive", "Directive "]) => Self::Directive,
            _ if begins(&["Duplicate", "There can only be one"]) => Self::Duplicate,
            _ if begins(&["Only one field"]) => Self::Subscription,
            _ if message.contains("is never used") => Self::VariableUnused,
            _ if message.contains("is not defined") => Self::VariableUndefined,
            _ if message.contains("Expected non-null, found null") => Self::VariableMissing,
            _ if message.contains("found as input") || message.contains("non-input type") => {
                Self::VariableType
            }
            _ => Self::Operation,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &[(Rule, &str)]) {
        let found = faults(query, &Map::new(), Generation::Current);
        let found: Vec<_> =
            found.iter().map(|fault| (fault.rule, &query[fault.span.clone()])).collect();
        assert_eq!(found, expected, "{query}");
    }

    #[test]
    fn faults_have_a_rule_and_a_place() {
        check("{myself{id}}", &[]);
        check("{myself{nme: usrname}}", &[(Rule::Field, "usrname")]);
        check("{channel(idd: 6){id}}", &[(Rule::Argument, "idd")]);
        check("{channel(id: {a: [1]}){id}}", &[(Rule::ArgumentValue, "{a: [1]}")]);
        check("{channel(id: $x){id}}", &[(Rule::VariableUndefined, "$x")]);
        check("query($x: Int){myself{id}}", &[(Rule::VariableUnused, "$x")]);
        check("query($x: ID!){channel(id: $x){id}}", &[(Rule::VariableMissing, "$")]);
        check("{myself}", &[(Rule::SelectionMissing, "myself")]);
        check("{myself{id{a}}}", &[(Rule::SelectionOnLeaf, "id"), (Rule::Field, "a")]);
        check("{myself{id}", &[(Rule::Syntax, "}")]);
        check("{myself{id}} '", &[(Rule::Syntax, "'")]);
        check("{myself{...F}}", &[(Rule::Fragment, "...")]);
        check("{myself{id @upper}}", &[(Rule::Directive, "@")]);
        check("", &[(Rule::Operation, "")]);
        let fragment = "subscription{...F} fragment F on RootSubscriptionType{chatMessage{id}}";
        check(fragment, &[(Rule::Subscription, "subscription")]);
    }
}
