package sim

import (
	"fmt"
	"slices"
)

func init() {
	AddRule(Rule{Name: "nothing changes by itself", Source: "ASVS 5.0 8.2.1, CONTRACT §2",
		Sentence: "An account changes only by a form that was carried out, and that whoever sent it may send; what was refused left nothing behind, " +
			"and who holds one secret changes nothing.", Check: changes})
}

// changes looks for the form that each change of an account came from.
func changes(w *World) error {
	for _, c := range w.Changes() {
		deeds := w.Ledger.Deeds()
		if !slices.ContainsFunc(deeds, func(d deed) bool { return w.allows(d, c) }) {
			return fmt.Errorf("%s of %s changed from %q to %q, and %s", c.Field, w.called(c.ID), brief(c.From), brief(c.To), w.inVain(c))
		}
	}
	return nil
}

// inVain says what happened in a step, where nothing of it explains a change.
func (w *World) inVain(Change) string {
	list := ""
	for _, d := range w.Ledger.Deeds() {
		list += ", " + d.x.Browser.Name + " " + longID.ReplaceAllString(d.path, "…")
	}
	if list == "" {
		return "no form was carried out"
	}
	return "of what was carried out nothing may change it: " + list[2:]
}

// called is the name of whoever has an account.
func (w *World) called(id string) string {
	if p := w.ByID(id); p != nil {
		return p.Name
	}
	return "a new account"
}

// brief cuts what is long.
func brief(s string) string {
	if len(s) > 120 {
		return s[:120] + "…"
	}
	return s
}
