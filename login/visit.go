package login

import (
	"context"
	"errors"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Visit is one request of someone signed in.
type Visit struct {
	Session identity.Session
	Account identity.Account
	Policy  identity.Policy
	Now     time.Time
	Fresh   bool // proved within ConfirmTTL that it is the owner

	changes int64 // how many there were when it was read
}

// Visited is what a visit is made of, as it is kept.
type Visited struct {
	Session identity.Session
	Account identity.Account
	Policy  string
	Changes int64 // how many there were
}

// Passed says that nothing of the sign-in is left to prove: a session that was
// there before the account's first factor has not passed it.
func (v Visit) Passed() bool { return !v.Account.HasFactor() || v.Session.Level >= 2 }

// Forced says that the person must enroll before any other page opens.
func (v Visit) Forced() bool { return v.Account.Bare() || v.Policy.Forces(v.Account, v.Now) }

// Level is what other applications may rely on.
func (v Visit) Level() int { return v.Session.Level }

// Visit finds out who asks, and notes that the session is in use. No session,
// an ended one and one of a disabled account are all the same: nil.
func (s *Service) Visit(ctx context.Context, token string) (*Visit, error) {
	v, err := s.Peek(ctx, token)
	if err != nil || v == nil {
		return nil, err
	}
	return v, s.Use(ctx, v)
}

// Use notes that a session is in use.
func (s *Service) Use(ctx context.Context, v *Visit) error {
	if err := s.moved(ctx, v.Session); err != nil {
		return err
	}
	if s.unused(v.Session, v.Now) {
		if err := s.store.Touch(ctx, v.Session.ID, v.Now); err != nil {
			return err
		}
		v.Session.LastSeen = v.Now
	}
	return nil
}

// unused says whether it is time to note that a session is in use.
func (s *Service) unused(x identity.Session, now time.Time) bool {
	return s.ahead(x.LastSeen) || now.Sub(x.LastSeen) > min(touchEvery, s.opt.SessionIdle/10)
}

// Peek is Visit for somebody who only wants to know: nothing is written.
func (s *Service) Peek(ctx context.Context, token string) (*Visit, error) {
	if token == "" {
		return nil, nil
	}
	return s.peek(ctx, identity.HashToken(token))
}

// peek is Peek by the stored form of a token.
func (s *Service) peek(ctx context.Context, hash string) (*Visit, error) {
	read, err := s.store.Visit(ctx, hash)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	now := s.Now()
	sess := read.Session
	if !read.Account.Disabled.IsZero() || s.ended(sess, now) {
		return nil, nil
	}
	policy, err := s.parsePolicy(read.Policy)
	if err != nil {
		return nil, err
	}
	return &Visit{Session: sess, Account: read.Account, Policy: policy, Now: now, Fresh: s.fresh(sess, now), changes: read.Changes}, nil
}

// fresh says whether a session was confirmed within ConfirmTTL. One that
// nothing but a password on a trusted browser opened never was, and a clock
// that was set back makes no confirmation last longer than its time.
func (s *Service) fresh(x identity.Session, now time.Time) bool {
	return !x.Confirm.IsZero() && now.Sub(x.Confirm) < s.opt.ConfirmTTL && !s.ahead(x.Confirm)
}

// ended says whether a session is past its idle or absolute limit (OWASP ASVS
// 5.0 7.3.1, 7.3.2). One that began while the clock was ahead would last too long.
func (s *Service) ended(x identity.Session, now time.Time) bool {
	return now.Sub(x.LastSeen) >= s.opt.SessionIdle || now.Sub(x.Created) >= s.opt.SessionMax || s.ahead(x.Created)
}

// Logout ends the session of a token and forgets the pending login of another.
func (s *Service) Logout(ctx context.Context, session, pending string, c identity.Client) error {
	return s.store.Act(ctx, func(tx Act) (identity.Event, error) {
		e := identity.NothingHappened
		if session != "" {
			x, err := tx.EndSessionByToken(ctx, identity.HashToken(session))
			if err == nil {
				e = s.event(identity.EventLogout, x.AccountID, c)
			} else if !errors.Is(err, identity.ErrNotFound) {
				return e, err
			}
		}
		return e, s.cancel(ctx, tx, pending)
	})
}

// Cancel forgets a pending login.
func (s *Service) Cancel(ctx context.Context, pending string) error {
	err := s.store.Write(ctx, func(tx Tx) error { return s.cancel(ctx, tx, pending) })
	return err
}

// cancel ends a pending login at once. The row stays for the sweep, which
// warns the owner when a stranger knew the password and then left.
func (s *Service) cancel(ctx context.Context, tx Tx, token string) error {
	if token == "" {
		return nil
	}
	p, err := tx.PendingByToken(ctx, identity.HashToken(token))
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	p.TokenHash, p.Expires = "cancelled:"+p.ID, s.Now()
	if err := tx.SavePending(ctx, p); err != nil {
		return err
	}
	return tx.DropCeremonies(ctx, p.ID, factors.ForLogin)
}
