//! The verbs about teams.

mod arguments;
mod view;

use weighhouse_api::{
    AddMemberRequest, BlockTeamRequest, BulkUpdateTeamKeysRequest, DeleteMemberRequest, DeleteTeamsRequest,
    Member, Members, TeamListQuery, TeamModelsRequest, TeamObject, TeamQuery, TeamRequest,
    UpdateMemberRequest,
};
use weighhouse_client::{Answer, Client};

pub(crate) use arguments::TeamVerb;
use arguments::{MemberVerb, TeamFields, TeamKeyVerb, TeamModelVerb};

use crate::batch::{self, in_batches};
use crate::failure::Failure;
use crate::key;
use crate::output::Output;
use crate::paging;
use crate::request::{Source, complete, list, pairs, set, some, told_deleted};

const ID: &str = "team_id";

pub(crate) async fn run(client: &Client, verb: TeamVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        TeamVerb::New { id, fields, source } => {
            client.new_team(&complete(request(id, *fields), ID, &source, &[])?).await?
        }
        TeamVerb::Update { id, fields, clear, source } => {
            client.update_team(&complete(request(Some(id), *fields), ID, &source, &clear)?).await?
        }
        TeamVerb::Info { id } => {
            let told = client.team_info(&TeamQuery { team_id: id }).await?;
            return output.write(&told, || view::info(&told));
        }
        TeamVerb::List { paging, user, alias } => {
            let ask = async |page, size| {
                let query = TeamListQuery {
                    user_id: user.clone(),
                    team_alias: alias.clone(),
                    page: Some(page),
                    page_size: Some(size),
                    ..TeamListQuery::default()
                };
                client.list_teams(&query).await
            };
            return paging::show(output, &paging, "teams", ask, view::list).await;
        }
        TeamVerb::Delete { ids, consent } => {
            consent.ask(&format!("Delete the teams {} with all their keys", batch::named(&ids)))?;
            let delete = async |ids: &[String]| {
                let request = DeleteTeamsRequest { team_ids: ids.to_vec() };
                client.delete_teams(&request).await.map(|deleted| deleted.len())
            };
            return told_deleted(in_batches(&ids, "teams", delete).await?, ids.len(), "teams");
        }
        TeamVerb::Block { id } => client.block_team(&BlockTeamRequest { team_id: id }).await?,
        TeamVerb::Unblock { id } => client.unblock_team(&BlockTeamRequest { team_id: id }).await?,
        TeamVerb::Key { verb } => return update_keys(client, verb, output).await,
        TeamVerb::Member { verb } => member(client, verb).await?,
        TeamVerb::Model { verb: TeamModelVerb::Add { id, models } } => {
            client.add_team_models(&TeamModelsRequest { team_id: id, models }).await?
        }
        TeamVerb::Model { verb: TeamModelVerb::Delete { id, models, consent } } => {
            // The list may be another by the time that the request comes, so it is not looked at before.
            let named = batch::named(&models);
            consent.ask(&format!(
                "Take {named} from the models of the team {id}, which may use every model once none is left"
            ))?;
            client.delete_team_models(&TeamModelsRequest { team_id: id, models }).await?
        }
    };
    output.write(&shown, || view::record(&shown))
}

async fn member(client: &Client, verb: MemberVerb) -> Result<Answer<TeamObject>, Failure> {
    Ok(match verb {
        MemberVerb::Add { id, user, admin, max_budget, budget_duration } => {
            let role = Some(if admin { "admin" } else { "user" }.to_owned());
            let request = AddMemberRequest {
                team_id: id,
                member: Members::One(Member { role, user_id: Some(user), user_email: None }),
                max_budget_in_team: max_budget,
                budget_duration,
            };
            client.add_member(&request).await?
        }
        MemberVerb::Update { id, user, role, max_budget, budget_duration, rpm, tpm, clear } => {
            let said = UpdateMemberRequest {
                team_id: id,
                user_id: Some(user),
                role,
                max_budget_in_team: set(max_budget),
                budget_duration: set(budget_duration),
                rpm_limit: set(rpm),
                tpm_limit: set(tpm),
                ..UpdateMemberRequest::default()
            };
            client.update_member(&complete(said, ID, &Source::default(), &clear)?).await?
        }
        MemberVerb::Delete { id, user, consent } => {
            consent.ask(&format!("Take {user} out of the team {id}, and delete their keys of it"))?;
            let request = DeleteMemberRequest { team_id: id, user_id: Some(user), user_email: None };
            client.delete_member(&request).await?
        }
    })
}

async fn update_keys(client: &Client, verb: TeamKeyVerb, output: &Output) -> Result<(), Failure> {
    let TeamKeyVerb::Update { id, keys, all, clear, fields } = verb;
    let changes = complete(key::changes(*fields), "key", &Source::default(), &clear)?;
    let changes = serde_json::to_value(&changes)
        .map_err(|error| Failure::other(format!("the request cannot be written: {error}")))?;
    let mut key_ids = Vec::with_capacity(keys.len());
    for name in &keys {
        key_ids.push(key::named(client, name).await?);
    }
    let request = BulkUpdateTeamKeysRequest {
        team_id: id,
        key_ids: some(key_ids),
        all_keys_in_team: all,
        update_fields: changes.as_object().cloned().unwrap_or_default(),
    };
    let updated = client.update_team_keys(&request).await?;
    output.write(&updated, || view::updated_keys(&updated))?;
    let (failed, asked) = (updated.failed_updates.len(), updated.total_requested);
    if failed > 0 {
        return Err(Failure::refused(format!("{failed} of {asked} keys were not changed")));
    }
    Ok(())
}

fn request(team_id: Option<String>, fields: TeamFields) -> TeamRequest {
    TeamRequest {
        team_id,
        team_alias: set(fields.alias),
        models: list(fields.models),
        model_aliases: pairs(fields.aliases),
        tags: list(fields.tags),
        metadata: set(fields.metadata),
        limits: fields.limits.patch(),
        team_member_budget: set(fields.member_budget),
        team_member_budget_duration: set(fields.member_budget_duration),
        team_member_rpm_limit: set(fields.member_rpm),
        team_member_tpm_limit: set(fields.member_tpm),
        ..TeamRequest::default()
    }
}
