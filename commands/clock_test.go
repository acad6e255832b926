package commands_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/internal/pgtest"
)

// change alters the database as nothing of the program would.
func change(t *testing.T, db *bun.DB, statement string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// The doctor says that the clock jumped, by the dates of what the database holds:
// a fault while it may be wrong still and for a day, a remark from then on.
func TestDoctorSaysThatTheClockJumped(t *testing.T) {
	t.Parallel()
	for name, env := range map[string][]string{"sqlite": nil, "postgres": {"NIGHTLATCH_DATABASE=" + pgtest.DSN(t)}} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			newAccount(t, dir, env, "ada@example.com")
			newAccount(t, dir, env, "bob@example.com")
			db := raw(t, dir, env)
			set := func(seq string, d time.Duration) {
				t.Helper()
				change(t, db, "UPDATE events SET at = "+fmt.Sprint(time.Now().Add(d).UnixMicro())+" WHERE seq = "+seq)
			}
			said := func(code int, words ...string) {
				t.Helper()
				r := run(t, dir, env, "", "doctor")
				if r.code != code {
					t.Errorf("exit status %d", r.code)
				}
				for _, w := range words {
					if !strings.Contains(r.out, w) {
						t.Errorf("%q is not in %s", w, r.out)
					}
				}
			}
			const last, before = "(SELECT max(seq) FROM events)", "(SELECT max(seq) - 1 FROM events)"
			said(0, "ok     clock")
			set(last, 365*24*time.Hour)
			said(1, "fault  clock: it jumped back: rows ", " of the audit log are dated up to ", "8760h0m0s ahead", "Either it is wrong now")
			set(last, -time.Minute)
			set(before, time.Hour)
			said(1, "fault  clock: it jumped back: ", "ahead, and it went back at ", "Make sure that it is right")
			set(last, -25*time.Hour)
			said(0, "ok     clock: it agrees with the database, but it jumped once: rows ")
			set(before, -26*time.Hour)
			said(0, "ok     clock: it agrees with the database\n")
			change(t, db, fmt.Sprintf("INSERT INTO servers (id, seen_at) VALUES ('killed', %d)", time.Now().Add(time.Hour).UnixMicro()))
			said(1, "fault  clock: it jumped back: a server's last sign of life is dated up to ")
		})
	}
}

// A server that starts after the clock went back logs it, and serves.
func TestAStartAfterTheClockWentBackIsLogged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newAccount(t, dir, nil, "ada@example.com")
	change(t, raw(t, dir, nil), fmt.Sprintf("UPDATE events SET at = %d", time.Now().Add(time.Hour).UnixMicro()))
	s := start(t, dir, nil)
	waitFor(t, func() bool {
		return strings.Contains(strings.Join(s.lines(&s.log), "\n"), "the clock went back before this start")
	})
	s.visitor().password("ada@example.com").want(t, "/profile")
}

// A rotation goes on though a server that was killed had shown itself while the
// clock was a year ahead.
func TestRotationAfterTheClockWentBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newAccount(t, dir, nil, "ada@example.com")
	change(t, raw(t, dir, nil), fmt.Sprintf("INSERT INTO servers (id, host, pid, keys, lead, seen_at) VALUES ('killed', 'a host', 4711, '', 0, %d)",
		time.Now().AddDate(1, 0, 0).UnixMicro()))
	must(t, dir, nil, "", "key", "rotate")
	must(t, dir, nil, "", "doctor")
}
