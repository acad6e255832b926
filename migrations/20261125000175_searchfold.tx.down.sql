-- What is searched stays: it follows from the account, and each version writes it
-- its own way when the account changes.
DROP INDEX IF EXISTS directory_unsearched;
