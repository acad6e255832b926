package commands

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"nightlatch.example/nightlatch/password"
)

type demoCmd struct{}

// Run serves a throw-away site with some 200 accounts in every state and 90
// days of history. Its folder is deleted when it stops.
func (demoCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	folder, err := os.MkdirTemp("", "nightlatch-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	f.Data, f.Database, f.Keys, f.Mail = folder, "", "", "dir:"+filepath.Join(folder, "mail")
	s, err := f.check()
	if err != nil {
		return err
	}
	clock := &storyClock{}
	s.login.Now = clock.now
	s.cost = password.Cost{MemoryKiB: 64, Time: 1, Threads: 1} // while the story is told; see below
	b, err := s.begin(ctx, std, true)
	if err != nil {
		return err
	}
	defer b.store.Close()
	t := newStory(b, clock, rand.Text())
	if err := t.tell(ctx); err != nil {
		return fmt.Errorf("the demo could not be made: %w", err)
	}
	clock.stop()
	code, err := t.recoveryCode(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(std.Out, "A throw-away site with %d accounts. Sign in at %s\n  login          %s\n  password       %s\n  recovery code  %s\n",
		len(t.people), b.settings.login.URL, t.people[0].login, t.password, code)
	// From here on passwords cost what they must; the first sign-in makes the hash anew.
	return b.serve(ctx, std)
}

// storyClock stands where the story is, until it is stopped; then it is the
// real one.
type storyClock struct{ at atomic.Int64 }

func (c *storyClock) now() time.Time {
	if at := c.at.Load(); at != 0 {
		return time.Unix(0, at).UTC()
	}
	return time.Now()
}

func (c *storyClock) set(t time.Time)      { c.at.Store(t.UnixNano()) }
func (c *storyClock) pass(d time.Duration) { c.at.Add(int64(d)) }
func (c *storyClock) stop()                { c.at.Store(0) }
