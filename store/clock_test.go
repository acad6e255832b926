package store_test

import (
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// A server that was killed while the clock was ahead keeps nobody from a step
// back for longer than one that was killed just now, and holds no rotation up
// for longer than a server is believed to run.
func TestSignsOfLifeFromAClockThatWentBack(t *testing.T) {
	for what, jump := range map[string]time.Duration{"an hour": time.Hour, "a year": 365 * 24 * time.Hour} {
		t.Run(what, func(t *testing.T) {
			onStore(t, func(t *testing.T, s *store.Store, url string) {
				db, ahead := raw(t, url), time.Now().Add(jump).UnixMicro()
				run(t, db, "INSERT INTO servers (id, host, pid, keys, lead, seen_at) VALUES ('killed', 'a host', 4711, '', 0, ?)", ahead)
				list, err := s.Running(t.Context())
				if err != nil || len(list) != 1 { // it may still run: it is waited for as if it had been seen now
					t.Fatalf("running: %v, %v", list, err)
				}
				run(t, db, "UPDATE servers SET seen_at = seen_at - ?", (20 * time.Second).Microseconds())
				if list, err := s.Running(t.Context()); err != nil || len(list) != 0 {
					t.Errorf("20 seconds later: %v, %v", list, err)
				}
				run(t, db, "UPDATE servers SET seen_at = ?", ahead)
				s.Close()
				db.Close()                                      // SQLite's own lock tells, and this test would hold it
				alone, err := store.OpenAlone(t.Context(), url) // after a wait
				if err != nil {
					t.Fatal(err)
				}
				alone.Close()
			})
		})
	}
}

// What the database holds of a later date is found, with the rows and how far;
// what other clocks differ by is not.
func TestAheadFindsWhatAClockDated(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		record := func(at time.Time) {
			t.Helper()
			write(t, s, func(tx login.Act) error {
				tx.Record(identity.Event{At: at, Kind: "login", Actor: "cli"})
				return nil
			})
		}
		look := func() store.Ahead {
			t.Helper()
			a, err := s.Ahead(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		now := time.Now()
		record(now)
		record(now.Add(30 * time.Second))
		if a := look(); a.Any() {
			t.Fatalf("clocks that differ a little: %+v", a)
		}
		var last int64
		if err := raw(t, url).NewRaw("SELECT max(seq) FROM events").Scan(t.Context(), &last); err != nil {
			t.Fatal(err)
		}
		record(now.Add(59 * time.Minute))
		record(now.Add(time.Hour))
		a := look()
		if a.First != last+1 || a.Last != last+2 || a.By < 59*time.Minute || a.By > time.Hour || !a.Since.IsZero() || a.Newest.Sub(now).Round(time.Second) != time.Hour {
			t.Errorf("ahead: %+v", a)
		}
		record(now.Add(time.Second))
		if a := look(); a.Last != last+2 || a.Since.Sub(now).Round(time.Second) != time.Second {
			t.Errorf("and right again: %+v", a)
		}
		run(t, raw(t, url), "INSERT INTO servers (id, seen_at) VALUES ('killed', ?)", now.Add(48*time.Hour).UnixMicro())
		if a := look(); a.By < 47*time.Hour || a.By > 49*time.Hour {
			t.Errorf("a sign of life: %+v", a)
		}
	})
}
