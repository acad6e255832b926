package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Where the site is opened by another scheme or name than its own, no cookie
// would be kept: the form is answered with where the site lives, on the page and
// in the log, before the password is looked at.
func TestAFormOfAPageElsewhereIsToldWhereTheSiteLives(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		for _, head := range []http.Header{
			{"Origin": {"http://door.example"}, "Host": {"door.example"}},
			{"Origin": {"http://door.example"}, "Host": {"127.0.0.1:8080"}},
			{"Origin": {"http://door.example:8080"}, "Host": {"door.example:8080"}},
			{"Origin": {"https://10.0.0.7"}, "Host": {"10.0.0.7"}},
			{"Origin": {"https://www.door.example"}, "Host": {"www.door.example"}, "Sec-Fetch-Site": {"same-origin"}},
			{"Origin": {"http://localhost:8080"}, "Host": {"localhost:8080"}, "Sec-Fetch-Site": {"same-origin"}},
		} {
			for range 7 { // no failure is counted
				b := s.Browser()
				b.Header = head
				p := b.Post("/login", "login", ada, "password", wrong).WantStatus(t, 403)
				if !strings.Contains(p.Text(), "Open it at https://door.example and try again.") || !strings.Contains(p.Body, `href="https://door.example"`) || len(p.Cookies) > 0 {
					t.Fatalf("%v: %s %v", head, p.Text(), p.Cookies)
				}
			}
			if log := s.Log.String(); !strings.Contains(log, "origin="+head.Get("Origin")) || !strings.Contains(log, "host="+head["Host"][0]) ||
				!strings.Contains(log, "url=https://door.example") {
				t.Errorf("the log says %s", log)
			}
			b := s.Browser()
			b.Header = head
			b.Password(ada).WantStatus(t, 403)
		}
		s.Browser().Password(ada).Want(t, "/profile")
		for _, head := range []http.Header{
			{"Origin": {"https://door.example"}, "Host": {"127.0.0.1:8080"}}, {"Origin": {"https://door.example"}, "Host": {"door.example"}},
			{"Origin": {"https://door.example:8443"}, "Host": {"door.example:8443"}}, {"Host": {"door.example"}},
		} {
			b := s.Browser()
			b.Header = head
			b.Password(ada).Want(t, "/profile")
		}
	}, onHTTPS)
}

// A form of another site is told where this one lives too, and names nothing of
// what it sent.
func TestAFormOfAnotherSiteIsTurnedBack(t *testing.T) {
	s := sitetest.New(t, onHTTPS)
	b := s.Browser()
	b.Header = http.Header{"Origin": {"https://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}
	p := b.Post("/login", "login", ada, "password", wrong).WantStatus(t, 403)
	if !strings.Contains(p.Text(), "came from another site") || strings.Contains(p.Body, "evil.example") {
		t.Error(p.Text())
	}
}
