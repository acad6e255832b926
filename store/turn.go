package store

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/login"
)

// importLock is the key of the advisory lock that an import holds.
const importLock = 7_112_004

// txLocks is the key of the first Lock; the others follow it.
const txLocks = 7_112_100

// Lock keeps others that ask for the same one waiting until the transaction
// ends. On SQLite a transaction has the whole file to itself.
func (t *tx) Lock(ctx context.Context, what login.Lock) error {
	if !t.pg {
		return nil
	}
	_, err := t.db.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?)", txLocks+int(what))
	return err
}

// turnStep is how often it is looked whether another process is done.
const turnStep = 100 * time.Millisecond

// ImportTurn waits until no other import runs, in this process or in another
// one on the same PostgreSQL; ok is false when that took too long. The turn ends
// with done, and with the process: nothing is left of it after a crash. It holds
// one connection, and no more than one for each process waits.
func (s *Store) ImportTurn(ctx context.Context, wait time.Duration) (done func(), ok bool, err error) {
	late := time.After(wait)
	select {
	case s.turn <- struct{}{}:
	case <-late:
		return nil, false, nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	leave := func() { <-s.turn }
	if !s.pg {
		return leave, true, nil
	}
	for {
		tx, err := s.writer.BeginTx(ctx, nil) // the lock goes with it, also behind a pooler
		if err == nil {
			err = tx.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock(?)", importLock).Scan(&ok)
		}
		if err == nil && ok {
			return func() { _ = tx.Rollback(); leave() }, true, nil
		}
		if tx.Tx != nil {
			_ = tx.Rollback()
		}
		if err != nil {
			leave()
			return nil, false, err
		}
		select {
		case <-time.After(turnStep):
		case <-late:
			leave()
			return nil, false, nil
		case <-ctx.Done():
			leave()
			return nil, false, ctx.Err()
		}
	}
}
