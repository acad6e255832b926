package routes_test

import (
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// What comes along unseen with a copied login, code or recovery code is no part
// of it, and counts no failure.
func TestWhatIsCopiedAlongUnseenIsNoAnswer(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := s.Browser()
		for _, x := range []string{"\u202a", "\u2060", "\u2069", "\u200b", "\ufeff", "\u00ad", "\u2212"} {
			s.Advance(time.Minute)
			b.Post("/login", "login", x+ada+x, "password", sitetest.Password).Want(t, "/login/challenge")
			code := s.Code(e.secret)
			b.Post("/login/challenge/totp", "code", x+code[:3]+x+code[3:]+x).Want(t, "/profile")
		}
		b.Password(ada).Want(t, "/login/challenge")
		b.Post("/login/challenge/recovery", "code", "\ufeff1. "+e.codes[0]+",").Want(t, "/profile")
		b.Password(ada).Want(t, "/login/challenge")
		b.Post("/login/challenge/recovery", "code", "• [ ] ("+e.codes[1]+")").Want(t, "/profile")
		for _, kind := range s.Events(ada) {
			if kind == string(identity.EventFactorFailed) || kind == string(identity.EventLoginFailed) {
				t.Errorf("the log has %s", kind)
			}
		}
	})
}

// A name that shows nothing, or hides something, is refused; the others are kept
// composed. A colon is refused in new logins only.
func TestNamesCanBeReadAndNewLoginsHaveNoColon(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser().SignIn(ada)
		for _, name := range []string{"\u3164", "\u200b", "\u2800", "\U000e0041", "a\u2028b", "a\u0301\u0301\u0301\u0301\u0301\u0301"} {
			b.Post("/profile/name", "name", name).WantStatus(t, 422)
		}
		for name, kept := range map[string]string{"Mu\u0308ller": "Müller", "می\u200cخواهم": "می\u200cخواهم", " \u200bAda\ufeff": "Ada"} {
			b.Post("/profile/name", "name", name).Want(t, "/profile?said=name")
			if got := s.Account(ada).Name; got != kept {
				t.Errorf("%+q is kept as %+q", name, got)
			}
		}
		for _, name := range []string{"ada:work", "ada：work", ":ada"} {
			if _, err := s.Accounts.Create(t.Context(), formOf(name, ""), "", identity.Event{Actor: "cli"}); identity.Reason(err) != identity.Bad {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}
