//! Reads the ledger by page (`/spend/logs/v2`).

use weighhouse_api::{SpendPage, SpendPageQuery};
use weighhouse_auth::Granted;
use weighhouse_storage::{LedgerFilter, LedgerOrder, Outcome};
use weighhouse_types::Error;

use crate::admin::Admin;
use crate::calendar::moment_named;
use crate::spend_logs::{log, narrow_to_key};

pub(crate) async fn read(admin: &Admin, granted: &Granted, query: Option<&str>) -> Result<SpendPage, Error> {
    let asked = SpendPageQuery::read(query)?;
    let is_rising = asked.sort_order.as_deref() == Some("asc");
    let order = match (asked.sort_by.as_deref(), is_rising) {
        (Some("spend"), true) => LedgerOrder::Cheapest,
        (Some("spend"), false) => LedgerOrder::Dearest,
        (_, true) => LedgerOrder::Oldest,
        (_, false) => LedgerOrder::Newest,
    };
    let mut filter = LedgerFilter {
        of: granted.keys(),
        user_id: asked.user_id,
        team_id: asked.team_id,
        end_user: asked.end_user,
        from_ms: Some(moment_named("start_date", &asked.start_date, false)?),
        until_ms: Some(moment_named("end_date", &asked.end_date, true)?.saturating_add(1)),
        outcome: asked.status_filter.as_deref().and_then(Outcome::from_name),
        upstream_model: asked.model,
        model_group: asked.model_group,
        deployment_id: asked.model_id,
        least: asked.min_spend.map(|dollars| dollars.0),
        most: asked.max_spend.map(|dollars| dollars.0),
        request_id: asked.request_id,
        order,
        offset: (asked.page - 1).saturating_mul(u64::from(asked.page_size)),
        limit: asked.page_size,
        ..LedgerFilter::default()
    };
    if let Some(key) = &asked.api_key {
        narrow_to_key(admin, granted, key.expose(), &mut filter).await?;
    }
    let total = admin.store.ledger_count(&filter).await?;
    let rows = admin.store.ledger(&filter).await?;
    Ok(SpendPage {
        data: rows.iter().map(log).collect(),
        total,
        page: asked.page,
        page_size: asked.page_size,
        total_pages: total.div_ceil(u64::from(asked.page_size)),
    })
}
