package store

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"
)

// processLife is how long a server counts as running after it was last seen: a
// few times as long as one takes to show itself again, see serve.
const processLife = 15 * time.Second

// Process is a running server as the others see it.
type Process struct {
	bun.BaseModel `bun:"table:processes"`
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

// Announce shows the others that a process runs and which keys it has read.
func (s *Store) Announce(ctx context.Context, p Process) error {
	var ids []string
	for _, id := range s.keys.IDs() {
		ids = append(ids, strconv.FormatUint(uint64(id), 10))
	}
	_, err := s.writer.NewRaw("INSERT INTO processes (id, host, pid, keys, lead, seen_at) VALUES (?, ?, ?, ?, ?, "+s.nowSQL()+")"+
		" ON CONFLICT (id) DO UPDATE SET keys = excluded.keys, lead = excluded.lead, seen_at = excluded.seen_at",
		p.ID, p.Host, p.PID, strings.Join(ids, ","), int64(s.keys.LeadID())).Exec(ctx)
	return err
}

// Depart takes a process that stops out of the list, with those that died.
func (s *Store) Depart(ctx context.Context, id string) error {
	_, err := s.writer.NewRaw("DELETE FROM processes WHERE id = ? OR seen_at < "+s.nowSQL()+" - ?", id, time.Hour.Microseconds()).Exec(ctx)
	return err
}

// Running lists the servers that showed themselves lately.
func (s *Store) Running(ctx context.Context) (list []Process, err error) {
	if err = s.settle(ctx, "processes"); err != nil {
		return nil, err
	}
	err = s.reader.NewRaw("SELECT id, host, pid, keys, lead FROM processes WHERE seen_at > "+s.nowSQL()+" - ? ORDER BY host, pid",
		processLife.Microseconds()).Scan(ctx, &list)
	return list, err
}
