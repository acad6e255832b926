package commands_test

import (
	"regexp"
	"strings"
	"testing"
)

var shownHead = regexp.MustCompile(`--head: ([0-9a-f]{64})\n$`)

// audit verify prints a head; kept elsewhere, it is found again as long as nobody
// cut the log or wrote it anew, and a cut end shows without it too.
func TestAuditVerifyPrintsAHeadToKeep(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			newAccount(t, dir, env, "ada")
			m := shownHead.FindStringSubmatch(must(t, dir, env, "", "audit", "verify"))
			if m == nil {
				t.Fatal("no head is printed")
			}
			newAccount(t, dir, env, "bob")
			must(t, dir, env, "", "key", "rotate")
			for _, head := range []string{m[1], strings.ToUpper(m[1])} {
				must(t, dir, env, "", "audit", "verify", "--head", head)
			}
			refuses(t, dir, env, []string{"audit", "verify", "--head", strings.Repeat("0", 64)}, "is not in the log")
			refuses(t, dir, env, []string{"audit", "verify", "--head", "0"}, "--head")
			db := raw(t, dir, env)
			defer db.Close()
			if _, err := db.Exec("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)"); err != nil {
				t.Fatal(err)
			}
			refuses(t, dir, env, []string{"audit", "verify"}, "cut off or written anew")
			newAccount(t, dir, env, "carol") // hides nothing
			refuses(t, dir, env, []string{"audit", "verify"}, "not whole")
			refuses(t, dir, env, []string{"audit", "verify", "--head", m[1]}, "not whole")
		})
	}
}
