CREATE INDEX ledger_by_time ON ledger (started_ms);
CREATE INDEX ledger_by_response ON ledger (response_id) WHERE response_id IS NOT NULL;
