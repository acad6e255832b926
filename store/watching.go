package store

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/mail"
)

// OnEvent has a function called with each event that this process recorded, after
// the commit of its transaction, by whoever caused it: it must be quick. It is called
// before the first request.
func (s *Store) OnEvent(tell func(identity.Event)) { s.tellEvent = tell }

// Query is a statement that was carried out.
type Query struct {
	Operation string // SELECT, INSERT, UPDATE, DELETE, BEGIN, COMMIT, ROLLBACK or other
	Text      string // without its arguments, which may be secrets
	Request   string // the id of the request that it was for; empty for none
	Took      time.Duration
}

// OnQuery has a function told of each statement, and when text says so of a time,
// also its text. It is called before the first request.
func (s *Store) OnQuery(tell func(Query), text func(took time.Duration) bool) {
	h := queryHook{tell, text}
	one := s.reader == s.writer
	s.writer = s.writer.WithQueryHook(h)
	if s.reader = s.reader.WithQueryHook(h); one {
		s.reader = s.writer
	}
	s.db = s.reader
}

type queryHook struct {
	tell func(Query)
	text func(time.Duration) bool
}

// BeforeQuery does nothing.
func (queryHook) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

// AfterQuery passes a statement on.
func (h queryHook) AfterQuery(ctx context.Context, e *bun.QueryEvent) {
	q := Query{Operation: operation(e.Query), Request: identity.RequestOf(ctx), Took: time.Since(e.StartTime)}
	if h.text(q.Took) {
		q.Text = withoutArguments(e.Query)
	}
	h.tell(q)
}

// operation is the first word of a statement, where it is one of those that Query
// names.
func operation(text string) string {
	word, _, _ := strings.Cut(strings.TrimSpace(text[:min(len(text), 20)]), " ")
	switch word = strings.ToUpper(word); word {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK":
		return word
	}
	return "other"
}

// withoutArguments is a statement with a question mark for each argument: see marking.
func withoutArguments(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "\x00") {
		if i%2 == 1 {
			part = "?"
		}
		b.WriteString(part)
	}
	return b.String()
}

// Waiting is what a lane of the outbox holds.
type Waiting struct {
	Mails  int
	Oldest time.Time // when the oldest of them was written; zero for none
}

// WaitingMail is what the lanes of the outbox hold.
func (s *Store) WaitingMail(ctx context.Context) (map[mail.Lane]Waiting, error) {
	all := map[mail.Lane]Waiting{}
	for _, lane := range mail.Lanes() {
		var row struct {
			N      int
			Oldest stamp
		}
		err := s.reader.NewRaw("SELECT count(*) AS n, coalesce(min(created_at), 0) AS oldest FROM outbox WHERE "+laneSQL[lane]).Scan(ctx, &row)
		if err != nil {
			return nil, err
		}
		all[lane] = Waiting{row.N, row.Oldest.Time()}
	}
	return all, nil
}
