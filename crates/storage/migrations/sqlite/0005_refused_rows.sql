-- Attempts that the ledger did not take for their own sake, kept until somebody looks at them: nothing is lost, and
-- what comes after them does not wait.
CREATE TABLE ledger_refused (
    call_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    key_id TEXT,
    cost_nanos INTEGER NOT NULL,
    -- As in the ledger.
    accounts TEXT NOT NULL,
    -- 1: its key and accounts were charged.
    is_charged INTEGER NOT NULL,
    reason TEXT NOT NULL,
    -- The whole row as a JSON object, by the ledger's columns.
    record TEXT NOT NULL,
    PRIMARY KEY (call_id, number)
) WITHOUT ROWID;
