package routes_test

import (
	"bytes"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// underPrefix puts a site beside an application on one host.
func underPrefix(c *sitetest.Config) {
	c.Login.URL, c.Login.Host, c.Open, c.Proxies = "http://door.example/auth/second.step", "door.example", true, "203.0.113.0/24"
}

const prefix = "/auth/second.step"

var leads = regexp.MustCompile(`\s(?:href|action|src|srcset|formaction|hx-(?:get|post|put|patch|delete))="([^"]*)"`)

// fence looks at every answer of a site under a prefix.
type fence struct {
	t    *testing.T
	site http.Handler
	mu   sync.Mutex
	seen map[string]bool // addresses of pages that answers lead to
	to   string          // the one place outside that may be led to
}

func (f *fence) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	rec := httptest.NewRecorder()
	f.site.ServeHTTP(rec, r)
	where := r.Method + " " + r.URL.Path
	for _, name := range []string{"Location", "HX-Redirect"} {
		if to := rec.Header().Get(name); to != "" {
			f.lead(where, to)
		}
	}
	if strings.HasPrefix(rec.Header().Get("Content-Type"), "text/html") {
		for _, m := range leads.FindAllStringSubmatch(rec.Body.String(), -1) {
			f.lead(where, html.UnescapeString(m[1]))
		}
	}
	for _, x := range rec.Result().Cookies() {
		if x.Path != "/" || !strings.HasPrefix(x.Name, "nightlatch_") {
			f.t.Errorf("%s sets the cookie %s for %s", where, x.Name, x.Path)
		}
	}
	for name, values := range rec.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(rec.Code)
	_, _ = bytes.NewReader(rec.Body.Bytes()).WriteTo(w)
}

// lead checks one address that an answer leads to.
func (f *fence) lead(where, to string) {
	to = strings.TrimPrefix(to, "http://door.example")
	if strings.HasPrefix(to, "otpauth://") || strings.HasPrefix(to, "#") || to == f.to || to == prefix {
		return
	}
	if !strings.HasPrefix(to, prefix+"/") || strings.HasPrefix(to, prefix+prefix) {
		f.t.Errorf("%s leads outside the prefix: %s", where, to)
		return
	}
	if u, err := url.Parse(to); err == nil && u.Query().Get("next") != "" {
		f.lead(where+" (next)", u.Query().Get("next"))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[strings.TrimPrefix(to, prefix)] = true
}

// fenced puts a fence around a site.
func fenced(t *testing.T, s *sitetest.Site) *fence {
	f := &fence{t: t, site: s.Handler, seen: map[string]bool{}}
	s.Handler = f
	return f
}

// crawl opens everything that answers lead to, until there is nothing new.
func (f *fence) crawl(b *sitetest.Browser) (pages int) {
	done := map[string]bool{}
	for {
		var next []string
		f.mu.Lock()
		for to := range f.seen {
			if !done[to] {
				next = append(next, to)
				done[to] = true
			}
		}
		f.mu.Unlock()
		if len(next) == 0 || len(done) > 3000 {
			return len(done)
		}
		for _, to := range next {
			if to, _, _ = strings.Cut(to, "#"); strings.HasPrefix(to, "/static/") {
				b.Get(to).WantStatus(f.t, 200)
			} else {
				b.Get(to)
			}
		}
	}
}

// Every screen of every kind of visitor: nothing leads outside.
func TestNothingLeadsOutsideThePrefix(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		f := fenced(t, s)
		admin := s.Admin("boss@example.com")
		ada := s.User("ada@example.com", identity.Member)
		b := s.Browser()
		for _, path := range []string{"/", "", "/login", "/login?next=" + url.QueryEscape(prefix+"/profile"), "/login/challenge", "/register", "/password/forgot", "/nowhere", "/setup?token=x",
			"/invite/x", "/password/reset/x", "/email/verify/x", "/enroll/x", "/secure/x", "/logout", "/.well-known/change-password", "/favicon.ico"} {
			b.Get(path)
		}
		b.Post("/login", "login", "ada@example.com", "password", "wrong")
		b.Post("/register", "login", "eve@example.com", "name", "Eve", "password", chosen)
		b.Post("/password/forgot", "login", "ada@example.com")
		for _, path := range []string{"/admin", "/admin/users/" + ada.ID, "/admin/policy", "/admin/policy?mode=everyone&from=2026-11-24", "/admin/import", "/admin/audit", "/admin/audit?event=login&after=5", "/admin/mail", "/profile",
			"/admin?q=a&status=active&factor=none&sort=-last", "/profile/activity", "/profile/factors", "/profile/factors/totp", "/profile/factors/email", "/profile/factors/recovery", "/confirm?level=2"} {
			if p := admin.Get(path); p.Status >= 400 {
				t.Errorf("%s: %d", path, p.Status)
			}
		}
		admin.Post("/admin/users", "login", "joan@example.com", "email", "joan@example.com", "role", "user")
		letters(t, s, b)
		if n := f.crawl(admin); n < 40 {
			t.Errorf("only %d addresses were found", n)
		}
		s.Advance(6 * 60e9)
		admin.Post("/profile/email", "email", "new@example.com").WantHeld(t, prefix+"/profile")
		admin.Post("/admin/users/"+ada.ID+"/disable", "reason", "x").WantHeld(t, prefix+"/profile")
		b.SignIn("ada@example.com").Get("/admin").WantStatus(t, 403)
		f.crawl(b)
	}, underPrefix)
}

