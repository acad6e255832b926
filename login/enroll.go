package login

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"nightlatch.example/nightlatch/factors"
)

// Enrollment is the one pending enrollment of a kind in a session.
type Enrollment struct {
	Secret   []byte // of an authenticator app
	Address  string // that a code was sent to
	ResendIn time.Duration
	Mail     MailState // how far the code has come
}

// Enrolled is what a confirmed enrollment did.
type Enrolled struct {
	Entry
	First bool // recovery codes were made with it and must be shown
}

// BeginEnrollment starts setting a factor up: for an address it sends a code.
// Nothing counts before it is confirmed.
func (s *Service) BeginEnrollment(ctx context.Context, v *Visit, k factors.Kind, address string, c Client) (Refusal, error) {
	address = strings.TrimSpace(address)
	if k == factors.KindEmail {
		if address == "" {
			address = v.Account.Email
		}
		if !LooksLikeEmail(address) {
			return Refusal{Why: Bad, Text: "Enter an e-mail address such as ada@example.com."}, nil
		}
	}
	creds, err := s.store.Credentials(ctx, v.Account.ID)
	if err != nil {
		return Refusal{}, err
	}
	n := 0
	for _, cred := range creds {
		if cred.Kind != factors.KindRecovery {
			n++
		}
		if cred.Kind == k && address != "" && strings.EqualFold(cred.Address, address) {
			return Refusal{Why: Bad, Text: "This address is one of your factors already."}, nil
		}
	}
	if n >= maxFactors {
		return Refusal{Why: Bad, Text: "You have as many factors as an account can have. Remove one first."}, nil
	}
	sub := sessionSubject(v, factors.ForEnroll)
	about, err := s.again(ctx, sub, k)
	if err != nil {
		return Refusal{}, err
	}
	step, err := s.kinds[k].Enroll(ctx, about, factors.Answer{Address: address})
	if err != nil {
		return Refusal{}, err
	}
	step.TTL = s.opt.LoginTTL // the pending enrollment may outlive its code
	return s.write(ctx, func(tx Tx) error {
		if err := s.begin(ctx, tx, sub, k, step, "add this address", c); err != nil {
			return err
		}
		return tx.Reach(ctx, v.Account.ID, StepBegan)
	})
}

// Enrollment is the pending one, or Gone.
func (s *Service) Enrollment(ctx context.Context, v *Visit, k factors.Kind) (Enrollment, Refusal, error) {
	c, r, err := s.enrolling(ctx, v, k)
	if err != nil || !r.OK() {
		return Enrollment{}, r, err
	}
	if k != factors.KindEmail {
		return Enrollment{Secret: c.State}, Refusal{}, nil
	}
	e := Enrollment{Address: factors.EnrollAddress(c.State)}
	if e.ResendIn, err = s.resendIn(ctx, v.Account.ID); err == nil {
		e.Mail, err = s.store.MailState(ctx, CodeMail+c.ID)
	}
	return e, Refusal{}, err
}

func (s *Service) enrolling(ctx context.Context, v *Visit, k factors.Kind) (Ceremony, Refusal, error) {
	c, err := s.store.Ceremony(ctx, factors.ForEnroll, v.Session.ID, k)
	if errors.Is(err, ErrNotFound) || err == nil && s.over(c.Created, c.Expires) {
		return Ceremony{}, Refusal{Why: Gone}, nil
	}
	return c, Refusal{}, err
}

// CancelEnrollment drops the pending one.
func (s *Service) CancelEnrollment(ctx context.Context, v *Visit, k factors.Kind) error {
	c, r, err := s.enrolling(ctx, v, k)
	if err != nil || !r.OK() {
		return err
	}
	_, err = s.write(ctx, func(tx Tx) error {
		_, err := tx.TakeCeremony(ctx, c.ID)
		return err
	})
	return err
}

