package directory

import (
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

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
func Reached(n map[identity.Step]int) (f Funnel) {
	for step, count := range n {
		if step&identity.StepTold == 0 {
			continue
		}
		f.Told += count
		if step&identity.StepBegan != 0 {
			f.Began += count
		}
		if step&identity.StepConfirmed != 0 {
			f.Confirmed += count
		}
		if step&identity.StepSaved != 0 {
			f.Saved += count
		}
	}
	return f
}
