package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// Lost is what no key in the key file opens.
type Lost struct {
	Accounts int // accounts that lose authenticator apps or recovery codes
	Mails    int // mails that were not sent yet, or could be sent again
	other    int // states of sign-ins and enrollments under way
	kept     int // values that a key of the file opens
	mails    []string
	creds    []string
	accounts []string
}

// Any says whether anything is lost.
func (l Lost) Any() bool { return l.Accounts+l.Mails+l.other > 0 }

// Lost looks at every sealed value. Without keys none of them opens.
func (s *Store) Lost(ctx context.Context) (l Lost, err error) {
	for _, t := range sealedTables {
		err := s.walkSealed(ctx, t, func(rows []sealedRow) error {
			for _, r := range rows {
				if s.keys != nil {
					if _, err := s.keys.Open(r.Value, r.Bound); err == nil {
						l.kept++
						continue
					}
				}
				switch t.name {
				case "credentials":
					l.creds = append(l.creds, r.ID)
				case "outbox":
					l.mails = append(l.mails, r.ID)
				default:
					l.other++
				}
			}
			return nil
		})
		if err != nil {
			return l, err
		}
	}
	for page := range slices.Chunk(l.creds, forgetPage) {
		var ids []string
		if err := s.reader.NewRaw("SELECT DISTINCT account_id FROM credentials WHERE id IN (?)", list(page)).Scan(ctx, &ids); err != nil {
			return l, err
		}
		l.accounts = append(l.accounts, ids...)
	}
	slices.Sort(l.accounts)
	l.accounts = slices.Compact(l.accounts)
	l.Accounts, l.Mails = len(l.accounts), len(l.mails)
	return l, nil
}

// AcceptKeys makes the given keys those of the site in place of lost ones, and
// deletes what they do not open, in one transaction. bereft is called for each
// account that lost a factor and returns its event; when the transaction is run
// again, so is bereft.
func (s *Store) AcceptKeys(ctx context.Context, now time.Time, bereft func(login.Act, identity.Account) (identity.Event, error)) (l Lost, err error) {
	s, done, err := s.patient()
	if err != nil {
		return l, err
	}
	defer done()
	if l, err = s.Lost(ctx); err != nil {
		return l, err
	}
	value, err := s.keys.checks(false)
	if err != nil {
		return l, err
	}
	return l, s.Act(ctx, func(x login.Act) (last identity.Event, err error) {
		t := x.(*act).change()
		x.Record(identity.Event{At: now, Kind: keysAccepted, Actor: "cli", Detail: "the keys from before are lost"})
		err = t.replaceKeyset(ctx, keysetRow{ID: 1, Value: value, Resealed: l.kept == 0})
		if err == nil {
			err = t.dropLost(ctx, l)
		}
		last = identity.NothingHappened
		for _, id := range l.accounts {
			err = errors.Join(err, t.recount(ctx, id))
			a, err2 := t.LockAccount(ctx, id)
			if err = errors.Join(err, err2); err != nil {
				return last, err
			}
			x.Record(last)
			if last, err = bereft(x, a); err != nil {
				return last, err
			}
		}
		return last, err
	})
}

// replaceKeyset keeps another check value, and begins the head of the audit log
// anew, since the old one was kept under the lost keys.
func (t *tx) replaceKeyset(ctx context.Context, row keysetRow) error {
	_, err := t.db.NewInsert().Model(&row).On("CONFLICT (id) DO UPDATE").Set("value = excluded.value").Set("resealed = excluded.resealed").Exec(ctx)
	if err == nil {
		_, err = t.db.NewRaw("DELETE FROM audit_head").Exec(ctx)
	}
	if err != nil {
		return err
	}
	return t.beginHead(ctx)
}

// dropLost takes away what is lost, and every sign-in under way: its codes were
// hashed with the lost keys.
func (t *tx) dropLost(ctx context.Context, l Lost) error {
	for _, statement := range []string{"DELETE FROM pendings", "DELETE FROM ceremonies", "DELETE FROM notes", "DELETE FROM outcomes"} {
		if _, err := t.db.NewRaw(statement).Exec(ctx); err != nil {
			return err
		}
	}
	for page := range slices.Chunk(l.creds, forgetPage) {
		if _, err := t.db.NewRaw("DELETE FROM credentials WHERE id IN (?)", list(page)).Exec(ctx); err != nil {
			return err
		}
	}
	for page := range slices.Chunk(l.mails, forgetPage) {
		_, err := t.db.NewRaw("UPDATE outbox SET data = NULL, last_error = 'it was sealed with a key that is lost', status = CASE status WHEN 'queued' THEN 'expired' ELSE status END WHERE id IN (?)",
			list(page)).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}
