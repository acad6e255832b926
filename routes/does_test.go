package routes_test

import (
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/routes"
)

var filled = strings.NewReplacer(":kind", "totp", ":id", "AAAA", ":token", "AAAA", "*name", "x.css", ":name", "x")

// Each route says in a few words what it does, no two say the same, and no path
// belongs to two of them.
func TestEachRouteSaysWhatItDoes(t *testing.T) {
	t.Parallel()
	rows := routes.Table(sitetest.New(t, func(c *sitetest.Config) { c.Kinds = invented }).Login)
	said := map[string]string{}
	for _, r := range rows {
		name := r.Method + " " + r.Path
		if n := len(strings.Fields(r.Does)); n < 2 || n > 10 || r.Does != strings.TrimSpace(r.Does) || strings.HasSuffix(r.Does, ".") ||
			strings.ToUpper(r.Does[:1]) != r.Does[:1] {
			t.Errorf("%s says %q", name, r.Does)
		}
		if other := said[r.Does]; other != "" {
			t.Errorf("%s and %s both say %q", name, other, r.Does)
		}
		said[r.Does] = name
		for _, o := range rows {
			if o != r && o.Method == r.Method && o.Serves(filled.Replace(r.Path)) {
				t.Errorf("%s would be taken for %s", name, o.Path)
			}
		}
	}
}

var toContinue = regexp.MustCompile(`To continue: <strong>([^<]*)</strong>`)

// named is what a step-up says it is for.
func named(p *sitetest.Page) string {
	if m := toContinue.FindStringSubmatch(p.Body); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// Each route that asks for a step-up has it named by its own words: on the page,
// and in the dialog over the page from which a form was sent.
func TestStepUpNamesTheRouteThatAskedForIt(t *testing.T) {
	t.Parallel()
	s := sitetest.New(t, func(c *sitetest.Config) { c.Kinds = invented })
	c := &cast{s: s, b: map[string]*sitetest.Browser{}, a: map[string]string{}}
	b := c.person("unproved")
	for _, r := range routes.Table(s.Login) {
		if !r.StepUp {
			continue
		}
		b.Header = http.Header{}
		body := ""
		if r.Path == "/profile/password" {
			body = "current=x&password=y"
		}
		path := filled.Replace(r.Path)
		if got := named(b.Get(b.Do(r.Method, path, sitetest.Body(body), false).Location)); got != r.Does {
			t.Errorf("%s %s: the page says %q instead of %q", r.Method, r.Path, got, r.Does)
		}
		if r.Method != http.MethodPost {
			continue
		}
		b.Header.Set("HX-Current-URL", b.URL+"/profile")
		if got := named(b.Do(r.Method, path, sitetest.Body(body), true)); got != r.Does {
			t.Errorf("%s %s: the dialog says %q instead of %q", r.Method, r.Path, got, r.Does)
		}
	}
}

// An admin whose confirmation is too old reads what the held form does to the
// account, also when the step-up is shown again after a wrong code.
func TestStepUpOfAnAdminNamesWhatWillBeDone(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b := s.Admin(ada)
		at := "/admin/users/" + s.User("bob@example.com", identity.Member).ID
		s.Advance(time.Hour)
		for path, want := range map[string]string{
			at + "/disable": "Disable an account", at + "/reset": "Reset the factors of an account",
			at + "/email": "Correct the address of an account", "/admin/policy": "Change the policy", "/admin/users": "Invite someone",
		} {
			up := b.Post(path, "reason", "asked by phone", "name", "/disable /remove")
			if got := named(b.Get(up.Location)); got != want {
				t.Errorf("%s: %q", path, got)
			}
			if got := named(stepUp(t, b, up, "kind", "totp", "code", "000000").WantStatus(t, 422)); got != want {
				t.Errorf("%s after a wrong code: %q", path, got)
			}
			s.Advance(time.Hour / 2) // the wait after wrong codes
		}
		for next, want := range map[string]string{
			"/profile/factors/recovery": "Show recovery codes", "/profile/factors/recovery?new=1": "Show recovery codes",
			"https://app.example/admin/users": "", "/app/disable": "", "/login": "",
		} {
			if got := named(b.Get("/confirm?next=" + next)); got != want {
				t.Errorf("on the way to %s: %q", next, got)
			}
		}
		gone := b.Get("/confirm?next=/profile&held=ABCDEFGHIJKLMNOPQRSTUVWXYZ")
		if got := named(gone); got != "" {
			t.Errorf("a form that is not there is named %q", got)
		}
	})
}
