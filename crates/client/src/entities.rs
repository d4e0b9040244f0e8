//! Methods for teams, users, customers, named budgets and tags.

use std::collections::BTreeMap;

use serde_json::Value;
use weighhouse_api::{
    AddMemberRequest, BlockTeamRequest, BudgetObject, BudgetRequest, BudgetsRequest, CustomerObject,
    CustomerQuery, CustomerRequest, CustomersRequest, DeleteBudgetRequest, DeleteMemberRequest,
    DeleteTagRequest, DeleteTeamsRequest, DeleteUsersRequest, PageQuery, TagObject, TagRequest, TagsRequest,
    TeamInfo, TeamList, TeamListQuery, TeamModelsRequest, TeamObject, TeamQuery, TeamRequest,
    UpdateMemberRequest, UserInfo, UserList, UserObject, UserQuery, UserRequest,
};

use crate::answer::Answer;
use crate::client::Client;
use crate::error::ClientError;

impl Client {
    /// Makes a team.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn new_team(&self, request: &TeamRequest) -> Result<Answer<TeamObject>, ClientError> {
        self.post("/team/new", request).await
    }

    /// Changes a team.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update_team(&self, request: &TeamRequest) -> Result<Answer<TeamObject>, ClientError> {
        self.post("/team/update", request).await
    }

    /// Deletes teams and their keys.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_teams(
        &self,
        request: &DeleteTeamsRequest,
    ) -> Result<Answer<Vec<String>>, ClientError> {
        self.post("/team/delete", request).await
    }

    /// Blocks a team.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn block_team(&self, request: &BlockTeamRequest) -> Result<Answer<TeamObject>, ClientError> {
        self.post("/team/block", request).await
    }

    /// Unblocks a team.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn unblock_team(&self, request: &BlockTeamRequest) -> Result<Answer<TeamObject>, ClientError> {
        self.post("/team/unblock", request).await
    }

    /// Adds members to a team.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_member(&self, request: &AddMemberRequest) -> Result<Answer<TeamObject>, ClientError> {
        self.post("/team/member_add", request).await
    }

    /// Changes a member of a team.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update_member(
        &self,
        request: &UpdateMemberRequest,
    ) -> Result<Answer<TeamObject>, ClientError> {
        self.post("/team/member_update", request).await
    }

    /// Takes a member out of a team.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_member(
        &self,
        request: &DeleteMemberRequest,
    ) -> Result<Answer<TeamObject>, ClientError> {
        self.post("/team/member_delete", request).await
    }

    /// Lets a team use models.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn add_team_models(
        &self,
        request: &TeamModelsRequest,
    ) -> Result<Answer<TeamObject>, ClientError> {
        self.post("/team/model/add", request).await
    }

    /// Lets a team use models no more.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_team_models(
        &self,
        request: &TeamModelsRequest,
    ) -> Result<Answer<TeamObject>, ClientError> {
        self.post("/team/model/delete", request).await
    }

    /// Makes a user.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn new_user(&self, request: &UserRequest) -> Result<Answer<UserObject>, ClientError> {
        self.post("/user/new", request).await
    }

    /// Changes a user.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update_user(&self, request: &UserRequest) -> Result<Answer<UserObject>, ClientError> {
        self.post("/user/update", request).await
    }

    /// Deletes users and their keys; how many there were.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_users(&self, request: &DeleteUsersRequest) -> Result<Answer<u64>, ClientError> {
        self.post("/user/delete", request).await
    }

    /// Makes a customer.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn new_customer(
        &self,
        request: &CustomerRequest,
    ) -> Result<Answer<CustomerObject>, ClientError> {
        self.post("/customer/new", request).await
    }

    /// Changes a customer.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update_customer(
        &self,
        request: &CustomerRequest,
    ) -> Result<Answer<CustomerObject>, ClientError> {
        self.post("/customer/update", request).await
    }

    /// Deletes customers.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_customers(&self, request: &CustomersRequest) -> Result<Answer<Value>, ClientError> {
        self.post("/customer/delete", request).await
    }

    /// Blocks customers.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn block_customers(&self, request: &CustomersRequest) -> Result<Answer<Value>, ClientError> {
        self.post("/customer/block", request).await
    }

    /// Unblocks customers.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn unblock_customers(&self, request: &CustomersRequest) -> Result<Answer<Value>, ClientError> {
        self.post("/customer/unblock", request).await
    }

    /// Makes a named budget.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn new_budget(&self, request: &BudgetRequest) -> Result<Answer<BudgetObject>, ClientError> {
        self.post("/budget/new", request).await
    }

    /// Changes a named budget.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update_budget(&self, request: &BudgetRequest) -> Result<Answer<BudgetObject>, ClientError> {
        self.post("/budget/update", request).await
    }

    /// Deletes a named budget.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_budget(&self, request: &DeleteBudgetRequest) -> Result<Answer<Value>, ClientError> {
        self.post("/budget/delete", request).await
    }

    /// Tells about a team.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn team_info(&self, query: &TeamQuery) -> Result<Answer<TeamInfo>, ClientError> {
        self.get("/team/info", &query.write()).await
    }

    /// A page of teams, newest first, and how many there are.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_teams(&self, query: &TeamListQuery) -> Result<Answer<TeamList>, ClientError> {
        self.get("/v2/team/list", &query.write()).await
    }

    /// Tells about a user.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn user_info(&self, query: &UserQuery) -> Result<Answer<UserInfo>, ClientError> {
        self.get("/user/info", &query.write()).await
    }

    /// A page of users, newest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_users(&self, query: &PageQuery) -> Result<Answer<UserList>, ClientError> {
        self.get("/user/list", &query.write()).await
    }

    /// Tells about a customer.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn customer_info(&self, query: &CustomerQuery) -> Result<Answer<CustomerObject>, ClientError> {
        self.get("/customer/info", &query.write()).await
    }

    /// A page of customers, newest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_customers(
        &self,
        query: &PageQuery,
    ) -> Result<Answer<Vec<CustomerObject>>, ClientError> {
        self.get("/customer/list", &query.write()).await
    }

    /// Tells about named budgets.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn budget_info(
        &self,
        request: &BudgetsRequest,
    ) -> Result<Answer<Vec<BudgetObject>>, ClientError> {
        self.post("/budget/info", request).await
    }

    /// A page of named budgets, newest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_budgets(&self, query: &PageQuery) -> Result<Answer<Vec<BudgetObject>>, ClientError> {
        self.get("/budget/list", &query.write()).await
    }

    /// Gives a tag limits.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn new_tag(&self, request: &TagRequest) -> Result<Answer<TagObject>, ClientError> {
        self.post("/tag/new", request).await
    }

    /// Changes the limits of a tag.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn update_tag(&self, request: &TagRequest) -> Result<Answer<TagObject>, ClientError> {
        self.post("/tag/update", request).await
    }

    /// Tells about tags, by their names.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn tag_info(
        &self,
        request: &TagsRequest,
    ) -> Result<Answer<BTreeMap<String, TagObject>>, ClientError> {
        self.post("/tag/info", request).await
    }

    /// A page of tags with limits, newest first.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn list_tags(&self, query: &PageQuery) -> Result<Answer<Vec<TagObject>>, ClientError> {
        self.get("/tag/list", &query.write()).await
    }

    /// Takes the limits of a tag away.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_tag(&self, request: &DeleteTagRequest) -> Result<Answer<Value>, ClientError> {
        self.post("/tag/delete", request).await
    }
}
