package commands

import (
	"context"
	"errors"
	"os"
	"time"

	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// keyWatch is between two looks at the key file and at the site's check value.
const keyWatch = time.Second

// newProcess is how this server shows itself to others.
func newProcess() store.Process {
	host, _ := os.Hostname()
	return store.Process{ID: login.NewID(), Host: either(host, "an unnamed host"), PID: int64(os.Getpid())}
}

// watchKeys follows the key file and the database's word on which key seals,
// and tells the other processes which keys this one has read: nobody makes a key
// the leading one that a running server does not know.
func (b *base) watchKeys(ctx context.Context, self store.Process) {
	tick := time.NewTicker(keyWatch)
	defer tick.Stop()
	if b.keys.Shared() {
		b.log.Info("others than its owner can read the key file; it is taken all the same, since its mount is read-only", "file", b.settings.keys)
	}
	var said string
	newest, lead := b.keys.NewestID(), b.keys.LeadID()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		said = b.checkKeys(ctx, said)
		if newest == b.keys.NewestID() && lead == b.keys.LeadID() {
			continue
		}
		if err := b.store.Announce(ctx, self); err == nil { // at once: a rotation waits for it
			newest, lead = b.keys.NewestID(), b.keys.LeadID()
		}
	}
}

// checkKeys logs what is wrong with the keys, once, and that it is over.
func (b *base) checkKeys(ctx context.Context, said string) string {
	err := b.store.FollowKeys(ctx)
	if !errors.Is(err, login.ErrSealed) && !errors.Is(err, store.ErrNoCheck) {
		err = nil // the database does not answer: others say so
	}
	if err == nil {
		err = b.keys.Reload()
	}
	now := ""
	if err != nil {
		now = err.Error()
	}
	switch {
	case now == said:
	case err != nil:
		b.log.Error("the keys cannot be used as they are; this server goes on with those in its memory", "error", err)
	default:
		b.log.Info("the keys are right again")
	}
	return now
}
