//! Conditions of a query, the same text for both databases. Only what a filter sets stands in it, so that an
//! index can serve it.

use tokio_postgres::types::ToSql as ToPostgres;
use weighhouse_types::CallId;

use crate::columns::{KEY_COLUMNS, LEDGER_COLUMNS};
use crate::entities::{EntityFilter, EntityKind};
use crate::records::{KeyFilter, KeysOf, LedgerFilter, LedgerOrder, Page};

/// Sums of the ledger by key, for whoever checks what keys are said to have spent.
pub(crate) const SPEND_BY_KEY: &str = "SELECT key_id, CAST(sum(cost_nanos) AS BIGINT) FROM ledger \
     WHERE key_id IS NOT NULL GROUP BY key_id ORDER BY key_id";

/// What a place in a statement stands for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Bytes(Vec<u8>),
}

/// A statement and the values of its places `$1`, `$2`, … in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Statement {
    pub(crate) text: String,
    pub(crate) values: Vec<Value>,
}

impl Statement {
    /// Keys, newest first.
    pub(crate) fn of_keys(filter: &KeyFilter, page: Page) -> Self {
        let mut statement =
            Self { text: format!("SELECT {KEY_COLUMNS} FROM virtual_keys"), values: Vec::new() };
        statement.narrow_keys(filter);
        statement.text.push_str(" ORDER BY created_ms DESC, id LIMIT ");
        statement.place(Value::Integer(i64::from(page.limit)));
        statement.text.push_str(" OFFSET ");
        statement.place(Value::Integer(i64::try_from(page.offset).unwrap_or(i64::MAX)));
        statement
    }

    /// Names of keys in the order of the alphabet; `part` is in them, in any case.
    pub(crate) fn of_key_aliases(filter: &KeyFilter, part: Option<&str>, page: Page) -> Self {
        let mut statement =
            Self { text: "SELECT key_alias FROM virtual_keys".to_owned(), values: Vec::new() };
        statement.narrow_aliases(filter, part);
        statement.text.push_str(" ORDER BY key_alias LIMIT ");
        statement.place(Value::Integer(i64::from(page.limit)));
        statement.text.push_str(" OFFSET ");
        statement.place(Value::Integer(i64::try_from(page.offset).unwrap_or(i64::MAX)));
        statement
    }

    /// How many of them there are.
    pub(crate) fn of_key_alias_count(filter: &KeyFilter, part: Option<&str>) -> Self {
        let mut statement = Self { text: "SELECT count(*) FROM virtual_keys".to_owned(), values: Vec::new() };
        statement.narrow_aliases(filter, part);
        statement
    }

    fn narrow_aliases(&mut self, filter: &KeyFilter, part: Option<&str>) {
        // No name is empty, so this asks for those that are there.
        self.narrow("key_alias >", Some(text("")));
        self.narrow_keys(filter);
        if let Some(part) = part {
            let literal = part.to_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
            self.narrow("lower(key_alias) LIKE", Some(text(&format!("%{literal}%"))));
            self.text.push_str(" ESCAPE '!'");
        }
    }

    /// How many keys there are.
    pub(crate) fn of_key_count(filter: &KeyFilter) -> Self {
        let mut statement = Self { text: "SELECT count(*) FROM virtual_keys".to_owned(), values: Vec::new() };
        statement.narrow_keys(filter);
        statement
    }

    /// Attempts: those of a call where one is given, else those of the answer that the filter names.
    pub(crate) fn of_ledger(filter: &LedgerFilter, call: Option<CallId>) -> Self {
        let mut statement = Self { text: format!("SELECT {LEDGER_COLUMNS} FROM ledger"), values: Vec::new() };
        statement.narrow_ledger(filter, call);
        statement.text.push_str(match filter.order {
            LedgerOrder::Newest => " ORDER BY started_ms DESC, call_id DESC, number DESC LIMIT ",
            LedgerOrder::Oldest => " ORDER BY started_ms, call_id, number LIMIT ",
            LedgerOrder::Dearest => " ORDER BY cost_nanos DESC, call_id DESC, number DESC LIMIT ",
            LedgerOrder::Cheapest => " ORDER BY cost_nanos, call_id, number LIMIT ",
        });
        statement.place(Value::Integer(i64::from(filter.limit)));
        if filter.offset > 0 {
            statement.text.push_str(" OFFSET ");
            statement.place(Value::Integer(i64::try_from(filter.offset).unwrap_or(i64::MAX)));
        }
        statement
    }