// letters opens every link of every mail that is due.
func letters(t *testing.T, s *sitetest.Site, b *sitetest.Browser) {
	t.Helper()
	n := 0
	for _, m := range s.Mails() {
		for _, link := range regexp.MustCompile(`https?://[^\s"<>)]+`).FindAllString(m.Text+" "+m.HTML, -1) {
			rest, ours := strings.CutPrefix(html.UnescapeString(link), s.URL)
			if !ours {
				t.Errorf("the mail %q has the link %s", m.Subject, link)
				continue
			}
			if rest != "" && rest != "." {
				if p := b.Get(strings.TrimSuffix(rest, ".")); p.Status >= 400 {
					t.Errorf("the mail %q leads to %s: %d", m.Subject, link, p.Status)
				}
				n++
			}
		}
	}
	if n == 0 {
		t.Error("no mail has a link")
	}
}

// The whole way in, out and in again, with the pages that it was asked for by.
func TestTheJourneyUnderAPrefix(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		f := fenced(t, s)
		s.User("ada@example.com", identity.Member)
		b := s.Browser().SignIn("ada@example.com")
		secret := b.EnrollTOTP()
		codes := b.RecoveryCodes()
		b.EnrollEmail("")
		b.Post("/logout").Want(t, "/login?said=signed-out")
		activity := prefix + "/profile/activity?x=%2F"
		b.Get("/profile/activity?x=%2F").Want(t, "/login?next="+url.QueryEscape(activity))
		b.Post("/login", "login", "ada@example.com", "password", sitetest.Password, "next", activity).Want(t, "/login/challenge")
		s.Advance(61e9)
		b.Post("/login/challenge/email/code", "next", activity).Want(t, "/login/challenge?factor=email&next="+url.QueryEscape(activity))
		b.Post("/login/challenge/email", "code", s.LastCode("")).Want(t, "/profile/activity?x=%2F")
		b.Post("/logout")
		b.SignInTOTP("ada@example.com", secret)
		b.Post("/logout")
		b.Password("ada@example.com").Want(t, "/login/challenge")
		b.Post("/login/challenge/recovery", "code", codes[2]).Want(t, "/profile")

		s.Advance(6 * 60e9)
		held := b.Post("/profile/factors/"+b.Factor("Phone")+"/name", "name", "Old phone").WantHeld(t, prefix+"/profile")
		u, _ := url.Parse(held.Location)
		s.Advance(30e9)
		if text := b.Get(held.Location).WantStatus(t, 200).Text(); !strings.Contains(text, "Rename a factor") {
			t.Error("the step-up does not say what it is for")
		}
		b.Post("/confirm", "kind", "totp", "code", b.Code(secret), "held", u.Query().Get("held"), "next", u.Query().Get("next"), "to", b.Factor("Phone")).Want(t, "/profile?said=factor-renamed")
		b.Factor("Old phone")

		dialog(t, f, b)

		// Pages of the application on the same host may be gone to, also those called as ours are.
		for _, theirs := range []string{"/", "/app/page?x=1", "/login", "/profile", "/auth", "/auth/second.stepfather"} {
			f.to = theirs
			b.Post("/logout")
			b.Post("/login", "login", "ada@example.com", "password", sitetest.Password, "next", theirs).Want(t, "/login/challenge")
			s.Advance(31e9)
			if p := b.Post("/login/challenge/totp", "code", b.Code(secret)); p.Location != "outside:"+theirs {
				t.Errorf("asked for by %s, led to %s %s", theirs, p.Location, p.Alert())
			}
		}
		f.to = ""
		for _, ours := range []string{prefix + "/login", prefix + "/LOGIN/challenge", "/auth/second.step/logout", "/auth/%73econd.step/login", prefix + "//login", "/auth/x/../second.step/login", "//evil.example"} {
			if p := b.Get("/login?next=" + url.QueryEscape(ours)); p.Status != 200 {
				t.Errorf("%s: led to %s", ours, p.Location)
			}
		}
	}, underPrefix)
}

