package sitetest

import (
	"cmp"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// Page is an answer.
type Page struct {
	Status   int
	Header   http.Header
	Body     string
	Location string // where it leads: Location or HX-Redirect, without the origin
	Cookies  []*http.Cookie
}

// Went says whether an answer led somewhere: 303, or HX-Redirect with 200 when
// it worked and 401 when somebody must sign in first.
func (p *Page) Went(to string) bool {
	hx := p.Header.Get("HX-Redirect") != "" && (p.Status == http.StatusOK || p.Status == http.StatusUnauthorized)
	return (p.Status == http.StatusSeeOther || hx) && p.Location == to
}

var alertText = regexp.MustCompile(`(?s)role="alert"[^>]*>(.*?)</p>`)
var tags = regexp.MustCompile(`(?s)<[^>]*>`)

// Alert is the text of the element with role="alert"; empty when there is none.
func (p *Page) Alert() string {
	m := alertText.FindStringSubmatch(p.Body)
	if m == nil {
		return ""
	}
	return strings.TrimSpace(html.UnescapeString(tags.ReplaceAllString(m[1], " ")))
}

// Words is the body without the request's id, which is random and may spell any
// short word: for tests that look for words that must not be there.
func (p *Page) Words() string {
	return strings.ReplaceAll(p.Body, cmp.Or(p.Header.Get("X-Request-Id"), "\x00"), "")
}

// Text is the page without its tags.
func (p *Page) Text() string {
	return html.UnescapeString(strings.Join(strings.Fields(tags.ReplaceAllString(p.Body, " ")), " "))
}

// Want fails the test unless a form worked and led to a path.
func (p *Page) Want(t testing.TB, to string) *Page {
	t.Helper()
	if !p.Went(to) {
		t.Fatalf("led to %q with %d instead of %q; alert: %q", p.Location, p.Status, to, p.Alert())
	}
	return p
}

// WantHeld fails the test unless a form is held up by a step-up, which leads
// back to a path.
func (p *Page) WantHeld(t testing.TB, back string) *Page {
	t.Helper()
	if u, err := url.Parse(p.Location); err != nil || u.Path != "/confirm" || u.Query().Get("held") == "" || u.Query().Get("next") != back {
		t.Fatalf("led to %q with %d instead of a step-up; alert: %q", p.Location, p.Status, p.Alert())
	}
	return p
}

// WantStatus fails the test unless the status is one.
func (p *Page) WantStatus(t testing.TB, status int) *Page {
	t.Helper()
	if p.Status != status {
		t.Fatalf("status %d instead of %d (to %q); alert: %q", p.Status, status, p.Location, p.Alert())
	}
	return p
}

var (
	formOf      = regexp.MustCompile(`(?s)<form[^>]*action="([^"]*)"[^>]*>(.*?)</form>`)
	hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
)

// Hidden are the hidden fields of the form that is sent to a path.
func (p *Page) Hidden(action string) map[string]string {
	fields := map[string]string{}
	for _, form := range formOf.FindAllStringSubmatch(p.Body, -1) {
		if form[1] != action {
			continue
		}
		for _, m := range hiddenField.FindAllStringSubmatch(form[2], -1) {
			fields[m[1]] = html.UnescapeString(m[2])
		}
	}
	return fields
}

// resolve is the path of an address of the site; others stay as they are. A path
// outside of the one under which the site lives comes back with a mark, so that
// nobody takes it for one of the site's.
func resolve(base, ref string) string {
	if home, _ := url.Parse(base); home.Path != "" && strings.HasPrefix(ref, "/") {
		if rest, inside := strings.CutPrefix(ref, home.Path+"/"); inside {
			return "/" + rest
		}
		return "outside:" + ref
	}
	u, err := url.Parse(ref)
	if err != nil || u.IsAbs() && !strings.HasPrefix(ref, base) {
		return ref
	}
	return strings.TrimPrefix(ref, base)
}
