package routes_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// The pass is good for the two questions and nothing else, and dies with its
// session.
func TestThePass(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Proven(ada, identity.Member)
		b := s.Browser()
		p := b.Password(ada).Want(t, "/profile")
		for _, x := range p.Cookies {
			if x.Name == "nightlatch_pass" && (x.Domain != "example.com" || x.Path != "/" || !x.HttpOnly || x.SameSite != http.SameSiteLaxMode || x.Secure) {
				t.Errorf("the pass is set as %v", x)
			}
		}
		first, session := b.Cookie("nightlatch_pass"), b.Cookie("nightlatch_session")
		if first == "" || first == session || strings.Contains(first, session) {
			t.Fatalf("the pass %q of the session %q", first, session)
		}
		holding := func(name, value string) *sitetest.Browser {
			c := s.Browser()
			c.HTMX = false
			c.SetCookie(name, value)
			return c
		}
		holding("nightlatch_pass", first).Get("/verify").WantStatus(t, 200)
		for _, path := range []string{"/profile", "/admin", "/confirm"} {
			if p := holding("nightlatch_pass", first).Get(path); !p.Went("/login?next=" + url.QueryEscape(path)) {
				t.Errorf("the pass opens %s: %d to %q", path, p.Status, p.Location)
			}
		}
		for _, name := range []string{"nightlatch_session", "nightlatch_login", "nightlatch_known", "nightlatch_browser", "nightlatch_ticket"} {
			c := holding(name, first)
			c.Get("/verify").WantStatus(t, 401)
			if p := c.Get("/profile"); !p.Went("/login?next=%2Fprofile") {
				t.Errorf("the pass as %s: %d to %q", name, p.Status, p.Location)
			}
			if value := b.Cookie(name); value != "" {
				holding("nightlatch_pass", value).Get("/verify").WantStatus(t, 401)
			}
		}
		for _, bent := range []string{first + "A", first[1:], first[:len(first)-1], "A" + first[1:], strings.ToUpper(first), first + "=", " " + first} {
			if bent != first {
				holding("nightlatch_pass", bent).Get("/verify").WantStatus(t, 401)
			}
		}
		two := s.Browser()
		two.Header = http.Header{"Cookie": {"nightlatch_pass=" + first + "; nightlatch_pass=" + first}}
		two.Get("/verify").WantStatus(t, 401)

		b.EnrollTOTP()
		second := b.Cookie("nightlatch_pass")
		if second == first {
			t.Fatal("a rise of the level leaves the pass as it was")
		}
		holding("nightlatch_pass", first).Get("/verify").WantStatus(t, 401)
		holding("nightlatch_pass", second).Get("/verify?level=2").WantStatus(t, 200)
		b.Post("/logout").Want(t, "/login?said=signed-out")
		holding("nightlatch_pass", second).Get("/verify").WantStatus(t, 401)
		if b.Cookie("nightlatch_pass") != "" {
			t.Error("the browser keeps the pass after signing out")
		}
	}, atAuth)
}

// With https the pass has the prefix that fits, and without a domain there is none.
func TestThePassHasItsName(t *testing.T) {
	s := sitetest.New(t, atAuth, func(c *sitetest.Config) { c.Login.URL = "https://auth.example.com" })
	s.User(ada, identity.Member)
	found := false
	for _, x := range s.Browser().Password(ada).Cookies {
		found = found || x.Name == "__Secure-nightlatch_pass" && x.Secure && x.Domain == "example.com"
	}
	if !found {
		t.Error("no __Secure-nightlatch_pass")
	}
	s = sitetest.New(t)
	s.User(ada, identity.Member)
	for _, x := range s.Browser().Password(ada).Cookies {
		if strings.Contains(x.Name, "pass") {
			t.Errorf("without a domain: %v", x)
		}
	}
}

// Somebody signed in comes back with the pass, nothing is written, and an
// application that never gets it makes no circle.
func TestSignedInWithoutAPassComesBack(t *testing.T) {
	s := sitetest.New(t, atAuth)
	s.User(ada, identity.Member)
	b := s.Browser()
	b.Password(ada).Want(t, "/profile")
	pass := b.Cookie("nightlatch_pass")
	c := s.Browser()
	c.SetCookie("nightlatch_session", b.Cookie("nightlatch_session"))
	events := s.Events(ada)
	c.Get("/login?next="+url.QueryEscape(appURL)).Want(t, appURL)
	if c.Cookie("nightlatch_pass") != pass || len(s.Events(ada)) != len(events) {
		t.Error("the pass was not sent again, or something was written")
	}
	rounds := 1
	for c.Get("/login?next="+url.QueryEscape(appURL)).Went(appURL) && rounds < 30 {
		rounds++
	}
	if rounds > 9 {
		t.Errorf("%d rounds", rounds)
	}
	if p := c.Get("/login?next=" + url.QueryEscape(appURL)); p.Status != 200 || !strings.Contains(p.Body, "You are signed in") {
		t.Errorf("the circle ends with %d", p.Status)
	}
	s.Advance(20e9)
	c.Get("/login?next="+url.QueryEscape(appURL)).Want(t, appURL)
}

// A thief of the pass is nobody on every page and for every form of the site.
func TestThePassOpensNothingHere(t *testing.T) {
	s := sitetest.New(t, atAuth)
	boss := s.Admin("theboss")
	thief, nobody := s.Browser(), s.Browser()
	thief.HTMX, nobody.HTMX = false, false
	pass, n := boss.Cookie("nightlatch_pass"), 0
	for _, r := range table(s) {
		if strings.HasPrefix(r.pattern, "/verify") {
			continue
		}
		n++
		for _, b := range []*sitetest.Browser{thief, nobody} {
			b.Header = http.Header{"Origin": {s.URL}}
		}
		thief.SetCookie("nightlatch_pass", pass)
		stolen, plain := thief.Do(r.method, r.path, sitetest.Body(""), false), nobody.Do(r.method, r.path, sitetest.Body(""), false)
		if stolen.Status != plain.Status || stolen.Location != plain.Location || strings.Contains(stolen.Body, "theboss") {
			t.Errorf("%s %s: %d to %q with the pass, %d to %q without", r.method, r.pattern, stolen.Status, stolen.Location, plain.Status, plain.Location)
		}
	}
	if n < 50 {
		t.Errorf("only %d routes", n)
	}
	if c := s.Browser(); true {
		c.SetCookie("nightlatch_pass", pass)
		c.Get("/verify?level=2").WantStatus(t, 200) // it is a good one
	}
}
