package accounts

import (
	"context"
	"errors"
	"strings"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// warnOld tells the address that an account has of another one that was asked
// for, with a link that stops it. The link outlives the click at the new
// address, since a thief clicks at once; but only an address that was proved
// is ever put back.
func (s *Service) warnOld(ctx context.Context, tx login.Act, a identity.Account, email string, c identity.Client) error {
	if a.Email == "" {
		return nil
	}
	proved := ""
	if !a.EmailVerified.IsZero() {
		proved = a.Email
	}
	link, err := s.login.NewLink(ctx, tx, a, login.Terms{Purpose: identity.LinkStop, Data: proved, TTL: login.SecureTTL})
	if err != nil {
		return err
	}
	return s.login.Tell(ctx, tx, login.Notice{Template: identity.MailEmailChangeAsked, Account: a, Client: c}, "new", factors.Mask(email), "link", link)
}

// undoLink is the link with which a proved address takes its account back. The
// oldest address keeps its link; otherwise an intruder could change the address
// several times to get rid of it.
func (s *Service) undoLink(ctx context.Context, tx login.Act, a identity.Account, old string) (string, error) {
	l, err := tx.LinkOf(ctx, a.ID, identity.LinkUndo, s.opt.Now())
	if err == nil && s.login.Over(l.Created, l.Expires) { // of a clock that was ahead: it opens nothing
		err = identity.ErrNotFound
	}
	if !errors.Is(err, identity.ErrNotFound) {
		return "", err
	}
	return s.login.NewLink(ctx, tx, a, login.Terms{Purpose: identity.LinkUndo, Data: old, TTL: login.SecureTTL})
}

// StopEmail is the button behind the link to the old address: a change that
// waits is void, and one that was carried out is taken back. It gives the link
// that signs out everywhere, for the page that comes next.
func (s *Service) StopEmail(ctx context.Context, token string, c identity.Client) (secure string, err error) {
	l, _, err := s.Link(ctx, token, identity.LinkStop, identity.LinkUndo)
	if err != nil {
		return "", err
	}
	err = s.store.Act(ctx, func(tx login.Act) (e identity.Event, err error) {
		a, err := s.take(ctx, tx, l)
		if err != nil {
			return e, err
		}
		if err := tx.DropLinks(ctx, a.ID, identity.LinkChange, identity.LinkStop, identity.LinkUndo); err != nil {
			return e, err
		}
		if e, err = s.putBack(ctx, tx, a, l.Data, c); err != nil {
			return e, err
		}
		secure, err = s.login.NewLink(ctx, tx, a, login.Terms{Purpose: identity.LinkSecure, TTL: login.SecureTTL})
		return e, err
	})
	return secure, err
}

// putBack gives an account its old address again, if it has another one now.
func (s *Service) putBack(ctx context.Context, tx login.Act, a identity.Account, old string, c identity.Client) (identity.Event, error) {
	if old == "" || strings.EqualFold(old, a.Email) {
		return s.event(identity.EventEmailChangeStopped, a.ID, nil, c), nil
	}
	m := moved{old: a.Email, event: identity.EventEmailChangeUndone}
	a.Email, a.EmailVerified = old, s.opt.Now()
	if err := s.saveProved(ctx, tx, &a); err != nil {
		return identity.Event{}, err
	}
	return s.emailChanged(ctx, tx, a, m, c)
}

// CancelEmail drops a change of address that its owner asked for.
func (s *Service) CancelEmail(ctx context.Context, v *login.Visit, c identity.Client) error {
	return s.store.Act(ctx, func(tx login.Act) (identity.Event, error) {
		e := s.event(identity.EventEmailChangeStopped, v.Account.ID, v, c)
		if _, err := tx.LockAccount(ctx, v.Account.ID); err != nil {
			return e, err
		}
		return e, tx.DropLinks(ctx, v.Account.ID, identity.LinkChange)
	})
}
