DROP INDEX IF EXISTS outbox_status_created;
--bun:split
DROP INDEX IF EXISTS outbox_created;
--bun:split
DROP INDEX IF EXISTS events_kind;
--bun:split
DROP INDEX IF EXISTS accounts_role;
--bun:split
DROP TABLE IF EXISTS days;
--bun:split
DROP TABLE IF EXISTS totals;
--bun:split
DROP TABLE IF EXISTS words;
--bun:split
DROP TABLE IF EXISTS directory;
