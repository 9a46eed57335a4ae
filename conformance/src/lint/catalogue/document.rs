//! What can be wrong with the GraphQL document in `query`.

use glimesh_mock::graphql::Rule;
use glimesh_proto::diagnostic::{ByProfile, Code, Reaction, Severity};

/// The codes of this file.
pub const ALL: &[&Code] = &[
    &SYNTAX,
    &UNKNOWN_FIELD,
    &OLDER_API_ONLY,
    &UNKNOWN_ARGUMENT,
    &ARGUMENT_VALUE,
    &ARGUMENT_MISSING,
    &SELECTION_MISSING,
    &SELECTION_ON_LEAF,
    &VARIABLE_UNDEFINED,
    &VARIABLE_UNUSED,
    &VARIABLE_MISSING,
    &VARIABLE_TYPE,
    &UNKNOWN_TYPE,
    &FRAGMENT,
    &DIRECTIVE,
    &DUPLICATE,
    &OPERATION,
    &SUBSCRIPTION_ROOT,
    &TOO_LARGE,
];

/// The code of a rule of GraphQL.
pub fn of(rule: Rule) -> &'static Code {
    match rule {
        Rule::Syntax => &SYNTAX,
        Rule::Field => &UNKNOWN_FIELD,
        Rule::Argument => &UNKNOWN_ARGUMENT,
        Rule::ArgumentValue => &ARGUMENT_VALUE,
        Rule::ArgumentMissing => &ARGUMENT_MISSING,
        Rule::SelectionMissing => &SELECTION_MISSING,
        Rule::SelectionOnLeaf => &SELECTION_ON_LEAF,
        Rule::VariableUndefined => &VARIABLE_UNDEFINED,
        Rule::VariableUnused => &VARIABLE_UNUSED,
        Rule::VariableMissing => &VARIABLE_MISSING,
        Rule::VariableType => &VARIABLE_TYPE,
        Rule::Type => &UNKNOWN_TYPE,
        Rule::Fragment => &FRAGMENT,
        Rule::Directive => &DIRECTIVE,
        Rule::Duplicate => &DUPLICATE,
        Rule::Operation => &OPERATION,
        Rule::Subscription => &SUBSCRIPTION_ROOT,
        Rule::Limit => &TOO_LARGE,
    }
}

const DOCUMENT: Code = Code {
    id: "",
    slug: "",
    title: "",
    points_at: "",
    clause: Some("GQL-02"),
    severity: ByProfile::same(Severity::Error),
    reaction: ByProfile::same(Reaction::AnswersError),
    what: "",
    why: "Nothing of the document is executed. The reply has the status \"error\" and a list of errors; a client that \
          does not read it believes that it has subscribed, or that its message was sent.",
    bad: "",
    good: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message}}"}]"#,
};

/// `G001`
pub static SYNTAX: Code = Code {
    id: "G001",
    slug: "document-syntax",
    title: "a query that is no GraphQL document",
    points_at: "the first token that cannot stand where it stands",
    clause: Some("GCW-SB-04"),
    reaction: ByProfile::same(Reaction::AnswersErrorAndForgetsClient),
    what: "The text in query is not GraphQL. Usual causes: a brace that is not closed, text in single quotes, a \
           variable pasted into the text that brought a quote along.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message}"}]"#,
    ..DOCUMENT
};

/// `G002`
pub static UNKNOWN_FIELD: Code = Code {
    id: "G002",
    slug: "unknown-field",
    title: "a field that its type does not have",
    points_at: "the field's name",
    what: "The API has no such field there, neither the current API nor the older one. Names are in camel case.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){mesage}}"}]"#,
    ..DOCUMENT
};

