package sim

import (
	"strings"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/sitetest"
)

func init() {
	AddActor(Actor{Name: "stranger", Weight: 4, Acts: []Act{
		{"guesses a password", 3, thieves("a stranger", guessPassword)},
		{"asks for a new password", 1, thieves("a stranger", forgotten)},
		{"asks for many", 1, thieves("a stranger", func(w *World, c *Chance, p *Person, b *Browser) bool {
			for range 12 {
				forgotten(w, c, p, b)
			}
			return true
		})},
		{"asks under another host", 1, thieves("a stranger", func(w *World, c *Chance, p *Person, b *Browser) bool {
			b.Host = "evil.example"
			forgotten(w, c, p, b)
			b.Host = ""
			return true
		})},
		{"guesses in many spellings", 2, thieves("a stranger", spellings)},
		{"asks who is there", 1, thieves("a stranger", whoIsThere)},
		{"guesses a token", 1, thieves("a stranger", func(w *World, c *Chance, p *Person, b *Browser) bool {
			w.Get(b, "/password/reset/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
			return true
		})},
	}})
	AddActor(Actor{Name: "thief of a password", Weight: 6, Acts: []Act{
		{"signs in", 3, thieves("the thief of %s's password", func(w *World, c *Chance, p *Person, b *Browser) bool {
			w.PostForm(b, "/login", "login", p.Login, "password", p.Password)
			return true
		})},
		{"guesses a code", 5, thieves("the thief of %s's password", guessCode)},
		{"has a code sent", 1, thieves("the thief of %s's password", func(w *World, c *Chance, p *Person, b *Browser) bool {
			w.PostForm(b, "/login/challenge/email/code")
			return true
		})},
		{"looks around", 1, thieves("the thief of %s's password", lookAround)},
	}})
	AddActor(Actor{Name: "thief of a mailbox", Weight: 4, Acts: []Act{
		{"asks for a new password", 1, thieves("the reader of %s's mail", forgotten)},
		{"types a code from a mail", 2, thieves("the reader of %s's mail", func(w *World, c *Chance, p *Person, b *Browser) bool {
			w.PostForm(b, "/login/challenge/email", "code", w.lastCode(p.Email))
			return true
		})},
	}})
}

// thieves has somebody act who is after one person's account, from a browser of
// their own. Only who has a factor is a victim: a password alone is all that
// others have.
func thieves(name string, do func(w *World, c *Chance, p *Person, b *Browser) bool) func(*World, *Chance) bool {
	return func(w *World, c *Chance) bool {
		p := Pick(c, w.People)
		if p.Password == "" || p.Gone || !w.Ledger.Account(p.Login).Has() {
			return false
		}
		called := name
		if name != "a stranger" {
			called = sprintf(name, p.Name)
		}
		b := State(w, "browser of "+called, func() *Browser {
			b := w.NewBrowser(called, c)
			b.Foe = true
			return b
		})
		return do(w, c, p, b)
	}
}

func guessPassword(w *World, c *Chance, p *Person, b *Browser) bool {
	w.PostForm(b, "/login", "login", p.Login, "password", sprintf("password%d", c.N(1000)))
	return true
}

// spellings guesses at a password under every way to write a login.
func spellings(w *World, c *Chance, p *Person, b *Browser) bool {
	names := []string{p.Login, strings.ToUpper(p.Login), " " + p.Login, strings.ToUpper(p.Login[:1]) + p.Login[1:]}
	if p.Proven {
		names = append(names, p.Email, strings.ToUpper(p.Email))
	}
	for n := range 8 {
		w.PostForm(b, "/login", "login", names[n%len(names)], "password", sprintf("password%d", c.N(1000)))
	}
	return true
}

// whoIsThere compares what the forms say of somebody with what they say of nobody.
func whoIsThere(w *World, c *Chance, p *Person, b *Browser) bool {
	for _, form := range []string{"/password/forgot", "/login"} {
		nobody := w.PostForm(b, form, "login", "nobody"+sprintf("%d", c.N(100)), "password", "password1")
		somebody := w.PostForm(b, form, "login", p.Login, "password", "password1")
		if nobody == nil || somebody == nil || nobody.Status == 429 || somebody.Status == 429 || nobody.Status >= 500 || somebody.Status >= 500 {
			return true
		}
		if nobody.Status != somebody.Status || nobody.Location != somebody.Location || nobody.Alert() != somebody.Alert() {
			w.Broken(ruleNothing, "%s says of nobody: %d %s %s, and of %s: %d %s %s", form, nobody.Status, nobody.Location, nobody.Alert(), p.Name, somebody.Status, somebody.Location, somebody.Alert())
		}
	}
	return true
}

const ruleNothing = "strangers learn nothing"

func init() {
	AddRule(Rule{Name: ruleNothing, Source: "ASVS 5.0 6.3.8, CONTRACT §3", Every: 1 << 30, Sentence: "Who signs in or asks for a new password learns nothing of whether there is such an account.",
		Check: func(*World) error { return nil }}) // the act that asks looks
}

func guessCode(w *World, c *Chance, p *Person, b *Browser) bool {
	k := Pick(c, []factors.Kind{factors.KindTOTP, factors.KindTOTP, factors.KindEmail, factors.KindRecovery})
	w.PostForm(b, "/login/challenge/"+string(k), "code", sprintf("%06d", c.N(1000000)))
	return true
}

func forgotten(w *World, _ *Chance, p *Person, b *Browser) bool {
	w.PostForm(b, "/password/forgot", "login", p.Login)
	return true
}

// letterWith finds the newest mail of an address with a link of a kind.
func (w *World) letterWith(address, link string) string {
	l, _ := w.Post.Newest(address, func(l sitetest.Letter) bool { return strings.HasPrefix(l.Link(), link) })
	return l.Link()
}
