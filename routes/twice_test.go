package routes_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// double sends one form twice from one browser: together, or one after the
// other with the first answer lost on the way.
func double(t *testing.T, b *sitetest.Browser, together bool, path string, pairs ...string) (first, second *sitetest.Page) {
	t.Helper()
	lost := b.Clone()
	if together {
		pages := sitetest.AtOnce(2, func(i int) *sitetest.Page { return []*sitetest.Browser{lost, b}[i].Post(path, pairs...) })
		return pages[0], pages[1]
	}
	first = lost.Post(path, pairs...)
	return first, b.Post(path, pairs...)
}

// same fails unless both answers of a form led to one place.
func same(t *testing.T, to string, first, second *sitetest.Page) {
	t.Helper()
	first.Want(t, to)
	second.Want(t, to)
}

func TestAnswerSentTwiceIsOneSession(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for round, together := range []bool{false, true} {
			for _, kind := range []string{"totp", "recovery", "email"} {
				s.Advance(time.Hour)
				b := pend(s, ada)
				code := map[string]func() string{"totp": func() string { return s.Code(e.secret) },
					"recovery": func() string { return e.codes[round] }, "email": func() string { return mailed(b) }}[kind]()
				before, left := sessions(s, ada), s.Account(ada).RecoveryLeft
				first, second := double(t, b, together, "/login/challenge/"+kind, "code", code, "trust", "on")
				same(t, "/profile", first, second)
				if n := sessions(s, ada) - before; n != 1 {
					t.Errorf("%s, together %v: %d sessions", kind, together, n)
				}
				if spent := left - s.Account(ada).RecoveryLeft; kind == "recovery" && spent != 1 {
					t.Errorf("%d recovery codes went", spent)
				}
				b.Get("/profile").WantStatus(t, 200)
				if b.Cookie("nightlatch_browser") == "" || b.Cookie("nightlatch_known") == "" {
					t.Error("the other cookies of the first answer are lost")
				}
				if text := b.Get("/profile").Text(); strings.Contains(text, "second time") {
					t.Error("one's own click raised the alarm")
				}
				for _, warn := range []string{"factor.replayed", "factor.failed"} {
					if slices.Contains(s.Events(ada), warn) {
						t.Errorf("%s is recorded", warn)
					}
				}
				b.Post("/profile/browsers/forget-all")
				b.Post("/logout")
			}
		}
	})
}

// The wait after the fifth failure does not hit the second click of the right
// code that came before it.
func TestAnswerSentTwiceAfterFailures(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := pend(s, ada)
		for range 4 {
			b.Post("/login/challenge/totp", "code", another(s.Code(e.secret))).WantStatus(t, 422)
		}
		first, second := double(t, b, true, "/login/challenge/totp", "code", s.Code(e.secret))
		same(t, "/profile", first, second)
		miss(s, "totp", "198.51.100.1").WantStatus(t, 422) // the count began anew
	})
}

