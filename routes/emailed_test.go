package routes_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// mailOwner is a signed-in person with an app and an address, who may ask for
// a code again. The login says nothing of the address.
func mailOwner(t *testing.T, s *sitetest.Site) (b *sitetest.Browser, secret []byte) {
	t.Helper()
	s.User("ada", identity.Member)
	b = s.Browser().SignIn("ada")
	secret = b.EnrollTOTP()
	b.EnrollEmail("ada@example.com")
	s.Advance(61 * time.Second)
	s.Mails()
	return b, secret
}

// pendingOf is a browser that gave the right password.
func pendingOf(t *testing.T, s *sitetest.Site, name string) *sitetest.Browser {
	t.Helper()
	b := s.Browser()
	b.Password(name).Want(t, "/login/challenge")
	return b
}

const askedFor = "/login/challenge?factor=email"

// codesIn are the codes of all mails that came since the last look.
func codesIn(s *sitetest.Site) (codes []string) {
	for _, l := range s.Mails() {
		if c := l.Code(); c != "" {
			codes = append(codes, c)
		}
	}
	return codes
}

// other is a code that is not the one given.
func other(code string) string { return string('0'+(code[0]-'0'+1)%10) + code[1:] }

// often lets a test give more wrong codes than the limits allow.
func often(c *sitetest.Config) { c.Login.LockAfter = 1000 }

// A code is sent once for each request, and never by a GET.
func TestOnlyAPostSends(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		b := pendingOf(t, s, "ada")
		look := func() {
			t.Helper()
			for _, path := range []string{"/login/challenge", askedFor, "/login/challenge/email", "/login/challenge/email/code", "/confirm", "/"} {
				for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
					for _, purpose := range []string{"", "prefetch"} {
						for _, asHTMX := range []bool{false, true} {
							c := b.Clone()
							c.Header.Set("Sec-Purpose", purpose)
							c.Do(method, path, nil, asHTMX)
						}
					}
				}
			}
			if codes := codesIn(s); len(codes) != 0 {
				t.Fatalf("looking sent %d codes", len(codes))
			}
		}
		look()
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		if codes := codesIn(s); len(codes) != 1 {
			t.Fatalf("%d codes were sent", len(codes))
		}
		look()
		s.Advance(61 * time.Second)
		look()
	})
}

// The account has one cooldown for codes, whatever asks for them, and the page
// says how long it lasts.
func TestCooldown(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _ := mailOwner(t, s)
		one, two := pendingOf(t, s, "ada"), pendingOf(t, s, "ada")
		one.Post("/login/challenge/email/code").Want(t, askedFor)
		code := s.LastCode("ada@example.com")
		s.Advance(20*time.Second + 500*time.Millisecond)
		for name, ask := range map[string]func() *sitetest.Page{
			"the same login": func() *sitetest.Page { return one.Post("/login/challenge/email/code") },
			"another login":  func() *sitetest.Page { return two.Post("/login/challenge/email/code") },
			"a step-up":      func() *sitetest.Page { return b.Post("/confirm/code", "kind", "email") },
			"an enrollment":  func() *sitetest.Page { return b.Post("/profile/factors/email", "address", "new@example.com") },
			"a login cancelled": func() *sitetest.Page {
				two.Post("/login/cancel")
				two.Password("ada")
				return two.Post("/login/challenge/email/code")
			},
		} {
			p := ask().WantStatus(t, 429)
			if p.Header.Get("Retry-After") != "40" || !strings.Contains(p.Alert(), "40 seconds") {
				t.Errorf("%s: Retry-After %q, %q", name, p.Header.Get("Retry-After"), p.Alert())
			}
			if text := p.Text(); name != "the same login" && (strings.Contains(text, "on its way")) {
				t.Errorf("%s: the page says that a mail was sent", name)
			}
		}
		if codes := codesIn(s); len(codes) != 0 {
			t.Fatalf("%d codes within the cooldown", len(codes))
		}
		one.Post("/login/challenge/email", "code", code).Want(t, "/profile") // a refused wish voids nothing
		s.Advance(39 * time.Second)
		two.Post("/login/challenge/email/code").WantStatus(t, 429)
		s.Advance(500 * time.Millisecond)
		two.Post("/login/challenge/email/code").Want(t, askedFor)
	})
}

