//! Counting a prompt's tokens here, for providers that do not count.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::Semaphore;
use weighhouse_metering::Permit;
use weighhouse_providers::dialects::read_request;
use weighhouse_providers::{count, tokens};
use weighhouse_storage::Outcome;
use weighhouse_types::{Error, Kind, Usage};

use crate::attempt::{Answer, Content, Destination, Failed, failed, refused_here};
use crate::call::Call;
use crate::course::{Course, End, fresh_row};
use crate::deployment::Served;
use crate::worker::Worker;

/// Prompts that are counted at once, in the whole house: counting fills a processor, and calls come first.
pub(crate) static COUNTING: Semaphore = Semaphore::const_new(2);

/// Answers a count without a provider.
pub(crate) async fn here(
    mut permit: Permit,
    call: &Arc<Call>,
    to: &Destination<'_>,
    worker: &Worker,
    served: &Arc<Served>,
) -> Result<Answer, Failed> {
    let row = fresh_row(call, to.caller, to.leg, to.deployment, served, Arc::clone(to.tags));
    if let Err(error) = permit.begin(row).await {
        return Err(refused_here(error, permit));
    }
    let course = Course::new(Arc::clone(&worker.house), Arc::clone(call), Arc::clone(served), permit, to);
    finish(course, call, served).await
}

/// Counts, and ends the attempt with it.
pub(crate) async fn finish(mut course: Course, call: &Arc<Call>, served: &Served) -> Result<Answer, Failed> {
    let body = match counted(call, served).await {
        Ok(body) => body,
        Err(error) => return Err(failed(course, error, Some(End::refused()))),
    };
    course.answered(200);
    let booked =
        course.end(End { outcome: Outcome::Success, usage: Some(Usage::default()), ..End::refused() });
    Ok(Answer {
        headers: http::HeaderMap::new(),
        content: Content::Whole(body, booked),
        output_lowered_to: None,
        dropped: Vec::new(),
    })
}

async fn counted(call: &Arc<Call>, served: &Served) -> Result<Bytes, Error> {
    let gone = |what: &str| Error::new(Kind::Internal, format!("the prompt was not counted: {what}"));
    let _turn = COUNTING.acquire().await.map_err(|_| gone("nobody counts any more"))?;
    let (call, model) = (Arc::clone(call), Arc::clone(served.target.model()));
    let counted = tokio::task::spawn_blocking(move || {
        let dialect = call.ask.dialect;
        let request = read_request(dialect, &count::inside(dialect, call.ask.envelope.body()))?;
        Ok(count::write(dialect, tokens::count(&request, &model)).into())
    });
    counted.await.map_err(|_| gone("counting broke off"))?
}
