package store_test

import (
	"maps"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// oldCounter is a counter as the version before kept it, under a text.
type oldCounter struct {
	Key                           string
	Fails, LastAt, UntilAt, OffAt int64
	Recent                        string
}

// undoTo takes steps back until one is undone.
func undoTo(t *testing.T, s *store.Store, step string) {
	t.Helper()
	for undone := ""; undone != step; {
		var err error
		if undone, err = s.Undo(t.Context(), func(loss store.Loss) error {
			if loss.Step == step && len(loss.Gone) > 0 {
				t.Errorf("the step back %s", loss)
			}
			return nil
		}); err != nil || undone == "" {
			t.Fatalf("down: %q, %v", undone, err)
		}
	}
}

// Counters of the version before are taken apart into columns, and put together
// again on the way down, so that none counts anew.
func TestCountersKeepTheirCountOnTheWayUpAndDown(t *testing.T) {
	const step, hash = "20261125000173_counters", "0123456789abcdef0123456789abcdef"
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ada, _ := account(t, s, "ada")
		browser := identity.NewID()
		write(t, s, func(tx login.Act) error {
			return tx.PutBrowser(t.Context(), identity.Browser{ID: browser, TokenHash: "hash", AccountID: ada.ID, Until: noon})
		})
		undoTo(t, s, step)
		want := map[string]login.Counter{
			"factor:" + ada.ID + ":totp":                  {What: login.CountFactor, Account: ada.ID, Kind: factors.KindTOTP},
			"factor:" + ada.ID + ":totp:" + browser:       {What: login.CountFactor, Account: ada.ID, Kind: factors.KindTOTP, Browser: browser},
			"factor:" + ada.ID + ":push-app.2":            {What: login.CountFactor, Account: ada.ID, Kind: "push-app.2"},
			"factor:" + ada.ID + ":push-app.2:" + browser: {What: login.CountFactor, Account: ada.ID, Kind: "push-app.2", Browser: browser},
			"known:" + browser:                            {What: login.CountPassword, Account: ada.ID, Browser: browser},
			"known:FORGOTTEN":                             {What: login.CountPassword, Browser: "FORGOTTEN"},
			"password:" + hash:                            {What: login.CountPassword, Subject: hash},
			"send:" + ada.ID:                              {What: login.CountSend, Account: ada.ID},
			"reset:" + ada.ID:                             {What: login.CountReset, Account: ada.ID},
			"links:" + ada.ID:                             {What: login.CountLinks, Account: ada.ID},
			"warned:" + ada.ID:                            {What: "warned", Account: ada.ID},
			"browsers:" + ada.ID:                          {What: "browsers", Account: ada.ID},
			"register:" + hash:                            {What: login.CountRegister, Subject: hash},
			"address:192.0.2.7":                           {What: login.CountAddress, Subject: "192.0.2.7"},
			"address:2001:db8:0:7::/64":                   {What: login.CountAddress, Subject: "2001:db8:0:7::/64"},
			"stranger:2001:db8::/64":                      {What: "stranger", Subject: "2001:db8::/64"},
		}
		db, n := raw(t, url), int64(0)
		before := map[string]oldCounter{}
		for key, c := range want {
			n++
			old := oldCounter{key, n, n + 1000, n + 2000, n % 2 * (n + 3000), ""}
			run(t, db, "INSERT INTO throttles (key, fails, last_at, until_at, off_at) VALUES (?, ?, ?, ?, ?)", key, old.Fails, old.LastAt, old.UntilAt, old.OffAt)
			if c.What == login.CountFactor || c.What == login.CountSend {
				old.Recent = "0 rs " + strings.Repeat("z", int(n))
				run(t, db, "INSERT INTO windows (key, recent) VALUES (?, ?)", key, old.Recent)
			}
			before[key] = old
		}
		run(t, db, "DELETE FROM windows WHERE key = ?", "factor:"+ada.ID+":push-app.2") // counted before there were windows
		old := before["factor:"+ada.ID+":push-app.2"]
		old.Recent = ""
		before[old.Key] = old
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for key, c := range want {
			x, err := s.Throttle(t.Context(), c)
			old := before[key]
			recent := len(strings.Fields(old.Recent)) - 1
			if key == "factor:"+ada.ID+":push-app.2" {
				recent = int(old.Fails)
			}
			if err != nil || x.Key != c || x.Fails != int(old.Fails) || x.Last.UnixMicro() != old.LastAt || x.Until.UnixMicro() != old.UntilAt ||
				!x.Off.IsZero() && x.Off.UnixMicro() != old.OffAt || x.Off.IsZero() != (old.OffAt == 0) || len(x.Recent) != max(recent, 0) {
				t.Errorf("%s: %+v of %+v, %v", key, x, old, err)
			}
		}
		undoTo(t, s, step)
		var rows []oldCounter
		err := db.NewRaw("SELECT t.*, coalesce(w.recent, '') AS recent FROM throttles AS t LEFT JOIN windows AS w ON w.key = t.key").Scan(t.Context(), &rows)
		after := map[string]oldCounter{}
		for _, r := range rows {
			after[r.Key] = r
		}
		if err != nil || !maps.Equal(before, after) {
			t.Errorf("after the way down: %+v\ninstead of %+v, %v", after, before, err)
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// What an account was counted for goes with it, in whatever browser and of
// whatever kind it was; what others were counted for stays.
func TestCountersGoWithTheirAccount(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ada, _ := account(t, s, "ada")
		bob, _ := account(t, s, "bob")
		count := func(tx login.Act, c login.Counter) error {
			x := login.Throttle{Key: c, Fails: 3, Last: noon}
			if c.Kind == "invented" {
				x.Off = noon
			}
			return tx.SaveThrottle(t.Context(), x)
		}
		write(t, s, func(tx login.Act) error {
			for _, id := range []string{ada.ID, bob.ID} {
				for _, c := range []login.Counter{
					{What: login.CountFactor, Account: id, Kind: "invented"}, {What: login.CountFactor, Account: id, Kind: factors.KindTOTP, Browser: "forgotten"},
					{What: login.CountFactor, Account: id, Kind: factors.KindTOTP},
					{What: login.CountPassword, Account: id, Browser: "known"}, {What: login.CountSend, Account: id}, {What: "warned", Account: id},
				} {
					if err := count(tx, c); err != nil {
						return err
					}
				}
			}
			return count(tx, login.Counter{What: login.CountPassword, Subject: "name"})
		})
		left := func(where string) (n int) {
			t.Helper()
			if err := raw(t, url).NewRaw("SELECT count(*) FROM counters WHERE "+where).Scan(t.Context(), &n); err != nil {
				t.Fatal(err)
			}
			return n
		}
		off := func(id string) int {
			t.Helper()
			a, err := s.Account(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			return len(a.Off)
		}
		if off(ada.ID) != 1 || off(bob.ID) != 1 {
			t.Fatal("the kind is not off")
		}
		write(t, s, func(tx login.Act) error { return tx.ClearKind(t.Context(), ada.ID, factors.KindTOTP) })
		if n := left("kind = 'totp'"); n != 2 || off(ada.ID) != 1 {
			t.Errorf("after a kind was cleared: %d", n)
		}
		write(t, s, func(tx login.Act) error {
			return tx.ClearCounters(t.Context(), ada.ID, login.CountFactor, login.CountSend)
		})
		if n := left("account_id = '" + ada.ID + "'"); n != 2 || off(ada.ID) != 0 {
			t.Errorf("after two matters were cleared: %d, %d kinds are off", n, off(ada.ID))
		}
		write(t, s, func(tx login.Act) error { return tx.DeleteAccount(t.Context(), ada.ID) })
		if n, rest := left("account_id = '"+ada.ID+"'"), left("true"); n != 0 || rest != 7 || off(bob.ID) != 1 {
			t.Errorf("after the account was deleted: %d of it, %d in all", n, rest)
		}
	})
}

// The sweep finds what is over by indexes, and reads nothing that it keeps.
func TestTheSweepReadsOnlyWhatIsOver(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		db := raw(t, url)
		db.SetMaxOpenConns(1)
		explain := "EXPLAIN QUERY PLAN "
		if !s.Embedded() { // it scans what is small, unless it is told not to
			explain = "EXPLAIN "
			run(t, db, "SET enable_seqscan = off")
		}
		for _, sql := range store.Sweeps() {
			rows, err := db.QueryContext(t.Context(), explain+sql, 5)
			if err != nil {
				t.Fatal(err)
			}
			plan := ""
			for rows.Next() {
				var skip any
				var step string
				into := []any{&step}
				if s.Embedded() {
					into = []any{&skip, &skip, &skip, &step}
				}
				if err := rows.Scan(into...); err != nil {
					t.Fatal(err)
				}
				plan += step + "\n"
			}
			rows.Close()
			if rows.Err() != nil || !strings.Contains(plan, "_at<") && !strings.Contains(plan, "_at <") ||
				strings.Contains(plan, "SCAN ") || strings.Contains(plan, "Seq Scan") {
				t.Errorf("%s: %v\n%s", sql, rows.Err(), plan)
			}
		}
	})
}

// A kind is off for as long as any counter says so: the one that strangers share,
// or that of a browser.
func TestAKindStaysOffWhileAnyCounterSaysSo(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		ada, _ := account(t, s, "ada")
		shared := login.Counter{What: login.CountFactor, Account: ada.ID, Kind: factors.KindTOTP}
		own := shared
		own.Browser = "b"
		write(t, s, func(tx login.Act) error {
			for _, key := range []login.Counter{shared, own} {
				if err := tx.SaveThrottle(t.Context(), login.Throttle{Key: key, Fails: 100, Last: noon, Off: noon}); err != nil {
					return err
				}
			}
			return nil
		})
		for i, key := range []login.Counter{own, shared} {
			write(t, s, func(tx login.Act) error { return tx.ClearThrottle(t.Context(), key) })
			if a, err := s.Account(t.Context(), ada.ID); err != nil || len(a.Off) != 1-i {
				t.Errorf("after %d of 2 counters the account has %v off, %v", i+1, a.Off, err)
			}
		}
	})
}
