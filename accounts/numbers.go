package accounts

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/directory"
)

// Totals counts the accounts that matter.
func (s *Service) Totals(ctx context.Context) ([]directory.Total, error) {
	n, err := s.store.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.login.Policy(ctx)
	if err != nil {
		return nil, err
	}
	list := directory.Totals(n, p, s.login.Kinds())
	for i, x := range list {
		if len(p.Groups) > 0 && x.Filter.Status == "required" {
			q, err := s.find(ctx, x.Filter, n, p)
			if err != nil {
				return nil, err
			}
			list[i].N = q.Total
		}
	}
	return list, nil
}

// History gives the last days, today last.
func (s *Service) History(ctx context.Context, days int) ([]directory.Day, error) {
	today := s.opt.Now().UTC().Truncate(24 * time.Hour)
	kept, err := s.store.Days(ctx, today.AddDate(0, 0, 1-days))
	if err != nil {
		return nil, err
	}
	if kept[today], err = s.store.Buckets(ctx); err != nil {
		return nil, err
	}
	return directory.History(kept, today, days, s.login.Kinds().Alone()), nil
}

// Series are what the numbers of Day.By are called.
func (s *Service) Series() (names []string) {
	for _, t := range s.login.Kinds().Alone() {
		names = append(names, t.Only)
	}
	return names
}

// Funnel counts how far accounts have come since the policy told them.
func (s *Service) Funnel(ctx context.Context) (directory.Funnel, error) {
	n, err := s.store.Reached(ctx)
	return directory.Reached(n), err
}

// keepEvery is how often today's numbers are kept. The last ones stay.
const keepEvery = 10 * time.Minute

// Sweep does from time to time what no request waits for: it keeps the day's
// numbers and sends the policy's reminders.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.opt.Now()
	if s.kept.IsZero() || now.Sub(s.kept) >= keepEvery || now.UTC().Day() != s.kept.UTC().Day() {
		n, err := s.store.Buckets(ctx)
		if err != nil {
			return err
		}
		if err := s.store.KeepDay(ctx, now, n); err != nil {
			return err
		}
		s.kept = now
	}
	return s.remind(ctx)
}

// FactorFilters are the values that Filter.Factor knows.
func (s *Service) FactorFilters() []directory.Choice {
	return directory.FactorFilters(s.login.Kinds())
}
