package accounts

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

const (
	maxTokenName = 64
	maxTokenTTL  = 366 * 24 * time.Hour
	usedStep     = time.Minute // how exactly the last use of a token is noted
)

// tokenStore is what can be asked about tokens of the JSON interface.
type tokenStore interface {
	Tokens(ctx context.Context) ([]identity.APIToken, error)
	// TouchToken notes when a token was used, if that was not noted since a time.
	TouchToken(ctx context.Context, hash string, now, since time.Time) error
}

// ByToken is a program that uses a token. What it does is recorded for the admin
// who made the token, with the token's name in the place of a browser's.
func ByToken(t identity.APIToken, reason string, c identity.Client) By {
	c.Browser = "API token " + t.Name
	return By{ID: t.AdminID, Name: "the API token " + t.Name, Token: t.ID, Actor: "api", Reason: strings.TrimSpace(reason), Client: c}
}

// MakeToken makes a token of the JSON interface and gives it back. It is kept
// only as a hash.
func (s *Service) MakeToken(ctx context.Context, by By, t identity.APIToken, ttl time.Duration) (token string, err error) {
	kept, fit := identity.Name(t.Name)
	switch {
	case !fit || kept == "" || kept != t.Name || identity.TooLong(kept, maxTokenName):
		return "", bad("The name of a token has 1 to 64 characters, all of them visible.")
	case len(t.Scopes) == 0:
		return "", bad("A token needs at least one scope.")
	case ttl <= 0 || ttl > maxTokenTTL:
		return "", bad("A token ends after at most 8784h, which is a year.")
	}
	for _, x := range t.Scopes {
		if !slices.Contains(identity.Scopes(), x) {
			return "", bad("There is no scope “" + string(x) + "”. There are " + scopeWords(identity.Scopes()) + ".")
		}
	}
	slices.Sort(t.Scopes)
	t.Scopes = slices.Compact(t.Scopes)
	secret, _ := identity.NewToken()
	token = identity.APITokenPrefix + secret
	t.ID, t.AdminID, t.Created = identity.HashToken(token), by.ID, s.opt.Now()
	t.Expires = t.Created.Add(ttl)
	err = s.store.Act(ctx, func(tx login.Act) (identity.Event, error) {
		e := s.did(identity.EventTokenMade, "", by, t.Name+": "+scopeWords(t.Scopes))
		if err := s.allowed(ctx, tx, by); err != nil {
			return e, err
		}
		ok, err := tx.PutToken(ctx, t)
		if err == nil && !ok {
			err = bad("There is a token of this name. Revoke it first, or choose another name.")
		}
		return e, err
	})
	return token, err
}

func scopeWords(list []identity.Scope) string {
	var words []string
	for _, x := range list {
		words = append(words, string(x))
	}
	return strings.Join(words, " ")
}

// RevokeToken ends a token; its next use is refused in every process.
func (s *Service) RevokeToken(ctx context.Context, by By, name string) error {
	return s.store.Act(ctx, func(tx login.Act) (identity.Event, error) {
		e := s.did(identity.EventTokenRevoked, "", by, name)
		if err := s.allowed(ctx, tx, by); err != nil {
			return e, err
		}
		ok, err := tx.DropToken(ctx, name)
		if err == nil && !ok {
			err = identity.ErrNotFound
		}
		return e, err
	})
}

// Tokens lists the tokens of the JSON interface by name.
func (s *Service) Tokens(ctx context.Context) ([]identity.APIToken, error) {
	return s.store.Tokens(ctx)
}

// Bearer is the live token that somebody shows; ErrNotFound when it is none, has
// ended or is revoked.
func (s *Service) Bearer(ctx context.Context, token string) (identity.APIToken, error) {
	if !strings.HasPrefix(token, identity.APITokenPrefix) || len(token) > 100 {
		return identity.APIToken{}, identity.ErrNotFound
	}
	t, err := s.liveToken(ctx, s.store, identity.HashToken(token))
	if err != nil {
		return t, err
	}
	now := s.opt.Now()
	if now.Sub(t.Used).Abs() < usedStep {
		return t, nil
	}
	return t, s.store.TouchToken(ctx, t.ID, now, now.Add(-usedStep))
}

// liveToken finds a token that works now: it has not ended, and the admin who made
// it is one still.
func (s *Service) liveToken(ctx context.Context, r login.Reader, hash string) (t identity.APIToken, err error) {
	if t, err = r.Token(ctx, hash); err != nil {
		return t, err
	}
	if !s.opt.Now().Before(t.Expires) {
		return t, identity.ErrNotFound
	}
	if t.AdminID == "" {
		return t, nil
	}
	a, err := r.Account(ctx, t.AdminID)
	if err == nil && (a.Role != identity.Admin || !a.Disabled.IsZero()) {
		err = identity.ErrNotFound
	}
	return t, err
}

// tokenStands holds in the transaction that acts that the token works still.
func (s *Service) tokenStands(ctx context.Context, r login.Reader, by By) error {
	_, err := s.liveToken(ctx, r, by.Token)
	if errors.Is(err, identity.ErrNotFound) {
		return identity.Refuse(identity.Denied, "This token does not work any more.")
	}
	return err
}
