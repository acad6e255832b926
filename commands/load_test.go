package commands_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"nightlatch.example/nightlatch/internal/pgtest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/driver/sqliteshim"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/password"
	"nightlatch.example/nightlatch/store"
)

// address is the database that a server in dir uses.
func address(dir string, env []string) string {
	for _, e := range env {
		if url, ok := strings.CutPrefix(e, "NIGHTLATCH_DATABASE="); ok {
			return url
		}
	}
	return "sqlite:" + filepath.Join(dir, "data", "nightlatch.db")
}

// open opens the database beside the server, as another process would.
func open(t testing.TB, dir string, env []string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), address(dir, env))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.OpenKeys(filepath.Join(dir, "data", "keys.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	s.UseKeys(keys)
	return s
}

// raw opens it for statements of our own.
func raw(t testing.TB, dir string, env []string) *bun.DB {
	t.Helper()
	url := address(dir, env)
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		pool, err := sql.Open(sqliteshim.ShimName, "file:"+path+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		return bun.NewDB(pool, sqlitedialect.New())
	}
	return bun.NewDB(pgtest.Connect(t, url), pgdialect.New())
}

// person is a seeded account; its password is sitetest.Password.
type person struct {
	id, login string
	secret    []byte // of its authenticator app; nil for none
}

// realHash is the hash of sitetest.Password at its real cost, made once.
var realHash = sync.OnceValues(func() (string, error) {
	return password.NewHasher(password.DefaultCost, 0, 0).Hash(sitetest.Password)
})

// seed makes n accounts at the real cost of a password.
func seed(t testing.TB, dir string, env []string, prefix string, n int, withApp bool) []person {
	t.Helper()
	must(t, dir, env, "", "migrate", "up")
	s := open(t, dir, env)
	defer s.Close()
	hash, err := realHash()
	if err != nil {
		t.Fatal(err)
	}
	people := make([]person, n)
	err = sitetest.Change(s, time.Now(), func(ctx context.Context, tx login.Act) error {
		for i := range people {
			p := person{id: identity.NewID(), login: fmt.Sprintf("%s%d", prefix, i)}
			err := tx.InsertAccount(ctx, identity.Account{ID: p.id, Login: p.login, Key: p.login, Role: identity.Member,
				Origin: "cli", Standing: identity.Active, Password: identity.Hidden(hash), Created: time.Now()})
			if err != nil {
				return err
			}
			if people[i] = p; !withApp {
				continue
			}
			people[i].secret = []byte(fmt.Sprintf("%-20s", p.login))
			err = tx.InsertCredentials(ctx, factors.Credential{ID: identity.NewID(), AccountID: p.id, Kind: factors.KindTOTP,
				Name: "Phone", Secret: people[i].secret, Created: time.Now()})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return people
}

// Sixty-four people sign in at once with password and app, at the real cost of
// a password, while another process writes: each ends at level 2.
func TestSixtyFourLoginsAtOnce(t *testing.T) {
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			people := seed(t, dir, env, "ada", 64, true)
			s := start(t, dir, env)
			var all sync.WaitGroup
			for _, p := range people {
				all.Go(func() {
					v := s.visitor()
					steps := []page{v.password(p.login), v.get("/login/challenge"), v.post("/login/challenge/totp", "code", code(p.secret, 0)),
						v.get("/profile"), v.get("/verify?level=2")}
					for i, want := range []int{http.StatusSeeOther, http.StatusOK, http.StatusSeeOther, http.StatusOK, http.StatusOK} {
						if steps[i].status != want {
							t.Errorf("%s, step %d: %d", p.login, i+1, steps[i].status)
						}
					}
					if got := steps[4].header; got.Get("Remote-User") != p.login || got.Get("Remote-Level") != "2" {
						t.Errorf("%s is %q at level %q", p.login, got.Get("Remote-User"), got.Get("Remote-Level"))
					}
				})
			}
			all.Go(func() {
				for i := range 5 {
					if r := run(t, dir, env, sitetest.Password, "user", "add", fmt.Sprintf("bob%d", i), "--password-stdin"); r.code != 0 {
						t.Errorf("user add: %+v", r)
					}
				}
			})
			all.Wait()
			for _, line := range s.lines(&s.log) {
				if strings.Contains(line, `"level":"ERROR"`) {
					t.Error(line)
				}
			}
		})
	}
}
