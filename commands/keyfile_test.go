package commands_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// keyIDs are the ids of the sealing keys in a key file, oldest first.
func keyIDs(t *testing.T, path string) (ids []uint32) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		AEAD struct{ Key []struct{ KeyID uint32 } }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, k := range file.AEAD.Key {
		ids = append(ids, k.KeyID)
	}
	return ids
}

func contents(t *testing.T, dir string) (names []string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names
}

// Only serve, demo and migrate up make a site. Everything else says that there
// is none, which variable names it, and leaves nothing behind.
func TestOnlyTheServerAndMigrateUpMakeASite(t *testing.T) {
	t.Parallel()
	commands := [][]string{{"user", "list"}, {"user", "add", "ada"}, {"factor", "status"}, {"factor", "reset", "ada", "--reason", "x"},
		{"audit", "verify"}, {"key", "rotate"}, {"backup", "copy.db"}, {"migrate", "status"}, {"migrate", "down"}}
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, command := range commands {
				if name == "postgres" && command[0] == "migrate" {
					continue // a server's database is there, and has no tables to lose
				}
				refuses(t, dir, env, command, "NIGHTLATCH_DATABASE", "there is no", "migrate up")
			}
			if r := run(t, dir, env, "", "doctor"); r.code != 1 || !strings.Contains(r.out, "fault  ") {
				t.Errorf("the doctor: %+v", r)
			}
			if left := contents(t, dir); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
			must(t, dir, env, "", "migrate", "up")
			if mode(t, filepath.Join(dir, "data", "keys.json")) != 0o600 {
				t.Error("others can read the keys")
			}
			path := filepath.Join(dir, "data", "keys.json")
			if err := os.Rename(path, path+".away"); err != nil {
				t.Fatal(err)
			}
			refuses(t, dir, env, []string{"user", "list"}, "NIGHTLATCH_KEYS", "missing")
			refuses(t, dir, append(env, "NIGHTLATCH_LOG=error"), nil, "NIGHTLATCH_KEYS", "missing")
			if _, err := os.Stat(path); err == nil {
				t.Error("new keys were made for a site that has some")
			}
			if err := os.Rename(path+".away", path); err != nil {
				t.Fatal(err)
			}
			must(t, dir, env, "", "user", "add", "ada")
			must(t, dir, env, "", "doctor")
		})
	}
}

// A key file behind a link is changed where it lies, and the link stays one.
func TestRotationChangesTheFileBehindALink(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]string{"in one step": "kept/keys.json", "in two, relative": "kept/now/keys.json"} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			seed(t, dir, nil, "ada", 2, true)
			path, kept := filepath.Join(dir, "data", "keys.json"), filepath.Join(dir, "kept", "v1", "keys.json")
			for _, err := range []error{
				os.MkdirAll(filepath.Dir(kept), 0o700), os.Rename(path, kept), os.Symlink("v1", filepath.Join(dir, "kept", "now")),
				os.Symlink("now/keys.json", filepath.Join(dir, "kept", "keys.json")), os.Symlink(filepath.Join("..", link), path),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			s := start(t, dir, nil)
			must(t, dir, nil, "", "key", "rotate")
			if info, err := os.Lstat(path); err != nil || info.Mode()&os.ModeSymlink == 0 {
				t.Errorf("the link is %v, %v", info.Mode(), err)
			}
			if info, err := os.Lstat(kept); err != nil || !info.Mode().IsRegular() || len(keyIDs(t, kept)) != 2 {
				t.Errorf("the file holds %v, %v", keyIDs(t, kept), err)
			}
			s.stop()
			must(t, dir, nil, "", "doctor")
		})
	}
}

// A key file that cannot be replaced, since nothing can be made beside it, gets a
// sentence before a key is added or a value sealed.
func TestRotationSaysThatTheFileCannotBeReplaced(t *testing.T) {
	t.Parallel()
	dir, env := service(t)
	must(t, dir, env, "", "migrate", "up")
	must(t, dir, env, "", "user", "add", "ada@example.com")
	folder := filepath.Join(dir, "keys")
	path := filepath.Join(folder, "keys.json")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "data", "keys.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(path, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(folder, 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(folder, 0o755)
	env = append(env, "NIGHTLATCH_KEYS="+path)
	refuses(t, dir, env, []string{"key", "rotate"}, "the key file "+path, "cannot be replaced", "permission denied")
	if now, _ := os.ReadFile(path); string(now) != string(text) || len(contents(t, folder)) != 1 {
		t.Errorf("changed all the same: %v", contents(t, folder))
	}
	must(t, dir, env, "", "doctor")
}
