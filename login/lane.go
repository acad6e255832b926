package login

import (
	"context"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// nameCounter counts wrong passwords of a name, by those who did not sign in
// from their browser before. Names that do not exist are counted alike.
func nameCounter(loginKey string) Counter {
	return Counter{What: CountPassword, Subject: identity.HashToken(loginKey)[:32]}
}

// Asker is who answers, as the counters know them.
type Asker struct {
	Known   string  // hash of the cookie of a browser that signed in before
	Shared  Counter // what all browsers count in; of the account that is looked up where it has no subject
	Address Counter // of the client's range of addresses
}

// Seen is what the counters say about an asker, read together with the account.
type Seen struct {
	Known   identity.Browser // without an id where it is none of the account's
	Shared  Throttle
	Own     Throttle // of Known
	Address Throttle
}

// asker is a client that answers.
func asker(c identity.Client, shared Counter) Asker {
	of := Asker{Shared: shared, Address: addressCounter(c)}
	if c.Known != "" {
		of.Known = identity.HashToken(c.Known)
	}
	return of
}

// lane is the counter that a failure goes to; see Service.lane.
func (x Seen) lane() Throttle {
	if x.Known.ID != "" && ownLane(x.Known, x.Shared) {
		return x.Own
	}
	return x.Shared
}

// lane is the counter of a kind that a browser's failures go to. There is one
// for each account and kind, so that failures of one never delay another. Each browser
// that the owner signed in from has one of its own; all others share one, however
// many they are. So strangers close nothing for the owner's browsers, and have no
// more tries for being many. A browser that was first signed in from after a
// kind was switched off finds it off.
func (s *Service) lane(ctx context.Context, r Reader, accountID string, k factors.Kind, c identity.Client) (Counter, error) {
	shared := Counter{What: CountFactor, Account: accountID, Kind: k}
	b, known, err := s.browser(ctx, r, c.Known, accountID, false)
	if err != nil || !known {
		return shared, err
	}
	t, err := r.Throttle(ctx, shared)
	if ownLane(b, t) {
		shared.Browser = b.ID
	}
	return shared, err
}

// ownLane says whether the failures of a browser that signed in before go to a
// counter of its own.
func ownLane(b identity.Browser, shared Throttle) bool {
	return shared.Off.IsZero() || !b.Created.After(shared.Off)
}

// counters reads the counters of several kinds that a browser's failures go to.
func (s *Service) counters(ctx context.Context, accountID string, kinds []factors.Kind, c identity.Client) ([]Throttle, error) {
	b, known, err := s.browser(ctx, s.store, c.Known, accountID, false)
	if err != nil || len(kinds) == 0 {
		return nil, err
	}
	var keys []Counter
	for _, k := range kinds {
		keys = append(keys, Counter{What: CountFactor, Account: accountID, Kind: k})
	}
	for _, key := range keys[:len(kinds)] {
		if key.Browser = b.ID; known {
			keys = append(keys, key)
		}
	}
	list, err := s.store.Throttles(ctx, keys...)
	if err != nil {
		return nil, err
	}
	if !known {
		return list, nil
	}
	shared, own := list[:len(kinds)], list[len(kinds):]
	for i := range shared {
		if ownLane(b, shared[i]) {
			shared[i] = own[i]
		}
	}
	return shared, nil
}
