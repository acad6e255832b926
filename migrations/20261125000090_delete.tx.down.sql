DROP INDEX IF EXISTS outbox_account;
