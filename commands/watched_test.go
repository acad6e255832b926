//go:build race

package commands_test

// watched builds the program for the race detector too, as .ci/run does.
var watched = []string{"-race", "-gcflags=modernc.org/sqlite/lib=-race=false"}
