package routes_test

import (
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// most is what something may cost in the database at most.
type most struct{ statements, trips, kept, parsed int }

// What a whole sign-in costs in the database: sign-in page, password, second
// step, code and profile. Whoever makes it cheaper lowers the bound; -v shows what
// is asked.
func TestWhatASignInCostsInTheDatabase(t *testing.T) {
	t.Parallel()
	bounds := map[string]map[string]most{
		"sqlite":   {"new browser": {34, 52, 2, 5}, "known browser": {34, 52, 2, 5}},
		"postgres": {"new browser": {30, 22, 2, 22}, "known browser": {30, 22, 2, 22}},
	}
	for _, db := range pgtest.Databases() {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			meter := &sitetest.Meter{}
			s := sitetest.New(t, sitetest.On(t, db), func(c *sitetest.Config) { c.Meter = meter })
			s.Store.LeaveChaining() // as a process that serves does, to its worker
			s.User("ada", identity.Member)
			secret := s.Browser().SignIn("ada").EnrollTOTP()
			for _, bound := range []string{"warm", "new browser", "known browser"} {
				x := s.Browser()
				if bound == "known browser" {
					x.SetCookie("nightlatch_known", known(s, secret))
				}
				got := signIn(t, x, secret, meter)
				if want, ok := bounds[db][bound]; ok {
					check(t, bound, got, want)
				}
			}
			s.User("eve", identity.Member)
			s.Browser().SignIn("eve")
			if m, err := s.Store.Rebuild(t.Context()); err != nil || m.Accounts+m.Totals > 0 {
				t.Errorf("the directory had %d wrong rows and %d wrong totals: %v", m.Accounts, m.Totals, err)
			}
		})
	}
}

// known signs in and gives the cookie of a browser that did so before.
func known(s *sitetest.Site, secret []byte) string {
	return s.Browser().SignInTOTP("ada", secret).Cookie("nightlatch_known")
}

// signIn takes every step of a sign-in and says what each cost.
func signIn(t *testing.T, x *sitetest.Browser, secret []byte, meter *sitetest.Meter) (all sitetest.Bill) {
	t.Helper()
	x.Advance(30e9)
	meter.Take()
	step := func(name string, page *sitetest.Page, want string) {
		t.Helper()
		if page.Location != want {
			t.Fatalf("%s leads to %q, %d", name, page.Location, page.Status)
		}
		b := meter.Take()
		t.Logf("%s: %d statements, %d round trips, %d parsed, %d kept", name, b.Statements(), b.Trips(), len(b.Parsed), b.Kept)
		for _, text := range b.Texts {
			t.Logf("    %s", text)
		}
		for _, text := range b.Parsed {
			t.Logf("    parsed: %s", text)
		}
		all = all.With(b)
	}
	step("sign-in page", x.Get("/login"), "")
	step("password", x.Password("ada"), "/login/challenge")
	step("second step", x.Get("/login/challenge"), "")
	step("code", x.Post("/login/challenge/totp", "code", x.Code(secret)), "/profile")
	step("profile", x.Get("/profile"), "")
	return all
}

// check compares what something cost with what it may cost.
func check(t *testing.T, what string, got sitetest.Bill, want most) {
	t.Helper()
	for _, x := range []struct {
		of         string
		got, bound int
	}{
		{"statements", got.Statements(), want.statements}, {"round trips", got.Trips(), want.trips},
		{"transactions that wait for the disk", got.Kept, want.kept}, {"statements to parse", len(got.Parsed), want.parsed},
	} {
		t.Logf("%s: %d %s", what, x.got, x.of)
		if x.got > x.bound {
			t.Errorf("a sign-in in a %s costs %d %s instead of at most %d", what, x.got, x.of, x.bound)
		}
	}
}
