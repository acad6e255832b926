package routes_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// SetPolicy puts a policy in force.
func setPolicy(t *testing.T, s *sitetest.Site, p identity.Policy) {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	s.Change(func(ctx context.Context, tx login.Act) error { return tx.SaveSetting(ctx, "policy", string(text)) })
}

// Removing the last factor removes recovery codes and trusted browsers
// with it, and the session is level 1 again.
func TestRemovingTheLastFactor(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		trusted := s.Browser()
		trusting(t, s, "ada@example.com", secret, trusted)
		s.Mails()
		b.Post("/profile/factors/"+b.Factor("Phone")+"/remove").Want(t, "/profile?said=factor-removed")
		if a := s.Account("ada@example.com"); a.RecoveryLeft != 10 {
			t.Fatalf("%d recovery codes while a factor is left", a.RecoveryLeft)
		}
		b.Post("/profile/factors/"+b.Factor("Email")+"/remove").Want(t, "/profile?said=factor-removed")
		if a := s.Account("ada@example.com"); a.HasFactor() || a.RecoveryLeft != 0 || len(mustCredentials(t, s)) != 0 {
			t.Errorf("left: %v, %d codes", a.Kinds, a.RecoveryLeft)
		}
		b.Get("/verify?level=2").WantStatus(t, 403)
		b.Get("/profile").WantStatus(t, 200)
		if n := len(s.Mails()); n != 2 {
			t.Errorf("%d mails to the owner", n)
		}
		trusted.Password("ada@example.com").Want(t, "/profile")
		trusted.Get("/verify?level=2").WantStatus(t, 403)
	})
}

// Under a policy that requires a factor the last that counts stays.
func TestPolicyKeepsTheLastFactor(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _ := enrolled(t, s)
		p := identity.DefaultPolicy(s.Login.Kinds())
		p.Who, p.From = identity.Everyone, s.Now().Add(-time.Hour)
		p.Kinds[identity.Member] = []factors.Kind{factors.KindTOTP}
		setPolicy(t, s, p)
		b.Post("/profile/factors/"+b.Factor("Phone")+"/remove").WantStatus(t, 422)
		b.Factor("Phone")
		b.Post("/profile/factors/disable").WantStatus(t, 422)
		b.Post("/profile/factors/"+b.Factor("Email")+"/remove").Want(t, "/profile?said=factor-removed")
		b.EnrollTOTP() // a second app, also called Phone
		for _, c := range mustCredentials(t, s) {
			if c.Kind == factors.KindTOTP {
				b.Post("/profile/factors/"+c.ID+"/remove").Want(t, "/profile?said=factor-removed")
				return
			}
		}
	})
}

// Two-factor sign-in is switched off in one step.
func TestDisable(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, _ := enrolled(t, s)
		s.Mails()
		if text := b.Get("/profile").Text(); !strings.Contains(text, "Your recovery codes stop working") {
			t.Error("the consequences are not listed")
		}
		b.Post("/profile/factors/disable").Want(t, "/profile?said=two-factor-off")
		if s.Account("ada@example.com").HasFactor() || len(mustCredentials(t, s)) != 0 {
			t.Error("a factor is left")
		}
		if l := s.Mails(); len(l) != 1 || !strings.Contains(strings.ToLower(l[0].Subject), "off") {
			t.Errorf("mails: %+v", l)
		}
		s.Browser().Password("ada@example.com").Want(t, "/profile")
	})
}

// Another account's ids are not found, and nothing changes.
func TestIdsOfOthers(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		ada, secret := enrolled(t, s)
		trusted := s.Browser()
		trusting(t, s, "ada@example.com", secret, trusted)
		s.User("eve", identity.Member)
		eve := s.Browser().SignIn("eve")
		eve.EnrollTOTP()
		id := ada.Factor("Phone")
		sessions, _ := s.Store.Sessions(t.Context(), ada.AccountOf().ID)
		browsers, _ := s.Store.Browsers(t.Context(), ada.AccountOf().ID)
		before := len(mustCredentials(t, s))
		for _, path := range []string{
			"/profile/factors/" + id + "/name", "/profile/factors/" + id + "/preferred", "/profile/factors/" + id + "/remove",
			"/profile/sessions/" + sessions[0].ID + "/end", "/profile/browsers/" + browsers[0].ID + "/forget",
			"/profile/factors/nothing/remove", "/profile/sessions/nothing/end", "/profile/factors/%00/remove", "/profile/factors/..%2f/remove",
		} {
			p := eve.Post(path, "name", "Eve’s").WantStatus(t, 404)
			if strings.Contains(p.Words(), "ada") {
				t.Errorf("%s leaks", path)
			}
		}
		after, _ := s.Store.Sessions(t.Context(), ada.AccountOf().ID)
		still, _ := s.Store.Browsers(t.Context(), ada.AccountOf().ID)
		if len(mustCredentials(t, s)) != before || len(after) != len(sessions) || len(still) != 1 || ada.Factor("Phone") != id {
			t.Error("something of Ada’s changed")
		}
	})
}