/// `G003`
pub static OLDER_API_ONLY: Code = Code {
    id: "G003",
    slug: "older-api-only",
    title: "a document that is valid only on the older API",
    points_at: "what the current API does not know",
    clause: Some("GCW-SB-04"),
    severity: ByProfile { document: Severity::Warning, phoenix: Severity::Error },
    reaction: ByProfile { document: Reaction::Accepts, phoenix: Reaction::AnswersError },
    what: "The protocol document's examples were written for the older API (/api/socket): user { avatar }, and \
           followers(streamerUsername: ..) without edges. The current API, at /api/graph, has other names for them.",
    why: "The server as it was deployed refused them. The mock's profiles glimesh and literal answer by the older \
          API, so that the document's examples work.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){user{avatar}}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){user{avatarUrl}}}"}]"#,
};

/// `G004`
pub static UNKNOWN_ARGUMENT: Code = Code {
    id: "G004",
    slug: "unknown-argument",
    title: "an argument that its field does not have",
    points_at: "the argument's name",
    what: "The field has no argument of this name. A chat's argument is channelId; a channel's are id and \
           streamerUsername.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channel:6){message}}"}]"#,
    ..DOCUMENT
};

/// `G005`
pub static ARGUMENT_VALUE: Code = Code {
    id: "G005",
    slug: "argument-value",
    title: "a value that its argument does not take",
    points_at: "the value",
    clause: Some("GCW-MU-03"),
    what: "The value's type is not the argument's. Most often the message's text has lost its quotes: within the \
           document it stands in quotes, which the JSON around them writes as \\\".",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"mutation{createChatMessage(channelId:6,message:{message:Hello}){message}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"mutation{createChatMessage(channelId:6,message:{message:\"Hello\"}){message}}"}]"#,
    ..DOCUMENT
};

/// `G006`
pub static ARGUMENT_MISSING: Code = Code {
    id: "G006",
    slug: "argument-missing",
    title: "a required argument is missing",
    points_at: "the field",
    what: "The field cannot be asked without this argument.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"mutation{createChatMessage(channelId:6){message}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"mutation{createChatMessage(channelId:6,message:{message:\"Hello\"}){message}}"}]"#,
    ..DOCUMENT
};

/// `G007`
pub static SELECTION_MISSING: Code = Code {
    id: "G007",
    slug: "selection-missing",
    title: "an object without a selection of its fields",
    points_at: "the field",
    what: "The field is an object: say in braces which of its fields are wanted.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6)}"}]"#,
    ..DOCUMENT
};

/// `G008`
pub static SELECTION_ON_LEAF: Code = Code {
    id: "G008",
    slug: "selection-on-leaf",
    title: "a selection on a field that has no fields",
    points_at: "the field",
    what: "The field is a plain value, such as a text or a number; nothing can be selected in it.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message{text}}}"}]"#,
    ..DOCUMENT
};

/// `G009`
pub static VARIABLE_UNDEFINED: Code = Code {
    id: "G009",
    slug: "variable-undefined",
    title: "a variable that the document does not define",
    points_at: "the variable",
    what: "Variables are defined with their types after the operation's name: query Q($id: ID!) { .. }.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:$id){message}}","variables":{"id":6}}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"subscription($id:ID){chatMessage(channelId:$id){message}}","variables":{"id":6}}]"#,
    ..DOCUMENT
};

/// `G010`
pub static VARIABLE_UNUSED: Code = Code {
    id: "G010",
    slug: "variable-unused",
    title: "a variable that is defined and never used",
    points_at: "the definition",
    what: "A definition without use is an error in GraphQL. Perhaps the name is spelled in two ways.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription($id:ID){chatMessage(channelId:6){message}}","variables":{"id":6}}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"subscription($id:ID){chatMessage(channelId:$id){message}}","variables":{"id":6}}]"#,
    ..DOCUMENT
};

/// `G011`
pub static VARIABLE_MISSING: Code = Code {
    id: "G011",
    slug: "variable-missing",
    title: "a required variable without a value",
    points_at: "the definition",
    clause: Some("GCW-SB-05"),
    what: "The variable's type ends in !, and variables holds no value for it. The names in variables have no $.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"query($name:String!){channel(streamerUsername:$name){id}}","variables":{"$name":"Mytho"}}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"query($name:String!){channel(streamerUsername:$name){id}}","variables":{"name":"Mytho"}}]"#,
    ..DOCUMENT
};

