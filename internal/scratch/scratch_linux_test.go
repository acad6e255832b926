package scratch

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestFilesAreKeptInMemoryWhereThereIsRoom(t *testing.T) {
	t.Setenv("TMPDIR", "")
	end := Use()
	folder := os.TempDir()
	if filepath.Dir(folder) != memory {
		if roomy() {
			t.Fatalf("files are kept in %s", folder)
		}
		return
	}
	if err := os.WriteFile(filepath.Join(folder, "database"), []byte("rows"), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(folder, old, old); err != nil {
		t.Fatal(err)
	}
	sweep()
	if _, err := os.Stat(filepath.Join(folder, "database")); err != nil {
		t.Errorf("a process that lives lost its files: %v", err)
	}
	end()
	if _, err := os.Stat(folder); !os.IsNotExist(err) {
		t.Errorf("files are left in memory: %v", err)
	}
	if os.TempDir() == folder {
		t.Error("the folder that is gone is still in use")
	}
}

func TestWhatAKilledProcessLeftIsRemoved(t *testing.T) {
	if !roomy() {
		return
	}
	left, err := os.MkdirTemp(memory, prefix)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(left) })
	sweep()
	if _, err := os.Stat(left); err != nil {
		t.Errorf("a process that has just begun lost its folder: %v", err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(left, old, old); err != nil {
		t.Fatal(err)
	}
	sweep()
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
}

func TestAFolderThatIsNamedIsUsed(t *testing.T) {
	named := t.TempDir()
	t.Setenv("TMPDIR", named)
	defer Use()()
	if os.TempDir() != named {
		t.Errorf("files are kept in %s", os.TempDir())
	}
}
