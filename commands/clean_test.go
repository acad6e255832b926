package commands_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What an env file, a shell or a copied line leaves in a value stops the start,
// and nothing is made in a place that nobody meant.
func TestValuesThatNobodyMeantToWrite(t *testing.T) {
	t.Parallel()
	sample := map[string]string{
		"ADDR": "127.0.0.1:0", "URL": "https://login.example.com", "NAME": "Latch", "DATA": "srv", "DATABASE": "sqlite:nl.db", "KEYS": "keys.json",
		"MAIL": "smtp://ada:hunter2@127.0.0.1:1", "MAIL_FROM": "a@b.example", "MAIL_HELO": "login.example.com", "REGISTRATION": "open", "VIEWS": ".",
		"TRUSTED_PROXIES": "10.0.0.0/8", "METRICS_ADDR": "127.0.0.1:0", "LOG": "info", "LOGIN_TTL": "9m", "LOCK_AFTER": "6",
	}
	dir := t.TempDir()
	for short, v := range sample {
		name := "NIGHTLATCH_" + short
		for _, odd := range []string{v + "\r", v + "\n", v + "\t", " " + v, v + " ", "\u00a0" + v, `"` + v + `"`, "'" + v + "'", "\ufeff" + v, v + "\x7f", v + "\u0085"} {
			refuses(t, dir, []string{name + "=" + odd}, nil, name)
		}
		refuses(t, dir, nil, []string{"serve", "--" + strings.ToLower(strings.ReplaceAll(short, "_", "-")) + "=" + v + "\r"}, name)
	}
	for _, odd := range []string{`"srv`, `srv"`, "“srv”", "sr\u200bv", "~/srv", "$HOME/srv", "${HOME}", "file:///srv", " ", `"`} {
		refuses(t, dir, []string{"NIGHTLATCH_DATA=" + odd}, nil, "NIGHTLATCH_DATA")
		refuses(t, dir, []string{"NIGHTLATCH_KEYS=" + odd}, nil, "NIGHTLATCH_KEYS")
		refuses(t, dir, []string{"NIGHTLATCH_MAIL=dir:" + odd}, nil, "NIGHTLATCH_MAIL")
		refuses(t, dir, []string{"NIGHTLATCH_DATABASE=sqlite:" + odd}, nil, "NIGHTLATCH_DATABASE")
	}
	if left := contents(t, dir); len(left) != 0 {
		t.Errorf("made: %v", left)
	}
}

// What stands after sqlite: is the path of a file and nothing else.
func TestAnAddressOfSQLiteIsAPath(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, odd := range []string{"", ".", "..", "srv/", "//srv/nl.db", "///srv/nl.db", ":memory:", "file:nl.db", "file:nl.db?mode=memory", "nl.db?mode=ro", "nl.db#x",
		" nl.db", `"nl.db"`, "postgres://ada:hunter2@x/y", "nl.db\r", "~/nl.db", "$DATA/nl.db"} {
		refuses(t, dir, []string{"NIGHTLATCH_DATABASE=sqlite:" + odd}, nil, "NIGHTLATCH_DATABASE")
	}
	for _, odd := range []string{"nl.db", "/srv/nl.db", "SQLITE:nl.db", "sqlite3:nl.db", "sqlite"} {
		refuses(t, dir, []string{"NIGHTLATCH_DATABASE=" + odd}, nil, "NIGHTLATCH_DATABASE", "sqlite:PATH")
	}
	if left := contents(t, dir); len(left) != 0 {
		t.Errorf("made: %v", left)
	}
	must(t, dir, []string{"NIGHTLATCH_DATABASE=sqlite:my site's.db", `NIGHTLATCH_NAME=The "Lab"`, `NIGHTLATCH_MAIL_FROM="Lab, The" <nl@example.com>`}, "", "migrate", "up")
	if _, err := os.Stat(filepath.Join(dir, "my site's.db")); err != nil {
		t.Error(err)
	}
}
