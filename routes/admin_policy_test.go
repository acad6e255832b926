package routes_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// inForce puts a policy in force through the page.
func inForce(t *testing.T, boss *sitetest.Browser, pairs ...string) {
	t.Helper()
	boss.Post("/admin/policy", pairs...).Want(t, "/admin/policy?said=policy")
}

// Forced enrollment opens enrollment and sign-out, nothing else.
func TestForcedEnrollment(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		s.User("ada@example.com", identity.Member)
		before := s.Browser().SignIn("ada@example.com") // there before the policy
		inForce(t, boss, "who", "everyone", "from", s.Now().Format("2006-01-02"))
		after := s.Browser()
		after.Password("ada@example.com")
		for name, b := range map[string]*sitetest.Browser{"before": before, "after": after} {
			for _, path := range []string{"/profile", "/profile/activity", "/admin", "/admin/users/x", "/admin/enrollment.csv"} {
				for _, asHTMX := range []bool{false, true} {
					p := b.Do(http.MethodGet, path, nil, asHTMX)
					if !p.Went("/profile/factors") {
						t.Errorf("%s: %s (htmx %v): %d to %q", name, path, asHTMX, p.Status, p.Location)
					}
				}
			}
			for _, path := range []string{"/profile/name", "/profile/password", "/profile/email", "/profile/sessions/end-others", "/profile/browsers/forget-all",
				"/profile/factors/recovery", "/profile/factors/disable", "/email/verify", "/admin/policy", "/admin/users"} {
				if p := b.Post(path, "name", "Mallory", "who", "nobody", "current", sitetest.Password, "password", "something else entirely"); !p.Went("/profile/factors") {
					t.Errorf("%s: %s: %d to %q", name, path, p.Status, p.Location)
				}
			}
			if p := b.Get("/verify"); p.Status != http.StatusForbidden {
				t.Errorf("%s: /verify %d", name, p.Status)
			}
			if p := b.Get("/profile/factors").WantStatus(t, http.StatusOK); !strings.Contains(p.Body, `"/logout"`) {
				t.Errorf("%s: no way out", name)
			}
		}
		before.Post("/logout").Want(t, "/login?said=signed-out")
		after.EnrollTOTP()
		after.Get("/profile").WantStatus(t, http.StatusOK)
		if a := s.Account("ada@example.com"); a.Name != "" {
			t.Error("a refused form was carried out")
		}
	})
}

// By default an emailed code does not count for admins: one who has no other
// is led to enrollment, and its code alone frees nobody.
func TestKindThatDoesNotCount(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		s.User("two@example.com", identity.Admin)
		b := s.Browser().SignIn("two@example.com")
		b.EnrollEmail("")
		b.Get("/admin").WantStatus(t, http.StatusOK)
		inForce(t, boss, "who", "admins")
		if p := b.Get("/admin"); !p.Went("/profile/factors") {
			t.Errorf("%d to %q", p.Status, p.Location)
		}
		b.EnrollTOTP()
		b.Get("/admin").WantStatus(t, http.StatusOK)
		inForce(t, boss, "who", "admins", "admin_kinds", "email", "admin_kinds", "totp")
		boss.Post("/admin/policy", "who", "admins", "admin_kinds", "recovery").WantStatus(t, http.StatusUnprocessableEntity)
		boss.Post("/admin/policy", "who", "dogs").WantStatus(t, http.StatusUnprocessableEntity)
		boss.Post("/admin/policy", "who", "admins", "from", "tomorrow").WantStatus(t, http.StatusUnprocessableEntity)
	})
}

// Switching the policy off does not switch off anybody's challenge.
func TestPolicyOffKeepsTheChallenge(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		s.User("ada@example.com", identity.Member)
		s.Browser().SignIn("ada@example.com").EnrollTOTP()
		inForce(t, boss, "who", "everyone")
		inForce(t, boss, "who", "nobody")
		s.Browser().Password("ada@example.com").Want(t, "/login/challenge")
	})
}

