package routes_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// population makes n accounts in every state there is.
func population(t *testing.T, s *sitetest.Site, n int) {
	t.Helper()
	for i := range n {
		name := fmt.Sprintf("p%03d@example.com", i)
		role := []login.Role{login.Member, login.Member, login.Admin}[i%3]
		a := s.User(name, role)
		err := s.Store.Write(t.Context(), func(tx login.Tx) error {
			a, err := tx.LockAccount(t.Context(), a.ID)
			if err != nil {
				return err
			}
			for k, every := range map[factors.Kind]int{factors.KindTOTP: 2, factors.KindEmail: 5, factors.KindRecovery: 4} {
				if i%every == 0 {
					if err := tx.InsertCredentials(t.Context(), factors.Credential{ID: login.NewID(), AccountID: a.ID, Kind: k}); err != nil {
						return err
					}
				}
			}
			if i%7 == 0 {
				a.Disabled = s.Now()
			}
			if i%8 == 0 {
				a.Password = ""
			}
			if i%9 > 0 {
				a.LastLogin = s.Now().Add(-time.Duration(i%17) * time.Hour)
			}
			a.Created = s.Now().Add(-time.Duration(i%13) * time.Hour)
			if i%10 == 0 {
				if err := tx.SaveThrottle(t.Context(), login.Throttle{Key: "factor:" + a.ID + ":totp", Fails: 50, Off: s.Now()}); err != nil {
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
var moreLink = regexp.MustCompile(`<a class="button outline" href="([^"]+)"[^>]*>More</a>`)

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

// CONFORMANCE 65, 66: every filter, sort and page of the list, its count, the
// totals and the file agree with what the accounts themselves say.
func TestListAgrees(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		population(t, s, 130)
		var everyone []login.Account
		if err := s.Accounts.Each(t.Context(), accounts.Filter{}, func(a login.Account) error {
			everyone = append(everyone, a)
			return nil
		}); err != nil || len(everyone) != 131 {
			t.Fatalf("%d accounts: %v", len(everyone), err)
		}
		status := func(want string) func(login.Account) bool {
			return func(a login.Account) bool {
				got := a.Status()
				if got == "active" && len(a.Off) > 0 {
					got = "locked"
				}
				return got == want
			}
		}
		for query, keeps := range map[string]func(login.Account) bool{
			"status=active": status("active"), "status=invited": status("invited"), "status=disabled": status("disabled"), "status=locked": status("locked"),
			"status=enrolled":  login.Account.HasFactor,
			"status=missing":   func(a login.Account) bool { return !a.HasFactor() },
			"status=never":     func(a login.Account) bool { return a.LastLogin.IsZero() },
			"factor=totp":      func(a login.Account) bool { return a.Has("totp") },
			"factor=email":     func(a login.Account) bool { return a.Has("email") },
			"factor=none":      func(a login.Account) bool { return !a.HasFactor() },
			"factor=recovery":  func(a login.Account) bool { return a.RecoveryLeft > 0 },
			"factor=emailonly": func(a login.Account) bool { return a.Has("email") && !a.Has("totp") },
			"factor=low":       func(a login.Account) bool { return a.HasFactor() && a.RecoveryLeft <= 3 },
			"role=admin":       func(a login.Account) bool { return a.Role == login.Admin },
			"role=user&q=P01":  func(a login.Account) bool { return a.Role == login.Member && strings.Contains(a.Login, "p01") },
			"q=1%25":           func(login.Account) bool { return false },
			"q=7@ex&status=active": func(a login.Account) bool {
				return strings.Contains(a.Login, "7@ex") && status("active")(a)
			},
			"factor=totp&status=active&role=user": func(a login.Account) bool {
				return a.Has("totp") && status("active")(a) && a.Role == login.Member
			},
			"status=nonsense&factor=nonsense&role=nonsense&sort=nonsense": func(login.Account) bool { return true },
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
		value := map[string]func(login.Account) string{
			"": func(a login.Account) string { return a.Key }, "created": func(a login.Account) string { return a.Created.Format(time.RFC3339Nano) },
			"last": func(a login.Account) string { return a.LastLogin.Format(time.RFC3339Nano) },
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

// CONFORMANCE 65: cells cannot start a formula, names cannot break HTML.
func TestNamesAreOnlyText(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		names := []string{"=1+1", "+1", "-1", "@SUM(A1)", "  =cmd", "a,\"b\"", "<script>alert(1)</script>"}
		for i, name := range names {
			_, r, err := s.Accounts.Create(t.Context(), accounts.Form{Login: fmt.Sprintf("=%d", i), Name: name, Role: login.Member, Origin: "cli"}, "", login.Event{Actor: "cli", Reason: name})
			if err != nil || !r.OK() {
				t.Fatal(r, err)
			}
		}
		for _, file := range []string{"/admin/enrollment.csv", "/admin/audit.csv"} {
			p := boss.Get(file).WantStatus(t, http.StatusOK)
			if !strings.HasPrefix(p.Header.Get("Content-Disposition"), "attachment;") || p.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
				t.Errorf("%s: %v", file, p.Header)
			}
			rows, err := csv.NewReader(strings.NewReader(p.Body)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				for _, x := range row {
					if x != "" && strings.ContainsRune("=+-@\t\r", rune(strings.TrimLeft(x, " ")[0])) {
						t.Errorf("%s: %q starts a formula", file, x)
					}
				}
			}
		}
		for _, path := range []string{"/admin", "/admin/audit", "/admin/users/" + s.Account("=6").ID} {
			if p := boss.Get(path); strings.Contains(p.Body, "<script>alert") || !strings.Contains(p.Text(), "<script>alert(1)</script>") {
				t.Errorf("%s shows the name as HTML, or not at all", path)
			}
		}
	})
}

// CONFORMANCE 63: no page of an admin shows a secret, a code or a hash.
func TestAdminSeesNoSecrets(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		a := s.User("ada@example.com", login.Member)
		ada := s.Browser().SignIn("ada@example.com")
		secret := ada.EnrollTOTP()
		codes := ada.RecoveryCodes()
		ada.EnrollEmail("")
		ada.Post("/logout")
		ada.Password("ada@example.com").Want(t, "/login/challenge")
		s.Advance(61e9)
		ada.Post("/login/challenge/email/code")
		code := ""
		pages := append([]string{"/admin/users/" + a.ID, "/admin/audit?user=ada@example.com", "/admin/mail?status=queued"}, adminPages...)
		bodies := map[string]string{}
		for _, path := range pages {
			bodies[path] = boss.Get(path).WantStatus(t, http.StatusOK).Body
		}
		code = s.LastCode("ada@example.com")
		for path, body := range bodies {
			for what, x := range map[string]string{"the secret": factors.GroupSecret(secret), "the plain secret": strings.ReplaceAll(factors.GroupSecret(secret), " ", ""),
				"a recovery code": codes[0], "the mailed code": ">" + code, "a hash": "$argon2"} {
				if strings.Contains(strings.ToUpper(body), strings.ToUpper(x)) {
					t.Errorf("%s shows %s", path, what)
				}
			}
		}
		boss.Post("/admin/users/"+a.ID+"/factors", "code", "123456").WantStatus(t, http.StatusNotFound)
		before := s.Account("ada@example.com").Password // a reset is started with it, and no password chosen
		boss.Post("/admin/users/"+a.ID+"/password", "password", "something else entirely").WantStatus(t, okStatus(boss))
		if s.Account("ada@example.com").Password != before {
			t.Error("an admin chose a password")
		}
		boss.Get("/admin/users/"+strings.Repeat("A", 26)).WantStatus(t, http.StatusNotFound)
	})
}

// CONFORMANCE 66: the totals stay right while many accounts change at once.
func TestTotalsWhileAccountsChange(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.Admin("boss")
		population(t, s, 30)
		by := accounts.Terminal("test")
		var race sync.WaitGroup
		for i := range 30 {
			a := s.Account(fmt.Sprintf("p%03d@example.com", i))
			race.Go(func() {
				for n := range 4 {
					_, err := s.Accounts.SetDisabled(t.Context(), by, a.ID, n%2 == 0)
					_, err2 := s.Accounts.SetRole(t.Context(), by, a.ID, []login.Role{login.Admin, login.Member}[n%2])
					if err != nil || err2 != nil {
						t.Error(err, err2)
					}
				}
			})
		}
		race.Wait()
		want := map[accounts.Bucket]int{}
		if err := s.Accounts.Each(t.Context(), accounts.Filter{}, func(a login.Account) error {
			want[accounts.BucketOf(a)]++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Store.Buckets(t.Context())
		if err != nil || !maps.Equal(got, want) {
			t.Errorf("the totals say %v, the accounts %v: %v", got, want, err)
		}
	})
}

// On a large site a search looks words up; on a small one it looks at all.
func TestSearch(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		for i, name := range []string{"Ada Byron", "Émilie du Châtelet", "byron o'neil", "100% Sure", "under_score"} {
			if _, r, err := s.Accounts.Create(t.Context(), accounts.Form{Login: fmt.Sprintf("user%d@lab%d.example.com", i, i%2), Name: name, Role: login.Member}, "x", login.Event{Actor: "cli"}); err != nil || !r.OK() {
				t.Fatal(r, err)
			}
		}
		n, err := s.Store.Buckets(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for text, want := range map[string]int{"byron": 2, "BYRON": 2, "ada by": 1, "émi": 1, "ÉMILIE": 1, "o'neil": 1, "neil": 1, "user3": 1, "lab1.ex": 2, "100%": 1, "under_": 1,
			"example.com": 5, "%": 1, "_": 1, "'": 1, "nobody": 0, `\`: 0} {
			for _, size := range []int{5, 1_000_000} {
				if size > 5 && strings.ContainsAny(text, `%_'\`) && len(text) == 1 {
					continue // no word begins so
				}
				q := accounts.Query{Text: text, All: true, Size: size, Total: 5, Limit: 50}
				for b := range n {
					q.Buckets = append(q.Buckets, b)
				}
				for _, sort := range []string{"login", "created", "last"} {
					q.Sort, q.After = sort, ""
					var got []string
					for q.Limit = 1; ; {
						page, err := s.Store.Page(t.Context(), q)
						if err != nil {
							t.Fatal(err)
						}
						for _, a := range page.Accounts {
							got = append(got, a.Login)
						}
						if q.After = page.Next; q.After == "" {
							break
						}
					}
					if slices.Sort(got); len(slices.Compact(got)) != want {
						t.Errorf("%q sorted by %s among %d: %v, want %d", text, sort, size, got, want)
					}
				}
			}
		}
	})
}
