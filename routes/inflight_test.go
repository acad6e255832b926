package routes_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// A second click while the first still waits to be hashed waits for its answer,
// and takes no place in the line of its own.
func TestSecondClickWaitsForTheFirst(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser()
		b.Get("/login").WantStatus(t, 200)
		release := s.Crowd("198.51.100.9", 0)
		browsers := []*sitetest.Browser{b, b.Clone()}
		pages := make([]*sitetest.Page, 2)
		var all sync.WaitGroup
		for i := range pages {
			all.Go(func() { pages[i] = browsers[i].Post("/login", "login", ada, "password", sitetest.Password) })
			s.Waiting(1)
		}
		time.Sleep(20 * time.Millisecond) // in which a second one would have joined the line
		s.Waiting(1)
		release()
		all.Wait()
		same(t, "/profile", pages[0], pages[1])
		if n := sessions(s, ada); n != 1 || browsers[0].Cookie("nightlatch_session") != browsers[1].Cookie("nightlatch_session") {
			t.Errorf("%d sessions", n)
		}
	}, oneSlot)
}

// A browser that sends the form again hangs up on the first. Where that one was
// only waiting, the second is carried out, once, whoever else waits for it.
func TestSecondClickTakesThePlaceOfTheFirst(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser()
		b.Get("/login").WantStatus(t, 200)
		release := s.Crowd("198.51.100.9", 0)
		ctx, hangUp := context.WithCancel(t.Context())
		gone := signInForm(ctx, b, "login", ada, "password", sitetest.Password)
		var all sync.WaitGroup
		all.Go(func() { s.Handler.ServeHTTP(httptest.NewRecorder(), gone) })
		s.Waiting(1)
		pages := make([]*sitetest.Page, 2)
		for i := range pages {
			all.Go(func() { pages[i] = b.Clone().Post("/login", "login", ada, "password", sitetest.Password) })
		}
		hangUp()
		s.Waiting(1)
		release()
		all.Wait()
		same(t, "/profile", pages[0], pages[1])
		if n := sessions(s, ada); n != 1 {
			t.Errorf("%d sessions", n)
		}
	}, oneSlot)
}

// leaving is a connection whose browser hangs up as soon as there is a cookie
// in the answer: what was asked was done by then.
type leaving struct {
	http.ResponseWriter
	hangUp func()
}

// Header is asked for once for each cookie.
func (l leaving) Header() http.Header {
	h := l.ResponseWriter.Header()
	if h.Get("Set-Cookie") != "" {
		l.hangUp()
	}
	return h
}

// Once its turn came, a sign-in is carried out though its browser hung up, and
// the form that comes again gets that session.
func TestSecondClickAfterTheFirstHungUp(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		b := s.Browser()
		b.Get("/login").WantStatus(t, 200)
		pairs := []string{"login", ada, "password", sitetest.Password, "next", "/profile/activity"}
		ctx, hangUp := context.WithCancel(t.Context())
		s.Handler.ServeHTTP(leaving{httptest.NewRecorder(), hangUp}, signInForm(ctx, b, pairs...))
		if ctx.Err() == nil || sessions(s, ada) != 1 {
			t.Fatalf("%v, %d sessions after the first", ctx.Err(), sessions(s, ada))
		}
		b.Post("/login", pairs...).Want(t, "/profile/activity")
		if n := sessions(s, ada); n != 1 {
			t.Errorf("%d sessions", n)
		}
		b.Get("/profile").WantStatus(t, 200)
	})
}

// signInForm is the sign-in form as a browser sends it, for a test that ends the
// connection itself.
func signInForm(ctx context.Context, b *sitetest.Browser, pairs ...string) *http.Request {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, b.URL+"/login", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: b.CookieName("nightlatch_form"), Value: b.Cookie("nightlatch_form")})
	if b.HTMX {
		r.Header.Set("HX-Request", "true")
	}
	return r
}

// Without the cookie of the form nothing is recognised, and nothing is lost: a
// browser that refused it signs in twice, as one does that has a jar of its own
// for each window.
func TestSecondClickWithoutTheCookieOfTheForm(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for _, together := range []bool{false, true} {
			s.Advance(time.Hour)
			b := s.Browser()
			first, second := double(t, b, together, "/login", "login", ada, "password", sitetest.Password)
			same(t, "/login/challenge", first, second)
			b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
			for _, kind := range s.Events(ada) {
				if kind == "login.failed" || kind == "factor.failed" || kind == "factor.replayed" {
					t.Errorf("%s is recorded", kind)
				}
			}
		}
	})
}
