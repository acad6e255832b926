package browser

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// fault is what a proxy does with a request instead of passing it on.
type fault func(w http.ResponseWriter)

// faults are answers that are not the site's.
var faults = map[string]fault{
	"a proxy's page": func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<html><body><h1>502 Bad Gateway</h1><hr>proxy</body></html>"))
	},
	"an empty 502": func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
	"another site's page": func(w http.ResponseWriter) {
		_, _ = w.Write([]byte("<html><body><h1>502 Bad Gateway</h1>Sign in to the network</body></html>"))
	},
	"a cut line": func(w http.ResponseWriter) {
		if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
			conn.Close()
		}
	},
}

// behind is a signed-in admin whose requests go through a proxy, which can be
// told to answer by itself.
func behind(t *testing.T) (p *person, do *atomic.Pointer[fault]) {
	t.Helper()
	do = &atomic.Pointer[fault]{}
	server := httptest.NewUnstartedServer(nil)
	url := fmt.Sprintf("http://localhost:%d", server.Listener.Addr().(*net.TCPAddr).Port)
	s := sitetest.New(t, func(c *sitetest.Config) { c.Login.URL = url })
	server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := do.Load(); f != nil {
			(*f)(w)
			return
		}
		s.Handler.ServeHTTP(w, r)
	})
	server.Start()
	t.Cleanup(server.Close)
	b := chrome.New(t, chrome.Options{})
	p = &person{Browser: b, t: t, site: s}
	s.User(ada, identity.Admin)
	x := s.Browser()
	x.HTMX = false
	p.key = x.SignIn(ada).EnrollTOTP()
	s.Advance(61e9)
	p.visit("/login")
	p.enterWithApp()
	return p, do
}

// An answer that is not the site's never takes the place of a page: what was
// typed stays, an alert says so, and the same form works when the proxy does.
func TestForeignAnswersReplaceNothing(t *testing.T) {
	t.Parallel()
	for name, f := range faults {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, do := behind(t)
			p.Click("#name summary")
			p.Fill("#own-name", "Ada Byron")
			do.Store(&f)
			p.Click("=Save")
			p.WaitText("What you typed is still here.")
			same(t, "what was typed", p.value("#own-name"), "Ada Byron")
			p.Click("=Save")
			p.WaitText("What you typed is still here.")
			if n := strings.Count(p.Text("main"), "What you typed"); n != 1 || strings.Contains(p.Text("main"), "Gateway") {
				t.Errorf("%d alerts:\n%s", n, p.Text("main"))
			}
			do.Store(nil)
			p.Click("=Save")
			p.WaitText("Your name was changed.")
			same(t, "an alert afterwards", p.shows(".unanswered"), false)
		})
	}
}

// The alert about a link in the head of a table stands before the table.
func TestAlertStandsBeforeTheTable(t *testing.T) {
	t.Parallel()
	p, do := behind(t)
	p.visit("/admin")
	f := faults["an empty 502"]
	do.Store(&f)
	p.Click("thead a")
	p.WaitText("What you typed is still here.")
	same(t, "an alert in the table", p.shows("table [role=alert]"), false)
	same(t, "an alert before the table", p.shows(".unanswered + table"), true)
	same(t, "the list", p.shows("table.accounts tbody tr"), true)
}
