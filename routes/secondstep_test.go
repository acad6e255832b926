package routes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// A kind that the account lacks is refused like a wrong code, sends
// nothing, and is counted alike. One that does not exist is not there.
func TestKindsThatAreNotThere(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		secret := s.Browser().SignIn(ada).EnrollTOTP()
		other := equip(s, "bob@example.com")
		s.Mails()
		b := pend(s, ada)
		for _, code := range []string{"123456", s.Code(other.secret), s.Code(secret)} {
			p := b.Post("/login/challenge/email", "code", code, "to", other.owner.Factor("Email")).WantStatus(t, 422)
			if p.Alert() != "That code is not right." || !strings.Contains(p.Body, `action="/login/challenge/totp"`) {
				t.Errorf("it says %q", p.Alert())
			}
		}
		for range 2 {
			b.Post("/login/challenge/email", "code", "123456").WantStatus(t, 422)
		}
		b.Post("/login/challenge/email", "code", "123456").WantStatus(t, 429)
		for _, to := range []string{"", other.owner.Factor("Email"), "x"} {
			if p := b.Post("/login/challenge/email/code", "to", to); p.Status < 400 {
				t.Errorf("a code is sent: %d", p.Status)
			}
		}
		if letters := s.Mails(); len(letters) > 0 && slices.ContainsFunc(letters, func(l sitetest.Letter) bool { return l.Code() != "" }) {
			t.Error("a code was sent")
		}
		for _, kind := range []string{"passkey", "sms", "TOTP", "totp%20", "password", "held", "form", "browser", ".", "%2e%2e"} {
			p := b.Post("/login/challenge/"+kind, "code", s.Code(secret))
			if p.Status != 404 || b.Cookie("nightlatch_session") != "" {
				t.Errorf("%s: %d", kind, p.Status)
			}
		}
	})
}

// No second step without the first, nor with another's.
func TestSecondStepAlone(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		bob := equip(s, "bob@example.com")
		session := e.owner.SignInTOTP(ada, e.secret).Cookie("nightlatch_session")
		s.Advance(time.Minute)
		id := s.Account(ada).ID
		for _, token := range []string{"", "x", strings.Repeat("A", 32), session, id, identity.HashToken(session)} {
			b := s.Browser()
			if token != "" {
				b.SetCookie("nightlatch_login", token)
			}
			for kind, code := range map[string]string{"totp": s.Code(e.secret), "recovery": e.codes[0], "email": "123456"} {
				p := b.Post("/login/challenge/"+kind, "code", code, "login", ada, "account", id)
				if !strings.HasPrefix(p.Location, "/login") || strings.HasPrefix(p.Location, "/login/") || b.Cookie("nightlatch_session") != "" {
					t.Errorf("%s with %q: %d to %s", kind, token, p.Status, p.Location)
				}
				b.Post("/login/challenge/" + kind + "/code")
			}
		}
		if letters := s.Mails(); slices.ContainsFunc(letters, func(l sitetest.Letter) bool { return l.Code() != "" }) {
			t.Error("a code was sent")
		}
		// A pending login is no session.
		adas, bobs := pend(s, ada), pend(s, "bob@example.com")
		thief := s.Browser()
		thief.SetCookie("nightlatch_session", adas.Cookie("nightlatch_login"))
		thief.Get("/verify").WantStatus(t, 401)
		// Each takes its own account's codes only, and an emailed one only its own.
		sent := mailed(bobs)
		for kind, code := range map[string]string{"totp": s.Code(bob.secret), "recovery": bob.codes[0], "email": sent} {
			adas.Post("/login/challenge/"+kind, "code", code).WantStatus(t, 422)
		}
		second := pend(s, "bob@example.com")
		second.Post("/login/challenge/email", "code", sent).WantStatus(t, 422)
		bobs.Post("/login/challenge/email", "code", sent).Want(t, "/profile")
		second.Post("/login/challenge/recovery", "code", bob.codes[0]).Want(t, "/profile")
		b := s.Browser() // one cookie for two pending logins: the last one counts
		b.Password(ada)
		b.Password("bob@example.com")
		b.Post("/login/challenge/totp", "code", s.Code(e.secret)).WantStatus(t, 422)
		b.Header = http.Header{"Cookie": {s.CookieName("nightlatch_login") + "=" + adas.Cookie("nightlatch_login")}}
		if p := b.Post("/login/challenge/totp", "code", s.Code(e.secret)); p.Went("/profile") {
			t.Error("two cookies of one name are taken for one")
		}
	})
}
