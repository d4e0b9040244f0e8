//! What the key routes take in their query.

use schemars::JsonSchema;
use weighhouse_types::Error;

use crate::query::{Query, refused};
use crate::secret::KeyText;

/// Keys on a page where the query does not say.
const PAGE_SIZE: u32 = 10;
/// LiteLLM's most.
const MAX_PAGE_SIZE: u32 = 100;
/// What would narrow or order the list in LiteLLM and is not done here.
const UNSUPPORTED: &[&str] = &[
    "organization_id",
    "search",
    "expand",
    "status",
    "project_id",
    "access_group_id",
    "agent_id",
    "expires",
    "substring_matching",
];

/// The query of `GET /key/info`.
#[derive(Clone, Debug, Default, JsonSchema)]
pub struct KeyInfoQuery {
    /// The key or its hash; none: the caller's own.
    pub key: Option<KeyText>,
}

impl KeyInfoQuery {
    /// Reads a query.
    #[must_use]
    pub fn read(query: Option<&str>) -> Self {
        Self { key: Query::new(query).text("key").map(|key| KeyText::new(&key)) }
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([("key", self.key.as_ref().map(|key| key.expose().to_owned()))])
    }
}

/// The query of `GET /key/list`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
pub struct KeyListQuery {
    /// Counts from 1.
    pub page: u64,
    /// Keys on a page: 1 to 100.
    pub size: u32,
    /// Owner.
    pub user_id: Option<String>,
    /// Team.
    pub team_id: Option<String>,
    /// Exact alias.
    pub key_alias: Option<String>,
    /// Exact hash.
    pub key_hash: Option<String>,
    /// Whole keys instead of hashes.
    pub return_full_object: bool,
}

impl Default for KeyListQuery {
    fn default() -> Self {
        Self {
            page: 1,
            size: PAGE_SIZE,
            user_id: None,
            team_id: None,
            key_alias: None,
            key_hash: None,
            return_full_object: false,
        }
    }
}

impl KeyListQuery {
    /// Reads a query. What LiteLLM does not know it ignores, and so is it ignored here.
    ///
    /// # Errors
    /// `InvalidRequest`: status 422 for a number out of range, 400 for a parameter that would narrow or order the
    /// list and is not supported.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        let is_said =
            |name: &&&str| query.text(name).is_some_and(|value| !value.eq_ignore_ascii_case("false"));
        if let Some(name) = UNSUPPORTED.iter().find(is_said) {
            return Err(refused(name, "is not supported yet; leave it out"));
        }
        let order = (query.text("sort_by"), query.text("sort_order"));
        if order.0.is_some_and(|column| column != "created_at")
            || order.1.is_some_and(|order| order != "desc")
        {
            return Err(refused("sort_by", "is not supported yet: keys come newest first; leave it out"));
        }
        let user_id = query.text("user_id");
        // Without an owner an administrator sees every key, so these add nothing.
        for name in ["include_team_keys", "include_created_by_keys"] {
            if user_id.is_some() && query.flag(name)?.unwrap_or(false) {
                return Err(refused(name, "is not supported together with user_id; leave one of them out"));
            }
        }
        Ok(Self {
            page: query.number("page", 1, u64::MAX / u64::from(MAX_PAGE_SIZE))?.unwrap_or(1),
            size: query
                .number("size", 1, u64::from(MAX_PAGE_SIZE))?
                .and_then(|size| u32::try_from(size).ok())
                .unwrap_or(PAGE_SIZE),
            user_id,
            team_id: query.text("team_id"),
            key_alias: query.text("key_alias"),
            key_hash: query.text("key_hash"),
            return_full_object: query.flag("return_full_object")?.unwrap_or(false),
        })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([
            ("page", Some(self.page.to_string())),
            ("size", Some(self.size.to_string())),
            ("user_id", self.user_id.clone()),
            ("team_id", self.team_id.clone()),
            ("key_alias", self.key_alias.clone()),
            ("key_hash", self.key_hash.clone()),
            ("return_full_object", self.return_full_object.then(|| "true".to_owned())),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_back_what_was_written() {
        let query = KeyListQuery {
            page: 2,
            key_alias: Some("a & b=ü".into()),
            return_full_object: true,
            ..KeyListQuery::default()
        };
        assert_eq!(KeyListQuery::read(Some(&query.write())).unwrap(), query);
        assert_eq!(KeyListQuery::read(None).unwrap(), KeyListQuery::default());
        let key = KeyInfoQuery { key: Some(KeyText::new("sk-a+b&c")) }.write();
        assert_eq!(KeyInfoQuery::read(Some(&key)).key.unwrap().expose(), "sk-a+b&c");
    }

    #[test]
    fn what_the_dashboard_sends_is_read_and_what_would_be_ignored_is_refused() {
        let status = |query| KeyListQuery::read(Some(query)).map_err(|error| error.status()).err();
        assert_eq!(
            status("page=1&size=100&sort_by=created_at&sort_order=desc&include_team_keys=true&search="),
            None
        );
        assert_eq!(status("substring_matching=false"), None);
        for (query, refusal) in [
            ("size=101", 422),
            ("size=0", 422),
            ("page=x", 422),
            ("return_full_object=perhaps", 422),
            ("status=active", 400),
            ("sort_by=spend", 400),
            ("sort_order=asc", 400),
            ("user_id=u&include_team_keys=true", 400),
        ] {
            assert_eq!(status(query), Some(refusal), "{query}");
        }
    }
}
