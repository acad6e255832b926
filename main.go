// Nightlatch is the second lock on a login: a password, then a factor of the
// person's own choice.
package main

import (
	"os"

	"nightlatch.example/nightlatch/commands"
)

func main() {
	os.Exit(commands.Main(os.Args[1:], commands.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
}
