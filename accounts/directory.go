package accounts

import (
	"context"

	"nightlatch/factors"
	"nightlatch/login"
)

// Filter chooses accounts of the list.
type Filter struct {
	Query  string // part of a login or name
	Status string // active, invited, disabled, enrolled, missing; empty for all
	Factor factors.Kind
	Role   login.Role
	After  string // login key of the last one seen
	Limit  int
}

// Totals are the counts at the top of the list.
type Totals struct{ Accounts, Enrolled int }

// Directory is what can be asked about all accounts.
type Directory interface {
	CountAccounts(ctx context.Context) (int, error)
	Accounts(ctx context.Context, f Filter) ([]login.Account, error)
	Totals(ctx context.Context) (Totals, error)
}

// List gives the accounts of a filter, in order of their logins.
func (s *Service) List(ctx context.Context, f Filter) ([]login.Account, error) {
	return s.store.Accounts(ctx, f)
}

// Totals counts.
func (s *Service) Totals(ctx context.Context) (Totals, error) { return s.store.Totals(ctx) }

// Invite makes an account for somebody and mails the link, if its login is an
// address. The link is given back for the admin to hand over otherwise.
func (s *Service) Invite(ctx context.Context, v *login.Visit, f Form, c login.Client) (string, login.Refusal, error) {
	if f.Role != login.Admin {
		f.Role = login.Member
	}
	f.Origin, f.Password = "admin", ""
	e := s.event("", "", v, c)
	e.Actor = "admin"
	by := v.Account.Name
	if by == "" {
		by = v.Account.Login
	}
	return s.Create(ctx, f, by, e)
}
