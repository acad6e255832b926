package login

import (
	"context"
	"encoding/json"
	"errors"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// HeldForm is a form that waits for a step-up.
type HeldForm struct {
	Path   string `json:"path"`
	Form   string `json:"form"`   // as it was sent; empty for one with a password
	Back   string `json:"back"`   // the page that it was sent from
	Retype bool   `json:"retype"` // it had a password in it, so it is not kept: after the step-up it is typed and sent again
}

// forHeld is the purpose under which a held form is kept: sealed, bound to its
// session, for as long as a sign-in may take.
const (
	forHeld  factors.Purpose = "held"
	heldKind factors.Kind    = "form"
)

// StepUp says which step-up is meant: the one that a held form caused has the
// form's ID. A client that reads no forms leaves it out and is known by where
// its step-up leads back to.
type StepUp struct {
	ID   string
	Back string // looked at only where no ID was sent at all
}

// holds says whether a held form is that of the step-up.
func (x StepUp) holds(id string, f HeldForm) bool {
	return id != "" && (x.ID == id || x.ID == "" && x.Back != "" && x.Back == f.Back)
}

// Hold keeps a form for the step-up that it causes, and gives the id of it.
// The form held before is dropped.
func (s *Service) Hold(ctx context.Context, v *Visit, f HeldForm) (id string, err error) {
	state, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	id = identity.NewID()
	now := s.Now()
	err = s.write(ctx, func(tx Tx) error {
		return tx.PutCeremony(ctx, Ceremony{ID: id, AccountID: v.Account.ID, Subject: v.Session.ID, Purpose: forHeld,
			Kind: heldKind, State: state, Created: now, Expires: now.Add(s.opt.LoginTTL)})
	})
	return id, err
}

// Held returns the form that waits for a step-up, or an empty one if there is
// none.
func (s *Service) Held(ctx context.Context, v *Visit, step StepUp) (HeldForm, error) {
	id, f, err := s.held(ctx, v)
	if !step.holds(id, f) {
		return HeldForm{}, err
	}
	return f, err
}

// Release returns the form that waits for this step-up and deletes it. A form
// that waits for another step-up is deleted too.
func (s *Service) Release(ctx context.Context, v *Visit, step StepUp) (HeldForm, error) {
	id, f, err := s.held(ctx, v)
	if err != nil || id == "" {
		return HeldForm{}, err
	}
	mine := false
	err = s.write(ctx, func(tx Tx) error {
		mine, err = tx.TakeCeremony(ctx, id)
		return err
	})
	if !mine || !step.holds(id, f) {
		return HeldForm{}, err
	}
	return f, err
}

// Drop forgets the form that waits in a session.
func (s *Service) Drop(ctx context.Context, v *Visit) error {
	err := s.write(ctx, func(tx Tx) error { return tx.DropCeremonies(ctx, v.Session.ID, forHeld) })
	return err
}

func (s *Service) held(ctx context.Context, v *Visit) (id string, f HeldForm, err error) {
	c, err := s.store.Ceremony(ctx, forHeld, v.Session.ID, heldKind)
	if errors.Is(err, identity.ErrNotFound) || err == nil && s.over(c.Created, c.Expires) {
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

// Note is a text about an account, kept for one session of an admin.
type Note struct{ SessionID, AdminID, AccountID, Text string }

// Show keeps a note for the page that the admin sees next, in the transaction
// that made its text; an empty one takes back what was kept.
func (s *Service) Show(ctx context.Context, tx Tx, n Note) error {
	now := s.Now()
	return tx.PutCeremony(ctx, Ceremony{ID: identity.NewID(), AccountID: n.AdminID, Subject: n.SessionID, Purpose: forShown,
		Kind: factors.Kind(n.AccountID), State: []byte(n.Text), Created: now, Expires: now.Add(s.opt.LoginTTL)})
}

// Shown is the text that is kept about an account; empty when there is none.
func (s *Service) Shown(ctx context.Context, v *Visit, accountID string) (string, error) {
	c, err := s.store.Ceremony(ctx, forShown, v.Session.ID, factors.Kind(accountID))
	if errors.Is(err, identity.ErrNotFound) || err == nil && s.over(c.Created, c.Expires) {
		return "", nil
	}
	return string(c.State), err
}
