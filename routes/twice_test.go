package routes_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

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
		s.User(ada, login.Member)
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
			up := b.Post("/profile/factors/"+b.Factor("E-mail")+"/preferred").WantHeld(t, "/profile")
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
			s.User(name, login.Member)
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

func TestLinkSentTwiceSaysThatItIsDone(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, login.Member)
		for _, together := range []bool{false, true} {
			s.Advance(time.Hour)
			b := s.Browser()
			b.Post("/password/forgot", "login", ada)
			link := letter(t, s, "/password/reset/").Link()
			b.Get(link).WantStatus(t, 200)
			first, second := double(t, b, together, link, "password", newPassword)
			same(t, "/login?said=reset", first, second)
			if text := b.Get(link).WantStatus(t, 200).Text(); !strings.Contains(text, "already done") {
				t.Errorf("it says %q", text)
			}
			b.Post(link, "password", newPassword+"2").WantStatus(t, 404)
			s.Browser().Get(link).WantStatus(t, 404)
			s.Browser().Post(link, "password", newPassword).WantStatus(t, 404)
			s.Browser().Post("/login", "login", ada, "password", newPassword+"2").WantStatus(t, 422)
			s.Browser().Post("/login", "login", ada, "password", newPassword).Want(t, "/profile")
		}
		in := s.Browser()
		in.Post("/login", "login", ada, "password", newPassword).Want(t, "/profile")
		in.Post("/profile/email", "email", "lovelace@example.org").Want(t, "/profile?said=email-asked")
		link := letter(t, s, "/email/verify/").Link()
		in.Get(link).WantStatus(t, 200)
		first, second := double(t, in, false, link)
		same(t, "/profile?said=email-confirmed", first, second)
	})
}

func TestSetupSentTwiceMakesOneAdmin(t *testing.T) {
	for _, together := range []bool{false, true} {
		s := sitetest.New(t)
		token := s.Setup.Link("")[len("/setup?token="):]
		b := s.Browser()
		b.Get("/setup?token="+token).WantStatus(t, 200)
		first, second := double(t, b, together, "/setup", "token", token, "login", ada, "password", newPassword)
		same(t, "/profile/factors", first, second)
		b.Get("/profile").WantStatus(t, 200)
		if text := b.Get("/setup?token="+token).WantStatus(t, 200).Text(); !strings.Contains(text, "already done") {
			t.Errorf("it says %q", text)
		}
		s.Browser().Get("/setup?token="+token).WantStatus(t, 404)
	}
}

// What one does about one's own account, sent twice, leads to one place and is
// recorded once.
func TestChangeSentTwiceIsOneChange(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := s.Browser().SignInTOTP(ada, e.secret)
		other := s.Browser().SignInTOTP(ada, e.secret)
		theirs, err := s.Login.Peek(t.Context(), other.Cookie("nightlatch_session"))
		if err != nil || theirs == nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			path, event, to string
			pairs           []string
		}{
			{"/profile/sessions/" + theirs.Session.ID + "/end", "session.ended", "/profile?said=session-ended", nil},
			{"/profile/factors/" + b.Factor("E-mail") + "/remove", "factor.removed", "/profile?said=factor-removed", nil},
			{"/profile/factors/recovery", "recovery.made", "/profile/factors/recovery?new=1", nil},
			{"/profile/name", "name.changed", "/profile?said=name", []string{"name", "Ada"}},
			{"/profile/password", "password.changed", "/profile?said=password", []string{"current", sitetest.Password, "password", newPassword}},
			{"/profile/factors/disable", "two-factor.off", "/profile?said=two-factor-off", nil},
		} {
			count := func() (n int) {
				for _, k := range s.Events(ada) {
					if k == x.event {
						n++
					}
				}
				return n
			}
			before := count()
			first, second := double(t, b, false, x.path, x.pairs...)
			same(t, x.to, first, second)
			if n := count() - before; n != 1 {
				t.Errorf("%s is recorded %d times", x.event, n)
			}
			b.Get("/profile").WantStatus(t, 200)
		}
		if slices.Contains(s.Events(ada), "password.failed") {
			t.Error("the second click counted a wrong password")
		}
	})
}

// A new intention is no repeat: once the page was seen, the same form acts anew.
func TestSameFormAfterItsPageActsAgain(t *testing.T) {
	s := sitetest.New(t)
	e := equip(s, ada)
	b := s.Browser().SignInTOTP(ada, e.secret)
	b.Post("/profile/factors/recovery").Want(t, "/profile/factors/recovery?new=1")
	one := b.RecoveryCodes()
	b.Post("/profile/factors/recovery").Want(t, "/profile/factors/recovery?new=1")
	if two := b.RecoveryCodes(); one[0] == two[0] {
		t.Error("the second set is the first")
	}
}

func TestCodeAskedForTwiceIsOneMail(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		equip(s, ada)
		b := pend(s, ada)
		_, second := double(t, b, false, "/login/challenge/email/code")
		if second.WantStatus(t, http.StatusTooManyRequests); !strings.Contains(second.Alert(), "was sent a moment ago") || !strings.Contains(second.Body, `name="code"`) {
			t.Errorf("it says %q", second.Alert())
		}
		if n := len(s.Mails()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

func TestLeavingTwice(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		first, second := double(t, pend(s, ada), false, "/login/cancel", "next", "/profile/activity")
		same(t, "/login?next=%2Fprofile%2Factivity", first, second)
		first, second = double(t, s.Browser().SignInTOTP(ada, e.secret), true, "/logout")
		same(t, "/login?said=signed-out", first, second)
	})
}

// What is kept for a repeat is sealed, and is gone once its browser moved on.
func TestKeptAnswerIsSealedAndWiped(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := pend(s, ada)
		b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		n, shut, err := s.Store.CheckSealed(t.Context())
		if err != nil || len(shut) > 0 {
			t.Fatal(shut, err)
		}
		if strings.Contains(s.Stored(), b.Cookie("nightlatch_session")) {
			t.Error("the session's token is kept readable")
		}
		b.Get("/profile").WantStatus(t, 200)
		if left, _, err := s.Store.CheckSealed(t.Context()); err != nil || left != n-1 {
			t.Errorf("%d sealed values, then %d, %v", n, left, err)
		}
	})
}
