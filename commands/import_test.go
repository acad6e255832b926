package commands_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/internal/pgtest"
)

// importer signs an admin in who may import at once.
func importer(t *testing.T, dir string, env []string, s *server, name string) *visitor {
	t.Helper()
	newAccount(t, dir, env, name, "--admin")
	v := s.visitor()
	v.password(name).want(t, "/profile")
	v.post("/profile/factors/totp")
	v.post("/profile/factors/totp/confirm", "code", code(v.secret(), 0)).want(t, "/profile/factors/recovery?new=1")
	return v
}

// at is the same browser at another process.
func (v *visitor) at(s *server) *visitor { return &visitor{base: s.url, client: v.client} }

var inviteLink = regexp.MustCompile(`<code>[^<]*(/invite/[A-Z0-9]+)</code>`)

// bring sends a file of so many logins and gives the links that the answer shows.
func (v *visitor) bring(n int) (status int, links []string) {
	var file strings.Builder
	for i := range n {
		fmt.Fprintf(&file, "p%d,Person %d\n", i, i)
	}
	p := v.post("/admin/import", "csv", file.String(), "do", "1")
	for _, m := range inviteLink.FindAllStringSubmatch(p.body, -1) {
		links = append(links, m[1])
	}
	return p.status, links
}

// good counts the links that open.
func (v *visitor) good(links []string) (n int) {
	for _, l := range links {
		if v.get(l).status == http.StatusOK {
			n++
		}
	}
	return n
}

// imported counts the accounts of the file, and their logins.
func imported(t *testing.T, db *bun.DB) (accounts, logins int) {
	t.Helper()
	err := db.NewRaw("SELECT count(*), count(DISTINCT login) FROM accounts WHERE login LIKE 'p%'").Scan(t.Context(), &accounts, &logins)
	if err != nil {
		t.Fatal(err)
	}
	return accounts, logins
}

// An import whose server is killed at any moment, again and again, leaves one
// account for each line in the end, and the last answer has a link for each.
func TestImportKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const n, kills = 150, 4
			dir := t.TempDir()
			s := start(t, dir, env)
			boss := importer(t, dir, env, s, "root")
			db := raw(t, dir, env)
			defer db.Close()
			for round := range kills {
				if round > 0 {
					s = start(t, dir, env)
				}
				before, _ := imported(t, db)
				until := before + 1 + rand.IntN(n/kills)
				var sent sync.WaitGroup
				sent.Go(func() { boss.at(s).bring(n) })
				waitFor(t, func() bool {
					made, _ := imported(t, db)
					return made >= min(until, n)
				})
				s.kill()
				sent.Wait()
				if made, logins := imported(t, db); made != logins {
					t.Fatalf("%d accounts of %d logins", made, logins)
				}
			}
			s = start(t, dir, env)
			status, links := boss.at(s).bring(n)
			made, logins := imported(t, db)
			if status != http.StatusOK || made != n || logins != n || len(links) != n {
				t.Fatalf("%d: %d accounts, %d logins, %d links", status, made, logins, len(links))
			}
			if good := s.visitor().good(links); good != n {
				t.Errorf("%d of %d links open", good, n)
			}
			must(t, dir, env, "", "audit", "verify")
		})
	}
}

// One file sent to two processes at the same moment makes each account once.
// One admin gets, in one answer or the other, a link for every account; of two
// admins nobody's link is voided by the other.
func TestImportsAtTwoProcessesAtOnce(t *testing.T) {
	t.Parallel()
	for _, admins := range []int{1, 2} {
		t.Run(fmt.Sprint(admins), func(t *testing.T) {
			t.Parallel()
			const n = 120
			dir, env := t.TempDir(), []string{"NIGHTLATCH_DATABASE=" + pgtest.DSN(t)}
			first := start(t, dir, env)
			second := start(t, dir, env)
			one := importer(t, dir, env, first, "root")
			two := one.at(second)
			if admins == 2 {
				two = importer(t, dir, env, second, "other")
			}
			var both sync.WaitGroup
			var status [2]int
			var links [2][]string
			both.Go(func() { status[0], links[0] = one.bring(n) })
			both.Go(func() { status[1], links[1] = two.bring(n) })
			both.Wait()
			db := raw(t, dir, env)
			defer db.Close()
			if made, logins := imported(t, db); made != n || logins != n || status != [2]int{200, 200} {
				t.Fatalf("%v: %d accounts of %d logins", status, made, logins)
			}
			a, b := first.visitor().good(links[0]), first.visitor().good(links[1])
			switch {
			case admins == 1 && (a+b != n || max(a, b) != n):
				t.Errorf("%d links of one answer open, %d of the other", a, b)
			case admins == 2 && (a != len(links[0]) || b != len(links[1]) || a+b != n):
				t.Errorf("of %d and %d links %d and %d open", len(links[0]), len(links[1]), a, b)
			}
		})
	}
}
