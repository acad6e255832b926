package routes_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

const (
	ada   = "ada@example.com"
	wrong = "a wrong one, and long enough"
)

// crowd makes an account of every sort: ada without a factor, bob with one,
// carl and cora disabled, dora and dina invited.
func crowd(s *sitetest.Site) (bobs []byte) {
	s.Proven(ada, identity.Member)
	s.Proven("bob@example.com", identity.Member)
	bobs = s.Browser().SignIn("bob@example.com").EnrollTOTP()
	for _, name := range []string{"carl@example.com", "cora@example.com"} {
		s.Proven(name, identity.Member)
		s.Disable(name)
	}
	for _, name := range []string{"dora@example.com", "dina@example.com"} {
		form := accounts.Form{Login: name, Role: identity.Member, Origin: "cli"}
		if _, err := s.Accounts.Create(context.Background(), form, "", identity.Event{Actor: "cli"}); err != nil {
			s.T.Fatal(err)
		}
	}
	s.Mails()
	return bobs
}

// outside is all that a stranger sees of a refused sign-in.
func outside(p *sitetest.Page, name string) string {
	head := p.Header.Clone()
	for i, c := range head["Set-Cookie"] {
		head["Set-Cookie"][i] = formMark.ReplaceAllString(c, "nightlatch_form=DRAWN")
	}
	head.Del("X-Request-Id")
	head.Del("Content-Length") // the name's own length is in it
	body := strings.Replace(p.Body, `value="`+name+`"`, `value="NAME"`, 1)
	return fmt.Sprint(p.Status, head, requestID.ReplaceAllString(body, ""))
}

// requestID is in the answers that are JSON.
var requestID = regexp.MustCompile(`"request_id":"[a-z2-7]+",`)

// formMark is drawn anew for each browser that is shown a form.
var formMark = regexp.MustCompile(`^nightlatch_form(_[0-9]+)?=[A-Z2-7]+`)

// Unknown, wrong, disabled and invited accounts get the same answer, before and
// while a limit holds.
func TestFirstStepAnswersAlike(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		crowd(s)
		var first []string
		for i, c := range []struct{ name, password string }{
			{"nobody@example.com", wrong}, {ada, wrong}, {"bob@example.com", wrong}, {"carl@example.com", wrong},
			{"cora@example.com", sitetest.Password}, {"dora@example.com", wrong}, {"dina@example.com", ""}, {"no login", wrong},
			{strings.Repeat("a", 300), wrong}, {"ada\u200b@example.com", sitetest.Password}, {"@", ""},
		} {
			b := s.Browser().From(fmt.Sprintf("198.51.100.%d", i+1))
			var seen []string
			for range 7 {
				p := b.Post("/login", "login", c.name, "password", c.password)
				if len(p.Cookies) > 0 {
					t.Errorf("%q got cookies %v", c.name, p.Cookies)
				}
				seen = append(seen, outside(p, c.name))
			}
			if i == 0 {
				first = seen
			}
			for k := range seen {
				if seen[k] != first[k] {
					t.Fatalf("post %d about %q can be told from one about an unknown account:\n%s\n%s", k, c.name, seen[k], first[k])
				}
			}
		}
		if !strings.HasPrefix(first[4], "422") || !strings.HasPrefix(first[5], "429") {
			t.Errorf("%.3s, then %.3s", first[4], first[5])
		}
	})
}

// With the queue for hashing full every
// name waits for its turn alike, and is told when to come back.
func TestFirstStepHashesForEveryone(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		crowd(s)
		release := s.Crowd("203.0.113.7", 3) // the browser's own address: no other makes room for it
		defer release()
		for _, name := range []string{ada, "nobody@example.com", "bob@example.com", "carl@example.com", "dora@example.com", "no login", ""} {
			p := s.Browser().Password(name).WantStatus(t, 503)
			if p.Header.Get("Retry-After") == "" {
				t.Errorf("%q is not told when to come back", name)
			}
		}
		release()
		s.Browser().SignIn(ada)
	}, oneSlot)
}

// oneSlot lets one hash run and three wait, on every machine.
func oneSlot(c *sitetest.Config) { c.Slots, c.Queue = 1, 3 }

// Without a factor the password opens a session at level 1, and nothing that asks
// for level 2.
func TestPasswordAloneIsLevelOne(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Proven(ada, identity.Member)
		b := s.Browser().SignIn(ada)
		if p := b.Get("/verify").WantStatus(t, 200); p.Header.Get("Remote-Level") != "1" || p.Header.Get("Remote-User") != ada {
			t.Errorf("level %q of %q", p.Header.Get("Remote-Level"), p.Header.Get("Remote-User"))
		}
		b.Get("/verify?level=2").WantStatus(t, 403)
		s.Browser().Post("/login", "login", ada, "password", sitetest.Password, "next", "/profile/activity?before=7").Want(t, "/profile/activity?before=7")
	})
}

