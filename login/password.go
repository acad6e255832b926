package login

import (
	"cmp"
	"context"

	"nightlatch.example/nightlatch/identity"
)

// Entry is what a step of signing in hands to the browser. Empty tokens mean
// that the cookie in question stays as it is.
type Entry struct {
	Pending string // token: a factor is awaited
	Session string // token: signed in
	Known   string // token: this browser signed in before
	Trusted string // token: this browser is not asked again
	Next    string // where the person wanted to go
	Level   int
}

// Password is the first step. Unknown, wrong, disabled and not yet set all
// take the same path, the same hash and the same time; the difference is
// known only to the event.
func (s *Service) Password(ctx context.Context, login, password, next string, c identity.Client) (Entry, error) {
	acct, seen, err := s.find(ctx, login, c)
	if err != nil {
		return Entry{}, err
	}
	var entry Entry
	key := seen.lane().Key
	try := attempt{acct, seen, password, c}
	right, err := s.judge(ctx, try, func(ctx context.Context, rehash string) error {
		return s.store.Act(ctx, func(tx Act) (e identity.Event, err error) {
			if err := tx.ClearThrottle(ctx, key); err != nil {
				return e, err
			}
			entry, e, err = s.passwordRight(ctx, tx, rightPassword{acct, seen.Known, rehash, next}, c)
			return e, err
		})
	})
	if err != nil {
		return Entry{}, err
	}
	if !right {
		ctx = context.WithoutCancel(ctx) // it was judged: what follows is carried to the end, whoever hangs up
		err := s.store.Act(ctx, func(tx Act) (identity.Event, error) {
			e := s.event(identity.EventLoginFailed, acct.ID, c)
			e.Actor = "stranger"
			if err := s.addressFailed(ctx, tx, c); err != nil {
				return e, err
			}
			if key.Browser != "" { // by its owner, or one who has their browser
				return e, nil
			}
			return tx.Tried(ctx, e)
		})
		return Entry{}, cmp.Or(err, identity.Refuse(identity.Wrong, ""))
	}
	return entry, nil
}

// find looks an account up by what was typed, and the counters with it. A name
// that cannot be a login is an unknown name. A browser that signed in before has
// a counter of its own, so that strangers' failures do not hold it up (OWASP ASVS
// 5.0 6.1.1).
func (s *Service) find(ctx context.Context, login string, c identity.Client) (acct identity.Account, seen Seen, err error) {
	name, ok := identity.LoginKey(login)
	if !ok {
		name = "\x00" + login
	}
	shared := nameCounter(name)
	if !ok { // and cannot be looked up
		list, err := s.store.Throttles(ctx, shared, addressCounter(c))
		return acct, Seen{Shared: list[0], Address: list[1]}, err
	}
	acct, seen, err = s.store.Entrance(ctx, name, asker(c, shared))
	if !s.recognized(seen.Known) {
		seen.Known = identity.Browser{}
	}
	if err == nil && acct.ID != "" && acct.Key != name && seen.Known.ID == "" { // it was the address: its failures count for the login
		seen.Shared, err = s.store.Throttle(ctx, nameCounter(acct.Key))
	}
	return acct, seen, err
}

// attempt is a password that somebody gives for an account, which may be none.
type attempt struct {
	account  identity.Account
	seen     Seen
	password string
	client   identity.Client
}

// judge checks a password. The failure is reserved, and given back when it was
// none, inside the hashing slot: there are as many slots as cores, so a burst
// of right passwords is never mistaken for failures, and a burst of wrong ones
// is counted one by one. Once the slot is taken nothing stops with the request:
// hanging up would hide a guess from the counters and the log. What a right one of
// an account that is not disabled leads to is done by grant, which clears the
// counter in its transaction; it is given the password hashed anew where its hash
// is out of date.
func (s *Service) judge(ctx context.Context, try attempt, grant func(ctx context.Context, rehash string) error) (right bool, err error) {
	acct, c := try.account, try.client
	lane := try.seen.lane()
	if err = cmp.Or(s.addressHeld(try.seen.Address), held(lane, s.Now())); err != nil {
		return false, err
	}
	phc := string(acct.Password)
	if phc == "" {
		phc = s.hasher.Dummy()
	}
	err = s.inTurn(ctx, c, func() (err error) {
		ctx := context.WithoutCancel(ctx)
		if _, err = s.reserve(ctx, neverOff, lane, try.seen.Address); err != nil { // others may have failed while this one waited
			return err
		}
		var old bool
		if right, old, err = s.hasher.Verify(phc, try.password); err != nil || !right || acct.Password == "" {
			right = false
			return err
		}
		if !acct.Disabled.IsZero() { // refused all the same
			right = false
			return nil
		}
		rehash := ""
		if old {
			if rehash, err = s.hasher.Hash(try.password); err != nil {
				return err
			}
		}
		if err = grant(ctx, rehash); err != nil { // it was right all the same
			return cmp.Or(s.store.Write(ctx, func(tx Tx) error { return tx.ClearThrottle(ctx, lane.Key) }), err)
		}
		return nil
	})
	return right, err
}

// rightPassword is an account whose password was right.
type rightPassword struct {
	account identity.Account // as it was read when the password was judged
	known   identity.Browser // that was used; without an id where it did not sign in before
	rehash  string           // the password hashed anew; empty where its hash is up to date
	next    string           // where the person wants to go
}

// passwordRight opens a session where nothing else stands before the account,
// and a pending login where a factor does.
func (s *Service) passwordRight(ctx context.Context, tx Act, p rightPassword, c identity.Client) (entry Entry, e identity.Event, err error) {
	a, err := tx.LockAccount(ctx, p.account.ID)
	if err != nil {
		return entry, e, err
	}
	if !a.Disabled.IsZero() || a.Password != p.account.Password {
		return entry, e, identity.Refuse(identity.Wrong, "")
	}
	if p.rehash != "" {
		a.Password = identity.Hidden(p.rehash)
		if err := tx.SaveAccount(ctx, a); err != nil {
			return entry, e, err
		}
	}
	if a.Bare() {
		if err := s.admitBare(ctx, tx, a, c); err != nil {
			return entry, e, err
		}
	}
	if !a.HasFactor() {
		return s.enter(ctx, tx, a, grant{level: 1, next: p.next, known: p.known}, c)
	}
	trusted, ok, err := s.browser(ctx, tx, c.Trusted, a.ID, true)
	if err != nil {
		return entry, e, err
	}
	if ok {
		trusted.LastUsed, trusted.Address = s.Now(), c.Address
		if err := tx.PutBrowser(ctx, trusted); err != nil {
			return entry, e, err
		}
		return s.enter(ctx, tx, a, grant{level: 2, trusted: true, next: p.next, known: p.known}, c)
	}
	return s.pend(ctx, tx, a, p, c)
}

// pend begins a pending login.
func (s *Service) pend(ctx context.Context, tx Act, a identity.Account, p rightPassword, c identity.Client) (Entry, identity.Event, error) {
	e := s.event(identity.EventLoginPassword, a.ID, c)
	token, hash := identity.NewToken()
	now := s.Now()
	err := tx.InsertPending(ctx, identity.Pending{
		ID: identity.NewID(), TokenHash: hash, AccountID: a.ID, Next: p.next, Known: p.known.ID != "",
		Address: c.Address, Shown: c.Shown, Browser: c.Browser, Created: now, Expires: now.Add(s.opt.LoginTTL),
	})
	if err != nil {
		return Entry{}, e, err
	}
	return Entry{Pending: token, Next: p.next}, e, nil
}
