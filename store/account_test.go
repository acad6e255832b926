package store_test

import (
	"context"
	"reflect"
	"testing"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// full makes an account in which every field is set, and a session of it.
func full(t *testing.T, s *store.Store) identity.Account {
	t.Helper()
	ctx := t.Context()
	a := identity.Account{ID: identity.NewID(), Login: "Ada@example.com", Key: "ada@example.com", Name: "Ada", Email: "ada@example.com", EmailVerified: noon,
		Role: identity.Admin, Origin: "cli", Password: "phc", PasswordChanged: noon.AddDate(0, 0, 1), Preferred: "some", Created: noon.AddDate(0, 0, 2),
		LastLogin: noon.AddDate(0, 0, 3), Standing: identity.Locked, Disabled: noon.AddDate(0, 0, 4), Kinds: []factors.Kind{factors.KindTOTP},
		RecoveryLeft: 1, Off: []factors.Kind{factors.KindEmail}, MustEnroll: noon.AddDate(0, 0, 5), Groups: []string{"ops", "staff"}}
	for i, v := 0, reflect.ValueOf(a); i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Fatalf("%s is not set", v.Type().Field(i).Name)
		}
	}
	write(t, s, func(tx login.Act) error {
		for _, do := range []func() error{
			func() error { return tx.InsertAccount(ctx, a) },
			func() error {
				return tx.InsertCredentials(ctx, factors.Credential{ID: identity.NewID(), AccountID: a.ID, Kind: factors.KindTOTP},
					factors.Credential{ID: identity.NewID(), AccountID: a.ID, Kind: factors.KindRecovery})
			},
			func() error {
				return tx.SaveThrottle(ctx, login.Throttle{Key: login.Counter{What: login.CountFactor, Account: a.ID, Kind: factors.KindEmail}, Off: noon})
			},
			func() error { return tx.SaveGroups(ctx, a.ID, a.Groups) },
			func() error { return tx.SetMustEnroll(ctx, a.ID, a.MustEnroll) },
			func() error { return tx.Reach(ctx, a.ID, identity.StepTold) },
			func() error {
				return tx.InsertSession(ctx, identity.Session{ID: identity.NewID(), TokenHash: "hash", AccountID: a.ID, Level: 2, Factor: factors.KindTOTP, Trusted: true,
					Address: "192.0.2.1", Browser: "Firefox", Created: noon, LastSeen: noon, Confirm: noon, Warning: "look"})
			},
		} {
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	})
	return a
}

// Whoever looks an account up sees the same one: by id, by login, by address,
// under a lock, in a list, and with every signed-in request.
func TestEveryLookUpSeesTheSameAccount(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		ctx, want := t.Context(), full(t, s)
		var locked identity.Account
		write(t, s, func(tx login.Act) (err error) {
			if locked, err = tx.LockAccount(ctx, want.ID); err == nil {
				err = tx.SaveAccount(ctx, locked) // changes nothing
			}
			return err
		})
		looks := map[string]func() (identity.Account, error){
			"lock":    func() (identity.Account, error) { return locked, nil },
			"id":      func() (identity.Account, error) { return s.Account(ctx, want.ID) },
			"key":     func() (identity.Account, error) { return s.AccountByKey(ctx, want.Key) },
			"address": func() (identity.Account, error) { return s.AccountByName(ctx, want.Key) },
			"visit": func() (identity.Account, error) {
				v, err := s.Visit(ctx, "hash")
				for i, v := 0, reflect.ValueOf(v.Session); i < v.NumField(); i++ {
					if name := v.Type().Field(i).Name; name != "Kept" && v.Field(i).IsZero() {
						t.Errorf("the session of a visit has no %s", name)
					}
				}
				return v.Account, err
			},
			"list": func() (identity.Account, error) {
				p, err := s.Page(ctx, directory.Query{All: true, Buckets: []directory.Bucket{0}, Limit: 1})
				return p.Accounts[0], err
			},
		}
		for name, look := range looks {
			got, err := look()
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v\ninstead of %+v, %v", name, got, want, err)
			}
		}
		if _, err := s.Visit(ctx, "other"); err != identity.ErrNotFound {
			t.Errorf("a token of nobody: %v", err)
		}
	})
}

// An account whose status nobody says is not made.
func TestAnAccountHasAStatus(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		err := s.Do(t.Context(), func(tx login.Act) error {
			return tx.InsertAccount(context.Background(), identity.Account{ID: identity.NewID(), Login: "ada", Key: "ada"})
		})
		if err == nil {
			t.Error("it was made")
		}
	})
}
