package accounts

import (
	"context"
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
)

// Total is one number at the top of the list, and the filter that lists whom
// it counts: both come from the same rule, so they agree.
type Total struct {
	Label  string
	Filter Filter
	N      int
}

// Totals counts the accounts that matter.
func (s *Service) Totals(ctx context.Context) ([]Total, error) {
	n, err := s.store.Buckets(ctx)
	if err != nil {
		return nil, err
	}
	p, err := s.login.Policy(ctx)
	if err != nil {
		return nil, err
	}
	list := slices.Concat([]Total{
		{Label: "Accounts"},
		{Label: "With a second factor", Filter: Filter{Status: "enrolled"}},
	}, s.factorTotals(), []Total{
		{Label: "Required but missing", Filter: Filter{Status: "required"}},
		{Label: "Recovery codes low", Filter: Filter{Factor: factorLow}},
		{Label: "Switched off by failures", Filter: Filter{Factor: factorOff}},
		{Label: "Never signed in", Filter: Filter{Status: "never"}},
	})
	for i := range list {
		list[i].N = s.query(list[i].Filter, n, p).Total
	}
	return list, nil
}

// Day is how far adoption was on one day.
type Day struct {
	Day                time.Time // its beginning, in UTC
	Accounts, Enrolled int
	By                 []int // enrolled accounts by the first kind that they have, in the order of Series
}

// History gives the last days, today last. A day on which nothing was kept
// shows what was known before it.
func (s *Service) History(ctx context.Context, days int) ([]Day, error) {
	today := s.opt.Now().UTC().Truncate(24 * time.Hour)
	first := today.AddDate(0, 0, 1-days)
	kept, err := s.store.Days(ctx, first)
	if err != nil {
		return nil, err
	}
	if kept[today], err = s.store.Buckets(ctx); err != nil {
		return nil, err
	}
	kinds := s.login.Kinds().Alone()
	list := make([]Day, days)
	for i := range list {
		day := first.AddDate(0, 0, i)
		if n, ok := kept[day]; ok {
			list[i] = sum(n, kinds)
		} else if i > 0 {
			list[i] = list[i-1]
		} else {
			list[i] = sum(nil, kinds)
		}
		list[i].Day = day
	}
	return list, nil
}

// Series are what the numbers of Day.By are called.
func (s *Service) Series() (names []string) {
	for _, t := range s.login.Kinds().Alone() {
		names = append(names, t.Only)
	}
	return names
}

func sum(n map[Bucket]int, kinds []factors.Traits) Day {
	d := Day{By: make([]int, len(kinds))}
	for b, count := range n {
		d.Accounts += count
		if i := slices.IndexFunc(kinds, func(t factors.Traits) bool { return b.is(kindBit(t)) }); i >= 0 {
			d.By[i] += count
			d.Enrolled += count
		}
	}
	return d
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

// Funnel counts how far accounts have come since the policy told them.
func (s *Service) Funnel(ctx context.Context) (f Funnel, err error) {
	n, err := s.store.Reached(ctx)
	for step, count := range n {
		if step&login.StepTold == 0 {
			continue
		}
		f.Told += count
		if step&login.StepBegan != 0 {
			f.Began += count
		}
		if step&login.StepConfirmed != 0 {
			f.Confirmed += count
		}
		if step&login.StepSaved != 0 {
			f.Saved += count
		}
	}
	return f, err
}

// Funnel is how far those came who were told to enroll.
type Funnel struct{ Told, Began, Confirmed, Saved int }
