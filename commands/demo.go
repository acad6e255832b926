package commands

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"nightlatch.example/nightlatch/internal/demo"
	"nightlatch.example/nightlatch/password"
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
	s, err := f.check()
	if err != nil {
		return err
	}
	clock := &demo.Clock{}
	s.login.Now = clock.Now
	s.cost = password.Cost{MemoryKiB: 64, Time: 1, Threads: 1} // while the story is told; see below
	b, err := s.begin(ctx, std, true)
	if err != nil {
		return err
	}
	defer b.store.Close()
	b.again = again
	guest, err := demo.Tell(ctx, demo.Site{Store: b.store, Login: b.login, Accounts: b.accounts, Clock: clock})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("A throw-away site with %d accounts. Sign in at %s\n  login          %s\n  password       %s\n  recovery code  %s",
		guest.Accounts, b.settings.login.URL, guest.Login, guest.Password, guest.RecoveryCode)
	if err := printOnce(std, "the password", text, "starting again makes another"); err != nil {
		return err
	}
	// From here on passwords cost what they must; the first sign-in makes the hash anew.
	return b.serve(ctx, std)
}
