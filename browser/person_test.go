// Package browser does in Chromium what people do: the whole job, with scripts
// and without, by mouse and by keyboard, on a desk and on a phone.
package browser

import (
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/chrome"
	"nightlatch.example/nightlatch/internal/sitetest"
)

const ada = "ada@example.com"

// person is someone at a browser in front of a site of their own.
type person struct {
	*chrome.Browser
	t     testing.TB
	site  *sitetest.Site
	seen  func(screen string) // is shown every screen, where pictures are taken
	codes []string            // recovery codes, once they were shown
	key   []byte              // of the authenticator app, read off the QR code
}

// arrive starts a site without any account, and opens a browser.
func arrive(t testing.TB, o chrome.Options) *person {
	t.Helper()
	s := sitetest.New(t, func(c *sitetest.Config) { c.Server = true })
	b := chrome.New(t, o)
	return &person{Browser: b, t: t, site: s}
}

// visit opens a path of the site.
func (p *person) visit(path string) {
	p.t.Helper()
	p.Go(p.site.URL + path)
}

// at holds which page is shown: its path, and what follows where it is given.
func (p *person) at(want string) {
	p.t.Helper()
	got := strings.TrimPrefix(p.URL(), p.site.URL)
	if !strings.Contains(want, "?") {
		got, _, _ = strings.Cut(got, "?")
	}
	if got != want {
		p.t.Fatalf("at %s instead of %s:\n%s", got, want, p.Text("main"))
	}
}

// look holds what is true of every screen: axe-core finds nothing, it is no
// wider than the window, it has one heading of the first order in its main part, and nothing
// turned red in the console. Where pictures are taken it only takes one.
func (p *person) look(screen string) {
	p.t.Helper()
	if p.seen != nil {
		p.seen(screen)
		return
	}
	for _, v := range p.AxeOnce() {
		p.t.Errorf("%s: %s", screen, v)
	}
	if p.HScroll() {
		p.t.Errorf("%s is wider than the window", screen)
	}
	var headings int
	p.Eval(`document.querySelectorAll("main h1").length`, &headings)
	if headings != 1 {
		p.t.Errorf("%s has %d first headings", screen, headings)
	}
	for _, line := range p.ConsoleErrors() {
		p.t.Errorf("%s: the console says: %s", screen, line)
	}
}

// refused holds that the page shows an alert, and that the keyboard is in the
// field that has to be filled in again.
func (p *person) refused(field, words string) {
	p.t.Helper()
	if got := p.Text("[role=alert]"); !strings.Contains(got, words) {
		p.t.Errorf("the alert says %q, not %q", got, words)
	}
	p.WaitFocus(field)
}

// focus is the id, else the words, of the element that has the keyboard.
func (p *person) focus() (name string) {
	p.t.Helper()
	p.Eval(`(e => e ? e.id || e.innerText.trim().slice(0, 40) || e.tagName : "")(document.activeElement)`, &name)
	return name
}

// shows is whether an element can be seen.
func (p *person) shows(sel string) (yes bool) {
	p.t.Helper()
	p.Eval(`(e => !!e && e.checkVisibility())(document.querySelector(`+"`"+sel+"`"+`))`, &yes)
	return yes
}

// same fails when two values differ.
func same[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
