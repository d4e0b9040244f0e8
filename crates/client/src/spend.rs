//! Methods for spend, days, and the ledger.

use weighhouse_api::{
    Activity, CalculateRequest, Calculated, DailyActivity, DailyActivityQuery, DailyIds, DaySpend,
    EndUserNames, EndUserSpend, EndUsersRequest, GlobalSpend, GlobalTagSpend, KeyObject, KeySpend,
    ModelActivity, ModelSpend, PeriodQuery, ProviderBudgets, ProviderSpend, RebuiltDaily, ReportLine,
    ReportQuery, RepriceRequest, Repriced, SpendLogsQuery, SpendPage, SpendPageQuery, SpendQuery,
    SpendSummary, TagNames, TagSpend, TeamsSpend, UserObject,
};

use crate::answer::Answer;
use crate::client::Client;
use crate::error::ClientError;

/// Whose days are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DailyOf {
    /// Users.
    Users,
    /// Teams.
    Teams,
    /// Tags.
    Tags,
    /// End users.
    Customers,
}

impl DailyOf {
    const fn route(self) -> (&'static str, DailyIds) {
        match self {
            Self::Users => ("/user/daily/activity", DailyIds::USER),
            Self::Teams => ("/team/daily/activity", DailyIds::TEAM),
            Self::Tags => ("/tag/daily/activity", DailyIds::TAG),
            Self::Customers => ("/customer/daily/activity", DailyIds::CUSTOMER),
        }
    }
}

impl Client {
    /// Sums of a period day by day; the query names both of its days.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn spend_summary(
        &self,
        query: &SpendLogsQuery,
    ) -> Result<Answer<Vec<SpendSummary>>, ClientError> {
        let query = SpendLogsQuery { summarize: Some(true), ..query.clone() };
        self.get("/spend/logs", &query.write()).await
    }

    /// A page of the ledger.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn spend_page(&self, query: &SpendPageQuery) -> Result<Answer<SpendPage>, ClientError> {
        self.get("/spend/logs/v2", &query.write()).await
    }

    /// Keys with what they spent, the dearest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn spend_keys(&self) -> Result<Answer<Vec<KeyObject>>, ClientError> {
        self.get("/spend/keys", "").await
    }

    /// Users with what they spent, the dearest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn spend_users(&self, query: &SpendQuery) -> Result<Answer<Vec<UserObject>>, ClientError> {
        self.get("/spend/users", &query.write()).await
    }

    /// What was spent by tag.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn spend_tags(&self, query: &SpendQuery) -> Result<Answer<Vec<TagSpend>>, ClientError> {
        self.get("/spend/tags", &query.write()).await
    }

    /// What a prompt would cost, or an answer did.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn calculate_spend(
        &self,
        request: &CalculateRequest,
    ) -> Result<Answer<Calculated>, ClientError> {
        self.post("/spend/calculate", request).await
    }

    /// What the whole house spent in 30 days.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn global_spend(&self) -> Result<Answer<GlobalSpend>, ClientError> {
        self.get("/global/spend", "").await
    }

    /// What was spent by day and team or customer, or by key.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn spend_report(&self, query: &ReportQuery) -> Result<Answer<Vec<ReportLine>>, ClientError> {
        self.get("/global/spend/report", &query.write()).await
    }

    /// What was spent by tag in a period, the dearest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn global_tags(&self, query: &PeriodQuery) -> Result<Answer<GlobalTagSpend>, ClientError> {
        self.get("/global/spend/tags", &query.write()).await
    }

    /// Every tag.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn tag_names(&self) -> Result<Answer<TagNames>, ClientError> {
        self.get("/global/spend/all_tag_names", "").await
    }

    /// The dearest keys of 30 days.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn global_keys(&self, query: &SpendQuery) -> Result<Answer<Vec<KeySpend>>, ClientError> {
        self.get("/global/spend/keys", &query.write()).await
    }

    /// What teams spent in 30 days.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn global_teams(&self) -> Result<Answer<TeamsSpend>, ClientError> {
        self.get("/global/spend/teams", "").await
    }

    /// The dearest models of 30 days.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn global_models(&self, query: &SpendQuery) -> Result<Answer<Vec<ModelSpend>>, ClientError> {
        self.get("/global/spend/models", &query.write()).await
    }

    /// What was spent by provider in a period.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn global_providers(
        &self,
        query: &PeriodQuery,
    ) -> Result<Answer<Vec<ProviderSpend>>, ClientError> {
        self.get("/global/spend/provider", &query.write()).await
    }

    /// What each of 30 days cost.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn global_days(&self, query: &SpendQuery) -> Result<Answer<Vec<DaySpend>>, ClientError> {
        self.get("/global/spend/logs", &query.write()).await
    }

    /// The hundred dearest end users.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn global_end_users(
        &self,
        request: &EndUsersRequest,
    ) -> Result<Answer<Vec<EndUserSpend>>, ClientError> {
        self.post("/global/spend/end_users", request).await
    }

    /// Every end user.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn end_user_names(&self) -> Result<Answer<EndUserNames>, ClientError> {
        self.get("/global/all_end_users", "").await
    }

    /// Calls and tokens by day.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn activity(&self, query: &PeriodQuery) -> Result<Answer<Activity>, ClientError> {
        self.get("/global/activity", &query.write()).await
    }

    /// Calls and tokens by model and day.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn model_activity(
        &self,
        query: &PeriodQuery,
    ) -> Result<Answer<Vec<ModelActivity>>, ClientError> {
        self.get("/global/activity/model", &query.write()).await
    }

    /// A page of sums by day, told apart.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn daily_activity(
        &self,
        of: DailyOf,
        query: &DailyActivityQuery,
    ) -> Result<Answer<DailyActivity>, ClientError> {
        let (route, names) = of.route();
        self.get(route, &query.write(names)).await
    }

    /// All sums of a period by day, told apart.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn whole_daily_activity(
        &self,
        of: DailyOf,
        query: &DailyActivityQuery,
    ) -> Result<Answer<DailyActivity>, ClientError> {
        let (route, names) = of.route();
        self.get(&format!("{route}/aggregated"), &query.write(names)).await
    }

    /// Where the budgets of providers stand.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn provider_budgets(&self) -> Result<Answer<ProviderBudgets>, ClientError> {
        self.get("/provider/budgets", "").await
    }

    /// What a page of the ledger would cost by the prices in force; nothing changes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn reprice(&self, request: &RepriceRequest) -> Result<Answer<Repriced>, ClientError> {
        self.post("/ledger/reprice", request).await
    }

    /// Reckons the daily tables again from the ledger.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn rebuild_daily(&self) -> Result<Answer<RebuiltDaily>, ClientError> {
        self.post("/ledger/rebuild-daily", &serde_json::Map::new()).await
    }
}