// A preview changes nothing, and counts whom the policy would hit.
func TestPolicyPreview(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Admin("boss")
		for _, name := range []string{"a", "b", "c"} {
			s.User(name, identity.Member)
		}
		s.User("d", identity.Admin)
		s.Browser().SignIn("a")
		s.Advance(91 * 24 * time.Hour)
		boss := s.Admin("boss2")
		for query, want := range map[string]string{
			"who=everyone": "This would affect 4 accounts, 1 of them an admin; 1 has not signed in for 90 days.",
			"who=admins":   "This would affect 1 account, 1 of them an admin; 0 have not signed in for 90 days.",
			"who=nobody":   "This would affect nobody.",
		} {
			if p := boss.Get("/admin/policy?"+query+"&from=2027-05-01").WantStatus(t, http.StatusOK); !strings.Contains(p.Text(), want) {
				t.Errorf("%s: no %q in %s", query, want, p.Text())
			}
		}
		if p, err := s.Login.Policy(t.Context()); err != nil || p.Who != identity.Nobody {
			t.Errorf("the preview is in force: %v %v", p, err)
		}
	})
}

// Reminders go out 14, 7 and 1 days before, once each, to those it is about.
func TestReminders(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss@example.com")
		s.User("ada@example.com", identity.Member)
		s.User("kurt", identity.Member) // has no address
		s.User("gone@example.com", identity.Member)
		boss.Post("/admin/users/"+s.Account("gone@example.com").ID+"/disable", "reason", "x").WantStatus(t, okStatus(boss))
		from := s.Now().Truncate(24*time.Hour).AddDate(0, 0, 20)
		inForce(t, boss, "who", "everyone", "from", from.Format("2006-01-02"))
		s.Mails()
		sent := func() (subjects []string) {
			for range 3 {
				if err := s.Accounts.Sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for _, l := range s.Mails() {
				if l.To != "ada@example.com" {
					t.Errorf("%s got %q", l.To, l.Subject)
				}
				subjects = append(subjects, l.Subject)
			}
			return subjects
		}
		for _, step := range []struct {
			before time.Duration
			want   string
		}{{15 * 24 * time.Hour, ""}, {14 * 24 * time.Hour, "14 days"}, {10 * 24 * time.Hour, ""}, {7 * 24 * time.Hour, "7 days"}, {25 * time.Hour, ""},
			{24 * time.Hour, "1 day"}, {time.Hour, ""}, {-time.Hour, ""}} {
			s.Advance(from.Add(-step.before).Sub(s.Now()))
			got := sent()
			if step.want == "" && len(got) > 0 || step.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], step.want)) {
				t.Errorf("%v before: %q, want %q", step.before, got, step.want)
			}
		}
		f, err := s.Accounts.Funnel(t.Context())
		if err != nil || f.Told != 1 || f.Began != 0 {
			t.Errorf("funnel: %+v %v", f, err)
		}
		ada := s.Browser()
		ada.Password("ada@example.com")
		ada.EnrollTOTP()
		ada.Post("/profile/factors/recovery/saved").Want(t, "/profile")
		if f, err = s.Accounts.Funnel(t.Context()); err != nil || f.Told != 1 || f.Began != 1 || f.Confirmed != 1 || f.Saved != 1 {
			t.Errorf("funnel: %+v %v", f, err)
		}
		cli := accounts.By{Actor: "cli", Name: "the command line", Reason: "lost phone"}
		if _, err := s.Accounts.ResetFactors(t.Context(), cli, s.Account("ada@example.com").ID); err != nil {
			t.Fatal(err)
		}
		if f, err = s.Accounts.Funnel(t.Context()); err != nil || f != (directory.Funnel{}) {
			t.Errorf("the funnel still counts someone whose factors were reset: %+v %v", f, err)
		}
	})
}

// Before the date a banner tells the days that are left.
func TestBanner(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		s.User("ada", identity.Member)
		ada := s.Browser().SignIn("ada")
		inForce(t, boss, "who", "everyone", "from", s.Now().AddDate(0, 0, 5).Format("2006-01-02"))
		if p := ada.Get("/profile").WantStatus(t, http.StatusOK); !strings.Contains(p.Text(), "5 days left") {
			t.Error("no banner")
		}
		if p := boss.Get("/profile"); strings.Contains(p.Text(), "days left") {
			t.Error("a banner for someone who has a factor")
		}
	})
}
