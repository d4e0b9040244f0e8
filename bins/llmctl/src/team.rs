//! The verbs about teams.

mod view;

use weighhouse_api::{
    AddMemberRequest, BlockTeamRequest, DeleteMemberRequest, DeleteTeamsRequest, Member, Members, TeamQuery,
    TeamRequest,
};
use weighhouse_client::Client;

use crate::entity_arguments::{TeamFields, TeamVerb};
use crate::failure::Failure;
use crate::limit_arguments::dollars;
use crate::output::Output;
use crate::request::{list, page, set, told_deleted};

pub(crate) async fn run(client: &Client, verb: TeamVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        TeamVerb::New { id, fields } => client.new_team(&team_request(id, *fields)?).await?,
        TeamVerb::Update { id, fields } => client.update_team(&team_request(Some(id), *fields)?).await?,
        TeamVerb::Info { id } => {
            let told = client.team_info(&TeamQuery { team_id: id }).await?;
            output.write(&told, || view::info(&told))?;
            return Ok(());
        }
        TeamVerb::List(paging) => {
            let teams = client.list_teams(&page(&paging)).await?;
            output.write(&teams, || view::list(&teams))?;
            return Ok(());
        }
        TeamVerb::Delete { ids } => {
            let deleted = client.delete_teams(&DeleteTeamsRequest { team_ids: ids.clone() }).await?;
            return told_deleted(deleted.len(), ids.len(), "teams");
        }
        TeamVerb::Block { id } => client.block_team(&BlockTeamRequest { team_id: id }).await?,
        TeamVerb::Unblock { id } => client.unblock_team(&BlockTeamRequest { team_id: id }).await?,
        TeamVerb::AddMember { id, user, admin, max_budget, budget_duration } => {
            let role = Some(if admin { "admin" } else { "user" }.to_owned());
            let member = Members::One(Member { role, user_id: Some(user), user_email: None });
            let max_budget_in_team = max_budget.map(dollars).transpose()?;
            let request = AddMemberRequest { team_id: id, member, max_budget_in_team, budget_duration };
            client.add_member(&request).await?
        }
        TeamVerb::RemoveMember { id, user } => {
            let request = DeleteMemberRequest { team_id: id, user_id: Some(user), user_email: None };
            client.delete_member(&request).await?
        }
    };
    output.write(&shown, || view::record(&shown))
}

fn team_request(team_id: Option<String>, fields: TeamFields) -> Result<TeamRequest, Failure> {
    Ok(TeamRequest {
        team_id,
        team_alias: set(fields.alias),
        models: list(fields.models),
        limits: fields.limits.patch()?,
        team_member_budget: set(fields.member_budget.map(dollars).transpose()?),
        ..TeamRequest::default()
    })
}
