package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"nightlatch.example/nightlatch/internal/demo"
	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/password"
)

type demoCmd struct{}

// Run serves a throw-away site with some 200 accounts in every state and 90
// days of history. Its folder is deleted when it stops.
func (demoCmd) Run(ctx context.Context, f *Flags, std Streams, again hurry, hup *hangup) error {
	// The story takes seconds: nobody shall wait for a password that cannot be printed.
	if err := printPassword(std, "A throw-away site is being made, which takes some seconds."); err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "nightlatch-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	f.Data, f.Mail = folder, "dir:"+filepath.Join(folder, "mail")
	f.Database, f.Keys = "sqlite:"+filepath.Join(folder, "nightlatch.db"), filepath.Join(folder, "keys.json")
	s, err := f.check(std)
	if err != nil {
		return err
	}
	if err := s.useRules(hup); err != nil {
		return err
	}
	clock := &demo.Clock{}
	s.Login.Now = clock.Now
	s.Make, s.Cost = true, password.Cost{MemoryKiB: 64, Time: 1, Threads: 1} // cheap hashes while the story is told
	b, err := s.begin(ctx)
	if err != nil {
		return err
	}
	guest, err := demo.Tell(ctx, demo.Site{Store: b.store, Login: b.login, Accounts: b.accounts, Clock: clock})
	if err == nil {
		err = printPassword(std, guestText(guest, s.Login.URL))
	}
	if err != nil {
		return errors.Join(err, b.site.Close())
	}
	// From here on hashes have their full cost; the first sign-in makes a new one.
	s.Cost = password.Cost{}
	b = newBase(s, wiring.With(s.Settings, b.store, b.keys))
	b.again = again
	return b.serve(ctx, std)
}

// printPassword prints what leads to the password of the demo, or says that there
// is none to be had.
func printPassword(std Streams, text string) error {
	return printOnce(std, "the password", text, "start the server again to get another")
}

// guestText says how to sign in.
func guestText(g demo.Guest, url string) string {
	return fmt.Sprintf("A throw-away site with %d accounts. Sign in at %s\n  login          %s\n  password       %s\n  recovery code  %s",
		g.Accounts, url, g.Login, g.Password, g.RecoveryCode)
}
