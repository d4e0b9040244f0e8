-- What attempts add to their days, with their moments: one day of them is found by the index of times, and no day is
-- read with all others at once. The older views stay for nodes that still ask them.
CREATE OR REPLACE VIEW ledger_facts AS
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
    CASE outcome WHEN 'success' THEN total_us / 1000 ELSE 0 END AS response_ms, tags, started_ms
FROM ledger, jsonb_to_record(ledger.usage::jsonb) AS units (input_text bigint, input_cache_read bigint,
    input_cache_write_5m bigint, input_cache_write_1h bigint, input_audio bigint, input_image bigint,
    output_text bigint, output_reasoning bigint, output_audio bigint, output_image bigint);

-- A tag that stands twice on an attempt counts once.
CREATE VIEW ledger_tag_facts AS
SELECT day, key_id, key_hash, user_id, team_id, tag, model_group, upstream_model, provider, operation,
    spend_nanos, requests, successes, failures, prompt_tokens, completion_tokens, cache_read_tokens, cache_write_tokens,
    response_ms, started_ms
FROM ledger_facts, LATERAL (SELECT DISTINCT jsonb_array_elements_text(ledger_facts.tags::jsonb) AS tag) AS every_tag;
