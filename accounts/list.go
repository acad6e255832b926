package accounts

import (
	"context"

	"nightlatch.example/nightlatch/login"
)

// Page gives one page of the accounts that a filter finds.
func (s *Service) Page(ctx context.Context, f Filter) (Page, error) {
	n, err := s.store.Buckets(ctx)
	if err != nil {
		return Page{}, err
	}
	p, err := s.login.Policy(ctx)
	if err != nil {
		return Page{}, err
	}
	return s.store.Page(ctx, Find(f, n, p, s.login.Kinds()))
}

// List gives the accounts of a page only.
func (s *Service) List(ctx context.Context, f Filter) ([]login.Account, error) {
	p, err := s.Page(ctx, f)
	return p.Accounts, err
}

// Each calls do with every account that a filter finds, in its order.
func (s *Service) Each(ctx context.Context, f Filter, do func(login.Account) error) error {
	for f.Limit = eachPage; ; {
		p, err := s.Page(ctx, f)
		if err != nil {
			return err
		}
		for _, a := range p.Accounts {
			if err := do(a); err != nil {
				return err
			}
		}
		if f.After = p.Next; f.After == "" {
			return nil
		}
	}
}

// eachPage is how many accounts Each reads at once.
const eachPage = 500
