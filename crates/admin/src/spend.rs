//! The routes of spend and of the ledger.

use bytes::Bytes;
use http::Response;
use weighhouse_api::Endpoint;
use weighhouse_auth::{Everything, Granted};
use weighhouse_types::Error;

use crate::admin::{Admin, not_mine};
use crate::answer::json;
use crate::daily_activity::{self, Entity};
use crate::{
    activity, calculate, global_spend, ledger, provider_budgets, reprice, spend_entities, spend_logs,
    spend_pages, spend_report,
};

/// Whether a route tells each caller of what the caller reaches. Others are for those who reach everything.
pub(crate) const fn is_narrowed(endpoint: Endpoint) -> bool {
    matches!(
        endpoint,
        Endpoint::SpendLogs
            | Endpoint::SpendPages
            | Endpoint::SpendKeys
            | Endpoint::SpendUsers
            | Endpoint::SpendTags
            | Endpoint::SpendCalculate
            | Endpoint::GlobalSpendKeys
            | Endpoint::GlobalSpendModels
            | Endpoint::GlobalSpendProvider
            | Endpoint::GlobalSpendLogs
            | Endpoint::GlobalActivity
            | Endpoint::GlobalActivityModel
            | Endpoint::UserDaily
            | Endpoint::UserDailyWhole
            | Endpoint::TeamDaily
            | Endpoint::TeamDailyWhole
            | Endpoint::TagDaily
            | Endpoint::TagDailyWhole
            | Endpoint::CustomerDaily
            | Endpoint::CustomerDailyWhole
    )
}

/// What the caller reaches.
pub(crate) async fn ask(
    admin: &Admin,
    granted: &Granted,
    body: &[u8],
    query: Option<&str>,
) -> Result<Response<Bytes>, Error> {
    match granted.endpoint() {
        Endpoint::SpendLogs => spend_logs::read(admin, granted, query).await,
        Endpoint::SpendPages => json(&spend_pages::read(admin, granted, query).await?),
        Endpoint::SpendKeys => json(&spend_entities::keys(admin, granted).await?),
        Endpoint::SpendUsers => json(&spend_entities::users(admin, granted, query).await?),
        Endpoint::SpendTags => json(&global_spend::tags(admin, granted, query).await?),
        Endpoint::SpendCalculate => json(&calculate::calculate(admin, body).await?),
        Endpoint::GlobalSpendKeys => json(&global_spend::keys(admin, granted, query).await?),
        Endpoint::GlobalSpendModels => json(&global_spend::models(admin, granted, query).await?),
        Endpoint::GlobalSpendProvider => json(&global_spend::providers(admin, granted, query).await?),
        Endpoint::GlobalSpendLogs => json(&global_spend::days(admin, granted, query).await?),
        Endpoint::GlobalActivity => json(&activity::all(admin, granted, query).await?),
        Endpoint::GlobalActivityModel => json(&activity::by_model(admin, granted, query).await?),
        Endpoint::UserDaily => json(&daily_activity::page(admin, granted, Entity::User, query).await?),
        Endpoint::UserDailyWhole => json(&daily_activity::whole(admin, granted, Entity::User, query).await?),
        Endpoint::TeamDaily => json(&daily_activity::page(admin, granted, Entity::Team, query).await?),
        Endpoint::TeamDailyWhole => json(&daily_activity::whole(admin, granted, Entity::Team, query).await?),
        Endpoint::TagDaily => json(&daily_activity::page(admin, granted, Entity::Tag, query).await?),
        Endpoint::TagDailyWhole => json(&daily_activity::whole(admin, granted, Entity::Tag, query).await?),
        Endpoint::CustomerDaily => {
            json(&daily_activity::page(admin, granted, Entity::Customer, query).await?)
        }
        Endpoint::CustomerDailyWhole => {
            json(&daily_activity::whole(admin, granted, Entity::Customer, query).await?)
        }
        _ => Err(not_mine()),
    }
}

/// What concerns the whole house.
pub(crate) async fn ask_for_everything(
    admin: &Admin,
    all: Everything<'_>,
    endpoint: Endpoint,
    body: &[u8],
    query: Option<&str>,
) -> Result<Response<Bytes>, Error> {
    match endpoint {
        Endpoint::LedgerVerify => json(&ledger::verify(admin).await?),
        Endpoint::LedgerRebuildDaily => json(&ledger::rebuild_daily(admin, all).await?),
        Endpoint::LedgerReprice => json(&reprice::reprice(admin, body).await?),
        Endpoint::GlobalSpend => json(&global_spend::total(admin).await?),
        Endpoint::GlobalSpendReport => json(&spend_report::report(admin, query).await?),
        Endpoint::GlobalSpendTags => json(&global_spend::dearest_tags(admin, query).await?),
        Endpoint::GlobalTagNames => json(&global_spend::tag_names(admin).await?),
        Endpoint::GlobalSpendTeams => json(&global_spend::teams(admin).await?),
        Endpoint::GlobalSpendEndUsers => json(&global_spend::end_users(admin, body).await?),
        Endpoint::GlobalEndUsers => json(&global_spend::end_user_names(admin).await?),
        Endpoint::ProviderBudgets => json(&provider_budgets::read(admin).await?),
        _ => Err(not_mine()),
    }
}
