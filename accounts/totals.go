package accounts

import (
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

// Totals counts the accounts that matter, where so many are in each bucket.
func Totals(n map[Bucket]int, p login.Policy, kinds factors.Kinds) []Total {
	list := slices.Concat([]Total{
		{Label: "Accounts"},
		{Label: "With a second factor", Filter: Filter{Status: "enrolled"}},
	}, factorTotals(kinds), []Total{
		{Label: "Required but missing", Filter: Filter{Status: "required"}},
		{Label: "Recovery codes low", Filter: Filter{Factor: factorLow}},
		{Label: "Switched off by failures", Filter: Filter{Factor: factorOff}},
		{Label: "Never signed in", Filter: Filter{Status: "never"}},
	})
	for i := range list {
		list[i].N = Find(list[i].Filter, n, p, kinds).Total
	}
	return list
}

// Day is how far adoption was on one day.
type Day struct {
	Day                time.Time // its beginning, in UTC
	Accounts, Enrolled int
	By                 []int // enrolled accounts by the first kind that they have, in the order of Series
}

// History gives the last days up to today, out of what was kept of them. A day on
// which nothing was kept shows what was known before it.
func History(kept map[time.Time]map[Bucket]int, today time.Time, days int, kinds []factors.Traits) []Day {
	first := today.AddDate(0, 0, 1-days)
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
	return list
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

// Funnel is how far those came who were told to enroll.
type Funnel struct{ Told, Began, Confirmed, Saved int }

// Reached counts how far they came out of the accounts that took some steps.
func Reached(n map[login.Step]int) (f Funnel) {
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
	return f
}
