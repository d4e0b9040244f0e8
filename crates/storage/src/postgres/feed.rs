//! Changes that other nodes make, by PostgreSQL's LISTEN and NOTIFY.

use std::future::poll_fn;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio_postgres::{AsyncMessage, Config, NoTls};
use weighhouse_types::KeyHash;

use crate::records::Change;

/// The channel; its payload is a key's hash.
pub(super) const CHANNEL: &str = "weighhouse_keys";

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Listens as long as somebody listens to the feed. After a gap anything may have changed.
pub(super) fn follow(config: Config, feed: broadcast::Sender<Change>) {
    tokio::spawn(async move {
        let mut pause = FIRST_PAUSE;
        loop {
            match listen(&config, &feed).await {
                Ok(()) => pause = FIRST_PAUSE,
                Err(error) => tracing::warn!(%error, "the feed of changes broke off; listening again"),
            }
            drop(feed.send(Change::Everything));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    });
}

async fn listen(config: &Config, feed: &broadcast::Sender<Change>) -> Result<(), tokio_postgres::Error> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let started = tokio::spawn(async move {
        let listening = client.batch_execute(&format!("LISTEN {CHANNEL}")).await;
        // The client must live as long as the connection is listened to.
        std::future::pending::<()>().await;
        drop(client);
        listening
    });
    let ended = loop {
        match poll_fn(|context| connection.poll_message(context)).await {
            Some(Ok(AsyncMessage::Notification(note))) if note.channel() == CHANNEL => {
                drop(feed.send(Change::Key(KeyHash::new(note.payload()))));
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => break Err(error),
            None => break Ok(()),
        }
    };
    started.abort();
    ended
}
