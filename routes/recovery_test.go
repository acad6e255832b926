package routes_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// sheetOwner is a signed-in person with an app and the recovery codes that
// came with it.
func sheetOwner(t *testing.T, s *sitetest.Site) (b *sitetest.Browser, secret []byte, codes []string) {
	t.Helper()
	s.User("ada@example.com", identity.Member)
	b = s.Browser().SignIn("ada@example.com")
	secret = b.EnrollTOTP()
	codes = b.RecoveryCodes()
	s.Mails()
	return b, secret, codes
}

// spend signs in with a recovery code.
func spend(t *testing.T, s *sitetest.Site, code string) *sitetest.Page {
	t.Helper()
	return pendingOf(t, s, "ada@example.com").Post("/login/challenge/recovery", "code", code)
}

// left checks how many codes the account has, in the account and on the page.
func left(t *testing.T, s *sitetest.Site, n int) {
	t.Helper()
	if a := s.Account("ada@example.com"); a.RecoveryLeft != n {
		t.Errorf("%d codes left instead of %d", a.RecoveryLeft, n)
	}
}

// mailAbout is the one new mail whose subject has these words.
func mailAbout(t *testing.T, s *sitetest.Site, words string) (found sitetest.Letter) {
	t.Helper()
	n := 0
	for _, l := range s.Mails() {
		if strings.Contains(l.Subject, words) {
			found = l
			n++
		}
	}
	if n != 1 {
		t.Fatalf("%d mails about %q", n, words)
	}
	return found
}

// Ten different codes are created with the first factor and shown;
// none without another factor.
func TestRecoveryCodesComeWithTheFirstFactor(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada@example.com", identity.Member)
		b := s.Browser().SignIn("ada@example.com")
		b.Post("/profile/factors/recovery").WantStatus(t, 422)
		b.Get("/profile/factors/recovery").WantStatus(t, 404)
		b.Get("/profile/factors/recovery.txt").WantStatus(t, 404)
		b.Post("/profile/factors/recovery/check", "code", "0000-0000-0000-0000")
		left(t, s, 0)
		b.Post("/profile/factors/totp").Want(t, "/profile/factors/totp")
		b.Post("/profile/factors/totp/confirm", "code", b.Code(b.PendingSecret())).Want(t, "/profile/factors/recovery?new=1")
		left(t, s, 10)
		page, codes := b.Get("/profile/factors/recovery?new=1").WantStatus(t, 200), b.RecoveryCodes()
		if !strings.Contains(page.Text(), "Save your recovery codes") {
			t.Error("nobody says to keep them")
		}
		slices.Sort(codes)
		if len(slices.Compact(codes)) != 10 {
			t.Errorf("%d different codes", len(codes))
		}
		for _, c := range codes {
			if !strings.Contains(page.Body, c) {
				t.Error("a code is not shown")
			}
		}
		b.EnrollEmail("") // a second factor leaves them as they are
		again := b.RecoveryCodes()
		if slices.Sort(again); !slices.Equal(codes, again) {
			t.Error("a second factor changed the codes")
		}
		b.Get("/profile/factors/recovery") // nor does looking
		left(t, s, 10)
		b.Post("/profile/factors/disable").Want(t, "/profile?said=two-factor-off")
		b.Get("/profile/factors/recovery.txt").WantStatus(t, 404)
		left(t, s, 0)
	})
}

// An address as the first factor brings them too.
func TestRecoveryCodesComeWithAnAddress(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada@example.com", identity.Member)
		b := s.Browser().SignIn("ada@example.com")
		b.EnrollEmail("")
		if codes := b.RecoveryCodes(); len(codes) != 10 {
			t.Errorf("%d codes", len(codes))
		}
	})
}

