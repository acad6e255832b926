package sim

func init() {
	AddActor(Actor{Name: "newcomer", Weight: 3, Acts: []Act{
		{"registers", 3, register},
		{"opens the link of a registration", 4, joinByMail},
		{"registers with another's address", 1, func(w *World, c *Chance) bool {
			p := Pick(c, w.People)
			b := w.stranger(c, "a stranger")
			w.PostForm(b, "/register", "login", p.Email, "name", "Mallory", "password", "a stranger likes 7 green bicycles")
			return true
		}},
	}})
}

// stranger is the browser of somebody who has no account.
func (w *World) stranger(c *Chance, name string) *Browser {
	return State(w, "browser of "+name, func() *Browser {
		b := w.NewBrowser(name, c)
		b.Foe = true
		return b
	})
}

func register(w *World, c *Chance) bool {
	if w.living() >= crowd || len(w.People) > 40 {
		return false
	}
	p := w.newcomer(c)
	p.Login, p.Password, p.registers = p.Email, w.newPassword(p), true
	b := p.browser(w, c)
	w.Get(b, "/register")
	w.Submit(b, b.Page, "/register", "login", p.Email, "name", p.Name, "password", p.Password)
	return true
}

func joinByMail(w *World, c *Chance) bool {
	p := Pick(c, w.People)
	if !p.registers || p.ID != "" || p.Gone {
		return false
	}
	b := p.browser(w, c)
	return byMail("/email/verify/", func(p *Person) []string { return []string{"password", p.Password} })(w, c, p, b)
}
