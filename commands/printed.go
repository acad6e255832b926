package commands

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
)

// paper is standard output that remembers whether something could not be
// printed, so that no command ends as if it had been.
type paper struct {
	io.Writer
	err error
}

// Write prints.
func (p *paper) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if err != nil && p.err == nil {
		p.err = err
	}
	return n, err
}

// printOnce prints what is not kept anywhere. Where it cannot be printed, the
// error says what is lost, and which command makes another.
func printOnce(std Streams, what, text, another string) error {
	signal.Ignore(syscall.SIGPIPE) // a reader that went away is an error, and not our end
	if _, err := fmt.Fprintln(std.Out, text); err != nil {
		return unprinted(what, another)
	}
	return nil
}

func unprinted(what, another string) error {
	return errors.New(what + " could not be printed and is lost; " + another)
}

// anew is how to get a link once more.
func anew(command ...string) string {
	return "this makes another: nightlatch " + strings.Join(command, " ")
}
