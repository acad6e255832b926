package mail

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func openTestDir(t *testing.T, path string, c *clock) Transport {
	t.Helper()
	conf, err := ParseURL("dir:" + path)
	if err != nil {
		t.Fatal(err)
	}
	d, err := conf.Open(TransportOptions{Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDir(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "mail")
	c := &clock{t: noon}
	d := openTestDir(t, path, c)
	if _, err := d.Check(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	r := newRenderer(t)
	for _, id := range []string{"z", "../../y", "x"} {
		m := code()
		m.ID = id
		msg, err := r.Render(m)
		if err == nil {
			err = d.Send(t.Context(), msg)
		}
		if err != nil {
			t.Fatal(err)
		}
		c.add(1)
	}
	files, _ := os.ReadDir(path)
	var names []string
	for _, f := range files {
		info, _ := f.Info()
		if info.Mode().Perm() != 0o600 {
			t.Error(f.Name(), info.Mode())
		}
		names = append(names, f.Name())
	}
	want := []string{"20261123T120000.000000000Z-z.eml", "20261123T120000.000000001Z--y.eml", "20261123T120000.000000002Z-x.eml"}
	if !slices.Equal(names, want) {
		t.Errorf("files are %q", names)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o700 {
		t.Error("folder is", info.Mode())
	}
	f, err := os.Open(filepath.Join(path, want[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, text, _ := readRaw(t, f); !strings.HasSuffix(text, "@id.example.com #042137") {
		t.Error(text)
	}
}

func TestDirFailsCleanly(t *testing.T) {
	path := t.TempDir()
	d := openTestDir(t, path, &clock{t: noon})
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	m := code()
	m.ID = "a"
	msg, err := newRenderer(t).Render(m)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Check(context.Background(), "")
	if d.Send(context.Background(), msg) == nil || err == nil {
		t.Error("a missing folder went unnoticed")
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	conf, _ := ParseURL("dir:" + file)
	if _, err := conf.Open(TransportOptions{}); err == nil || !strings.HasPrefix(err.Error(), "the mail folder cannot be created") {
		t.Error(err)
	}
}
