package browser

import (
	"net"
	"os"
	"testing"

	"nightlatch.example/nightlatch/commands"
	"nightlatch.example/nightlatch/internal/chrome"
)

// asProgram is the first argument that makes this process the program itself, with
// the arguments that follow: linking it once more takes as long as its demo.
const asProgram = "as-program"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == asProgram {
		os.Exit(commands.Main(os.Args[2:], commands.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	chrome.Main(m)
}

// freePort is one that nobody listens on just now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
