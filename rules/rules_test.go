package rules

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// inside is a site with the domain example.com.
func inside(host string) bool {
	host = strings.TrimPrefix(host, "*.")
	return host == "example.com" || strings.HasSuffix(host, ".example.com") && !strings.HasPrefix(host, ".")
}

func parse(t testing.TB, text string) *Set {
	t.Helper()
	s, err := Parse("access.yml", []byte(text), inside)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// page is a request of a page.
func page(address string) Request {
	host, path, _ := strings.Cut(address, "/")
	return Request{Known: true, Host: host, Path: "/" + path, Method: "GET", Client: netip.MustParseAddr("203.0.113.7")}
}

var (
	noon   = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	nobody = Person{}
	one    = Person{Level: 1, Role: "user", Proved: noon, Now: noon}
	two    = Person{Level: 2, Role: "user", Groups: []string{"dev"}, Proved: noon.Add(-10 * time.Minute), Now: noon}
	ops    = Person{Level: 2, Role: "admin", Groups: []string{"staff", "ops"}, Now: noon} // a trusted browser: nothing was proved
)

const example = `rules:
  - host: app.example.com
    path: /admin
    methods: [GET, HEAD]
    networks: [10.0.0.0/8]
    level: 2
  - host: app.example.com
    path: /admin
    deny: true
  - host: [wiki.example.com, "*.docs.example.com"]
    path: [/ops, "re:^/team-[0-9]+/"]
    group: [ops, sre]
  - host: wiki.example.com
    path: /boss
    role: admin
  - host: wiki.example.com
    path: /money
    max_age: 15m
  - host: wiki.example.com
    path: /soon
    level: 1
    max_age: 5m
  - host: wiki.example.com
    path: /public
    allow: true
  - host: wiki.example.com
    level: 1
`

// One row a sentence of the contract about rules.
func TestRules(t *testing.T) {
	s := parse(t, example)
	at := func(r Request, address string) Request { r.Client = netip.MustParseAddr(address); return r }
	by := func(r Request, method string) Request { r.Method = method; return r }
	for _, r := range []struct {
		says string
		what Request
		who  Person
		want string
	}{
		{"the first match wins", at(page("app.example.com/admin/x"), "10.1.2.3"), one, "access.yml:2: second factor"},
		{"the first match wins", at(page("app.example.com/admin/x"), "10.1.2.3"), two, "access.yml:2: allowed"},
		{"networks are the visitor's address", page("app.example.com/admin"), two, "access.yml:7: denied"},
		{"an IPv4 address in IPv6 is in no IPv4 network by that form", at(page("app.example.com/admin"), "10.1.2.3"), nobody, "access.yml:2: sign in"},
		{"methods", by(at(page("app.example.com/admin"), "10.1.2.3"), "POST"), two, "access.yml:7: denied"},
		{"a method in small letters may be either", by(at(page("app.example.com/admin"), "10.1.2.3"), "get"), two, "access.yml:7: denied"},
		{"a method that is not known may be either", by(at(page("app.example.com/admin"), "10.1.2.3"), ""), two, "access.yml:7: denied"},
		{"deny, nobody signed in", page("app.example.com/admin"), nobody, "access.yml:7: denied"},
		{"whole segments", page("app.example.com/administrator"), one, "no rule: second factor"},
		{"whole segments", page("app.example.com/admin/"), ops, "access.yml:7: denied"},
		{"no match asks for level 2", page("other.example.com/"), one, "no rule: second factor"},
		{"no match asks for level 2", page("other.example.com/"), two, "no rule: allowed"},
		{"no match asks for level 2", page("other.example.com/"), nobody, "no rule: sign in"},
		{"any of a list of groups", page("wiki.example.com/ops"), ops, "access.yml:10: allowed"},
		{"another group", page("wiki.example.com/ops"), two, "access.yml:10: denied"},
		{"a group without a level asks for level 1", page("wiki.example.com/ops"), Person{Level: 1, Groups: []string{"sre"}}, "access.yml:10: allowed"},
		{"a group is compared exactly", page("wiki.example.com/ops"), Person{Level: 2, Groups: []string{"Ops", "ops "}}, "access.yml:10: denied"},
		{"a group, nobody signed in", page("wiki.example.com/ops"), nobody, "access.yml:10: sign in"},
		{"*. is every host under the name", page("a.b.docs.example.com/ops/x"), ops, "access.yml:10: allowed"},
		{"*. is not the name itself", page("docs.example.com/ops"), two, "no rule: allowed"},
		{"a regular expression", page("wiki.example.com/team-7/x"), two, "access.yml:10: denied"},
		{"a regular expression", page("wiki.example.com/team-x/x"), two, "access.yml:26: allowed"},
		{"role", page("wiki.example.com/boss"), two, "access.yml:13: denied"},
		{"role", page("wiki.example.com/boss"), ops, "access.yml:13: allowed"},
		{"max_age counts since the last proof", page("wiki.example.com/money"), two, "access.yml:16: allowed"},
		{"max_age counts since the last proof", page("wiki.example.com/soon"), two, "access.yml:19: second factor"},
		{"max_age without a level asks for level 1", page("wiki.example.com/money"), one, "access.yml:16: allowed"},
		{"a trusted browser proved nothing", page("wiki.example.com/money"), ops, "access.yml:16: second factor"},
		{"a proof that lies ahead is none", page("wiki.example.com/money"), Person{Level: 2, Proved: noon.Add(time.Hour), Now: noon}, "access.yml:16: second factor"},
		{"allow", page("wiki.example.com/public/x"), nobody, "access.yml:23: allowed"},
		{"something is left to do", page("wiki.example.com/"), Person{Level: 1, Owing: true}, "access.yml:26: second factor"},
		{"the query is no part of it", page("wiki.example.com/publicity"), nobody, "access.yml:26: sign in"},
		{"no address, level 2", Request{}, one, "no rule: second factor"},
		{"no address, no allow", Request{}, nobody, "no rule: sign in"},
		{"an address of nobody may be in any network", Request{Known: true, Host: "app.example.com", Path: "/admin", Method: "GET"}, two, "access.yml:7: denied"},
	} {
		if got := s.Say(s.Judge(r.what, r.who)); got != r.want {
			t.Errorf("%s: %v: %s instead of %s", r.says, r.what, got, r.want)
		}
	}
}

// Tricks with a path: all readings are judged, and the strictest answer holds.
func TestTheStrictestReadingHolds(t *testing.T) {
	s := parse(t, `rules:
  - {path: /admin, deny: true}
  - {path: /Money, deny: true}
  - {path: "re:^/Hidden/[a-z]+$", deny: true}
  - {path: /public, allow: true}
  - {path: /api, level: 1}
  - {level: 2}
`)
	for _, path := range []string{
		"admin", "ADMIN", "Admin/x", "admin/", "admin//", "/admin", "//admin", "./admin", "x/../admin", "public/../admin", "public/./../admin", "public/%2e%2e/admin",
		"public/%2E%2E%2Fadmin", "public/..%2fadmin", "public/..;/admin", "public/..;x=1/admin", "public;/../admin", `public\..\admin`, `\admin`, "public/%5c..%5c..%5cadmin",
		"%61dmin", "%41dmin", "admin;x", "admin;/y", "admin%3bx", "admin%2f", "admin%3fx", "admin%23x", "admin%00", "admin%00.css", "admin#x", ";/admin", "public/..//admin",
		"a//../admin", "public//..//admin", "a/b/../../admin", "public/%2e/%2e%2e/admin", "money", "MONEY/x", "hidden/abc", "HIDDEN/ABC", "public/../hidden/abc", "%4doney",
	} {
		if v := s.Judge(page("app.example.com/"+path), ops); v.Answer != Denied {
			t.Errorf("/%s: %s", path, s.Say(v))
		}
	}
	for path, want := range map[string]Answer{
		"public": Allowed, "public/x%2Fy": Allowed, "public/a;b=c/d": Allowed, "public/x//y": Allowed, "PUBLIC": SignIn, "publicity": SignIn, "public/%zz%": Allowed,
		"public/..": SignIn, "public/%2561dmin": Allowed, "public/é": Allowed, "public/%ff": Allowed, "public/a.b/.well-known/x": Allowed, "public/...": Allowed,
	} {
		if v := s.Judge(page("app.example.com/"+path), nobody); v.Answer != want {
			t.Errorf("/%s: %s", path, s.Say(v))
		}
	}
	// GitLab and npm have encoded slashes in honest paths.
	if v := s.Judge(page("app.example.com/api/v4/projects/group%2Fproject/issues"), one); v.Answer != Allowed {
		t.Errorf("an honest path: %s", s.Say(v))
	}
	if v := s.Judge(page("app.example.com/public"+strings.Repeat("/;%5c//../%2e", 40)), ops); v.Answer > Denied {
		t.Error(v)
	}
}

func TestFaultsNameTheirLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "1: ",
		"rules:\n":                       "1: rules must be a list",
		"- host: app.example.com":        "1: ",
		"rule:\n - deny: true":           `1: "rule" is not known`,
		"rules:\n - deny: true\nmore: 1": `3: "more" is not known`,
		"rules:\n - path: /a\n   hots: x\n   deny: true":     `3: "hots" is not known`,
		"rules:\n - path: /a\n   deny: true\n   path: /b":    "4: path is here twice, first in line 2",
		"rules:\n - deny: true\nrules:\n - deny: true":       "3: rules is here twice",
		"rules:\n - path: /a":                                "2: the rule says nothing",
		"rules:\n - path: /a\n   deny: true\n   allow: true": "2: the rule has deny and allow",
		"rules:\n - path: /a\n   level: 2\n   allow: true":   "2: the rule has level and allow",
		"rules:\n - path: /a\n   deny: false":                "3: deny can only be true",
		"rules:\n - path: a\n   deny: true":                  `2: "a" does not begin`,
		"rules:\n - path: /a/../b\n   deny: true":            "2: ",
		"rules:\n - path: /a?x=1\n   deny: true":             "2: ",
		"rules:\n - path: 're:^(/a'\n   deny: true":          "2: ",
		"rules:\n - path: 're:(?=x)'\n   deny: true":         "2: ",
		"rules:\n - path: [/a,\n     b]\n   deny: true":      `3: "b" does not`,
		"rules:\n - path: []\n   deny: true":                 "2: path is an empty list",
		"rules:\n - path:\n   deny: true":                    "2: path must be",
		"rules:\n - host: evil.example\n   deny: true":       `2: "evil.example" is not`,
		"rules:\n - host: '*'\n   deny: true":                "2: ",
		"rules:\n - host: '*.com'\n   deny: true":            "2: ",
		"rules:\n - networks: [10.0.0.0/33]\n   deny: true":  "2: ",
		"rules:\n - networks: office\n   deny: true":         "2: ",
		"rules:\n - methods: [GTE]\n   deny: true":           "2: ",
		"rules:\n - methods: [get]\n   deny: true":           "2: ",
		"rules:\n - max_age: 15":                             "2: max_age",
		"rules:\n - max_age: -5m":                            "2: max_age",
		"rules:\n - max_age: 5 minutes":                      "2: max_age",
		"rules:\n - level: 3":                                "2: level",
		"rules:\n - level: '2'":                              "2: level",
		"rules:\n - role: boss":                              "2: role",
		"rules:\n - group: a,b":                              "2: no group",
		"rules:\n - group: 7":                                "2: group must be a text",
		"rules:\n - &x {deny: true}\n - *x":                  "2: ",
		"rules:\n - <<: {deny: true}":                        "2: ",
		"rules: [":                                           "1: ",
		"rules:\n - deny: true\n  path: /x":                  "",
		"rules:\n - deny: true\n---\nrules:\n - allow: true": "4: the file holds a second document",
		"rules:\n\t- deny: true":                             "",
		"rules:\n -":                                         "2: ",
	} {
		s, err := Parse("access.yml", []byte(text), inside)
		if err == nil {
			t.Errorf("%q is taken: %v", text, s)
			continue
		}
		if first, _, _ := strings.Cut(err.Error(), "\n"); !strings.HasPrefix(first, "access.yml:"+want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	_, err := Parse("access.yml", []byte("rules:\n - path: a\n   level: 9\n - hots: x\n   deny: true\n"), inside)
	if lines := strings.Split(fmt.Sprint(err), "\n"); len(lines) != 3 {
		t.Errorf("not every fault: %q", lines)
	}
	if s := parse(t, "rules: []"); s.Len() != 0 {
		t.Error("an empty list")
	}
}

func TestHostsAreComparedWithoutCasePortAndDot(t *testing.T) {
	s := parse(t, "rules:\n - host: [App.Example.COM:8443, wiki.example.com.]\n   deny: true\n")
	for _, host := range []string{"app.example.com", "wiki.example.com"} {
		if v := s.Judge(page(host+"/"), ops); v.Answer != Denied {
			t.Errorf("%s: %s", host, s.Say(v))
		}
	}
}

// Nothing that a visitor or an operator writes brings the rules down, and a path
// that some reading takes to a denied place is denied.
func FuzzRules(f *testing.F) {
	f.Add("rules:\n - deny: true", "/x/..;/%2e")
	f.Add("rules: {a: &x [*x]}", "/")
	f.Add("rules:\n  - path: [/a, 're:^/(b|c)$']\n    max_age: 1h", `/\..%5c`)
	fixed := parse(f, "rules:\n - {path: /admin, deny: true}\n - {allow: true}\n")
	f.Fuzz(func(t *testing.T, text, path string) {
		if s, err := Parse("access.yml", []byte(text), inside); err == nil {
			s.Judge(page("app.example.com/"+path), two)
		}
		for _, way := range []string{path, decode(path), resolved(merged("/" + decode(path))), strings.ToLower(path)} {
			if strings.HasPrefix("/"+strings.TrimLeft(way, "/"), "/admin/") && len(path) > 0 && path[0] == '/' {
				if v := fixed.Judge(Request{Known: true, Host: "app.example.com", Path: path}, ops); v.Answer != Denied {
					t.Errorf("%q is read as %q and allowed", path, way)
				}
			}
		}
	})
}

// BenchmarkJudge is what 200 rules cost a request that none of them fits.
func BenchmarkJudge(b *testing.B) {
	var text strings.Builder
	text.WriteString("rules:\n")
	for i := range 200 {
		fmt.Fprintf(&text, " - {host: app%d.example.com, path: [/admin, 're:^/team-[0-9]+/'], methods: [GET, POST], networks: [10.%d.0.0/16], group: [a, b]}\n", i%10, i)
	}
	s := parse(b, text.String())
	r := page("app3.example.com/reports/7")
	for b.Loop() {
		s.Judge(r, two)
	}
}
