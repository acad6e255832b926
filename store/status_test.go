package store_test

import (
	"slices"
	"testing"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// statuses are what the accounts of a store are, by login.
func statuses(t *testing.T, s *store.Store) map[string]identity.Status {
	t.Helper()
	buckets, err := s.Buckets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	q := directory.Query{All: true, Limit: 50}
	for b := range buckets {
		q.Buckets = append(q.Buckets, b)
	}
	p, err := s.Page(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	list := map[string]identity.Status{}
	for _, a := range p.Accounts {
		list[a.Login] = a.Standing
		if bucket := directory.BucketOf(a, nil); buckets[bucket] == 0 {
			t.Errorf("%s is in no bucket %b", a.Login, bucket)
		}
	}
	if wrong, err := s.WrongTotals(t.Context()); err != nil || wrong > 0 {
		t.Errorf("%d totals are wrong, %v", wrong, err)
	}
	return list
}

// back takes steps back until one is undone.
func back(t *testing.T, s *store.Store, to string) {
	t.Helper()
	for step := ""; step != to; {
		var err error
		if step, err = s.Undo(t.Context(), anything); err != nil || step == "" {
			t.Fatalf("%q, %v", step, err)
		}
	}
}

// What an account of the version before was is read from its password and from
// what happened to it; what that version cannot tell is kept for the way up.
func TestStatusesGoDownAndUp(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		want := map[string]identity.Status{}
		for _, x := range []struct {
			name     string
			standing identity.Status
			password identity.Hidden
			changed  bool // had a password once
			secured  bool // "this was not me" is in its log
		}{
			{name: "plain", standing: identity.Active, password: "phc", changed: true},
			{name: "waits", standing: identity.Invited},
			{name: "locked", standing: identity.Locked, changed: true, secured: true},
			{name: "locked-long-ago", standing: identity.Locked, secured: true},
			{name: "back-again", standing: identity.Active, password: "phc", changed: true, secured: true},
			{name: "elsewhere", standing: identity.Active}, // signs in without a password
		} {
			want[x.name] = x.standing
			a := identity.Account{ID: identity.NewID(), Login: x.name, Key: x.name, Standing: x.standing, Password: x.password, Created: noon}
			if x.changed {
				a.PasswordChanged = noon
			}
			write(t, s, func(tx login.Act) error {
				if err := tx.InsertAccount(t.Context(), a); err != nil || !x.secured {
					return err
				}
				tx.Record(identity.Event{At: noon, Kind: identity.EventAccountSecured, AccountID: a.ID})
				return nil
			})
		}
		check := func(when string) {
			t.Helper()
			if got := statuses(t, s); len(got) != len(want) {
				t.Errorf("%s: %v", when, got)
			} else {
				for name := range want {
					if got[name] != want[name] {
						t.Errorf("%s: %s is %s instead of %s", when, name, got[name], want[name])
					}
				}
			}
		}
		check("at first")
		for range 2 {
			back(t, s, "20261125000171_status")
			var invited int // as the version before counts them
			if err := raw(t, url).NewRaw("SELECT count(*) FROM directory WHERE (bucket & 2) <> 0 AND bucket < 524288").Scan(t.Context(), &invited); err != nil || invited != 4 {
				t.Errorf("%d are invited below, %v", invited, err)
			}
			if up, err := s.Migrate(t.Context()); err != nil || !slices.Contains(up, "20261125000171_status") {
				t.Fatal(up, err)
			}
			check("up again")
		}
	})
}

// What failures switched off, since when an account must enroll and which steps
// it took go down and up with the directory.
func TestWhatDoesNotFollowGoesDownAndUp(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		want := full(t, s)
		back(t, s, "20261125000172_derivable")
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		got, err := s.Account(t.Context(), want.ID)
		if err != nil || !slices.Equal(got.Off, want.Off) || !got.MustEnroll.Equal(want.MustEnroll) {
			t.Errorf("%+v, %v", got, err)
		}
		if reached, err := s.Reached(t.Context()); err != nil || reached[identity.StepTold] != 1 {
			t.Errorf("%v, %v", reached, err)
		}
	})
}
