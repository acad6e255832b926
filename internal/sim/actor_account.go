package sim

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

func init() {
	AddActor(Actor{Name: "owner of an account", Weight: 26, Acts: []Act{
		{"changes the address", 3, owners(changeAddress)},
		{"opens a link about an address", 6, owners(byMail("/email/verify/", nil))},
		{"stops a change of address", 1, owners(byMail("/email/stop/", nil))},
		{"signs out everywhere by a link", 1, owners(byMail("/secure/", nil))},
		{"opens the link of a reset", 10, owners(byMail("/enroll/", nil))},
		{"has to have a new password", 8, owners(askForPassword)},
		{"chooses a new password by a link", 8, owners(chooseByMail("/password/reset/"))},
		{"accepts an invite", 6, everybody(chooseByMail("/invite/"))},
		{"asks for proof of the address", 2, owners(plain("/email/verify"))},
		{"drops a change of address", 1, owners(plain("/profile/email/cancel"))},
		{"changes the name", 1, owners(changeName)},
		{"makes new recovery codes", 2, owners(plain("/profile/factors/recovery"))},
		{"says that the codes are safe", 1, owners(plain("/profile/factors/recovery/saved"))},
		{"tries a code of the sheet", 1, owners(tryCode)},
		{"switches the second factor off", 1, owners(plain("/profile/factors/disable"))},
		{"drops an enrollment", 1, owners(dropEnrollment)},
		{"uses a button of the profile", 8, owners(pressButton)},
		{"clicks twice", 5, owners(clickTwice)},
		{"leaves a step-up", 1, owners(plain("/confirm/cancel"))},
		{"leaves a sign-in", 1, owners(func(w *World, _ *Chance, _ *Person, b *Browser) bool {
			if b.Cookie(LoginCookie) == "" {
				return false
			}
			w.PostForm(b, "/login/cancel")
			return true
		})},
	}})
}

// everybody is owners for those, too, who have no password yet.
func everybody(do func(w *World, c *Chance, p *Person, b *Browser) bool) func(*World, *Chance) bool {
	return func(w *World, c *Chance) bool {
		p := Pick(c, w.People)
		return !p.Gone && p.Password == "" && do(w, c, p, p.browser(w, c))
	}
}

// plain sends a form that says nothing but that it is sent.
func plain(path string) func(*World, *Chance, *Person, *Browser) bool {
	return func(w *World, _ *Chance, _ *Person, b *Browser) bool {
		if !w.in(b) {
			return false
		}
		w.Submit(b, b.Page, path)
		return true
	}
}

// letter is one of the mails of somebody with a link: mostly the newest, and at
// times an old one, for people read their mail late and in any order.
func (w *World) letter(c *Chance, p *Person, link string) string {
	var all []string
	for _, address := range slices.Compact([]string{p.Email, p.Old}) {
		for _, l := range w.Post.Letters(address) {
			if strings.HasPrefix(l.Link(), link) {
				all = append(all, l.Link())
			}
		}
	}
	for _, l := range w.Post.Letters(p.Wants) {
		if w.At(p.Wants) != p { // somebody else's mailbox
			break
		}
		if strings.HasPrefix(l.Link(), link) {
			all = append(all, l.Link())
		}
	}
	switch {
	case len(all) == 0:
		return ""
	case c.Seldom(4):
		return Pick(c, all)
	}
	return all[len(all)-1]
}

// byMail opens a link and presses its button; with fields where it asks.
func byMail(link string, fields func(p *Person) []string) func(*World, *Chance, *Person, *Browser) bool {
	return func(w *World, c *Chance, p *Person, b *Browser) bool {
		at := w.letter(c, p, link)
		if at == "" || w.Ledger.links[at].spent && !c.Seldom(20) {
			return false
		}
		var pairs []string
		if fields != nil {
			pairs = fields(p)
		}
		if c.Seldom(6) { // only looks at it
			w.Get(b, at)
			return true
		}
		w.Get(b, at)
		w.Submit(b, b.Page, at, pairs...)
		return true
	}
}

func changeAddress(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) {
		return false
	}
	p.addresses++
	p.Wants = sprintf("%s.%d@example.org", bareLogin(p.Login), p.addresses)
	if c.Seldom(5) {
		p.Wants = Pick(c, w.People).Email // somebody else's
	}
	w.Submit(b, b.Page, "/profile/email", "email", p.Wants)
	return true
}

