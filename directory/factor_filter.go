package directory

import "nightlatch.example/nightlatch/factors"

// Filters by factor beside the kinds themselves.
const (
	factorNone = "none" // no second factor
	factorLow  = "low"  // few recovery codes left
	factorOff  = "off"  // a kind is switched off by failures, and the account is neither invited nor disabled
	factorOnly = "only" // behind a weak kind: nothing stronger
)

// Choice is one value of a filter and what it is called.
type Choice struct{ Value, Label string }

// FactorFilters are the values that Filter.Factor knows.
func FactorFilters(kinds factors.Kinds) []Choice {
	list := []Choice{{factorNone, "No factor"}}
	for _, t := range kinds.Traits() {
		label := t.Label
		if t.Spare {
			label += "s left"
		}
		list = append(list, Choice{string(t.Kind), label})
		if t.Alone && t.Strength == factors.Weaker {
			list = append(list, Choice{string(t.Kind) + factorOnly, t.Only})
		}
	}
	return append(list, Choice{factorLow, "Codes low"}, Choice{factorOff, "Switched off by failures"})
}

// factorTotals are the totals by kind: how many have a strong one, and how many
// have a weak one only.
func factorTotals(kinds factors.Kinds) (list []Total) {
	for _, t := range kinds.Alone() {
		if t.Strength == factors.Weaker {
			list = append(list, Total{Label: t.Only, Filter: Filter{Factor: string(t.Kind) + factorOnly}})
		} else {
			list = append(list, Total{Label: t.Label, Filter: Filter{Factor: string(t.Kind)}})
		}
	}
	return list
}
