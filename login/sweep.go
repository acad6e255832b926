package login

import (
	"context"
	"errors"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// warnOwner tells an owner that someone knew the password and then failed at,
// or walked away from, the second step. Once for a pending login, once in an
// hour for an account, and not about a browser that signed in before.
func (s *Service) warnOwner(ctx context.Context, tx Act, a identity.Account, p identity.Pending) (identity.Event, error) {
	none := identity.NothingHappened
	if p.Known || p.Told {
		return none, nil
	}
	now := s.Now()
	t, err := LockLimit(ctx, tx, Counter{What: countWarned, Account: a.ID}, now)
	if err != nil || now.Before(t.Until) {
		return none, err
	}
	t.Last, t.Until = now, now.Add(warnAgain)
	if err := tx.SaveThrottle(ctx, t); err != nil {
		return none, err
	}
	p.Told = true
	if err := tx.SavePending(ctx, p); err != nil {
		return none, err
	}
	c := identity.Client{Address: p.Address, Shown: p.Shown, Browser: p.Browser}
	e := s.event(identity.EventLoginAbandoned, a.ID, c)
	e.Actor = "stranger"
	if !Hears(a, identity.MailSecondStepFailed) {
		return e, nil
	}
	link, err := s.NewLink(ctx, tx, a, Terms{identity.LinkSecure, "", SecureTTL})
	if err != nil {
		return e, err
	}
	return e, s.Tell(ctx, tx, Notice{identity.MailSecondStepFailed, a, c}, "link", link)
}

// Sweep ends what is over: pending logins nobody finished, whose owners are
// warned, and rows that no longer mean anything.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.Now()
	stale, err := s.store.Stale(ctx, now, stalePendingPage)
	if err != nil {
		return err
	}
	for _, p := range stale {
		err := s.store.Act(ctx, func(tx Act) (identity.Event, error) {
			none := identity.NothingHappened
			a, err := tx.LockAccount(ctx, p.AccountID)
			if errors.Is(err, identity.ErrNotFound) {
				return none, nil
			}
			if err != nil {
				return none, err
			}
			if taken, err := tx.TakePending(ctx, p.ID, p.TokenHash); err != nil || !taken {
				return none, err
			}
			if err := tx.DropCeremonies(ctx, p.ID, factors.ForLogin); err != nil {
				return none, err
			}
			return s.warnOwner(ctx, tx, a, p)
		})
		if err != nil {
			return err
		}
	}
	return s.store.Sweep(ctx, now, now.Add(-s.opt.SessionMax))
}

// Distrust is for whoever changes what protects an account: browsers that were
// trusted before, and a change of address that was asked for before, count no
// more. Somebody else may have trusted or asked.
func (s *Service) Distrust(ctx context.Context, tx Act, accountID string) error {
	if _, err := tx.DropTrusted(ctx, accountID); err != nil {
		return err
	}
	return tx.DropLinks(ctx, accountID, identity.LinkChange)
}
