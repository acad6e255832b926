package directory

import (
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Bucket is all that the totals and filters know of an account, in one small
// number. Accounts in one bucket are alike to every filter, so a total is a
// sum over buckets, and a filtered list a merge of them.
type Bucket int

// The bits of a bucket.
const (
	bucketAdmin    Bucket = 1 << iota
	bucketInvited         // nobody used the invite yet
	bucketDisabled        //
	_                     // a confirmed factor of kind number 0; see kindBit
	_                     // of kind number 1
	bucketSpare           // recovery codes left
	bucketLow             // codesLow of them or fewer
	bucketOff             // a kind is switched off by failures
	bucketNever           // never signed in
	bucketMore            // a confirmed factor of kind number 2; later ones follow

	bucketLocked Bucket = 1 << 19 // by its owner; above it begins what store counts beside the buckets
)

// bucketKinds are the bits of all kinds.
const bucketKinds = 1<<3 | 1<<4 | (bucketLocked - bucketMore)

// kindBit is the bit of a kind by its number; 0 for one that does not stand
// alone. Days are kept by bucket, so a number keeps its bit for ever.
func kindBit(t factors.Traits) Bucket {
	switch {
	case !t.Alone:
		return 0
	case t.Number < 2:
		return 1 << (3 + t.Number)
	}
	return bucketMore << (t.Number - 2)
}

// codesLow is at how many recovery codes left they are called low.
const codesLow = 3

// BucketOf tells in which bucket an account of a site with some kinds is.
func BucketOf(a identity.Account, kinds factors.Kinds) Bucket {
	var b Bucket
	for _, x := range []struct {
		bit Bucket
		on  bool
	}{
		{bucketAdmin, a.Role == identity.Admin}, {bucketInvited, a.Standing == identity.Invited}, {bucketLocked, a.Standing == identity.Locked}, {bucketDisabled, !a.Disabled.IsZero()},
		{bucketSpare, a.RecoveryLeft > 0},
		{bucketLow, a.RecoveryLeft <= codesLow}, {bucketOff, len(a.Off) > 0}, {bucketNever, a.LastLogin.IsZero()},
	} {
		if x.on {
			b |= x.bit
		}
	}
	for _, k := range a.Kinds {
		b |= kindBit(kinds.Of(k)) // 0 where the site no longer has the kind
	}
	return b
}

// is says whether all bits are set.
func (b Bucket) is(bits Bucket) bool { return b&bits == bits }

// Admin says whether these accounts are of admins.
func (b Bucket) Admin() bool { return b.is(bucketAdmin) }

// sketch is as much of an account as the policy looks at.
func (b Bucket) sketch(kinds factors.Kinds) identity.Account {
	a := identity.Account{Role: identity.Member}
	if b.is(bucketAdmin) {
		a.Role = identity.Admin
	}
	for _, t := range kinds.Alone() {
		if b.is(kindBit(t)) {
			a.Kinds = append(a.Kinds, t.Kind)
		}
	}
	return a
}

// enrolled says whether a second step stands before these accounts.
func (b Bucket) enrolled() bool { return b&bucketKinds != 0 }

// status is what the list calls these accounts; see StatusOf.
func (b Bucket) status() identity.Status {
	switch {
	case b.is(bucketDisabled):
		return identity.Disabled
	case b.is(bucketInvited):
		return identity.Invited
	case b.is(bucketLocked), b.is(bucketOff):
		return identity.Locked
	}
	return identity.Active
}

// StatusOf is an account's status in the list: active, invited, disabled, or
// locked when its owner locked it or failures have switched one of its factors off.
func StatusOf(a identity.Account) identity.Status { return BucketOf(a, nil).status() }

// Lacks says whether the policy asks an account for a factor that it has not.
// A disabled account is asked for nothing.
func (b Bucket) lacks(p identity.Policy, kinds factors.Kinds) bool {
	a := b.sketch(kinds)
	return !b.is(bucketDisabled) && p.Asks(a) && !p.Met(a)
}
