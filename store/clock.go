package store

import (
	"context"
	"errors"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// aheadRows is how many of the newest rows of the audit log are looked through
// for a wrong date: enough for any jump that matters still.
const aheadRows = 10_000

// Ahead is what the database holds with a date in the future: the clock was
// ahead when it was written, or has gone back since.
type Ahead struct {
	Newest      time.Time     // the latest date; zero when nothing lies ahead
	By          time.Duration // how far that lies ahead
	First, Last int64         // rows of the audit log that lie ahead; 0 where it is only a server's sign of life
	Since       time.Time     // date of the first row after them; zero when there is none
}

// Any says whether anything lies ahead.
func (a Ahead) Any() bool { return !a.Newest.IsZero() }

// Ahead looks for dates that lie further in the future than the clocks of
// several machines may differ. On PostgreSQL servers show themselves with the
// date of the database's clock, which is compared with that clock.
func (s *Store) Ahead(ctx context.Context) (a Ahead, err error) {
	now := time.Now()
	var row struct {
		Newest      stamp
		First, Last int64
	}
	err = s.reader.NewRaw("SELECT coalesce(max(at), 0) AS newest, coalesce(min(seq), 0) AS first, coalesce(max(seq), 0) AS last"+
		" FROM (SELECT seq, at FROM events ORDER BY seq DESC LIMIT ?) AS x WHERE at > ?", aheadRows, at(now.Add(login.ClockSlack))).Scan(ctx, &row)
	if err != nil {
		return a, err
	}
	if row.Last > 0 {
		a = Ahead{Newest: row.Newest.Time(), By: row.Newest.Time().Sub(now), First: row.First, Last: row.Last}
		var next stamp
		err = missing(s.reader.NewRaw("SELECT at FROM events WHERE seq > ? ORDER BY seq LIMIT 1", row.Last).Scan(ctx, &next))
		if err != nil && !errors.Is(err, identity.ErrNotFound) {
			return a, err
		}
		a.Since = next.Time()
	}
	var seen int64
	err = s.reader.NewRaw("SELECT coalesce(max(seen_at), 0) - "+s.nowSQL()+
		" FROM servers").Scan(ctx, &seen)
	if by := time.Duration(seen) * time.Microsecond; err == nil && by > max(a.By, login.ClockSlack) {
		a.Newest, a.By = now.Add(by), by
	}
	return a, err
}

// Skew is how far this machine's clock is ahead of the database's. An embedded
// one has no other clock.
func (s *Store) Skew(ctx context.Context) (time.Duration, error) {
	if !s.pg {
		return 0, nil
	}
	var theirs time.Time
	err := s.reader.NewRaw("SELECT clock_timestamp()").Scan(ctx, &theirs)
	return time.Since(theirs), err
}
