package wiring

import (
	"cmp"
	"context"
	"errors"
	"os"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/store"
)

// keyWatch is the time between two looks at the key file and at the site's
// check value.
const keyWatch = time.Second

// newProcess is how this server is listed for the other processes.
func newProcess() store.Process {
	host, _ := os.Hostname()
	return store.Process{ID: identity.NewID(), Host: cmp.Or(host, "an unnamed host"), PID: int64(os.Getpid())}
}

// watchKeys follows the key file and which key the database says seals. It also
// tells the other processes which keys this one has read, so that no key is
// made the leading one before every running server knows it.
func (s *Site) watchKeys(ctx context.Context) {
	tick := time.NewTicker(keyWatch)
	defer tick.Stop()
	if s.rooms.Keys.Shared() {
		s.log.Info("other accounts can read the key file; it is used all the same, because its mount is read-only", "file", s.set.Keys)
	}
	var said string
	newest, lead := s.rooms.Keys.NewestID(), s.rooms.Keys.LeadID()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		said = s.checkKeys(ctx, said)
		if newest == s.rooms.Keys.NewestID() && lead == s.rooms.Keys.LeadID() {
			continue
		}
		if err := s.rooms.Store.Announce(ctx, s.self); err == nil { // at once: a rotation waits for it
			newest, lead = s.rooms.Keys.NewestID(), s.rooms.Keys.LeadID()
		}
	}
}

// checkKeys logs once what is wrong with the keys, and once when they are right
// again.
func (s *Site) checkKeys(ctx context.Context, said string) string {
	err := s.rooms.Store.FollowKeys(ctx)
	if !errors.Is(err, identity.ErrSealed) && !errors.Is(err, store.ErrNoCheck) {
		err = nil // the database does not answer: others say so
	}
	if err == nil {
		err = s.rooms.Keys.Reload()
	}
	now := ""
	if err != nil {
		now = err.Error()
	}
	switch {
	case now == said:
	case err != nil:
		s.log.Error("the key file cannot be used; this server goes on with the keys in its memory", "error", err)
	default:
		s.log.Info("the key file is right again")
	}
	return now
}
