package commands

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/mattn/go-isatty"
)

// newLog writes text to a terminal and JSON lines elsewhere.
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level}
	if terminal(w) {
		return slog.New(slog.NewTextHandler(w, opt))
	}
	return slog.New(slog.NewJSONHandler(w, opt))
}

// toTerminal returns a function that prints a line on a terminal; nil when w is
// not one.
func toTerminal(w io.Writer) func(string) {
	if !terminal(w) {
		return nil
	}
	return func(line string) { fmt.Fprintln(w, line) }
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}
