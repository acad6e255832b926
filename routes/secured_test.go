package routes_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// secured is an account whose owner said "this was not me". The reset link that
// they were mailed is given back.
func secured(t *testing.T, s *sitetest.Site, name string) (reset string) {
	t.Helper()
	thief := s.Browser()
	thief.Address = "198.51.100.9:1"
	thief.Password(name).Want(t, "/login/challenge")
	thief.Post("/login/challenge/totp", "code", "000000").WantStatus(t, 422)
	s.Browser().Post(letter(t, s, "/secure/").Link()).Want(t, "/login?said=secured")
	return letter(t, s, "/password/reset/").Link()
}

// Whoever locked their account with "this was not me" is a member as before:
// they are shown as locked and not as invited, reminded of the policy, get no
// invite, and are in again with a new password.
func TestWhoLockedTheirAccountStaysAMember(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		own := s.User(ownAddress, identity.Member)
		own.EmailVerified = s.Now()
		s.Change(func(ctx context.Context, tx login.Act) error { return tx.SaveAccount(ctx, own) })
		secret := s.Browser().SignIn(ownAddress).EnrollTOTP()
		s.Advance(31 * time.Second)
		reset := secured(t, s, ownAddress)
		a := s.Account(ownAddress)
		if a.Status() != identity.Locked || a.Password != "" {
			t.Errorf("it is %s", a.Status())
		}
		for filter, listed := range map[string]bool{"status=locked": true, "status=invited": false, "status=active": false, "factor=off": false} {
			if p := boss.Get("/admin/enrollment.csv?" + filter); strings.Contains(p.Body, ownAddress) != listed || listed && !strings.Contains(p.Body, ",locked,") {
				t.Errorf("%s: listed is not %v", filter, listed)
			}
		}
		if _, err := s.Accounts.InviteAgain(t.Context(), accounts.Terminal(""), a.ID); identity.Refused(err) == nil {
			t.Errorf("invited again: %v", err)
		}
		p := identity.Policy{Who: identity.Everyone, From: s.Now().AddDate(0, 0, 6), Kinds: map[identity.Role][]factors.Kind{identity.Member: {factors.KindEmail}, identity.Admin: {factors.KindTOTP}}}
		if err := s.Accounts.SavePolicy(t.Context(), accounts.Terminal(""), p); err != nil {
			t.Fatal(err)
		}
		s.Mails()
		if err := s.Accounts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		reminded := 0
		for _, m := range s.Mails() {
			if m.To == ownAddress {
				reminded++
			}
		}
		if reminded != 1 {
			t.Errorf("%d reminders", reminded)
		}
		s.Browser().Post(reset, "password", newPassword).Want(t, "/login?said=reset")
		if a := s.Account(ownAddress); a.Status() != identity.Active {
			t.Errorf("with a new password it is %s", a.Status())
		}
		s.Advance(time.Minute)
		b := s.Browser()
		b.Post("/login", "login", ownAddress, "password", newPassword).Want(t, "/login/challenge")
		b.Post("/login/challenge/totp", "code", s.Code(secret)).Want(t, "/profile")
	})
}

// An admin who locked their account counts as one who can act, since a reset
// lets them in again; so the other admin may go.
func TestAnAdminWhoLockedTheirAccountCanActAgain(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Admin("boss")
		enrolled(t, s)
		by := accounts.Terminal("test")
		if err := s.Accounts.SetRole(t.Context(), by, s.Account(ownAddress).ID, identity.Admin); err != nil {
			t.Fatal(err)
		}
		secured(t, s, ownAddress)
		if err := s.Accounts.SetRole(t.Context(), by, s.Account("boss").ID, identity.Member); err != nil {
			t.Errorf("the other admin cannot go: %v", err)
		}
		if err := s.Accounts.SetDisabled(t.Context(), by, s.Account(ownAddress).ID, true); identity.Refused(err) == nil {
			t.Errorf("the last admin was disabled: %v", err)
		}
	})
}

// A locked account that is disabled and enabled again is locked as before.
func TestALockedAccountIsEnabledAsLocked(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		enrolled(t, s)
		secured(t, s, ownAddress)
		for _, disabled := range []bool{true, false} {
			if err := s.Accounts.SetDisabled(t.Context(), accounts.Terminal("test"), s.Account(ownAddress).ID, disabled); err != nil {
				t.Fatal(err)
			}
			want := map[bool]identity.Status{true: identity.Disabled, false: identity.Locked}[disabled]
			if got := s.Account(ownAddress).Status(); got != want {
				t.Errorf("it is %s instead of %s", got, want)
			}
		}
	})
}
