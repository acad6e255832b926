package store

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// carriedTables hold what nothing else in the database tells and a step back
// must not lose: the head of the audit log, what the log has yet to tell of,
// events that were not chained yet, and who is in which group.
// Undo puts them into a setting when their table goes, and Migrate puts them back.
var carriedTables = []string{"audit_head", "tries", "unchained", "members"}

// carriedColumns go with a step back that keeps what they hold: in the column's
// place before, or in settings of its own.
var carriedColumns = []string{"accounts.status", "accounts.off_kinds", "accounts.must_enroll_at", "accounts.reached", "accounts.member_of", "sessions.trusted"}

// movedTables are dropped by a step back that first moves their rows to older
// tables.
var movedTables = []string{"counters", "notes"}

// carried is what is in these tables. Only what one step takes is in one setting.
type carried struct {
	Head  []headRow  `json:",omitempty"`
	Tries []triesRow `json:",omitempty"`

	Unchained []unchainedRow `json:",omitempty"`
	Members   []memberRow    `json:",omitempty"`
}

const carriedKey = "carried."

// undoKeeping undoes a step and keeps what must be carried over.
func (s *Store) undoKeeping(ctx context.Context, btx bun.Tx, down []string) error {
	before, after := map[string][]string{}, map[string][]string{}
	if err := s.columns(ctx, btx, before); err != nil {
		return err
	}
	kept := map[string]carried{}
	for _, table := range carriedTables {
		if before[table] == nil {
			continue
		}
		var c carried
		into := map[string]any{"audit_head": &c.Head, "tries": &c.Tries, "unchained": &c.Unchained, "members": &c.Members}[table]
		if err := btx.NewSelect().Model(into).Scan(ctx); err != nil {
			return err
		}
		if len(c.Head)+len(c.Tries)+len(c.Unchained)+len(c.Members) > 0 {
			kept[table] = c
		}
	}
	if err := each(ctx, btx, down); err != nil {
		return err
	}
	if err := s.columns(ctx, btx, after); err != nil || after["settings"] == nil {
		return err
	}
	for table, c := range kept {
		if after[table] != nil {
			continue
		}
		text, err := json.Marshal(c)
		if err != nil {
			return err
		}
		if err := (&tx{query: query{db: btx}}).setting(ctx, carriedKey+table, string(text)); err != nil {
			return err
		}
	}
	return nil
}

// putBack restores what an earlier Undo carried over.
func (s *Store) putBack(ctx context.Context) error {
	var keys []string
	err := s.reader.NewRaw("SELECT key FROM settings WHERE key LIKE ? ORDER BY key", carriedKey+"%").Scan(ctx, &keys)
	if err != nil || len(keys) == 0 {
		return err
	}
	return s.write(ctx, func(t *tx) error {
		for _, key := range keys {
			var texts []string // none when another process was quicker
			if err := t.db.NewRaw("DELETE FROM settings WHERE key = ? RETURNING value", key).Scan(ctx, &texts); err != nil {
				return err
			}
			for _, text := range texts {
				if err := t.bringBack(ctx, text); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (t *tx) bringBack(ctx context.Context, text string) error {
	var c carried
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	for _, h := range c.Head {
		if _, err := t.db.NewInsert().Model(&h).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return err
		}
	}
	for _, r := range c.Unchained {
		if _, err := t.db.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return err
		}
	}
	for _, r := range c.Tries {
		if _, err := t.db.NewInsert().Model(&r).On("CONFLICT DO NOTHING").Exec(ctx); err != nil {
			return err
		}
	}
	return t.joinAgain(ctx, c.Members)
}

// joinAgain puts accounts that are still there back into their groups.
func (t *tx) joinAgain(ctx context.Context, members []memberRow) error {
	names := map[string][]string{}
	for _, m := range members {
		r, err := t.db.NewRaw("INSERT INTO members (name, account_id) SELECT ?, id FROM accounts WHERE id = ? ON CONFLICT DO NOTHING", m.Name, m.AccountID).Exec(ctx)
		if there, err := changed(r, err); err != nil {
			return err
		} else if there {
			names[m.AccountID] = append(names[m.AccountID], m.Name)
		}
	}
	for id, list := range names {
		slices.Sort(list)
		if _, err := t.db.NewRaw("UPDATE accounts SET member_of = ? WHERE id = ?", strings.Join(list, ","), id).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
