package accounts

import (
	"context"
	"slices"
	"strings"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// groupWords say what a group may be called.
const groupWords = "A group has 1 to 64 characters that can be seen, and no comma, semicolon or outer blank; all groups of an account together have at most 2000 bytes."

// SetGroups changes the groups of an account: it gets what the function makes of
// those that it has. The next request of each of its sessions has them.
func (s *Service) SetGroups(ctx context.Context, by By, id string, change func(now []string) []string) error {
	return s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (identity.Event, error) {
		names, ok := identity.Groups(change(slices.Clone(a.Groups)))
		if !ok {
			return identity.Event{}, bad(groupWords)
		}
		if slices.Equal(names, a.Groups) {
			return identity.NothingHappened, nil
		}
		if err := tx.SaveGroups(ctx, a.ID, names); err != nil {
			return identity.Event{}, err
		}
		what := "it is in no group now"
		if len(names) > 0 {
			what = "its groups are now " + strings.Join(names, ", ")
		}
		return s.tellChange(ctx, tx, by, a, deed{s.did(identity.EventGroupsChanged, a.ID, by, difference(a.Groups, names)), what})
	})
}

// difference says what changed, as in "+ops -staff".
func difference(before, after []string) string {
	var parts []string
	for _, g := range after {
		if !slices.Contains(before, g) {
			parts = append(parts, "+"+g)
		}
	}
	for _, g := range before {
		if !slices.Contains(after, g) {
			parts = append(parts, "-"+g)
		}
	}
	return strings.Join(parts, " ")
}
