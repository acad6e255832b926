package store

import (
	"context"
	"strconv"
	"time"

	"nightlatch.example/nightlatch/login"
)

// throttleKept is how long a counter that no longer holds anything back is
// kept: "in a row" means within a day.
const throttleKept = 24 * time.Hour

// Sweep deletes what has ended by itself. A kind that is switched off stays so,
// and failures on their way to the cap are not forgotten, until the browser that
// they were counted for is not known any more.
func (s *Store) Sweep(ctx context.Context, now, sessionsBefore time.Time) error {
	for _, x := range sweeps(now, sessionsBefore) {
		if _, err := s.writer.NewRaw(x.sql, at(x.time)).Exec(ctx); err != nil {
			return err
		}
	}
	return s.tellTries(ctx, now)
}

// sweep is a statement about what is older than a time.
type sweep struct {
	sql  string
	time time.Time
}

func sweeps(now, sessionsBefore time.Time) []sweep {
	return []sweep{
		{"DELETE FROM ceremonies WHERE expires_at <= ?", now.Add(-time.Minute)},
		{"DELETE FROM notes WHERE expires_at <= ?", now.Add(-time.Minute)},
		{"DELETE FROM outcomes WHERE expires_at <= ?", now},
		// What is kept for longer than a form's is an answer to a program, and whole.
		{"UPDATE outcomes SET data = NULL WHERE data IS NOT NULL AND expires_at - done_at <= " + strconv.FormatInt(login.LastingTTL.Microseconds(), 10) + " AND done_at <= ?", now.Add(-login.AgainTTL)},
		{"DELETE FROM links WHERE expires_at <= ?", now},
		{"DELETE FROM registrations WHERE expires_at <= ?", now},
		{"DELETE FROM browsers WHERE until_at <= ?", now},
		{"DELETE FROM sessions WHERE created_at <= ?", sessionsBefore},
		{"DELETE FROM counters WHERE what <> 'factor' AND last_at < ?", now.Add(-throttleKept)},
		{"DELETE FROM counters WHERE what = 'factor' AND fails = 0 AND off_at = 0 AND last_at < ?", now.Add(-login.FailureWindow)},
		{"DELETE FROM counters WHERE what = 'factor' AND browser_id <> '' AND last_at < ?", now.Add(-2 * login.KnownTTL)},
		{"UPDATE outbox SET data = NULL, status = CASE WHEN status = 'queued' THEN 'expired' ELSE status END WHERE data IS NOT NULL AND expires_at > 0 AND expires_at <= ?", now},
	}
}
