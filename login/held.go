package login

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// HeldForm is a form that waits for a step-up.
type HeldForm struct {
	Path   string `json:"path"`
	Form   string `json:"form"`   // as it was sent; empty for one with a password
	Back   string `json:"back"`   // the page that it was sent from
	Retype bool   `json:"retype"` // it had a password in it, so it is not kept: after the step-up it is typed and sent again
}

// Topic says what a note is.
type Topic string

// The topics.
const (
	topicForm Topic = "form" // a held form
	topicLink Topic = "link" // a link that an admin may hand over
)

// Note is something that one session needs again: kept sealed, for as long as a
// sign-in may take, and for no other session. There is one at a time for a
// topic and the account that it is about.
type Note struct {
	ID, AccountID, SessionID string // AccountID is the one that is signed in
	Topic                    Topic
	About                    string // ID of the account that it is about; empty for a held form
	Text                     string
	Created, Expires         time.Time
}

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
	text, err := json.Marshal(f)
	if err != nil {
		return "", err
	}
	id = identity.NewID()
	now := s.Now()
	err = s.store.Write(ctx, func(tx Tx) error {
		return tx.PutNote(ctx, Note{ID: id, AccountID: v.Account.ID, SessionID: v.Session.ID, Topic: topicForm,
			Text: string(text), Created: now, Expires: now.Add(s.opt.LoginTTL)})
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
	err = s.store.Write(ctx, func(tx Tx) error {
		mine, err = tx.TakeNote(ctx, id)
		return err
	})
	if !mine || !step.holds(id, f) {
		return HeldForm{}, err
	}
	return f, err
}

// Drop forgets the form that waits in a session.
func (s *Service) Drop(ctx context.Context, v *Visit) error {
	err := s.store.Write(ctx, func(tx Tx) error { return tx.DropNotes(ctx, v.Session.ID, topicForm) })
	return err
}

func (s *Service) held(ctx context.Context, v *Visit) (id string, f HeldForm, err error) {
	n, err := s.note(ctx, v, topicForm, "")
	if err != nil || n.ID == "" {
		return "", HeldForm{}, err
	}
	err = json.Unmarshal([]byte(n.Text), &f)
	return n.ID, f, err
}

// note is the one of a session, or an empty one when there is none any more.
func (s *Service) note(ctx context.Context, v *Visit, topic Topic, about string) (Note, error) {
	n, err := s.store.Note(ctx, v.Session.ID, topic, about)
	if errors.Is(err, identity.ErrNotFound) || err == nil && s.over(n.Created, n.Expires) {
		return Note{}, nil
	}
	return n, err
}

// Show keeps a link for the page of an account that an admin sees next, in the
// transaction that made the link; an empty one takes back what was kept. The
// note says whose session it is for, and what it is about.
func (s *Service) Show(ctx context.Context, tx Tx, n Note) error {
	n.ID, n.Topic, n.Created = identity.NewID(), topicLink, s.Now()
	n.Expires = n.Created.Add(s.opt.LoginTTL)
	return tx.PutNote(ctx, n)
}

// Shown is the link that is kept about an account; empty when there is none.
func (s *Service) Shown(ctx context.Context, v *Visit, accountID string) (string, error) {
	n, err := s.note(ctx, v, topicLink, accountID)
	return n.Text, err
}
