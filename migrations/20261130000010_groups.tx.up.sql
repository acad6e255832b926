-- The groups of an account, joined by commas, as every look-up of the account reads
-- them.
ALTER TABLE accounts ADD COLUMN member_of TEXT NOT NULL DEFAULT '';

--bun:split
-- The same by group: whoever lists the members of one finds them here.
CREATE TABLE members (
  name TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  PRIMARY KEY (name, account_id)
);

--bun:split
CREATE INDEX members_account ON members (account_id);
