-- The version before reads from an empty password that an account is invited.
-- What it could not tell again stays in the settings until the next way up.
INSERT INTO settings (key, value) SELECT 'status:' || id, status FROM accounts
  WHERE status <> CASE WHEN password <> '' THEN 'active'
    WHEN password_changed_at > 0 OR EXISTS (SELECT 1 FROM events WHERE account_id = accounts.id AND kind = 'account.secured') THEN 'locked'
    ELSE 'invited' END
  ON CONFLICT (key) DO UPDATE SET value = excluded.value;

--bun:split
INSERT INTO totals (bucket, shard, n)
SELECT (d.bucket & ~524288) + 2, 0, count(*)
  FROM accounts AS a JOIN directory AS d ON d.account_id = a.id
  WHERE a.password = '' AND (d.bucket & 2) = 0 GROUP BY 1
ON CONFLICT (bucket, shard) DO UPDATE SET n = totals.n + excluded.n;

--bun:split
INSERT INTO totals (bucket, shard, n)
SELECT d.bucket, 0, -count(*)
  FROM accounts AS a JOIN directory AS d ON d.account_id = a.id
  WHERE a.password = '' AND (d.bucket & 2) = 0 GROUP BY 1
ON CONFLICT (bucket, shard) DO UPDATE SET n = totals.n + excluded.n;

--bun:split
UPDATE directory SET bucket = (bucket & ~524288) + 2
  WHERE (bucket & 2) = 0 AND account_id IN (SELECT id FROM accounts WHERE password = '');

--bun:split
-- The kept days know such accounts as invited, too.
INSERT INTO days (day, bucket, n) SELECT day, bucket - 524288 + 2, n FROM days WHERE bucket >= 524288
ON CONFLICT (day, bucket) DO UPDATE SET n = days.n + excluded.n;

--bun:split
DELETE FROM days WHERE bucket >= 524288;

--bun:split
ALTER TABLE accounts DROP COLUMN status;
