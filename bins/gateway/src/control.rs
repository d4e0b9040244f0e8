//! The control plane, put behind the data plane's trait.

use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use weighhouse_admin::Admin;
use weighhouse_auth::Granted;
use weighhouse_server::{Answering, ControlPlane};

/// The admin room, answering for the server.
#[derive(Debug)]
pub(crate) struct Control(pub(crate) Arc<Admin>);

impl ControlPlane for Control {
    fn answer(&self, request: Request<Bytes>, granted: Granted) -> Answering {
        let admin = Arc::clone(&self.0);
        Box::pin(async move { admin.answer(request, granted).await })
    }
}
