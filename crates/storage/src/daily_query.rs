//! Questions to the daily tables: the same text for both databases.

use crate::daily::{DailySums, DailyTable, SUMS};
use crate::error::StoreError;
use crate::narrowed::{Statement, Value};
use crate::records::{KeysOf, Page};
use crate::store::{Store, ask};

/// What sums of days are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DailyDimension {
    /// The day.
    Day,
    /// The key, by its lasting id; empty for the master key.
    KeyId,
    /// The key, by the hash that it had at the time.
    KeyHash,
    /// Owner of the key.
    User,
    /// Team of the key.
    Team,
    /// Whom the client named as its end user. Sums by tag know none.
    EndUser,
    /// Tags: an attempt with two counts for both, one without for none.
    Tag,
    /// The group that served it.
    ModelGroup,
    /// The model as the provider knows it.
    Model,
    /// The provider's name in the registry.
    Provider,
    /// What was asked for.
    Operation,
}

use DailyDimension as Dimension;

impl Dimension {
    /// All of them, in the order in which rows are read.
    const ALL: [Self; 11] = [
        Self::Day,
        Self::KeyId,
        Self::KeyHash,
        Self::User,
        Self::Team,
        Self::EndUser,
        Self::Tag,
        Self::ModelGroup,
        Self::Model,
        Self::Provider,
        Self::Operation,
    ];

    /// The column; none where the table knows nothing of it.
    const fn column(self, table: DailyTable) -> Option<&'static str> {
        Some(match (self, table) {
            (Self::Day, _) => "day",
            (Self::KeyId, _) => "key_id",
            (Self::KeyHash, _) => "key_hash",
            (Self::User, _) => "user_id",
            (Self::Team, _) => "team_id",
            (Self::EndUser, DailyTable::Spend) => "end_user",
            (Self::Tag, DailyTable::TagSpend) => "tag",
            (Self::EndUser, DailyTable::TagSpend) | (Self::Tag, DailyTable::Spend) => return None,
            (Self::ModelGroup, _) => "model_group",
            (Self::Model, _) => "upstream_model",
            (Self::Provider, _) => "provider",
            (Self::Operation, _) => "operation",
        })
    }
}

/// A condition: the dimension is one of some texts.
pub type DailyCondition = (DailyDimension, Vec<String>);

/// Which sums of days to read.
#[derive(Clone, Debug, Default)]
pub struct DailyQuery {
    /// What the sums are told apart by; nothing: one sum of all.
    pub by: Vec<DailyDimension>,
    /// From this day on, counted from 1970 in UTC.
    pub from_day: Option<i64>,
    /// Up to and with this day.
    pub to_day: Option<i64>,
    /// All of these must hold.
    pub only: Vec<DailyCondition>,
    /// None of these may hold.
    pub except: Vec<DailyCondition>,
    /// Only what was spent with keys that somebody reaches.
    pub of: Option<KeysOf>,
    /// The dearest first; else in the order of `by`, the latest day first.
    pub dearest_first: bool,
}

/// A sum of days. What the query did not tell apart is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DailyRow {
    /// The day, counted from 1970 in UTC.
    pub day: i64,
    /// The key, by its lasting id.
    pub key_id: String,
    /// The key, by its hash.
    pub key_hash: String,
    /// Owner of the key.
    pub user_id: String,
    /// Team of the key.
    pub team_id: String,
    /// End user.
    pub end_user: String,
    /// Tag.
    pub tag: String,
    /// Group.
    pub model_group: String,
    /// The provider's name of the model.
    pub upstream_model: String,
    /// Provider.
    pub provider: String,
    /// Operation.
    pub operation: String,
    /// What was summed.
    pub sums: DailySums,
}

/// A day, the ten texts, the nine sums.
pub(crate) type DailyColumns = (i64, [String; 10], [i64; 9]);

impl DailyRow {
    pub(crate) fn read((day, texts, sums): DailyColumns) -> Self {
        let [
            key_id,
            key_hash,
            user_id,
            team_id,
            end_user,
            tag,
            model_group,
            upstream_model,
            provider,
            operation,
        ] = texts;
        Self {
            day,
            key_id,
            key_hash,
            user_id,
            team_id,
            end_user,
            tag,
            model_group,
            upstream_model,
            provider,
            operation,
            sums: DailySums::read(sums),
        }
    }
}

impl DailyQuery {
    fn table(&self) -> DailyTable {
        let named = self.only.iter().chain(&self.except).map(|(dimension, _)| dimension);
        let by_tag = self.by.iter().chain(named).any(|dimension| *dimension == Dimension::Tag);
        if by_tag { DailyTable::TagSpend } else { DailyTable::Spend }
    }

