package store_test

import (
	"fmt"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

func try(t *testing.T, s *store.Store, account string, at time.Time) {
	t.Helper()
	act(t, s, func(tx login.Act) (identity.Event, error) {
		return tx.Tried(t.Context(), identity.Event{At: at, Kind: "login.failed", AccountID: account, Actor: "stranger", Address: "192.0.2.1"})
	})
}

// told adds up the tries that the log tells of, row by row.
func told(t *testing.T, s *store.Store, account string) (rows, tries int) {
	t.Helper()
	list, err := s.Events(t.Context(), account, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		rows, tries = rows+1, tries+max(1, e.Times)
	}
	return rows, tries
}

// Tries that several servers count at once are all counted, in one chain, and
// told of when the hour is over by whichever server looks first.
func TestTriesOfSeveralServersAreAllCounted(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		other, _ := second(t, s, url)
		both := []*store.Store{s, other}
		together(40, func(i int) {
			for j := range 5 {
				err := both[i%2].Act(t.Context(), func(tx login.Act) (identity.Event, error) {
					return tx.Tried(t.Context(), identity.Event{At: noon.Add(time.Duration(j) * time.Minute), Kind: "login.failed",
						AccountID: []string{"", "ada"}[j%2], Actor: "stranger", Address: fmt.Sprint("192.0.2.", i)})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		together(4, func(i int) {
			if err := both[i%2].Sweep(t.Context(), noon.Add(2*time.Hour), noon); err != nil {
				t.Error(err)
			}
		})
		for account, want := range map[string]int{"": 120, "ada": 80} {
			if rows, tries := told(t, s, account); rows != 2 || tries != want {
				t.Errorf("%q: %d rows tell of %d tries, not %d", account, rows, tries, want)
			}
		}
		if got := verify(t, s, ""); got.Broken != 0 || got.Fault != "" || got.Rows != 4 {
			t.Errorf("%+v", got)
		}
	})
}

// A count lies in the database from the try on: whoever opens it later, after
// whatever end of the server, has the log tell of it. A try that was undone
// counts nothing.
func TestCountsOutliveTheServer(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		for i := range 7 {
			try(t, s, "ada", noon.Add(time.Duration(i)*time.Second))
		}
		_ = s.Do(t.Context(), func(tx login.Act) error {
			_, _ = tx.Tried(t.Context(), identity.Event{At: noon, Kind: "login.failed", AccountID: "ada", Actor: "stranger"})
			return identity.ErrNotFound
		})
		later := open(t, url) // nothing was said to s
		later.UseKeys(newKeys(t))
		if rows, tries := told(t, later, "ada"); rows != 1 || tries != 7 {
			t.Errorf("%d rows, %d tries", rows, tries)
		}
		if err := later.Sweep(t.Context(), noon.Add(login.TriesWindow-time.Second), noon); err != nil {
			t.Fatal(err)
		}
		if n := len(events(t, url)); n != 1 {
			t.Errorf("%d rows before the hour is over", n)
		}
		try(t, s, "ada", noon.Add(login.TriesWindow)) // the next hour begins
		if rows, tries := told(t, later, "ada"); rows != 3 || tries != 8 {
			t.Errorf("%d rows, %d tries", rows, tries)
		}
	})
}

// A clock that went back does not keep a count open, and one that was ahead does
// not either.
func TestCountsEndWhateverTheClockDoes(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		for range 3 {
			try(t, s, "ada", noon.Add(24*time.Hour))
		}
		for range 3 {
			try(t, s, "ada", noon)
		}
		if rows, tries := told(t, s, "ada"); rows != 3 || tries != 6 {
			t.Errorf("%d rows, %d tries", rows, tries)
		}
		if err := s.Sweep(t.Context(), noon.Add(-24*time.Hour), noon); err != nil {
			t.Fatal(err)
		}
		if rows := events(t, url); len(rows) != 4 || broken(rows) != 0 {
			t.Errorf("%d rows", len(rows))
		}
	})
}

// What was counted about an account is told of before the account is deleted,
// and nothing but the log names it afterwards.
func TestCountsOfADeletedAccountAreTold(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		a, _ := account(t, s, "ada")
		for range 3 {
			try(t, s, a.ID, noon)
		}
		write(t, s, func(tx login.Act) error {
			if err := tx.DeleteAccount(t.Context(), a.ID); err != nil {
				return err
			}
			tx.Record(identity.Event{At: noon, Kind: "account.deleted", AccountID: a.ID, Actor: "cli", Detail: "ada"})
			return nil
		})
		var left int
		if err := raw(t, url).NewRaw("SELECT count(*) FROM tries").Scan(t.Context(), &left); err != nil || left != 0 {
			t.Errorf("%d counts are left, %v", left, err)
		}
		if rows, tries := told(t, s, a.ID); rows != 3 || tries != 4 {
			t.Errorf("%d rows, %d tries", rows, tries)
		}
	})
}
