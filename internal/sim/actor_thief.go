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
