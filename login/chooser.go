package login

import (
	"context"
	"errors"
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Option is one entry of the chooser.
type Option struct {
	Kind   factors.Kind
	Target string   // id of the credential, where each is a choice of its own
	Names  []string // of the apps; masked address; empty for recovery codes
	Left   int      // codes left of a kind that is a set
	Off    bool     // switched off after too many failures
}

// Chooser is what a person can answer with, and which is open.
type Chooser struct {
	Login    string
	Options  []Option
	Open     int                // index into Options; -1 when there is nothing to answer with
	Sent     bool               // a code of the open one was asked for in this ceremony
	Show     any                // what the open one shows, once it was asked for
	Mail     identity.MailState // how far it has come
	Refused  string             // masked address that refused the code, while another way is open
	ResendIn time.Duration      // until another may be asked for
	Next     string             // where a sign-in leads
}

// asked is the choice that an address names; empty where it names none.
type asked struct {
	kind   factors.Kind
	target string
}

// chooser lists exactly the confirmed factors of an account, the one asked for
// or preferred open.
func (s *Service) chooser(ctx context.Context, sub subject, want asked) (Chooser, error) {
	creds, err := s.store.Credentials(ctx, sub.account.ID)
	if err != nil {
		return Chooser{}, err
	}
	ch := Chooser{Login: sub.account.Login, Options: s.options(creds), Open: -1, Next: sub.pending.Next}
	if err := s.switchedOff(ctx, sub, ch.Options); err != nil {
		return ch, err
	}
	ch.Open = pick(ch.Options, creds, sub.account.Preferred, want.kind, want.target)
	if ch.Open < 0 || !s.sends(ch.Options[ch.Open].Kind) {
		return ch, nil
	}
	if s.kinds.Of(ch.Options[ch.Open].Kind).Message != "" {
		if ch.ResendIn, err = s.resendIn(ctx, sub.account.ID); err != nil {
			return ch, err
		}
	}
	if err := s.mailed(ctx, sub, &ch); err != nil {
		return ch, err
	}
	if want.kind == "" && ch.Mail.Refused { // no use waiting: another way opens by itself
		s.another(&ch)
	}
	return ch, nil
}

// switchedOff marks the choices whose kind is off.
func (s *Service) switchedOff(ctx context.Context, sub subject, options []Option) error {
	if len(sub.account.Off) == 0 {
		return nil
	}
	kinds := make([]factors.Kind, len(options))
	for i, o := range options {
		kinds[i] = o.Kind
	}
	list, err := s.counters(ctx, sub.account.ID, kinds, sub.client)
	for i, t := range list {
		options[i].Off = !t.Off.IsZero()
	}
	return err
}

// mailed says of the open address whether a code was asked for, and how far
// its mail has come.
func (s *Service) mailed(ctx context.Context, sub subject, ch *Chooser) error {
	open := ch.Options[ch.Open]
	c, err := s.store.Ceremony(ctx, sub.purpose, sub.id, open.Kind)
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	limit := s.kinds.Of(open.Kind).Tries
	sent := s.sent(open.Kind, c.State)
	ch.Sent = !s.over(c.Created, c.Expires) && (limit == 0 || c.Tries < limit) && (open.Target == "" || sent.Credential == open.Target)
	if ch.Sent {
		ch.Show = sent.Show
		ch.Mail, err = s.store.MailState(ctx, identity.CodeMail+c.ID)
	}
	return err
}

// sends says whether a kind sends or shows something before it is answered.
func (s *Service) sends(k factors.Kind) bool {
	_, ok := s.kinds.Find(k).(factors.Challenger)
	return ok
}

// sent is what the state of a ceremony says of what was sent.
func (s *Service) sent(k factors.Kind, state []byte) factors.Sent {
	if f, ok := s.kinds.Find(k).(factors.Challenger); ok {
		return f.Sent(state)
	}
	return factors.Sent{}
}

// another opens the first way for which nothing is sent and that is not
// switched off.
func (s *Service) another(ch *Chooser) {
	i := slices.IndexFunc(ch.Options, func(o Option) bool { return !o.Off && !s.sends(o.Kind) })
	if i < 0 {
		return
	}
	ch.Refused = ch.Options[ch.Open].Names[0]
	ch.Open, ch.Sent, ch.Show, ch.Mail, ch.ResendIn = i, false, nil, identity.MailState{}, 0
}

// options makes the choices of an account, in the order of the site's kinds:
// one of each kind, or one of each credential where the kind wants that.
func (s *Service) options(creds []factors.Credential) []Option {
	var list []Option
	for _, t := range s.kinds.Traits() {
		all := Option{Kind: t.Kind}
		for _, c := range creds {
			switch {
			case c.Kind != t.Kind || !c.Used.IsZero():
			case t.Spare:
				all.Left++
			case t.Each:
				list = append(list, Option{Kind: c.Kind, Target: c.ID, Names: []string{t.Detail(c)}})
			default:
				all.Names = append(all.Names, t.Detail(c))
			}
		}
		if all.Left > 0 || len(all.Names) > 0 {
			list = append(list, all)
		}
	}
	return list
}

// pick opens the choice asked for, else the preferred one, else the first that
// is not switched off.
func pick(list []Option, creds []factors.Credential, preferred string, want factors.Kind, target string) int {
	if want != "" {
		for i, o := range list {
			if o.Kind == want && (target == "" || o.Target == target) {
				return i
			}
		}
	}
	for _, c := range creds {
		if c.ID != preferred {
			continue
		}
		for i, o := range list {
			if o.Kind == c.Kind && (o.Target == "" || o.Target == c.ID) && !o.Off {
				return i
			}
		}
	}
	if i := slices.IndexFunc(list, func(o Option) bool { return !o.Off }); i >= 0 {
		return i
	}
	return min(0, len(list)-1)
}
