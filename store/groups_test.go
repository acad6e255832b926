package store_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// The members of a group are found in a small site, where accounts are walked
// through, and in a large one, where the group is looked up; and they go with their
// account.
func TestMembersOfAGroup(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ctx := t.Context()
		var ids []string
		for i := range 9 {
			a := identity.Account{ID: identity.NewID(), Login: fmt.Sprintf("p%d", i), Key: fmt.Sprintf("p%d", i), Role: identity.Member, Standing: identity.Active, Created: noon, Origin: "cli"}
			if i%3 == 0 {
				a.Groups = []string{"ops", "staff"}
			} else if i == 4 {
				a.Groups = []string{"staff"}
			}
			ids = append(ids, a.ID)
			err := s.Act(ctx, func(tx login.Act) (identity.Event, error) {
				return identity.Event{At: noon, Kind: identity.EventAccountCreated, AccountID: a.ID, Actor: "cli"}, tx.InsertAccount(ctx, a)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		found := func(q directory.Query) string {
			t.Helper()
			buckets, err := s.Buckets(ctx)
			if err != nil {
				t.Fatal(err)
			}
			all := slices.Collect(maps.Keys(buckets))
			if q.Asked != nil {
				q.More = all
			} else {
				q.Buckets = all
			}
			p, err := s.Page(ctx, q)
			if err != nil {
				t.Fatal(err)
			}
			names := []string{}
			for _, a := range p.Accounts {
				names = append(names, a.Login)
			}
			return strings.Join(names, " ") + "|" + p.Next
		}
		for _, size := range []int{9, 1_000_000} {
			for want, q := range map[string]directory.Query{
				"p0 p3 p6|": {Group: "ops"}, "p6 p3 p0|": {Group: "ops", Down: true}, "p0 p3|p3": {Group: "ops", Limit: 2}, "p6|": {Group: "ops", After: "p3"},
				"p3|": {Group: "staff", Text: "p3"}, "|": {Group: "Ops"}, "p0 p3 p4 p6|": {Asked: []string{"staff", "none"}},
			} {
				if q.Size = size; q.Limit == 0 {
					q.Limit = 50
				}
				if got := found(q); got != want {
					t.Errorf("%+v: %s instead of %s", q, got, want)
				}
			}
		}
		if n, err := s.Members(ctx, []string{"ops", "staff"}); err != nil || len(n) != 1 || slices.Collect(maps.Values(n))[0] != 4 {
			t.Errorf("%v, %v", n, err)
		}
		err := s.Act(ctx, func(tx login.Act) (identity.Event, error) {
			return identity.Event{At: noon, Kind: identity.EventAccountDeleted, AccountID: ids[0], Actor: "cli"}, tx.DeleteAccount(ctx, ids[0])
		})
		var left int
		if err == nil {
			err = raw(t, url).NewRaw("SELECT count(*) FROM members WHERE account_id = ?", ids[0]).Scan(ctx, &left)
		}
		if err != nil || left != 0 {
			t.Errorf("%d rows of a deleted account, %v", left, err)
		}
	})
}
