//! Shapes of the key routes.

use schemars::SchemaGenerator;
use serde_json::Value;

use super::{Shape, entities, parameters, schema};
use crate::key::{
    BlockKeyRequest, BulkUpdateKeysRequest, BulkUpdateTeamKeysRequest, BulkUpdatedKeys, DeleteKeyRequest,
    DeletedKeys, GenerateKeyRequest, KeyAliases, KeyAliasesQuery, KeyHealth, KeyInfo, KeyInfoQuery, KeyInfos,
    KeyInfosRequest, KeyList, KeyListQuery, KeyObject, RegenerateKeyRequest, UpdateKeyRequest,
};
use crate::route::Endpoint;

pub(super) fn shape_of(endpoint: Endpoint, generator: &mut SchemaGenerator) -> Shape {
    let body = |request: Value, answer: Value| Shape {
        request: Some(request),
        query: Vec::new(),
        answer: ("application/json", answer),
    };
    let read = |query: Vec<Value>, answer: Value| Shape {
        request: None,
        query,
        answer: ("application/json", answer),
    };
    match endpoint {
        Endpoint::KeyGenerate | Endpoint::KeyServiceAccount => {
            body(schema::<GenerateKeyRequest>(generator), schema::<KeyObject>(generator))
        }
        Endpoint::KeyUpdate => body(schema::<UpdateKeyRequest>(generator), schema::<KeyObject>(generator)),
        Endpoint::KeyDelete => body(schema::<DeleteKeyRequest>(generator), schema::<DeletedKeys>(generator)),
        Endpoint::KeyBlock | Endpoint::KeyUnblock => {
            body(schema::<BlockKeyRequest>(generator), schema::<KeyObject>(generator))
        }
        Endpoint::KeyRegenerate => {
            body(schema::<RegenerateKeyRequest>(generator), schema::<KeyObject>(generator))
        }
        Endpoint::KeyBulkUpdate => {
            body(schema::<BulkUpdateKeysRequest>(generator), schema::<BulkUpdatedKeys>(generator))
        }
        Endpoint::TeamKeyBulkUpdate => {
            body(schema::<BulkUpdateTeamKeysRequest>(generator), schema::<BulkUpdatedKeys>(generator))
        }
        Endpoint::KeyInfos => body(schema::<KeyInfosRequest>(generator), schema::<KeyInfos>(generator)),
        Endpoint::KeyAliases => read(parameters::<KeyAliasesQuery>(), schema::<KeyAliases>(generator)),
        Endpoint::KeyHealth => read(Vec::new(), schema::<KeyHealth>(generator)),
        Endpoint::KeyInfo => read(parameters::<KeyInfoQuery>(), schema::<KeyInfo>(generator)),
        Endpoint::KeyList => read(parameters::<KeyListQuery>(), schema::<KeyList>(generator)),
        other => entities::shape_of(other, generator),
    }
}
