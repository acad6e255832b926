package store

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func TestKeyFileIsPrivate(t *testing.T) {
	keys, path := newKeys(t)
	for range 2 {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info.Mode(), err)
		}
		if err := rotate(keys); err != nil {
			t.Fatal(err)
		}
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".keys-*"))
	if len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o644, 0o666} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		want := "the key file " + path + " can be read by others; chmod 600 it"
		if _, err := OpenKeys(path, true); err == nil || err.Error() != want {
			t.Errorf("%v: %v", mode, err)
		}
		if err := keys.Reload(); err == nil {
			t.Errorf("%v: Reload took it", mode)
		}
	}
}

func TestBadKeyFiles(t *testing.T) {
	_, path := newKeys(t)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var parts map[string]any
	if err := json.Unmarshal(good, &parts); err != nil {
		t.Fatal(err)
	}
	swapped, _ := json.Marshal(map[string]any{"aead": parts["mac"], "mac": parts["aead"]})
	one, _ := json.Marshal(map[string]any{"aead": parts["aead"]})
	damaged := "the key file " + path + " is damaged; restore it from its backup"
	for name, c := range map[string]struct{ text, want string }{
		"empty":       {"", "the key file " + path + " is empty; restore it from its backup"},
		"not JSON":    {"hello", damaged},
		"null":        {"null", damaged},
		"no keys":     {`{"aead":{"primaryKeyId":1,"key":[]},"mac":{}}`, damaged},
		"cut":         {string(good[:len(good)/2]), damaged},
		"swapped":     {string(swapped), damaged},
		"one missing": {string(one), damaged},
		"bad key":     {strings.Replace(string(good), `"value": "`, `"value": "!`, 1), damaged},
		"too long":    {string(good) + strings.Repeat(" ", maxKeyFile), damaged},
	} {
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenKeys(path, true); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v", name, err)
		}
		if kept, _ := os.ReadFile(path); string(kept) != c.text {
			t.Errorf("%s: the file was changed", name)
		}
	}
	if _, err := OpenKeys(filepath.Dir(path), true); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("folder: %v", err)
	}
	if _, err := OpenKeys(filepath.Join(path, "below", "keys.json"), true); err == nil {
		t.Error("made keys below a file")
	}
}

func TestFirstStartsTogether(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	ids := make([]uint32, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			keys, err := OpenKeys(path, true)
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = keys.LeadID()
		})
	}
	all.Wait()
	for _, id := range ids {
		if id != ids[0] || id == 0 {
			t.Errorf("not one set of keys: %v", ids)
		}
	}
}
