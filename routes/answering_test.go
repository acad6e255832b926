package routes_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// equipped is an account with an app, its own address and recovery codes, an
// hour after it was set up.
type equipped struct {
	owner  *sitetest.Browser
	secret []byte
	codes  []string
}

func equip(s *sitetest.Site, name string) equipped {
	s.T.Helper()
	s.User(name, identity.Member)
	e := equipped{owner: s.Browser().SignIn(name)}
	e.secret = e.owner.EnrollTOTP()
	e.owner.EnrollEmail("")
	e.codes = e.owner.RecoveryCodes()
	s.Advance(time.Hour)
	s.Mails()
	return e
}

// pend gives the first step in a new browser.
func pend(s *sitetest.Site, name string) *sitetest.Browser {
	s.T.Helper()
	b := s.Browser()
	b.Password(name).Want(s.T, "/login/challenge")
	return b
}

// mailed has a code sent in a pending login and reads it.
func mailed(b *sitetest.Browser) string {
	b.T.Helper()
	s := b.Site
	s.Advance(61 * time.Second)
	b.Post("/login/challenge/email/code").Want(b.T, "/login/challenge?factor=email")
	return s.LastCode("")
}

// another makes a different code of six digits.
func another(code string) string { return code[:5] + string('0'+(code[5]-'0'+1)%10) }

// The chooser lists exactly the confirmed factors, masked, the
// preferred one open.
func TestChooser(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		e.owner.SignInTOTP(ada, e.secret)
		b := pend(s, ada)
		text := b.Get("/login/challenge").Text()
		for _, want := range []string{"Authenticator app", "a•••@example.com", "Recovery code", "10 codes left", "Signing in as " + ada} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in %q", want, text)
			}
		}
		if panel := b.Get("/login/challenge").Body; !strings.Contains(panel, `action="/login/challenge/totp"`) {
			t.Error("the app is not open")
		}
		e.owner.Post("/profile/factors/"+e.owner.Factor("Email")+"/preferred").Want(t, "/profile?said=factor-first")
		if panel := b.Get("/login/challenge").Body; !strings.Contains(panel, `action="/login/challenge/email/code"`) {
			t.Error("the preferred factor is not open")
		}
		if panel := b.Get("/login/challenge?factor=recovery").Body; !strings.Contains(panel, `action="/login/challenge/recovery"`) {
			t.Error("the factor asked for is not open")
		}

		// One that is only being set up is no choice; nor is one of another account.
		s.User("bob@example.com", identity.Member)
		bob := s.Browser().SignIn("bob@example.com")
		bob.EnrollTOTP()
		s.Advance(2 * time.Minute)
		bob.Post("/profile/factors/email", "address", "").Want(t, "/profile/factors/email")
		for _, ask := range []string{"", "?factor=email", "?factor=nonsense", "?factor=email&to=" + e.owner.Factor("Email")} {
			text := pend(s, "bob@example.com").Get("/login/challenge"+ask).WantStatus(t, 200).Text()
			if strings.Contains(text, "mailed code") || strings.Contains(text, "•••") || !strings.Contains(text, "Authenticator app") {
				t.Errorf("%q shows %q", ask, text)
			}
		}
		if letters := s.Mails(); slices.ContainsFunc(letters, func(l sitetest.Letter) bool { return strings.Contains(l.Subject, "sign in") }) {
			t.Error("the chooser sent mail")
		}
	})
}

// A factor works whatever its name, and any app of several answers.
func TestAnyAppAnswers(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		owner := s.Browser().SignIn(ada)
		secrets := [][]byte{owner.EnrollTOTP()}
		names := []string{"Phone", "Handy „grün“ 📱", `"><script>alert(1)</script>`, "Phone", "'; DROP TABLE credentials; --", "totp"}
		for _, name := range names[1:] {
			owner.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
			secret := owner.PendingSecret()
			owner.Post("/profile/factors/totp/confirm", "code", s.Code(secret), "name", name).Want(t, "/profile?said=factor-added")
			secrets = append(secrets, secret)
		}
		s.Advance(time.Minute)
		for i, secret := range secrets {
			b := pend(s, ada)
			if page := b.Get("/login/challenge?factor=recovery"); strings.Contains(page.Body, "<script>alert") || !strings.Contains(page.Text(), names[i]) {
				t.Errorf("%q is shown badly", names[i])
			}
			b.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
			pend(s, ada).Post("/login/challenge/totp", "code", s.Code(secret)).WantStatus(t, 422)
		}
	})
}

