package commands_test

import (
	"regexp"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
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
			finds(t, dir, env, "is not in the log", "--head", strings.Repeat("0", 64))
			refuses(t, dir, env, []string{"audit", "verify", "--head", "0"}, "--head")
			db := raw(t, dir, env)
			defer db.Close()
			if _, err := db.Exec("DELETE FROM events WHERE seq = (SELECT max(seq) FROM events)"); err != nil {
				t.Fatal(err)
			}
			finds(t, dir, env, "cut off or written anew")
			newAccount(t, dir, env, "carol") // hides nothing
			finds(t, dir, env, "not intact")
			finds(t, dir, env, "not intact", "--head", m[1])
		})
	}
}

// finds wants audit verify to end with status 1 and a sentence, and to print
// since when the head is kept and the head all the same.
func finds(t *testing.T, dir string, env []string, want string, args ...string) {
	t.Helper()
	r := run(t, dir, env, "", append([]string{"audit", "verify"}, args...)...)
	if r.code != 1 || !strings.Contains(r.err, want) || strings.Count(r.err, "\n") != 1 {
		t.Errorf("%q ended with %d and complained %q", args, r.code, r.err)
	}
	if !shownHead.MatchString(r.out) || !strings.Contains(r.out, "the head is kept under the keys since row ") {
		t.Errorf("%q said %q", args, r.out)
	}
}

// A log that somebody emptied, with its head and the check value of the keys, is
// no new log beside accounts: audit verify and then, once it is written on, the
// doctor's cheap look say what they can. Whoever knows why accepts it with a
// reason, once.
func TestAnEmptiedAuditLogIsFoundAndAccepted(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			newAccount(t, dir, env, "ada")
			refuses(t, dir, env, []string{"audit", "accept", "--reason", "why not"}, "nothing to accept")
			if out := must(t, dir, env, "", "audit", "verify"); !strings.Contains(out, "since row 1, ") {
				t.Errorf("a whole log: %s", out)
			}
			db := raw(t, dir, env)
			defer db.Close()
			for _, table := range []string{"events", "audit_head", "keyset"} {
				if _, err := db.Exec("DELETE FROM " + table); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 { // also once the site has gone on
				r := run(t, dir, env, "", "audit", "verify")
				if r.code != 1 || !strings.Contains(r.err, "accounts are older") && !strings.Contains(r.err, "it was emptied") || !shownHead.MatchString(r.out) {
					t.Errorf("it ended with %d and said %s%s", r.code, r.out, r.err)
				}
				newAccount(t, dir, env, identity.NewID())
			}
			refuses(t, dir, env, []string{"audit", "accept", "--reason", ""}, "--reason")
			if out := must(t, dir, env, "", "audit", "accept", "--reason", "moved to another server"); !strings.Contains(out, "accepted: ") || !shownHead.MatchString(out) {
				t.Errorf("accept said %s", out)
			}
			if out := must(t, dir, env, "", "audit", "verify"); !strings.Contains(out, "moved to another server") {
				t.Errorf("verify said %s", out)
			}
			if _, err := db.Exec("UPDATE audit_head SET seq = 1"); err != nil {
				t.Fatal(err)
			}
			if r := run(t, dir, env, "", "doctor"); r.code != 1 || !strings.Contains(r.out, "fault  audit log: the head of the log was not written with the keys") {
				t.Errorf("the doctor ended with %d and said %s", r.code, r.out)
			}
		})
	}
}
