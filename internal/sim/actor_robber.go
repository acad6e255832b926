package sim

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
)

func init() {
	AddActor(Actor{Name: "thief of a mailbox with time", Weight: 3, Acts: []Act{
		{"chooses a new password", 3, victims("the reader of %s's mail", appOnly, takePassword)},
		{"signs in with it", 3, victims("the reader of %s's mail", appOnly, func(w *World, _ *Chance, p *Person, b *Browser) bool {
			if p.Taken == "" {
				return false
			}
			w.PostForm(b, "/login", "login", p.Login, "password", p.Taken)
			return true
		})},
		{"guesses a code", 2, victims("the reader of %s's mail", appOnly, guessCode)},
		{"signs its owner out everywhere", 1, victims("the reader of %s's mail", appOnly, byMail("/secure/", nil))},
	}})
	AddActor(Actor{Name: "thief of a cookie", Weight: 5, Acts: []Act{
		{"takes the cookies", 2, victims("the thief of %s's cookies", anybody, takeCookies)},
		{"looks around", 2, victims("the thief of %s's cookies", stale, func(w *World, c *Chance, _ *Person, b *Browser) bool {
			w.Get(b, Pick(c, slices.Concat(pages, adminPages, []string{"/profile/factors/recovery.txt"})))
			return true
		})},
		{"changes what it can", 4, victims("the thief of %s's cookies", stale, changeWhatItCan)},
		{"manages what it can", 2, victims("the thief of %s's cookies", stale, manageWhatItCan)},
		{"guesses a code", 1, victims("the thief of %s's cookies", stale, func(w *World, c *Chance, _ *Person, b *Browser) bool {
			w.PostForm(b, "/confirm", "kind", "totp", "code", sprintf("%06d", c.N(1000000)), "next", "/profile")
			return true
		})},
	}})
	AddActor(Actor{Name: "proxy", Weight: 4, Acts: []Act{{"sends again what it saw", 1, replay}}})
	AddActor(Actor{Name: "thief of a backup", Weight: 2, Acts: []Act{{"uses what stands in it", 1, useBackup}}})
	AddActor(Actor{Name: "borrower of a phone", Weight: 2, Acts: []Act{
		{"types its code", 1, victims("the borrower of %s's phone", anybody, typeBorrowed)},
	}})
}

// victims has somebody act who is after one person's account, when it is fit.
func victims(name string, fit func(*World, *Person) bool, do func(w *World, c *Chance, p *Person, b *Browser) bool) func(*World, *Chance) bool {
	return func(w *World, c *Chance) bool {
		p := Pick(c, w.People)
		if p.ID == "" || p.Gone || p.unsure || !fit(w, p) {
			return false
		}
		return do(w, c, p, w.stranger(c, sprintf(name, p.Name)))
	}
}

func anybody(w *World, p *Person) bool { return w.Ledger.Account(p.Login).Has() }

// appOnly is whose codes do not come by mail: to all others a mailbox is both secrets.
func appOnly(w *World, p *Person) bool {
	a := w.Ledger.Account(p.Login)
	return a.Has() && !slices.ContainsFunc(a.Live(), func(c *Cred) bool { return c.Kind == factors.KindEmail || c.Unsure })
}

// stale is whose session proved nothing lately, also by the clock of the site.
func stale(w *World, p *Person) bool {
	b := w.stranger(w.chance, "the thief of "+p.Name+"'s cookies")
	t := w.Ledger.Session(b)
	return t != nil && t.Account == p.Login && w.Ledger.Account(p.Login).Has() && w.Clock.Real().Sub(t.Acted) > 6*time.Minute && !w.jumped()
}

// takePassword chooses a password for somebody else, by a link in their mail.
func takePassword(w *World, c *Chance, p *Person, b *Browser) bool {
	at := w.letter(c, p, "/password/reset/")
	if at == "" || w.Ledger.links[at].spent {
		return forgotten(w, c, p, b)
	}
	w.Get(b, at)
	w.Submit(b, b.Page, at, "password", sprintf("somebody else likes %d bicycles", 1000+c.N(1000)))
	return true
}

// takeCookies copies the cookies of a browser in which somebody is signed in.
func takeCookies(w *World, c *Chance, p *Person, b *Browser) bool {
	if len(p.Browsers) == 0 {
		return false
	}
	from := Pick(c, p.Browsers)
	if t := w.Ledger.Session(from); !w.in(from) || t.Account != p.Login {
		return false
	}
	b.Steal(from)
	delete(b.cookies, TrustCookie)
	delete(b.cookies, LoginCookie)
	w.Trace.Say("      %s has the session of %s", b.Name, from.Name)
	return true
}