// A walk over the real table. With the first step done every route
// answers as it answers nobody, and nothing is signed in.
func TestPendingIsNobody(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		crowd(s)
		pending, nobody := s.Browser(), s.Browser()
		p := pending.Password("bob@example.com").Want(t, "/login/challenge")
		if pending.Cookie("nightlatch_session") != "" || pending.Cookie("nightlatch_known") != "" || len(p.Cookies) != 1 {
			t.Fatalf("the first step gave %v", p.Cookies)
		}
		for _, r := range table(s) {
			if strings.HasPrefix(r.path, "/login") || r.path == "/logout" || strings.HasPrefix(r.path, "/static") {
				continue
			}
			for _, asHTMX := range []bool{false, true} {
				got := pending.Do(r.method, r.path, sitetest.Body(""), asHTMX)
				want := nobody.Do(r.method, r.path, sitetest.Body(""), asHTMX)
				if a, b := outside(got, "-"), outside(want, "-"); a != b {
					t.Errorf("%s %s: pending gets\n%s\nnobody gets\n%s", r.method, r.path, a, b)
				}
				if got.Location != "" && !strings.HasPrefix(got.Location, "/login") && r.path != "/" && !strings.HasPrefix(r.path, "/password") && !strings.HasPrefix(r.path, "/.well-known") {
					t.Errorf("%s %s leads to %s", r.method, r.path, got.Location)
				}
			}
		}
		pending.Get("/verify").WantStatus(t, 401)
	})
}

// The password, right or wrong, stays nowhere; the pending login's
// cookie is worth nothing to whoever reads the database.
func TestPasswordStaysNowhere(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		crowd(s)
		b := s.Browser()
		shown := b.Post("/login", "login", "bob@example.com", "password", wrong).Body
		p := b.Password("bob@example.com").Want(t, "/login/challenge")
		shown += p.Body + fmt.Sprint(p.Header) + b.Get("/login/challenge").Body + b.Get("/login").Body
		stored := s.Stored()
		for _, secret := range []string{sitetest.Password, wrong, "correct+horse", "correct%20horse"} {
			if strings.Contains(shown, secret) || strings.Contains(stored, secret) {
				t.Errorf("%q is shown or kept", secret)
			}
		}
		if token := b.Cookie("nightlatch_login"); token == "" || strings.Contains(stored, token) {
			t.Error("the pending login's token is kept as it is")
		}
		for _, l := range s.Mails() {
			if strings.Contains(l.Text+l.HTML, sitetest.Password) {
				t.Errorf("%q holds the password", l.Subject)
			}
		}
	})
}

// A pending login ends after its time, for every factor. Nothing done meanwhile
// prolongs it.
func TestPendingEnds(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		owner := s.Browser().SignIn(ada)
		secret := owner.EnrollTOTP()
		owner.EnrollEmail("")
		codes := owner.RecoveryCodes()
		s.Advance(time.Hour)

		late, early := s.Browser(), s.Browser()
		early.Password(ada)
		for _, kind := range []string{"totp", "recovery", "email"} {
			late.Password(ada).Want(t, "/login/challenge")
			s.Advance(9 * time.Minute)
			late.Get("/login/challenge").WantStatus(t, 200)
			late.Post("/login/challenge/email/code").Want(t, "/login/challenge?factor=email")
			mailed := s.LastCode("")
			s.Advance(time.Minute)
			code := map[string]string{"totp": s.Code(secret), "recovery": codes[0], "email": mailed}[kind]
			late.Post("/login/challenge/"+kind, "code", code).Want(t, "/login?over=1")
			if text := late.Get("/login?over=1").Alert(); !strings.Contains(text, "took too long") {
				t.Errorf("it says %q", text)
			}
			if late.Cookie("nightlatch_login")+late.Cookie("nightlatch_session") != "" {
				t.Error("a cookie is left")
			}
		}
		early.Post("/login/challenge/totp/code").Want(t, "/login?over=1")
		b := s.Browser()
		b.Password(ada)
		s.Advance(10*time.Minute - time.Second)
		b.Post("/login/challenge/recovery", "code", codes[0]).Want(t, "/profile")
	})
}

// Other tabs break nothing; leaving forgets.
func TestOtherTabs(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		bobs := crowd(s)
		b := s.Browser()
		b.Password("bob@example.com").Want(t, "/login/challenge")
		b.Get("/login").WantStatus(t, 200)
		b.Get("/password/forgot").WantStatus(t, 200)
		b.Get("/login/challenge").WantStatus(t, 200)
		s.Advance(time.Minute)
		b.Post("/login/challenge/totp", "code", s.Code(bobs)).Want(t, "/profile")

		for _, leave := range []string{"/logout", "/login/cancel"} {
			s.Advance(time.Minute)
			b = s.Browser()
			b.Password("bob@example.com").Want(t, "/login/challenge")
			kept := b.Clone()
			b.Post(leave).WantStatus(t, map[bool]int{true: 200, false: 303}[b.HTMX])
			if b.Cookie("nightlatch_login") != "" {
				t.Errorf("%s leaves the cookie", leave)
			}
			b.Post("/login/challenge/totp", "code", s.Code(bobs)).Want(t, "/login")
			kept.Post("/login/challenge/totp", "code", s.Code(bobs)).Want(t, "/login?over=1")
		}
	})
}

// Whoever signs in over a session ends it, with and without a factor.
func TestSignInOverASession(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		bobs := crowd(s)
		s.User("eve@example.com", identity.Member)
		b := s.Browser().SignIn(ada)
		adas := b.Clone()
		if b.SignIn("eve@example.com").AccountOf().Login != "eve@example.com" {
			t.Fatal("the old account is still signed in")
		}
		adas.Get("/verify").WantStatus(t, 401)

		b.SignIn(ada)
		adas = b.Clone()
		b.SignInTOTP("bob@example.com", bobs)
		adas.Get("/verify").WantStatus(t, 401)
		if got := b.Get("/verify").WantStatus(t, 200).Header.Get("Remote-User"); got != "bob@example.com" {
			t.Errorf("signed in is %q", got)
		}
	})
}
