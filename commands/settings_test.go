package commands_test

import (
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/commands"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// secret stands for a password in these tests: no complaint may show it.
const secret = "hunter2"

// refuses runs a command that must end with one plain sentence.
func refuses(t *testing.T, dir string, env, args []string, want ...string) {
	t.Helper()
	r := run(t, dir, env, "", args...)
	if r.code == 0 || r.out != "" || strings.Count(r.err, "\n") != 1 || !strings.HasPrefix(r.err, "nightlatch: ") {
		t.Errorf("%q %q: ended with %d; it said %q and complained %q", env, args, r.code, r.out, r.err)
	}
	for _, w := range want {
		if !strings.Contains(r.err, w) {
			t.Errorf("%q %q: %q is not in %q", env, args, w, r.err)
		}
	}
	if strings.Contains(r.err, secret) {
		t.Errorf("the complaint shows the password: %q", r.err)
	}
}

// bad are values that stop the start.
var bad = map[string][]string{
	"ADDR":            {"8080", "localhost", "127.0.0.1:http", "127.0.0.1:70000", "127.0.0.1:-1", "1.2.3.4.5:80:90"},
	"URL":             {"localhost", "ftp://x", "http://", "https://x/a//b", "https://x/a/../b", "https://x/a%2Fb", "https://x/a b", "https://x/a?b", "https://x?q=1", "https://x#f", "https://ada:hunter2@x", "http://a b", "//x", "http://x\ny"},
	"NAME":            {"a:b", strings.Repeat("x", 65), "two\nlines"},
	"HOME":            {"profile", "//evil.example", "https://app.example.com/", "/login", `/\\x`},
	"DOMAIN":          {"example.com", "localhost", "127.0.0.1", ".localhost", "http://localhost", "localhost:8080", "com"},
	"DATA":            {"file", "file/below", "/proc/none/data"},
	"DATABASE":        {"mysql://ada:hunter2@x/y", "sqlite:", "hunter2", "postgres:///hunter2", "postgres://ada:hunter2%zz@x/y", "postgres://ada:hunter2@127.0.0.1:1/x?sslmode=disable", "postgres://ada:hunter2@127.0.0.1:port/x", "postgres://ada:hunter2@127.0.0.1:5432/x?sslmode=hunter2", "sqlite:lost/nightlatch.db", "sqlite:.", "sqlite:file/x.db", "sqlite:garbage"},
	"KEYS":            {"lost/keys.json", ".", "file", "world.json", "group.json", "file/below"},
	"MAIL":            {"hunter2", "dir:", "dir:file", "dir:file/below", "smtp://", "smtp://ada:hunter2@x:99999", "smtp://ada@x", "smtp://ada:hunter2@x?tls=none", "smtp://ada:hunter2@x?x=1", "smtps://ada:hunter2@localhost?tls=none", "http://ada:hunter2@x", "smtp://ada:hunter2%zz@x", "smtp://ada:hunter2@x/path"},
	"MAIL_FROM":       {"nobody", "a@b\r\nBcc: c@d", "<", "a@b, c@d", "büro@example.org", "a@b c.example"},
	"MAIL_HELO":       {"two words", "a/b", "login.example.com:25", "-"},
	"REGISTRATION":    {"yes", "Open", "closed"},
	"VIEWS":           {"lost", "file"},
	"RULES":           {"lost", "."},
	"TRUSTED_PROXIES": {"proxy", "10.0.0.0/33", "10.0.0.0/8;::1", "fe80::1%eth0"},
	"METRICS_ADDR":    {"9090", "127.0.0.1:x"},
	"LOG":             {"loud", "1x"},
	"LOGIN_TTL":       {"10", "-1m", "0", "ten", "25h", "1e3s"},
	"CODE_TTL":        {"11m", "0", "-1s", "x"},
	"CODE_COOLDOWN":   {"-1s", "x", "48h"},
	"CONFIRM_TTL":     {"0", "x", "-5m"},
	"SESSION_IDLE":    {"0", "x", "-2h"},
	"SESSION_MAX":     {"0", "x", "9000h1"},
	"TRUST_TTL":       {"-1h", "x", "720"},
	"LOCK_AFTER":      {"0", "-5", "five", "1.5", "101", "99999999999999999999"},
	"LOCK_WAIT":       {"0", "x", "16m"},
	"LOCK_DISABLE":    {"0", "-1", "x", "101", "1000", "99999999999999999999"},
}

// A bad value stops the start with one sentence that names the
// variable, as a variable and as a flag.
func TestBadValuesStopTheStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, perm := range map[string]os.FileMode{"file": 0o600, "garbage": 0o600, "world.json": 0o604, "group.json": 0o640} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Repeat("no database ", 1000)), perm); err != nil {
			t.Fatal(err)
		}
	}
	for short, values := range bad {
		name, flag := "NIGHTLATCH_"+short, "--"+strings.ToLower(strings.ReplaceAll(short, "_", "-"))
		t.Run(short, func(t *testing.T) {
			for _, v := range values {
				refuses(t, dir, []string{name + "=" + v}, nil, name)
				refuses(t, dir, nil, []string{"serve", flag + "=" + v}, name)
			}
		})
	}
}

