package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"nightlatch.example/nightlatch/internal/demo"
	"nightlatch.example/nightlatch/password"
	"nightlatch.example/nightlatch/site"
)

type demoCmd struct{}

// Run serves a throw-away site with some 200 accounts in every state and 90
// days of history. Its folder is deleted when it stops.
func (demoCmd) Run(ctx context.Context, f *Flags, std Streams, again hurry) error {
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
	clock := &demo.Clock{}
	s.Login.Now = clock.Now
	s.Make, s.Cost = true, password.Cost{MemoryKiB: 64, Time: 1, Threads: 1} // cheap hashes while the story is told
	b, err := s.begin(ctx)
	if err != nil {
		return err
	}
	guest, err := demo.Tell(ctx, demo.Site{Store: b.store, Login: b.login, Accounts: b.accounts, Clock: clock})
	if err == nil {
		err = printOnce(std, "the password", guestText(guest, s.Login.URL), "start the server again to get another")
	}
	if err != nil {
		return errors.Join(err, b.site.Close())
	}
	// From here on hashes have their full cost; the first sign-in makes a new one.
	s.Cost = password.Cost{}
	b = newBase(s, site.With(s.Settings, b.store, b.keys))
	b.again = again
	return b.serve(ctx, std)
}

// guestText says how to sign in.
func guestText(g demo.Guest, url string) string {
	return fmt.Sprintf("A throw-away site with %d accounts. Sign in at %s\n  login          %s\n  password       %s\n  recovery code  %s",
		g.Accounts, url, g.Login, g.Password, g.RecoveryCode)
}