// Each code works once, in any order; the others stay, and the count falls by one.
func TestRecoveryCodesWorkOnce(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _, codes := sheetOwner(t, s)
		for used, i := range []int{7, 0, 9, 3} {
			spend(t, s, codes[i]).Want(t, "/profile")
			left(t, s, 9-used)
			spend(t, s, codes[i]).WantStatus(t, 422)
			left(t, s, 9-used)
			if rest := b.RecoveryCodes(); len(rest) != 9-used || slices.Contains(rest, codes[i]) {
				t.Errorf("the file has %d codes", len(rest))
			}
		}
		s.Advance(6 * time.Minute)
		b.Post("/confirm", "kind", "recovery", "code", codes[7]).WantStatus(t, 422) // nor for a step-up
		b.Post("/confirm", "kind", "recovery", "code", codes[5]).Want(t, "/profile")
		left(t, s, 5)
		spend(t, s, codes[5]).WantStatus(t, 422)
		if text := b.Get("/profile").Text(); !strings.Contains(text, "5 of 10 left") {
			t.Error("the profile has another count")
		}
	})
}

// Two codes used at the same time are both spent, and neither comes back.
func TestRecoveryCodesAtTheSameTime(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		_, _, codes := sheetOwner(t, s)
		var browsers []*sitetest.Browser
		for range 8 { // four codes, each twice
			browsers = append(browsers, pendingOf(t, s, "ada@example.com"))
		}
		var wg sync.WaitGroup
		answers := make([]*sitetest.Page, len(browsers))
		for i, b := range browsers {
			wg.Go(func() { answers[i] = b.Post("/login/challenge/recovery", "code", codes[i/2]) })
		}
		wg.Wait()
		for i := 0; i < len(answers); i += 2 {
			one, two := answers[i], answers[i+1]
			if one.Went("/profile") == two.Went("/profile") {
				t.Errorf("code %d: %d to %q and %d to %q", i/2, one.Status, one.Location, two.Status, two.Location)
			}
		}
		left(t, s, 6)
		for _, c := range codes[:4] {
			spend(t, s, c).WantStatus(t, 422)
		}
		spend(t, s, codes[4]).Want(t, "/profile")
		left(t, s, 5)
	}, often)
}

// A new set voids the old one, used or not.
func TestNewSetVoidsTheOld(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _, old := sheetOwner(t, s)
		spend(t, s, old[0]).Want(t, "/profile")
		b.Post("/profile/factors/recovery").Want(t, "/profile/factors/recovery?new=1")
		left(t, s, 10)
		fresh := b.RecoveryCodes()
		for _, c := range old {
			if slices.Contains(fresh, c) {
				t.Error("an old code is in the new set")
			}
			spend(t, s, c).WantStatus(t, 422)
			b.Post("/confirm", "kind", "recovery", "code", c).WantStatus(t, 422)
		}
		left(t, s, 10)
		spend(t, s, fresh[0]).Want(t, "/profile")
	}, often)
}

// Codes are accepted in any case, with or without dashes and spaces; a mistyped one
// is called that and costs no try.
func TestRecoveryCodeAsPeopleTypeIt(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		_, _, codes := sheetOwner(t, s)
		bare := func(c string) string { return strings.ReplaceAll(c, "-", "") }
		for _, typed := range []string{
			strings.ToLower(codes[0]), bare(codes[1]), strings.ToLower(bare(codes[2])), strings.ReplaceAll(codes[3], "-", " "),
			"  " + codes[4] + "\r\n", strings.ReplaceAll(codes[5], "-", "–"), strings.Join(strings.Split(bare(codes[6]), ""), " "),
			strings.NewReplacer("0", "o", "1", "l").Replace(codes[7]), strings.NewReplacer("0", "O", "1", "I").Replace(codes[8]),
		} {
			spend(t, s, typed).Want(t, "/profile")
		}
		last := "2"
		if codes[9][18] == '2' {
			last = "3"
		}
		for range 8 { // more than the limit
			if p := spend(t, s, codes[9][:18]+last).WantStatus(t, 422); !strings.Contains(p.Alert(), "mistyped") {
				t.Fatalf("a mistyped code: %q", p.Alert())
			}
		}
		for _, typed := range []string{codes[9][:18], codes[9] + "0", codes[9] + codes[9]} {
			if p := spend(t, s, typed).WantStatus(t, 422); strings.Contains(p.Alert(), "mistyped") {
				t.Errorf("%q: %q", typed, p.Alert())
			}
		}
		spend(t, s, codes[9]).Want(t, "/profile")
		left(t, s, 0)
	})
}
