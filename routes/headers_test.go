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

// onHTTPS gives a site a public address with TLS.
func onHTTPS(c *sitetest.Config) { c.Login.URL, c.Login.Host = "https://door.example", "door.example" }

// checkHeaders says which security headers an answer lacks.
func checkHeaders(t *testing.T, where string, p *sitetest.Page, https bool) {
	t.Helper()
	h := p.Header
	policy := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, want) {
			t.Errorf("%s: the policy lacks %s", where, want)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("%s: policy %s", where, policy)
	}
	if referrer := h.Get("Referrer-Policy"); h.Get("X-Content-Type-Options") != "nosniff" || referrer != "no-referrer" && referrer != "same-origin" {
		t.Errorf("%s: %v", where, h)
	}
	if opener := h.Get("Cross-Origin-Opener-Policy"); https && opener != "same-origin" || !https && opener != "" {
		t.Errorf("%s: opener policy %q", where, opener)
	}
	if hsts := h.Get("Strict-Transport-Security"); (hsts != "") != https || strings.Contains(strings.ToLower(hsts), "subdomains") {
		t.Errorf("%s: HSTS %q", where, h.Get("Strict-Transport-Security"))
	}
	if h.Get("Cache-Control") != "no-store" || !slices.Contains(h.Values("Vary"), "HX-Request") || h.Get("X-Request-Id") == "" {
		t.Errorf("%s: %v", where, h)
	}
	if h.Get("Server") != "" || h.Get("X-Powered-By") != "" || h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("%s: says too much: %v", where, h)
	}
}

// Every route's answer, whatever its status and whoever asks, has the
// headers; on https also HSTS.
func TestHeadersEverywhere(t *testing.T) {
	for name, changes := range map[string][]func(*sitetest.Config){"http": nil, "https": {onHTTPS}} {
		t.Run(name, func(t *testing.T) {
			s := sitetest.New(t, changes...)
			s.User("root@example.com", identity.Admin)
			b := s.Browser().SignIn("root@example.com")
			for _, r := range append(table(s), row{"GET", "/nothing", ""}, row{"PUT", "/login", ""}, row{"GET", "/%00", ""}, row{"POST", "/LOGIN", ""}) {
				for _, who := range []*sitetest.Browser{b, s.Browser()} {
					for _, asHTMX := range []bool{true, false} {
						checkHeaders(t, r.method+" "+r.path, who.Do(r.method, r.path, sitetest.Body("a=b"), asHTMX), name == "https")
					}
				}
				if r.path == "/logout" {
					b.SignIn("root@example.com")
				}
			}
			b.Header = http.Header{"Sec-Fetch-Site": {"cross-site"}}
			checkHeaders(t, "cross-site", b.Post("/login").WantStatus(t, 403), name == "https")
		})
	}
}

