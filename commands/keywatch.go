package commands

import (
	"context"
	"errors"
	"os"
	"time"

	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

const (
	keyWatch    = time.Second     // between two looks at the key file and at the site's check value
	announce    = 4 * time.Second // between two signs of life of a server, see store.Running
	departGrace = 2 * time.Second // what a server that stops gets to say so
)

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
	var last time.Time
	newest, lead := b.keys.NewestID(), b.keys.LeadID()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), departGrace)
			defer cancel()
			_ = b.store.Depart(end, self.ID) // it is forgotten by itself soon
			return
		case <-tick.C:
		}
		said = b.checkKeys(ctx, said)
		if newest == b.keys.NewestID() && lead == b.keys.LeadID() && time.Since(last) < announce {
			continue
		}
		if err := b.store.Announce(ctx, self); err == nil {
			newest, lead, last = b.keys.NewestID(), b.keys.LeadID(), time.Now()
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
