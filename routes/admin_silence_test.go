package routes_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Unticking every kind is refused with a sentence, for users and for admins,
// when looking and when saving; the policy stays as it was.
func TestPolicyWithoutKindsIsRefused(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		page := boss.Get("/admin/policy").Body
		for _, name := range []string{"user_kinds", "admin_kinds"} {
			if !strings.Contains(page, `<input type="hidden" name="`+name+`" value="">`) {
				t.Errorf("the form does not say that nothing of %s is ticked", name)
			}
		}
		for _, unticked := range [][]string{
			{"user_kinds", "", "admin_kinds", ""}, {"user_kinds", "", "admin_kinds", "", "admin_kinds", "totp"},
			{"user_kinds", "", "user_kinds", "email", "admin_kinds", ""},
		} {
			pairs := append([]string{"who", "everyone", "from", "2027-01-01"}, unticked...)
			p := boss.Post("/admin/policy", pairs...).WantStatus(t, http.StatusUnprocessableEntity)
			if !strings.Contains(p.Alert(), "at least one kind") {
				t.Errorf("%v: %q", unticked, p.Alert())
			}
			q := url.Values{}
			for i := 0; i+1 < len(pairs); i += 2 {
				q.Add(pairs[i], pairs[i+1])
			}
			boss.Get("/admin/policy?"+q.Encode()).WantStatus(t, http.StatusUnprocessableEntity)
		}
		if p, err := s.Login.Policy(t.Context()); err != nil || p.Who != identity.Nobody || len(p.Kinds[identity.Member]) != 2 {
			t.Errorf("the policy is %+v, %v", p, err)
		}
		inForce(t, boss, "who", "nobody", "user_kinds", "", "user_kinds", "totp", "admin_kinds", "", "admin_kinds", "totp")
		if p, _ := s.Login.Policy(t.Context()); !slices.Equal(p.Kinds[identity.Member], []factors.Kind{factors.KindTOTP}) {
			t.Errorf("kinds %v", p.Kinds)
		}
	})
}

// The reason of a policy has a field, is kept when the form is refused, and
// stands in the audit log.
func TestPolicyHasAReason(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		if p := boss.Get("/admin/policy?who=admins&from=2027-01-01"); !strings.Contains(p.Body, `name="reason"`) {
			t.Fatal("the form has no field for a reason")
		}
		p := boss.Post("/admin/policy", "who", "admins", "from", "2027-01-01", "reason", strings.Repeat("why ", 60)).WantStatus(t, 422)
		if !strings.Contains(p.Body, "why why why") || !strings.Contains(p.Body, "Apply this policy") {
			t.Error("the refused form lost what was typed")
		}
		inForce(t, boss, "who", "admins", "from", "2027-01-01", "reason", "asked for by the board")
		if text := boss.Get("/admin/audit?event=policy.changed").Text(); !strings.Contains(text, "asked for by the board") {
			t.Error("the audit log does not say why")
		}
	})
}

// Giving somebody the role that they have is no event, and the page says so.
func TestSameRoleIsNoChange(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		s.User("ada@example.com", identity.Member)
		for name, role := range map[string]string{"boss": "admin", "ada@example.com": "user"} {
			p := boss.Post("/admin/users/"+s.Account(name).ID+"/role", "role", role).WantStatus(t, http.StatusUnprocessableEntity)
			if !strings.Contains(p.Alert(), "Nothing was changed.") || slices.Contains(s.Events(name), "role.changed") {
				t.Errorf("%s: %q, %v", name, p.Alert(), s.Events(name))
			}
		}
	})
}
