package login

import (
	"cmp"
	"context"
	"errors"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// counting says what becomes of a kind that failed too often.
type counting int

const (
	neverOff  counting = iota // a password only waits
	endsOff                   // a factor is switched off at the cap
	bindsAnew                 // an enrollment is the way back of a kind that is off
)

// reserve counts a failure before the answer is looked at, in a transaction of
// its own, so that a hundred answers at once are counted a hundred times. The
// count is given back by passed when the answer is right. Counters beside it are
// looked at too: that of an address, which may hold everything up. It need not be
// on the disk before the answer is judged: what the judgement leads to is, and
// takes the count with it, before anybody is told.
//
// The counters come as they were read; one that was not read says only its key.
// Where nothing was counted since, that is what the failure is added to.
func (s *Service) reserve(ctx context.Context, how counting, read Throttle, beside ...Throttle) (counted Throttle, err error) {
	if t, refused := s.count(how, read, beside...); refused == nil && t.Off.IsZero() {
		if swapped, err := s.store.SwapThrottle(ctx, read, t, beside...); swapped || err != nil {
			return t, err
		}
	}
	keys := make([]Counter, len(beside))
	for i, b := range beside {
		keys[i] = b.Key
	}
	var refused error
	err = s.store.WriteSoon(ctx, func(tx Tx) error {
		list, err := tx.LockThrottles(ctx, read.Key, keys...)
		if err != nil {
			return err
		}
		if counted, refused = s.count(how, list[0], list[1:]...); counted.Empty() {
			return nil
		}
		return tx.SaveThrottle(ctx, counted)
	})
	return counted, cmp.Or(err, refused)
}

// count adds a failure to a counter, unless it, or one beside it, is held.
func (s *Service) count(how counting, t Throttle, beside ...Throttle) (Throttle, error) {
	now := s.Now()
	for _, address := range beside {
		if refused := s.addressHeld(address); refused != nil {
			return t, refused
		}
	}
	t = t.AsOf(now)
	t.forget(now.Add(-FailureWindow))
	if how == endsOff && s.full(t) && t.Off.IsZero() {
		t.Off = now // the answer that reached the cap was never judged: a crash
	}
	refused := held(t, now)
	if identity.Reason(refused) == identity.Off && how == bindsAnew {
		refused = held(Throttle{Until: t.Until}, now)
	}
	if refused == nil {
		s.fail(&t, how, now)
	}
	return t, refused
}

// fail counts one failure and begins the wait that it brings.
func (s *Service) fail(t *Throttle, how counting, now time.Time) {
	t.Fails++
	t.Last = now
	if how != neverOff {
		t.Recent = append(t.Recent, now)
	}
	if t.Fails >= s.opt.LockAfter {
		t.Until = now.Add(lockWait(s.opt.LockWait, t.Fails-s.opt.LockAfter))
	}
}

// full says whether a counter has come to the cap: so many failures in a row,
// or so many within FailureWindow whatever came between them.
func (s *Service) full(t Throttle) bool {
	return s.opt.LockDisable > 0 && t.Fails >= s.opt.LockDisable || len(t.Recent) >= FailuresInWindow
}

// lockWait doubles the first wait with every further failure, up to LockWaitMax.
func lockWait(first time.Duration, over int) time.Duration {
	for ; over > 0 && first < LockWaitMax; over-- {
		first *= 2
	}
	return min(first, LockWaitMax)
}

// giveBack takes back a reserved failure whose answer was not judged after all.
func (s *Service) giveBack(ctx context.Context, key Counter) error {
	err := s.store.Write(ctx, func(tx Tx) error {
		t, err := lockThrottle(ctx, tx, key, s.Now())
		if err != nil || t.Fails == 0 {
			return err
		}
		t.Fails--
		t.Until = time.Time{} // the wait that the reserved failure brought: none was on before it
		t.takeBack()
		return tx.SaveThrottle(ctx, t)
	})
	return err
}

// faulted gives a reserved failure back when a fault kept the answer from being
// judged, or a right one from being carried out: nobody has failed. The fault
// stays the answer. A refusal gives nothing back.
func (s *Service) faulted(ctx context.Context, key Counter, fault error) error {
	if fault == nil || identity.Refused(fault) != nil {
		return fault
	}
	return errors.Join(fault, s.giveBack(context.WithoutCancel(ctx), key))
}

// passed is what a right answer does to its counter: the row of failures ends
// and the reserved one is taken back. Those within FailureWindow stay counted,
// or a patient thief would begin anew with each sign-in of the owner.
func (s *Service) passed(ctx context.Context, tx Tx, counted Throttle) error {
	if swapped, err := tx.SwapThrottle(ctx, counted, s.forgiven(counted)); swapped || err != nil {
		return err
	}
	t, err := lockThrottle(ctx, tx, counted.Key, s.Now()) // others were counted meanwhile
	if err != nil {
		return err
	}
	if t = s.forgiven(t); t.Empty() {
		return tx.ClearThrottle(ctx, t.Key)
	}
	return tx.SaveThrottle(ctx, t)
}

// forgiven is a counter after a right answer.
func (s *Service) forgiven(t Throttle) Throttle {
	t.takeBack()
	if t.forget(s.Now().Add(-FailureWindow)); len(t.Recent) == 0 {
		return Throttle{Key: t.Key}
	}
	t.Fails, t.Until = 0, time.Time{}
	return t
}

// held looks whether a limit holds, without counting. Where the clock went back
// it lets through: whoever then locks the counter sets it right (see Throttle.AsOf).
func held(t Throttle, now time.Time) error {
	switch {
	case !t.Off.IsZero():
		return identity.Refuse(identity.Off, "")
	case t.Last.After(now.Add(ClockSlack)):
		return nil
	}
	if until := t.AsOf(now).Until; now.Before(until) {
		return identity.RefuseFor(until.Sub(now))
	}
	return nil
}

// addressCounter counts the failed sign-ins of a client's range of addresses.
func addressCounter(c identity.Client) Counter { return Counter{What: CountAddress, Subject: c.Range} }

// addressHeld says whether an address has failed too often within the window.
func (s *Service) addressHeld(t Throttle) error {
	if t.Fails < AddressFailures {
		return nil
	}
	return held(t, s.Now())
}

// addressFailed counts a failed sign-in post of an address. Successes do not
// count, so an office behind one address signs in freely.
func (s *Service) addressFailed(ctx context.Context, tx Tx, c identity.Client) error {
	now := s.Now()
	t, err := lockThrottle(ctx, tx, addressCounter(c), now)
	if err != nil {
		return err
	}
	if !now.Before(t.Until) {
		t.Fails, t.Until = 0, now.Add(addressWindow)
	}
	t.Fails++
	t.Last = now
	return tx.SaveThrottle(ctx, t)
}

// CountStranger counts a form that sends mail for someone who is not signed
// in, whether or not it does, and refuses more than StrangerMails of one
// address in strangerWindow.
func (s *Service) CountStranger(ctx context.Context, tx Tx, c identity.Client) error {
	now := s.Now()
	t, err := LockLimit(ctx, tx, Counter{What: countStranger, Subject: c.Range}, now)
	if err != nil {
		return err
	}
	if !now.Before(t.Until) || t.Until.Sub(now) > strangerWindow { // over, or of a clock that was wrong
		t.Fails, t.Until = 0, now.Add(strangerWindow)
	}
	if t.Fails >= StrangerMails {
		return identity.RefuseFor(t.Until.Sub(now))
	}
	t.Fails, t.Last = t.Fails+1, now
	return tx.SaveThrottle(ctx, t)
}

// countCode holds the limits of emailed codes: a cooldown between two, and so
// many in any hour. Asking again never resets a failure count.
func (s *Service) countCode(ctx context.Context, tx Tx, accountID string) error {
	now := s.Now()
	t, err := LockLimit(ctx, tx, Counter{What: CountSend, Account: accountID}, now)
	if err != nil {
		return err
	}
	if wait := s.codeWait(&t, now); wait > 0 {
		return identity.RefuseFor(wait)
	}
	t.Fails, t.Last, t.Recent = len(t.Recent)+1, now, append(t.Recent, now)
	return tx.SaveThrottle(ctx, t)
}

// codeWait is how long until another code may be sent.
func (s *Service) codeWait(t *Throttle, now time.Time) (wait time.Duration) {
	if !t.Last.IsZero() {
		wait = min(t.Last.Add(s.opt.CodeCooldown).Sub(now), s.opt.CodeCooldown)
	}
	if t.forget(now.Add(-time.Hour)); len(t.Recent) >= CodesPerHour {
		wait = max(wait, t.Recent[len(t.Recent)-CodesPerHour].Add(time.Hour).Sub(now))
	}
	return max(wait, 0)
}

// resendIn is how long until another code may be asked for.
func (s *Service) resendIn(ctx context.Context, accountID string) (time.Duration, error) {
	t, err := s.store.Throttle(ctx, Counter{What: CountSend, Account: accountID})
	now := s.Now()
	t = t.Sound(now)
	return s.codeWait(&t, now), err
}
