-- What does not follow from anything else lies with the accounts, so that the
-- directory can be made anew from them.
ALTER TABLE accounts ADD COLUMN off_kinds TEXT NOT NULL DEFAULT '';

--bun:split
ALTER TABLE accounts ADD COLUMN must_enroll_at BIGINT NOT NULL DEFAULT 0;

--bun:split
ALTER TABLE accounts ADD COLUMN reached BIGINT NOT NULL DEFAULT 0;

--bun:split
UPDATE accounts SET
  off_kinds = (SELECT d.off_kinds FROM directory AS d WHERE d.account_id = accounts.id),
  must_enroll_at = (SELECT d.must_enroll_at FROM directory AS d WHERE d.account_id = accounts.id),
  reached = (SELECT d.reached FROM directory AS d WHERE d.account_id = accounts.id)
  WHERE id IN (SELECT account_id FROM directory WHERE off_kinds <> '' OR must_enroll_at <> 0 OR reached <> 0);

--bun:split
ALTER TABLE directory DROP COLUMN off_kinds;

--bun:split
ALTER TABLE directory DROP COLUMN must_enroll_at;

--bun:split
ALTER TABLE directory DROP COLUMN reached;
