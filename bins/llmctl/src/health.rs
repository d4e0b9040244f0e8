//! Whether the gateway can serve.

use serde::Serialize;
use weighhouse_client::{Answer, Client, Deployment, Health, Readiness};

use crate::failure::Failure;
use crate::output::{Cell, Column, Output, Table};

const COLUMNS: &[Column] =
    &[Column::text("what", "WHAT"), Column::id("state", "STATE"), Column::id("where", "WHERE")];

#[derive(Serialize)]
struct Report {
    readiness: Readiness,
    /// Only a key may see the deployments.
    deployments: Option<Answer<Health>>,
}

pub(crate) async fn health(client: &Client, has_key: bool, output: &Output) -> Result<(), Failure> {
    let readiness = client.readiness().await?;
    let deployments = if has_key { Some(client.health().await?) } else { None };
    let report = Report { readiness, deployments };
    output.write(&report, || table(&report))?;
    if report.readiness.is_healthy() { Ok(()) } else { Err(Failure::other("the gateway is not ready")) }
}

fn table(report: &Report) -> Table {
    let mut table = Table::list(COLUMNS);
    let version = report.readiness.weighhouse_version.as_deref().unwrap_or_default();
    let state = if report.readiness.draining { "draining" } else { report.readiness.status.as_str() };
    table.row([format!("gateway {version}").into(), state.into(), Cell::Nothing]);
    table.row(["store".into(), report.readiness.db.as_ref().into(), Cell::Nothing]);
    let mut deployment = |deployment: &Deployment, state: &str| {
        let group = deployment.model_name.as_deref().unwrap_or_default();
        let base = deployment.api_base.as_ref();
        table.row([format!("{group} = {}", deployment.model).into(), state.into(), base.into()]);
    };
    if let Some(health) = &report.deployments {
        health.healthy_endpoints.iter().for_each(|one| deployment(one, "healthy"));
        health.unhealthy_endpoints.iter().for_each(|one| deployment(one, "cooling"));
    }
    table
}
