package sitetest

import (
	"os"
	"slices"
	"testing"

	"nightlatch.example/nightlatch/internal/pgtest"
)

// PairsEnv names the variable that says which databases a test meets with which
// kind of form. How a form is sent changes the answer and nothing that is kept, so
// one run of the tests has SQLite with plain forms and PostgreSQL with HTMX, and
// with "swapped" the two other pairs. Both runs together are all four.
const PairsEnv = "NIGHTLATCH_TEST_PAIRS"

// Swapped is whether this run has the other pairs. Tests of other packages that pair
// two matters of their own ask it too.
func Swapped() bool { return os.Getenv(PairsEnv) == "swapped" }

// pair is a database and a kind of form.
type pair struct{ database, mode string }

// pairs are those of this run.
func pairs() (list []pair) {
	modes := map[string]string{"sqlite": "plain", "postgres": "htmx"}
	if Swapped() {
		modes = map[string]string{"sqlite": "htmx", "postgres": "plain"}
	}
	for _, db := range pgtest.Databases() {
		list = append(list, pair{db, modes[db]})
	}
	return list
}

// Each runs a test on SQLite and on PostgreSQL, on one with plain forms and on the
// other with HTMX, side by side: see PairsEnv. The package needs TestMain with
// pgtest.Main.
func Each(t *testing.T, do func(t *testing.T, s *Site), changes ...func(*Config)) {
	t.Helper()
	each(t, do, (*testing.T).Parallel, changes)
}

// EachInTurn is Each for a test whose runs share something, one after another.
func EachInTurn(t *testing.T, do func(t *testing.T, s *Site), changes ...func(*Config)) {
	t.Helper()
	each(t, do, func(*testing.T) {}, changes)
}

func each(t *testing.T, do func(t *testing.T, s *Site), begin func(*testing.T), changes []func(*Config)) {
	for _, p := range pairs() {
		t.Run(p.database+"/"+p.mode, func(t *testing.T) {
			begin(t)
			s := New(t, slices.Concat([]func(*Config){On(t, p.database)}, changes)...)
			s.T = t
			s.htmx = p.mode == "htmx"
			do(t, s)
		})
	}
}
