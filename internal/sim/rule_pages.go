package sim

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"nightlatch.example/nightlatch/internal/sitetest"
)

func init() {
	AddRule(Rule{Name: "every page opens", Source: "CONTRACT §3", Every: 7,
		Sentence: "Every page that a signed-in person can reach answers, and without a fault of ours.", Check: pagesOpen})
	AddRule(Rule{Name: "only known words", Source: "CONTRACT §3",
		Sentence: "Every message on a page is a sentence that was written for one.", Check: knownWords})
}

// own and admin pages, beside those that links on them lead to.
var allPages = strings.Fields("/profile /profile/activity /profile/factors /profile/factors/email /login /password/forgot /register /confirm?next=/profile " +
	"/admin /admin?status=required /admin?factor=totp /admin?sort=created /admin?q=a /admin/policy /admin/policy?who=everyone /admin/audit /admin/audit?q=a /admin/mail /admin/import " +
	"/admin/enrollment.csv /admin/audit.csv /admin/adoption.svg /admin/kinds.svg")

var linked = regexp.MustCompile(`href="(/(?:admin|profile)[^"#]*)"`)

// pagesOpen opens a page with the cookies of somebody who is signed in: a known one, or
// one to which a link on the last such page leads.
func pagesOpen(w *World) error {
	if len(w.mendings) > 0 || w.Hit {
		return nil
	}
	var in []*Browser
	for _, p := range w.People {
		for _, b := range p.Browsers {
			if w.in(b) {
				in = append(in, b)
			}
		}
	}
	if len(in) == 0 {
		return nil
	}
	queue := State(w, "pages to open", func() *[]string { return new([]string) })
	at := Pick(w.chance, allPages)
	if len(*queue) > 0 && w.chance.Seldom(2) {
		at, *queue = (*queue)[0], (*queue)[1:]
	}
	b := *Pick(w.chance, in) // whose cookies stay as they are
	b.cookies = maps.Clone(b.cookies)
	p := Pick(w.chance, w.Processes)
	page := w.peek(p, &b, at)
	if page.Status >= 500 || page.Status == 0 {
		return fmt.Errorf("process %d answers %d to %s at %s", p.N, page.Status, b.Name, at)
	}
	for _, m := range linked.FindAllStringSubmatch(page.Body, -1) {
		to := strings.ReplaceAll(m[1], "&amp;", "&")
		if len(*queue) < 20 && !slices.Contains(*queue, to) {
			*queue = append(*queue, to)
		}
	}
	return words(at, page)
}

// knownWords holds what pages said in this step against the catalogue.
func knownWords(w *World) error {
	for _, x := range w.Seen {
		if x.Page != nil {
			if err := words(x.Path, x.Page); err != nil {
				return err
			}
		}
	}
	return nil
}

// words holds the message of a page against the catalogue.
func words(at string, page *sitetest.Page) error {
	said := page.Alert()
	if said == "" {
		return nil
	}
	list, err := catalogue()
	if err == nil && !list.has(said) {
		err = fmt.Errorf("%s says “%s”, which nobody wrote for a page", at, said)
	}
	return err
}
