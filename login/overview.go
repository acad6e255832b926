package login

import (
	"context"
	"errors"
	"slices"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Overview is everything that the profile shows.
type Overview struct {
	Credentials []factors.Credential
	Off         map[factors.Kind]bool // for strangers' browsers, or for one of the owner's
	Sessions    []identity.Session
	Browsers    []identity.Browser
	Events      []Line
	NewEmail    string // waits for its click
}

// Overview reads what the profile shows.
func (s *Service) Overview(ctx context.Context, v *Visit) (o Overview, err error) {
	id := v.Account.ID
	if o.Credentials, err = s.store.Credentials(ctx, id); err != nil {
		return o, err
	}
	o.Off = map[factors.Kind]bool{}
	for _, k := range v.Account.Off {
		o.Off[k] = true
	}
	if o.Sessions, err = s.store.Sessions(ctx, id); err != nil {
		return o, err
	}
	o.Sessions = slices.DeleteFunc(o.Sessions, func(x identity.Session) bool { return s.ended(x, v.Now) })
	if o.Browsers, err = s.store.Browsers(ctx, id); err != nil {
		return o, err
	}
	o.Browsers = slices.DeleteFunc(o.Browsers, func(b identity.Browser) bool { return !v.Now.Before(b.Until) || s.opt.TrustTTL <= 0 })
	o.Events, _, err = Lines(ctx, s.store, id, 0, 6)
	if err != nil {
		return o, err
	}
	change, err := s.store.LinkOf(ctx, id, identity.LinkChange, v.Now)
	if errors.Is(err, identity.ErrNotFound) {
		return o, nil
	}
	o.NewEmail = change.Data
	return o, err
}

// Events are the account's own security events, newest first, older than one
// of them; see Lines.
func (s *Service) Events(ctx context.Context, v *Visit, before int64, n int) ([]Line, int64, error) {
	return Lines(ctx, s.store, v.Account.ID, before, n)
}
