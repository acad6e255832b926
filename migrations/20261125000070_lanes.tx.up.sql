-- Each lane of the outbox has an index of its own: codes never look past
-- other mail. What has an end is found without a look at the rest.
CREATE INDEX IF NOT EXISTS outbox_codes ON outbox (status, next_at) WHERE template = 'code';

--bun:split
CREATE INDEX IF NOT EXISTS outbox_letters ON outbox (status, next_at) WHERE template <> 'code' AND template <> 'policy-reminder';

--bun:split
CREATE INDEX IF NOT EXISTS outbox_bulk ON outbox (status, next_at) WHERE template = 'policy-reminder';

--bun:split
CREATE INDEX IF NOT EXISTS outbox_ends ON outbox (expires_at) WHERE data IS NOT NULL AND expires_at > 0;

--bun:split
-- The one index of all lanes would be taken instead of theirs.
DROP INDEX IF EXISTS outbox_due;
