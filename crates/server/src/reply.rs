//! The body of what the house answers: whole, or a relayed stream.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::edge::{ConnectionState, Phase};
use crate::relay::RelayBody;

/// An answer on its way to the client. When it is gone, the connection waits for the next request.
#[derive(Debug)]
pub struct ReplyBody {
    content: Content,
    connection: Option<Arc<ConnectionState>>,
}

#[derive(Debug)]
enum Content {
    Whole(Option<Bytes>),
    Relay(Box<RelayBody>),
}

/// The stream cannot go on; hyper closes the connection.
#[derive(Debug, thiserror::Error)]
#[error("the stream ended before its end")]
pub struct StreamCut;

impl ReplyBody {
    /// A body that is there.
    #[must_use]
    pub const fn whole(bytes: Bytes) -> Self {
        Self { content: Content::Whole(Some(bytes)), connection: None }
    }

    pub(crate) const fn relay(relay: Box<RelayBody>) -> Self {
        Self { content: Content::Relay(relay), connection: None }
    }

    pub(crate) fn on(mut self, connection: Arc<ConnectionState>) -> Self {
        self.connection = Some(connection);
        self
    }
}

impl Drop for ReplyBody {
    fn drop(&mut self) {
        if let Content::Relay(relay) = std::mem::replace(&mut self.content, Content::Whole(None)) {
            relay.leave();
        }
        if let Some(connection) = &self.connection {
            connection.enter(Phase::Idle);
        }
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = StreamCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamCut>>> {
        match &mut self.content {
            Content::Whole(bytes) => Poll::Ready(
                bytes.take().filter(|bytes| !bytes.is_empty()).map(|bytes| Ok(Frame::data(bytes))),
            ),
            Content::Relay(relay) => {
                relay.poll_piece(context).map(|piece| piece.map(|bytes| bytes.map(Frame::data)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Content::Relay(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
            }
            Content::Relay(_) => SizeHint::default(),
        }
    }
}
