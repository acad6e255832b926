package login

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// Outcome is what a form did: where it led, and the cookies that went with it.
// It is kept so that the same form, sent again by the same browser (a double
// click, an answer that was lost on the way), gets the same answer and does
// nothing a second time.
type Outcome struct {
	Key     string        // who sent what: see FormKey
	To      string        // where the form led
	Cookies []string      // the Set-Cookie lines of the answer, or for a program what it was answered; sealed at rest
	Session string        // hash of the session token whose next request ends the repeat; empty: time alone does
	Lasting bool          // once the cookies are gone, where it led is told all the same
	Life    time.Duration // how long it is kept; 0 is AgainTTL
	Started time.Time     // when somebody began to carry the form out
	Done    time.Time     // zero while it is being carried out
	Expires time.Time     // see Life
}

// How long outcomes are kept, and for how long a form may be carried out.
const (
	AgainTTL   = 10 * time.Second // a repeat gets the cookies of the first answer
	LastingTTL = 10 * time.Minute // a repeat is told where the first one led
	formTTL    = 20 * time.Second // a form that takes longer was left behind by a crash
)

// State says what Begin found.
type State int

// The states of a form.
const (
	Mine    State = iota // nobody sent it before: the caller carries it out
	Running              // another request is carrying it out just now
	Settled              // it was carried out: the outcome is the answer
)

// FormKey names a form that one browser sent. The token is what only that
// browser has, so nobody who reads the key can try out what was in the form.
func FormKey(token string, parts ...string) string {
	var b strings.Builder
	for _, p := range append([]string{token}, parts...) {
		b.WriteString(strconv.Itoa(len(p)) + ":" + p)
	}
	return identity.HashToken(b.String())
}

// Holder says what a cookie stands for that only one browser has.
type Holder int

// What such a cookie can stand for.
const (
	OfNobody  Holder = iota // nothing: a browser is told by it from others
	OfSession               // a session
	OfPending               // a pending login
)

// Sender is who sends a form.
type Sender struct {
	Holder Holder
	Hash   string // of the cookie
}

// Begin claims a form, or returns the outcome of the same form sent before. A
// sender with an invented cookie claims nothing.
func (s *Service) Begin(ctx context.Context, key string, of Sender) (o Outcome, st State, err error) {
	for {
		now := s.Now()
		if mine, err := s.store.TryClaim(ctx, Outcome{Key: key, Started: now, Expires: now.Add(LastingTTL)}, of); mine || err != nil {
			return Outcome{}, Mine, err
		}
		if o, st, err = s.Outcome(ctx, key); err != nil || st != Mine {
			return o, st, err
		}
		if o, st, err = s.takeOver(ctx, key); !errors.Is(err, identity.ErrNotFound) {
			return s.fit(o), st, err
		}
		if given, err := s.store.Given(ctx, of); err != nil || !given {
			return Outcome{}, Mine, err
		} // else the claim that was in the way went a moment ago
	}
}

// takeOver claims a form in the place of one that was left behind; ErrNotFound
// when there is none.
func (s *Service) takeOver(ctx context.Context, key string) (o Outcome, st State, err error) {
	err = s.store.Write(ctx, func(tx Tx) error {
		now := s.Now()
		o, err = tx.Outcome(ctx, key)
		switch {
		case err != nil:
			return err
		case !s.leftBehind(o, now):
			st = Running
			if !o.Done.IsZero() {
				st = Settled
			}
			return nil
		}
		mine, err := tx.ClaimForm(ctx, Outcome{Key: key, Started: now, Expires: now.Add(LastingTTL)}, o.Started)
		st = Running
		if mine {
			st = Mine
		}
		return err
	})
	return o, st, err
}

// leftBehind says whether a row has expired, even if the clock was set back.
func (s *Service) leftBehind(o Outcome, now time.Time) bool {
	if o.Done.IsZero() {
		return now.Sub(o.Started).Abs() >= formTTL
	}
	return !now.Before(o.Expires) || o.Done.Sub(now) >= formTTL
}

// Outcome looks up the outcome of a form: Mine when there is none.
func (s *Service) Outcome(ctx context.Context, key string) (Outcome, State, error) {
	o, err := s.store.Outcome(ctx, key)
	switch {
	case errors.Is(err, identity.ErrNotFound) || err == nil && s.leftBehind(o, s.Now()):
		return Outcome{}, Mine, nil
	case err != nil || o.Done.IsZero():
		return Outcome{}, Running, err
	}
	return s.fit(o), Settled, nil
}

// fit takes the cookies out of an outcome that is too old for them.
func (s *Service) fit(o Outcome) Outcome {
	if s.Now().Sub(o.Done) >= AgainTTL && o.Expires.Sub(o.Done) <= LastingTTL { // what is kept for longer is no browser's
		o.Cookies = nil
	}
	return o
}

// Finish keeps what a form did, once for each name that it may come under. An
// answer that is told again for ten seconds is not worth waiting for the disk.
func (s *Service) Finish(ctx context.Context, all ...Outcome) error {
	now := s.Now()
	write := s.store.WriteSoon
	if slices.ContainsFunc(all, func(o Outcome) bool { return o.Lasting }) {
		write = s.store.Write
	}
	return write(ctx, func(tx Tx) error {
		for i, o := range all {
			all[i].Started, all[i].Done, all[i].Expires = now, now, now.Add(cmp.Or(o.Life, AgainTTL))
		}
		return tx.PutOutcomes(ctx, all...)
	})
}

// Abandon releases the claim of a form that did nothing.
func (s *Service) Abandon(ctx context.Context, key string) error {
	return s.store.WriteSoon(ctx, func(tx Tx) error { return tx.DropClaim(ctx, key) })
}

// moved ends the repeats of the forms that led to where a session is now: its
// browser has the answer.
func (s *Service) moved(ctx context.Context, x identity.Session) error {
	if !x.Kept {
		return nil
	}
	return s.store.WriteSoon(ctx, func(tx Tx) error { return tx.DropOutcomes(ctx, x.TokenHash) })
}

// Stands says whether what an answer's cookies opened is still there: a session
// that was ended, or whose account was disabled, is not handed out again.
func (s *Service) Stands(ctx context.Context, session, pending string) (bool, error) {
	if session != "" {
		v, err := s.Peek(ctx, session)
		if err != nil || v == nil {
			return false, err
		}
	}
	if pending != "" {
		_, err := s.pendingSubject(ctx, pending, "", identity.Client{})
		if identity.Reason(err) == identity.Gone {
			return false, nil
		}
		return err == nil, err
	}
	return true, nil
}

// EncodeCookies and DecodeCookies are the form in which cookies are sealed.
func EncodeCookies(list []string) ([]byte, error) { return json.Marshal(list) }

// DecodeCookies reads what EncodeCookies wrote.
func DecodeCookies(kept []byte) (list []string, err error) {
	err = json.Unmarshal(kept, &list)
	return list, err
}
