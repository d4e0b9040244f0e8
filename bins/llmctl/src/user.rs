//! The verbs about users.

mod arguments;
mod view;

use weighhouse_api::{DeleteUsersRequest, UserQuery, UserRequest};
use weighhouse_client::Client;

pub(crate) use arguments::UserVerb;
use arguments::{Role, UserFields};

use crate::batch::{self, in_batches};
use crate::failure::Failure;
use crate::output::{Output, say};
use crate::paging::{self, Paging};
use crate::request::{complete, list, set, told_deleted};

const ID: &str = "user_id";

pub(crate) async fn run(client: &Client, verb: UserVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        UserVerb::New { id, no_key, fields, source } => {
            // Without a word of it the file, or the gateway, decides.
            let said = UserRequest { auto_create_key: no_key.then_some(false), ..request(id, *fields) };
            client.new_user(&complete(said, ID, &source, &[])?).await?
        }
        UserVerb::Update { id, fields, clear, source } => {
            client.update_user(&complete(request(Some(id), *fields), ID, &source, &clear)?).await?
        }
        UserVerb::Info { id } => {
            let told = client.user_info(&UserQuery { user_id: id }).await?;
            return output.write(&told, || view::info(&told));
        }
        UserVerb::List { paging } => {
            let ask = async |page, size| client.list_users(&Paging::query(page, size)).await;
            return paging::show(output, &paging, "users", ask, view::list).await;
        }
        UserVerb::Delete { ids, consent } => {
            consent.ask(&format!("Delete the users {} with all their keys", batch::named(&ids)))?;
            let delete = async |ids: &[String]| {
                let deleted = client.delete_users(&DeleteUsersRequest { user_ids: ids.to_vec() }).await?;
                Ok(usize::try_from(*deleted).unwrap_or(usize::MAX))
            };
            return told_deleted(in_batches(&ids, "users", delete).await?, ids.len(), "users");
        }
    };
    output.write(&shown, || view::record(&shown))?;
    if shown.key.is_some() {
        say("The key is shown this once: keep it now.");
    }
    Ok(())
}

fn request(user_id: Option<String>, fields: UserFields) -> UserRequest {
    UserRequest {
        user_id,
        user_email: set(fields.email),
        user_alias: set(fields.alias),
        user_role: set(fields.role.map(Role::name).map(str::to_owned)),
        teams: list(fields.teams),
        models: list(fields.models),
        metadata: set(fields.metadata),
        limits: fields.limits.patch(),
        ..UserRequest::default()
    }
}
