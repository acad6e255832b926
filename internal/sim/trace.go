package sim

import (
	"fmt"
	"strings"
)

// Trace is what happened, a sentence a line.
type Trace struct{ lines []string }

// Say adds a sentence.
func (t *Trace) Say(format string, args ...any) {
	t.lines = append(t.lines, fmt.Sprintf(format, args...))
}

// String is the whole trace.
func (t *Trace) String() string { return strings.Join(t.lines, "\n") + "\n" }