// An account gets at most ten codes an hour, those for enrollment included.
func TestTenCodesAnHour(t *testing.T) {
	s := sitetest.New(t)
	mailOwner(t, s)
	for range 9 {
		pendingOf(t, s, "ada").Post("/login/challenge/email/code").Want(t, askedFor)
		s.LastCode("ada@example.com")
		s.Advance(61 * time.Second)
	}
	p := pendingOf(t, s, "ada").Post("/login/challenge/email/code").WantStatus(t, 429)
	if !strings.Contains(p.Alert(), "minutes") || strings.Contains(p.Text(), "on its way") {
		t.Errorf("the page says %q", p.Alert())
	}
	if codes := codesIn(s); len(codes) != 0 {
		t.Error("an eleventh code came")
	}
	s.Advance(time.Hour)
	pendingOf(t, s, "ada").Post("/login/challenge/email/code").Want(t, askedFor)
}

// A new code voids the old one, and failed tries of the old one still count.
func TestNewCodeVoidsTheOld(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		b := pendingOf(t, s, "ada")
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		first := s.LastCode("")
		for range 3 {
			b.Post("/login/challenge/email", "code", other(first)).WantStatus(t, 422)
		}
		s.Advance(61 * time.Second)
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		second := s.LastCode("")
		if first != second { // one time in a million they are the same
			b.Post("/login/challenge/email", "code", first).WantStatus(t, 422) // told apart, and not counted
		}
		for range 2 {
			b.Post("/login/challenge/email", "code", other(second)).WantStatus(t, 422)
		}
		b.Post("/login/challenge/email", "code", second).WantStatus(t, 429)
		s.Advance(30 * time.Second)
		b.Post("/login/challenge/email", "code", second).Want(t, "/profile")
	})
}

// Five failed tries void a code, even before the first wait.
func TestFiveTriesVoidACode(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		b := pendingOf(t, s, "ada")
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		code := s.LastCode("")
		for range 5 {
			b.Post("/login/challenge/email", "code", other(code)).WantStatus(t, 422)
		}
		b.Post("/login/challenge/email", "code", code).WantStatus(t, 422)
		if !strings.Contains(b.Get(askedFor).Text(), "Send the code") {
			t.Error("no new code is offered")
		}
		s.Advance(61 * time.Second)
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		b.Post("/login/challenge/email", "code", s.LastCode("")).Want(t, "/profile")
	}, often)
}

// An emailed code works once, within its life and after it was sent; an empty one
// never matches.
func TestEmailedCodeOnceAndInTime(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		b := pendingOf(t, s, "ada")
		nothing := func() {
			t.Helper()
			for _, typed := range []string{"", " ", "-", "000000", "null", "0"} {
				b.Post("/login/challenge/email", "code", typed).WantStatus(t, 422)
			}
			b.Post("/login/challenge/email").WantStatus(t, 422)
		}
		nothing()
		b.Post("/login/challenge/email/code").Want(t, askedFor)
		code := s.LastCode("")
		if code != "000000" {
			nothing()
		}
		late := pendingOf(t, s, "ada")
		s.Advance(61 * time.Second)
		late.Post("/login/challenge/email/code").Want(t, askedFor)
		lateCode := s.LastCode("")
		s.Advance(5*time.Minute - 61*time.Second - time.Millisecond)
		b.Post("/login/challenge/email", "code", code[:3]+" "+code[3:]).Want(t, "/profile") // the last moment
		again := pendingOf(t, s, "ada")
		again.Post("/login/challenge/email", "code", code).WantStatus(t, 422)
		s.Advance(61*time.Second + time.Millisecond)
		if p := late.Post("/login/challenge/email", "code", lateCode).WantStatus(t, 422); !strings.Contains(p.Alert(), "expired") {
			t.Errorf("after its life: %q", p.Alert())
		}
		if !strings.Contains(late.Get(askedFor).Text(), "Send the code") {
			t.Error("after its life no new code is offered")
		}
		late.Post("/login/challenge/email/code").Want(t, askedFor)
		late.Post("/login/challenge/email", "code", s.LastCode("")).Want(t, "/profile")
	}, often)
}
