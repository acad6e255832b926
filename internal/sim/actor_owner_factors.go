package sim

import (
	"encoding/base32"
	"strings"

	"nightlatch.example/nightlatch/factors"
)

func addApp(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || p.Phone != nil && !p.Phone.Lost && !c.Seldom(10) {
		return false
	}
	w.PostForm(b, "/profile/factors/totp")
	return true
}

func addMail(w *World, _ *Chance, p *Person, b *Browser) bool {
	if !w.in(b) || p.Mails {
		return false
	}
	w.PostForm(b, "/profile/factors/email", "address", p.Email)
	return true
}

func confirmEnrollment(w *World, c *Chance, p *Person, b *Browser) bool {
	if !w.in(b) {
		return false
	}
	if strings.HasPrefix(b.Led, "/profile/factors/totp") || strings.HasPrefix(b.Led, "/profile/factors/email") {
		w.Get(b, b.Led)
	}
	if b.Page == nil {
		return false
	}
	if m := secretShown.FindStringSubmatch(b.Page.Body); m != nil {
		secret, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(m[1])
		phone := &Phone{Secret: secret, Drift: int64(c.N(3) - 1)}
		w.Submit(b, b.Page, "/profile/factors/totp/confirm", "code", w.CodeOf(phone), "name", "Phone")
		return true
	}
	if len(b.Page.Hidden("/profile/factors/email/cancel")) > 0 || strings.Contains(b.Page.Body, `action="/profile/factors/email/confirm"`) {
		w.Submit(b, b.Page, "/profile/factors/email/confirm", "code", w.typed(c, p, factors.KindEmail))
		return true
	}
	return false
}

func lookAtCodes(w *World, c *Chance, _ *Person, b *Browser) bool {
	if !w.in(b) {
		return false
	}
	w.Get(b, Pick(c, []string{"/profile/factors/recovery.txt", "/profile/factors/recovery"}))
	return true
}

func changePassword(w *World, _ *Chance, p *Person, b *Browser) bool {
	if !w.in(b) {
		return false
	}
	fresh := w.newPassword(p)
	answer := w.Submit(b, b.Page, "/profile/password", "current", p.Password, "password", fresh)
	switch {
	case answer == nil || answer.Status >= 500:
		p.Before, p.Password = p.Password, fresh
	case strings.Contains(answer.Location, "said=password"):
		p.Before, p.Password = "", fresh
	}
	return true
}

// newPassword is one that nobody had before.
func (w *World) newPassword(p *Person) string {
	p.passwords++
	return sprintf("%s likes %d green bicycles", p.Name, 1000+p.passwords)
}

// removeFactor removes one of the factors; that it is the last is a matter of
// the site.
func removeFactor(w *World, c *Chance, p *Person, b *Browser) bool {
	a := w.Ledger.Account(p.Login)
	var ids []string
	for _, x := range a.Live() {
		if x.ID != "" {
			ids = append(ids, x.ID)
		}
	}
	if !w.in(b) || len(ids) < 2 && !c.Seldom(4) || len(ids) == 0 {
		return false
	}
	w.PostForm(b, "/profile/factors/"+Pick(c, ids)+"/remove")
	return true
}

// keepUp has everybody know what they have: the ledger wrote down what they were
// shown and told.
func (w *World) keepUp() {
	for _, p := range w.People {
		var secret []byte
		p.Mails, p.Sheet = false, nil
		for _, c := range w.Ledger.Account(p.Login).Live() {
			switch c.Kind {
			case factors.KindTOTP:
				secret = c.Secret
			case factors.KindEmail:
				p.Mails = p.Mails || c.Address == p.Email
			case factors.KindRecovery:
				p.Sheet = unused(c.Codes)
			}
		}
		switch {
		case secret == nil:
			p.Phone = nil
		case p.Phone == nil || string(p.Phone.Secret) != string(secret):
			p.Phone = &Phone{Secret: secret}
		}
	}
}
