package sim

func init() {
	AddActor(Actor{Name: "admin", Weight: 12, Acts: []Act{
		{"manages an account", 5, admins(manage)},
		{"looks around", 5, admins(func(w *World, c *Chance, _ *Person, b *Browser) bool {
			w.Get(b, Pick(c, adminPages))
			return true
		})},
	}})
}

var adminPages = []string{"/admin", "/admin/policy", "/admin/audit", "/admin/mail", "/admin/enrollment.csv", "/admin/audit.csv", "/admin/import",
	"/admin?q=a", "/admin?status=active&sort=created", "/admin/adoption.svg"}

// admins has one of the admins do something in a browser that is signed in at
// level 2.
func admins(do func(w *World, c *Chance, p *Person, b *Browser) bool) func(*World, *Chance) bool {
	return func(w *World, c *Chance) bool {
		var all []*Browser
		for _, p := range w.People {
			for _, b := range p.Browsers {
				if t := w.Ledger.Session(b); p.Admin && !p.Gone && w.in(b) && t.Level >= 2 {
					all = append(all, b)
				}
			}
		}
		if len(all) == 0 {
			return false
		}
		b := Pick(c, all)
		w.focus = b // a step-up may follow
		if !do(w, c, b.Owner, b) {
			return false
		}
		w.goThrough(c, b.Owner, b)
		return true
	}
}

// manage does something to an account that is not the admin's own.
func manage(w *World, c *Chance, p *Person, b *Browser) bool {
	of := w.other(c, p)
	if of == nil {
		return false
	}
	acts := []string{"reset", "unlock", "end-sessions", "end-sessions", "disable", "disable"}
	if of.Disabled {
		acts = []string{"enable"}
	}
	what := Pick(c, acts)
	w.Get(b, "/admin/users/"+of.ID)
	w.Submit(b, b.Page, "/admin/users/"+of.ID+"/"+what, "reason", sprintf("as they asked by telephone in step %d", w.Step))
	if what == "disable" && c.Seldom(2) { // the wrong one
		w.goThrough(c, p, b)
		w.Submit(b, b.Page, "/admin/users/"+of.ID+"/enable", "reason", sprintf("it was a mistake in step %d", w.Step))
	}
	return true
}
