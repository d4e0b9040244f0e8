-- Teams, users, customers, named budgets and tags, each as one JSON object.
CREATE TABLE entities (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    name TEXT,
    record TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX entities_by_name ON entities (kind, name) WHERE name IS NOT NULL;

-- What was spent by whom in which window, such as days:7@1795046400000; the empty text is the account for life.
-- A new window is a new row.
CREATE TABLE accounts (
    scope TEXT NOT NULL,
    budget_window TEXT NOT NULL,
    settled_nanos BIGINT NOT NULL DEFAULT 0,
    -- Lent to nodes; one node alone borrows nothing.
    leased_nanos BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (scope, budget_window)
);

-- Accounts that a row was charged to, as [["team:a",""],...].
ALTER TABLE ledger ADD COLUMN accounts TEXT NOT NULL DEFAULT '[]';
CREATE INDEX ledger_by_team ON ledger (team_id, started_ms) WHERE team_id IS NOT NULL;
CREATE INDEX ledger_by_user ON ledger (user_id, started_ms) WHERE user_id IS NOT NULL;
CREATE INDEX ledger_by_end_user ON ledger (end_user, started_ms) WHERE end_user IS NOT NULL;
