package routes_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// formOf is the form of an account with the tests' password.
func formOf(name, person string) accounts.Form {
	return accounts.Form{Login: name, Name: person, Password: sitetest.Password, Role: identity.Member, Origin: "cli"}
}

var inviteLinks = regexp.MustCompile(`<code>[^<]*(/invite/[A-Z0-9]+)</code>`)

// linksIn are the invite links that a page shows.
func linksIn(p *sitetest.Page) (list []string) {
	for _, m := range inviteLinks.FindAllStringSubmatch(p.Body, -1) {
		list = append(list, m[1])
	}
	return list
}

// count is how many accounts there are.
func count(s *sitetest.Site) int {
	n, err := s.Store.CountAccounts(context.Background())
	if err != nil {
		return -1
	}
	return n
}

// lines is a file of so many logins.
func lines(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "p%d,Person %d\n", i, i)
	}
	return b.String()
}

// interrupted sends an import and does something once it has begun.
func interrupted(t *testing.T, b *sitetest.Browser, text string, then func(hangUp func())) *httptest.ResponseRecorder {
	t.Helper()
	ctx, hangUp := context.WithCancel(context.Background())
	defer hangUp()
	body := url.Values{"do": {"1"}, "csv": {text}}.Encode()
	r := httptest.NewRequest("POST", b.URL+"/admin/import", strings.NewReader(body)).WithContext(ctx)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: b.CookieName("nightlatch_session"), Value: b.Cookie("nightlatch_session")})
	w, done, before := httptest.NewRecorder(), make(chan struct{}), count(b.Site)
	go func() {
		defer close(done)
		for late := time.Now().Add(time.Minute); time.Now().Before(late); time.Sleep(time.Millisecond) {
			if count(b.Site) > before {
				then(hangUp)
				return
			}
		}
	}()
	b.Handler.ServeHTTP(w, r)
	<-done
	return w
}

// An import is carried to its end though the browser hangs up, and the same
// admin's next import of the file gives the links that nobody has used.
func TestImportIsCarriedToItsEnd(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		const n = 60
		boss := s.Admin("boss")
		interrupted(t, boss, lines(n), func(hangUp func()) { hangUp() })
		if got := count(s); got != n+1 {
			t.Fatalf("%d accounts of %d were made", got-1, n)
		}
		if p := s.Admin("other").Post("/admin/import", "csv", lines(n), "do", "1"); len(linksIn(p)) > 0 || strings.Count(p.Body, "is taken") != n {
			t.Errorf("another admin gets %d links", len(linksIn(p)))
		}
		first := linksIn(boss.Post("/admin/import", "csv", lines(n), "do", "1").WantStatus(t, http.StatusOK))
		if len(first) != n || count(s) != n+2 {
			t.Fatalf("%d links, %d accounts", len(first), count(s))
		}
		s.Browser().Post(first[0], "password", sitetest.Password).Want(t, "/login?said=registered")
		second := boss.Post("/admin/import", "csv", lines(n), "do", "1").WantStatus(t, http.StatusOK)
		links := linksIn(second)
		if len(links) != n-1 || strings.Count(second.Body, "is taken") != 1 {
			t.Errorf("%d links after one was used", len(links))
		}
		s.Browser().Get(first[1]).WantStatus(t, http.StatusNotFound)
		s.Browser().Get(links[0]).WantStatus(t, http.StatusOK)
		s.Browser().SignIn("p0")
	})
}

// An import that loses its database says how far it came and when to try again,
// and the next one goes on.
func TestImportStoppedByAFault(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		const n = 300
		boss := s.Admin("boss")
		w := interrupted(t, boss, lines(n), func(func()) { _ = s.Store.Close() })
		page := &sitetest.Page{Body: w.Body.String()}
		if strings.Contains(page.Body, "othing was changed") {
			t.Error("the page promises what it cannot know")
		}
		next := s.Restart()
		shown, made := len(linksIn(page)), count(next)-1
		if made < n { // else the fault came too late
			again := w.Code == http.StatusServiceUnavailable && w.Header().Get("Retry-After") != ""
			closed := w.Code == http.StatusInternalServerError // a store that is closed comes back by no waiting
			if !again && !closed || !strings.Contains(page.Alert(), "Import the same file again") {
				t.Errorf("%d: %q", w.Code, page.Alert())
			}
			if shown > made || shown < made-1 {
				t.Errorf("%d links are shown of %d accounts", shown, made)
			}
		}
		all := linksIn(boss.At(next).Post("/admin/import", "csv", lines(n), "do", "1").WantStatus(t, http.StatusOK))
		if len(all) != n || count(next) != n+1 {
			t.Errorf("%d links, %d accounts", len(all), count(next))
		}
	})
}

// An import takes addresses, with a heading in any order, and sends each invite
// once; our own sheet is read back.
func TestImportTakesAddresses(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		const file = "name,email,login\n\"Byron;' =Ada\",ada@example.com,ada\nX,not one,xx\nY,y@example.com,z@example.com\n"
		p := boss.Post("/admin/import", "csv", file, "do", "1").WantStatus(t, http.StatusOK)
		if a := s.Account("ada"); a.Email != "ada@example.com" || !a.EmailVerified.IsZero() || a.Name != "Byron; =Ada" {
			t.Errorf("ada is %+v", a)
		}
		if count(s) != 2 || len(linksIn(p)) > 0 {
			t.Errorf("%d accounts, %d links", count(s), len(linksIn(p)))
		}
		boss.Post("/admin/import", "csv", file, "do", "1").WantStatus(t, http.StatusOK)
		mails := s.Mails()
		if len(mails) != 1 || mails[0].To != "ada@example.com" {
			t.Fatalf("%d mails", len(mails))
		}
		s.Browser().Post(mails[0].Link(), "password", sitetest.Password).Want(t, "/login?said=registered")
		if sheet := boss.Get("/admin/enrollment.csv"); !strings.Contains(sheet.Body, "Byron;' =Ada") {
			t.Errorf("the sheet: %s", sheet.Body)
		}
	})
}

// Two imports of one file at once, as by a double click, leave every account
// with one link that works.
func TestImportsAtTheSameTime(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		boss := s.Admin("boss")
		const n = 40
		pages := sitetest.AtOnce(2, func(int) *sitetest.Page {
			return boss.Clone().Post("/admin/import", "csv", lines(n), "do", "1")
		})
		good := 0
		for _, p := range pages {
			works := 0
			for _, l := range linksIn(p) {
				if s.Browser().Get(l).Status == http.StatusOK {
					works++
				}
			}
			if works == n {
				good++
			} else if works > 0 {
				t.Errorf("%d links of one page work", works)
			}
		}
		if good != 1 || count(s) != n+1 {
			t.Errorf("%d pages are good, %d accounts", good, count(s))
		}
	})
}