// changeWhatItCan sends forms in a stolen session.
func changeWhatItCan(w *World, c *Chance, p *Person, b *Browser) bool {
	var ids []string
	for _, x := range w.Ledger.Account(p.Login).Live() {
		if x.ID != "" {
			ids = append(ids, x.ID)
		}
	}
	paths := []string{"/profile/password", "/profile/email", "/profile/name", "/profile/factors/totp", "/profile/factors/email", "/profile/factors/recovery",
		"/profile/factors/disable", "/profile/factors/totp/confirm", "/email/verify", "/profile/sessions/end-others", "/profile/browsers/forget-all"}
	for _, id := range ids {
		paths = append(paths, "/profile/factors/"+id+"/remove", "/profile/factors/"+id+"/name")
	}
	w.PostForm(b, Pick(c, paths), "current", "password1", "password", "a thief likes 9 bicycles", "email", "mallory@example.net", "address", "mallory@example.net",
		"name", "Mallory", "code", sprintf("%06d", c.N(1000000)))
	return true
}

// manageWhatItCan sends the forms of admins in a stolen session.
func manageWhatItCan(w *World, c *Chance, p *Person, b *Browser) bool {
	of := Pick(c, w.People)
	if of.ID == "" {
		return false
	}
	w.PostForm(b, "/admin/users/"+of.ID+"/"+Pick(c, []string{"reset", "role", "disable", "enable", "delete", "email", "password", "end-sessions", "unlock"}),
		"reason", "I say so", "role", "admin", "email", "mallory@example.net")
	return true
}

// seenBefore are forms of owners that went by, for whoever reads what goes over the wire.
func (w *World) seenBefore() *[]*Exchange {
	return State(w, "what went by", func() *[]*Exchange { return new([]*Exchange) })
}

// remember keeps what a proxy saw. Who has a code that nobody judged has both secrets.
func (w *World) remember(x *Exchange) {
	if x.Page == nil || x.Page.Status >= 500 || x.Page.Status == http.StatusTooManyRequests || x.Method != "POST" || x.Browser.Foe || !strings.HasPrefix(x.Path, "/login/challenge/") && !linkPath.MatchString(x.Path) {
		return
	}
	list := w.seenBefore()
	if *list = append(*list, x); len(*list) > 40 {
		*list = (*list)[1:]
	}
}

// replay sends a form again that somebody sent, as it was. For some seconds it may be the
// second click of the same browser; later it is nobody's.
func replay(w *World, c *Chance) bool {
	list := *w.seenBefore()
	if len(list) == 0 {
		return false
	}
	x := Pick(c, list)
	if w.Clock.Now().Sub(x.At) < 15*time.Second || linkPath.MatchString(x.Path) && (w.Ledger.links[x.Path] == nil || w.Ledger.links[x.Path].by == nil) {
		return false
	}
	b := w.stranger(c, "the proxy")
	b.cookies = maps.Clone(x.Before)
	delete(b.cookies, SessionCookie)
	delete(b.cookies, TrustCookie)
	delete(b.cookies, FormCookie) // with it, it is the same browser: it hears again what became of the form
	w.request(b, x.Method, x.Path, x.Form)
	b.Clear()
	return true
}

// useBackup uses what stands in the database as if it were what a browser or a mail has.
func useBackup(w *World, c *Chance) bool {
	b := w.stranger(c, "the reader of a backup")
	table := Pick(c, []string{"sessions", "pendings", "browsers", "links"})
	rows, err := w.Beside.Rows("SELECT token_hash FROM " + table + " ORDER BY created_at DESC, token_hash LIMIT 8")
	if err != nil || len(rows) == 0 {
		return false
	}
	hash := Pick(c, rows)[0]
	b.Clear()
	switch table {
	case "sessions":
		b.cookies[SessionCookie] = hash
		w.Get(b, "/profile")
	case "pendings":
		b.cookies[LoginCookie] = hash
		w.Get(b, "/login/challenge")
	case "browsers":
		b.cookies[TrustCookie] = hash
		p := Pick(c, w.People)
		w.PostForm(b, "/login", "login", p.Login, "password", "password1")
	default:
		w.PostForm(b, Pick(c, []string{"/password/reset/", "/secure/", "/email/verify/", "/enroll/", "/invite/"})+hash, "password", "a thief likes 9 bicycles")
	}
	b.Clear()
	return true
}

// typeBorrowed types the code that somebody's phone shows: without the password, and into the
// sign-in of somebody else.
func typeBorrowed(w *World, c *Chance, p *Person, b *Browser) bool {
	if p.Phone == nil {
		return false
	}
	code := w.CodeOf(p.Phone)
	if c.Seldom(2) { // a colleague, who has an account of their own
		other := Pick(c, w.People)
		if other == p || other.Gone || len(other.Browsers) == 0 || other.Browsers[0].Cookie(LoginCookie) == "" {
			return false
		}
		w.PostForm(other.Browsers[0], "/login/challenge/totp", "code", code)
		return true
	}
	w.PostForm(b, "/login", "login", p.Login, "password", "password"+sprintf("%d", c.N(100)))
	w.PostForm(b, "/login/challenge/totp", "code", code)
	return true
}
