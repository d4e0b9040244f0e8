//! Whether the gateway can serve.

use serde::Serialize;
use weighhouse_client::{Client, Deployment, Health, Readiness};

use crate::failure::Failure;
use crate::output::{Output, Table};

#[derive(Serialize)]
struct Report {
    readiness: Readiness,
    /// Only a key may see the deployments.
    deployments: Option<Health>,
}

pub(crate) async fn health(client: &Client, has_key: bool, output: &Output) -> Result<(), Failure> {
    let readiness = client.readiness().await?;
    let deployments = if has_key { Some(client.health().await?) } else { None };
    let report = Report { readiness, deployments };
    output.write(&report, || table(&report))?;
    if report.readiness.is_healthy() { Ok(()) } else { Err(Failure::other("the gateway is not ready")) }
}

fn table(report: &Report) -> Table {
    let mut table = Table::new(&["WHAT", "STATE", "WHERE"]);
    let version = report.readiness.weighhouse_version.as_deref().unwrap_or_default();
    let state = if report.readiness.draining { "draining" } else { report.readiness.status.as_str() };
    table.row([format!("gateway {version}"), state.to_owned(), String::new()]);
    table.row(["store".to_owned(), report.readiness.db.clone().unwrap_or_default(), String::new()]);
    let mut deployment = |deployment: &Deployment, state: &str| {
        let group = deployment.model_name.as_deref().unwrap_or_default();
        let base = deployment.api_base.clone().unwrap_or_default();
        table.row([format!("{group} = {}", deployment.model), state.to_owned(), base]);
    };
    if let Some(health) = &report.deployments {
        health.healthy_endpoints.iter().for_each(|one| deployment(one, "healthy"));
        health.unhealthy_endpoints.iter().for_each(|one| deployment(one, "cooling"));
    }
    table
}