/// `G012`
pub static VARIABLE_TYPE: Code = Code {
    id: "G012",
    slug: "variable-type",
    title: "a variable whose type does not fit",
    points_at: "the variable",
    what: "The type in the variable's definition is not the type of the argument that it is given to.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"query($name:Int){channel(streamerUsername:$name){id}}","variables":{"name":6}}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"query($name:String){channel(streamerUsername:$name){id}}","variables":{"name":"Mytho"}}]"#,
    ..DOCUMENT
};

/// `G013`
pub static UNKNOWN_TYPE: Code = Code {
    id: "G013",
    slug: "unknown-type",
    title: "a type that does not exist",
    points_at: "what names the type",
    what: "The API has no type of this name. Types begin with a capital letter.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"query($name:Strng){channel(streamerUsername:$name){id}}","variables":{"name":"Mytho"}}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"query($name:String){channel(streamerUsername:$name){id}}","variables":{"name":"Mytho"}}]"#,
    ..DOCUMENT
};

/// `G014`
pub static FRAGMENT: Code = Code {
    id: "G014",
    slug: "document-fragment",
    title: "a fragment that is unknown, unused, circular, or on the wrong type",
    points_at: "the fragment",
    what: "Each spread needs a fragment of that name in the same document, each fragment a spread; the type after \
           \"on\" is the one in whose selection it is spread.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){...Line}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){...Line}} fragment Line on ChatMessage{message}"}]"#,
    ..DOCUMENT
};

/// `G015`
pub static DIRECTIVE: Code = Code {
    id: "G015",
    slug: "directive",
    title: "a directive that is unknown or in the wrong place",
    points_at: "the directive",
    what: "In documents the API knows @include(if: ..) and @skip(if: ..), on fields and fragments.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6){message @live}}"}]"#,
    ..DOCUMENT
};

/// `G016`
pub static DUPLICATE: Code = Code {
    id: "G016",
    slug: "duplicate-name",
    title: "an argument, a variable or an operation that is given twice",
    points_at: "one of them",
    what: "Names are unique: arguments in their field, variables in their operation, operations in their document.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{chatMessage(channelId:6,channelId:7){message}}"}]"#,
    ..DOCUMENT
};

/// `G017`
pub static OPERATION: Code = Code {
    id: "G017",
    slug: "operation",
    title: "no operation, or more than one to choose from",
    points_at: "the document, or the operation",
    what: "A document has one operation: operationName does not reach the API, so that of several only one without a \
           name could be chosen, and that must be alone.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"query A{myself{id}} query B{myself{username}}"}]"#,
    good: r#"["1","2","__absinthe__:control","doc",{"query":"query A{myself{id username}}"}]"#,
    ..DOCUMENT
};

/// `G018`
pub static SUBSCRIPTION_ROOT: Code = Code {
    id: "G018",
    slug: "subscription-root",
    title: "a subscription that selects more than one field, or a fragment",
    points_at: "the subscription",
    clause: Some("GQL-03"),
    what: "A subscription has exactly one root field, and Absinthe finds it only if it stands there itself. Send one \
           document for each channel.",
    why: "More than one field is refused; a fragment crashes the channel, and all subscriptions are gone.",
    bad: r#"["1","2","__absinthe__:control","doc",{"query":"subscription{a:chatMessage(channelId:6){message} b:chatMessage(channelId:7){message}}"}]"#,
    ..DOCUMENT
};

/// `G019`
pub static TOO_LARGE: Code = Code {
    id: "G019",
    slug: "document-too-large",
    title: "a document beyond what is looked at",
    points_at: "the document",
    clause: None,
    severity: ByProfile::same(Severity::Note),
    reaction: ByProfile::same(Reaction::Accepts),
    what: "The document is nested deeper than 120 levels, has more than 100,000 tokens, or more than a mebibyte. The \
           deployed server had no such limits; this kit has, and says nothing more about the document.",
    why: "A document that large is rarely meant, and slow to answer.",
    bad: "a document of 200,000 braces",
    good: "a document of a few lines",
};
