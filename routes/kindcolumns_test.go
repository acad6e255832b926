package routes_test

import (
	"testing"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// Where a kind is kept, nothing else is: no form that waits, no account, no
// browser. The log goes on saying how a session began.
func TestOnlyKindsAreKeptAsKinds(t *testing.T) {
	t.Parallel()
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		b, secret, _, _ := removing(t, s) // a form waits
		home := s.Browser()
		trusting(t, s, "ada@example.com", secret, home)
		home.Password("ada@example.com").Want(t, "/profile")
		b.Post("/confirm", "kind", "totp", "code", "no code", "next", "/profile") // a failure in a known browser
		pend(s, "ada@example.com").Post("/login/challenge/email/code")
		boss := s.Admin("boss")
		guest := s.User("guest", identity.Member)
		boss.Post("/admin/users/"+guest.ID+"/password", "reason", "forgot it").Want(t, "/admin/users/"+guest.ID+"?said=did-password")

		db := behind(t, s)
		for what, least := range map[string]int{"sessions WHERE trusted AND factor = ''": 1, "notes WHERE topic = 'form'": 1,
			"notes WHERE topic = 'link' AND about <> ''": 1, "counters WHERE kind <> '' AND browser_id <> ''": 1, "ceremonies": 1,
			"events WHERE kind = 'login' AND level = 2 AND detail = 'browser'": 1} {
			n := 0
			if err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+what).Scan(&n); err != nil || n < least {
				t.Errorf("%s: %d, %v", what, n, err)
			}
		}
		rows, err := db.QueryContext(t.Context(), "SELECT kind FROM ceremonies UNION SELECT kind FROM counters WHERE what = 'factor'"+
			" UNION SELECT kind FROM credentials UNION SELECT factor FROM sessions WHERE factor <> ''")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var kind factors.Kind
			if err := rows.Scan(&kind); err != nil || !s.Login.Knows(kind) {
				t.Errorf("%q is kept as a kind, %v", kind, err)
			}
		}
		if rows.Err() != nil {
			t.Error(rows.Err())
		}
	})
}
