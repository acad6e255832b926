package sim

import "fmt"

// sameTwice are forms that were sent twice at once, as two clicks do.
func (w *World) sameTwice() *[][2]*Exchange {
	return State(w, "sent twice", func() *[][2]*Exchange { return new([][2]*Exchange) })
}

func init() {
	AddRule(Rule{Name: "the same form twice is one", Source: "CONTRACT §3", Sentence: "The second of two clicks gets what the first got, and takes nothing away.", Check: func(w *World) (err error) {
		list := *w.sameTwice()
		*w.sameTwice() = nil
		for _, two := range list {
			a, b := two[0], two[1]
			if w.Hit || !a.Worked() || b.Page == nil || a.Before[FormCookie] == "" || len(w.mendings) > 0 {
				continue
			}
			if got := a.After[SessionCookie]; got != a.Before[SessionCookie] && got != "" && b.After[SessionCookie] != got {
				err = fmt.Errorf("%s sent %s twice: the first click led to %s with a session, the second to %d %s", a.Browser.Name, a.Path, a.Page.Location, b.Page.Status, b.Page.Location)
			}
		}
		return err
	}})
}
