-- What attempts add to their days, with their moments: one day of them is found by the index of times, and no day is
-- read with all others in memory.
DROP VIEW ledger_tags_by_day;
DROP VIEW ledger_by_day;
DROP VIEW ledger_facts;

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
    CASE outcome WHEN 'success' THEN total_us / 1000 ELSE 0 END AS response_ms, tags, started_ms
FROM ledger;

-- A tag that stands twice on an attempt counts once.
CREATE VIEW ledger_tag_facts AS
SELECT day, key_id, key_hash, user_id, team_id, tag.value AS tag, model_group, upstream_model, provider, operation,
    spend_nanos, requests, successes, failures, prompt_tokens, completion_tokens, cache_read_tokens, cache_write_tokens,
    response_ms, started_ms
FROM ledger_facts, json_each(ledger_facts.tags) AS tag
WHERE tag.key = (SELECT min(same.key) FROM json_each(ledger_facts.tags) AS same WHERE same.value = tag.value);
