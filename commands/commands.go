// Package commands is the command line: it reads arguments and environment,
// and wires the rest together. Nothing else reads the environment.
package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"

	"github.com/alecthomas/kong"
)

// Streams are where a command reads and writes.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// serves are the commands that end when they are told to stop. Any other
// command was interrupted then, and has failed.
var serves = map[string]bool{"serve": true, "demo": true}

// cli is the command line.
type cli struct {
	Flags
	Show kong.VersionFlag `name:"version" help:"Show version, commit and Go version."`

	Serve    serveCmd    `cmd:"" default:"withargs" help:"Serve the dashboard (also without any command)."`
	Migrate  migrateCmd  `cmd:"" help:"Migrate the database."`
	User     userCmd     `cmd:"" help:"Create and list accounts."`
	Factor   factorCmd   `cmd:"" help:"Show and reset the factors of accounts."`
	Audit    auditCmd    `cmd:"" help:"Check the audit log."`
	Demo     demoCmd     `cmd:"" help:"Serve a throw-away site with 200 accounts and 90 days of history."`
	Rules    rulesCmd    `cmd:"" help:"Say what a rule of forward-auth would say."`
	Token    tokenCmd    `cmd:"" help:"Create, list and revoke tokens of the JSON interface."`
	Key      keyCmd      `cmd:"" help:"Rotate the keys that secrets are sealed with."`
	Backup   backupCmd   `cmd:"" help:"Write the embedded database to a file while the server runs."`
	Database databaseCmd `cmd:"" help:"Move a whole site to another database."`
	Restore  restoreCmd  `cmd:"" help:"Restore a backup, end all sessions and forget all trusted browsers."`
	Doctor   doctorCmd   `cmd:"" help:"Check configuration, database, keys, mail and clock."`
	Version  versionCmd  `cmd:"" help:"Show version, commit and Go version (also --version)."`
}

// Main runs a command and gives the process's exit status: 0 when it worked, 1
// when it did not, 2 when it was not understood.
func Main(args []string, io Streams) int {
	var c cli
	out := &paper{Writer: io.Out, gone: unopened(io.Out)}
	io.Out = out
	exit := -1
	info, _ := debug.ReadBuildInfo()
	parser, err := kong.New(&c, kong.Name("nightlatch"), kong.Vars{"version": about(release, info)}, kong.Writers(io.Out, io.Err), kong.Exit(func(code int) { exit = code }),
		kong.Description("The second lock on a login. Every flag is also an environment variable."),
		kong.UsageOnError(), kong.PostBuild(defaultsLater))
	if err != nil {
		fmt.Fprintln(io.Err, "nightlatch:", err)
		return 2
	}
	run, err := parser.Parse(args)
	if exit >= 0 { // help was asked for
		if out.err != nil {
			return 1
		}
		return exit
	}
	if err != nil {
		fmt.Fprintln(io.Err, "nightlatch:", err)
		return 2
	}
	ctx, again, hup, stop := untilTold()
	defer stop()
	run.BindTo(ctx, (*context.Context)(nil))
	err = run.Run(&c.Flags, io, again, hup)
	if errors.Is(err, context.Canceled) {
		err = errors.New("stopped before it had finished")
		if run.Selected() != nil && serves[run.Selected().Name] {
			err = nil
		}
	}
	if err == nil && out.err != nil {
		err = fmt.Errorf("not everything could be printed: %w", out.err)
	}
	if err != nil {
		fmt.Fprintln(io.Err, "nightlatch:", err)
		return 1
	}
	return 0
}

// defaultsLater shows the defaults in the help and leaves them to site.Options:
// whether somebody wrote a value matters there.
func defaultsLater(k *kong.Kong) error {
	for _, group := range k.Model.AllFlags(false) {
		for _, f := range group {
			if f.HasDefault && f.PlaceHolder == "" {
				f.PlaceHolder, f.HasDefault, f.Default = f.Default, false, ""
			}
		}
	}
	return nil
}
