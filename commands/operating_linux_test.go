package commands_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/goccy/go-yaml"
	"golang.org/x/sys/unix"
)

// guide is the page for operators, whose examples are run here as they stand.
func guide(t *testing.T) string { return string(readFile(t, "../docs/operating.md")) }

// units are the files of systemd, by name: those of the package, and what the guide
// adds.
func units(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, m := range regexp.MustCompile("(?s)```ini\n# /etc/systemd/system/(\\S+)\n(.*?)```").FindAllStringSubmatch(guide(t), -1) {
		found[m[1]] = m[2]
	}
	for _, name := range []string{"nightlatch.service", "nightlatch.socket"} {
		found[name] = strings.ReplaceAll(string(readFile(t, "../packaging/"+name)), "/usr/bin/nightlatch", program)
	}
	if len(found) != 3 {
		t.Fatalf("there are %d units", len(found))
	}
	return found
}

// systemd gives a program of its package.
func systemd(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("the tests of units need %s: apt-get install systemd", name)
	}
	return path
}

// systemd itself finds nothing wrong with the units, and knows every line.
func TestTheUnitsOfTheGuideAreUnderstoodBySystemd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	check := func(files ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), systemd(t, "systemd-analyze"), append([]string{"verify", "--man=no"}, files...)...)
		cmd.Dir = dir
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		err := cmd.Run()
		var ours []string
		for line := range strings.Lines(said.String()) {
			if strings.Contains(line, "nightlatch") {
				ours = append(ours, line)
			}
		}
		if err != nil && len(ours) == 0 {
			return err.Error() + said.String()
		}
		return strings.Join(ours, "")
	}
	var files []string
	for name, text := range units(t) {
		writeFile(t, filepath.Join(dir, name), []byte(text))
		if !strings.HasSuffix(name, ".conf") { // which is read with its unit
			files = append(files, filepath.Join(dir, name))
		}
	}
	if said := check(files...); said != "" {
		t.Errorf("systemd says: %s", said)
	}
	odd := filepath.Join(dir, "odd", "nightlatch.service")
	writeFile(t, odd, []byte(strings.Replace(units(t)["nightlatch.service"], "WatchdogSec", "WatchdogSecs", 1)))
	if said := check(odd); !strings.Contains(said, "WatchdogSecs") {
		t.Errorf("a wrong line is not noticed: %q", said)
	}
}

// The unit may do little beside serving, as systemd rates it: 0 is best, 10 is worst.
func TestTheUnitMayDoNothingButServe(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), systemd(t, "systemd-analyze"), "security", "--offline=true", "--threshold=20", "../packaging/nightlatch.service").CombinedOutput()
	if err != nil {
		t.Errorf("it is rated above 2.0: %v\n%s", err, out)
	}
}

// The environment of the unit starts the site, with credentials as systemd hands
// them over, and it says when it is ready.
func TestTheUnitOfTheGuideStartsTheSite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	must(t, dir, nil, "", "migrate", "up")
	writeFile(t, filepath.Join(dir, "credentials", "keys.json"), readFile(t, keyPath(dir)))
	writeFile(t, filepath.Join(dir, "credentials", "database"), []byte("sqlite:"+filepath.Join(dir, "data", "nightlatch.db")+"\n"))
	if err := os.Remove(keyPath(dir)); err != nil {
		t.Fatal(err)
	}
	var env []string
	for _, line := range regexp.MustCompile(`(?m)^Environment=(.*)$`).FindAllStringSubmatch(units(t)["nightlatch.service"]+units(t)["nightlatch.service.d/secrets.conf"], -1) {
		for _, value := range strings.Fields(line[1]) {
			env = append(env, strings.NewReplacer("%d", filepath.Join(dir, "credentials"), "/var/lib/nightlatch", filepath.Join(dir, "state")).Replace(value))
		}
	}
	s := start(t, dir, env)
	s.waitReady()
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// A socket of systemd's own is served: the first connection starts the program.
func TestSystemdPassesTheSocket(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "http.sock")
	cmd := exec.CommandContext(t.Context(), systemd(t, "systemd-socket-activate"), "--listen="+path, "--setenv=NIGHTLATCH_ADDR=systemd", program)
	var said bytes.Buffer
	cmd.Dir, cmd.Stderr = dir, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { _, err := os.Stat(path); return err == nil })
	if got := over(t, path, "/healthz", ""); got != http.StatusOK {
		t.Errorf("healthz: %d", got)
	}
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil || !strings.Contains(said.String(), `"serving"`) {
		t.Errorf("%v: %s", err, said.String())
	}
}

