package login

import (
	"context"
	"fmt"
	"strconv"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// capFailures checks the counter of a wrong answer: it switches the kind off at
// the cap and warns the owner before that. The kind stays off until it is set up
// again with another factor, or reset by an admin.
func (s *Service) capFailures(ctx context.Context, tx Act, a identity.Account, k factors.Kind, c identity.Client) error {
	now := s.Now()
	key, err := s.lane(ctx, tx, a.ID, k, c)
	if err != nil {
		return err
	}
	t, err := lockThrottle(ctx, tx, key, now)
	if err != nil || !t.Off.IsZero() {
		return err
	}
	t.forget(now.Add(-FailureWindow))
	about := []string{"kind", s.kinds.Of(k).Label, "count", strconv.Itoa(max(t.Fails, len(t.Recent)))}
	detail := fmt.Sprintf("%s after %s failures", k, about[3])
	if key.Browser != "" {
		about, detail = append(about, "own", "yes"), detail+", in a browser that signed in before and for that one"
	}
	switch {
	case s.full(t):
		t.Off = now
		e := s.event(identity.EventFactorOff, a.ID, c)
		e.Actor, e.Detail = "system", detail
		tx.Record(e)
		err = s.Tell(ctx, tx, Notice{identity.MailFactorOff, a, c}, about...)
	case len(t.Recent) >= WarnAfter && (t.Warned.IsZero() || now.Sub(t.Warned) >= FailureWindow):
		t.Warned = now
		err = s.Tell(ctx, tx, Notice{identity.MailFactorFailures, a, c}, about...)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	return tx.SaveThrottle(ctx, t)
}

// settleSteps saves which steps of an app are accepted after the clock was set
// back.
func (s *Service) settleSteps(ctx context.Context, creds []factors.Credential) (settled bool, err error) {
	for i, cred := range creds {
		cred, ok := s.settle(cred)
		if !ok {
			continue
		}
		if err := s.store.Write(ctx, func(tx Tx) error {
			_, err := tx.SettleCredential(ctx, cred)
			return err
		}); err != nil {
			return settled, err
		}
		cred.Version++
		creds[i], settled = cred, true
	}
	return settled, nil
}

// settle makes one credential usable again, where its kind counts time.
func (s *Service) settle(cred factors.Credential) (factors.Credential, bool) {
	k, counts := s.kinds.Find(cred.Kind).(factors.Settler)
	if !counts {
		return cred, false
	}
	return k.Settle(cred, s.Now())
}