var assets = regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`)

// Static files carry a hash in their name, never change, and are all there.
func TestStaticFiles(t *testing.T) {
	s := sitetest.New(t)
	found := assets.FindAllStringSubmatch(s.Browser().Get("/login").Body, -1)
	if len(found) < 4 {
		t.Fatalf("the page names %v", found)
	}
	for _, m := range found {
		p := s.Browser().Get(m[1]).WantStatus(t, 200)
		if !regexp.MustCompile(`\.[0-9a-f]{12}\.(css|js|svg)$`).MatchString(m[1]) || !strings.Contains(p.Header.Get("Cache-Control"), "immutable") ||
			p.Header.Get("X-Content-Type-Options") != "nosniff" || p.Header.Get("Content-Type") == "" || len(p.Cookies) > 0 {
			t.Errorf("%s: %v", m[1], p.Header)
		}
	}
	for _, path := range []string{"/static/", "/static/app.css", "/static/app.000000000000.css", "/static/../go.mod", "/static/%2e%2e/go.mod", "/static/vendor/"} {
		p := s.Browser().Get(path).WantStatus(t, 404)
		if p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: a miss is kept: %s", path, p.Header.Get("Cache-Control"))
		}
	}
}

// Cookies are opaque, hashed at rest, HttpOnly, SameSite=Lax, Path=/, never
// with a Domain; on https Secure and __Host-. A new token at every rise.
func TestCookies(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) { walkCookies(t, s, "", false) })
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) { walkCookies(t, s, "__Host-", true) }, onHTTPS)
}

func walkCookies(t *testing.T, s *sitetest.Site, prefix string, secure bool) {
	s.User(ada, identity.Member)
	seen := map[string]bool{}
	check := func(p *sitetest.Page, want ...string) *sitetest.Page {
		t.Helper()
		var names []string
		for _, c := range p.Cookies {
			if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure {
				t.Errorf("%s", c)
			}
			if c.MaxAge < 0 {
				continue // taken back
			}
			if got := s.CookieName(c.Name); c.Name != got {
				t.Errorf("%s is called so at a site of its own port", c.Name)
			}
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(c.Name, "nightlatch_"), "_8080"))
			if !strings.HasPrefix(c.Name, prefix+"nightlatch_") {
				t.Errorf("%s has not the prefix %q", c.Name, prefix)
			}
			if len(c.Value) < 26 || seen[c.Value] || strings.Contains(c.Value, "ada") {
				t.Errorf("%s is %q", c.Name, c.Value)
			}
			seen[c.Value] = true
		}
		slices.Sort(names)
		for i := range want {
			want[i] = strings.TrimPrefix(prefix+"nightlatch_"+want[i], "nightlatch_")
		}
		if !slices.Equal(names, want) {
			t.Errorf("cookies %v instead of %v", names, want)
		}
		return p
	}
	b := s.Browser()
	check(b.Get("/login"), "form") // a name for whoever sends the form twice
	check(b.Get("/login"))
	check(b.Post("/login", "login", ada, "password", wrong))
	check(b.Password(ada).Want(t, "/profile"), "known", "session")
	check(b.Get("/profile").WantStatus(t, 200))
	b.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
	secret := b.PendingSecret()
	check(b.Post("/profile/factors/totp/confirm", "code", s.Code(secret)), "session")
	s.Advance(time.Minute)
	check(b.Post("/confirm", "kind", "totp", "code", s.Code(secret)).Want(t, "/profile")) // no rise, no new token
	check(b.Post("/logout"))
	s.Advance(time.Minute)
	other := s.Browser()
	check(other.Password(ada).Want(t, "/login/challenge"), "login")
	check(other.Post("/login/challenge/totp", "code", s.Code(secret), "trust", "on").Want(t, "/profile"), "browser", "known", "session")
	if v := other.Cookie(prefix + "nightlatch_login"); v != "" {
		t.Errorf("the pending login's cookie stays: %q", v)
	}
	kept := s.Stored() // with the log
	for token := range seen {
		if strings.Contains(kept, token) {
			t.Error("a token is kept as it is")
		}
	}
}

// A cookie without the prefix is none on https.
func TestPlainCookieOnHTTPS(t *testing.T) {
	s := sitetest.New(t, onHTTPS)
	s.Proven(ada, identity.Member)
	b := s.Browser().SignIn(ada)
	b.Get("/verify").WantStatus(t, 200)
	forged := s.Browser()
	forged.SetCookie("nightlatch_session", b.Cookie("__Host-nightlatch_session"))
	forged.Get("/verify").WantStatus(t, 401)
	b.Header = http.Header{"Cookie": {"__Host-nightlatch_session=x"}} // given twice: the good one counts
	b.Get("/verify").WantStatus(t, 200)
}

// A fault is a 500 that says nothing but its request's id, which the log
// has too; not ready is a 503 that says when to ask again.
func TestFaultsSayNothing(t *testing.T) {
	s := sitetest.New(t)
	s.Proven(ada, identity.Member)
	b := s.Browser().SignIn(ada)
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, asHTMX := range []bool{false, true} {
		for _, p := range []*sitetest.Page{
			b.Do(http.MethodGet, "/profile", nil, asHTMX), b.Do(http.MethodGet, "/admin", nil, asHTMX),
			b.Do(http.MethodPost, "/login", sitetest.Body("login="+ada+"&password="+sitetest.Password), asHTMX),
			b.Do(http.MethodPost, "/login/challenge/totp", sitetest.Body("code=123456"), asHTMX),
			b.Do(http.MethodPost, "/password/forgot", sitetest.Body("login="+ada), asHTMX),
		} {
			p.WantStatus(t, 500)
			id := p.Header.Get("X-Request-Id")
			if !strings.Contains(p.Body, id) || !strings.Contains(s.Log.String(), id) || len(p.Cookies) > 0 {
				t.Errorf("the id %q is not told: %s", id, p.Text())
			}
			for _, word := range []string{"sql", "database", "closed", "goroutine", ".go", "nil", "SELECT"} {
				if strings.Contains(p.Words(), word) {
					t.Errorf("it says %q: %s", word, p.Text())
				}
			}
			checkHeaders(t, "500", p, false)
		}
	}
	b.Get("/healthz").WantStatus(t, 200)
	if p := b.Get("/readyz").WantStatus(t, 503); p.Header.Get("Retry-After") == "" || strings.Contains(p.Words(), "sql") {
		t.Errorf("not ready: %v %s", p.Header, p.Body)
	}
	if log := s.Log.String(); strings.Contains(log, sitetest.Password) || strings.Contains(log, b.Cookie("nightlatch_session")) {
		t.Error("the log holds a secret")
	}
}
