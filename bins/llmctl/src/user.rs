//! The verbs about users.

mod view;

use weighhouse_api::{DeleteUsersRequest, UserQuery, UserRequest};
use weighhouse_client::Client;

use crate::entity_arguments::{Role, UserFields, UserVerb};
use crate::failure::Failure;
use crate::output::{Output, say};
use crate::request::{list, page, set, told_deleted};

pub(crate) async fn run(client: &Client, verb: UserVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        UserVerb::New { id, no_key, fields } => {
            let request = UserRequest { auto_create_key: Some(!no_key), ..user_request(id, *fields)? };
            client.new_user(&request).await?
        }
        UserVerb::Update { id, fields } => client.update_user(&user_request(Some(id), *fields)?).await?,
        UserVerb::Info { id } => {
            let told = client.user_info(&UserQuery { user_id: id }).await?;
            output.write(&told, || view::info(&told))?;
            return Ok(());
        }
        UserVerb::List(paging) => {
            let users = client.list_users(&page(&paging)).await?;
            output.write(&users, || view::list(&users.users))?;
            return Ok(());
        }
        UserVerb::Delete { ids } => {
            let deleted = client.delete_users(&DeleteUsersRequest { user_ids: ids.clone() }).await?;
            return told_deleted(usize::try_from(*deleted).unwrap_or(usize::MAX), ids.len(), "users");
        }
    };
    output.write(&shown, || view::record(&shown))?;
    if shown.key.is_some() {
        say("The key is shown this once: keep it now.");
    }
    Ok(())
}

fn user_request(user_id: Option<String>, fields: UserFields) -> Result<UserRequest, Failure> {
    Ok(UserRequest {
        user_id,
        user_email: set(fields.email),
        user_alias: set(fields.alias),
        user_role: set(fields.role.map(Role::name).map(str::to_owned)),
        models: list(fields.models),
        limits: fields.limits.patch()?,
        ..UserRequest::default()
    })
}
