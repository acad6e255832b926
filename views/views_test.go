package views

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

func options() Options {
	return Options{
		Asset: func(name string) string { return "/static/" + name },
		Now:   func() time.Time { return fixtureNow },
		Host:  "nightlatch.example.com",
	}
}

func newViews(t *testing.T) *Views {
	t.Helper()
	v, err := New(options())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// outputs are all fixtures as whole pages, by name.
func outputs(t *testing.T) map[string]string {
	t.Helper()
	v, out := newViews(t), map[string]string{}
	for _, f := range Fixtures() {
		var b bytes.Buffer
		if err := v.Page(&b, f.Frame, f.Screen); err != nil {
			t.Fatal(err)
		}
		if out[f.Name] != "" {
			t.Fatalf("two fixtures are called %q", f.Name)
		}
		out[f.Name] = b.String()
	}
	return out
}

func TestGolden(t *testing.T) {
	const folder = "testdata/golden"
	out := outputs(t)
	if *update {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, got := range out {
		file := filepath.Join(folder, name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s differs; if that is meant, run: go test ./views -update", file)
		}
	}
	if files, _ := filepath.Glob(folder + "/*.html"); len(files) != len(out) {
		t.Errorf("%d golden files for %d fixtures", len(files), len(out))
	}
}

func TestPartialIsInsideThePage(t *testing.T) {
	v, pages := newViews(t), outputs(t)
	for _, f := range Fixtures() {
		var b bytes.Buffer
		if err := v.Partial(&b, f.Frame, f.Screen); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(pages[f.Name], b.String()) || strings.Contains(b.String(), "<html") {
			t.Errorf("%s: the partial is not what the page holds", f.Name)
		}
		if f.Frame.Notice != "" && !strings.Contains(b.String(), f.Frame.Notice) {
			t.Errorf("%s: the notice is missing", f.Name)
		}
	}
}

// The policy of the pages allows nothing inline.
func TestNothingInline(t *testing.T) {
	bad := regexp.MustCompile(`(?i)<[^>]*\s(style|on\w+|hx-on[\w:-]*)\s*=|<style|javascript:|hx-trigger="[^"]*\[`)
	script := regexp.MustCompile(`<script[^>]*>`)
	for name, html := range outputs(t) {
		if m := bad.FindString(html); m != "" {
			t.Errorf("%s: %s", name, m)
		}
		for _, s := range script.FindAllString(html, -1) {
			if !strings.Contains(s, ` src="/static/`) {
				t.Errorf("%s: %s", name, s)
			}
		}
		if strings.Contains(html, "ZgotmplZ") {
			t.Errorf("%s holds a value the template engine refused", name)
		}
	}
}

func TestFormsWorkBothWays(t *testing.T) {
	form := regexp.MustCompile(`<form[^>]*>`)
	both := regexp.MustCompile(`method="post" action="(/[^"]*)" hx-post="(/[^"]*)"|method="get" action="(/[^"]*)" hx-get="(/[^"]*)"`)
	for name, html := range outputs(t) {
		for _, f := range form.FindAllString(html, -1) {
			m := both.FindStringSubmatch(f)
			if m == nil || m[1] != m[2] || m[3] != m[4] {
				t.Errorf("%s: %s", name, f)
			}
		}
	}
}

func TestFieldsHaveNames(t *testing.T) {
	field := regexp.MustCompile(`<(?:input|select)[^>]*>`)
	id := regexp.MustCompile(` id="([^"]*)"`)
	refs := regexp.MustCompile(`aria-(?:describedby|labelledby)="([^"]*)"`)
	for name, html := range outputs(t) {
		for _, f := range field.FindAllString(html, -1) {
			if strings.Contains(f, "hidden") || strings.Contains(f, `type="checkbox"`) {
				continue
			}
			m := id.FindStringSubmatch(f)
			if m == nil || !strings.Contains(html, `<label for="`+m[1]+`"`) {
				t.Errorf("%s: no label for %s", name, f)
			}
		}
		seen := map[string]bool{}
		for _, m := range id.FindAllStringSubmatch(html, -1) {
			if seen[m[1]] {
				t.Errorf("%s: the id %q is there twice", name, m[1])
			}
			seen[m[1]] = true
		}
		for _, m := range refs.FindAllStringSubmatch(html, -1) {
			for _, r := range strings.Fields(m[1]) {
				if !seen[r] {
					t.Errorf("%s: nothing has the id %q", name, r)
				}
			}
		}
	}
}

func TestAlertsAreShown(t *testing.T) {
	pages := outputs(t)
	for _, f := range Fixtures() {
		if strings.Contains(f.Name, "alert") && (!strings.Contains(pages[f.Name], `role="alert"`) || !strings.Contains(pages[f.Name], `aria-invalid="true" aria-describedby="problem`)) {
			t.Errorf("%s: the message or its field is not marked", f.Name)
		}
	}
}

func TestOverride(t *testing.T) {
	o := options()
	o.Overrides = fstest.MapFS{"templates/message.html": {Data: []byte(`{{define "main"}}<h1>Ours: {{.Heading}}</h1>{{end}}`)}}
	v, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := v.Partial(&b, Frame{}, Message{Heading: "<x>"}); err != nil || !strings.Contains(b.String(), "<h1>Ours: &lt;x&gt;</h1>") {
		t.Errorf("%v %s", err, b.String())
	}
}

func TestBadTemplatesStopTheStart(t *testing.T) {
	for what, c := range map[string]struct{ file, text, want string }{
		"syntax":     {"templates/login.html", `{{define "main"}}{{if}}`, "templates/login.html is not a valid template"},
		"field":      {"templates/login.html", `{{define "main"}}{{.Nothing}}{{end}}`, "templates/login.html does not fit its screen"},
		"no main":    {"templates/login.html", `hello`, `templates/login.html does not define "main"`},
		"asset":      {"templates/login.html", `{{define "main"}}{{asset "gone.png"}}{{end}}`, `there is no static file "gone.png"`},
		"path":       {"templates/login.html", `{{define "main"}}<form {{post "//evil"}}></form>{{end}}`, `"//evil" is not a path of this site`},
		"undeclared": {"templates/logon.html", `{{define "main"}}{{end}}`, "templates/logon.html belongs to no screen"},
		"layout":     {"templates/layout.html", `{{define "page"}}{{.Wrong}}{{end}}`, ".html does not fit its screen"},
	} {
		o := options()
		o.Asset = func(name string) string {
			if name == "gone.png" {
				return ""
			}
			return "/static/" + name
		}
		o.Overrides = fstest.MapFS{c.file: {Data: []byte(c.text)}}
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

type stray struct{}

func (stray) Template() string { return "stray" }

func TestUndeclaredScreen(t *testing.T) {
	if err := newViews(t).Page(&bytes.Buffer{}, Frame{}, stray{}); err == nil || err.Error() != `the screen "stray" is not among the fixtures` {
		t.Error(err)
	}
}

func TestMissingTemplate(t *testing.T) {
	o := options()
	err := o.parse(nil, "gone")
	if err == nil || err.Error() != `the screen "gone" has no template: templates/gone.html is missing` {
		t.Error(err)
	}
	if files, _ := fs.Glob(builtin, "templates/*.html"); len(files) != len(newViews(t).screens)+len(shared) {
		t.Error("a template and a screen do not pair up")
	}
}

func TestTimes(t *testing.T) {
	now := fixtureNow
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Time{}, "never"},
		{now, ">now</time>"},
		{now.Add(-90 * time.Second), ">1 minute ago</time>"},
		{now.Add(49 * time.Hour), ">2 days from now</time>"},
	} {
		if got := string(ago(c.at, now)); !strings.HasSuffix(got, c.want) {
			t.Errorf("%v: %s", c.at, got)
		}
	}
	east := time.FixedZone("", 3600)
	if got := date(now.In(east)); got != `<time datetime="2026-11-23T15:30:00Z" title="23 November 2026, 15:30 UTC">23 November 2026</time>` {
		t.Error(got)
	}
}