// Sessions are listed; ending one works on its next request.
func TestSessions(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		b.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		other := s.Browser()
		other.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36")
		other.Address = "198.51.100.9:1"
		other.SignInTOTP("ada@example.com", secret)
		third := s.Browser().SignInTOTP("ada@example.com", secret)
		text := b.Get("/profile").Text()
		if !strings.Contains(text, "Chrome on Windows") || !strings.Contains(text, "198.51.100.9") || !strings.Contains(text, "This one") {
			t.Errorf("the list lacks something: %s", text)
		}
		list, _ := s.Store.Sessions(t.Context(), b.AccountOf().ID)
		for _, x := range list {
			if x.Browser == "Chrome on Windows" {
				b.Post("/profile/sessions/"+x.ID+"/end").Want(t, "/profile?said=session-ended")
			}
		}
		other.Get("/profile").Want(t, "/login?next=%2Fprofile")
		other.Get("/verify").WantStatus(t, 401)
		third.Get("/profile").WantStatus(t, 200)
		b.Post("/profile/sessions/end-others").Want(t, "/profile?said=sessions-ended")
		third.Get("/verify").WantStatus(t, 401)
		b.Get("/verify").WantStatus(t, 200)
	})
}

// Idle and absolute limits hold.
func TestSessionLimits(t *testing.T) {
	s := sitetest.New(t)
	s.User("ada", identity.Member)
	b := s.Browser().SignIn("ada")
	for range 23 { // in use, an hour apart
		s.Advance(time.Hour)
		b.Get("/verify").WantStatus(t, 200)
	}
	s.Advance(time.Hour)
	b.Get("/verify").WantStatus(t, 401)
	b.SignIn("ada")
	s.Advance(2 * time.Hour)
	b.Get("/verify").WantStatus(t, 401)
}

// A code used twice warns the live session, and the warning can be dismissed.
func TestReplayWarnsTheOwner(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		code := b.Code(secret)
		s.Browser().Password("ada@example.com")
		thief := s.Browser()
		thief.Password("ada@example.com").Want(t, "/login/challenge")
		owner := s.Browser()
		owner.Password("ada@example.com").Want(t, "/login/challenge")
		owner.Post("/login/challenge/totp", "code", code).Want(t, "/profile")
		thief.Post("/login/challenge/totp", "code", code).WantStatus(t, 422)
		if a := b.Get("/profile").Alert(); !strings.Contains(a, "second time") {
			t.Errorf("no warning: %q", a)
		}
		b.Post("/profile/warning/dismiss").Want(t, "/profile?said=warning")
		if a := b.Get("/profile").Alert(); a != "" {
			t.Errorf("still warned: %q", a)
		}
		if !strings.Contains(strings.Join(s.Events("ada@example.com"), " "), "factor.replayed") {
			t.Error("nothing in the activity")
		}
	})
}

// A factor can be renamed and preferred, and works whatever its name.
func TestNamesAndPreference(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret := enrolled(t, s)
		id := b.Factor("Phone")
		for _, name := range []string{"❤️ phone", "<b>x</b>", "=1+1", "recovery", strings.Repeat("ü", 60), "  padded  "} {
			b.Post("/profile/factors/"+id+"/name", "name", name).Want(t, "/profile?said=factor-renamed")
		}
		if b.Factor("padded") != id {
			t.Error("not renamed")
		}
		for _, name := range []string{"", "   ", strings.Repeat("x", 61), "a\nb", "a\u202eb"} {
			b.Post("/profile/factors/"+id+"/name", "name", name).WantStatus(t, 422)
		}
		b.Post("/profile/factors/"+b.Factor("Email")+"/preferred").Want(t, "/profile?said=factor-first")
		other := s.Browser()
		other.Password("ada@example.com").Want(t, "/login/challenge")
		if p := other.Get("/login/challenge"); !strings.Contains(p.Body, `action="/login/challenge/email/code"`) {
			t.Error("the preferred one is not open")
		}
		other.Post("/login/challenge/totp", "code", other.Code(secret)).Want(t, "/profile")
	})
}
