package routes_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// audited gives the rows of the audit log, newest first, which must be whole.
func audited(t *testing.T, s *sitetest.Site, kind string) []identity.Event {
	t.Helper()
	page, err := s.Store.AuditPage(t.Context(), accounts.AuditFilter{Kind: kind, Limit: 2000}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := s.Store.VerifyEvents(t.Context(), ""); err != nil || got.Broken != 0 || got.Fault != "" {
		t.Errorf("the log is not whole: %+v, %v", got, err)
	}
	return page.Events
}

// tries adds up how many tries rows tell of.
func tries(events []identity.Event) (n int) {
	for _, e := range events {
		n += max(1, e.Times)
	}
	return n
}

// A stranger who tries a thousand names that nobody has, each from another
// address, adds two rows an hour to the log, and it says how many they were.
func TestAThousandUnknownNamesAreAFewRows(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		before := len(audited(t, s, ""))
		for i := range 1000 {
			if i == 500 {
				s.Advance(time.Hour)
			}
			at := fmt.Sprintf("198.51.%d.%d", i/250, i%250)
			if i%2 == 1 {
				at = fmt.Sprintf("2001:db8:%x::1", i)
			}
			s.Browser().From(at).Post("/login", "login", fmt.Sprintf("nobody%d", i), "password", wrong).WantStatus(t, 422)
		}
		if rows := audited(t, s, "login.failed"); tries(rows) != 1000 {
			t.Errorf("while they are counted %d tries are told of", tries(rows))
		}
		s.Advance(time.Hour)
		if err := s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows := audited(t, s, "login.failed")
		if len(rows) != 4 || tries(rows) != 1000 || len(audited(t, s, "")) > before+5 {
			t.Errorf("%d rows tell of %d tries; %d rows in all", len(rows), tries(rows), len(audited(t, s, "")))
		}
		boss := s.Admin("boss")
		page := boss.Get("/admin/audit?event=login.failed").Text()
		if strings.Count(page, "499 tries since") != 2 || !strings.Contains(page, login.SeveralAddresses) {
			t.Errorf("the admin sees: %s", page)
		}
		if csv := boss.Get("/admin/audit.csv?event=login.failed").Body; strings.Count(csv, "499 tries since") != 2 {
			t.Errorf("the file says: %s", csv)
		}
	})
}

// Tries on an account are told of with their number, from when to when and from
// where, to its owner and to the admins alike: while they are counted, when the
// hour is over, and before whatever its owner does next.
func TestTriesOnAnAccountAreToldOfTruly(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		a := s.User(ada, identity.Member)
		owner := s.Browser().SignIn(ada)
		began := s.Now()
		for i := range 41 {
			s.Browser().From("198.51.100.7").Post("/login", "login", ada, "password", wrong).WantStatus(t, 422)
			if i < 40 {
				s.Advance(time.Minute)
			}
		}
		last := s.Now()
		whole := func(when string, n int) {
			t.Helper()
			rows := audited(t, s, "login.failed")
			if len(rows) != n || tries(rows) != 41 {
				t.Errorf("%s: %d rows tell of %d tries", when, len(rows), tries(rows))
			}
			if until := rows[0].Until; !until.Equal(last) {
				t.Errorf("%s: the last was at %v, not %v", when, until, last)
			}
			lines, _, err := login.Lines(t.Context(), s.Store, a.ID, 0, 50)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range lines {
				if l.Kind == "login.failed" && (l.Times != 41 || !l.Since.Equal(began) || !l.At.Equal(last) || l.Address != "198.51.100.7") {
					t.Errorf("%s: the owner's page says %+v", when, l)
				}
			}
			want := "41 tries since " + began.Format("2 January 2006, 15:04")
			if text := owner.Get("/profile/activity").Text(); !strings.Contains(text, want) {
				t.Errorf("%s: the page does not say %q: %s", when, want, text)
			}
		}
		whole("while they are counted", 1)
		owner.Post("/profile/name", "name", "Ada H").Want(t, "/profile?said=name")
		whole("once the owner did something", 2)
		if all := audited(t, s, ""); all[0].Kind != "name.changed" || all[1].Times != 40 {
			t.Errorf("the log ends with %+v", all[:2])
		}
	}, func(c *sitetest.Config) { c.Login.LockAfter = 1000 })
}

// What the owner's own browser gets wrong stays one row each, and so does a
// single try of a stranger.
func TestAFewTriesStayAsTheyAre(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Member)
		owner := s.Browser().SignIn(ada)
		owner.Post("/logout")
		for range 3 {
			owner.Post("/login", "login", ada, "password", wrong).WantStatus(t, 422)
		}
		for range 2 {
			s.Browser().From("198.51.100.7").Post("/login", "login", ada, "password", wrong).WantStatus(t, 422)
			s.Advance(2 * time.Hour)
		}
		if err := s.Login.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		rows := audited(t, s, "login.failed")
		if len(rows) != 5 || tries(rows) != 5 || rows[0].Times != 0 {
			t.Errorf("%d rows: %+v", len(rows), rows)
		}
	})
}
