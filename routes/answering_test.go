package routes_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
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
	s.User(name, login.Member)
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

// Line 11: the chooser lists exactly the confirmed factors, masked, the
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
		e.owner.Post("/profile/factors/"+e.owner.Factor("E-mail")+"/preferred").Want(t, "/profile?said=factor-first")
		if panel := b.Get("/login/challenge").Body; !strings.Contains(panel, `action="/login/challenge/email/code"`) {
			t.Error("the preferred factor is not open")
		}
		if panel := b.Get("/login/challenge?factor=recovery").Body; !strings.Contains(panel, `action="/login/challenge/recovery"`) {
			t.Error("the factor asked for is not open")
		}

		// One that is only being set up is no choice; nor is one of another account.
		s.User("bob@example.com", login.Member)
		bob := s.Browser().SignIn("bob@example.com")
		bob.EnrollTOTP()
		s.Advance(2 * time.Minute)
		bob.Post("/profile/factors/email", "address", "").Want(t, "/profile/factors/email")
		for _, ask := range []string{"", "?factor=email", "?factor=nonsense", "?factor=email&to=" + e.owner.Factor("E-mail")} {
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

// Line 12: a factor works whatever its name, and any app of several answers.
func TestAnyAppAnswers(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, login.Member)
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

// Line 13: a wrong code keeps the panel, says so, sends nothing.
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

// Line 14: a right code signs in at level 2 under a new token, and what proved
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

// Line 15: a code that was accepted once is refused everywhere.
func TestCodesWorkOnce(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, login.Member)
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

// Line 16: this step and its neighbours, nothing else, and nothing that is not
// younger than the last accepted.
func TestWindow(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		try := func(steps int64, want bool) {
			t.Helper()
			p := pend(s, ada).Post("/login/challenge/totp", "code", s.CodeAt(e.secret, steps))
			if p.Went("/profile") != want {
				t.Errorf("%+d: %d to %q", steps, p.Status, p.Location)
			}
		}
		for _, steps := range []int64{-2, 2, 3, -120} {
			try(steps, false)
		}
		try(-1, true)
		try(-1, false)
		try(0, true)
		try(1, true)
		try(0, false)
		try(-1, false)
		s.Advance(30 * time.Second) // what was +1 is now 0, and still spent
		try(0, false)
		try(1, true)
		s.Advance(time.Hour)
		try(2, false)
		try(1, true)
	})
}

// Line 17: six ASCII digits, zeros included; spaces and dashes between do not
// matter; anything else is a wrong code.
func TestDigits(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for !strings.HasPrefix(s.Code(e.secret), "0") { // a code whose zero could be lost
			s.Advance(30 * time.Second)
		}
		code := s.Code(e.secret) // stands for a shape: what is typed is never six ASCII digits
		full := []rune(code)
		for i := range full {
			full[i] += '\uff10' - '0'
		}
		for _, typed := range []string{
			code[1:], strings.TrimLeft(code, "0"), "0" + code, code + "0", code + code, "+" + code, code + ".0", "0x" + code, code + "e0",
			string(full), code[:5] + "\u0660", code[:5] + "O", code[:3] + "_" + code[3:], code[:3] + "," + code[3:], "12345", "abcdef",
			"-1", "'" + code + "'", code[:5] + "\u00b2", "٣٣٣٣٣٣", "%", code + "\x7f", strings.Repeat("9", 4000),
		} {
			pend(s, ada).Post("/login/challenge/totp", "code", typed).WantStatus(t, 422)
			if kinds := s.Events(ada); kinds[0] != "factor.failed" {
				t.Errorf("%.20q: %s", typed, kinds[0])
			}
			s.Advance(2 * time.Second) // the limit of the address is another test's
		}
		for !strings.HasPrefix(s.Code(e.secret), "0") {
			s.Advance(30 * time.Second)
		}
		pend(s, ada).Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
	}, func(c *sitetest.Config) { c.Login.LockAfter = 1000 })
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for _, shape := range []string{"%s%s", "%s %s", " %s-%s ", "%s\u00a0%s", "\t%s\u2013%s\r\n", "%s - %s"} {
			code := s.Code(e.secret)
			pend(s, ada).Post("/login/challenge/totp", "code", fmt.Sprintf(shape, code[:3], code[3:])).Want(t, "/profile")
			s.Advance(30 * time.Second)
		}
	})
}

