package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// keysetRow says which keys are the site's.
type keysetRow struct {
	bun.BaseModel `bun:"table:keyset"`
	ID            int64  `bun:",pk"`
	Value         []byte // see keyring.check
	Resealed      bool   // everything that opens was sealed with the leading key
}

// ErrNoCheck says that a database lost the check value of its keys.
var ErrNoCheck = errors.New("the database holds no check value of its keys any more: was it replaced?")

func (s *Store) keyset(ctx context.Context) (row keysetRow, err error) {
	err = missing(s.reader.NewSelect().Model(&row).Where("id = 1").Scan(ctx))
	if errors.Is(err, identity.ErrNotFound) {
		err = ErrNoCheck
	}
	return row, err
}

// UsesKeys says whether the database holds anything that only its own keys
// open: if it does, a missing key file must not be replaced by a new one.
func (s *Store) UsesKeys(ctx context.Context) (bool, error) {
	_, err := s.keyset(ctx)
	if errors.Is(err, ErrNoCheck) {
		return s.Sealed(ctx)
	}
	return err == nil, err
}

// FollowKeys makes the keys follow the site's check value. Keys that do not
// open it are refused.
func (s *Store) FollowKeys(ctx context.Context) error {
	row, err := s.keyset(ctx)
	if err != nil {
		return err
	}
	return s.keys.Follow(row.Value)
}

// Adopt is FollowKeys at a start: a database without a check value, because it
// is new or of an older version, gets one of these keys, unless something in it
// was sealed with a key that they lack.
func (s *Store) Adopt(ctx context.Context) error {
	err := s.FollowKeys(ctx)
	if !errors.Is(err, ErrNoCheck) {
		return err
	}
	n, strange, err := s.strangeKeys(ctx)
	if err != nil {
		return err
	}
	if strange > 0 {
		return fmt.Errorf("%w (%d of the %d sealed values in the database)", foreign{s.keys.path}, strange, n)
	}
	value, err := s.keys.checks(false)
	if err != nil {
		return err
	}
	err = s.write(ctx, func(t *tx) error { return t.adopt(ctx, value) })
	if err != nil {
		return err
	}
	return s.FollowKeys(ctx) // another process may have been quicker
}

func (t *tx) adopt(ctx context.Context, value []byte) error {
	made, err := changed(t.db.NewInsert().Model(&keysetRow{ID: 1, Value: value, Resealed: true}).On("CONFLICT (id) DO NOTHING").Exec(ctx))
	if err != nil || !made {
		return err
	}
	return t.beginHead(ctx)
}

// followKeys looks in the transaction itself whether the keys are the site's, so
// that no secret is ever kept that only a wrong key opens.
func (t *tx) followKeys(ctx context.Context) error {
	var row keysetRow
	err := missing(t.db.NewSelect().Model(&row).Where("id = 1").Scan(ctx))
	if errors.Is(err, identity.ErrNotFound) {
		return nil // not adopted: a tool that writes before the first start
	}
	if err != nil {
		return err
	}
	return t.keys.Follow(row.Value)
}

// strangeKeys counts the sealed values, and those that were sealed with a key
// that is not in the file.
func (s *Store) strangeKeys(ctx context.Context) (n, strange int, err error) {
	known := map[uint32]bool{}
	for _, id := range s.keys.IDs() {
		known[id] = true
	}
	for _, t := range sealedTables {
		err := s.walkSealed(ctx, t, func(rows []sealedRow) error {
			for _, r := range rows {
				if n++; !known[keyID(r.Value)] {
					strange++
				}
			}
			return nil
		})
		if err != nil {
			return n, strange, err
		}
	}
	return n, strange, nil
}

// Lead makes the newest key of the file the one that seals, for every process
// that follows. Whoever does not know it is refused from now on.
func (s *Store) Lead(ctx context.Context) error {
	value, err := s.keys.checks(true)
	if err != nil {
		return err
	}
	err = s.write(ctx, func(t *tx) error {
		_, err := t.db.NewRaw("UPDATE keyset SET value = ?, resealed = ? WHERE id = 1", value, false).Exec(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if err := s.FollowKeys(ctx); err != nil {
		return err
	}
	return s.Act(ctx, func(login.Act) (identity.Event, error) { // also brings the head of the audit log under the new key
		return identity.Event{At: time.Now(), Kind: identity.EventKeysRotated, Actor: "cli"}, nil
	})
}

// Resealed says whether the last rotation was carried to its end.
func (s *Store) Resealed(ctx context.Context) (bool, error) {
	row, err := s.keyset(ctx)
	return row.Resealed, err
}

// SetResealed notes that it was.
func (s *Store) SetResealed(ctx context.Context) error {
	_, err := s.writer.NewRaw("UPDATE keyset SET resealed = ? WHERE id = 1", true).Exec(ctx)
	return err
}
