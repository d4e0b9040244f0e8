//! What was spent, window by window, as the store knows it.

use weighhouse_metering::WindowRule;
use weighhouse_storage::{KeyRecord, Limits};
use weighhouse_types::{AccountId, Error, Nanos, Scope, ScopeKind, WindowId};

use crate::admin::Admin;

impl Admin {
    /// What a key has spent in the present window of its budget, or ever where it has no windows.
    ///
    /// # Errors
    /// `Overloaded`: the store does not answer.
    pub(crate) async fn spent_of_key(&self, key: &KeyRecord) -> Result<Nanos, Error> {
        if key.limits.budget_duration.is_none() {
            return Ok(key.total_spend);
        }
        self.spent(&Scope::new(ScopeKind::Key, key.id.as_str()), &key.limits).await
    }

    /// What a scope has spent in the present window of its budget, or ever where it has no windows.
    ///
    /// # Errors
    /// As [`Self::spent_of_key`].
    pub(crate) async fn spent(&self, scope: &Scope, limits: &Limits) -> Result<Nanos, Error> {
        let rule =
            limits.budget_duration.as_deref().and_then(|duration| WindowRule::parse(duration, &self.zone));
        let window = rule.map_or_else(WindowId::life, |rule| rule.window(self.now_ms()).0);
        let account = AccountId { scope: scope.clone(), window };
        let accounts = self.store.accounts(std::slice::from_ref(scope)).await?;
        Ok(accounts.into_iter().find(|(id, _)| *id == account).map_or(Nanos::ZERO, |(_, nanos)| nanos))
    }
}
