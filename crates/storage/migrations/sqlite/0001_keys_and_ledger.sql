CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE virtual_keys (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    key_alias TEXT UNIQUE,
    user_id TEXT,
    team_id TEXT,
    -- Everything else that administrators set, as one JSON object.
    record TEXT NOT NULL,
    spend_nanos INTEGER NOT NULL DEFAULT 0,
    total_spend_nanos INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX virtual_keys_by_user ON virtual_keys (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX virtual_keys_by_team ON virtual_keys (team_id) WHERE team_id IS NOT NULL;

CREATE TABLE ledger (
    call_id BLOB NOT NULL,
    number INTEGER NOT NULL,
    started_ms INTEGER NOT NULL,
    key_id TEXT,
    key_hash TEXT NOT NULL,
    user_id TEXT,
    team_id TEXT,
    end_user TEXT,
    operation TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    model_group TEXT NOT NULL,
    deployment_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    upstream_model TEXT NOT NULL,
    api_base TEXT NOT NULL,
    outcome TEXT NOT NULL,
    http_status INTEGER NOT NULL,
    response_id TEXT,
    stream INTEGER NOT NULL,
    -- Units by class, as {"input_text":12,...}.
    usage TEXT NOT NULL,
    -- 1: counted by the house; 2: the provider's numbers did not sum.
    usage_flags INTEGER NOT NULL,
    raw_usage TEXT,
    cost_nanos INTEGER NOT NULL,
    arithmetic TEXT NOT NULL,
    price_version TEXT NOT NULL,
    queue_us INTEGER NOT NULL,
    overhead_us INTEGER NOT NULL,
    first_token_us INTEGER NOT NULL,
    total_us INTEGER NOT NULL,
    tags TEXT NOT NULL,
    PRIMARY KEY (call_id, number)
) WITHOUT ROWID;
CREATE INDEX ledger_by_key ON ledger (key_id, started_ms);
