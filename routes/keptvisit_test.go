package routes_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// two are two processes on one database, the second with a meter.
func two(t *testing.T, db string) (a, b *sitetest.Site, meter *sitetest.Meter) {
	t.Helper()
	meter = &sitetest.Meter{}
	folder := t.TempDir()
	a = sitetest.New(t, sitetest.On(t, db), func(c *sitetest.Config) { c.Folder = folder })
	b = sitetest.New(t, func(c *sitetest.Config) { c.Database, c.Folder, c.Meter, c.Now = a.Database, folder, meter, a.Now() })
	return a, b, meter
}

// Whatever changes what a proxy is told holds on the very next question, in a
// process that told it a moment ago and keeps what it read.
func TestAChangeHoldsOnTheNextQuestionInEveryProcess(t *testing.T) {
	t.Parallel()
	type change func(ctx context.Context, tx login.Act, a identity.Account) error
	save := func(edit func(*identity.Account)) change {
		return func(ctx context.Context, tx login.Act, a identity.Account) error {
			edit(&a)
			return tx.SaveAccount(ctx, a)
		}
	}
	changes := map[string]struct {
		do   change
		want string
	}{
		"nothing": {func(context.Context, login.Act, identity.Account) error { return nil }, "200 user 2 "},
		"ended": {func(ctx context.Context, tx login.Act, a identity.Account) error {
			_, err := tx.EndSessions(ctx, a.ID, "")
			return err
		}, "401"},
		"lowered":      {func(ctx context.Context, tx login.Act, a identity.Account) error { return tx.LowerSessions(ctx, a.ID) }, "403"},
		"disabled":     {save(func(a *identity.Account) { a.Disabled = a.Created }), "401"},
		"another role": {save(func(a *identity.Account) { a.Role = identity.Admin }), "200 admin 2 "},
		"another name": {save(func(a *identity.Account) { a.Name = "Ada" }), "200 user 2 Ada"},
		"deleted":      {func(ctx context.Context, tx login.Act, a identity.Account) error { return tx.DeleteAccount(ctx, a.ID) }, "401"},
		"no factor": {func(ctx context.Context, tx login.Act, a identity.Account) error {
			return tx.DeleteCredentials(ctx, a.ID)
		}, "200 user 2 "},
		"forced policy": {func(ctx context.Context, tx login.Act, a identity.Account) error {
			if err := tx.DeleteCredentials(ctx, a.ID); err != nil {
				return err
			}
			return tx.SaveSetting(ctx, "policy", `{"who":"everyone","from":"2026-01-01T00:00:00Z","kinds":{"user":["totp"]}}`)
		}, "403"},
	}
	for _, db := range pgtest.Databases() {
		for name, c := range changes {
			t.Run(db+" "+name, func(t *testing.T) {
				t.Parallel()
				a, b, meter := two(t, db)
				a.User("ada", identity.Member)
				x := a.Browser().SignIn("ada")
				x.EnrollTOTP()
				tell := func() string {
					p := x.At(b).Get("/verify")
					if p.Status != http.StatusOK {
						return strconv.Itoa(p.Status)
					}
					return strings.Join([]string{"200", p.Header.Get("Remote-Role"), p.Header.Get("Remote-Level"), p.Header.Get("Remote-Name")}, " ")
				}
				for range 2 {
					if got := tell(); got != "200 user 2 " {
						t.Fatalf("before: %q", got)
					}
				}
				meter.Take()
				tell()
				if bill := meter.Take(); bill.Statements() != 1 || !strings.Contains(bill.Texts[0], "FROM changes") {
					t.Errorf("a question that was answered a moment ago costs %q", bill.Texts)
				}
				a.Change(func(ctx context.Context, tx login.Act) error { return c.do(ctx, tx, a.Account("ada")) })
				if got := tell(); got != c.want {
					t.Errorf("afterwards: %q instead of %q", got, c.want)
				}
			})
		}
	}
}

