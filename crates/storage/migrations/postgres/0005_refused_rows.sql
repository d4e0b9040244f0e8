-- Attempts that the ledger did not take for their own sake, kept until somebody looks at them: nothing is lost, and
-- what comes after them does not wait.
CREATE TABLE ledger_refused (
    call_id BYTEA NOT NULL,
    number BIGINT NOT NULL,
    started_ms BIGINT NOT NULL,
    key_id TEXT,
    cost_nanos BIGINT NOT NULL,
    -- As in the ledger.
    accounts TEXT NOT NULL,
    -- 1: its key and accounts were charged.
    is_charged BIGINT NOT NULL,
    reason TEXT NOT NULL,
    -- The whole row as a JSON object, by the ledger's columns.
    record TEXT NOT NULL,
    PRIMARY KEY (call_id, number)
);
