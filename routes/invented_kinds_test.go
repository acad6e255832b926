package routes_test

import (
	"context"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Three kinds of factor that nobody outside this file has heard of.

// badge stands alone: it neither sends nor shows anything. Its answer is the
// name on the badge, backwards.
type badge struct{}

const badgeAnswer = "EGDAB"

func (badge) Kind() factors.Kind { return "badge" }

func (badge) Traits() factors.Traits {
	return factors.Traits{Kind: "badge", Input: factors.Code, Strength: factors.Strong, Alone: true, Number: 2,
		Words: factors.Words{Label: "Staff badge", Short: "badge", Only: "Badge", Many: "staff badges", Ask: "Your badge, backwards",
			Offer: "Staff badge", About: "The card around your neck.", Add: "Add a staff badge", Title: "Hold up your badge"}}
}

func (badge) Enroll(context.Context, factors.Ceremony, []factors.Credential, string) (factors.Step, error) {
	return factors.Step{State: []byte("badge")}, nil
}

func (badge) Show(factors.Ceremony, []byte) any { return nil }

func (b badge) Confirm(_ context.Context, c factors.Ceremony, _ []byte, a factors.Answer) (factors.Credential, error) {
	return b.judge(factors.Credential{Kind: "badge", Name: "Badge", Secret: []byte("badge")}, a)
}

func (b badge) Verify(_ context.Context, _ factors.Ceremony, creds []factors.Credential, _ []byte, a factors.Answer) (factors.Credential, error) {
	if len(creds) == 0 {
		return factors.Credential{}, factors.ErrWrong
	}
	return b.judge(creds[0], a)
}

func (badge) judge(c factors.Credential, a factors.Answer) (factors.Credential, error) {
	if a.Code != badgeAnswer {
		return factors.Credential{}, factors.ErrWrong
	}
	return c, nil
}

// riddle shows something and sends nothing: what it asks has to be answered
// with the word that comes after it.
type riddle struct{ badge }

const (
	riddleAsked  = "What walks on four legs in the morning"
	riddleAnswer = "MAN"
)

func (riddle) Kind() factors.Kind { return "riddle" }

func (riddle) Traits() factors.Traits {
	return factors.Traits{Kind: "riddle", Input: factors.Code, Strength: factors.Strong, Alone: true, Number: 3, Tries: 5,
		Words: factors.Words{Label: "Riddle", Short: "riddle", Only: "Riddle", Many: "riddles", Ask: "The answer",
			Offer: "Riddle", About: "Something only you know.", Add: "Add a riddle", Title: "Your riddle"}}
}

func (riddle) Challenge(_ context.Context, _ factors.Ceremony, creds []factors.Credential, _ string) (factors.Step, error) {
	if len(creds) == 0 {
		return factors.Step{}, factors.ErrWrong
	}
	return factors.Step{State: []byte(riddleAsked), TTL: time.Minute}, nil
}

func (riddle) Sent(state []byte) factors.Sent { return factors.Sent{Show: string(state)} }

func (r riddle) Confirm(_ context.Context, _ factors.Ceremony, _ []byte, a factors.Answer) (factors.Credential, error) {
	return r.judge(factors.Credential{Kind: "riddle", Name: "Sphinx"}, []byte(riddleAsked), a)
}

func (r riddle) Verify(_ context.Context, _ factors.Ceremony, creds []factors.Credential, state []byte, a factors.Answer) (factors.Credential, error) {
	if len(creds) == 0 {
		return factors.Credential{}, factors.ErrWrong
	}
	return r.judge(creds[0], state, a)
}

func (riddle) judge(c factors.Credential, state []byte, a factors.Answer) (factors.Credential, error) {
	if string(state) != riddleAsked || a.Code != riddleAnswer {
		return factors.Credential{}, factors.ErrWrong
	}
	return c, nil
}

// pigeon sends a code to a loft. The test reads it where mail is read: the loft
// has an address.
type pigeon struct{ factors.Email }

func (pigeon) Kind() factors.Kind { return "pigeon" }

func (p pigeon) Traits() factors.Traits {
	t := p.Email.Traits()
	t.Kind, t.Number, t.Proves = "pigeon", 4, false
	t.Mask = func(loft string) string { return "loft " + strings.Repeat("•", len(loft)) }
	t.Words = factors.Words{Label: "Carrier pigeon", Short: "pigeon", Only: "Pigeon only", Many: "carrier pigeons", Ask: "The code on its leg", Message: "pigeon",
		Weakness: "A pigeon can be caught.", Offer: "Carrier pigeon", About: "Slow in the rain.", Add: "Add a pigeon",
		To: "loft", ToLabel: "Loft", ToButton: "Send a pigeon", ToInput: "text", Title: "Carrier pigeon", Purpose: "add this loft"}
	return t
}

func (p pigeon) Confirm(ctx context.Context, c factors.Ceremony, state []byte, a factors.Answer) (factors.Credential, error) {
	cred, err := p.Email.Confirm(ctx, c, state, a)
	cred.Kind, cred.Name = "pigeon", "Pigeon"
	return cred, err
}

// invented adds the three to the standard kinds.
func invented(kinds factors.Kinds) factors.Kinds {
	for _, f := range kinds {
		if e, ok := f.(factors.Email); ok {
			e.Valid = identity.LooksLikeEmail
			return append(kinds, badge{}, riddle{}, pigeon{e})
		}
	}
	return nil
}