    /// The sums.
    pub(crate) fn rows(&self, page: Page) -> Statement {
        let table = self.table();
        let shown = Dimension::ALL.map(|dimension| match dimension.column(table) {
            Some(column) if self.by.contains(&dimension) => column,
            _ if dimension == Dimension::Day => "CAST(0 AS BIGINT)",
            _ => "''",
        });
        let sums = SUMS.map(|sum| format!("CAST(coalesce(sum({sum}), 0) AS BIGINT)"));
        let text = format!("SELECT {}, {} FROM {}", shown.join(", "), sums.join(", "), table.name());
        let mut statement = Statement { text, values: Vec::new() };
        self.narrow(&mut statement, table);
        let groups = self.groups(table);
        if !groups.is_empty() {
            statement.text.push_str(" ORDER BY ");
            if self.dearest_first {
                statement.text.push_str("sum(spend_nanos) DESC, ");
            }
            let ordered = groups.iter().map(|column| if *column == "day" { "day DESC" } else { column });
            statement.text.push_str(&ordered.collect::<Vec<_>>().join(", "));
        }
        statement.text.push_str(" LIMIT ");
        statement.place(Value::Integer(i64::from(page.limit)));
        statement.text.push_str(" OFFSET ");
        statement.place(Value::Integer(i64::try_from(page.offset).unwrap_or(i64::MAX)));
        statement
    }

    /// How many sums there are.
    pub(crate) fn count(&self) -> Statement {
        let table = self.table();
        let text = format!("SELECT count(*) FROM (SELECT 1 FROM {}", table.name());
        let mut statement = Statement { text, values: Vec::new() };
        self.narrow(&mut statement, table);
        statement.text.push_str(") AS sums");
        statement
    }

    fn groups(&self, table: DailyTable) -> Vec<&'static str> {
        self.by.iter().filter_map(|dimension| dimension.column(table)).collect()
    }

    /// Conditions and groups.
    fn narrow(&self, statement: &mut Statement, table: DailyTable) {
        statement.narrow("day >=", self.from_day.map(Value::Integer));
        statement.narrow("day <=", self.to_day.map(Value::Integer));
        for condition in &self.only {
            statement.also();
            one_of(statement, table, condition);
        }
        for condition in &self.except {
            statement.also();
            statement.text.push_str("NOT ");
            one_of(statement, table, condition);
        }
        if let Some(of) = &self.of {
            statement.narrow_of("key_id", of);
        }
        let groups = self.groups(table);
        if !groups.is_empty() {
            statement.text.push_str(" GROUP BY ");
            statement.text.push_str(&groups.join(", "));
        }
    }
}

/// `column IN ($1, $2)`; what the table does not know is one of no texts.
fn one_of(statement: &mut Statement, table: DailyTable, (dimension, texts): &DailyCondition) {
    let column = dimension.column(table).filter(|_| !texts.is_empty());
    let Some(column) = column else { return statement.text.push_str("(1 = 0)") };
    statement.text.push_str(column);
    for (place, text) in texts.iter().enumerate() {
        statement.text.push_str(if place == 0 { " IN (" } else { ", " });
        statement.place(Value::Text(text.clone()));
    }
    statement.text.push(')');
}

impl Store {
    /// Sums of days.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn daily(&self, query: &DailyQuery, page: Page) -> Result<Vec<DailyRow>, StoreError> {
        ask!(self, backend => backend.daily(query.rows(page)).await)
    }

    /// How many sums of days a query has on all of its pages.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn daily_count(&self, query: &DailyQuery) -> Result<u64, StoreError> {
        ask!(self, backend => backend.counted(query.count()).await)
    }

    /// Makes the daily tables anew from the ledger, a day in a transaction; gives the number of their rows. Days on
    /// which attempts were charged without rows stay as they are.
    ///
    /// # Errors
    /// `Unavailable`: the days before are made anew, those after are as they were.
    pub async fn rebuild_daily(&self) -> Result<u64, StoreError> {
        ask!(self, backend => backend.rebuild_daily().await)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_only_what_it_asks() {
        let page = Page { offset: 0, limit: 9 };
        let all = DailyQuery::default().rows(page);
        assert!(!all.text.contains("WHERE") && !all.text.contains("GROUP"), "{}", all.text);

        let query = DailyQuery {
            by: vec![Dimension::Day, Dimension::Tag],
            from_day: Some(1),
            only: vec![
                (Dimension::Team, vec!["a".into(), "b".into()]),
                (Dimension::EndUser, vec!["e".into()]),
            ],
            except: vec![(Dimension::ModelGroup, vec!["m".into()])],
            of: Some(KeysOf {
                user_id: Some("u".into()),
                whole_teams: vec!["t".into()],
                ..KeysOf::default()
            }),
            dearest_first: true,
            ..DailyQuery::default()
        };
        let text = query.rows(page).text;
        let expected = "FROM daily_tag_spend WHERE day >= $1 AND team_id IN ($2, $3) AND (1 = 0) AND NOT model_group IN \
                        ($4) AND (user_id = $5 OR team_id = $6) GROUP BY day, tag ORDER BY sum(spend_nanos) DESC, day DESC, tag LIMIT $7 OFFSET $8";
        assert!(text.ends_with(expected), "{text}");
        assert_eq!(query.rows(page).values.len(), 8);
        assert!(query.count().text.ends_with("GROUP BY day, tag) AS sums"));
    }
}
