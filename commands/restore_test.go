package commands_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A backup that is put back ends sessions and trust, spends the codes of now,
// and lets its people in; what was there before is kept.
func TestRestoreEndsWhatLivedThen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	people := seed(t, dir, nil, "ada", 2, true)
	mailable(t, dir, nil, people[1:])
	s := start(t, dir, nil)
	v := s.visitor()
	v.password(people[0].login).want(t, "/login/challenge")
	v.post("/login/challenge/totp", "code", lastCode(people[0].secret), "trust", "on").want(t, "/profile")
	half := s.visitor()
	half.password(people[1].login).want(t, "/login/challenge")
	copied := filepath.Join(dir, "copy.db")
	must(t, dir, nil, "", "backup", copied)
	if r := run(t, dir, nil, "", "restore", copied); r.code == 0 || !strings.Contains(r.err, "in use") {
		t.Errorf("under a server: %+v", r)
	}
	session := v.cookie("nightlatch_session")
	used := []string{code(people[0].secret, 0), code(people[0].secret, 1)} // the backup knows nothing of these
	for _, c := range used {
		later := s.visitor()
		later.password(people[0].login).want(t, "/login/challenge")
		later.post("/login/challenge/totp", "code", c).want(t, "/profile")
	}
	s.stop()
	newAccount(t, dir, nil, "later")
	out := must(t, dir, nil, "", "restore", copied)
	for _, want := range []string{"with 2 accounts", "cannot know what else happened after that time", ".before-"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q does not say %q", out, want)
		}
	}
	if all := list(t, dir, nil); len(all) != 2 {
		t.Errorf("%d accounts", len(all))
	}
	must(t, dir, nil, "", "audit", "verify")
	must(t, dir, nil, "", "doctor")
	s = start(t, dir, nil)
	if got := s.visitor().with("nightlatch_session", session).get("/verify"); got.status != http.StatusUnauthorized {
		t.Errorf("a session lives again: %d", got.status)
	}
	v.base = s.url
	v.password(people[0].login).want(t, "/login/challenge") // no trust
	for _, c := range append(used, code(people[0].secret, -1)) {
		if got := v.post("/login/challenge/totp", "code", c); got.status != http.StatusUnprocessableEntity {
			t.Errorf("a code that was used before: %d to %q", got.status, got.location)
		}
	}
	had := len(mailed(dir, people[1].login))
	half = s.visitor()
	half.password(people[1].login).want(t, "/login/challenge")
	half.post("/login/challenge/email/code").want(t, "/login/challenge?factor=email")
	waitFor(t, func() bool { return len(mailed(dir, people[1].login)) > had })
	codes := mailed(dir, people[1].login)
	half.post("/login/challenge/email", "code", codes[len(codes)-1]).want(t, "/profile")
}

// What is no whole database of this site is refused, and changes nothing.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	seed(t, dir, nil, "ada", 2, true)
	seed(t, other, nil, "eve", 1, true)
	good, strange := filepath.Join(dir, "good.db"), filepath.Join(other, "strange.db")
	must(t, dir, nil, "", "backup", good)
	must(t, other, nil, "", "backup", strange)
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for what, file := range map[string]string{
		"other keys": strange, "cut": write("cut.db", text[:len(text)/2]), "empty": write("empty.db", nil),
		"text": write("text.db", []byte(strings.Repeat("no database ", 1000))), "missing": filepath.Join(dir, "none.db"),
		"itself": filepath.Join(dir, "data", "nightlatch.db"),
	} {
		if r := run(t, dir, nil, "", "restore", file); r.code == 0 || r.out != "" {
			t.Errorf("%s: %+v", what, r)
		}
	}
	if all := list(t, dir, nil); len(all) != 2 {
		t.Errorf("%d accounts", len(all))
	}
	for _, path := range []string{"nightlatch.db", "nightlatch.db-wal"} { // deleted, and put back
		_ = os.Remove(filepath.Join(dir, "data", path))
	}
	must(t, dir, nil, "", "restore", good)
	if all := list(t, dir, nil); len(all) != 2 {
		t.Errorf("%d accounts after a loss", len(all))
	}
}
