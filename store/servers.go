package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
)

// How often a server says that it runs, and for how long it is believed. The
// second allows for two that did not come through.
const (
	beatEvery = 5 * time.Second
	beatKept  = 3 * beatEvery
)

// Process is a running server as the others see it.
type Process struct {
	bun.BaseModel `bun:"table:servers"`
	ID            string `bun:",pk"`
	Host          string
	PID           int64  `bun:"pid"`
	Keys          string // ids of the keys that it has read, with commas between
	Lead          int64  // id of the one that it seals with
}

// Knows says whether the process has read a key.
func (p Process) Knows(id uint32) bool {
	return slices.Contains(strings.Split(p.Keys, ","), strconv.FormatUint(uint64(id), 10))
}

// String names the process for the person who has to look after it.
func (p Process) String() string { return fmt.Sprintf("process %d on %s", p.PID, p.Host) }

// nowSQL is the time of the database: servers on several machines are compared
// by one clock.
func (s *Store) nowSQL() string {
	if s.pg {
		return "CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)"
	}
	return fmt.Sprint(int64(at(time.Now())))
}

// Announce shows the others that a server runs, and which keys it has read. It
// is a real write that is on the disk when Announce returns, so it also shows
// whether the database takes any.
func (s *Store) Announce(ctx context.Context, p Process) error {
	if s.keys != nil {
		var ids []string
		for _, id := range s.keys.IDs() {
			ids = append(ids, strconv.FormatUint(uint64(id), 10))
		}
		p.Keys, p.Lead = strings.Join(ids, ","), int64(s.keys.LeadID())
	}
	_, err := s.writer.NewRaw("INSERT INTO servers (id, host, pid, keys, lead, seen_at) VALUES (?, ?, ?, ?, ?, "+s.nowSQL()+")"+
		" ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, lead = excluded.lead, seen_at = excluded.seen_at",
		p.ID, p.Host, p.PID, p.Keys, p.Lead).Exec(ctx)
	return err
}

// settle makes signs of life that lie ahead count from now: the clock went back
// since. A server that still runs gives a new one soon; of one that was killed
// the old one would be believed until its date.
func (s *Store) settle(ctx context.Context) error {
	n, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM servers WHERE seen_at > "+s.nowSQL()))
	if err != nil || n == 0 {
		return err
	}
	_, err = s.writer.NewRaw("UPDATE servers SET seen_at = " + s.nowSQL() + " WHERE seen_at > " + s.nowSQL()).Exec(ctx)
	return err
}

// depart takes a server that stops out of the list, with those that were killed.
func (s *Store) depart(ctx context.Context, id string) error {
	_, err := s.writer.NewRaw("DELETE FROM servers WHERE id = ? OR seen_at < "+s.nowSQL()+" - ?", id, time.Hour.Microseconds()).Exec(ctx)
	return err
}

// Running lists the servers that showed themselves lately.
func (s *Store) Running(ctx context.Context) (list []Process, err error) {
	if err = s.settle(ctx); err != nil {
		return nil, err
	}
	err = s.reader.NewRaw("SELECT id, host, pid, keys, lead FROM servers WHERE seen_at > "+s.nowSQL()+" - ? ORDER BY host, pid",
		beatKept.Microseconds()).Scan(ctx, &list)
	return list, err
}

// lastBeat is when the newest sign of a running server came, and how long ago;
// not found when there was none.
func (s *Store) lastBeat(ctx context.Context) (beat int64, ago time.Duration, err error) {
	if n, err := s.count(ctx, s.table("servers")); err != nil || n == 0 {
		return 0, 0, errors.Join(err, identity.ErrNotFound)
	}
	if err := s.settle(ctx); err != nil {
		return 0, 0, err
	}
	var newest *int64
	err = s.reader.NewRaw("SELECT max(seen_at), "+s.nowSQL()+" - max(seen_at) FROM servers").Scan(ctx, &newest, &ago)
	if err != nil || newest == nil {
		return 0, 0, errors.Join(err, identity.ErrNotFound)
	}
	return *newest, ago * time.Microsecond, nil
}

// populated says whether there is any account.
func (s *Store) populated(ctx context.Context) (bool, error) {
	n, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM accounts LIMIT 1) AS x"))
	return n > 0, err
}
