//! The way of a call, front to back. Every stage is one call into one room.

use std::sync::Arc;

use http::Response;
use hyper::body::Incoming;
use weighhouse_auth::{Caller, Standing};
use weighhouse_catalog::{Terms, Tier};
use weighhouse_metering::{Admission, OutputBound, Permit, ScopeMeter};
use weighhouse_router::{Leg, Plan, Step};
use weighhouse_types::{Error, Kind, Operation, UsageClass};

use crate::attempt::{self, Destination, Failed};
use crate::call::Call;
use crate::deployment::Deployment;
use crate::edge::{ConnectionState, Phase};
use crate::egress::{self, Course};
use crate::identify::identify;
use crate::ingress::{self, Asked, Head};
use crate::pace;
use crate::reply::ReplyBody;
use crate::snapshot::Snapshot;
use crate::stored;
use crate::subjects::{self, Named};
use crate::worker::Worker;

/// Tokens of a prompt that refers to media, where the facts do not bound it.
const UNKNOWN_MEDIA_TOKENS: u64 = 1_000_000;

/// Classes that a call without media in its prompt and audio in its answer cannot use.
const TEXT_ONLY: &[UsageClass] = &[UsageClass::InputAudio, UsageClass::InputImage, UsageClass::OutputAudio];
const TEXT_OUT: &[UsageClass] = &[UsageClass::OutputAudio];

/// Answers a call to a model.
pub(crate) async fn run(
    worker: &Worker,
    snapshot: &Snapshot,
    head: &Head,
    body: Incoming,
    asked: &Asked<'_>,
    connection: &ConnectionState,
) -> Result<Response<ReplyBody>, Error> {
    let house = &worker.house;
    let caller = identify(worker, snapshot, &head.headers, head.received).await?;
    caller.may_ask(head.route, head.uri.path())?;
    let body = ingress::read_body(body, snapshot.limits.body_bytes).await?;
    connection.enter(Phase::Serving);
    let call = worker.with_rng(|rng| ingress::receive(head, asked, &body, &house.clock, rng))?;
    let call = Arc::new(call);

    let standing = house.directory.standing(&caller, call.end_user.as_deref(), &call.tags).await?;
    let model = standing.model_for(caller.model_for(&call.asked_model));
    caller.may_use(&call.asked_model, model, &snapshot.access_groups)?;
    // A key's alias lets its owner use what it stands for only as long as the owner may use that.
    standing.may_use(caller.model_for(&call.asked_model), model, &snapshot.access_groups)?;
    let mut plan = plan(snapshot, &call, &caller, &standing, model)?;
    if call.ask.peek.goes_on
        && let Some(place) = stored::continued(house, snapshot, &caller, &call).await?
    {
        plan.stay_with(place);
    }
    let named = Named { models: Some((&call.asked_model, model)), end_user: call.end_user.as_deref() };
    let now_ms = call.received.unix_ms;
    let scopes = subjects::meters(house, snapshot, &caller, &standing, named, now_ms).await?;
    let paced = pace::paced(&scopes);
    let mut permit = admit(worker, snapshot, &call, scopes, &plan).await?;
    let mut last = None;
    loop {
        let now = house.now();
        match worker.with_rng(|rng| plan.next(&snapshot.table, rng, now.millis())) {
            Step::Try(leg) => {
                let Some(deployment) = snapshot.deployments.get(leg.deployment) else {
                    return Err(missing());
                };
                if let Err(error) = enter(&mut permit, worker, snapshot, &call, &leg, deployment).await {
                    plan.bar(&leg);
                    last = Some(error);
                    continue;
                }
                let (answer_limit, money) = (snapshot.limits.answer_bytes, snapshot.money);
                let began = if leg.attempt == 0 { call.complete } else { now };
                let (leg, caller, tags) = (&leg, &caller, &standing.tag_names);
                let to = Destination { leg, deployment, caller, tags, answer_limit, money, began };
                match attempt::dispatch(permit, &call, &to, worker).await {
                    Ok(answer) => {
                        note_success(snapshot, leg.deployment, house.now().millis());
                        let course =
                            Course { call: &call, caller, leg, deployment, plan: &plan, paced: &paced };
                        return Ok(egress::reply(answer, &course, house));
                    }
                    Err(Failed { error, failure, permit: rest }) => {
                        let now = house.now().millis();
                        worker.with_rng(|rng| plan.failed(&snapshot.table, leg, &failure, rng, now));
                        let Some(rest) = rest else { return Err(error) };
                        permit = rest;
                        last = Some(error);
                    }
                }
            }
            Step::Wait(pause) => tokio::time::sleep(pause).await,
            Step::AllCooling => return Err(last.unwrap_or_else(|| all_cooling(&call))),
            Step::Exhausted => return Err(last.unwrap_or_else(missing)),
        }
    }
}

/// Takes what an attempt needs of its deployment and provider. Nothing is sent where they do not bear it.
async fn enter(
    permit: &mut Permit,
    worker: &Worker,
    snapshot: &Snapshot,
    call: &Call,
    leg: &Leg,
    deployment: &Deployment,
) -> Result<(), Error> {
    if snapshot.money.refuses_unpriced {
        let served = deployment.served(leg.tail.as_deref());
        if served.prices.lines().is_empty() && served.target.answers_itself().is_none() {
            return Err(no_price(call));
        }
    }
    let house = &worker.house;
    let now = house.now();
    let scopes = match deployment.subjects.as_slice() {
        // What the attempt before took of its own deployment goes back all the same.
        [] => Vec::new(),
        limited => Box::pin(subjects::counted(house, limited.to_vec(), now.unix_ms)).await?,
    };
    permit.reach(scopes, now.unix_ms, now.seconds())
}

