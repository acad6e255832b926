package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// winners runs n transactions at once on two handles of one database, as two
// processes would, and counts those that found something to take.
func winners(t *testing.T, s *store.Store, url string, n int, take func(tx login.Act) (bool, error)) (won int32) {
	t.Helper()
	other := open(t, url)
	var count atomic.Int32
	together(n, func(i int) {
		var mine bool
		err := []*store.Store{s, other}[i%2].Do(t.Context(), func(tx login.Act) (err error) {
			mine, err = take(tx)
			return err
		})
		if err != nil && !errors.Is(err, identity.ErrTaken) {
			t.Error(err)
		}
		if mine {
			count.Add(1)
		}
	})
	return count.Load()
}

// One right code, however often it is sent at once, gives one
// session, because each of these can be taken once.
func TestOneTaker(t *testing.T) {
	ctx := context.Background()
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		a, cred := account(t, s, "ada")
		recovery := factors.Credential{ID: identity.NewID(), AccountID: a.ID, Kind: factors.KindRecovery, Hash: "x", Version: 1}
		write(t, s, func(tx login.Act) error {
			return errors.Join(
				tx.InsertCredentials(ctx, recovery),
				tx.InsertPending(ctx, identity.Pending{ID: "p", TokenHash: "h", AccountID: a.ID}),
				tx.InsertPending(ctx, identity.Pending{ID: "q", TokenHash: "renewed", AccountID: a.ID}),
				tx.PutCeremony(ctx, login.Ceremony{ID: "c", AccountID: a.ID, Subject: "p", Purpose: factors.ForLogin, Kind: factors.KindEmail}),
				tx.PutLink(ctx, identity.Link{TokenHash: "l", AccountID: a.ID, Purpose: identity.LinkReset}))
		})
		cred.Counter, recovery.Used = 7, noon
		for name, take := range map[string]func(login.Act) (bool, error){
			"app":      func(tx login.Act) (bool, error) { return tx.SwapCredential(ctx, cred) },
			"recovery": func(tx login.Act) (bool, error) { return tx.SwapCredential(ctx, recovery) },
			"ceremony": func(tx login.Act) (bool, error) { return tx.TakeCeremony(ctx, "c") },
			"pending":  func(tx login.Act) (bool, error) { return tx.TakePending(ctx, "p", "h") },
			"link":     func(tx login.Act) (bool, error) { return tx.TakeLink(ctx, "l") },
		} {
			if won := winners(t, s, url, 10, take); won != 1 {
				t.Errorf("%s: %d took it", name, won)
			}
		}
		if won := winners(t, s, url, 2, func(tx login.Act) (bool, error) { return tx.TakePending(ctx, "q", "old") }); won != 0 {
			t.Errorf("pending login with another token: %d took it", won)
		}
		if got, err := s.Account(ctx, a.ID); err != nil || got.RecoveryLeft != 0 || !got.Has(factors.KindTOTP) {
			t.Errorf("the account says %+v, %v", got, err)
		}
	})
}

// A credential that was read before someone else saved it is not saved, nor is
// one of another account.
func TestSwapNeedsTheVersionAndTheOwner(t *testing.T) {
	ctx := context.Background()
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		a, cred := account(t, s, "ada")
		b, _ := account(t, s, "bob")
		swap := func(c factors.Credential) (ok bool) {
			write(t, s, func(tx login.Act) (err error) { ok, err = tx.SwapCredential(ctx, c); return err })
			return ok
		}
		foreign, stale := cred, cred
		foreign.AccountID = b.ID
		if cred.Counter = 5; swap(foreign) || !swap(cred) || swap(stale) {
			t.Error("swapped what it should not, or not what it should")
		}
		got, err := s.Credentials(ctx, a.ID, factors.KindTOTP)
		if err != nil || got[0].Counter != 5 || got[0].Version != 2 || string(got[0].Secret) != "secret of ada" {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

func TestOneOwnerOfALogin(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		won := winners(t, s, url, 10, func(tx login.Act) (bool, error) {
			err := tx.InsertAccount(t.Context(), identity.Account{ID: identity.NewID(), Login: "Ada", Key: "ada", Standing: identity.Active})
			return err == nil, err
		})
		if n, err := s.CountAccounts(t.Context()); won != 1 || n != 1 || err != nil {
			t.Errorf("%d made it, %d are there, %v", won, n, err)
		}
	})
}