    /// How many attempts there are.
    pub(crate) fn of_ledger_count(filter: &LedgerFilter, call: Option<CallId>) -> Self {
        let mut statement = Self { text: "SELECT count(*) FROM ledger".to_owned(), values: Vec::new() };
        statement.narrow_ledger(filter, call);
        statement
    }

    fn narrow_ledger(&mut self, filter: &LedgerFilter, call: Option<CallId>) {
        self.narrow("key_id =", filter.key_id.as_ref().map(|id| text(id.as_str())));
        self.narrow("key_hash =", filter.key_hash.as_ref().map(|hash| text(hash.as_str())));
        self.narrow("user_id =", filter.user_id.as_deref().map(text));
        self.narrow("team_id =", filter.team_id.as_deref().map(text));
        self.narrow("end_user =", filter.end_user.as_deref().map(text));
        self.narrow("started_ms >=", filter.from_ms.map(Value::Integer));
        self.narrow("started_ms <", filter.until_ms.map(Value::Integer));
        self.narrow("outcome =", filter.outcome.map(|outcome| text(outcome.name())));
        self.narrow("upstream_model =", filter.upstream_model.as_deref().map(text));
        self.narrow("model_group =", filter.model_group.as_deref().map(text));
        self.narrow("deployment_id =", filter.deployment_id.as_deref().map(text));
        self.narrow("cost_nanos >=", filter.least.map(|least| Value::Integer(least.get())));
        self.narrow("cost_nanos <=", filter.most.map(|most| Value::Integer(most.get())));
        if let Some(model) = &filter.model {
            self.any_of(&[("model_group", model), ("upstream_model", model)]);
        }
        if let Some(of) = &filter.of {
            self.narrow_of("key_id", of);
        }
        if let Some(after) = filter.after {
            self.narrow("(started_ms, call_id, number) < (", Some(Value::Integer(after.started_ms)));
            for value in [
                Value::Bytes(after.attempt.call.as_bytes().to_vec()),
                Value::Integer(i64::from(after.attempt.number)),
            ] {
                self.text.push_str(", ");
                self.place(value);
            }
            self.text.push(')');
        }
        match call {
            Some(call) => self.narrow("call_id =", Some(Value::Bytes(call.as_bytes().to_vec()))),
            None => self.narrow("response_id =", filter.request_id.as_deref().map(text)),
        }
    }

    /// Adds the condition that one of these columns has its text, where there are any.
    fn any_of(&mut self, columns: &[(&str, &String)]) {
        for (place, (column, wanted)) in columns.iter().enumerate() {
            if place == 0 {
                self.also();
                self.text.push('(');
            } else {
                self.text.push_str(" OR ");
            }
            self.text.push_str(column);
            self.text.push_str(" = ");
            self.place(text(wanted));
        }
        if !columns.is_empty() {
            self.text.push(')');
        }
    }

    /// Records of a kind, newest first.
    pub(crate) fn of_entities(kind: EntityKind, filter: &EntityFilter, page: Page) -> Self {
        let mut statement = Self { text: "SELECT record FROM entities".to_owned(), values: Vec::new() };
        statement.narrow_entities(kind, filter);
        statement.text.push_str(" ORDER BY created_ms DESC, id LIMIT ");
        statement.place(Value::Integer(i64::from(page.limit)));
        statement.text.push_str(" OFFSET ");
        statement.place(Value::Integer(i64::try_from(page.offset).unwrap_or(i64::MAX)));
        statement
    }

    /// How many records of a kind there are.
    pub(crate) fn of_entity_count(kind: EntityKind, filter: &EntityFilter) -> Self {
        let mut statement = Self { text: "SELECT count(*) FROM entities".to_owned(), values: Vec::new() };
        statement.narrow_entities(kind, filter);
        statement
    }

    fn narrow_entities(&mut self, kind: EntityKind, filter: &EntityFilter) {
        self.narrow("kind =", Some(text(kind.name())));
        self.narrow("name =", filter.name.as_deref().map(text));
    }

    fn narrow_keys(&mut self, filter: &KeyFilter) {
        self.narrow("user_id =", filter.user_id.as_deref().map(text));
        self.narrow("team_id =", filter.team_id.as_deref().map(text));
        self.narrow("key_alias =", filter.key_alias.as_deref().map(text));
        self.narrow("hash =", filter.hash.as_ref().map(|hash| text(hash.as_str())));
        if let Some(of) = &filter.of {
            self.narrow_of("id", of);
        }
    }

