package routes_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// population makes n accounts in every state there is.
func population(t *testing.T, s *sitetest.Site, n int) {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("p%03d@example.com", i)
		role := []identity.Role{identity.Member, identity.Member, identity.Admin}[i%3]
		a := s.User(name, role)
		err := sitetest.Change(s.Store, s.Now(), func(_ context.Context, tx login.Act) error {
			a, err := tx.LockAccount(t.Context(), a.ID)
			if err != nil {
				return err
			}
			for k, every := range map[factors.Kind]int{factors.KindTOTP: 2, factors.KindEmail: 5, factors.KindRecovery: 4} {
				if i%every == 0 {
					if err := tx.InsertCredentials(t.Context(), factors.Credential{ID: identity.NewID(), AccountID: a.ID, Kind: k}); err != nil {
						return err
					}
				}
			}
			if i%7 == 0 {
				a.Disabled = s.Now()
			}
			if i%8 == 0 {
				a.Password, a.Standing = "", []identity.Status{identity.Invited, identity.Locked}[i/8%2]
			}
			if i%9 > 0 {
				a.LastLogin = s.Now().Add(-time.Duration(i%17) * time.Hour)
			}
			a.Created = s.Now().Add(-time.Duration(i%13) * time.Hour)
			if i%10 == 0 {
				if err := tx.SaveThrottle(t.Context(), login.Throttle{Key: login.Counter{What: login.CountFactor, Account: a.ID, Kind: factors.KindTOTP}, Fails: 50, Off: s.Now()}); err != nil {
					return err
				}
			}
			return tx.SaveAccount(t.Context(), a)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

var foundText = regexp.MustCompile(`([\d,]+) accounts?\b`)

var rowLogin = regexp.MustCompile(`<a href="/admin/users/[A-Z0-9]+"><strong>([^<]+)</strong>`)

var moreLink = regexp.MustCompile(`<a class="button outline" href="([^"]+)"[^>]*>Next page</a>`)

// listed follows a list to its end.
func listed(t *testing.T, b *sitetest.Browser, path string) (all []string, found string) {
	t.Helper()
	for path != "" {
		p := b.Get(path).WantStatus(t, http.StatusOK)
		section := p.Body[strings.Index(p.Body, `class="found"`):]
		if m := foundText.FindStringSubmatch(section); m != nil {
			found = m[1]
		}
		for _, m := range rowLogin.FindAllStringSubmatch(section, -1) {
			all = append(all, m[1])
		}
		m := moreLink.FindStringSubmatch(section)
		if path = ""; m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
	}
	return all, found
}

// Every filter, sort and page of the list, its count, the
// totals and the file agree with what the accounts themselves say.
func TestListAgrees(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		population(t, s, 130)
		var everyone []identity.Account
		if err := s.Accounts.Each(t.Context(), directory.Filter{}, func(a identity.Account) error {
			everyone = append(everyone, a)
			return nil
		}); err != nil || len(everyone) != 131 {
			t.Fatalf("%d accounts: %v", len(everyone), err)
		}
		status := func(want identity.Status) func(identity.Account) bool {
			return func(a identity.Account) bool {
				got := a.Status()
				if got == "active" && len(a.Off) > 0 {
					got = "locked"
				}
				return got == want
			}
		}
		for query, keeps := range map[string]func(identity.Account) bool{
			"status=active": status("active"), "status=invited": status("invited"), "status=disabled": status("disabled"), "status=locked": status("locked"),
			"status=enrolled":  identity.Account.HasFactor,
			"status=missing":   func(a identity.Account) bool { return !a.HasFactor() },
			"status=never":     func(a identity.Account) bool { return a.LastLogin.IsZero() },
			"factor=totp":      func(a identity.Account) bool { return a.Has("totp") },
			"factor=email":     func(a identity.Account) bool { return a.Has("email") },
			"factor=none":      func(a identity.Account) bool { return !a.HasFactor() },
			"factor=recovery":  func(a identity.Account) bool { return a.RecoveryLeft > 0 },
			"factor=emailonly": func(a identity.Account) bool { return a.Has("email") && !a.Has("totp") },
			"factor=off": func(a identity.Account) bool {
				return len(a.Off) > 0 && (a.Status() == "active" || a.Status() == "locked")
			},
			"factor=low":      func(a identity.Account) bool { return a.HasFactor() && a.RecoveryLeft <= 3 },
			"role=admin":      func(a identity.Account) bool { return a.Role == identity.Admin },
			"role=user&q=P01": func(a identity.Account) bool { return a.Role == identity.Member && strings.Contains(a.Login, "p01") },
			"q=1%25":          func(identity.Account) bool { return false },
			"q=7@ex&status=active": func(a identity.Account) bool {
				return strings.Contains(a.Login, "7@ex") && status("active")(a)
			},
			"factor=totp&status=active&role=user": func(a identity.Account) bool {
				return a.Has("totp") && status("active")(a) && a.Role == identity.Member
			},
			"status=nonsense&factor=nonsense&role=nonsense&sort=nonsense": func(identity.Account) bool { return true },
		} {
			var want []string
			for _, a := range everyone {
				if keeps(a) {
					want = append(want, a.Login)
				}
			}
			for _, sort := range []string{"", "-login", "created", "-created", "last", "-last"} {
				got, found := listed(t, boss, "/admin?"+query+"&sort="+sort)
				if found != fmt.Sprint(len(want)) {
					t.Errorf("%s: %s found, not %d", query, found, len(want))
				}
				if slices.Sort(got); !slices.Equal(got, want) {
					t.Fatalf("%s sorted by %q lists %d, not %d", query, sort, len(got), len(want))
				}
			}
			file := boss.Get("/admin/enrollment.csv?"+query).WantStatus(t, http.StatusOK)
			rows, err := csv.NewReader(strings.NewReader(file.Body)).ReadAll()
			if err != nil || len(rows)-1 != len(want) {
				t.Errorf("%s: the file has %d rows, not %d: %v", query, len(rows)-1, len(want), err)
			}
		}
		totals, err := s.Accounts.Totals(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		page := boss.Get("/admin")
		for _, total := range totals {
			if !strings.Contains(page.Text(), fmt.Sprintf("%s %d", total.Label, total.N)) {
				t.Errorf("the page does not show %s %d", total.Label, total.N)
			}
			q := url.Values{"status": {total.Filter.Status}, "factor": {string(total.Filter.Factor)}}
			if got, found := listed(t, boss, "/admin?"+q.Encode()); found != fmt.Sprint(total.N) || len(got) != total.N {
				t.Errorf("%s: %d at the top, %s found, %d listed", total.Label, total.N, found, len(got))
			}
		}
	})
}

// The list is in the order that it says.
func TestListOrder(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		population(t, s, 60)
		value := map[string]func(identity.Account) string{
			"": func(a identity.Account) string { return a.Key }, "created": func(a identity.Account) string { return a.Created.Format(time.RFC3339Nano) },
			"last": func(a identity.Account) string { return a.LastLogin.Format(time.RFC3339Nano) },
		}
		for sort, of := range value {
			for _, down := range []bool{false, true} {
				name := sort
				if down {
					name = "-" + sort
					if sort == "" {
						name = "-login"
					}
				}
				all, _ := listed(t, boss, "/admin?sort="+name)
				var values []string
				for _, x := range all {
					values = append(values, of(s.Account(x)))
				}
				if down {
					slices.Reverse(values)
				}
				if len(all) != 61 || !slices.IsSorted(values) {
					t.Errorf("sort=%s gives %d, in another order", name, len(all))
				}
			}
		}
		boss.Get("/admin?sort=-last&after="+url.QueryEscape("x'),y")).WantStatus(t, http.StatusOK)
		boss.Get("/admin?after="+url.QueryEscape("' OR 1=1 --")).WantStatus(t, http.StatusOK)
	})
}
