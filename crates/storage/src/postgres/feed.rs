//! Changes that other nodes make, by PostgreSQL's LISTEN and NOTIFY.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_postgres::tls::NoTlsStream;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Error, NoTls, Socket};
use weighhouse_types::KeyHash;

use crate::entities::EntityKind;
use crate::records::Change;

/// The channel; its payload is a key's hash, or the kind and id of another record.
pub(super) const CHANNEL: &str = "weighhouse_keys";

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The task that listens. It ends with this value.
#[derive(Debug)]
pub(super) struct Feed {
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Feed {
    /// Listens from the moment at which this returns.
    ///
    /// # Errors
    /// The server cannot be listened to.
    pub(super) async fn start(config: Config, told: broadcast::Sender<Change>) -> Result<Self, Error> {
        let listener = Listener::connect(&config).await?;
        let task = tokio::spawn(follow(listener, config, told));
        Ok(Self { task: Mutex::new(Some(task)) })
    }

    /// Listens no more.
    pub(super) async fn stop(&self) {
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(task) = task {
            task.abort();
            // It was cancelled; there is nothing else to learn.
            drop(task.await);
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(task) = task {
            task.abort();
        }
    }
}

/// Tells what is heard, and after each gap that anything may have changed: once it listens again, because what
/// changes before that moment is not heard.
async fn follow(mut listener: Listener, config: Config, told: broadcast::Sender<Change>) {
    loop {
        let error = listener.tell(&told).await;
        tracing::warn!(error, "the feed of changes broke off; listening again");
        listener = again(&config).await;
        // Nobody may be listening to us.
        drop(told.send(Change::Everything));
    }
}

/// Connects again, with pauses that grow.
async fn again(config: &Config) -> Listener {
    let mut pause = FIRST_PAUSE;
    loop {
        match Listener::connect(config).await {
            Ok(listener) => return listener,
            Err(error) => tracing::warn!(%error, "the feed of changes cannot be listened to; trying again"),
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// What a payload tells: hashes hold no colon.
fn change_of(payload: &str) -> Change {
    let entity = payload.split_once(':').and_then(|(kind, id)| Some((EntityKind::from_name(kind)?, id)));
    match entity {
        Some((kind, id)) => Change::Entity(kind, id.to_owned()),
        None => Change::Key(KeyHash::new(payload)),
    }
}

/// A connection that listens.
struct Listener {
    connection: Connection<Socket, NoTlsStream>,
    /// Kept, because the connection ends with it.
    _client: Client,
}

impl Listener {
    async fn connect(config: &Config) -> Result<Self, Error> {
        let (client, mut connection) = config.connect(NoTls).await?;
        {
            let statement = format!("LISTEN {CHANNEL}");
            let mut listening = pin!(client.batch_execute(&statement));
            loop {
                tokio::select! {
                    done = &mut listening => break done?,
                    // The connection works only while it is asked for messages. What it hears so early is from
                    // before the caller is told that it listens.
                    message = poll_fn(|context| connection.poll_message(context)) => match message {
                        Some(message) => drop(message?),
                        None => break listening.await?,
                    },
                }
            }
        }
        Ok(Self { connection, _client: client })
    }

    /// Tells changes until the connection breaks; gives the reason.
    async fn tell(&mut self, told: &broadcast::Sender<Change>) -> String {
        loop {
            match poll_fn(|context| self.connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(note))) if note.channel() == CHANNEL => {
                    drop(told.send(change_of(note.payload())));
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return error.to_string(),
                None => return "the server closed the connection".to_owned(),
            }
        }
    }
}
