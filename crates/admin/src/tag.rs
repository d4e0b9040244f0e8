//! Tags with limits: made, changed, shown, listed and deleted.

use serde_json::{Value, json};
use weighhouse_api::{DeleteTagRequest, Dollars, TagObject, TagRequest, TagsRequest, read_body};
use weighhouse_storage::TagRecord;
use weighhouse_types::{Error, Scope, ScopeKind};

use crate::admin::Admin;
use crate::calendar::moment;
use crate::team::set;
use crate::{entity, limits};

const NAME: &str = "name";

pub(crate) async fn new(admin: &Admin, body: &[u8]) -> Result<TagObject, Error> {
    let mut request: TagRequest = read_body(body)?;
    let now_ms = admin.now_ms();
    let name = entity::checked_id(NAME, std::mem::take(&mut request.name))?;
    let mut tag = TagRecord { name, created_ms: now_ms, ..TagRecord::default() };
    apply(request, &mut tag, now_ms)?;
    entity::insert(admin, NAME, &tag).await?;
    shown(admin, &tag).await
}

pub(crate) async fn update(admin: &Admin, body: &[u8]) -> Result<TagObject, Error> {
    let mut request: TagRequest = read_body(body)?;
    let name = entity::checked_id(NAME, std::mem::take(&mut request.name))?;
    let now_ms = admin.now_ms();
    let tag = entity::change(admin, NAME, &name, move |tag| apply(request, tag, now_ms)).await?;
    shown(admin, &tag).await
}

fn apply(request: TagRequest, tag: &mut TagRecord, now_ms: i64) -> Result<(), Error> {
    request.description.apply(&mut tag.description);
    set(request.models, &mut tag.models);
    limits::apply(request.limits, &mut tag.limits, now_ms)?;
    tag.updated_ms = now_ms;
    Ok(())
}

/// Tags by their names, as LiteLLM answers.
pub(crate) async fn info(admin: &Admin, body: &[u8]) -> Result<Value, Error> {
    let request: TagsRequest = read_body(body)?;
    let mut all = serde_json::Map::new();
    for name in request.names {
        let tag = shown(admin, &entity::find(admin, "names", &name).await?).await?;
        all.insert(name, json!(tag));
    }
    Ok(Value::Object(all))
}

pub(crate) async fn list(admin: &Admin, query: Option<&str>) -> Result<Vec<TagObject>, Error> {
    let (tags, _, _) = entity::page::<TagRecord>(admin, query).await?;
    let mut all = Vec::with_capacity(tags.len());
    for tag in &tags {
        all.push(shown(admin, tag).await?);
    }
    Ok(all)
}

pub(crate) async fn delete(admin: &Admin, body: &[u8]) -> Result<Value, Error> {
    let request: DeleteTagRequest = read_body(body)?;
    entity::delete::<TagRecord>(admin, NAME, std::slice::from_ref(&request.name)).await?;
    Ok(json!({ "message": format!("Tag {} deleted successfully", request.name) }))
}

async fn shown(admin: &Admin, tag: &TagRecord) -> Result<TagObject, Error> {
    let scope = Scope::new(ScopeKind::Tag, &tag.name);
    Ok(TagObject {
        name: tag.name.clone(),
        description: tag.description.clone(),
        models: tag.models.clone(),
        spend: Dollars(admin.spent(&scope, &tag.limits).await?),
        limits: limits::shown(&tag.limits, &admin.zone, admin.now_ms()),
        created_at: moment(tag.created_ms),
        updated_at: moment(tag.updated_ms),
    })
}
