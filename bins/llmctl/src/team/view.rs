//! Teams as they are shown.

use std::ops::Deref;

use weighhouse_api::{TeamInfo, TeamObject};

use crate::limit_view::{limits, metadata};
use crate::output::{Cell, Column, Table};

const COLUMNS: &[Column] = &[
    Column::id("team_id", "ID"),
    Column::text("team_alias", "ALIAS"),
    Column::number("spend", "SPEND"),
    Column::number("max_budget", "BUDGET"),
    Column::id("budget_reset_at", "RESETS"),
    Column::number("members", "MEMBERS"),
    Column::text("models", "MODELS"),
    Column::id("blocked", "BLOCKED"),
];

pub(super) fn list<D: Deref<Target = TeamObject>>(teams: &[D]) -> Table {
    let mut table = Table::list(COLUMNS);
    for team in teams {
        table.row([
            Cell::from(&team.team_id),
            team.team_alias.as_ref().into(),
            team.spend.into(),
            team.limits.max_budget.into(),
            team.limits.budget_reset_at.as_ref().into(),
            team.members_with_roles.len().into(),
            Cell::list(&team.models),
            team.blocked.into(),
        ]);
    }
    table
}

pub(super) fn record(team: &TeamObject) -> Table {
    let mut table = Table::record();
    table.field("team_id", "id", &team.team_id);
    table.field("team_alias", "alias", team.team_alias.as_ref());
    table.field("blocked", "blocked", team.blocked);
    table.field("spend", "spend", team.spend);
    limits(&mut table, &team.limits);
    table.field("models", "models", Cell::list(&team.models));
    let aliases = team.model_aliases.iter().map(|(name, model)| format!("{name}={model}"));
    table.field("model_aliases", "model aliases", Cell::list(aliases));
    table.field("team_member_budget", "each member's budget", team.team_member_limits.max_budget);
    let names = team.members_with_roles.iter().filter_map(|member| member.user_id.as_ref());
    table.field("members", "members", Cell::list(names));
    table.field("tags", "tags", Cell::list(&team.tags));
    table.field("metadata", "metadata", metadata(&team.metadata));
    table.field("created_at", "created", &team.created_at);
    table.field("updated_at", "updated", &team.updated_at);
    table
}

/// A team with what its members spent.
pub(super) fn info(told: &TeamInfo) -> Table {
    let mut table = record(&told.team_info);
    table.field("keys", "keys", told.keys.len());
    for member in &told.team_memberships {
        let spent = Cell::from(member.spend).shown();
        let spent = match member.litellm_budget_table.max_budget {
            Some(budget) => format!("{spent} of {}", Cell::from(budget).shown()),
            None => spent,
        };
        table.note(format!("member {}", member.user_id), spent);
    }
    table
}
