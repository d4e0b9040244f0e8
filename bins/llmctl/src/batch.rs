//! Work on many things, a batch after the other, with how far it has come.

use weighhouse_client::ClientError;

use crate::failure::Failure;
use crate::output::Progress;

/// Things in one request.
const BATCH: usize = 100;

/// Does the work on all things; how many were done. A batch of which none was there counts nothing.
///
/// # Errors
/// The first that is no "not found"; what came before it is done.
pub(crate) async fn in_batches<T>(
    things: &[T],
    what: &'static str,
    work: impl AsyncFn(&[T]) -> Result<usize, ClientError>,
) -> Result<usize, Failure> {
    let mut progress = Progress::new(what, Some(things.len() as u64));
    let is_one = things.len() <= BATCH;
    let mut done = 0;
    for batch in things.chunks(BATCH) {
        match work(batch).await {
            Ok(count) => done += count,
            // Of many, others may still be there.
            Err(error) if error.status() == Some(404) && !is_one => {}
            Err(error) => return Err(error.into()),
        }
        progress.advance(batch.len() as u64);
    }
    Ok(done)
}

/// Does the work on each thing; how many were done.
///
/// # Errors
/// As [`in_batches`].
pub(crate) async fn one_by_one<T>(
    things: &[T],
    what: &'static str,
    work: impl AsyncFn(&T) -> Result<(), ClientError>,
) -> Result<usize, Failure> {
    let mut progress = Progress::new(what, Some(things.len() as u64));
    let mut done = 0;
    for thing in things {
        match work(thing).await {
            Ok(()) => done += 1,
            Err(error) if error.status() == Some(404) && things.len() > 1 => {}
            Err(error) => return Err(error.into()),
        }
        progress.advance(1);
    }
    Ok(done)
}
