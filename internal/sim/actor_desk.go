package sim

import (
	"slices"
	"strings"
)

// Beside what every admin does now and then: helpful ones, who look first and
// know whom they help, and hurried ones, who do not.
func init() {
	AddActor(Actor{Name: "admin at the desk", Weight: 9, Acts: []Act{
		{"helps somebody who is locked out", 5, admins(help)},
		{"invites somebody", 3, admins(invite)},
		{"imports a list", 1, admins(importList)},
		{"changes a role", 4, admins(changeRole)},
		{"deletes an account", 1, admins(deleteAccount)},
		{"corrects an address", 2, admins(correctAddress)},
		{"changes the policy", 2, admins(changePolicy)},
		{"has a mail sent again", 1, admins(retryMail)},
		{"opens a page of an account", 2, admins(func(w *World, c *Chance, _ *Person, b *Browser) bool {
			w.Get(b, "/admin/users/"+Pick(c, w.People).ID)
			return true
		})},
	}})
}

// on is what an admin does to an account: from its page, or in a hurry without.
func (w *World) on(c *Chance, b *Browser, of *Person, what string, pairs ...string) bool {
	at := "/admin/users/" + of.ID
	if !c.Seldom(3) {
		w.Get(b, at)
	}
	w.Submit(b, b.Page, at+"/"+what, append(pairs, "reason", Pick(c, []string{"as they asked", "by telephone", "ticket 4711", ""}))...)
	return true
}

// other is somebody who is not the admin, and often one who is signed in; nil when the draw was bad.
func (w *World) other(c *Chance, p *Person) *Person {
	of := Pick(c, w.People)
	for range c.N(4) {
		if slices.ContainsFunc(of.Browsers, w.in) {
			break
		}
		of = Pick(c, w.People)
	}
	if of == p || of.ID == "" || of.Gone {
		return nil
	}
	return of
}

func help(w *World, c *Chance, p *Person, b *Browser) bool {
	of := w.other(c, p)
	if of == nil {
		return false
	}
	switch {
	case of.Disabled:
		return w.on(c, b, of, "enable")
	case of.Phone != nil && of.Phone.Lost:
		return w.on(c, b, of, "reset")
	case of.Password == "":
		return w.on(c, b, of, "invite")
	case of.Locked || of.Robbed:
		return w.on(c, b, of, "password")
	case of.refused > 2:
		of.refused = 0
		return w.on(c, b, of, Pick(c, []string{"reset", "password"}))
	}
	return w.on(c, b, of, "unlock")
}

// crowd is how many people may have an account at a time.
const crowd = 10

func (w *World) living() (n int) {
	for _, p := range w.People {
		if !p.Gone && p.ID != "" {
			n++
		}
	}
	return n
}

// newcomer is somebody who has no account yet.
func (w *World) newcomer(c *Chance) *Person {
	n := len(w.People)
	name := Pick(c, []string{"Hal", "Ida", "Jon", "Kim", "Lea"}) + sprintf("%d", n)
	p := &Person{Name: name, Login: strings.ToLower(name), Email: strings.ToLower(name) + "@example.org"}
	w.People = append(w.People, p)
	return p
}

func invite(w *World, c *Chance, _ *Person, b *Browser) bool {
	if w.living() >= crowd || len(w.People) > 40 {
		return false
	}
	p := w.newcomer(c)
	w.Submit(b, b.Page, "/admin/users", "login", p.Login, "name", p.Name, "role", Pick(c, []string{"user", "user", "admin"}), "email", p.Email)
	return true
}

func importList(w *World, c *Chance, _ *Person, b *Browser) bool {
	if w.living() >= crowd || len(w.People) > 40 {
		return false
	}
	list := "login,name,role,email\n"
	for range 1 + c.N(2) {
		p := w.newcomer(c)
		list += p.Login + "," + p.Name + ",user," + p.Email + "\n"
	}
	if c.Seldom(3) {
		list += "ada,Ada,user,ada@example.org\n\"broken\n"
	}
	w.PostForm(b, "/admin/import", "csv", list)
	w.PostForm(b, "/admin/import", "csv", list, "do", "1")
	return true
}

func changeRole(w *World, c *Chance, p *Person, b *Browser) bool {
	of := w.other(c, p)
	if of == nil {
		of = p // their own, which may be the last
	}
	return w.on(c, b, of, "role", "role", Pick(c, []string{"admin", "user"}))
}

func deleteAccount(w *World, c *Chance, p *Person, b *Browser) bool {
	of := w.other(c, p)
	if of == nil || w.living() < 7 || of == w.People[0] {
		return false
	}
	return w.on(c, b, of, "delete")
}

func correctAddress(w *World, c *Chance, p *Person, b *Browser) bool {
	of := w.other(c, p)
	if of == nil {
		return false
	}
	of.addresses++
	return w.on(c, b, of, "email", "email", sprintf("%s.%d@example.org", bareLogin(of.Login), of.addresses))
}

func changePolicy(w *World, c *Chance, _ *Person, b *Browser) bool {
	from := w.Clock.Now().Add(c.Span(-48*3600e9, 240*3600e9)).Format("2006-01-02")
	pairs := []string{"who", Pick(c, []string{"nobody", "nobody", "admins", "everyone"}), "from", from, "reason", "as decided", "user_kinds", "totp"}
	if c.Seldom(2) {
		pairs = append(pairs, "user_kinds", "email")
	}
	pairs = append(pairs, "admin_kinds", "totp")
	w.PostForm(b, "/admin/policy", pairs...)
	return true
}

func retryMail(w *World, c *Chance, _ *Person, b *Browser) bool {
	rows, err := w.Beside.Rows("SELECT id FROM outbox WHERE status = 'failed' ORDER BY created_at, id LIMIT 5")
	if err != nil || len(rows) == 0 {
		return false
	}
	w.PostForm(b, "/admin/mail/"+Pick(c, rows)[0]+"/retry")
	return true
}