func bareLogin(login string) string { name, _, _ := strings.Cut(login, "@"); return name }

func askForPassword(w *World, c *Chance, p *Person, b *Browser) bool {
	if !p.Locked && !p.Robbed && p.refused < 2 && !c.Seldom(6) {
		return false
	}
	w.PostForm(b, "/password/forgot", "login", p.Login)
	return true
}

// chooseByMail chooses a password behind a link.
func chooseByMail(link string) func(*World, *Chance, *Person, *Browser) bool {
	return func(w *World, c *Chance, p *Person, b *Browser) bool {
		fresh := w.newPassword(p)
		if c.Seldom(10) {
			fresh = "password1"
		}
		answered := len(w.Seen)
		if !byMail(link, func(*Person) []string { return []string{"password", fresh, "name", p.Name} })(w, c, p, b) {
			return false
		}
		for _, x := range w.Seen[answered:] {
			switch {
			case x.Method != "POST" || !strings.HasPrefix(x.Path, link):
			case x.Page == nil || x.Page.Status >= 500:
				p.Before, p.Password = p.Password, fresh
			case strings.HasPrefix(x.Page.Location, "/login?said="):
				p.Before, p.Password = "", fresh
			}
		}
		return true
	}
}

func changeName(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) {
		return false
	}
	w.Submit(b, b.Page, "/profile/name", "name", p.Name+Pick(c, []string{"", " I", " the Second", " "}))
	return true
}

func tryCode(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || len(p.Sheet) == 0 {
		return false
	}
	w.Submit(b, b.Page, "/profile/factors/recovery/check", "code", Pick(c, p.Sheet))
	return true
}

func dropEnrollment(w *World, c *Chance, _ *Person, b *Browser) bool {
	if !w.in(b) {
		return false
	}
	w.PostForm(b, "/profile/factors/"+Pick(c, []string{"totp", "email"})+"/cancel")
	return true
}

var button = regexp.MustCompile(`action="(/profile/(?:factors/[A-Za-z0-9]+/(?:name|preferred|remove)|sessions/[A-Za-z0-9]+/end|browsers/[A-Za-z0-9]+/forget|warning/dismiss))"`)

// pressButton presses one of the buttons of the profile that are about one
// thing: a factor, a session, a browser.
func pressButton(w *World, c *Chance, _ *Person, b *Browser) bool {
	if !w.in(b) {
		return false
	}
	if b.At != "/profile" || b.Page == nil || c.Seldom(4) {
		w.Get(b, "/profile")
	}
	if b.Page == nil {
		return true
	}
	all := button.FindAllStringSubmatch(b.Page.Body, -1)
	if len(all) == 0 {
		return true
	}
	at := Pick(c, all)[1]
	if strings.HasSuffix(at, "/remove") && !c.Seldom(4) {
		at = strings.TrimSuffix(at, "/remove") + "/preferred"
	}
	if strings.HasPrefix(at, "/profile/sessions/") {
		w.Ledger.knowSession(strings.Split(at, "/")[3])
	}
	w.Submit(b, b.Page, at, "name", Pick(c, []string{"Old phone", "Work", "“Spare”"}))
	return true
}

// clickTwice sends the last form once more, as it was, with the cookies that it
// had: the second click of a double click.
func clickTwice(w *World, c *Chance, p *Person, b *Browser) bool {
	if b.Page == nil {
		return false
	}
	act := Pick(c, []func(*World, *Chance, *Person, *Browser) bool{answerChallenge, stepUp, confirmEnrollment, changeName, removeFactor, signIn, changeAddress})
	first := len(w.Seen)
	if !act(w, c, p, b) || len(w.Seen) == first {
		return len(w.Seen) > first
	}
	x := w.Seen[len(w.Seen)-1]
	if x.Method != "POST" || x.Page == nil {
		return true
	}
	got := maps.Clone(b.cookies)
	b.cookies = maps.Clone(x.Before)
	w.request(b, x.Method, x.Path, x.Form)
	second := w.Seen[len(w.Seen)-1]
	*w.sameTwice() = append(*w.sameTwice(), [2]*Exchange{x, second})
	for name, value := range second.After {
		if second.Before[name] != value {
			got[name] = value
		}
	}
	b.cookies = got
	return true
}
