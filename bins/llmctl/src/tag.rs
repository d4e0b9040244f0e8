//! The verbs about tags.

mod arguments;
mod view;

use weighhouse_api::{DeleteTagRequest, TagRequest, TagsRequest};
use weighhouse_client::Client;

use arguments::TagFields;
pub(crate) use arguments::TagVerb;

use crate::batch::{self, one_by_one};
use crate::failure::Failure;
use crate::output::Output;
use crate::paging::{self, Paging};
use crate::request::{complete, list, set, told_deleted};

const ID: &str = "name";

pub(crate) async fn run(client: &Client, verb: TagVerb, output: &Output) -> Result<(), Failure> {
    let shown = match verb {
        TagVerb::New { name, fields, source } => {
            let said = request(name.unwrap_or_default(), *fields);
            client.new_tag(&complete(said, ID, &source, &[])?).await?
        }
        TagVerb::Update { name, fields, clear, source } => {
            client.update_tag(&complete(request(name, *fields), ID, &source, &clear)?).await?
        }
        TagVerb::Info { names } => {
            let told = client.tag_info(&TagsRequest { names }).await?;
            return output.write(&told, || match told.values().collect::<Vec<_>>().as_slice() {
                [one] => view::record(one),
                many => view::list(many),
            });
        }
        TagVerb::List { paging } => {
            let ask = async |page, size| client.list_tags(&Paging::query(page, size)).await;
            return paging::show(output, &paging, "tags", ask, view::list).await;
        }
        TagVerb::Delete { names, consent } => {
            consent.ask(&format!("Take the limits of the tags {} away", batch::named(&names)))?;
            let delete = async |name: &String| {
                client.delete_tag(&DeleteTagRequest { name: name.clone() }).await.map(|_| ())
            };
            return told_deleted(one_by_one(&names, "tags", delete).await?, names.len(), "tags");
        }
    };
    output.write(&shown, || view::record(&shown))
}

fn request(name: String, fields: TagFields) -> TagRequest {
    TagRequest {
        name,
        description: set(fields.description),
        models: list(fields.models),
        limits: fields.limits.patch(),
    }
}
