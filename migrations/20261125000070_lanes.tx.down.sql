CREATE INDEX IF NOT EXISTS outbox_due ON outbox (status, next_at);
--bun:split
DROP INDEX IF EXISTS outbox_ends;
--bun:split
DROP INDEX IF EXISTS outbox_bulk;
--bun:split
DROP INDEX IF EXISTS outbox_letters;
--bun:split
DROP INDEX IF EXISTS outbox_codes;