// Line 17: 000000 can be right. A secret is made for which it is.
func TestAllZeros(t *testing.T) {
	s := sitetest.New(t)
	equip(s, ada)
	secret, step := make([]byte, 20), int64(0)
	for step = s.Now().Unix()/factors.TOTPPeriod + 1; ; step++ {
		if code, _ := factors.TOTPCode(secret, step); code == "000000" {
			break
		}
	}
	creds, _ := s.Store.Credentials(t.Context(), s.Account(ada).ID)
	app := creds[slices.IndexFunc(creds, func(c factors.Credential) bool { return c.Kind == factors.KindTOTP })]
	app.ID, app.Secret, app.Name = login.NewID(), secret, "Zeros"
	if err := s.Store.Write(t.Context(), func(tx login.Tx) error { return tx.InsertCredentials(t.Context(), app) }); err != nil {
		t.Fatal(err)
	}
	s.Advance(time.Unix(step*factors.TOTPPeriod, 0).Sub(s.Now()))
	pend(s, ada).Post("/login/challenge/totp", "code", "0").WantStatus(t, 422)
	pend(s, ada).Post("/login/challenge/totp", "code", "000000").Want(t, "/profile")
}

// Line 22: a code that was typed, mailed or shown by an app is in no answer,
// header, log or URL.
func TestCodesStayInside(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		var shown strings.Builder
		see := func(p *sitetest.Page) { fmt.Fprintln(&shown, p.Header, p.Cookies, p.Body) }
		b := pend(s, ada)
		mail := mailed(b)
		app := s.Code(e.secret)
		for _, c := range [][2]string{{"email", another(mail)}, {"totp", another(app)}, {"recovery", e.codes[1] + "x"}, {"totp", app}} {
			see(b.Get("/login/challenge?factor=" + c[0]))
			see(b.Post("/login/challenge/"+c[0], "code", c[1]))
		}
		see(pend(s, ada).Post("/login/challenge/recovery", "code", e.codes[1]))
		see(b.Get("/profile"))
		see(b.Get("/profile/activity"))
		all := shown.String() + s.Stored()
		for _, code := range []string{mail, another(mail), app, another(app), e.codes[1], strings.ReplaceAll(e.codes[1], "-", "")} {
			if i := strings.Index(all, code); i >= 0 && !hexAround(all, i, len(code)) {
				t.Errorf("%s: …%q…", code, all[max(0, i-60):min(len(all), i+60)])
			}
		}
	})
}

// hexAround says that digits are part of a longer hash, not a code.
func hexAround(all string, i, n int) bool {
	const hex = "0123456789abcdefABCDEF"
	return i > 0 && strings.ContainsRune(hex, rune(all[i-1])) || i+n < len(all) && strings.ContainsRune(hex, rune(all[i+n]))
}

// Line 24: other verbs answer 405, say which are right, and count nothing.
func TestOtherVerbs(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		declared := declaredVerbs(s)
		b := pend(s, ada)
		for path, methods := range declared {
			for _, verb := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post"} {
				if slices.Contains(methods, verb) {
					continue
				}
				for range 2 {
					body := "login=" + ada + "&password=" + wrong + "&code=" + s.Code(e.secret)
					p := b.Do(verb, path, sitetest.Body(body), b.HTMX)
					if p.Status != http.StatusMethodNotAllowed || p.Header.Get("Allow") == "" || len(p.Cookies) > 0 {
						t.Errorf("%s %s: %d, allowed %q, cookies %v", verb, path, p.Status, p.Header.Get("Allow"), p.Cookies)
					}
				}
			}
		}
		// A way around by a hidden field or a header is none either.
		b.Header = http.Header{"X-Http-Method-Override": {"POST"}}
		b.Get("/login/challenge/totp?_method=POST&code="+s.Code(e.secret)).WantStatus(t, 405)
		b.Header = http.Header{}
		b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		fails(s.Browser(), ada, 4)
		s.Browser().Password(ada).Want(t, "/login/challenge")
	})
}
