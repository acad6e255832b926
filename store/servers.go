package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/login"
)

// How often a server says that it runs, and for how long it is believed. The
// second allows for two that did not come through.
const (
	beatEvery = 10 * time.Second
	beatKept  = 3 * beatEvery
)

// nowSQL is the time of the database: servers on several machines are compared
// by one clock.
func (s *Store) nowSQL() string {
	if s.pg {
		return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
	}
	return fmt.Sprint(int64(at(time.Now())))
}

// beat notes that a server runs. It is a real write that is on the disk when
// beat returns, so it also shows whether the database takes any.
func (s *Store) beat(ctx context.Context, id string) error {
	_, err := s.writer.NewRaw("INSERT INTO servers (id, seen_at) VALUES (?, "+s.nowSQL()+")"+
		" ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at", id).Exec(ctx)
	return err
}

// settle makes signs of life that lie ahead count from now: the clock went back
// since. A server that still runs gives a new one soon; of one that was killed
// the old one would be believed until its date.
func (s *Store) settle(ctx context.Context, table string) error {
	n, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM ? WHERE seen_at > "+s.nowSQL(), bun.Ident(table)))
	if err != nil || n == 0 {
		return err
	}
	_, err = s.writer.NewRaw("UPDATE ? SET seen_at = "+s.nowSQL()+" WHERE seen_at > "+s.nowSQL(), bun.Ident(table)).Exec(ctx)
	return err
}

// settleAll settles what servers show of themselves, as a running one does from
// time to time. What fails is done the next time.
func (s *Store) settleAll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	for _, table := range []string{"servers", "processes"} {
		_ = s.settle(ctx, table)
	}
}

// leave notes that a server stopped, and forgets those that were killed.
func (s *Store) leave(ctx context.Context, id string) error {
	_, err := s.writer.NewRaw("DELETE FROM servers WHERE id = ? OR seen_at < "+s.nowSQL()+" - ?", id, (24 * time.Hour).Microseconds()).Exec(ctx)
	return err
}

// lastBeat is how long ago the newest sign of a running server came; not found
// when there was none.
func (s *Store) lastBeat(ctx context.Context) (time.Duration, error) {
	if n, err := s.count(ctx, s.table("servers")); err != nil || n == 0 {
		return 0, errors.Join(err, login.ErrNotFound)
	}
	if err := s.settle(ctx, "servers"); err != nil {
		return 0, err
	}
	var ago *int64
	err := s.reader.NewRaw("SELECT "+s.nowSQL()+" - max(seen_at) FROM servers").Scan(ctx, &ago)
	if err != nil || ago == nil {
		return 0, errors.Join(err, login.ErrNotFound)
	}
	return time.Duration(*ago) * time.Microsecond, nil
}

// populated says whether there is any account.
func (s *Store) populated(ctx context.Context) (bool, error) {
	n, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM accounts LIMIT 1) AS x"))
	return n > 0, err
}
