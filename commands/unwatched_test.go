//go:build !race

package commands_test

// watched is empty where the race detector does not run.
var watched []string