/// Where the call may go. Groups that the caller may not use are no fallbacks.
fn plan(
    snapshot: &Snapshot,
    call: &Call,
    caller: &Caller,
    standing: &Standing,
    model: &str,
) -> Result<Plan, Error> {
    let mut plan = Plan::new(&snapshot.table, model, call.num_retries).ok_or_else(|| unknown_model(call))?;
    if call.ask.peek.disable_fallbacks {
        plan.fall_back_to(&[]);
    } else if !call.ask.peek.fallbacks.is_empty() {
        plan.fall_back_to(&call.ask.peek.fallbacks);
    }
    plan.keep_fallbacks(|group| {
        let groups = &snapshot.access_groups;
        caller.may_use(group, group, groups).is_ok() && standing.may_use(group, group, groups).is_ok()
    });
    Ok(plan)
}

/// Checks and charges every limit; nothing is sent without the permit that comes of it.
async fn admit(
    worker: &Worker,
    snapshot: &Snapshot,
    call: &Call,
    scopes: Vec<Arc<ScopeMeter>>,
    plan: &Plan,
) -> Result<Permit, Error> {
    let meter = &worker.house.meter;
    let is_bounded = snapshot.weighs_deployments || scopes.iter().any(|scope| scope.is_limited());
    let served = if is_bounded { reach(snapshot, plan) } else { Vec::new() };
    let books: Vec<_> = served.iter().map(|served| &served.prices).collect();
    let limits_of = |of: fn(&weighhouse_catalog::Limits) -> Option<u64>| {
        most_of(served.iter().map(|served| served.facts.as_ref().and_then(|facts| of(&facts.limits))))
    };
    // Counting costs nothing, so nothing is held for it.
    let is_free = call.operation == Operation::CountTokens;
    let text_bytes = call.ask.envelope.body().len() as u64;
    let has_media = is_bounded && !is_free && call.ask.has_media();
    let input_bound = if has_media {
        text_bytes.max(limits_of(|limits| limits.max_input).unwrap_or(UNKNOWN_MEDIA_TOKENS))
    } else {
        text_bytes
    };
    let peek = &call.ask.peek;
    let without = match (has_media, peek.asks_audio) {
        (false, false) => TEXT_ONLY,
        (_, false) => TEXT_OUT,
        (_, true) => &[],
    };
    // What deployments add where the client says nothing counts as if it had been asked for.
    let added: Vec<_> =
        served.iter().map(|served| served.target.added(call.operation, call.ask.dialect)).collect();
    let added_bound = most_of(added.iter().map(|(bound, _)| *bound));
    let added_choices = added.iter().filter_map(|(_, choices)| *choices).max().filter(|_| !peek.has_choices);
    let admission = Admission {
        terms: Terms {
            unix_ms: Some(call.received.unix_ms),
            tier: (!peek.asks_tier).then_some(Tier::Standard),
            without,
            searches: 1,
        },
        scopes,
        books: &books,
        input_bound,
        input_estimate: text_bytes / 4,
        output: OutputBound {
            asked: peek.max_output.or(added_bound),
            of_model: limits_of(|limits| limits.max_output),
            choices: peek.choices.max(added_choices.unwrap_or(1)),
            is_none: !call.operation.generates(),
        },
        unix_ms: call.received.unix_ms,
        second: call.complete.seconds(),
        is_free,
        // No longer than the client waits.
        hold_wait: call.timeout.map_or(snapshot.money.hold_wait, |most| most.min(snapshot.money.hold_wait)),
        group: &call.asked_model,
        operation: call.operation,
        unpriced: snapshot.money.unpriced,
        is_weighed: snapshot.weighs_deployments,
    };
    meter.admit(admission).await
}

/// The largest of some bounds; where one of them is not known, nor is that.
fn most_of(mut bounds: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    let first = bounds.next()??;
    bounds.try_fold(first, |most, bound| Some(most.max(bound?)))
}

/// Everything that the call may still reach: what is held must cover the dearest of it.
fn reach(snapshot: &Snapshot, plan: &Plan) -> Vec<Arc<crate::deployment::Served>> {
    let groups = plan.reach().filter_map(|name| snapshot.table.find(name));
    let members = groups.flat_map(|found| {
        let tail = found.tail.clone();
        let places: Vec<_> = found.group.members.iter().map(|member| member.deployment).collect();
        places.into_iter().map(move |place| (place, tail.clone()))
    });
    members
        .filter_map(|(place, tail)| Some(snapshot.deployments.get(place)?.served(tail.as_deref())))
        .collect()
}

fn note_success(snapshot: &Snapshot, deployment: usize, now_ms: u64) {
    if let Some(health) = snapshot.table.health(deployment) {
        health.succeeded(now_ms);
    }
}

fn unknown_model(call: &Call) -> Error {
    let message = format!(
        "litellm.BadRequestError: You passed in model={}. There are no healthy deployments for this model. GET \
         /v1/models lists the models that you may use",
        call.asked_model
    );
    Error::new(Kind::UnknownModel, message).at("model")
}

fn no_price(call: &Call) -> Error {
    let message = format!(
        "model={} has no price, and this gateway sends nothing whose cost it does not know. Set input_cost_per_token \
         and output_cost_per_token for it",
        call.asked_model
    );
    Error::new(Kind::InvalidRequest, message).at("model")
}

fn all_cooling(call: &Call) -> Error {
    let message = format!(
        "No deployments available for selected model, Try again in 5 seconds. Passed model={}. Every deployment of it \
         is cooling down after failures",
        call.asked_model
    );
    Error::new(Kind::AllCooling, message).retry_after(std::time::Duration::from_secs(5))
}

fn missing() -> Error {
    Error::new(Kind::Internal, "the routing table names a deployment that is not there")
}
