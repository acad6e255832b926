package pgtest

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"
)

// childEnv makes this test binary a process that starts a server, says where
// it is, and waits to be killed.
const childEnv = "PGTEST_CHILD"

func init() {
	if os.Getenv(childEnv) == "" {
		return
	}
	s, err := start()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.port, s.dir)
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

func TestServerDiesWithAKilledTestProcess(t *testing.T) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childEnv+"=1")
	child.Stderr = os.Stderr
	if _, err := child.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var port int
	var dir string
	if _, err := fmt.Fscan(bufio.NewReader(out), &port, &dir); err != nil {
		t.Fatal("the child did not start its server:", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	child.Process.Kill()
	child.Wait()

	for end := time.Now().Add(patience); time.Now().Before(end); {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			return
		}
		conn.Close()
	}
	t.Fatal("the server still answers")
}
