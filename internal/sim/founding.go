package sim

import (
	"strings"
)

// names are those of the people who live here. The first is the first admin, the
// second another.
var names = []string{"Ada", "Ben", "Cleo", "Dan", "Edith", "Finn", "Greta"}

// found lets people move in, before anything breaks: the first admin by the
// setup link, everybody else by an invite.
func (w *World) found() {
	for i, name := range names {
		login := strings.ToLower(name)
		w.People = append(w.People, &Person{Name: name, Login: login, Email: login + "@example.org", Admin: i < 2})
	}
	ada := w.People[0]
	b := ada.browser(w, w.chance)
	ada.Password = w.newPassword(ada)
	link := strings.TrimPrefix(w.Processes[0].Site.SetupLink(), origin)
	_, token, _ := strings.Cut(link, "token=")
	w.atFirst(func() { w.Get(b, link) })
	w.atFirst(func() { w.Submit(b, b.Page, "/setup", "token", token, "login", ada.Login, "password", ada.Password) })
	w.enrollApp(ada, b)
	for _, p := range w.People[1:] {
		w.moveIn(ada, b, p)
	}
	w.nameAll()
	w.keepUp()
}

// atFirst has a request come to the first process, which has the setup link.
func (w *World) atFirst(do func()) {
	all := w.Processes
	w.Processes = all[:1]
	do()
	w.Processes = all
}

// enrollApp sets up the first factor of somebody who is signed in.
func (w *World) enrollApp(p *Person, b *Browser) {
	w.PostForm(b, "/profile/factors/totp")
	if b.asked() {
		w.Get(b, b.Led)
		w.Submit(b, b.Page, "/confirm", "password", p.Password)
	}
	confirmEnrollment(w, w.chance, p, b)
	w.Get(b, "/profile/factors/recovery?new=1")
	w.keepUp()
}

// moveIn invites somebody, who accepts.
func (w *World) moveIn(admin *Person, by *Browser, p *Person) {
	role := map[bool]string{true: "admin", false: "user"}[p.Admin]
	w.PostForm(by, "/admin/users", "login", p.Login, "name", p.Name, "role", role, "email", p.Email, "reason", "new here")
	if by.asked() {
		w.Clock.Pass(31e9)
		w.Get(by, by.Led)
		w.Submit(by, by.Page, "/confirm", "kind", "totp", "code", w.CodeOf(admin.Phone))
	}
	_, _ = w.Processes[0].Site.Rooms().Mail.Once(w.t.Context())
	b := p.browser(w, w.chance)
	p.Password = w.newPassword(p)
	link := w.letterWith(p.Email, "/invite/")
	w.Get(b, link)
	w.Submit(b, b.Page, link, "password", p.Password, "name", p.Name)
	w.Submit(b, nil, "/login", "login", p.Login, "password", p.Password)
	if w.chance.N(5) > 0 || p.Admin {
		w.enrollApp(p, b)
	}
	switch w.chance.N(3) {
	case 0:
		w.enrollMail(p, b)
	case 1:
		w.PostForm(b, "/email/verify")
		_, _ = w.Processes[0].Site.Rooms().Mail.Once(w.t.Context())
		link := w.letterWith(p.Email, "/email/verify/")
		w.Get(b, link)
		w.Submit(b, b.Page, link)
	}
}

// enrollMail has codes mailed to somebody who is signed in.
func (w *World) enrollMail(p *Person, b *Browser) {
	w.PostForm(b, "/profile/factors/email", "address", p.Email)
	if b.asked() { // nothing was proved yet but the password
		w.Get(b, b.Led)
		w.Submit(b, b.Page, "/confirm", "password", p.Password)
	}
	_, _ = w.Processes[0].Site.Rooms().Mail.Once(w.t.Context())
	w.PostForm(b, "/profile/factors/email/confirm", "code", w.lastCode(p.Email))
	w.keepUp()
}

// nameAll finds the ids of everybody's account.
func (w *World) nameAll() {
	for _, p := range w.People {
		id, err := w.Beside.One("SELECT id FROM accounts WHERE login_key = ?", p.Login)
		if err != nil || id == "" {
			w.t.Fatalf("%s has no account: %v\n%s", p.Name, err, w.Trace.String())
		}
		proven, _ := w.Beside.One("SELECT account_id FROM proven WHERE account_id = ?", id)
		p.ID, p.Proven, p.unsure = id, proven != "", false
	}
}