// Nobody gets in once they were told that the session has ended, however many ask
// at that moment.
func TestAnEndedSessionIsRefusedAmongManyQuestions(t *testing.T) {
	t.Parallel()
	for _, db := range pgtest.Databases() {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			a, b, _ := two(t, db)
			a.User("ada", identity.Member)
			var token atomic.Pointer[string]
			ask := func(token string) int {
				r := httptest.NewRequest(http.MethodGet, a.Login.Options().URL+"/verify", nil)
				r.AddCookie(&http.Cookie{Name: a.CookieName("nightlatch_session"), Value: token})
				w := httptest.NewRecorder()
				b.Handler.ServeHTTP(w, r)
				return w.Code
			}
			none := ""
			token.Store(&none)
			done := make(chan struct{})
			var asking sync.WaitGroup
			for range 4 {
				asking.Go(func() {
					for {
						select {
						case <-done:
							return
						default:
							ask(*token.Load())
						}
					}
				})
			}
			for range 15 {
				x := a.Browser().SignIn("ada")
				mine := x.Cookie("nightlatch_session")
				token.Store(&mine)
				for range 3 {
					if code := ask(mine); code != http.StatusOK {
						t.Errorf("signed in, and told %d", code)
					}
				}
				if p := x.Post("/logout"); p.Status != http.StatusSeeOther {
					t.Errorf("%d", p.Status)
				}
				if code := ask(mine); code != http.StatusUnauthorized {
					t.Errorf("signed out, and told %d", code)
				}
			}
			close(done)
			asking.Wait()
		})
	}
}

// When the connections are cut, nothing that was kept is believed before the
// database has answered.
func TestWithoutTheDatabaseNothingKeptIsBelieved(t *testing.T) {
	t.Parallel()
	a, b, _ := two(t, "sqlite")
	a.User("ada", identity.Member)
	x := a.Browser().SignIn("ada")
	for range 2 {
		if p := x.At(b).Get("/verify"); p.Status != http.StatusOK {
			t.Fatalf("%d", p.Status)
		}
	}
	if err := b.Store.Close(); err != nil {
		t.Fatal(err)
	}
	if p := x.At(b).Get("/verify"); p.Status == http.StatusOK {
		t.Error("it was answered without the database")
	}
}

// On PostgreSQL a cut connection has the database asked again, and no session
// outlives its end by it.
func TestCutConnectionsHideNoEnd(t *testing.T) {
	t.Parallel()
	for _, db := range pgtest.Databases() {
		if db != "postgres" {
			continue
		}
		a, b, _ := two(t, db)
		var ids []string
		var all []*sitetest.Browser
		for _, name := range []string{"ada", "bob", "eve"} {
			ids = append(ids, a.User(name, identity.Member).ID)
			all = append(all, a.Browser().SignIn(name))
		}
		cut := func() {
			conn := pgtest.Connect(t, a.Database)
			defer conn.Close()
			if _, err := conn.ExecContext(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"); err != nil {
				t.Fatal(err)
			}
		}
		// until repeats what a cut connection may have cost its answer.
		until := func(want int, ask func() *sitetest.Page) {
			t.Helper()
			for range 50 {
				switch p := ask(); p.Status {
				case want:
					return
				case http.StatusServiceUnavailable:
				default:
					t.Fatalf("%d instead of %d", p.Status, want)
				}
			}
			t.Fatal("the database does not come back")
		}
		for i, x := range all {
			verify := func() *sitetest.Page { return x.At(b).Get("/verify") }
			until(http.StatusOK, verify)
			cut()
			until(http.StatusOK, verify)
			for n := 0; ; n++ {
				err := sitetest.Change(a.Store, a.Now(), func(ctx context.Context, tx login.Act) error { _, err := tx.EndSessions(ctx, ids[i], ""); return err })
				if err == nil {
					break
				}
				if n > 50 {
					t.Fatal(err)
				}
			}
			cut()
			until(http.StatusUnauthorized, verify)
		}
	}
}
