-- The mails of an account are found when it is deleted.
CREATE INDEX IF NOT EXISTS outbox_account ON outbox (account_id);
