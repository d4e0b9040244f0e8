//! The one error of the house: a closed set of kinds that decide status and retry.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;

use crate::limited::Limited;

/// What went wrong, as far as a decision depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The caller showed no key.
    NoKey,
    /// What the caller showed cannot be a key.
    MalformedKey,
    /// Nobody knows the key.
    UnknownKey,
    /// The key's time is over.
    ExpiredKey,
    /// The key was blocked.
    BlockedKey,
    /// The caller may not use that model.
    ModelDenied,
    /// The caller may not use that route.
    RouteDenied,
    /// A budget does not cover the call.
    BudgetExceeded,
    /// A request or token limit is reached.
    RateLimited,
    /// No deployment has that name.
    UnknownModel,
    /// The model or provider cannot do what is asked.
    Unsupported,
    /// The request is not what the route takes.
    InvalidRequest,
    /// The request is larger than a stated limit.
    TooLarge,
    /// The resource does not exist.
    NotFound,
    /// It already exists, or changed meanwhile.
    Conflict,
    /// The house itself has too much to do, or is about to stop.
    Overloaded,
    /// Every deployment of the group is cooling down.
    AllCooling,
    /// No connection to the provider: it was sent nothing.
    UpstreamUnreachable,
    /// The connection broke once the call was on its way: the provider may have worked on it.
    UpstreamBroken,
    /// The provider did not answer in time.
    UpstreamTimeout,
    /// The provider answered with an error of its own; see [`Error::provider`].
    UpstreamStatus,
    /// The provider's answer is not what its wire format allows.
    UpstreamGarbled,
    /// The caller went away.
    ClientGone,
    /// A defect of ours.
    Internal,
}

impl Kind {
    /// The status that a client gets where nothing more particular is known.
    /// The values are LiteLLM 1.109's (contract §4f), but for a body that is too large: 413, not 400.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::NoKey | Self::MalformedKey | Self::UnknownKey | Self::ExpiredKey | Self::BlockedKey => 401,
            Self::ModelDenied | Self::RouteDenied => 403,
            Self::BudgetExceeded => 422,
            Self::RateLimited | Self::AllCooling => 429,
            Self::UnknownModel | Self::Unsupported | Self::InvalidRequest => 400,
            Self::TooLarge => 413,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Overloaded => 503,
            Self::UpstreamTimeout => 408,
            Self::UpstreamGarbled => 502,
            Self::ClientGone => 499,
            Self::UpstreamUnreachable | Self::UpstreamBroken | Self::UpstreamStatus | Self::Internal => 500,
        }
    }
}

/// A provider's own error, kept as it came.
#[derive(Clone, Debug)]
pub struct ProviderReply {
    /// The provider's name in the registry.
    pub provider: String,
    /// Its status.
    pub status: u16,
    /// Its body, cut at a stated limit.
    pub body: Bytes,
}

/// An error at a room's door: what was wrong, where, and what to do about it.
///
/// The text is written for whoever called and never holds a secret.
#[derive(Debug)]
pub struct Error {
    /// Decides status and retry.
    pub kind: Kind,
    /// What was wrong and what to do.
    pub message: String,
    /// Where: a JSON path, a parameter, a config line.
    pub at: Option<String>,
    /// A status that overrides the kind's.
    pub status: Option<u16>,
    /// When trying again makes sense.
    pub retry_after: Option<Duration>,
    /// The limit that refused the call.
    pub limited: Option<Box<Limited>>,
    /// The provider's own error.
    pub provider: Option<Box<ProviderReply>>,
    /// The cause, for the log; never shown to a caller.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// An error of a kind with words for the caller.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            at: None,
            status: None,
            retry_after: None,
            limited: None,
            provider: None,
            source: None,
        }
    }

    /// Names the place.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.at = Some(place.into());
        self
    }

    /// Overrides the kind's status.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Says when trying again makes sense.
    #[must_use]
    pub const fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Names the limit that refused the call.
    #[must_use]
    pub fn limited(mut self, limited: Limited) -> Self {
        self.limited = Some(Box::new(limited));
        self
    }

    /// Keeps a provider's own error.
    #[must_use]
    pub fn provider(mut self, reply: ProviderReply) -> Self {
        self.provider = Some(Box::new(reply));
        self
    }

    /// Keeps the cause for the log.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The status that a client gets.
    #[must_use]
    pub fn status(&self) -> u16 {
        let of_provider = || match self.kind {
            Kind::UpstreamStatus => self.provider.as_ref().map(|reply| reply.status),
            _ => None,
        };
        self.status.or_else(of_provider).unwrap_or_else(|| self.kind.status())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(place) => write!(out, "{} (at {place})", self.message),
            None => out.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_status_is_kept_and_an_explicit_one_wins() {
        let reply = ProviderReply { provider: "openai".into(), status: 404, body: Bytes::new() };
        let error = Error::new(Kind::UpstreamStatus, "no such model").provider(reply);
        assert_eq!(error.status(), 404);
        assert_eq!(error.with_status(429).status(), 429);
        assert_eq!(Error::new(Kind::BudgetExceeded, "spent").status(), 422);
    }

    #[test]
    fn words_name_the_place() {
        let error = Error::new(Kind::InvalidRequest, "must be a number").at("max_tokens");
        assert_eq!(error.to_string(), "must be a number (at max_tokens)");
    }
}
