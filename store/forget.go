package store

import (
	"context"
	"fmt"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// revived is what lived when a backup was made and must not live again.
var revived = []string{
	"DELETE FROM sessions", "DELETE FROM pendings", "DELETE FROM ceremonies", "DELETE FROM notes", "DELETE FROM links", "DELETE FROM registrations",
	"DELETE FROM outcomes", "DELETE FROM tokens", "DELETE FROM servers",
	"UPDATE outbox SET status = 'expired', data = NULL WHERE status = 'queued'",
}

// unknown is what cannot be known about a restored database. It is recorded in
// the audit log.
const unknown = "what changed after it is not known: passwords, factors, addresses, roles, and accounts made, disabled or deleted"

// AfterRestore ends, in a restored database, all sessions, trust, logins under
// way, links and queued mail. It uses up the codes that apps show now, and
// voids all recovery codes. It is one transaction, with an event.
func (s *Store) AfterRestore(ctx context.Context, now time.Time) (r Restored, err error) {
	s, done, err := s.patient()
	if err != nil {
		return r, err
	}
	defer done()
	var newest stamp
	err = s.reader.NewRaw("SELECT max(t) FROM (SELECT coalesce(max(at), 0) AS t FROM events UNION ALL SELECT coalesce(max(seen_at), 0) FROM servers"+
		" UNION ALL SELECT coalesce(max(last_seen_at), 0) FROM sessions) AS x").Scan(ctx, &newest)
	if err == nil {
		r.Accounts, err = s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM accounts"))
	}
	if err != nil {
		return r, err
	}
	r.Time = newest.Time()
	return r, s.Act(ctx, func(x login.Act) (e identity.Event, err error) {
		t := x.(*act).change()
		for _, statement := range revived {
			if _, err := t.db.NewRaw(statement).Exec(ctx); err != nil {
				return e, err
			}
		}
		if _, err := t.db.NewRaw("DELETE FROM browsers WHERE trusted = ?", true).Exec(ctx); err != nil {
			return e, err
		}
		if err := t.spendSteps(ctx, now); err != nil {
			return e, err
		}
		if r.Codes, err = t.voidCodes(ctx, now); err != nil {
			return e, err
		}
		return identity.Event{At: now, Kind: identity.EventDatabaseRestored, Actor: "cli",
			Detail: fmt.Sprintf("%d accounts, as of %s; %s", r.Accounts, r.Time.Format(time.RFC3339), unknown)}, nil
	})
}

// spendSteps marks all codes of apps that are good now as used, and the next
// one, which may be entered a step early, because it cannot be known which were
// used since the backup. The steps that the backup remembers end earlier, and
// would let them pass.
func (t *tx) spendSteps(ctx context.Context, now time.Time) error {
	if _, err := t.db.NewRaw("DELETE FROM steps").Exec(ctx); err != nil {
		return err
	}
	for _, k := range t.kinds.Traits() {
		if k.Counts == 0 {
			continue
		}
		step := now.Unix()/int64(k.Counts/time.Second) + 1
		if _, err := t.db.NewRaw("UPDATE credentials SET counter = ?, version = version + 1 WHERE kind = ? AND counter < ?",
			step, k.Kind, step).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// forgetPage is how many accounts are read at once where all are gone through.
const forgetPage = 500

// voidCodes deletes all recovery codes, because it cannot be known which were
// used since the backup, and notifies their owners. The codes are not marked as
// used, because an owner who tries one would then be warned about a code used
// twice.
func (t *tx) voidCodes(ctx context.Context, now time.Time) (n int, err error) {
	spare := t.kinds.Spare()
	if spare == nil {
		return 0, nil
	}
	for after := ""; ; {
		var rows []accountRow
		err := t.db.NewSelect().Model(&rows).Where("recovery_left > 0 AND id > ?", after).Order("id").Limit(forgetPage).Scan(ctx)
		if err != nil || len(rows) == 0 {
			return n, err
		}
		ids := make([]string, len(rows))
		for i, r := range rows {
			ids[i], after = r.ID, r.ID
			t.touch(r.ID)
			a := r.account()
			if !login.Hears(a, identity.MailRestored) {
				continue
			}
			err := t.Post(ctx, identity.Mail{Template: identity.MailRestored, To: a.Email, AccountID: a.ID, Created: now,
				Data: map[string]string{"login": a.Login, "time": now.UTC().Format("2 January 2006, 15:04 UTC")}})
			if err != nil {
				return n, err
			}
		}
		if _, err = t.db.NewRaw("DELETE FROM credentials WHERE kind = ? AND account_id IN (?)", spare.Kind(), list(ids)).Exec(ctx); err == nil {
			_, err = t.db.NewRaw("UPDATE accounts SET recovery_left = 0 WHERE id IN (?)", list(ids)).Exec(ctx)
		}
		if err != nil {
			return n, err
		}
		n += len(rows)
	}
}