// dialog holds that a step-up opens over a page of ours, and never over one of the
// application beside us, which has no place for it.
func dialog(t *testing.T, f *fence, b *sitetest.Browser) {
	t.Helper()
	b.Advance(6 * 60e9)
	x := b.Clone()
	x.HTMX = true
	for page, over := range map[string]bool{prefix + "/profile": true, prefix + "/profile?x=1": true, prefix + "/confirm": false, "/profile": false, "/app": false} {
		f.to = page
		x.Header.Set("HX-Current-URL", "http://door.example"+page)
		p := x.Post("/profile/factors/"+b.Factor("Old phone")+"/name", "name", "Phone")
		if got := p.Header.Get("HX-Retarget") == "#dialog"; got != over || !over && !strings.HasPrefix(p.Location, "/confirm?") {
			t.Errorf("over %s: a dialog is %t, led to %q with %d", page, got, p.Location, p.Status)
		}
	}
}

// Outside there is nothing but the two questions of whoever watches the process.
func TestOutsideThePrefixIsNothing(t *testing.T) {
	s := sitetest.New(t, underPrefix)
	for address, want := range map[string]int{
		"/healthz": 200, "/readyz": 200, prefix + "/healthz": 200, prefix + "/readyz": 200, prefix + "/login": 200, prefix: 303, prefix + "/": 303, "/auth/%73econd.step/login": 404,
		"/": 404, "/login": 404, "/profile": 404, "/static/app.css": 404, "/verify": 404, "/verify/forward": 404, "/robots.txt": 404, "/auth": 404, "/auth/login": 404, prefix + "login": 404, prefix + "x/login": 404,
		"/favicon.ico": 404, "//healthz": 404, "/.well-known/change-password": 404, prefix + prefix + "/login": 404, "/" + prefix + "/login": 404, "/Auth/second.step/login": 404, prefix + "/verify": 401, prefix + "/verify/forward": 401,
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := httptest.NewRequest(method, "http://door.example/", nil)
			r.URL, _ = url.ParseRequestURI(address)
			w := httptest.NewRecorder()
			s.Handler.ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s %s: %d instead of %d", method, address, w.Code, want)
			}
		}
	}
	r := httptest.NewRequest(http.MethodPost, "http://door.example/login", strings.NewReader("login=a&password=b"))
	w := httptest.NewRecorder()
	if s.Handler.ServeHTTP(w, r); w.Code != 404 {
		t.Errorf("a form outside: %d", w.Code)
	}
}

// A proxy gets whole addresses under the prefix.
func TestAProxyIsSentUnderThePrefix(t *testing.T) {
	t.Parallel()
	s := sitetest.New(t, underPrefix)
	for path, want := range map[string]string{
		"/app?x=1&y=2": "http://door.example/auth/second.step/login?next=%2Fapp%3Fx%3D1%26y%3D2", "/login": "http://door.example/auth/second.step/login?next=%2Flogin",
		prefix + "/login": "http://door.example/auth/second.step/login",
	} {
		b := s.Browser()
		b.Header.Set("X-Original-URL", "http://door.example"+path)
		b.Header.Set("Accept", "text/html")
		if p := b.Get("/verify").WantStatus(t, 401); p.Header.Get("Location") != want {
			t.Errorf("%s: %s instead of %s", path, p.Header.Get("Location"), want)
		}
	}
}
