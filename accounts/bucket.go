package accounts

import (
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
)

// Bucket is all that the totals and filters know of an account, in one small
// number. Accounts in one bucket are alike to every filter, so a total is a
// sum over buckets, and a filtered list a merge of them.
type Bucket int

// The bits of a bucket.
const (
	bucketAdmin    Bucket = 1 << iota
	bucketInvited         // has no password yet
	bucketDisabled        //
	bucketApp             // a confirmed authenticator app
	bucketMail            // a confirmed address
	bucketSpare           // recovery codes left
	bucketLow             // CodesLow of them or fewer
	bucketOff             // a kind is switched off by failures
	bucketNever           // never signed in
)

// CodesLow is at how many recovery codes left they are called low (CONTRACT §4).
const CodesLow = 3

// BucketOf tells in which bucket an account is.
func BucketOf(a login.Account) Bucket {
	var b Bucket
	for _, x := range []struct {
		bit Bucket
		on  bool
	}{
		{bucketAdmin, a.Role == login.Admin}, {bucketInvited, a.Password == ""}, {bucketDisabled, !a.Disabled.IsZero()},
		{bucketApp, a.Has(factors.KindTOTP)}, {bucketMail, a.Has(factors.KindEmail)}, {bucketSpare, a.RecoveryLeft > 0},
		{bucketLow, a.RecoveryLeft <= CodesLow}, {bucketOff, len(a.Off) > 0}, {bucketNever, a.LastLogin.IsZero()},
	} {
		if x.on {
			b |= x.bit
		}
	}
	return b
}

// is says whether all bits are set.
func (b Bucket) is(bits Bucket) bool { return b&bits == bits }

// sketch is as much of an account as the policy looks at.
func (b Bucket) sketch() login.Account {
	a := login.Account{Role: login.Member}
	if b.is(bucketAdmin) {
		a.Role = login.Admin
	}
	if b.is(bucketApp) {
		a.Kinds = append(a.Kinds, factors.KindTOTP)
	}
	if b.is(bucketMail) {
		a.Kinds = append(a.Kinds, factors.KindEmail)
	}
	return a
}

// enrolled says whether a second step stands before these accounts.
func (b Bucket) enrolled() bool { return b&(bucketApp|bucketMail) != 0 }

// status is what the list calls these accounts; see StatusOf.
func (b Bucket) status() string {
	switch {
	case b.is(bucketDisabled):
		return "disabled"
	case b.is(bucketInvited):
		return "invited"
	case b.is(bucketOff):
		return "locked"
	}
	return "active"
}

// StatusOf is an account's status in the list: active, invited, disabled, or
// locked when failures have switched one of its factors off.
func StatusOf(a login.Account) string { return BucketOf(a).status() }

// Lacks says whether the policy asks an account for a factor that it has not.
// A disabled account is asked for nothing.
func (b Bucket) lacks(p login.Policy) bool {
	a := b.sketch()
	return !b.is(bucketDisabled) && p.Asks(a) && !p.Met(a)
}