// ConfirmEnrollment makes the pending one a factor. The first factor of an
// account raises this session, ends all others, and brings recovery codes.
func (s *Service) ConfirmEnrollment(ctx context.Context, v *Visit, k factors.Kind, a factors.Answer, c Client) (Enrolled, Refusal, error) {
	a.Name = strings.TrimSpace(a.Name)
	if r := checkName(a.Name, true); !r.OK() {
		return Enrolled{}, r, nil
	}
	ctx = context.WithoutCancel(ctx)
	pending, r, err := s.enrolling(ctx, v, k)
	if err != nil || !r.OK() {
		return Enrolled{}, r, err
	}
	cred, r, err := s.judgeEnrollment(ctx, v, pending, a, c)
	if err != nil || !r.OK() {
		return Enrolled{}, r, err
	}
	codes, r, err := s.drawCodes(ctx, v, c)
	if err != nil {
		return Enrolled{}, Refusal{}, err
	}
	if !r.OK() { // nothing was wrong with the code, and it may be sent again
		key, err := s.lane(ctx, s.store, v.Account.ID, k, c)
		return Enrolled{}, r, errors.Join(err, s.giveBack(ctx, key))
	}
	var done Enrolled
	r, err = s.write(ctx, func(tx Tx) error {
		done, err = s.bind(ctx, tx, v, pending, cred, codes, c)
		return err
	})
	return done, r, s.faultedIn(ctx, v.Account.ID, k, c, err)
}

// judgeEnrollment counts, then looks at the code. A kind that is switched off
// may be bound anew: that is its way back.
func (s *Service) judgeEnrollment(ctx context.Context, v *Visit, pending Ceremony, a factors.Answer, c Client) (factors.Credential, Refusal, error) {
	sub := sessionSubject(v, factors.ForEnroll)
	key, err := s.lane(ctx, s.store, v.Account.ID, pending.Kind, c)
	if err != nil {
		return factors.Credential{}, Refusal{}, err
	}
	if r, err := s.reserve(ctx, key, bindsAnew); err != nil || !r.OK() {
		return factors.Credential{}, r, err
	}
	state, err := s.try(ctx, sub, pending.Kind)
	if err != nil {
		return factors.Credential{}, Refusal{}, s.faulted(ctx, key, err)
	}
	if pending.Kind != factors.KindEmail {
		state = pending.State // a wrong code keeps the secret, however often
	}
	cred, err := s.kinds[pending.Kind].Confirm(ctx, s.ceremony(sub), state, a)
	switch {
	case err == nil:
		return cred, Refusal{}, nil
	case errors.Is(err, factors.ErrOlder):
		r, err := s.older(ctx, sub, pending.Kind, key, state)
		return cred, r, err
	case errors.Is(err, factors.ErrExpired):
		return cred, Refusal{Why: Expired}, nil
	case errors.Is(err, factors.ErrWrong), errors.Is(err, factors.ErrReplayed):
		r, err := s.write(ctx, func(tx Tx) error {
			e := s.event("enroll.failed", v.Account.ID, c)
			e.Detail = string(pending.Kind)
			return tx.Record(ctx, e)
		})
		return cred, cmpRefusal(r, Refusal{Why: Wrong}), err
	}
	return cred, Refusal{}, s.faulted(ctx, key, err)
}

