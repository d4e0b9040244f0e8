-- What the ledger sums to by day (UTC, counted from 1970), derived from it and kept beside it: each attempt adds to
-- one row of the first table, and to one row a tag of the second. An empty text stands where the ledger has NULL.
CREATE TABLE daily_spend (
    day BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    user_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    end_user TEXT NOT NULL,
    model_group TEXT NOT NULL,
    upstream_model TEXT NOT NULL,
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    spend_nanos BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    successes BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cache_read_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    response_ms BIGINT NOT NULL,
    -- Texts of clients may be longer than an index takes.
    fact TEXT GENERATED ALWAYS AS (md5(
        length(key_id)::text || ',' || length(key_hash)::text || ',' ||
        length(user_id)::text || ',' || length(team_id)::text || ',' ||
        length(end_user)::text || ',' || length(model_group)::text || ',' ||
        length(upstream_model)::text || ',' || length(provider)::text || ',' ||
        length(operation)::text
        || ':' || key_id || key_hash || user_id || team_id || end_user || model_group || upstream_model ||
        provider || operation
    )) STORED,
    PRIMARY KEY (day, fact)
) WITH (fillfactor = 70);

CREATE TABLE daily_tag_spend (
    day BIGINT NOT NULL,
    key_id TEXT NOT NULL,
    key_hash TEXT NOT NULL,
    user_id TEXT NOT NULL,
    team_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    model_group TEXT NOT NULL,
    upstream_model TEXT NOT NULL,
    provider TEXT NOT NULL,
    operation TEXT NOT NULL,
    spend_nanos BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    successes BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    prompt_tokens BIGINT NOT NULL,
    completion_tokens BIGINT NOT NULL,
    cache_read_tokens BIGINT NOT NULL,
    cache_write_tokens BIGINT NOT NULL,
    response_ms BIGINT NOT NULL,
    -- Texts of clients may be longer than an index takes.
    fact TEXT GENERATED ALWAYS AS (md5(
        length(key_id)::text || ',' || length(key_hash)::text || ',' ||
        length(user_id)::text || ',' || length(team_id)::text || ',' || length(tag)::text || ',' ||
        length(model_group)::text || ',' || length(upstream_model)::text || ',' ||
        length(provider)::text || ',' || length(operation)::text
        || ':' || key_id || key_hash || user_id || team_id || tag || model_group || upstream_model ||
        provider || operation
    )) STORED,
    PRIMARY KEY (day, fact)
) WITH (fillfactor = 70);

-- Days on which attempts were charged without rows (disable_spend_logs): nothing can be held against the ledger there.
CREATE TABLE days_without_rows (
    day BIGINT PRIMARY KEY
);

-- What one attempt adds to its day.
CREATE VIEW ledger_facts AS
SELECT started_ms / 86400000 AS day, coalesce(key_id, '') AS key_id, key_hash, coalesce(user_id, '') AS user_id,
    coalesce(team_id, '') AS team_id, coalesce(end_user, '') AS end_user, model_group, upstream_model, provider,
    operation, cost_nanos AS spend_nanos, 1 AS requests, (outcome = 'success')::int AS successes,
    (outcome = 'failure')::int AS failures,
    coalesce(input_text, 0) + coalesce(input_cache_read, 0) + coalesce(input_cache_write_5m, 0)
        + coalesce(input_cache_write_1h, 0) + coalesce(input_audio, 0) + coalesce(input_image, 0) AS prompt_tokens,
    coalesce(output_text, 0) + coalesce(output_reasoning, 0) + coalesce(output_audio, 0)
        + coalesce(output_image, 0) AS completion_tokens,
    coalesce(input_cache_read, 0) AS cache_read_tokens,
    coalesce(input_cache_write_5m, 0) + coalesce(input_cache_write_1h, 0) AS cache_write_tokens,
    CASE outcome WHEN 'success' THEN total_us / 1000 ELSE 0 END AS response_ms, tags
FROM ledger, jsonb_to_record(ledger.usage::jsonb) AS units (input_text bigint, input_cache_read bigint,
    input_cache_write_5m bigint, input_cache_write_1h bigint, input_audio bigint, input_image bigint,
    output_text bigint, output_reasoning bigint, output_audio bigint, output_image bigint);

CREATE VIEW ledger_by_day AS
SELECT day, key_id, key_hash, user_id, team_id, end_user, model_group, upstream_model, provider, operation,
    sum(spend_nanos)::bigint AS spend_nanos, sum(requests)::bigint AS requests, sum(successes)::bigint AS successes,
    sum(failures)::bigint AS failures, sum(prompt_tokens)::bigint AS prompt_tokens,
    sum(completion_tokens)::bigint AS completion_tokens, sum(cache_read_tokens)::bigint AS cache_read_tokens,
    sum(cache_write_tokens)::bigint AS cache_write_tokens, sum(response_ms)::bigint AS response_ms
FROM ledger_facts
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

-- A tag that stands twice on an attempt counts once.
CREATE VIEW ledger_tags_by_day AS
SELECT day, key_id, key_hash, user_id, team_id, tag, model_group, upstream_model, provider, operation,
    sum(spend_nanos)::bigint AS spend_nanos, sum(requests)::bigint AS requests, sum(successes)::bigint AS successes,
    sum(failures)::bigint AS failures, sum(prompt_tokens)::bigint AS prompt_tokens,
    sum(completion_tokens)::bigint AS completion_tokens, sum(cache_read_tokens)::bigint AS cache_read_tokens,
    sum(cache_write_tokens)::bigint AS cache_write_tokens, sum(response_ms)::bigint AS response_ms
FROM ledger_facts, LATERAL (SELECT DISTINCT jsonb_array_elements_text(ledger_facts.tags::jsonb) AS tag) AS every_tag
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10;

INSERT INTO daily_spend SELECT * FROM ledger_by_day;
INSERT INTO daily_tag_spend SELECT * FROM ledger_tags_by_day;
