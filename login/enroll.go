package login

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Enrollment is the one pending enrollment of a kind in a session.
type Enrollment struct {
	Show     any                // what the kind's page shows of it
	Address  string             // that a code was sent to; empty where none is sent
	ResendIn time.Duration      // until another may be asked for
	Mail     identity.MailState // how far the code has come
}

// Enrolled is what a confirmed enrollment did.
type Enrolled struct {
	Entry
	First bool // recovery codes were made with it and must be shown
}

// Wish is what somebody wants of a new enrollment.
type Wish struct {
	Target string // that a code is sent to, where the kind sends one
	Over   bool   // with a new secret, though one is pending
}

// BeginEnrollment starts setting a factor up, with a target where the kind
// sends a code first. Nothing counts before it is confirmed. Where nothing is
// sent, one that is pending stays, for another tab may show its secret.
func (s *Service) BeginEnrollment(ctx context.Context, v *Visit, k factors.Kind, wish Wish, c identity.Client) error {
	kind := s.kinds.Enroller(k)
	if kind == nil {
		return identity.ErrNotFound
	}
	creds, err := s.store.Credentials(ctx, v.Account.ID)
	if err != nil {
		return err
	}
	creds = slices.DeleteFunc(creds, func(c factors.Credential) bool { return s.kinds.Of(c.Kind).Spare })
	if len(creds) >= maxFactors {
		return identity.Refuse(identity.Bad, "You have reached the limit of factors. Remove one first.")
	}
	have := slices.DeleteFunc(creds, func(c factors.Credential) bool { return c.Kind != k })
	sub := sessionSubject(v, factors.ForEnroll, c)
	about, err := s.again(ctx, sub, k)
	if err != nil {
		return err
	}
	step, err := kind.Enroll(ctx, about, have, identity.Trim(wish.Target))
	if unfit := factors.Unfit(""); errors.As(err, &unfit) {
		return identity.Refuse(identity.Bad, unfit.Error())
	}
	if err != nil {
		return err
	}
	step.TTL = s.opt.LoginTTL // the pending enrollment may outlive its code
	return s.store.Act(ctx, func(tx Act) (identity.Event, error) {
		if len(step.Send) == 0 && !wish.Over {
			if stays, err := s.isEnrolling(ctx, tx, v, k); err != nil || stays {
				return identity.NothingHappened, err
			}
		}
		sent, err := s.begin(ctx, tx, sub, challenge{k, step, kind.Traits().Purpose})
		if err != nil {
			return sent, err
		}
		return sent, tx.Reach(ctx, v.Account.ID, identity.StepBegan)
	})
}

// isEnrolling says whether one of a kind is pending; of two that begin at once
// the second waits here and finds the first's.
func (s *Service) isEnrolling(ctx context.Context, tx Tx, v *Visit, k factors.Kind) (bool, error) {
	if _, err := tx.LockAccount(ctx, v.Account.ID); err != nil {
		return false, err
	}
	c, err := tx.Ceremony(ctx, factors.ForEnroll, v.Session.ID, k)
	if errors.Is(err, identity.ErrNotFound) {
		return false, nil
	}
	return err == nil && !s.over(c.Created, c.Expires), err
}

// Enrollment is the pending one, or Gone.
func (s *Service) Enrollment(ctx context.Context, v *Visit, k factors.Kind) (Enrollment, error) {
	c, err := s.enrolling(ctx, v, k)
	if err != nil {
		return Enrollment{}, err
	}
	e := Enrollment{Show: s.kinds.Enroller(k).Show(s.ceremony(sessionSubject(v, factors.ForEnroll, identity.Client{})), c.State), Address: s.sent(k, c.State).Address}
	if s.kinds.Of(k).Message != "" {
		if e.ResendIn, err = s.resendIn(ctx, v.Account.ID); err == nil {
			e.Mail, err = s.store.MailState(ctx, identity.CodeMail+c.ID)
		}
	}
	return e, err
}

func (s *Service) enrolling(ctx context.Context, v *Visit, k factors.Kind) (Ceremony, error) {
	if s.kinds.Enroller(k) == nil {
		return Ceremony{}, identity.ErrNotFound
	}
	c, err := s.store.Ceremony(ctx, factors.ForEnroll, v.Session.ID, k)
	if errors.Is(err, identity.ErrNotFound) || err == nil && s.over(c.Created, c.Expires) {
		return Ceremony{}, identity.Refuse(identity.Gone, "")
	}
	return c, err
}

