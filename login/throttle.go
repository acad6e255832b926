package login

import (
	"context"
	"errors"
	"time"

	"nightlatch.example/nightlatch/factors"
)

// Keys of the counters. They are per account and kind, so that failures of one
// kind never delay another; names that do not exist are counted alike.
func factorKey(accountID string, k factors.Kind) string {
	return "factor:" + accountID + ":" + string(k)
}
func passwordKey(loginKey string) string { return "password:" + HashToken(loginKey)[:32] }
func knownKey(browserID string) string   { return "known:" + browserID }
func sendKey(accountID string) string    { return "send:" + accountID }
func addressKey(rng string) string       { return "address:" + rng }

// counting says what becomes of a kind that failed too often.
type counting int

const (
	neverOff  counting = iota // a password only waits
	endsOff                   // a factor is switched off at the cap
	bindsAnew                 // an enrollment is the way back of a kind that is off
)

// reserve counts a failure before the answer is looked at, in a transaction of
// its own, so that a hundred answers at once are counted a hundred times. The
// count is given back by ClearThrottle when the answer is right.
func (s *Service) reserve(ctx context.Context, key string, how counting) (Refusal, error) {
	var refused Refusal
	_, err := s.write(ctx, func(tx Tx) error {
		t, err := tx.LockThrottle(ctx, key)
		if err != nil {
			return err
		}
		now := s.Now()
		if how == endsOff && s.opt.LockDisable > 0 && t.Fails >= s.opt.LockDisable && t.Off.IsZero() {
			t.Off = now // the answer that reached the cap was never judged: a crash
		}
		refused = held(t, now)
		if refused.Why == Off && how == bindsAnew {
			refused = held(Throttle{Until: t.Until}, now)
		}
		if refused.OK() {
			t.Fails++
			t.Last = now
			if t.Fails >= s.opt.LockAfter {
				t.Until = now.Add(lockWait(s.opt.LockWait, t.Fails-s.opt.LockAfter))
			}
		}
		return tx.SaveThrottle(ctx, t)
	})
	return refused, err
}

// lockWait doubles the first wait with every further failure, up to LockWaitMax.
func lockWait(first time.Duration, over int) time.Duration {
	for ; over > 0 && first < LockWaitMax; over-- {
		first *= 2
	}
	return min(first, LockWaitMax)
}

// giveBack takes back a reserved failure whose answer was not judged after all.
func (s *Service) giveBack(ctx context.Context, key string) error {
	_, err := s.write(ctx, func(tx Tx) error {
		t, err := tx.LockThrottle(ctx, key)
		if err != nil || t.Fails == 0 {
			return err
		}
		t.Fails--
		t.Until = time.Time{} // the wait that the reserved failure brought: none was on before it
		return tx.SaveThrottle(ctx, t)
	})
	return err
}

// faulted gives a reserved failure back when a fault kept the answer from being
// judged, or a right one from being carried out: nobody has failed. The fault
// stays the answer.
func (s *Service) faulted(ctx context.Context, key string, fault error) error {
	if fault == nil {
		return nil
	}
	return errors.Join(fault, s.giveBack(context.WithoutCancel(ctx), key))
}

// held looks whether a limit holds, without counting.
func held(t Throttle, now time.Time) Refusal {
	switch {
	case !t.Off.IsZero():
		return Refusal{Why: Off}
	case now.Before(t.Until):
		return Refusal{Why: Wait, Wait: t.Until.Sub(now)}
	}
	return Refusal{}
}

// addressHeld says whether an address has failed too often within the window.
func (s *Service) addressHeld(ctx context.Context, c Client) (Refusal, error) {
	t, err := s.store.Throttle(ctx, addressKey(c.Range))
	if err != nil || t.Fails < AddressFailures {
		return Refusal{}, err
	}
	return held(t, s.Now()), nil
}

// addressFailed counts a failed sign-in post of an address. Successes do not
// count, so an office behind one address signs in freely.
func (s *Service) addressFailed(ctx context.Context, tx Tx, c Client) error {
	t, err := tx.LockThrottle(ctx, addressKey(c.Range))
	if err != nil {
		return err
	}
	if now := s.Now(); !now.Before(t.Until) {
		t.Fails, t.Until = 0, now.Add(AddressWindow)
	}
	t.Fails++
	t.Last = s.Now()
	return tx.SaveThrottle(ctx, t)
}

// CountStranger counts a form that sends mail for someone who is not signed
// in, whether or not it does, and refuses more than StrangerMails of one
// address in StrangerWindow.
func (s *Service) CountStranger(ctx context.Context, tx Tx, c Client) error {
	t, err := tx.LockThrottle(ctx, "stranger:"+c.Range)
	if err != nil {
		return err
	}
	now := s.Now()
	if !now.Before(t.Until) || t.Until.Sub(now) > StrangerWindow { // over, or of a clock that was wrong
		t.Fails, t.Until = 0, now.Add(StrangerWindow)
	}
	if t.Fails >= StrangerMails {
		return RefuseFor(t.Until.Sub(now))
	}
	t.Fails, t.Last = t.Fails+1, now
	return tx.SaveThrottle(ctx, t)
}

// countCode holds the limits of emailed codes: a cooldown between two, and so
// many in an hour. Asking again never resets a failure count.
func (s *Service) countCode(ctx context.Context, tx Tx, accountID string) error {
	t, err := tx.LockThrottle(ctx, sendKey(accountID))
	if err != nil {
		return err
	}
	now := s.Now()
	if wait := t.Last.Add(s.opt.CodeCooldown).Sub(now); !t.Last.IsZero() && wait > 0 {
		return refusal{Refusal{Why: Wait, Wait: wait}}
	}
	if !now.Before(t.Until) {
		t.Fails, t.Until = 0, now.Add(time.Hour)
	}
	if t.Fails >= CodesPerHour {
		return refusal{Refusal{Why: Wait, Wait: t.Until.Sub(now)}}
	}
	t.Fails++
	t.Last = now
	return tx.SaveThrottle(ctx, t)
}

// resendIn is how long until another code may be asked for.
func (s *Service) resendIn(ctx context.Context, accountID string) (time.Duration, error) {
	t, err := s.store.Throttle(ctx, sendKey(accountID))
	if err != nil || t.Last.IsZero() {
		return 0, err
	}
	now := s.Now()
	wait := t.Last.Add(s.opt.CodeCooldown).Sub(now)
	if t.Fails >= CodesPerHour && now.Before(t.Until) {
		wait = t.Until.Sub(now)
	}
	return max(wait, 0), nil
}
