//! How a provider's answer is brought to the client: relayed as it came, or translated; weighed in both cases by
//! the provider's own dialect, so that money never depends on a translation.

use std::sync::Arc;

use bytes::Bytes;
use weighhouse_types::chat::Event;
use weighhouse_types::{Dialect, Error, Usage};

use crate::count;
use crate::dialects::{
    StreamReader, StreamRelay, StreamWriter, read_answer, weigh_answer, write_answer, write_error,
};
use crate::registry::UsageRules;
use crate::translation::{ReplyNotes, Shown};
use crate::weight::{StreamEnd, Whole};

/// The way back of one call.
#[derive(Clone, Debug)]
pub struct Passage {
    /// The provider's dialect.
    pub provider: Dialect,
    /// The client's dialect.
    pub client: Dialect,
    /// The name of the model that the client is shown; none leaves the provider's.
    pub model: Option<Arc<str>>,
    /// The usage chunk was asked for by the house, not by the client.
    pub hides_usage: bool,
    /// How the provider's usage reports differ.
    pub rules: UsageRules,
    /// The answer is a count of tokens, which costs nothing.
    pub is_count: bool,
    /// What a translation needs; none where the answer is relayed.
    pub translation: Option<Box<Translated>>,
}

/// What a translation needs on the way back.
#[derive(Clone, Debug)]
pub struct Translated {
    /// For the reader of the reply.
    pub notes: ReplyNotes,
    /// For the writer of the answer.
    pub shown: Shown,
    /// Parameters that were left out because the provider cannot take them.
    pub dropped: Vec<&'static str>,
}

impl Passage {
    /// Brings a whole answer to the client.
    ///
    /// # Errors
    /// `UpstreamGarbled`: not what the provider's dialect allows.
    pub fn whole(&self, body: &Bytes) -> Result<Whole, Error> {
        if self.is_count {
            return self.count(body);
        }
        let model = self.model.as_deref();
        let Some(translated) = &self.translation else {
            return weigh_answer(self.provider, body, model, self.rules);
        };
        let mut whole = weigh_answer(self.provider, body, None, self.rules)?;
        let answer = read_answer(self.provider, body, &translated.notes, self.rules)?;
        whole.body = write_answer(self.client, &answer, &translated.shown).into();
        Ok(whole)
    }

    fn count(&self, body: &Bytes) -> Result<Whole, Error> {
        let tokens = count::read(self.provider, body)?;
        let is_relayed = self.provider == self.client;
        Ok(Whole {
            body: if is_relayed { body.clone() } else { count::write(self.client, tokens).into() },
            usage: Some(Usage::default()),
            raw_usage: None,
            response_id: None,
            service_tier: None,
            counted_output: 0,
        })
    }

    /// Brings a stream to the client.
    #[must_use]
    pub fn stream(self) -> PassageStream {
        let shown_model = self.model.as_deref().filter(|_| self.translation.is_none());
        let weigher = StreamRelay::new(self.provider, shown_model, self.hides_usage, self.rules);
        let translation = self.translation.map(|translated| {
            Box::new(Translation {
                reader: StreamReader::new(self.provider, translated.notes, self.rules),
                writer: StreamWriter::new(self.client, translated.shown),
                events: Vec::new(),
                has_failed: false,
            })
        });
        PassageStream { client: self.client, weigher, translation }
    }

    /// Parameters that were left out because the provider cannot take them.
    #[must_use]
    pub fn dropped(&self) -> &[&'static str] {
        self.translation.as_ref().map_or(&[], |translated| translated.dropped.as_slice())
    }
}

/// A stream on its way to the client, frame by frame.
#[derive(Debug)]
pub struct PassageStream {
    client: Dialect,
    weigher: StreamRelay,
    translation: Option<Box<Translation>>,
}

#[derive(Debug)]
struct Translation {
    reader: StreamReader,
    writer: StreamWriter,
    events: Vec<Event>,
    has_failed: bool,
}

impl PassageStream {
    /// Takes a frame and gives what the client gets in its place, if anything.
    ///
    /// # Errors
    /// `UpstreamGarbled`: not what the provider's dialect allows.
    pub fn frame(&mut self, frame: Bytes) -> Result<Option<Bytes>, Error> {
        let Some(translation) = &mut self.translation else { return Ok(self.weigher.frame(frame)) };
        // What the relay would pass on is not wanted, only its weight.
        drop(self.weigher.frame(frame.clone()));
        translation.reader.frame(&frame, &mut translation.events)?;
        Ok(translation.write())
    }

    /// The provider's bytes are over: what the client still gets.
    pub fn finish(&mut self) -> Option<Bytes> {
        let translation = self.translation.as_mut()?;
        translation.reader.finish(&mut translation.events);
        translation.write()
    }

    /// What says to the client that the stream breaks off.
    pub fn fail(&mut self, error: &Error) -> Bytes {
        let mut out = Vec::new();
        match &mut self.translation {
            Some(translation) => translation.writer.fail(error, &mut out),
            None => relayed_failure(self.client, error, &mut out),
        }
        out.into()
    }

    /// What the stream came to, when it ended or was given up.
    #[must_use]
    pub fn end(&mut self) -> StreamEnd {
        self.weigher.end()
    }

    /// Generated tokens so far, counted from the frames that arrived.
    #[must_use]
    pub const fn counted_output(&self) -> u64 {
        self.weigher.counted_output()
    }

    /// The stream has said that it is complete.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.weigher.is_complete()
    }

    /// The error object that the provider put into the stream.
    #[must_use]
    pub const fn error(&self) -> Option<&Bytes> {
        self.weigher.error()
    }
}

impl Translation {
    fn write(&mut self) -> Option<Bytes> {
        let mut out = Vec::new();
        for event in self.events.drain(..) {
            match event {
                _ if self.has_failed => {}
                Event::Failed(error) => {
                    self.has_failed = true;
                    self.writer.fail(&error, &mut out);
                }
                event => self.writer.event(&event, &mut out),
            }
        }
        (!out.is_empty()).then(|| out.into())
    }
}

/// The error event of a dialect, for a stream that was relayed so far.
fn relayed_failure(client: Dialect, error: &Error, out: &mut Vec<u8>) {
    let (_, body) = write_error(client, error);
    if matches!(client, Dialect::AnthropicMessages | Dialect::OpenAiResponses) {
        out.extend_from_slice(b"event: error\n");
    }
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(&body);
    out.extend_from_slice(b"\n\n");
}
