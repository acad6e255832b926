package store_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// ofActs are the methods of login.Act that login.Tx does not have.
func ofActs(t *testing.T) (names []string) {
	t.Helper()
	all, plain := reflect.TypeFor[login.Act](), reflect.TypeFor[login.Tx]()
	for i := range all.NumMethod() {
		if _, both := plain.MethodByName(all.Method(i).Name); !both {
			names = append(names, all.Method(i).Name)
		}
	}
	if len(names) < 20 {
		t.Fatalf("only %q", names)
	}
	return names
}

// What Write and Act hand out is what it says: whoever has a Tx finds no way to
// what needs an event, not by a type assertion either.
func TestOnlyAnActChangesAccounts(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		write := func(tx login.Tx) error {
			for _, name := range ofActs(t) {
				if _, has := reflect.TypeOf(tx).MethodByName(name); has {
					t.Errorf("a transaction without an event has %s", name)
				}
			}
			return nil
		}
		if err := s.Write(t.Context(), write); err != nil {
			t.Fatal(err)
		}
		for _, name := range ofActs(t) {
			if _, has := reflect.TypeFor[*store.Store]().MethodByName(name); has {
				t.Errorf("the store has %s without a transaction", name)
			}
		}
	})
}

// Each method of an act gets the transaction from change, or calls one that
// does, so that the store knows of every change.
func TestTheStoreKnowsOfEveryChange(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	does, acts := map[string]bool{}, ofActs(t)
	look := func(n ast.Node) bool {
		f, ok := n.(*ast.FuncDecl)
		if !ok || f.Recv == nil {
			return true
		}
		if p, ok := f.Recv.List[0].Type.(*ast.StarExpr); !ok || p.X.(*ast.Ident).Name != "act" {
			return false
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				s, ok := c.Fun.(*ast.SelectorExpr)
				does[f.Name.Name] = does[f.Name.Name] || ok && (s.Sel.Name == "change" || s.Sel.Name == "quietly" || slices.Contains(acts, s.Sel.Name))
			}
			return true
		})
		return false
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, look)
	}
	for _, name := range acts {
		if !does[name] && name != "Record" {
			t.Errorf("%s changes something that the store does not know of", name)
		}
	}
}

// A change is kept with its event or not at all: without an event, with an empty
// one, or with the word that nothing happened it is undone.
func TestNoChangeWithoutItsEvent(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		a, _ := account(t, s, "ada")
		rename := func(name string) func(tx login.Act) error {
			return func(tx login.Act) error {
				b := a
				b.Name = name
				return tx.SaveAccount(t.Context(), b)
			}
		}
		event := identity.Event{At: noon, Kind: identity.EventNameChanged, AccountID: a.ID}
		for name, x := range map[string]struct {
			change func(tx login.Act) error
			event  identity.Event
			want   error
		}{
			"no event":                    {rename("no event"), identity.Event{}, identity.ErrUnrecorded},
			"an event without a kind":     {rename("an event without a kind"), identity.Event{At: noon, AccountID: a.ID}, identity.ErrUnrecorded},
			"nothing, after a change":     {rename("nothing, after a change"), identity.NothingHappened, identity.ErrUnrecorded},
			"an empty one before":         {func(tx login.Act) error { tx.Record(identity.Event{}); return rename("an empty one before")(tx) }, event, identity.ErrUnrecorded},
			"its event":                   {rename("its event"), event, nil},
			"nothing, and nothing it was": {func(tx login.Act) error { return tx.Reach(t.Context(), a.ID, identity.StepTold) }, identity.NothingHappened, nil},
			"no event, and nothing it was": {func(tx login.Act) error { return tx.Reach(t.Context(), a.ID, identity.StepBegan) },
				identity.Event{}, identity.ErrUnrecorded},
		} {
			before := len(events(t, url))
			err := s.Act(t.Context(), func(tx login.Act) (identity.Event, error) { return x.event, x.change(tx) })
			if !errors.Is(err, x.want) {
				t.Errorf("%s: %v", name, err)
			}
			now, err := s.Account(t.Context(), a.ID)
			if err != nil {
				t.Fatal(err)
			}
			more := len(events(t, url)) - before
			if kept := now.Name == name; kept != (more == 1) || kept != (name == "its event") {
				t.Errorf("%s: the account is named %q, %d more events", name, now.Name, more)
			}
		}
	})
}

// A try that is only counted is the event of its act, though the log has no row
// of it yet; and what ends with one event may have others before it.
func TestEventsOfAnAct(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		a, _ := account(t, s, "ada")
		for range 2 {
			act(t, s, func(tx login.Act) (identity.Event, error) {
				err := tx.PutLink(t.Context(), identity.Link{TokenHash: identity.NewID(), AccountID: a.ID, Purpose: identity.LinkReset, Created: noon, Expires: noon})
				if err != nil {
					return identity.Event{}, err
				}
				return tx.Tried(t.Context(), identity.Event{At: noon, Kind: identity.EventPasswordResetAsked, AccountID: a.ID, Actor: "stranger"})
			})
		}
		if n := len(events(t, url)); n != 1 {
			t.Errorf("%d events of two tries", n)
		}
		act(t, s, func(tx login.Act) (identity.Event, error) {
			tx.Record(identity.Event{At: noon, Kind: identity.EventRecoveryMade, AccountID: "other"}, identity.NothingHappened)
			return identity.Event{At: noon, Kind: identity.EventFactorAdded, AccountID: "other"}, nil
		})
		rows := events(t, url)
		if len(rows) != 3 || rows[1].Kind != string(identity.EventRecoveryMade) || rows[2].Kind != string(identity.EventFactorAdded) {
			t.Errorf("%+v", rows)
		}
	})
}

// A link without an event confirms an address and does nothing else, whatever it
// is said to be for; a settled credential keeps everything but its steps.
func TestWhatNeedsNoEventChangesNothingElse(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		ctx := context.Background()
		a, c := account(t, s, "ada")
		err := s.Write(ctx, func(tx login.Tx) error {
			return tx.PutVerify(ctx, identity.Link{TokenHash: "h", AccountID: a.ID, Purpose: identity.LinkReset, Created: noon, Expires: noon})
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Link(ctx, "h", identity.LinkReset); !errors.Is(err, identity.ErrNotFound) {
			t.Errorf("it resets a password: %v", err)
		}
		if _, err := s.Link(ctx, "h", identity.LinkVerify); err != nil {
			t.Error(err)
		}
		c.Name, c.Counter, c.Used, c.Steps = "Thief", 7, noon, []int64{3}
		for _, want := range []bool{true, false} {
			err := s.Write(ctx, func(tx login.Tx) error {
				done, err := tx.SettleCredential(ctx, c)
				if done != want {
					t.Errorf("it is saved: %v", done)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.Credentials(ctx, a.ID, factors.KindTOTP)
		if err != nil || len(list) != 1 || list[0].Name != "Phone" || list[0].Counter != 0 || !list[0].Used.IsZero() || len(list[0].Steps) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
