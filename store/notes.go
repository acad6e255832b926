package store

import (
	"context"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/login"
)

type noteRow struct {
	bun.BaseModel `bun:"table:notes"`
	ID            string `bun:",pk"`
	AccountID     string
	SessionID     string
	Topic         login.Topic
	About         string
	State         []byte
	CreatedAt     stamp
	ExpiresAt     stamp
}

// Note finds what is stored for a session, and opens it.
func (q query) Note(ctx context.Context, sessionID string, topic login.Topic, about string) (login.Note, error) {
	var r noteRow
	err := q.db.NewSelect().Model(&r).Where("session_id = ? AND topic = ? AND about = ?", sessionID, topic, about).Scan(ctx)
	if err != nil {
		return login.Note{}, missing(err)
	}
	text, err := q.keys.Open(r.State, noteSeal(r.AccountID, r.ID))
	return login.Note{ID: r.ID, AccountID: r.AccountID, SessionID: r.SessionID, Topic: r.Topic, About: r.About, Text: string(text),
		Created: r.CreatedAt.Time(), Expires: r.ExpiresAt.Time()}, err
}

// PutNote stores a note in place of the one with the same session, topic and
// account.
func (t *tx) PutNote(ctx context.Context, n login.Note) error {
	state, err := t.keys.Seal([]byte(n.Text), noteSeal(n.AccountID, n.ID))
	if err != nil {
		return err
	}
	_, err = t.db.NewDelete().Table("notes").Where("session_id = ? AND topic = ? AND about = ?", n.SessionID, n.Topic, n.About).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = t.db.NewInsert().Model(&noteRow{ID: n.ID, AccountID: n.AccountID, SessionID: n.SessionID, Topic: n.Topic, About: n.About,
		State: state, CreatedAt: at(n.Created), ExpiresAt: at(n.Expires)}).Exec(ctx)
	return err
}

// TakeNote deletes one; false when somebody else did.
func (t *tx) TakeNote(ctx context.Context, id string) (bool, error) {
	return changed(t.db.NewDelete().Table("notes").Where("id = ?", id).Exec(ctx))
}

// DropNotes deletes those of a session about one matter.
func (t *tx) DropNotes(ctx context.Context, sessionID string, topic login.Topic) error {
	_, err := t.db.NewDelete().Table("notes").Where("session_id = ? AND topic = ?", sessionID, topic).Exec(ctx)
	return err
}

// noteSeal is the same: notes lay with the ceremonies once, and a way up or down
// moves them as they are sealed.
func noteSeal(accountID, id string) string { return ceremonySeal(accountID, id) }
