package browser

import (
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// A browser that blocks the site's cookies is told so after the sign-in, with
// what to do, and not sent round in circles: with a factor and without, with
// scripts and without.
func TestABrowserThatKeepsNoCookieIsToldSo(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(nil)
	url := fmt.Sprintf("http://%s:%d", chrome.Cookieless, server.Listener.Addr().(*net.TCPAddr).Port)
	s := sitetest.New(t, func(c *sitetest.Config) { c.Login.URL = url })
	server.Config.Handler = s.Handler
	server.Start()
	t.Cleanup(server.Close)
	s.User(ada, identity.Member)
	s.User("eve@example.com", identity.Member)
	x := s.Browser()
	x.HTMX = false
	x.SignIn("eve@example.com").EnrollTOTP()
	for _, noJS := range []bool{false, true} {
		for _, who := range []string{ada, "eve@example.com"} {
			p := &person{Browser: chrome.New(t, chrome.Options{NoJS: noJS, Whole: true}), t: t, site: s}
			p.visit("/login?next=%2Fprofile%2Factivity")
			p.Fill("#login", who)
			p.Fill("#password", sitetest.Password)
			p.Click("=Sign in")
			p.at("/login")
			said := p.Text("[role=alert]")
			for _, want := range []string{"did not keep the cookie", "Allow cookies for " + chrome.Cookieless, "open this site as " + url} {
				if !strings.Contains(said, want) {
					t.Errorf("%s, scripts %t: %q does not say %q", who, !noJS, said, want)
				}
			}
			p.look("no cookie")
		}
	}
}