// CancelEnrollment drops the pending one.
func (s *Service) CancelEnrollment(ctx context.Context, v *Visit, k factors.Kind) error {
	c, err := s.enrolling(ctx, v, k)
	if identity.Reason(err) == identity.Gone {
		return nil
	}
	if err != nil {
		return err
	}
	return s.store.Write(ctx, func(tx Tx) error {
		_, err := tx.TakeCeremony(ctx, c.ID)
		return err
	})
}

// Proof is what ends an enrollment.
type Proof struct {
	factors.Answer
	Name string // what to call the factor; empty lets the kind choose
}

// ConfirmEnrollment makes the pending one a factor. The first factor of an
// account raises this session, ends all others, and brings recovery codes.
func (s *Service) ConfirmEnrollment(ctx context.Context, v *Visit, k factors.Kind, a Proof, c identity.Client) (Enrolled, error) {
	var err error
	if a.Name, err = fitName(a.Name, true); err != nil {
		return Enrolled{}, err
	}
	ctx = context.WithoutCancel(ctx)
	pending, err := s.enrolling(ctx, v, k)
	if err != nil {
		return Enrolled{}, err
	}
	cred, key, err := s.judgeEnrollment(ctx, v, pending, a, c)
	if err != nil {
		return Enrolled{}, err
	}
	codes, err := s.drawCodes(ctx, v, c)
	if identity.Reason(err) == identity.Busy { // nothing was wrong with the code, and it may be sent again
		return Enrolled{}, cmp.Or(s.giveBack(ctx, key), err)
	}
	if err != nil {
		return Enrolled{}, err
	}
	var done Enrolled
	err = s.store.Act(ctx, func(tx Act) (e identity.Event, err error) {
		done, e, err = s.bind(ctx, tx, proven{v, pending, cred, codes, c})
		return e, err
	})
	return done, s.faulted(ctx, key, err)
}

// judgeEnrollment counts a failure, then judges the code. A kind that is
// switched off may be set up again; this is how its owner gets it back. The
// counter is where the failure went.
func (s *Service) judgeEnrollment(ctx context.Context, v *Visit, pending Ceremony, a Proof, c identity.Client) (cred factors.Credential, key Counter, err error) {
	sub := sessionSubject(v, factors.ForEnroll, c)
	if key, err = s.lane(ctx, s.store, v.Account.ID, pending.Kind, c); err != nil {
		return cred, key, err
	}
	if _, err = s.reserve(ctx, bindsAnew, Throttle{Key: key}); err != nil {
		return cred, key, err
	}
	state, err := s.try(ctx, sub, pending.Kind)
	if err != nil {
		return cred, key, s.faulted(ctx, key, err)
	}
	if s.kinds.Of(pending.Kind).Tries == 0 {
		state = pending.State // a wrong code keeps the secret, however often
	}
	cred, err = s.kinds.Enroller(pending.Kind).Confirm(ctx, s.ceremony(sub), state, a.Answer)
	switch {
	case err == nil:
		cred.Name = cmp.Or(a.Name, cred.Name)
		return cred, key, nil
	case errors.Is(err, factors.ErrOlder):
		return cred, key, s.older(ctx, sub, pending.Kind, key, state)
	case errors.Is(err, factors.ErrExpired):
		return cred, key, identity.Refuse(identity.Expired, "")
	case errors.Is(err, factors.ErrWrong), errors.Is(err, factors.ErrReplayed):
		err := s.store.Act(ctx, func(Act) (identity.Event, error) {
			e := s.event(identity.EventEnrollFailed, v.Account.ID, c)
			e.Detail = string(pending.Kind)
			return e, nil
		})
		return cred, key, cmp.Or(err, identity.Refuse(identity.Wrong, ""))
	}
	return cred, key, s.faulted(ctx, key, err)
}

// fitName gives the name of a factor as it is kept; an empty one is allowed
// where a default name replaces it.
func fitName(name string, empty bool) (string, error) {
	kept, fit := identity.Name(name)
	switch {
	case kept == "" && fit && !empty:
		return "", identity.Refuse(identity.Bad, "Enter a name.")
	case identity.TooLong(kept, maxName):
		return "", identity.Refuse(identity.Bad, "A name can have at most 60 characters.")
	case !fit:
		return "", identity.Refuse(identity.Bad, "A name can contain only visible characters.")
	}
	return kept, nil
}
