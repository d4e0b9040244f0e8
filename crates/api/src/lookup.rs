//! Queries that name one record, or a page of them.

use schemars::JsonSchema;
use weighhouse_types::Error;

use crate::query::{Query, refused};

/// Records on a page where the query does not say, and the most that it may say.
const PAGE_SIZE: u32 = 25;
const MAX_PAGE_SIZE: u32 = 1_000;

/// The query of `GET /team/info`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
pub struct TeamQuery {
    /// Which.
    pub team_id: String,
}

impl TeamQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: it names none.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        one(query, "team_id").map(|team_id| Self { team_id })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([("team_id", Some(self.team_id.clone()))])
    }
}

/// The query of `GET /team/list` and `GET /v2/team/list`.
#[derive(Clone, Debug, Default, PartialEq, Eq, JsonSchema)]
pub struct TeamListQuery {
    /// Only teams that this user belongs to.
    pub user_id: Option<String>,
    /// Only teams of this organisation.
    pub organization_id: Option<String>,
    /// Only the team with this id.
    pub team_id: Option<String>,
    /// Only teams with this in their names, in small or capital letters.
    pub team_alias: Option<String>,
    /// `team_id`, `team_alias` or `created_at`; without it the newest come first.
    pub sort_by: Option<TeamColumn>,
    /// Which way; it counts only beside `sort_by`, as in LiteLLM.
    pub sort_order: SortOrder,
    /// Counts from 1; without it all teams are told.
    pub page: Option<u64>,
    /// Teams on a page: 1 to 1,000.
    pub page_size: Option<u32>,
}

/// What lists of teams are ordered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
pub enum TeamColumn {
    /// The id.
    TeamId,
    /// The name.
    TeamAlias,
    /// When it was made.
    CreatedAt,
}

/// Which way a list is ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema)]
#[schemars(inline)]
pub enum SortOrder {
    /// The least first.
    #[default]
    #[schemars(rename = "asc")]
    Ascending,
    /// The greatest first.
    #[schemars(rename = "desc")]
    Descending,
}

impl TeamListQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: a number out of its bounds, or an order that is not done here.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        let size = query.number("page_size", 1, u64::from(MAX_PAGE_SIZE))?;
        let sort_by = match query.text("sort_by").as_deref() {
            None => None,
            Some("team_id") => Some(TeamColumn::TeamId),
            Some("team_alias") => Some(TeamColumn::TeamAlias),
            Some("created_at") => Some(TeamColumn::CreatedAt),
            Some(_) => return Err(refused("sort_by", "must be team_id, team_alias or created_at")),
        };
        let sort_order = match query.text("sort_order").as_deref() {
            None | Some("asc") => SortOrder::Ascending,
            Some("desc") => SortOrder::Descending,
            Some(_) => return Err(refused("sort_order", "must be asc or desc")),
        };
        Ok(Self {
            user_id: query.text("user_id"),
            organization_id: query.text("organization_id"),
            team_id: query.text("team_id"),
            team_alias: query.text("team_alias"),
            sort_by,
            sort_order,
            page: query.number("page", 1, u64::from(u32::MAX))?,
            page_size: size.and_then(|size| u32::try_from(size).ok()),
        })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([
            ("user_id", self.user_id.clone()),
            ("organization_id", self.organization_id.clone()),
            ("team_alias", self.team_alias.clone()),
            ("page", self.page.map(|page| page.to_string())),
            ("page_size", self.page_size.map(|size| size.to_string())),
        ])
    }
}

/// The query of `GET /user/info`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
pub struct UserQuery {
    /// Which.
    pub user_id: String,
}

impl UserQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: it names none.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        one(query, "user_id").map(|user_id| Self { user_id })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([("user_id", Some(self.user_id.clone()))])
    }
}

/// The query of `GET /customer/info`.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
pub struct CustomerQuery {
    /// Which.
    pub end_user_id: String,
}

impl CustomerQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: it names none.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        one(query, "end_user_id").map(|end_user_id| Self { end_user_id })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([("end_user_id", Some(self.end_user_id.clone()))])
    }
}

/// The query of lists.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema)]
pub struct PageQuery {
    /// Counts from 1.
    pub page: u64,
    /// Records on a page: 1 to 1,000.
    pub page_size: u32,
}

impl PageQuery {
    /// Reads a query.
    ///
    /// # Errors
    /// `InvalidRequest`: a number out of its bounds.
    pub fn read(query: Option<&str>) -> Result<Self, Error> {
        let query = Query::new(query);
        let size = query.number("page_size", 1, u64::from(MAX_PAGE_SIZE))?;
        Ok(Self {
            page: query.number("page", 1, u64::from(u32::MAX))?.unwrap_or(1),
            page_size: size.and_then(|size| u32::try_from(size).ok()).unwrap_or(PAGE_SIZE),
        })
    }

    /// Writes the query.
    #[must_use]
    pub fn write(&self) -> String {
        Query::write([("page", Some(self.page.to_string())), ("page_size", Some(self.page_size.to_string()))])
    }
}

fn one(query: Option<&str>, name: &str) -> Result<String, Error> {
    Query::new(query).text(name).ok_or_else(|| refused(name, "is required").with_status(422))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_teams_are_ordered_by_what_is_known() {
        let read = |query| TeamListQuery::read(Some(query));
        let client = read("page=1&page_size=10&sort_order=asc&team_alias=pay").unwrap();
        assert_eq!((client.sort_by, client.page_size), (None, Some(10)));
        let newest = read("sort_by=created_at&sort_order=desc").unwrap();
        assert_eq!((newest.sort_by, newest.sort_order), (Some(TeamColumn::CreatedAt), SortOrder::Descending));
        for query in ["sort_by=spend", "sort_order=down", "page_size=0"] {
            assert!(read(query).is_err(), "{query}");
        }
    }
}
