//! Stores that open, close, replay and tell each other what changed.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a store that does not answer has failed the test"
)]

mod daily;
mod feed;
mod opening;
mod place;
#[path = "../records/mod.rs"]
mod records;
mod refused;
mod replay;

use weighhouse_storage::{Location, Store};

fn block_on(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(story);
}

async fn open(location: &Location) -> Store {
    Store::open(location).await.unwrap()
}