// A wrong code keeps the panel, says so, sends nothing.
func TestWrongCodeKeepsThePanel(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := pend(s, ada)
		right := mailed(b)
		for kind, code := range map[string]string{"totp": another(s.Code(e.secret)), "recovery": "not a code", "email": another(right)} {
			p := b.Post("/login/challenge/"+kind, "code", code).WantStatus(t, 422)
			if !strings.Contains(p.Body, `action="/login/challenge/`+kind+`"`) || p.Alert() != "That code is not right." {
				t.Errorf("%s: %q", kind, p.Alert())
			}
			if whole := strings.Contains(p.Body, "<html"); whole == b.HTMX {
				t.Errorf("%s: whole page is %v", kind, whole)
			}
			if len(p.Cookies) > 0 {
				t.Errorf("%s: cookies %v", kind, p.Cookies)
			}
		}
		for _, l := range s.Mails() {
			if l.Code() != "" {
				t.Errorf("a wrong code sent %q", l.Subject)
			}
		}
		b.Post("/login/challenge/email", "code", right).Want(t, "/profile")
		pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
	})
}

// A right code signs in at level 2 under a new token, and what proved
// it is in the record.
func TestRightCodeSignsIn(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for _, kind := range []factors.Kind{"totp", "recovery", "email"} {
			b := s.Browser()
			planted := "PLANTEDPLANTEDPLANTEDPLANTED1234"
			b.SetCookie("nightlatch_session", planted)
			b.Post("/login", "login", ada, "password", sitetest.Password, "next", "/profile/activity").Want(t, "/login/challenge")
			before := b.Cookie("nightlatch_login")
			code := map[factors.Kind]func() string{"totp": func() string { return s.Code(e.secret) },
				"recovery": func() string { return e.codes[0] }, "email": func() string { return mailed(b) }}[kind]()
			b.Post("/login/challenge/"+string(kind), "code", code).Want(t, "/profile/activity")
			token := b.Cookie("nightlatch_session")
			if token == "" || token == planted || token == before || b.Cookie("nightlatch_login") != "" {
				t.Errorf("%s: the session is %q", kind, token)
			}
			v, err := s.Login.Visit(t.Context(), token)
			if err != nil || v == nil || v.Session.Level != 2 || v.Session.Factor != kind {
				t.Fatalf("%s: %+v %v", kind, v, err)
			}
			if got := b.Get("/verify?level=2").WantStatus(t, 200).Header.Get("Remote-Level"); got != "2" {
				t.Errorf("%s: level %s", kind, got)
			}
			if kinds := s.Events(ada); kinds[0] != "login" {
				t.Errorf("%s: the record says %v", kind, kinds)
			}
			s.Advance(time.Minute)
		}
	})
}

// A code that was accepted once is refused everywhere.
func TestCodesWorkOnce(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser().SignIn(ada)
		secret := b.EnrollTOTP()
		bound := s.Code(secret)
		refused := func(where string, p *sitetest.Page) {
			t.Helper()
			if p.Status != 422 || p.Alert() != "That code is not right." {
				t.Errorf("%s: %d to %q, %q", where, p.Status, p.Location, p.Alert())
			}
		}
		refused("after enrollment", pend(s, ada).Post("/login/challenge/totp", "code", bound))
		refused("step-up after enrollment", b.Post("/confirm", "kind", "totp", "code", bound))
		codes := b.RecoveryCodes()
		s.Advance(time.Minute)

		in := pend(s, ada)
		code := s.Code(secret)
		in.Post("/login/challenge/totp", "code", code).Want(t, "/profile")
		refused("step-up after sign-in", in.Post("/confirm", "kind", "totp", "code", code))
		in.Password(ada).Want(t, "/login/challenge")
		refused("same browser", in.Post("/login/challenge/totp", "code", code))
		other := pend(s, ada).From("192.0.2.1")
		refused("other browser", other.Post("/login/challenge/totp", "code", code))
		s.Advance(30 * time.Second)
		refused("next step", other.Post("/login/challenge/totp", "code", code))
		refused("spaced", pend(s, ada).Post("/login/challenge/totp", "code", code[:3]+" "+code[3:]))

		s.Advance(30 * time.Minute)
		b.Post("/confirm", "kind", "totp", "code", s.Code(secret)).Want(t, "/profile")
		refused("sign-in after step-up", pend(s, ada).Post("/login/challenge/totp", "code", s.Code(secret)))

		pend(s, ada).Post("/login/challenge/recovery", "code", codes[4]).Want(t, "/profile")
		refused("recovery again", pend(s, ada).Post("/login/challenge/recovery", "code", codes[4]))
		refused("recovery in step-up", b.Post("/confirm", "kind", "recovery", "code", strings.ToLower(codes[4])))
	})
}
