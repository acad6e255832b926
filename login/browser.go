package login

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// browser finds the row of a browser cookie. A changed, foreign or expired
// cookie is ignored.
func (s *Service) browser(ctx context.Context, r Reader, token, accountID string, trusted bool) (identity.Browser, bool, error) {
	if token == "" || trusted && s.opt.TrustTTL <= 0 {
		return identity.Browser{}, false, nil
	}
	b, err := r.Browser(ctx, identity.HashToken(token), accountID, trusted)
	if errors.Is(err, identity.ErrNotFound) {
		return b, false, nil
	}
	if err != nil {
		return b, false, err
	}
	return b, s.recognized(b), nil
}

// recognized says whether what was granted to a browser still counts.
func (s *Service) recognized(b identity.Browser) bool {
	now := s.Now()
	return b.ID != "" && now.Before(b.Until) && !(b.Trusted && (now.Sub(b.Created) >= s.opt.TrustTTL || s.ahead(b.Created)))
}

// greet remembers a browser that signed in, and notifies the owner if it is new.
// One cookie serves all the accounts of a browser.
func (s *Service) greet(ctx context.Context, tx Act, a identity.Account, known identity.Browser, c identity.Client) (token string, err error) {
	now := s.Now()
	if known.ID != "" {
		known.LastUsed, known.Until = now, now.Add(KnownTTL)
		return c.Known, tx.UseBrowser(ctx, known)
	}
	token, hash, err := renew(ctx, tx, c.Known)
	if err != nil {
		return "", err
	}
	b := identity.Browser{ID: identity.NewID(), TokenHash: hash, AccountID: a.ID, Address: c.Address, Browser: c.Browser,
		Created: now, LastUsed: now, Until: now.Add(KnownTTL)}
	if err := tx.PutBrowser(ctx, b); err != nil || a.LastLogin.IsZero() {
		return token, err
	}
	return token, s.tellNewBrowser(ctx, tx, a, c)
}

// trust remembers a browser so that it is not asked for a factor again.
func (s *Service) trust(ctx context.Context, tx Act, a identity.Account, c identity.Client) (token string, e identity.Event, err error) {
	now := s.Now()
	token, hash, err := renew(ctx, tx, c.Trusted)
	if err != nil {
		return "", e, err
	}
	err = tx.PutBrowser(ctx, identity.Browser{ID: identity.NewID(), TokenHash: hash, AccountID: a.ID, Trusted: true,
		Address: c.Address, Browser: c.Browser, Created: now, LastUsed: now, Until: now.Add(s.opt.TrustTTL)})
	return token, s.event(identity.EventBrowserTrusted, a.ID, c), err
}

// renew gives a browser a new token and moves the trust of other accounts to it.
// Without this, whoever planted the old cookie could use the trust as well.
func renew(ctx context.Context, tx Act, old string) (token, hash string, err error) {
	token, hash = identity.NewToken()
	if old != "" {
		err = tx.MoveBrowser(ctx, identity.HashToken(old), hash)
	}
	return token, hash, err
}

// TrustLabel says how long a browser would be trusted, in days, hours or
// minutes; empty when nothing is offered.
func (s *Service) TrustLabel() string {
	d := s.opt.TrustTTL
	unit := func(n int, name string) string {
		if n != 1 {
			name += "s"
		}
		return fmt.Sprintf("%d %s", n, name)
	}
	switch {
	case d <= 0:
		return ""
	case d >= 24*time.Hour && d%(24*time.Hour) == 0:
		return unit(int(d/(24*time.Hour)), "day")
	case d >= time.Hour && d%time.Hour == 0:
		return unit(int(d/time.Hour), "hour")
	case d >= time.Minute:
		return unit(int(d/time.Minute), "minute")
	}
	return unit(int(d/time.Second), "second")
}
