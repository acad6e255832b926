package routes_test

import (
	"regexp"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// asks finds the forms that stand behind a question, with the question.
var asks = regexp.MustCompile(`(?s)<details class="form ask">.*?action="([^"]+)".*?<p>(.*?)</p>`)

// What takes something away asks first, and a removal names what remains; it
// is a plain form, so it asks without scripts too.
func TestTakingAwayAsksFirst(t *testing.T) {
	s := sitetest.New(t)
	b, secret := enrolled(t, s)
	trusting(t, s, "ada@example.com", secret, s.Browser())
	trusting(t, s, "ada@example.com", secret, s.Browser())
	s.Browser().SignInTOTP("ada@example.com", secret)
	page := b.Get("/profile").Body
	questions := map[string]string{}
	for _, m := range asks.FindAllStringSubmatch(page, -1) {
		questions[m[1]] = m[2]
	}
	for _, form := range regexp.MustCompile(`action="(/profile/[^"]+/(?:remove|end|end-others|forget|forget-all))"`).FindAllStringSubmatch(page, -1) {
		if questions[form[1]] == "" {
			t.Errorf("%s does not ask first", form[1])
		}
	}
	if len(questions) != 2+1+1+2+1 { // factors, session, others, browsers, all of them
		t.Errorf("%d questions: %v", len(questions), questions)
	}
	if q := questions["/profile/factors/"+b.Factor("Phone")+"/remove"]; !strings.Contains(q, "Email, and 10 recovery codes") {
		t.Errorf("what remains: %q", q)
	}
	b.Post("/profile/factors/"+b.Factor("Email")+"/remove").Want(t, "/profile?said=factor-removed")
	last := asks.FindStringSubmatch(b.Get("/profile").Body)
	if last == nil || !strings.Contains(last[2], "last factor") {
		t.Errorf("the last factor: %v", last)
	}
	kinds := identity.DefaultPolicy(s.Login.Kinds()).Kinds
	if err := s.Accounts.SavePolicy(t.Context(), accounts.Terminal("x"), identity.Policy{Who: identity.Everyone, From: s.Now(), Kinds: kinds}); err != nil {
		t.Fatal(err)
	}
	if last = asks.FindStringSubmatch(b.Get("/profile").Body); last == nil || !strings.Contains(last[2], "factor is required") {
		t.Errorf("a factor that is required: %v", last)
	}
}

// The site's own answers say that they are its own, and its faults that they
// must not replace a page.
func TestAnswersSayWhoseTheyAre(t *testing.T) {
	s := sitetest.New(t)
	for path, status := range map[string]int{"/login": 200, "/nothing": 404, "/confirm": 303} {
		if p := s.Browser().Get(path).WantStatus(t, status); p.Header.Get("X-Nightlatch") != "screen" {
			t.Errorf("%s: %q", path, p.Header.Get("X-Nightlatch"))
		}
	}
	s.User("bob", identity.Member)
	b := s.Browser().SignIn("bob")
	if err := s.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if p := b.Get("/profile"); p.Status < 500 || p.Header.Get("X-Nightlatch") != "fault" {
		t.Errorf("%d %q", p.Status, p.Header.Get("X-Nightlatch"))
	}
}
