//! The ways in which a provider serves an operation: a dialect, an address and the row's rules for it.

use std::sync::Arc;

use http::Uri;
use weighhouse_types::{Dialect, Error, Operation};

use crate::carrier;
use crate::quirks::{OperatorRules, Rules};
use crate::registry::Row;

/// A way's name in provider rows, with what it is.
#[derive(Clone, Copy, Debug)]
pub struct WayName {
    /// The name under `[operations]`.
    pub name: &'static str,
    /// What is asked for.
    pub operation: Operation,
    /// In which dialect.
    pub dialect: Dialect,
}

const fn named(name: &'static str, operation: Operation, dialect: Dialect) -> WayName {
    WayName { name, operation, dialect }
}

/// Every way that a row may name. Where a client's own dialect is not among a row's ways, the first one that the
/// row names in this order is translated to.
pub const WAYS: &[WayName] = &[
    named("messages", Operation::Chat, Dialect::AnthropicMessages),
    named("generate", Operation::Chat, Dialect::Gemini),
    named("chat", Operation::Chat, Dialect::OpenAiChat),
    named("responses", Operation::Chat, Dialect::OpenAiResponses),
    named("count_messages", Operation::CountTokens, Dialect::AnthropicMessages),
    named("count_generate", Operation::CountTokens, Dialect::Gemini),
    named("count_responses", Operation::CountTokens, Dialect::OpenAiResponses),
    named("compact", Operation::Compact, Dialect::OpenAiResponses),
    named("completion", Operation::Completion, Dialect::OpenAiChat),
    named("embedding", Operation::Embedding, Dialect::OpenAiChat),
];

impl WayName {
    /// The way of that name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        WAYS.iter().copied().find(|way| way.name == name)
    }
}

/// How one operation is sent in one dialect.
#[derive(Clone, Debug)]
pub struct Way {
    /// What and in which dialect.
    pub name: WayName,
    /// Where to.
    pub uri: Uri,
    /// Where to for a stream.
    pub stream_uri: Uri,
    /// The row's rules.
    pub rules: Rules,
    /// The base and the path that the addresses are made of.
    parts: (Arc<str>, Arc<str>),
}

impl Way {
    /// The same way for another model of the provider.
    #[must_use]
    pub fn for_model(&self, row: &Row, model: &str, operator: &OperatorRules) -> Self {
        let (base, path) = &self.parts;
        // The base was good for one model, and what is put into the path is escaped.
        let (uri, stream_uri) =
            addresses(base, path, model).unwrap_or_else(|_| (self.uri.clone(), self.stream_uri.clone()));
        Self { uri, stream_uri, rules: Rules::new(row, model, self.name, operator), ..self.clone() }
    }

    /// The ways of a row for a model.
    ///
    /// # Errors
    /// `InvalidRequest`: no absolute http or https address.
    pub fn all(row: &Row, model: &str, base: &str, operator: &OperatorRules) -> Result<Vec<Self>, Error> {
        let of = |name: &WayName| row.operations.get(name.name).map(|path| (*name, path));
        WAYS.iter()
            .filter_map(of)
            .map(|(name, path)| {
                let (uri, stream_uri) = addresses(base, path, model)?;
                let parts = (base.into(), path.as_str().into());
                Ok(Self { name, uri, stream_uri, rules: Rules::new(row, model, name, operator), parts })
            })
            .collect()
    }
}

/// The address for a whole answer and for a stream. Gemini names the model and the kind of answer in its path.
fn addresses(base: &str, path: &str, model: &str) -> Result<(Uri, Uri), Error> {
    let path = path.replace("{model}", &carrier::escaped(model));
    let uri = carrier::address(base, &path)?;
    let streamed = match path.strip_suffix(":generateContent") {
        Some(before) => carrier::address(base, &format!("{before}:streamGenerateContent?alt=sse"))?,
        None => uri.clone(),
    };
    Ok((uri, streamed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_in_the_path_keeps_its_place_and_a_stream_has_its_own() {
        let (uri, streamed) =
            addresses("http://h/v1beta", "/models/{model}:generateContent", "a b?c").unwrap();
        assert_eq!(uri.to_string(), "http://h/v1beta/models/a%20b%3Fc:generateContent");
        let expected = "http://h/v1beta/models/a%20b%3Fc:streamGenerateContent?alt=sse";
        assert_eq!(streamed.to_string(), expected);
        let (uri, streamed) = addresses("http://h/v1", "/chat/completions", "m").unwrap();
        assert_eq!(uri, streamed);
    }
}
