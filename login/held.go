package login

import (
	"context"
	"encoding/json"
	"errors"

	"nightlatch.example/nightlatch/factors"
)

// HeldForm is a form that waits for a step-up.
type HeldForm struct {
	Path string `json:"path"`
	Form string `json:"form"` // as it was sent, without any password
}

// forHeld is the purpose under which a held form is kept: sealed, bound to its
// session, for as long as a sign-in may take.
const (
	forHeld  factors.Purpose = "held"
	heldKind factors.Kind    = "form"
)

// Hold keeps a form; the one held before is dropped.
func (s *Service) Hold(ctx context.Context, v *Visit, f HeldForm) error {
	state, err := json.Marshal(f)
	if err != nil {
		return err
	}
	now := s.Now()
	_, err = s.write(ctx, func(tx Tx) error {
		return tx.PutCeremony(ctx, Ceremony{ID: NewID(), AccountID: v.Account.ID, Subject: v.Session.ID, Purpose: forHeld,
			Kind: heldKind, State: state, Created: now, Expires: now.Add(s.opt.LoginTTL)})
	})
	return err
}

// Held is the form that waits; an empty one when none does.
func (s *Service) Held(ctx context.Context, v *Visit) (HeldForm, error) {
	_, f, err := s.held(ctx, v)
	return f, err
}

// Release gives the held form, once.
func (s *Service) Release(ctx context.Context, v *Visit) (HeldForm, error) {
	id, f, err := s.held(ctx, v)
	if err != nil || id == "" {
		return f, err
	}
	mine := false
	_, err = s.write(ctx, func(tx Tx) error {
		mine, err = tx.TakeCeremony(ctx, id)
		return err
	})
	if !mine {
		return HeldForm{}, err
	}
	return f, err
}

func (s *Service) held(ctx context.Context, v *Visit) (id string, f HeldForm, err error) {
	c, err := s.store.Ceremony(ctx, forHeld, v.Session.ID, heldKind)
	if errors.Is(err, ErrNotFound) || err == nil && !s.Now().Before(c.Expires) {
		return "", HeldForm{}, nil
	}
	if err != nil {
		return "", HeldForm{}, err
	}
	err = json.Unmarshal(c.State, &f)
	return c.ID, f, err
}

// forShown is the purpose under which a link is kept that an admin may hand
// over: sealed, for the eyes of one session.
const forShown factors.Purpose = "shown"

// Show keeps a text about an account for the page that comes next in this
// session.
func (s *Service) Show(ctx context.Context, v *Visit, accountID, text string) error {
	now := s.Now()
	_, err := s.write(ctx, func(tx Tx) error {
		return tx.PutCeremony(ctx, Ceremony{ID: NewID(), AccountID: v.Account.ID, Subject: v.Session.ID, Purpose: forShown,
			Kind: factors.Kind(accountID), State: []byte(text), Created: now, Expires: now.Add(s.opt.LoginTTL)})
	})
	return err
}

// Shown is the text that is kept about an account; empty when there is none.
func (s *Service) Shown(ctx context.Context, v *Visit, accountID string) (string, error) {
	c, err := s.store.Ceremony(ctx, forShown, v.Session.ID, factors.Kind(accountID))
	if errors.Is(err, ErrNotFound) || err == nil && !s.Now().Before(c.Expires) {
		return "", nil
	}
	return string(c.State), err
}
