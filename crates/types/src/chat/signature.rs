//! Proofs that a provider puts on reasoning, to be shown to it again untouched.

use crate::Dialect;

/// What stands before the signature of another provider while it rides in a client's dialect.
const MARK: &str = "weighhouse.";

/// A provider's proof (Anthropic's `signature`, Responses' `encrypted_content`, Gemini's `thoughtSignature`).
/// It means something only to the kind of provider that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The dialect of the provider that made it.
    pub origin: Dialect,
    /// The text as the provider wrote it.
    pub value: String,
}

impl Signature {
    /// Reads a signature that a client sent: its own dialect's, or one that carries its origin.
    #[must_use]
    pub fn from_client(text: &str, client: Dialect) -> Self {
        let marked = text.strip_prefix(MARK).and_then(|rest| rest.split_once('.'));
        let found = marked.and_then(|(name, value)| Some((Dialect::from_name(name)?, value)));
        match found {
            Some((origin, value)) => Self { origin, value: value.to_owned() },
            None => Self { origin: client, value: text.to_owned() },
        }
    }

    /// The text that a client of a dialect is shown, from which [`Self::from_client`] finds the origin again.
    #[must_use]
    pub fn for_client(&self, client: Dialect) -> String {
        if self.origin == client {
            self.value.clone()
        } else {
            format!("{MARK}{}.{}", self.origin.name(), self.value)
        }
    }

    /// The provider's own text, for a provider of the same kind; none for others.
    #[must_use]
    pub fn for_provider(&self, provider: Dialect) -> Option<&str> {
        (self.origin == provider).then_some(self.value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_finds_home_through_any_client() {
        for client in Dialect::ALL {
            for origin in Dialect::ALL {
                let signature = Signature { origin, value: "a.b+/=".into() };
                assert_eq!(Signature::from_client(&signature.for_client(client), client), signature);
                assert_eq!(signature.for_provider(client).is_some(), client == origin);
            }
        }
    }
}
