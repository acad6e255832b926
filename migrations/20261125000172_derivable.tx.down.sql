ALTER TABLE directory ADD COLUMN off_kinds TEXT NOT NULL DEFAULT '';

--bun:split
ALTER TABLE directory ADD COLUMN must_enroll_at BIGINT NOT NULL DEFAULT 0;

--bun:split
ALTER TABLE directory ADD COLUMN reached BIGINT NOT NULL DEFAULT 0;

--bun:split
UPDATE directory SET
  off_kinds = (SELECT a.off_kinds FROM accounts AS a WHERE a.id = directory.account_id),
  must_enroll_at = (SELECT a.must_enroll_at FROM accounts AS a WHERE a.id = directory.account_id),
  reached = (SELECT a.reached FROM accounts AS a WHERE a.id = directory.account_id)
  WHERE account_id IN (SELECT id FROM accounts WHERE off_kinds <> '' OR must_enroll_at <> 0 OR reached <> 0);

--bun:split
ALTER TABLE accounts DROP COLUMN off_kinds;

--bun:split
ALTER TABLE accounts DROP COLUMN must_enroll_at;

--bun:split
ALTER TABLE accounts DROP COLUMN reached;