    /// Keys that somebody reaches; whoever reaches none gets none.
    pub(crate) fn narrow_of(&mut self, id_column: &str, of: &KeysOf) {
        self.also();
        self.text.push('(');
        let mut is_first = true;
        let mut any = |statement: &mut Self, compared: &str, value: &str| {
            if !std::mem::take(&mut is_first) {
                statement.text.push_str(" OR ");
            }
            statement.text.push_str(compared);
            statement.place(text(value));
        };
        if let Some(id) = &of.itself {
            any(self, &format!("{id_column} = "), id.as_str());
        }
        if let Some(user) = &of.user_id {
            any(self, "user_id = ", user);
        }
        for team in &of.whole_teams {
            any(self, "team_id = ", team);
        }
        for team in &of.shared_teams {
            any(self, "user_id IS NULL AND team_id = ", team);
        }
        self.text.push_str(if is_first { "1 = 0)" } else { ")" });
    }

    /// Adds a condition where there is a value to compare with.
    pub(crate) fn narrow(&mut self, compared: &str, value: Option<Value>) {
        let Some(value) = value else { return };
        self.also();
        self.text.push_str(compared);
        self.text.push(' ');
        self.place(value);
    }

    /// Begins a condition beside those that stand there.
    pub(crate) fn also(&mut self) {
        self.text.push_str(if self.text.contains(" WHERE ") { " AND " } else { " WHERE " });
    }

    pub(crate) fn place(&mut self, value: Value) {
        self.values.push(value);
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

impl Value {
    /// The value as PostgreSQL's driver takes it.
    pub(crate) fn of_postgres(&self) -> &(dyn ToPostgres + Sync) {
        match self {
            Self::Text(text) => text,
            Self::Integer(number) => number,
            Self::Bytes(bytes) => bytes,
        }
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self {
            Self::Text(text) => Ok(text.as_str().into()),
            Self::Integer(number) => Ok((*number).into()),
            Self::Bytes(bytes) => Ok(bytes.as_slice().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::LedgerPlace;
    use weighhouse_types::AttemptId;

    #[test]
    fn whoever_reaches_no_key_gets_none() {
        let asked = |of| {
            let filter = KeyFilter { team_id: Some("t".into()), of: Some(of), ..KeyFilter::default() };
            Statement::of_key_count(&filter)
        };
        let none = asked(KeysOf::default());
        assert!(none.text.ends_with("WHERE team_id = $1 AND (1 = 0)"), "{}", none.text);
        let some =
            asked(KeysOf { user_id: Some("u".into()), shared_teams: vec!["s".into()], ..KeysOf::default() });
        let wanted = "WHERE team_id = $1 AND (user_id = $2 OR user_id IS NULL AND team_id = $3)";
        assert!(some.text.ends_with(wanted), "{}", some.text);
        let alone =
            Statement::of_key_count(&KeyFilter { of: Some(KeysOf::default()), ..KeyFilter::default() });
        assert!(alone.text.ends_with("WHERE (1 = 0)"), "{}", alone.text);
    }

    #[test]
    fn only_what_is_set_is_asked() {
        let all = Statement::of_ledger(&LedgerFilter { limit: 7, ..LedgerFilter::default() }, None);
        assert!(!all.text.contains("WHERE"), "{}", all.text);
        assert_eq!(all.values, [Value::Integer(7)]);

        let call = CallId::new(1, [2; 10]);
        let filter = LedgerFilter {
            user_id: Some("u".into()),
            request_id: Some(call.to_string()),
            until_ms: Some(9),
            limit: 1,
            ..LedgerFilter::default()
        };
        for (call, column) in [(Some(call), "call_id"), (None, "response_id")] {
            let some = Statement::of_ledger(&filter, call);
            let narrowed = format!("WHERE user_id = $1 AND started_ms < $2 AND {column} = $3 ORDER");
            assert!(some.text.contains(&narrowed), "{}", some.text);
            assert_eq!(some.values.len(), 4);
        }
        let page = LedgerFilter {
            model: Some("m".into()),
            of: Some(KeysOf {
                user_id: Some("u".into()),
                whole_teams: vec!["t".into()],
                ..KeysOf::default()
            }),
            after: Some(LedgerPlace {
                started_ms: 5,
                attempt: AttemptId { call: CallId::new(5, [0; 10]), number: 1 },
            }),
            order: LedgerOrder::Newest,
            limit: 3,
            ..LedgerFilter::default()
        };
        let narrowed = "WHERE (model_group = $1 OR upstream_model = $2) AND (user_id = $3 OR team_id = $4) AND \
                        (started_ms, call_id, number) < ( $5, $6, $7)";
        assert!(Statement::of_ledger(&page, None).text.contains(narrowed));
        assert!(Statement::of_ledger_count(&page, None).text.ends_with(narrowed));
    }
}
