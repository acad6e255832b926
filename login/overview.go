package login

import (
	"context"
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

// Holdings is what an account has, as Credentials, Sessions and Browsers give it.
type Holdings struct {
	Credentials []factors.Credential
	Sessions    []identity.Session
	Browsers    []identity.Browser
	Change      identity.Link // of an address that waits for its click; none has no data
}

// Overview reads what the profile shows.
func (s *Service) Overview(ctx context.Context, v *Visit) (o Overview, err error) {
	id := v.Account.ID
	has, err := s.store.Holdings(ctx, id, v.Now)
	if err != nil {
		return o, err
	}
	o.Credentials, o.NewEmail = has.Credentials, has.Change.Data
	o.Off = map[factors.Kind]bool{}
	for _, k := range v.Account.Off {
		o.Off[k] = true
	}
	o.Sessions = slices.DeleteFunc(has.Sessions, func(x identity.Session) bool { return s.ended(x, v.Now) })
	o.Browsers = slices.DeleteFunc(has.Browsers, func(b identity.Browser) bool { return !v.Now.Before(b.Until) || s.opt.TrustTTL <= 0 })
	o.Events, _, err = Lines(ctx, s.store, id, 0, 6)
	return o, err
}

// Events are the account's own security events, newest first, older than one
// of them; see Lines.
func (s *Service) Events(ctx context.Context, v *Visit, before int64, n int) ([]Line, int64, error) {
	return Lines(ctx, s.store, v.Account.ID, before, n)
}
