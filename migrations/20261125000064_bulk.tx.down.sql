DROP INDEX IF EXISTS outbox_bulk;
--bun:split
DROP INDEX IF EXISTS outbox_letters;
--bun:split
CREATE INDEX IF NOT EXISTS outbox_letters ON outbox (status, next_at) WHERE template <> 'code' AND template <> 'policy-reminder';
--bun:split
CREATE INDEX IF NOT EXISTS outbox_bulk ON outbox (status, next_at) WHERE template = 'policy-reminder';
