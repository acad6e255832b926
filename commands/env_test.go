package commands_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A secret may lie in a file, whose one newline at the end is not part of it.
func TestSecretsComeFromFiles(t *testing.T) {
	t.Parallel()
	for _, end := range []string{"", "\n", "\r\n"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "db")
		writeFile(t, path, []byte("sqlite:elsewhere.db"+end))
		must(t, dir, []string{"NIGHTLATCH_DATABASE_FILE=" + path}, "", "migrate", "up")
		if _, err := os.Stat(filepath.Join(dir, "elsewhere.db")); err != nil {
			t.Errorf("%q: %v", end, err)
		}
		must(t, dir, []string{"NIGHTLATCH_DATABASE_FILE=" + path}, "", "--database", "sqlite:flag.db", "--keys", "flag.json", "migrate", "up")
		if _, err := os.Stat(filepath.Join(dir, "flag.db")); err != nil {
			t.Errorf("a flag does not win: %v", err)
		}
	}
}

func TestFilesOfSecretsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	texts := map[string]string{"empty": "", "newline": "\n", "two": "smtp://ada:hunter2@x\n\n", "lines": "smtp://ada:hunter2@x\nmore", "blank": "smtp://ada:hunter2@x ",
		"quoted": `"smtp://ada:hunter2@x"`, "not": "hunter2", "long": strings.Repeat("hunter2", 20000)}
	for name, text := range texts {
		writeFile(t, filepath.Join(dir, name), []byte(text))
		for _, short := range []string{"DATABASE", "MAIL"} {
			refuses(t, dir, []string{"NIGHTLATCH_" + short + "_FILE=" + name}, nil, "NIGHTLATCH_"+short)
		}
	}
	for _, path := range []string{"lost", ".", "smtp://ada:hunter2@x", "lost/hunter2"} {
		refuses(t, dir, []string{"NIGHTLATCH_MAIL_FILE=" + path}, nil, "NIGHTLATCH_MAIL_FILE", "cannot be read")
	}
	refuses(t, dir, []string{"NIGHTLATCH_DATABASE_FILE="}, nil, "NIGHTLATCH_DATABASE_FILE", "is empty")
	refuses(t, dir, []string{"NIGHTLATCH_MAIL_FILE=not", "NIGHTLATCH_MAIL=smtp://ada:hunter2@x"}, nil, "NIGHTLATCH_MAIL_FILE", "both")
	if left := contents(t, dir); len(left) != len(texts) {
		t.Errorf("left: %v", left)
	}
}

// A name that is not known is told of, with the one that was meant, and its
// value never; what Kubernetes sets is not.
func TestUnknownNamesAreToldOf(t *testing.T) {
	t.Parallel()
	odd := map[string]string{
		"NIGHTLATCH_SESION_IDLE": "NIGHTLATCH_SESSION_IDLE", "NIGHTLATCH_DATABASE_FIEL": "NIGHTLATCH_DATABASE_FILE", "NIGHTLATCH_DB": "",
		"NIGHTLATCH_URL_FILE": "NIGHTLATCH_URL", "nightlatch_url": "NIGHTLATCH_URL", "NIGHTLATCH_": "", "NIGHTLATCH_MAILFROM": "NIGHTLATCH_MAIL_FROM", "NIGHTLATCH_PORTAL": "",
	}
	kubernetes := []string{"NIGHTLATCH_SERVICE_HOST=10.0.0.1", "NIGHTLATCH_SERVICE_PORT=80", "NIGHTLATCH_SERVICE_PORT_HTTP=80", "NIGHTLATCH_PORT=tcp://10.0.0.1:80",
		"NIGHTLATCH_PORT_80_TCP=tcp://10.0.0.1:80", "NIGHTLATCH_PORT_80_TCP_ADDR=10.0.0.1", "NIGHTLATCH_DB_SERVICE_HOST=10.0.0.2", "NIGHTLATCH_DB_PORT=tcp://10.0.0.2:5432", "NIGHTLATCH_DB_PORT_5432_TCP_PROTO=tcp"}
	dir, env := t.TempDir(), kubernetes
	s := start(t, dir, env)
	s.stop()
	for _, l := range s.lines(&s.log) {
		if strings.Contains(l, "not known") {
			t.Errorf("told of: %s", l)
		}
	}
	must(t, dir, env, "", "doctor")
	for name := range odd {
		env = append(env, name+"="+secret)
	}
	s = start(t, dir, env)
	s.stop()
	log := strings.Join(s.lines(&s.log), "\n")
	doctor := run(t, dir, env, "", "doctor")
	if doctor.code != 1 || strings.Count(log, "is not known") != len(odd) {
		t.Errorf("%+v; the log:\n%s", doctor, log)
	}
	for name, want := range odd {
		if !strings.Contains(log, `"name":"`+name+`","nearest":"`+want) || !strings.Contains(doctor.out, name+" is not known and does nothing (the nearest is "+want) {
			t.Errorf("%s, meant was %s:\n%s\n%s", name, want, log, doctor.out)
		}
	}
	if strings.Contains(log+doctor.out+doctor.err, secret) {
		t.Error("a value is shown")
	}
}
