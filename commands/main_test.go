package commands_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/scratch"
)

// program is the built binary: these tests run what people run.
var program string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "nightlatch-program-")
	if err == nil {
		err = os.Chmod(dir, 0o755) // other accounts run it too
	}
	if err == nil {
		program = filepath.Join(dir, "nightlatch")
		build := exec.Command("go", slices.Concat([]string{"build", "-o", program}, watched, []string{"nightlatch.example/nightlatch"})...)
		build.Env = os.Environ()
		if len(watched) == 0 {
			build.Env = append(build.Env, "CGO_ENABLED=0") // as it is shipped: it needs no file of the system
		}
		var out []byte
		if out, err = build.CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the program cannot be built:", err)
		os.Exit(1)
	}
	// Most of a test is waiting for programs, so twice as many run at a time as usual.
	flag.Parse()
	if at := flag.Lookup("test.parallel"); at.Value.String() == at.DefValue {
		_ = at.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
	}
	end := scratch.Use()
	code := m.Run()
	pgtest.Stop()
	end()
	os.RemoveAll(dir)
	os.Exit(code)
}

// patience bounds a step that usually takes milliseconds. Nothing waits for it
// to pass.
const patience = time.Minute

// runAs before a number, in an environment, is the account that runs the program.
const runAs = "RUN_AS="

// command prepares the program in a folder, with an environment of its own. The
// garbage of its start is half of what a short command costs, so it is collected
// less often than a server's, as in sitetest.
func command(ctx context.Context, dir string, env []string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{"NIGHTLATCH_ADDR=127.0.0.1:0", "GOGC=400"}, env...)
	for _, e := range env {
		if id, ok := strings.CutPrefix(e, runAs); ok {
			n, _ := strconv.ParseUint(id, 10, 32)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(n), Gid: uint32(n)}}
		}
	}
	return cmd
}

// result is how a command ended.
type result struct {
	out, err string
	code     int
}

// run runs a command that ends by itself.
func run(t testing.TB, dir string, env []string, input string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := command(ctx, dir, env, args...)
	var out, complaint bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &out, &complaint
	err := cmd.Run()
	if ctx.Err() != nil {
		t.Fatalf("%v did not end; it said %s", args, complaint.String())
	}
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return result{out.String(), complaint.String(), cmd.ProcessState.ExitCode()}
}

// must runs a command that has to work and gives what it said.
func must(t testing.TB, dir string, env []string, input string, args ...string) string {
	t.Helper()
	r := run(t, dir, env, input, args...)
	if r.code != 0 {
		t.Fatalf("%v ended with %d: %s", args, r.code, r.err)
	}
	return r.out
}

// server is a running server.
type server struct {
	t      testing.TB
	url    string
	cmd    *exec.Cmd
	exited chan struct{}

	raced    atomic.Bool // the race detector saw something
	mu       sync.Mutex
	out, log []string
}

// start starts a server and waits until it serves. It is killed at the end of
// the test if nobody stopped it.
func start(t testing.TB, dir string, env []string, args ...string) *server {
	t.Helper()
	return begin(t, command(context.Background(), dir, env, args...))
}

// begin starts a server that was prepared.
func begin(t testing.TB, cmd *exec.Cmd) *server {
	t.Helper()
	s := &server{t: t, cmd: cmd, exited: make(chan struct{})}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	complaint, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	serving := make(chan string, 1)
	var read sync.WaitGroup
	read.Go(func() { s.follow(out, &s.out, nil) })
	read.Go(func() { s.follow(complaint, &s.log, serving) })
	go func() { read.Wait(); _ = s.cmd.Wait(); close(s.exited) }()
	t.Cleanup(s.kill)
	select {
	case addr := <-serving:
		s.url = "http://" + addr
	case <-s.exited:
		t.Fatalf("the server did not start: %s", strings.Join(s.lines(&s.log), "\n"))
	case <-time.After(patience):
		t.Fatal("the server does not serve")
	}
	return s
}

// follow keeps the lines of a stream, and passes on the address that is served.
func (s *server) follow(from interface{ Read([]byte) (int, error) }, into *[]string, serving chan<- string) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		s.mu.Lock()
		*into = append(*into, lines.Text())
		s.mu.Unlock()
		if strings.Contains(lines.Text(), "DATA RACE") {
			s.raced.Store(true)
		}
		var l struct{ Msg, Addr string }
		if serving != nil && json.Unmarshal(lines.Bytes(), &l) == nil && l.Msg == "serving" {
			serving <- l.Addr
		}
	}
}

func (s *server) lines(of *[]string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), *of...)
}

// kill ends the process as a power cut would.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.exited
	if s.raced.Load() {
		s.t.Errorf("the race detector says:\n%s", strings.Join(s.lines(&s.log), "\n"))
	}
}

// stop asks the process to end and gives its exit status.
func (s *server) stop() int {
	s.t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.t.Fatal("the server does not stop")
	}
	return s.cmd.ProcessState.ExitCode()
}

// waitFor asks again and again until something is so.
func waitFor(t testing.TB, so func() bool) {
	t.Helper()
	for late := time.Now().Add(patience); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("it never came to be")
		}
	}
}

func mode(t testing.TB, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