// A repeat is for the browser that sent the form, within ten seconds, until its
// session was used, and for that code alone. Else it is a replay.
func TestAnswerOfAnotherIsAReplay(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		refusedTo := func(b *sitetest.Browser, what, code string) {
			t.Helper()
			b.Post("/login/challenge/totp", "code", code)
			if b.Cookie("nightlatch_session") != "" {
				t.Errorf("%s: a session", what)
			}
		}
		for what, meanwhile := range map[string]func(owner *sitetest.Browser) (thief *sitetest.Browser, code string){
			"another pending login": func(*sitetest.Browser) (*sitetest.Browser, string) { return pend(s, ada), s.Code(e.secret) },
			"another user agent": func(owner *sitetest.Browser) (*sitetest.Browser, string) {
				thief := owner.Clone()
				thief.Header.Set("User-Agent", "curl/8")
				return thief, s.Code(e.secret)
			},
			"another code": func(owner *sitetest.Browser) (*sitetest.Browser, string) {
				return owner.Clone(), another(s.Code(e.secret))
			},
			"after the first request": func(owner *sitetest.Browser) (*sitetest.Browser, string) {
				thief := owner.Clone()
				in := owner.Clone()
				in.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
				in.Get("/verify").WantStatus(t, 200)
				return thief, s.Code(e.secret)
			},
			"after ten seconds": func(owner *sitetest.Browser) (*sitetest.Browser, string) {
				code := s.Code(e.secret)
				s.Advance(login.AgainTTL)
				return owner.Clone(), code
			},
			"after the session was ended": func(owner *sitetest.Browser) (*sitetest.Browser, string) {
				in := owner.Clone()
				in.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
				in.Post("/logout")
				return owner.Clone(), s.Code(e.secret)
			},
		} {
			s.Advance(time.Hour)
			owner := pend(s, ada)
			owner.Clone().Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
			thief, code := meanwhile(owner)
			refusedTo(thief, what, code)
		}
		s.Advance(time.Hour)
		owner := pend(s, ada)
		owner.Clone().Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		s.Disable(ada)
		refusedTo(owner, "disabled", s.Code(e.secret))
	})
}

func TestFirstStepSentTwiceIsOneSession(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		for _, together := range []bool{false, true} {
			b := s.Browser()
			b.Get("/login").WantStatus(t, 200)
			before := sessions(s, ada)
			first, second := double(t, b, together, "/login", "login", ada, "password", sitetest.Password, "next", "/profile/activity")
			same(t, "/profile/activity", first, second)
			if n := sessions(s, ada) - before; n != 1 {
				t.Errorf("together %v: %d sessions", together, n)
			}
			b.Get("/profile").WantStatus(t, 200)
			// Another browser with this form's name needs the password all the same.
			thief := s.Browser()
			thief.SetCookie("nightlatch_form", b.Cookie("nightlatch_form"))
			thief.Post("/login", "login", ada, "password", "wrong", "next", "/profile/activity").WantStatus(t, 422)
		}
	})
}

func TestStepUpSentTwiceGoesWhereTheFirstWent(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := s.Browser().SignInTOTP(ada, e.secret)
		for _, together := range []bool{false, true} {
			s.Advance(time.Hour)
			up := b.Post("/profile/factors/"+b.Factor("Email")+"/preferred").WantHeld(t, "/profile")
			at, err := url.Parse(up.Location)
			if err != nil {
				t.Fatal(err)
			}
			held := at.Query()
			first, second := double(t, b, together, "/confirm", "kind", "totp", "code", s.Code(e.secret), "next", held.Get("next"), "held", held.Get("held"))
			same(t, "/profile?said=factor-first", first, second)
			s.Advance(time.Hour)
			first, second = double(t, b, together, "/confirm", "kind", "totp", "code", s.Code(e.secret), "next", "/profile/activity?x=%0A")
			same(t, "/profile/activity?x=%0A", first, second)
			if slices.Contains(s.Events(ada), "factor.replayed") || slices.Contains(s.Events(ada), "factor.failed") {
				t.Error("one's own click raised the alarm")
			}
		}
	})
}

func TestEnrollmentSentTwiceShowsTheCodes(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		for i, together := range []bool{false, true} {
			name := []string{ada, "bob@example.com"}[i]
			s.User(name, identity.Member)
			b := s.Browser().SignIn(name)
			b.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
			secret := b.PendingSecret()
			first, second := double(t, b, together, "/profile/factors/totp/confirm", "code", s.Code(secret), "name", "Phone")
			same(t, "/profile/factors/recovery?new=1", first, second)
			if n := len(b.RecoveryCodes()); n != 10 {
				t.Errorf("%d recovery codes are shown", n)
			}
			creds, err := s.Store.Credentials(t.Context(), s.Account(name).ID)
			if err != nil || len(creds) != 11 {
				t.Errorf("%d credentials, %v", len(creds), err)
			}
		}
	})
}
