package login

import (
	"context"
	"errors"
)

// IsBrowser says whether a token is that of a browser that some account knows,
// or trusts. It vouches for nothing: whose it is, is asked where it counts.
func (s *Service) IsBrowser(ctx context.Context, token string, trusted bool) (bool, error) {
	if token == "" || trusted && s.opt.TrustTTL <= 0 {
		return false, nil
	}
	return s.store.HasBrowser(ctx, HashToken(token), trusted, s.Now())
}

// IsTicket says whether a token is that of a pressed enrollment link that still
// counts.
func (s *Service) IsTicket(ctx context.Context, token string) (bool, error) {
	l, err := s.store.Link(ctx, HashToken(token), LinkTicket)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil && !s.over(l.Created, l.Expires), err
}
