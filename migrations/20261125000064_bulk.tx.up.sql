-- Word of a restored backup goes to everybody at once, beside the reminders.
-- The indexes have the words of the lanes.
DROP INDEX IF EXISTS outbox_letters;

--bun:split
DROP INDEX IF EXISTS outbox_bulk;

--bun:split
CREATE INDEX IF NOT EXISTS outbox_letters ON outbox (status, next_at) WHERE template NOT IN ('code', 'policy-reminder', 'restored');

--bun:split
CREATE INDEX IF NOT EXISTS outbox_bulk ON outbox (status, next_at) WHERE template IN ('policy-reminder', 'restored');
