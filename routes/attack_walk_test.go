package routes_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// people are the columns of doors.
var people = []string{"nobody", "pending", "disabled", "forced", "unproved", "level 1", "level 2", "stale", "bare admin", "admin", "stale admin"}

// wantDoors reads the table.
func wantDoors(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for line := range strings.Lines(strings.TrimSpace(doors)) {
		f := strings.Fields(line)
		letters := strings.Join(f[2:], "")
		if len(letters) != len(people) {
			t.Fatalf("%q has %d columns", line, len(letters))
		}
		all[f[0]+" "+f[1]] = letters
	}
	return all
}

// cast is the people of one site, each made when needed and made anew after
// something was done with them.
type cast struct {
	s *sitetest.Site
	n int
	b map[string]*sitetest.Browser
	a map[string]string // their logins
}

func (c *cast) person(who string) *sitetest.Browser {
	if c.b[who] != nil {
		return c.b[who]
	}
	c.n++
	name, role := fmt.Sprintf("p%d@example.com", c.n), identity.Member
	if strings.Contains(who, "admin") {
		role = identity.Admin
	}
	c.s.Proven(name, role)
	b := c.s.Browser()
	b.HTMX = false
	if who != "nobody" {
		b.SignIn(name)
	}
	if !slices.Contains([]string{"nobody", "forced", "level 1", "bare admin"}, who) {
		b.EnrollTOTP()
	}
	switch who {
	case "pending":
		b = c.s.Browser()
		b.HTMX = false
		b.Password(name).Want(c.s.T, "/login/challenge")
	case "disabled":
		c.s.Disable(name)
	default:
		c.change(who, c.s.Account(name).ID)
	}
	c.b[who], c.a[who] = b, name
	return b
}

// change puts an account or its session into a state that takes time, or
// another's doing, to come about.
func (c *cast) change(who, id string) {
	err := sitetest.Change(c.s.Store, c.s.Now(), func(ctx context.Context, tx login.Act) error {
		switch who {
		case "forced":
			return tx.SetMustEnroll(ctx, id, c.s.Now())
		case "unproved":
			return tx.LowerSessions(ctx, id)
		case "stale", "stale admin":
			list, err := tx.Sessions(ctx, id)
			if err != nil {
				return err
			}
			list[0].Confirm = c.s.Now().Add(-time.Hour)
			return tx.SaveSession(ctx, list[0])
		}
		return nil
	})
	if err != nil {
		c.s.T.Fatal(err)
	}
}

// did is what happened to a person's account so far.
func (c *cast) did(who string) string { return strings.Join(c.s.Events(c.a[who]), " ") }

// outcome is what an answer says, as the table writes it.
func outcome(p *sitetest.Page) byte {
	switch {
	case strings.HasPrefix(p.Location, "/login?next="):
		return 'L'
	case strings.HasPrefix(p.Location, "/confirm?level=2"):
		return 'U'
	case strings.HasPrefix(p.Location, "/confirm?next="):
		return 'C'
	case p.Status == http.StatusUnauthorized && p.Header.Get("WWW-Authenticate") == "Bearer":
		return 'T'
	case p.Location == "/profile/factors":
		return 'E'
	case p.Status == http.StatusForbidden:
		return 'x'
	}
	return '.'
}

// shape is the status with which a letter comes, plain and with HTMX.
func shape(l byte, htmx bool) int {
	switch {
	case l == 'x':
		return http.StatusForbidden
	case l == 'T', l == 'L' && htmx:
		return http.StatusUnauthorized
	case htmx:
		return http.StatusOK
	}
	return http.StatusSeeOther
}

// The walk: every route as everyone, plain, with HTMX and from another site.
// Whoever is not let in has done nothing, and no GET ever does anything.
func TestWalk(t *testing.T) {
	s := sitetest.New(t, func(c *sitetest.Config) { c.Open = true })
	want := wantDoors(t)
	c := &cast{s: s, b: map[string]*sitetest.Browser{}, a: map[string]string{}}
	for _, r := range table(s) {
		letters, known := want[r.method+" "+r.pattern]
		if !known {
			t.Errorf("%s %s has no row in doors", r.method, r.pattern)
			continue
		}
		delete(want, r.method+" "+r.pattern)
		for i, who := range people {
			for _, mode := range []string{"plain", "htmx", "cross-site"} {
				c.knock(t, r, who, letters[i], mode)
			}
		}
	}
	for left := range want {
		t.Errorf("%s has a row and no route", left)
	}
}

