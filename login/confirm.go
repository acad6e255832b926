package login

import (
	"cmp"
	"context"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Confirmation is the chooser of a step-up: the person's factors, or nothing
// when only the password can be asked for.
func (s *Service) Confirmation(ctx context.Context, v *Visit, want factors.Kind, target string, c identity.Client) (Chooser, error) {
	return s.chooser(ctx, sessionSubject(v, factors.ForConfirm, c), asked{want, target})
}

func sessionSubject(v *Visit, p factors.Purpose, c identity.Client) subject {
	return subject{purpose: p, id: v.Session.ID, account: v.Account, client: c}
}

// SendConfirm has a code sent for a step-up.
func (s *Service) SendConfirm(ctx context.Context, v *Visit, k factors.Kind, target string, c identity.Client) error {
	return s.send(ctx, sessionSubject(v, factors.ForConfirm, c), k, target, "confirm that it is you")
}

// Confirm judges the answer of a step-up. It shares its counters with the
// sign-in. A session of level 1 rises to level 2 and gets a new token.
func (s *Service) Confirm(ctx context.Context, v *Visit, k factors.Kind, a factors.Answer, c identity.Client) (Entry, error) {
	ctx = context.WithoutCancel(ctx)
	sub := sessionSubject(v, factors.ForConfirm, c)
	p, err := s.prove(ctx, sub, k, a)
	if err != nil {
		return Entry{}, err
	}
	var entry Entry
	err = s.store.Act(ctx, func(tx Act) (identity.Event, error) {
		e := s.event(identity.EventConfirmed, v.Account.ID, c)
		e.Level, e.Detail = 2, string(k)
		if _, err := s.spend(ctx, tx, sub, p); err != nil {
			return e, err
		}
		entry, err = s.raise(ctx, tx, v, 2, k)
		return e, err
	})
	return entry, s.faulted(ctx, p.counted.Key, err)
}

// ConfirmPassword is the step-up of someone who has no factor.
func (s *Service) ConfirmPassword(ctx context.Context, v *Visit, password string, c identity.Client) (Entry, error) {
	if v.Account.HasFactor() {
		return Entry{}, identity.Refuse(identity.Wrong, "")
	}
	err := s.CheckPassword(ctx, v.Account, password, c)
	if err != nil {
		return Entry{}, err
	}
	ctx = context.WithoutCancel(ctx)
	var entry Entry
	err = s.store.Act(ctx, func(tx Act) (identity.Event, error) {
		e := s.event(identity.EventConfirmed, v.Account.ID, c)
		e.Level, e.Detail = v.Session.Level, "password"
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return e, err
		}
		if a.HasFactor() || a.Password != v.Account.Password {
			return e, identity.Refuse(identity.Wrong, "")
		}
		entry, err = s.raise(ctx, tx, v, v.Session.Level, v.Session.Factor)
		return e, err
	})
	return entry, err
}

// CheckPassword judges the password of someone signed in, with the same counters
// as the sign-in, which it resets when the password is right.
func (s *Service) CheckPassword(ctx context.Context, a identity.Account, password string, c identity.Client) error {
	_, seen, err := s.find(ctx, a.Login, c)
	if err != nil {
		return err
	}
	right, err := s.judge(ctx, attempt{a, seen, password, c}, func(ctx context.Context, _ string) error {
		return s.store.Write(ctx, func(tx Tx) error { return tx.ClearThrottle(ctx, seen.lane().Key) })
	})
	if err != nil || right {
		return err
	}
	ctx = context.WithoutCancel(ctx) // a judged password is counted even if the client disconnects
	err = s.store.Act(ctx, func(tx Act) (identity.Event, error) {
		return s.event(identity.EventPasswordFailed, a.ID, c), s.addressFailed(ctx, tx, c)
	})
	return cmp.Or(err, identity.Refuse(identity.Wrong, ""))
}
