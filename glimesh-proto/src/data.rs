//! The data of one event, written once for all of its subscribers.

use serde_json::Value;

use crate::json::Json;
use crate::message::SubscriptionId;
use crate::names;

/// What subscribers are sent: `[null,null,ID,"subscription:data",{"result":RESULT,"subscriptionId":ID}]`.
///
/// Everything is written but the subscriber's own id, which has two holes to go into.
///
/// ```
/// use glimesh_proto::{DataTemplate, Frame, SubscriptionId};
/// use serde_json::json;
///
/// let (id, result) = (SubscriptionId("__absinthe__:doc:1:A".to_owned()), json!({"data": null}));
/// let template = DataTemplate::new(&result);
/// assert_eq!(template.parts(&id.to_json()).concat(), Frame::data(&id, result).encode());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataTemplate {
    /// From behind the first hole to the second one.
    middle: String,
}

impl DataTemplate {
    /// Writes the result, once.
    pub fn new(result: &Value) -> Self {
        let (event, result) = (names::SUBSCRIPTION_DATA, Json::from(result));
        Self { middle: format!(",\"{event}\",{{\"result\":{result},\"subscriptionId\":") }
    }

    /// The frame's text for a subscriber, in parts that follow each other; see [`SubscriptionId::to_json`].
    pub fn parts<'a>(&'a self, id: &'a str) -> [&'a str; 5] {
        ["[null,null,", id, &self.middle, id, "}]"]
    }
}

impl SubscriptionId {
    /// The id as JSON, in quotes.
    pub fn to_json(&self) -> String {
        Json::text(&self.0).to_string()
    }
}
