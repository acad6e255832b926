package wiring

import (
	"testing"
	"time"

	"nightlatch.example/nightlatch/store"
)

// At each tick a migration says how far it is, in one line, and nothing more
// once it is done.
func TestAMigrationSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	p, tick, done, said := &progress{}, make(chan time.Time), make(chan struct{}), make(chan string, 1)
	ended := make(chan struct{})
	go func() { p.run(tick, done, func(line string) { said <- line }); close(ended) }()
	for _, c := range []struct {
		now  store.Progress
		want string
	}{
		{store.Progress{}, "migrating: waiting for another program to end its migration"},
		{store.Progress{Step: "20261125000020_proven"}, "migrating: step 20261125000020_proven"},
		{store.Progress{Done: 400_000, Total: 1_000_000}, "migrating: 400,000 of 1,000,000 accounts"},
		{store.Progress{Done: 1_000_000, Total: 1_000_000}, "migrating: 1,000,000 of 1,000,000 accounts"},
	} {
		p.tell(c.now)
		tick <- time.Time{}
		if got := <-said; got != c.want {
			t.Errorf("%q instead of %q", got, c.want)
		}
	}
	close(done)
	<-ended
}