func (c *cast) knock(t *testing.T, r row, who string, want byte, mode string) {
	t.Helper()
	b := c.person(who)
	before := c.did(who)
	b.Header = http.Header{}
	if mode == "cross-site" {
		b.Header.Set("Sec-Fetch-Site", "cross-site")
	}
	p := b.Do(r.method, r.path, sitetest.Body(""), mode == "htmx")
	unsafe := r.method != http.MethodGet
	if mode == "cross-site" && unsafe {
		want = 'x'
	}
	got := outcome(p)
	if want == '.' && got == 'E' && strings.HasPrefix(r.path, "/profile/factors/") {
		got = '.'
	}
	if got != want || p.Status >= 500 || want != '.' && p.Status != shape(want, mode == "htmx") {
		t.Errorf("%s %s, %s, %s: %c with %d to %q, not %c", r.method, r.path, who, mode, got, p.Status, p.Location, want)
	}
	named := slices.DeleteFunc(p.Cookies, func(x *http.Cookie) bool { return strings.HasPrefix(x.Name, "nightlatch_form") }) // says nothing about anybody
	if (want != '.' || !unsafe) && (c.did(who) != before || len(named) > 0) {
		t.Errorf("%s %s, %s, %s: something was done: %s, then %s; cookies %v", r.method, r.path, who, mode, before, c.did(who), p.Cookies)
	}
	if want == '.' && unsafe {
		c.b[who] = nil
	}
}

// A verb that a path does not declare is 405, or refused
// when another site sends it, and does nothing.
func TestWalkOtherVerbs(t *testing.T) {
	s := sitetest.New(t)
	c := &cast{s: s, b: map[string]*sitetest.Browser{}, a: map[string]string{}}
	declared := declaredVerbs(s)
	for _, who := range people {
		c.person(who)
		before := c.did(who)
		for path, methods := range declared {
			for _, verb := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "LOCK"} {
				if slices.Contains(methods, verb) || path == "/verify/forward" { // that one answers the visitor's own method
					continue
				}
				safe := verb == "GET" || verb == "HEAD" || verb == "OPTIONS"
				for _, site := range []string{"", "cross-site"} {
					b := c.person(who)
					b.Header = http.Header{}
					want := http.StatusMethodNotAllowed
					if site != "" {
						b.Header.Set("Sec-Fetch-Site", site)
						if !safe {
							want = http.StatusForbidden
						}
					}
					p := b.Do(verb, path, sitetest.Body("code=123456&password="+sitetest.Password), false)
					if p.Status != want || len(p.Cookies) > 0 || p.Location != "" {
						t.Errorf("%s %s, %s %s: %d to %q", verb, path, who, site, p.Status, p.Location)
					}
				}
			}
		}
		if after := c.did(who); after != before {
			t.Errorf("%s: something was done: %s, then %s", who, before, after)
		}
	}
}

// Whoever has no factor that counts is forced like whoever
// has none, on every route; signing out works.
func TestWalkForcedByPolicy(t *testing.T) {
	s := sitetest.New(t)
	s.Proven(ada, identity.Member)
	s.Proven("bob@example.com", identity.Member)
	bare, mailed := s.Browser().SignIn(ada), s.Browser().SignIn("bob@example.com")
	mailed.EnrollEmail("")
	p := identity.DefaultPolicy(s.Login.Kinds())
	p.Who, p.From = identity.Everyone, s.Now().Add(-time.Hour)
	p.Kinds[identity.Member] = []factors.Kind{factors.KindTOTP}
	setPolicy(t, s, p)
	want := wantDoors(t)
	column := slices.Index(people, "forced")
	for who, b := range map[string]*sitetest.Browser{"no factor": bare, "one that does not count": mailed} {
		for _, r := range table(s) {
			if r.pattern == "/logout" {
				continue
			}
			for _, htmx := range []bool{false, true} {
				p := b.Do(r.method, r.path, sitetest.Body(""), htmx)
				if l := want[r.method+" "+r.pattern][column]; outcome(p) != l && (l != '.' || outcome(p) != 'E') || l != '.' && p.Status != shape(l, htmx) {
					t.Errorf("%s, %s %s: %c with %d to %q", who, r.method, r.path, outcome(p), p.Status, p.Location)
				}
			}
		}
		b.Get("/verify").WantStatus(t, 403)
		b.Post("/logout").Want(t, "/login?said=signed-out")
	}
}
