package directory

import (
	"slices"
	"strings"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Filter chooses accounts of the list. Its parts combine.
type Filter struct {
	Query string // part of a login or name
	// Status is one of StatusFilters. Empty for all.
	Status string
	// Factor is none, a kind, a weak kind with "only" behind it (nothing stronger),
	// low (few codes left) or off (by failures); see FactorFilters. Empty for all.
	Factor string
	Role   identity.Role
	Group  string // exact name of a group
	Sort   string // login, created or last, with "-" before it for downwards; empty is login
	After  string // Page.Next of the page before; for the plain order the last login key
	Limit  int
}

// Group is a group and how many accounts are in it.
type Group struct {
	Name    string
	Members int
}

// StatusFilters are the values that Filter.Status knows, in the order in which
// they are offered. Required means that the policy asks for a second factor that
// the account does not have.
var StatusFilters = []Choice{{"active", "Active"}, {"invited", "Invited"}, {"disabled", "Disabled"}, {"locked", "Locked"},
	{"enrolled", "With a factor"}, {"missing", "Without a factor"}, {"required", "Required, missing"}, {"never", "Never signed in"}}

// keeps says whether accounts of a bucket pass the filter.
func (f Filter) keeps(b Bucket, p identity.Policy, kinds factors.Kinds) bool {
	if f.Role != "" && f.Role != b.sketch(nil).Role {
		return false
	}
	switch f.Status {
	case "":
	case "enrolled", "missing":
		if b.enrolled() != (f.Status == "enrolled") {
			return false
		}
	case "required":
		if !b.lacks(p, kinds) {
			return false
		}
	case "never":
		if !b.is(bucketNever) {
			return false
		}
	default:
		if b.status() != identity.Status(f.Status) {
			return false
		}
	}
	return f.keepsFactor(b, kinds)
}

// keepsFactor is the part of keeps that looks at the factors.
func (f Filter) keepsFactor(b Bucket, kinds factors.Kinds) bool {
	switch f.Factor {
	case "":
		return true
	case factorNone:
		return !b.enrolled()
	case factorOff:
		return b.is(bucketOff) && b.status() == identity.Locked
	case factorLow:
		return b.enrolled() && b.is(bucketLow)
	}
	name, only := strings.CutSuffix(f.Factor, factorOnly)
	t := kinds.Of(factors.Kind(name))
	switch {
	case t.Spare:
		return b.is(bucketSpare) && !only
	case kindBit(t) == 0:
		return false
	case only:
		return b&bucketKinds == kindBit(t)
	}
	return b.is(kindBit(t))
}

// Query is a Filter as the store understands it.
type Query struct {
	Text    string
	All     bool     // every bucket: the list need not be merged
	Buckets []Bucket // otherwise these
	More    []Bucket // and of these the accounts that are in a group of Asked
	Asked   []string
	Group   string // and of all these the accounts in this group; empty for all
	Total   int    // accounts in the buckets
	Admins  int    // admins in the buckets
	Size    int    // accounts there are
	Sort    string // login, created or last
	Down    bool
	After   string
	Limit   int
}

// Page is one page of the list.
type Page struct {
	Accounts []identity.Account
	Next     string // After of the next page; empty when this is the last
	Count    int    // accounts that the filter finds; -1 when only the search could tell
	Partial  bool   // the search stopped early, and goes on from Next
}

// Find translates a filter, where so many accounts are in each bucket.
func Find(f Filter, n map[Bucket]int, p identity.Policy, kinds factors.Kinds) Query {
	q := Query{Text: f.Query, Group: f.Group, All: true, Sort: f.Sort, After: f.After, Limit: f.Limit}
	if f.Sort != "" && f.Sort[0] == '-' {
		q.Sort, q.Down = f.Sort[1:], true
	}
	all := p // as it is for the members of its groups
	if all.Who = identity.Everyone; len(p.Groups) > 0 && f.Status == "required" {
		q.Asked = p.Groups
	}
	for b, count := range n {
		q.Size += count
		switch {
		case f.keeps(b, p, kinds):
			q.Buckets, q.Total = append(q.Buckets, b), q.Total+count
			if b.Admin() {
				q.Admins += count
			}
			continue
		case len(q.Asked) > 0 && f.keeps(b, all, kinds):
			q.More = append(q.More, b)
		}
		q.All = false
	}
	slices.Sort(q.Buckets)
	slices.Sort(q.More)
	return q
}
