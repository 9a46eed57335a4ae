//! The engine's view of a [`Thing`].

use std::cell::RefCell;

use apollo_compiler::resolvers::{FieldError, ObjectValue, ResolveInfo, ResolvedValue};

use super::{Ask, Found, Scene, Thing, resolve};
use crate::graphql::problem::Problem;
use crate::world::{Refusal, TokenKind};

/// A thing within an execution.
pub(in crate::graphql) struct Object<'c, 'w> {
    pub(in crate::graphql) thing: Thing,
    pub(in crate::graphql) scene: &'c RefCell<Scene<'w>>,
}

impl ObjectValue for Object<'_, '_> {
    fn type_name(&self) -> &str {
        self.thing.type_name()
    }

    fn resolve_field<'a>(
        &'a self,
        info: &'a ResolveInfo<'a>,
    ) -> Result<ResolvedValue<'a>, FieldError> {
        let scene = &mut *self.scene.borrow_mut();
        if scene.crash.is_some() {
            return Ok(ResolvedValue::SkipForPartialExecution);
        }
        let Some(left) = scene.fields_left.checked_sub(1) else {
            scene.crash =
                Some("the answer has more fields than this mock server resolves".to_owned());
            return Ok(ResolvedValue::SkipForPartialExecution);
        };
        scene.fields_left = left;
        let ask = Ask::new(info);
        match resolve(scene, &self.thing, &ask) {
            Ok(found) => Ok(complete(self.scene, found)),
            Err(Refusal::Said(message)) => {
                let index = scene.faults.len();
                scene.faults.push(Problem::at(ask.place(), message));
                Err(FieldError { message: index.to_string() })
            }
            Err(Refusal::Crash(reason)) => {
                scene.crash = Some(reason);
                Ok(ResolvedValue::SkipForPartialExecution)
            }
        }
    }
}

fn complete<'c, 'w: 'c>(scene: &'c RefCell<Scene<'w>>, found: Found) -> ResolvedValue<'c> {
    match found {
        Found::Leaf(value) => ResolvedValue::Leaf(value),
        Found::One(thing) => ResolvedValue::object(Object { thing, scene }),
        Found::List(items) => {
            ResolvedValue::list(items.into_iter().map(move |item| complete(scene, item)))
        }
    }
}

impl Thing {
    fn type_name(&self) -> &str {
        match self {
            Self::Query => "RootQueryType",
            Self::Mutation => "RootMutationType",
            Self::Subscription(_) => "RootSubscriptionType",
            Self::User(_) => "User",
            Self::Channel(_) => "Channel",
            Self::ChatMessage(_) => "ChatMessage",
            Self::Metadata(_) => "ChatMessageMetadata",
            Self::Token(token) => match token.kind {
                TokenKind::Text => "TextToken",
                TokenKind::Url => "UrlToken",
                TokenKind::Emote { .. } => "EmoteToken",
            },
            Self::Follower(_) => "Follower",
            Self::Moderator(_) => "ChannelModerator",
            Self::Ban(_) => "ChannelBan",
            Self::LogEntry(_) => "ChannelModerationLog",
            Self::Category(_) => "Category",
            Self::Subcategory(_) => "Subcategory",
            Self::Tag(_) => "Tag",
            Self::Stream(_) => "Stream",
            Self::Social(_) => "UserSocial",
            Self::Edge(_) => "EdgeRoute",
            Self::Connection(connection) => connection.type_name(),
            Self::ConnectionEdge { type_name, .. } => type_name,
            Self::PageInfo(_) => "PageInfo",
        }
    }
}
