package store_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// What was counted within a window, and which steps of an app were accepted, is
// the same after the way down over their tables and up again, also where the
// older version counted on meanwhile; what it removed does not come back.
func TestWindowsAndStepsSurviveTheWayDown(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ada, kept := account(t, s, "ada")
		_, gone := account(t, s, "bob")
		counter := login.Throttle{Key: login.Counter{What: login.CountFactor, Account: ada.ID, Kind: factors.KindTOTP}, Fails: 2, Last: noon, Warned: noon.Add(-time.Hour),
			Recent: []time.Time{noon.Add(-48 * time.Hour), noon.Add(-time.Hour), noon}}
		sent := login.Throttle{Key: login.Counter{What: login.CountSend, Account: ada.ID}, Fails: 1, Last: noon, Recent: []time.Time{noon}}
		kept.Counter, kept.Steps = 40, []int64{7, 12, 40}
		gone.Counter, gone.Steps = 9, []int64{9}
		write(t, s, func(tx login.Act) error {
			for _, x := range []login.Throttle{counter, sent} {
				if err := tx.SaveThrottle(t.Context(), x); err != nil {
					return err
				}
			}
			for _, c := range []factors.Credential{kept, gone} {
				if swapped, err := tx.SwapCredential(t.Context(), c); err != nil || !swapped {
					t.Errorf("swapped %v, %v", swapped, err)
				}
			}
			return nil
		})
		const step = "20261125000010_windows"
		for undone := ""; undone != step; {
			var err error
			if undone, err = s.Undo(t.Context(), anything); err != nil || undone == "" {
				t.Fatalf("down: %q, %v", undone, err)
			}
		}
		db := raw(t, url)
		if there := tables(t, db); slices.Contains(there, "windows") || slices.Contains(there, "steps") {
			t.Fatalf("tables after the way down: %v", there)
		}
		run(t, db, "UPDATE throttles SET fails = 3 WHERE key = ?", "factor:"+ada.ID+":totp") // an older version goes on
		run(t, db, "DELETE FROM credentials WHERE id = ?", gone.ID)
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		counter.Fails = 3
		for _, want := range []login.Throttle{counter, sent} {
			got, err := s.Throttle(t.Context(), want.Key)
			if err != nil || got.Fails != want.Fails || !got.Warned.Equal(want.Warned) || !slices.EqualFunc(got.Recent, want.Recent, time.Time.Equal) {
				t.Errorf("counter: %+v instead of %+v, %v", got, want, err)
			}
		}
		creds, err := s.Credentials(t.Context(), ada.ID)
		if err != nil || len(creds) != 1 || !reflect.DeepEqual(creds[0].Steps, kept.Steps) {
			t.Errorf("steps: %+v, %v", creds, err)
		}
		var left int
		if err := db.NewRaw("SELECT (SELECT count(*) FROM settings WHERE key LIKE 'window:%' OR key LIKE 'step:%') + (SELECT count(*) FROM steps WHERE credential_id = ?)", gone.ID).
			Scan(t.Context(), &left); err != nil || left != 0 {
			t.Errorf("%d rows are left over, %v", left, err)
		}
	})
}
