//! The data plane: it takes calls, sends them to providers and brings the answers back.
//!
//! A call's whole way is `pipeline::run`; nothing reaches a provider but through `attempt::dispatch`, which
//! takes a permit. This room never knows a wire shape, never writes to the store on the way of a call and
//! holds no lock over an await.

mod attempt;
mod call;
mod clock;
mod count;
mod course;
mod deployment;
mod dispatch;
mod edge;
mod egress;
mod endpoints;
mod house;
mod identify;
mod in_force;
mod ingress;
mod limits;
mod metrics;
mod pace;
mod pipeline;
mod relay;
mod reply;
mod snapshot;
mod stored;
mod subjects;
mod worker;

pub mod assemble;

pub use clock::{Clock, Moment};
pub use deployment::{Deployment, Served};
pub use edge::bind;
pub use house::{Answering, ControlPlane, House};
pub use in_force::{Prices, prompt_usage};
pub use limits::{Limits, Patience};
pub use metrics::Metrics;
pub use relay::OnAbort;
pub use reply::{ReplyBody, StreamCut};
pub use snapshot::{Compat, MoneyRules, Snapshot};
pub use worker::run as run_worker;
