package routes_test

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// fields of every route that takes some; a route that is missing here and
// takes none is walked all the same.
var fields = map[string][]string{
	"/setup": {"token", "login", "password"}, "/login": {"login", "password", "next"},
	"/login/challenge/:kind": {"code", "trust"}, "/login/challenge/:kind/code": {"to"},
	"/register": {"login", "name", "password"}, "/invite/:token": {"name", "password"},
	"/password/forgot": {"login"}, "/password/reset/:token": {"password"},
	"/confirm": {"kind", "code", "password", "next"}, "/confirm/code": {"kind", "next"},
	"/profile/factors/totp/confirm": {"code", "name"}, "/profile/factors/email": {"address"},
	"/profile/factors/email/confirm": {"code", "name"}, "/profile/factors/recovery/check": {"code"},
	"/profile/factors/:id/name": {"name"}, "/profile/password": {"current", "password"},
	"/profile/email": {"email"}, "/profile/name": {"name"}, "/admin/users": {"login", "name", "role"},
}

// odd are the malformed bodies that a field can come in.
func odd(field string) map[string][2]string {
	const plain = "application/x-www-form-urlencoded"
	return map[string][2]string{
		"doubled":          {plain, field + "=a&" + field + "=b"},
		"doubled alike":    {plain, field + "=a&" + field + "=a"},
		"array":            {plain, field + "%5B%5D=a"},
		"two arrays":       {plain, field + "[]=a&" + field + "[]=b"},
		"array of one":     {plain, field + "[0]=a"},
		"map":              {plain, field + "[a]=b"},
		"10 kB":            {plain, field + "=" + strings.Repeat("a", 10<<10)},
		"10 kB of digits":  {plain, field + "=" + strings.Repeat("0", 10<<10)},
		"bad UTF-8":        {plain, field + "=%ff%fe"},
		"raw bad UTF-8":    {plain, field + "=\xff\xfe"},
		"half a character": {plain, field + "=a%c3"},
		"surrogate":        {plain, field + "=%ed%a0%80"},
		"NUL":              {plain, field + "=a%00b"},
		"bad escape":       {plain, field + "=%zz"},
		"semicolon":        {plain, field + "=a;b=c"},
		"JSON":             {"application/json", `{"` + field + `":"a"}`},
		"JSON null":        {"application/json", `{"` + field + `":null}`},
		"null":             {"application/json", "null"},
		"JSON array":       {"application/json", `{"` + field + `":["a"]}`},
		"JSON as a form":   {"text/plain", `{"` + field + `":"a"}`},
		"XML":              {"application/xml", "<a/>"},
		"no type":          {"x", field + "=a"},
		"bad type":         {";;", field + "=a"},
		"no boundary":      {"multipart/form-data", field + "=a"},
		"cut short":        {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"" + field + "\"\r\n\r\na"},
		"doubled in parts": {"multipart/form-data; boundary=b", strings.Repeat("--b\r\nContent-Disposition: form-data; name=\""+field+"\"\r\n\r\na\r\n", 2) + "--b--\r\n"},
		"a file":           {"multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"" + field + "\"; filename=\"a\"\r\n\r\na\r\n--b--\r\n"},
	}
}

// unharmed are odd bodies in which a field may just be missing, which some
// routes allow: there only a 5xx is wrong.
var unharmed = []string{"array of one", "map", "a file"}

// who are the browsers that try: nobody, someone pending, someone signed in,
// an admin at level 2.
func who(s *sitetest.Site) map[string]*sitetest.Browser {
	s.User(ada, identity.Member)
	s.User("bob@example.com", identity.Member)
	s.User("root@example.com", identity.Admin)
	secret := s.Browser().SignIn("bob@example.com").EnrollTOTP()
	list := map[string]*sitetest.Browser{"nobody": s.Browser(), "pending": s.Browser(), "member": s.Browser().SignIn(ada),
		"level 2": s.Browser().SignInTOTP("bob@example.com", secret), "admin": s.Browser().SignIn("root@example.com")}
	list["pending"].Password("bob@example.com").Want(s.T, "/login/challenge")
	list["admin"].EnrollTOTP()
	for _, name := range []string{"member", "level 2", "admin"} {
		list[name].Post("/profile/factors/totp")
		list[name].Post("/profile/factors/email", "address", name[:2]+"@example.org")
	}
	return list
}

// On every POST route of the table, whoever sends it, an odd field is a
// 4xx where the route takes it, and nowhere a 5xx.
func TestOddFields(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		browsers := who(s)
		taken := maps.Clone(fields)
		for _, r := range table(s) {
			if r.method != http.MethodPost {
				continue
			}
			names := taken[r.pattern]
			delete(taken, r.pattern)
			for _, name := range append([]string{"unasked"}, names...) {
				for how, body := range odd(name) {
					for by, b := range browsers {
						if !reaches(by, r.path) {
							continue
						}
						b.Header = http.Header{"Content-Type": {body[0]}}
						p := b.Do(r.method, r.path, sitetest.Body(body[1]), b.HTMX)
						b.Header = http.Header{}
						strict := name != "unasked" && !slices.Contains(unharmed, how) && !(name == "next" && strings.HasPrefix(how, "no type"))
						if p.Status >= 500 || strict && p.Status < 400 {
							t.Errorf("%s, %s %s: %d to %q", by, r.path, name+" "+how, p.Status, p.Location)
						}
					}
				}
			}
		}
		for left := range taken {
			t.Errorf("%s is not in the table", left)
		}
		for by, b := range browsers { // nothing of all that did anything
			if want := map[string]int{"nobody": 401, "pending": 401}[by]; want == 0 {
				b.Get("/profile").WantStatus(t, 200)
			}
		}
		browsers["pending"].Get("/login/challenge").WantStatus(t, 200)
	}, func(c *sitetest.Config) { c.Open = true })
}

