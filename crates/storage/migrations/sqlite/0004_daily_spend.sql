-- What the ledger sums to by day (UTC, counted from 1970), derived from it and kept beside it: each attempt adds to
-- one row of the first table, and to one row a tag of the second. An empty text stands where the ledger has NULL.
CREATE TABLE daily_spend (
    day INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    user_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    end_user TEXT NOT NULL,
    model_group TEXT NOT NULL,
    upstream_model TEXT NOT NULL,
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    spend_nanos INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    successes INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    response_ms INTEGER NOT NULL,
    PRIMARY KEY (day, key_id, key_hash, user_id, team_id, end_user, model_group, upstream_model, provider, operation)
) WITHOUT ROWID;

CREATE TABLE daily_tag_spend (
    day INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    user_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    model_group TEXT NOT NULL,
    upstream_model TEXT NOT NULL,
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    spend_nanos INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    successes INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    response_ms INTEGER NOT NULL,
    PRIMARY KEY (day, key_id, key_hash, user_id, team_id, tag, model_group, upstream_model, provider, operation)
) WITHOUT ROWID;

-- Days on which attempts were charged without rows (disable_spend_logs): nothing can be held against the ledger there.
CREATE TABLE days_without_rows (
    day INTEGER PRIMARY KEY
) WITHOUT ROWID;

-- What one attempt adds to its day.
CREATE VIEW ledger_facts AS
SELECT started_ms / 86400000 AS day, coalesce(key_id, '') AS key_id, key_hash, coalesce(user_id, '') AS user_id,
    coalesce(team_id, '') AS team_id, coalesce(end_user, '') AS end_user, model_group, upstream_model, provider,
    operation, cost_nanos AS spend_nanos, 1 AS requests, outcome = 'success' AS successes,
    outcome = 'failure' AS failures,
    coalesce(usage ->> 'input_text', 0) + coalesce(usage ->> 'input_cache_read', 0)
        + coalesce(usage ->> 'input_cache_write_5m', 0) + coalesce(usage ->> 'input_cache_write_1h', 0)
        + coalesce(usage ->> 'input_audio', 0) + coalesce(usage ->> 'input_image', 0) AS prompt_tokens,
    coalesce(usage ->> 'output_text', 0) + coalesce(usage ->> 'output_reasoning', 0)
        + coalesce(usage ->> 'output_audio', 0) + coalesce(usage ->> 'output_image', 0) AS completion_tokens,
    coalesce(usage ->> 'input_cache_read', 0) AS cache_read_tokens,
    coalesce(usage ->> 'input_cache_write_5m', 0) + coalesce(usage ->> 'input_cache_write_1h', 0) AS cache_write_tokens,
    CASE outcome WHEN 'success' THEN total_us / 1000 ELSE 0 END AS response_ms, tags
FROM ledger;

CREATE VIEW ledger_by_day AS
SELECT day, key_id, key_hash, user_id, team_id, end_user, model_group, upstream_model, provider, operation,
    sum(spend_nanos) AS spend_nanos, sum(requests) AS requests, sum(successes) AS successes, sum(failures) AS failures,
    sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
    sum(cache_read_tokens) AS cache_read_tokens, sum(cache_write_tokens) AS cache_write_tokens,
    sum(response_ms) AS response_ms
FROM ledger_facts
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

-- A tag that stands twice on an attempt counts once.
CREATE VIEW ledger_tags_by_day AS
SELECT day, key_id, key_hash, user_id, team_id, tag.value AS tag, model_group, upstream_model, provider, operation,
    sum(spend_nanos) AS spend_nanos, sum(requests) AS requests, sum(successes) AS successes, sum(failures) AS failures,
    sum(prompt_tokens) AS prompt_tokens, sum(completion_tokens) AS completion_tokens,
    sum(cache_read_tokens) AS cache_read_tokens, sum(cache_write_tokens) AS cache_write_tokens,
    sum(response_ms) AS response_ms
FROM ledger_facts, json_each(ledger_facts.tags) AS tag
WHERE tag.key = (SELECT min(same.key) FROM json_each(ledger_facts.tags) AS same WHERE same.value = tag.value)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

INSERT INTO daily_spend SELECT * FROM ledger_by_day;
INSERT INTO daily_tag_spend SELECT * FROM ledger_tags_by_day;
