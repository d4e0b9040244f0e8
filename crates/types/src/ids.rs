//! Ids of calls, attempts and keys.

use std::fmt;
use std::sync::Arc;

/// A call: a UUIDv7 minted by the house. A client's own id is metadata and never stands here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(uuid::Uuid);

impl CallId {
    /// The id of a call received at `unix_ms`, with randomness from the caller.
    #[must_use]
    pub const fn new(unix_ms: u64, random: [u8; 10]) -> Self {
        Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
    }

    /// The sixteen bytes, as the store keeps them.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// Back from the store.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(uuid::Uuid::from_bytes(bytes))
    }

    /// Reads the hyphenated text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        uuid::Uuid::try_parse(text).ok().map(Self)
    }

    /// Milliseconds since 1970 at which the call was received.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        self.0.get_timestamp().map_or(0, |at| {
            let (seconds, nanos) = at.to_unix();
            seconds * 1_000 + u64::from(nanos) / 1_000_000
        })
    }

    /// Writes the 36 characters of the text form into a buffer of the caller's.
    #[must_use]
    pub fn encode<'buffer>(&self, buffer: &'buffer mut [u8; 36]) -> &'buffer str {
        self.0.hyphenated().encode_lower(buffer)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(out)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// One try of a call at one deployment; the ledger's primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The call.
    pub call: CallId,
    /// Counts from 0.
    pub number: u16,
}

impl fmt::Display for AttemptId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.call, self.number)
    }
}

/// A virtual key's lasting id: its accounts hang on it and survive rotation of the secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Arc<str>);

/// LiteLLM's hash of a key's secret: SHA-256 in lower-case hex, `token` in its API and tables.
/// It cannot be used to call, so it may stand in logs and labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyHash(Arc<str>);

macro_rules! text_id {
    ($name:ident) => {
        impl $name {
            /// Takes a text that was made elsewhere.
            #[must_use]
            pub fn new(text: &str) -> Self {
                Self(text.into())
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
    };
}

text_id!(KeyId);
text_id!(KeyHash);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_id_keeps_its_time_and_reads_back() {
        let id = CallId::new(1_795_000_000_123, [7; 10]);
        assert_eq!(id.unix_ms(), 1_795_000_000_123);
        assert_eq!(CallId::parse(&id.to_string()), Some(id));
        assert_eq!(CallId::from_bytes(*id.as_bytes()), id);
        assert!(CallId::new(1_795_000_000_124, [0; 10]) > id);
        assert_eq!(AttemptId { call: id, number: 2 }.to_string(), format!("{id}-2"));
    }
}