// reaches says who of them tries a route: one that is let to its form, for
// others are sent away before it is read. Routes that end what the walk needs
// are left to those without.
func reaches(by, path string) bool {
	switch {
	case path == "/logout" || path == "/login/cancel" || strings.HasSuffix(path, "/disable") || strings.HasSuffix(path, "/cancel"):
		return by == "nobody"
	case strings.HasPrefix(path, "/admin"):
		return by == "admin"
	case strings.HasPrefix(path, "/confirm"):
		return by == "member" || by == "level 2"
	case strings.HasPrefix(path, "/login/challenge"):
		return by == "pending"
	case strings.HasPrefix(path, "/profile"):
		return by == "level 2"
	}
	return by == "nobody"
}

// Nothing sent at all, and every field empty. 413 over 64 KiB,
// whatever a route reads.
func TestMissingAndHuge(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		browsers := who(s)
		optional := []string{"/login/challenge/:kind/code", "/profile/factors/email", "/profile/name", "/logout", "/login/cancel"}
		for _, r := range table(s) {
			if r.method != http.MethodPost {
				continue
			}
			for by, b := range browsers {
				if !reaches(by, r.path) {
					continue
				}
				huge := "x=" + strings.Repeat("a", 64<<10)
				if p := b.Do(r.method, r.path, sitetest.Body(huge), b.HTMX); p.Status != 413 {
					t.Errorf("%s, %s: %d for 64 KiB", by, r.path, p.Status)
				}
				empty := url.Values{}
				for _, name := range fields[r.pattern] {
					empty.Set(name, "")
				}
				for _, body := range []string{"", "&&", "=", "other=1", empty.Encode()} {
					p := b.Do(r.method, r.path, sitetest.Body(body), b.HTMX)
					if p.Status >= 500 || p.Status < 400 && fields[r.pattern] != nil && !slices.Contains(optional, r.pattern) &&
						!strings.HasPrefix(p.Location, "/login") {
						t.Errorf("%s, %s %q: %d to %q", by, r.path, body, p.Status, p.Location)
					}
				}
			}
		}
	}, func(c *sitetest.Config) { c.Open = true })
}

// The same for what is not a field: paths, queries, headers, cookies.
func TestOddPlaces(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		browsers := who(s)
		for _, bad := range []string{"%00", "%ff", "%ed%a0%80", "a%00b", strings.Repeat("a", 9000), "%e2%80%ae", "'%3b--", "-1", "9e99", "%F0%9F%94%91"} {
			fill := strings.NewReplacer(":kind", bad, ":id", bad, ":token", bad, "*name", bad, ":name", bad)
			for _, r := range table(s) {
				for by, b := range browsers {
					if !reaches(by, r.path) {
						continue
					}
					path := fill.Replace(r.pattern)
					if r.method == http.MethodGet {
						path += "?a=1"
						for _, q := range []string{"q", "after", "before", "status", "factor", "role", "sort", "to", "next", "said", "level", "token", "user", "event", "new"} {
							path += "&" + q + "=" + bad
						}
					}
					if p := b.Do(r.method, path, sitetest.Body(""), b.HTMX); p.Status >= 500 {
						t.Errorf("%s, %s %.100s: %d", by, r.method, path, p.Status)
					}
				}
			}
		}
		odd := "\x80\x00\u202e\"<b>';--" + strings.Repeat("a", 2000)
		for _, name := range []string{"User-Agent", "X-Forwarded-For", "Referer", "Hx-Current-Url", "Hx-Target", "Accept", "Cookie"} {
			b := s.Browser()
			b.Header = http.Header{name: {odd}}
			if p := b.Password(ada); p.Status != 303 && p.Location != "/profile" {
				t.Errorf("%s: %d", name, p.Status)
			}
		}
		for _, cookie := range []string{"", "x", strings.Repeat("A", 5000), "%00", "\"a b\""} {
			b := s.Browser()
			b.Header = http.Header{"Cookie": {s.CookieName("nightlatch_session") + "=" + cookie + "; " + s.CookieName("nightlatch_login") + "=" + cookie + "; " + s.CookieName("nightlatch_known") + "=" + cookie}}
			b.Get("/profile").WantStatus(t, 303)
			b.Get("/login/challenge").WantStatus(t, 303)
		}
		if strings.Contains(s.Log.String(), "panic") {
			t.Error("there was a panic")
		}
	})
}
