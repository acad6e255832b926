package commands

import (
	"errors"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
)

// paper is standard output that remembers the first error, so that no command
// ends with status 0 although something was not printed.
type paper struct {
	io.Writer
	err  error
	gone bool // what is printed goes nowhere: see unopened
}

// Write prints.
func (p *paper) Write(b []byte) (int, error) {
	n, err := p.Writer.Write(b)
	if err != nil && p.err == nil {
		p.err = err
	}
	return n, err
}

// printOnce prints something that is kept nowhere else. When it cannot be
// printed, the error says what is lost and how to get another.
func printOnce(std Streams, what, text, another string) error {
	if lostOut(std) {
		return unprinted(what, another)
	}
	signal.Ignore(syscall.SIGPIPE) // a closed pipe is then an error and does not end the process
	if _, err := fmt.Fprintln(std.Out, text); err != nil {
		return unprinted(what, another)
	}
	return nil
}

// lostOut says whether standard output was closed from the beginning.
func lostOut(std Streams) bool {
	p, ok := std.Out.(*paper)
	return ok && p.gone
}

func unprinted(what, another string) error {
	return errors.New(what + " could not be printed and is lost; " + another)
}

// anew is the command that makes another link.
func anew(command ...string) string {
	return "this makes another: nightlatch " + strings.Join(command, " ")
}
