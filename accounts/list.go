package accounts

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
)

// directoryStore is what can be asked about all accounts.
type directoryStore interface {
	CountAccounts(ctx context.Context) (int, error)
	// Buckets counts the accounts of each bucket. Empty ones are left out.
	Buckets(ctx context.Context) (map[directory.Bucket]int, error)
	Page(ctx context.Context, q directory.Query) (directory.Page, error)
	// Idle counts the accounts that a query finds and that signed in last before a
	// time, up to a limit. Those that never did are not among them.
	Idle(ctx context.Context, q directory.Query, before time.Time, limit int) (int, error)
	// Members counts the accounts that are in any of some groups, by bucket.
	Members(ctx context.Context, groups []string) (map[directory.Bucket]int, error)
	// Groups lists the groups after a name, by name, with how many accounts each has.
	Groups(ctx context.Context, after string, limit int) ([]directory.Group, error)
	// Days gives the kept numbers of the days from one on, by day.
	Days(ctx context.Context, from time.Time) (map[time.Time]map[directory.Bucket]int, error)
	// KeepDay keeps the numbers of a day, over those kept before.
	KeepDay(ctx context.Context, day time.Time, n map[directory.Bucket]int) error
	// Reached counts the accounts by the steps they took; see identity.Step.
	Reached(ctx context.Context) (map[identity.Step]int, error)
}

// Page gives one page of the accounts that a filter finds.
func (s *Service) Page(ctx context.Context, f directory.Filter) (directory.Page, error) {
	n, err := s.store.Buckets(ctx)
	if err != nil {
		return directory.Page{}, err
	}
	p, err := s.login.Policy(ctx)
	if err != nil {
		return directory.Page{}, err
	}
	q, err := s.find(ctx, f, n, p)
	if err != nil {
		return directory.Page{}, err
	}
	return s.store.Page(ctx, q)
}

// find is directory.Find, with the numbers of those whom the policy asks for the
// sake of a group: no bucket knows groups, so they are counted.
func (s *Service) find(ctx context.Context, f directory.Filter, n map[directory.Bucket]int, p identity.Policy) (directory.Query, error) {
	q := directory.Find(f, n, p, s.login.Kinds())
	if len(q.More) == 0 {
		return q, nil
	}
	members, err := s.store.Members(ctx, q.Asked)
	for _, b := range q.More {
		q.Total += members[b]
		if b.Admin() {
			q.Admins += members[b]
		}
	}
	return q, err
}

// List gives the accounts of a page only.
func (s *Service) List(ctx context.Context, f directory.Filter) ([]identity.Account, error) {
	p, err := s.Page(ctx, f)
	return p.Accounts, err
}

// Groups lists the groups after a name, by name.
func (s *Service) Groups(ctx context.Context, after string, limit int) ([]directory.Group, error) {
	return s.store.Groups(ctx, after, limit)
}

// Account reads one account; ErrNotFound when there is none.
func (s *Service) Account(ctx context.Context, id string) (identity.Account, error) {
	return s.store.Account(ctx, id)
}

// Each calls do with every account that a filter finds, in its order.
func (s *Service) Each(ctx context.Context, f directory.Filter, do func(identity.Account) error) error {
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
