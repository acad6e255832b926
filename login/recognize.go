package login

import (
	"context"
	"errors"

	"nightlatch.example/nightlatch/identity"
)

// IsBrowser says whether a token is that of a browser that some account knows,
// or trusts. It vouches for nothing: whose it is, is asked where it counts.
func (s *Service) IsBrowser(ctx context.Context, token string, trusted bool) (bool, error) {
	if token == "" || trusted && s.opt.TrustTTL <= 0 {
		return false, nil
	}
	return s.store.HasBrowser(ctx, identity.HashToken(token), trusted, s.Now())
}

// IsTicket says whether a token is that of a pressed enrollment link that still
// counts.
func (s *Service) IsTicket(ctx context.Context, token string) (bool, error) {
	l, err := s.store.Link(ctx, identity.HashToken(token), identity.LinkTicket)
	if errors.Is(err, identity.ErrNotFound) {
		return false, nil
	}
	return err == nil && !s.over(l.Created, l.Expires), err
}
