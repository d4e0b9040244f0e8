//! What a limit may hang on, and the accounts of it.

use std::fmt;
use std::sync::Arc;

/// Kinds of what may carry a budget or a limit of rate (money.md, "Scope").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// The whole house.
    Global,
    /// A team.
    Team,
    /// A user within a team.
    Member,
    /// A user.
    User,
    /// A virtual key.
    Key,
    /// One model with one key.
    KeyModel,
    /// One model with one team.
    TeamModel,
    /// One model with one user.
    UserModel,
    /// One model with one end user.
    EndUserModel,
    /// One model with one tag.
    TagModel,
    /// Whom a client names as its end user (LiteLLM's customer).
    EndUser,
    /// A tag.
    Tag,
    /// A deployment.
    Deployment,
    /// All deployments of a provider.
    Provider,
}

impl ScopeKind {
    /// Every kind, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Global,
        Self::Team,
        Self::Member,
        Self::User,
        Self::Key,
        Self::KeyModel,
        Self::TeamModel,
        Self::UserModel,
        Self::EndUserModel,
        Self::TagModel,
        Self::EndUser,
        Self::Tag,
        Self::Deployment,
        Self::Provider,
    ];

    /// The name in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Team => "team",
            Self::Member => "member",
            Self::User => "user",
            Self::Key => "key",
            Self::KeyModel => "key_model",
            Self::TeamModel => "team_model",
            Self::UserModel => "user_model",
            Self::EndUserModel => "end_user_model",
            Self::TagModel => "tag_model",
            Self::EndUser => "end_user",
            Self::Tag => "tag",
            Self::Deployment => "deployment",
            Self::Provider => "provider",
        }
    }

    /// LiteLLM's word for it in refusals and headers (contract §4e).
    #[must_use]
    pub const fn descriptor(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Team => "team",
            Self::Member => "team_member",
            Self::User => "user",
            Self::Key => "api_key",
            Self::KeyModel => "model_per_key",
            Self::TeamModel => "model_per_team",
            Self::UserModel => "model_per_user",
            Self::EndUserModel => "model_per_end_user",
            Self::TagModel => "model_per_tag",
            Self::EndUser => "end_user",
            Self::Tag => "tag",
            Self::Deployment => "deployment",
            Self::Provider => "provider",
        }
    }
}

/// What a limit hangs on: a kind and an id, as one text (`team:payments`). Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope {
    text: Arc<str>,
    /// As the text has it: it is asked for in every call.
    kind: ScopeKind,
}

impl Scope {
    /// The scope of an id.
    #[must_use]
    pub fn new(kind: ScopeKind, id: &str) -> Self {
        Self { text: format!("{}:{id}", kind.name()).into(), kind }
    }

    /// The scope of two ids, such as a team and its member. No two pairs share a text.
    #[must_use]
    pub fn pair(kind: ScopeKind, first: &str, second: &str) -> Self {
        let first = first.replace('%', "%25").replace('/', "%2F");
        Self { text: format!("{}:{first}/{second}", kind.name()).into(), kind }
    }

    /// Back from the store; none where the text names no kind.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, _) = text.split_once(':')?;
        let kind = ScopeKind::ALL.into_iter().find(|known| known.name() == name)?;
        Some(Self { text: text.into(), kind })
    }

    /// What kind it is.
    #[must_use]
    pub const fn kind(&self) -> ScopeKind {
        self.kind
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, out)
    }
}

/// An account: a scope in one window. A window "resets" because a new row begins; nothing is ever set to zero.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId {
    /// Whose.
    pub scope: Scope,
    /// In which window.
    pub window: WindowId,
}

/// A window of a budget: its length and its begin, as one text (`days:7@1795046400000`). A day and a week that begin
/// at the same moment are two windows. The account for life has the empty text. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WindowId(Arc<str>);

impl WindowId {
    /// The account for life.
    #[must_use]
    pub fn life() -> Self {
        Self("".into())
    }

    /// The window of a length that begins at a moment, milliseconds since 1970.
    #[must_use]
    pub fn new(length: &str, start_ms: i64) -> Self {
        Self(format!("{length}@{start_ms}").into())
    }

    /// Back from the store.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.into())
    }

    /// Whether it is the account for life.
    #[must_use]
    pub fn is_life(&self) -> bool {
        self.0.is_empty()
    }

    /// The whole text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for WindowId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_tell_scopes_apart_and_read_back() {
        let one = Scope::pair(ScopeKind::Member, "a/b", "c");
        let other = Scope::pair(ScopeKind::Member, "a", "b/c");
        assert_ne!(one, other);
        assert_eq!(one.as_str(), "member:a%2Fb/c");
        for scope in [one, other, Scope::new(ScopeKind::Team, "x:y"), Scope::new(ScopeKind::Global, "")] {
            assert_eq!(Scope::parse(scope.as_str()), Some(scope.clone()));
            assert_eq!(Scope::parse(scope.as_str()).unwrap().kind(), scope.kind());
        }
        assert_eq!(Scope::parse("nobody:x"), None);
    }
}
