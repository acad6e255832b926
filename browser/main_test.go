package browser

import (
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
