package commands_test

import (
	"strings"
	"testing"
)

// The doctor finds totals that do not agree with the list of accounts, names
// what mends them, and mends them when told, also beside a running server.
func TestTheDoctorMendsTheTotals(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			seed(t, dir, env, "ada", 3, true)
			s := start(t, dir, env)
			db := raw(t, dir, env)
			defer db.Close()
			if _, err := db.ExecContext(t.Context(), "UPDATE totals SET n = n + 5"); err != nil {
				t.Fatal(err)
			}
			if r := run(t, dir, env, "", "doctor"); r.code == 0 || !strings.Contains(r.out, "do not agree with the accounts: run nightlatch doctor --repair") {
				t.Errorf("the doctor ended with %d:\n%s", r.code, r.out)
			}
			if out := must(t, dir, env, "", "doctor", "--repair"); !strings.Contains(out, "repaired: 0 accounts") || strings.Contains(out, ", 0 totals") {
				t.Errorf("the repair: %s", out)
			}
			must(t, dir, env, "", "doctor")
			s.stop()
		})
	}
}
