package routes_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// No token that someone else could know survives a sign-in or a rise
// of level.
func TestFixation(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("eve@example.com", identity.Member)
		s.User(ada, identity.Member)
		eve, victim := s.Browser().SignIn("eve@example.com"), s.Browser()
		for _, name := range []string{"nightlatch_session", "nightlatch_known"} {
			victim.SetCookie(name, eve.Cookie(name))
		}
		victim.SetCookie("nightlatch_browser", "planted")
		victim.SetCookie("nightlatch_login", "planted")
		victim.SignIn(ada)
		for _, name := range []string{"nightlatch_session", "nightlatch_known"} {
			if victim.Cookie(name) == eve.Cookie(name) {
				t.Errorf("%s stays as planted", name)
			}
		}
		eve.Get("/verify").WantStatus(t, 401)
		fails(s.Browser(), ada, 5)
		eve.Password(ada).WantStatus(t, 429) // her browser did not become a known one

		before := victim.Clone()
		secret := victim.EnrollTOTP()
		if before.Cookie("nightlatch_session") == victim.Cookie("nightlatch_session") {
			t.Error("the level rose and the token stayed")
		}
		before.Get("/verify").WantStatus(t, 401)
		s.Advance(time.Hour)
		pending := pend(s, ada)
		planted := pending.Clone()
		pending.Password(ada).Want(t, "/login/challenge")
		if pending.Cookie("nightlatch_login") == planted.Cookie("nightlatch_login") {
			t.Error("a planted pending login is gone on with")
		}
		pending.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
		planted.Get("/verify").WantStatus(t, 401)
	})
}

var passwordField = regexp.MustCompile(`type="password"|action="/login`)

// Every guarded route sends a page to the sign-in
// and tells a fragment to leave the page; no fragment holds a form for it.
func TestFragmentsHoldNoSignIn(t *testing.T) {
	s := sitetest.New(t)
	s.User(ada, identity.Member)
	for _, r := range table(s) {
		inside := strings.HasPrefix(r.path, "/profile") || strings.HasPrefix(r.path, "/admin") || strings.HasPrefix(r.path, "/confirm") || r.path == "/email/verify"
		if !inside {
			continue
		}
		for _, head := range []http.Header{{}, {"Hx-Boosted": {"true"}}, {"Hx-Current-Url": {s.URL + "/profile/activity"}}} {
			b := s.Browser()
			b.Header = head
			p := b.Do(r.method, r.path, sitetest.Body(""), true)
			if p.Status != 401 || !strings.HasPrefix(p.Header.Get("HX-Redirect"), "/login?next=") || passwordField.MatchString(p.Body) {
				t.Errorf("%s %s with %v: %d to %q", r.method, r.path, head, p.Status, p.Location)
			}
		}
		p := s.Browser().Do(r.method, r.path, sitetest.Body(""), false)
		if p.Status != 303 || !strings.HasPrefix(p.Location, "/login?next=") {
			t.Errorf("%s %s: %d to %q", r.method, r.path, p.Status, p.Location)
		}
	}
	pending := s.Browser()
	pending.SetCookie("nightlatch_login", "over")
	p := pending.Do(http.MethodGet, "/login/challenge", nil, true)
	if p.Status != 401 || p.Location != "/login?over=1" || passwordField.MatchString(p.Body) {
		t.Errorf("the second step: %d to %q", p.Status, p.Location)
	}
}

// The back button, history and boosted links get whole pages, other
// HTMX requests the inside only.
func TestWholePages(t *testing.T) {
	s := sitetest.New(t)
	s.User(ada, identity.Member)
	b := s.Browser().SignIn(ada)
	for _, path := range []string{"/profile", "/profile/activity", "/login", "/confirm", "/nothing/here"} {
		for whole, heads := range map[bool][]http.Header{
			true:  {{}, {"Hx-Request": {"true"}, "Hx-History-Restore-Request": {"true"}}, {"Hx-Request": {"true"}, "Hx-Boosted": {"true"}}},
			false: {{"Hx-Request": {"true"}}},
		} {
			for _, head := range heads {
				b.Header = head
				p := b.Get(path)
				if strings.Contains(p.Body, "<html") != whole || !slices.Contains(p.Header.Values("Vary"), "HX-Request") {
					t.Errorf("%s with %v: whole %v, Vary %q", path, head, !whole, p.Header.Values("Vary"))
				}
			}
		}
	}
}
