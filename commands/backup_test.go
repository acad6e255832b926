package commands_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// A backup that is made while people sign in is whole: restored beside the
// keys, it opens, its log has no gap, and whoever enrolled gets in.
func TestBackupIsRestored(t *testing.T) {
	dir := t.TempDir()
	people := seed(t, dir, nil, "ada", 6, true)
	s := start(t, dir, nil)
	var busy sync.WaitGroup
	for _, p := range people[1:] {
		busy.Go(func() {
			v := s.visitor()
			v.password(p.login)
			v.post("/login/challenge/totp", "code", code(p.secret, 0))
		})
	}
	var copies []string
	for i := range 3 {
		name := filepath.Join(dir, fmt.Sprintf("copy%d.db", i))
		must(t, dir, nil, "", "backup", name)
		copies = append(copies, name)
	}
	busy.Wait()
	if r := run(t, dir, nil, "", "backup", copies[0]); r.code == 0 {
		t.Error("a backup was written over")
	}
	if mode(t, copies[0]) != 0o600 {
		t.Error("others can read the backup")
	}
	s.stop()

	other := t.TempDir()
	if err := os.MkdirAll(filepath.Join(other, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{copies[2]: "nightlatch.db", filepath.Join(dir, "data", "keys.json"): "keys.json"} {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(other, "data", to), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	must(t, other, nil, "", "doctor")
	must(t, other, nil, "", "audit", "verify")
	v := start(t, other, nil).visitor()
	v.password(people[0].login).want(t, "/login/challenge")
	v.post("/login/challenge/totp", "code", code(people[0].secret, 0)).want(t, "/profile")
}
