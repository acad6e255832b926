//go:build !unix

package commands

import "io"

// unopened is not known here.
func unopened(io.Writer) bool { return false }