// pod is what the guide has of a container in Kubernetes.
type pod struct {
	Env            []struct{ Name, Value string }
	LivenessProbe  probe `yaml:"livenessProbe"`
	ReadinessProbe probe `yaml:"readinessProbe"`
}

type probe struct {
	HTTPGet struct {
		Path string
		Port int
	} `yaml:"httpGet"`
}

// The environment of the guide's container starts the site, and its probes are
// answered, also when the machine that asks calls the site by an address.
func TestTheContainerOfTheGuideIsReady(t *testing.T) {
	t.Parallel()
	text := regexp.MustCompile("(?s)```yaml\n(env:.*?)```").FindStringSubmatch(guide(t))
	if text == nil {
		t.Fatal("the guide has no container")
	}
	var p pod
	if err := yaml.UnmarshalWithOptions([]byte(text[1]), &p, yaml.DisallowUnknownField()); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	must(t, dir, nil, "", "migrate", "up")
	writeFile(t, filepath.Join(dir, "secret", "keys.json"), readFile(t, keyPath(dir)))
	writeFile(t, filepath.Join(dir, "secret", "database"), []byte("sqlite:"+filepath.Join(dir, "data", "nightlatch.db")))
	var env []string
	for _, e := range p.Env {
		value := strings.ReplaceAll(e.Value, "/run/secrets/nightlatch", filepath.Join(dir, "secret"))
		if e.Name == "NIGHTLATCH_ADDR" {
			if value != ":8080" || p.LivenessProbe.HTTPGet.Port != 8080 || p.ReadinessProbe.HTTPGet.Port != 8080 {
				t.Errorf("it serves %s and is asked at %d and %d", value, p.LivenessProbe.HTTPGet.Port, p.ReadinessProbe.HTTPGet.Port)
			}
			value = "127.0.0.1:0"
		}
		env = append(env, e.Name+"="+value)
	}
	s := start(t, dir, env)
	for _, x := range []probe{p.LivenessProbe, p.ReadinessProbe} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.url+x.HTTPGet.Path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "10.1.2.3:8080"
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		got.Body.Close()
		if got.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", x.HTTPGet.Path, got.StatusCode)
		}
	}
}

// mounted runs a command where a folder is a mount that nobody can write to; nil
// where this machine lets nobody mount anything.
func mounted(t *testing.T, folder, dir string, env []string) func(args ...string) *exec.Cmd {
	t.Helper()
	script := `mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"`
	within := func(args ...string) *exec.Cmd {
		cmd := command(context.Background(), dir, env)
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", script, "sh", folder}, args...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
		}
		return cmd
	}
	if out, err := within("true").CombinedOutput(); err != nil {
		t.Logf("nothing can be mounted here: %v %s", err, out)
		return nil
	}
	return func(args ...string) *exec.Cmd { return within(append([]string{program}, args...)...) }
}

// A keyset that everybody can read is refused, unless its mount is read-only, as
// that of a secret: then the site serves, says so once, and a rotation says where
// the file is changed.
func TestAKeysetOnAReadOnlyMount(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	must(t, dir, nil, "", "migrate", "up")
	writeFile(t, filepath.Join(secret, "keys.json"), readFile(t, keyPath(dir)))
	if err := os.Chmod(filepath.Join(secret, "keys.json"), 0o444); err != nil {
		t.Fatal(err)
	}
	env := []string{"NIGHTLATCH_KEYS=" + filepath.Join(secret, "keys.json")}
	refuses(t, dir, append(env, "NIGHTLATCH_LOG=error"), nil, "NIGHTLATCH_KEYS", "chmod 600")
	program := mounted(t, secret, dir, env)
	if program == nil {
		return
	}
	s := begin(t, program())
	s.waitReady()
	if out, err := program("key", "rotate").CombinedOutput(); err == nil || !strings.Contains(string(out), "change it at its source") {
		t.Errorf("a rotation: %v %s", err, out)
	}
	if out, err := program("doctor").CombinedOutput(); err != nil {
		t.Errorf("doctor: %v %s", err, out)
	}
	s.stop()
	if log := strings.Join(s.lines(&s.log), "\n"); strings.Count(log, "its mount is read-only") != 1 {
		t.Errorf("the log says %s", log)
	}
}
