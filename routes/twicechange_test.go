package routes_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// What one does about one's own account, sent twice, leads to one place and is
// recorded once.
func TestChangeSentTwiceIsOneChange(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := s.Browser().SignInTOTP(ada, e.secret)
		other := s.Browser().SignInTOTP(ada, e.secret)
		theirs, err := s.Login.Peek(t.Context(), other.Cookie("nightlatch_session"))
		if err != nil || theirs == nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			path, event, to string
			pairs           []string
		}{
			{"/profile/sessions/" + theirs.Session.ID + "/end", "session.ended", "/profile?said=session-ended", nil},
			{"/profile/factors/" + b.Factor("Email") + "/remove", "factor.removed", "/profile?said=factor-removed", nil},
			{"/profile/factors/recovery", "recovery.made", "/profile/factors/recovery?new=1", nil},
			{"/profile/name", "name.changed", "/profile?said=name", []string{"name", "Ada"}},
			{"/profile/password", "password.changed", "/profile?said=password", []string{"current", sitetest.Password, "password", newPassword}},
			{"/profile/factors/disable", "two-factor.off", "/profile?said=two-factor-off", nil},
		} {
			count := func() (n int) {
				for _, k := range s.Events(ada) {
					if k == x.event {
						n++
					}
				}
				return n
			}
			before := count()
			first, second := double(t, b, false, x.path, x.pairs...)
			same(t, x.to, first, second)
			if n := count() - before; n != 1 {
				t.Errorf("%s is recorded %d times", x.event, n)
			}
			b.Get("/profile").WantStatus(t, 200)
		}
		if slices.Contains(s.Events(ada), "password.failed") {
			t.Error("the second click counted a wrong password")
		}
	})
}

// A new intention is no repeat: once the page was seen, the same form acts anew.
func TestSameFormAfterItsPageActsAgain(t *testing.T) {
	s := sitetest.New(t)
	e := equip(s, ada)
	b := s.Browser().SignInTOTP(ada, e.secret)
	b.Post("/profile/factors/recovery").Want(t, "/profile/factors/recovery?new=1")
	one := b.RecoveryCodes()
	b.Post("/profile/factors/recovery").Want(t, "/profile/factors/recovery?new=1")
	if two := b.RecoveryCodes(); one[0] == two[0] {
		t.Error("the second set is the first")
	}
}

func TestCodeAskedForTwiceIsOneMail(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		equip(s, ada)
		b := pend(s, ada)
		_, second := double(t, b, false, "/login/challenge/email/code")
		if second.WantStatus(t, http.StatusTooManyRequests); !strings.Contains(second.Alert(), "was sent a moment ago") || !strings.Contains(second.Body, `name="code"`) {
			t.Errorf("it says %q", second.Alert())
		}
		if n := len(s.Mails()); n != 1 {
			t.Errorf("%d mails", n)
		}
	})
}

func TestLeavingTwice(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		first, second := double(t, pend(s, ada), false, "/login/cancel", "next", "/profile/activity")
		same(t, "/login?next=%2Fprofile%2Factivity", first, second)
		first, second = double(t, s.Browser().SignInTOTP(ada, e.secret), true, "/logout")
		same(t, "/login?said=signed-out", first, second)
	})
}

// What is kept for a repeat is sealed, and is gone once its browser moved on.
func TestKeptAnswerIsSealedAndWiped(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		b := pend(s, ada)
		b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		n, shut, err := s.Store.CheckSealed(t.Context())
		if err != nil || len(shut) > 0 {
			t.Fatal(shut, err)
		}
		if strings.Contains(s.Stored(), b.Cookie("nightlatch_session")) {
			t.Error("the session's token is kept readable")
		}
		b.Get("/profile").WantStatus(t, 200)
		if left, _, err := s.Store.CheckSealed(t.Context()); err != nil || left != n-1 {
			t.Errorf("%d sealed values, then %d, %v", n, left, err)
		}
	})
}
