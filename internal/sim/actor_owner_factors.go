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
	first := len(w.Seen)
	w.Submit(b, b.Page, "/profile/password", "current", p.Password, "password", fresh)
	for _, x := range w.Seen[first:] { // it may have been sent twice
		switch {
		case x.Path != "/profile/password" || x.Form.Get("password") != fresh:
		case x.Page == nil || x.Page.Status >= 500:
			p.Before, p.Password = p.Password, fresh
		case strings.Contains(x.Page.Location, "said=password"):
			p.Before, p.Password = "", fresh
		}
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
	w.Ledger.adopt()
	for _, p := range w.People {
		w.recall(p)
		var phones []*Phone
		p.Mails, p.Sheet = false, nil
		for _, c := range w.Ledger.Account(p.Login).Live() {
			switch c.Kind {
			case factors.KindTOTP:
				phones = append(phones, p.phoneWith(c.Secret))
			case factors.KindEmail:
				p.Mails = p.Mails || c.Address == p.Email
			case factors.KindRecovery:
				p.Sheet = unused(c.Codes)
			}
		}
		p.Phones, p.Phone = phones, nil
		for _, phone := range phones {
			if p.Phone == nil || p.Phone.Lost || !phone.Lost {
				p.Phone = phone
			}
		}
	}
}

// phoneWith is the phone that has an app's secret, a new one if none has it.
func (p *Person) phoneWith(secret []byte) *Phone {
	for _, phone := range p.Phones {
		if string(phone.Secret) == string(secret) {
			return phone
		}
	}
	return &Phone{Secret: secret}
}

// recall has somebody learn what became of their account: its id, and what an
// admin may have done without hearing whether it worked.
func (w *World) recall(p *Person) {
	if row, ok := w.Rows()[p.ID]; ok && w.Changed && !strings.EqualFold(row.Fields[FieldLogin], p.Login) {
		w.Ledger.rename(p, strings.ToLower(row.Fields[FieldLogin]))
	}
	if p.Gone || p.ID != "" && !p.unsure {
		return
	}
	for _, row := range w.Rows() {
		if strings.EqualFold(row.Fields[FieldLogin], p.Login) {
			p.ID, p.unsure = row.ID, false
			p.Admin, p.Disabled = row.Fields[FieldRole] == "admin", row.Fields[FieldDisabled] != ""
			p.Email, p.Proven = strings.ToLower(row.Fields[FieldEmail]), row.Fields[FieldProved] != ""
			return
		}
	}
	if p.unsure && p.ID != "" && w.Rows() != nil {
		p.Gone, p.unsure = true, false
		w.Ledger.TakeAll(p.Login)
	}
}
