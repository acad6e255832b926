-- What an account is, whatever its password is: invited, active, or locked by its
-- owner. Whether an admin disabled it lies beside it, in disabled_at.
ALTER TABLE accounts ADD COLUMN status TEXT NOT NULL DEFAULT 'active';

--bun:split
-- Whoever had a password once, or said "this was not me", was not waiting for an invite.
UPDATE accounts SET status = CASE WHEN password_changed_at > 0
    OR EXISTS (SELECT 1 FROM events WHERE account_id = accounts.id AND kind = 'account.secured') THEN 'locked' ELSE 'invited' END
  WHERE password = '';

--bun:split
-- What a way down kept.
UPDATE accounts SET status = (SELECT value FROM settings WHERE key = 'status:' || accounts.id)
  WHERE id IN (SELECT substr(key, 8) FROM settings WHERE key LIKE 'status:%');

--bun:split
DELETE FROM settings WHERE key LIKE 'status:%';

--bun:split
-- The buckets of those that are no longer invited: bit 1 goes. Locked ones have
-- bit 19. The totals are changed first, by what is about to move.
INSERT INTO totals (bucket, shard, n)
SELECT d.bucket - 2 + CASE a.status WHEN 'locked' THEN 524288 ELSE 0 END, 0, count(*)
  FROM accounts AS a JOIN directory AS d ON d.account_id = a.id
  WHERE a.password = '' AND a.status <> 'invited' AND (d.bucket & 2) <> 0 GROUP BY 1
ON CONFLICT (bucket, shard) DO UPDATE SET n = totals.n + excluded.n;

--bun:split
INSERT INTO totals (bucket, shard, n)
SELECT d.bucket, 0, -count(*)
  FROM accounts AS a JOIN directory AS d ON d.account_id = a.id
  WHERE a.password = '' AND a.status <> 'invited' AND (d.bucket & 2) <> 0 GROUP BY 1
ON CONFLICT (bucket, shard) DO UPDATE SET n = totals.n + excluded.n;

--bun:split
UPDATE directory SET bucket = bucket - 2 + CASE (SELECT status FROM accounts WHERE id = account_id) WHEN 'locked' THEN 524288 ELSE 0 END
  WHERE (bucket & 2) <> 0 AND account_id IN (SELECT id FROM accounts WHERE password = '' AND status <> 'invited');
