package directory

import (
	"slices"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Total is one number at the top of the list, and the filter that lists whom
// it counts: both come from the same rule, so they agree.
type Total struct {
	Label  string
	Filter Filter
	N      int
}

// Totals counts the accounts that matter, where so many are in each bucket.
func Totals(n map[Bucket]int, p identity.Policy, kinds factors.Kinds) []Total {
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