// bind is the transaction of ConfirmEnrollment.
func (s *Service) bind(ctx context.Context, tx Tx, v *Visit, pending Ceremony, cred factors.Credential, codes []factors.Credential, c Client) (Enrolled, error) {
	a, err := tx.LockAccount(ctx, v.Account.ID)
	if err != nil {
		return Enrolled{}, err
	}
	if a.HasFactor() && v.Session.Level < 2 { // someone enrolled elsewhere meanwhile
		return Enrolled{}, refuse(Gone, "")
	}
	if taken, err := tx.TakeCeremony(ctx, pending.ID); err != nil || !taken {
		return Enrolled{}, cmpErr(err, refuse(Gone, ""))
	}
	first := !a.HasFactor()
	cred.ID, cred.AccountID, cred.Created = NewID(), a.ID, s.Now()
	if err := tx.InsertCredentials(ctx, cred); err != nil {
		return Enrolled{}, err
	}
	if err := tx.ClearKind(ctx, a.ID, cred.Kind); err != nil {
		return Enrolled{}, err
	}
	if err := tx.Reach(ctx, a.ID, StepBegan|StepConfirmed); err != nil {
		return Enrolled{}, err
	}
	if err := s.adopt(ctx, tx, &a, cred); err != nil {
		return Enrolled{}, err
	}
	if first {
		if err := s.firstFactor(ctx, tx, a, v, codes, c); err != nil {
			return Enrolled{}, err
		}
	}
	if err := s.Distrust(ctx, tx, a.ID); err != nil {
		return Enrolled{}, err
	}
	entry, err := s.raise(ctx, tx, a.ID, v.Session.ID, 2, cred.Kind)
	if err != nil {
		return Enrolled{}, err
	}
	e := s.event("factor.added", a.ID, c)
	e.Level, e.Detail = 2, string(cred.Kind)+" “"+cred.Name+"”"
	if err := tx.Record(ctx, e); err != nil {
		return Enrolled{}, err
	}
	return Enrolled{Entry: entry, First: first},
		s.tell(ctx, tx, "factor-added", a, c, "name", cred.Name, "kind", KindLabel(cred.Kind))
}

// adopt makes a proved address the account's own where it has none, and takes
// the proof where it is the same.
func (s *Service) adopt(ctx context.Context, tx Tx, a *Account, cred factors.Credential) error {
	if cred.Kind != factors.KindEmail || a.Email != "" && !strings.EqualFold(a.Email, cred.Address) {
		return nil
	}
	mine := *a
	mine.Email, mine.EmailVerified = cred.Address, s.Now()
	if free, err := tx.Prove(ctx, mine); err != nil || !free { // another account proved it first: a factor all the same
		return err
	}
	*a = mine
	return tx.SaveAccount(ctx, mine)
}

// firstFactor makes recovery codes and ends every other session and pending
// login of the account, and no other browser counts as known any more: none of
// them passed the factor (CVE-2023-31140).
func (s *Service) firstFactor(ctx context.Context, tx Tx, a Account, v *Visit, codes []factors.Credential, c Client) error {
	if _, err := tx.EndSessions(ctx, a.ID, v.Session.ID); err != nil {
		return err
	}
	if err := tx.DropPendings(ctx, a.ID); err != nil {
		return err
	}
	if err := tx.DropKnown(ctx, a.ID, HashToken(c.Known)); err != nil {
		return err
	}
	if err := tx.DropLinks(ctx, a.ID, LinkEnroll, LinkTicket); err != nil {
		return err
	}
	if err := tx.SetMustEnroll(ctx, a.ID, time.Time{}); err != nil {
		return err
	}
	return s.replaceCodes(ctx, tx, a, codes, c)
}

// replaceCodes voids the old recovery codes and keeps a new set.
func (s *Service) replaceCodes(ctx context.Context, tx Tx, a Account, codes []factors.Credential, c Client) error {
	if err := tx.DeleteKind(ctx, a.ID, factors.KindRecovery); err != nil {
		return err
	}
	for i := range codes {
		codes[i].ID = NewID()
	}
	if err := tx.InsertCredentials(ctx, codes...); err != nil {
		return err
	}
	if err := tx.ClearKind(ctx, a.ID, factors.KindRecovery); err != nil {
		return err
	}
	if err := tx.Record(ctx, s.event("recovery.made", a.ID, c)); err != nil {
		return err
	}
	return s.tell(ctx, tx, "recovery-made", a, c)
}

// checkName holds what a factor may be called; empty only where a name of its
// kind is put in its place.
func checkName(name string, empty bool) Refusal {
	switch {
	case name == "" && !empty:
		return Refusal{Why: Bad, Text: "Give it a name."}
	case utf8.RuneCountInString(name) > maxNameRunes:
		return Refusal{Why: Bad, Text: "A name has 60 characters at most."}
	case strings.ContainsFunc(name, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
		return Refusal{Why: Bad, Text: "A name has only characters that can be seen."}
	}
	return Refusal{}
}