// Every setting is tried with bad values.
func TestEveryVariableIsTried(t *testing.T) {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[commands.Flags]()) {
		if f.Anonymous {
			continue
		}
		name, ours := strings.CutPrefix(f.Tag.Get("env"), "NIGHTLATCH_")
		if !ours {
			t.Errorf("%s has no variable", f.Name)
		}
		if f.Type.Kind() == reflect.String && bad[name] == nil {
			t.Errorf("no bad value for %s", name)
		}
	}
}

// A value that is empty is one that is not set; a flag wins over its variable.
func TestEmptyIsTheDefaultAndFlagsWin(t *testing.T) {
	dir := t.TempDir()
	var env []string
	for short := range bad {
		if short != "ADDR" {
			env = append(env, "NIGHTLATCH_"+short+"=")
		}
	}
	start(t, dir, env).stop()
	if mode(t, filepath.Join(dir, "data", "nightlatch.db")) != 0o600 {
		t.Error("the database is not where it is by default")
	}
	must(t, dir, []string{"NIGHTLATCH_DATA=one"}, "", "--data", "two", "migrate", "up")
	if _, err := os.Stat(filepath.Join(dir, "one")); err == nil {
		t.Error("the variable won over the flag")
	}
}

func TestATakenPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, name := range []string{"NIGHTLATCH_ADDR", "NIGHTLATCH_METRICS_ADDR"} {
		r := run(t, t.TempDir(), []string{"NIGHTLATCH_LOG=error", name + "=" + l.Addr().String()}, "")
		if r.code == 0 || r.out != "" || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, name) || !strings.Contains(r.err, "taken") {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// A key file that does not belong to the database, or is lost, stops the start:
// it must not be replaced while something is sealed with the old one.
func TestALostKeyFile(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, nil)
	newAccount(t, dir, nil, "ada@example.com")
	v := s.visitor()
	v.password("ada@example.com").want(t, "/profile")
	v.post("/profile/factors/totp").want(t, "/profile/factors/totp") // something sealed
	s.stop()
	path := filepath.Join(dir, "data", "keys.json")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	quiet := []string{"NIGHTLATCH_LOG=error"}
	for _, command := range [][]string{nil, {"user", "list"}} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		refuses(t, dir, quiet, command, "NIGHTLATCH_KEYS", "missing", "backup")
		if _, err := os.Stat(path); err == nil {
			t.Fatal("a new key file hides that the old one is lost")
		}
		for _, text := range []string{"", "{}", string(good[:len(good)/2]), strings.ReplaceAll(string(good), `"value"`, `"volume"`)} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			refuses(t, dir, quiet, command, "NIGHTLATCH_KEYS", "backup")
		}
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if v := start(t, dir, nil).visitor(); v.post("/login", "login", "ada@example.com", "password", sitetest.Password).location != "/profile" {
		t.Error("the right key file does not help")
	}
}

// A replaced screen that cannot be used stops the start too.
func TestABrokenTemplate(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"templates/login.html": "{{ if }}", "templates/profile.html": "{{ template \"nowhere\" }}"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		refuses(t, dir, []string{"NIGHTLATCH_VIEWS=.", "NIGHTLATCH_LOG=error"}, nil, "NIGHTLATCH_VIEWS", filepath.Base(name))
		os.Remove(path)
	}
}
