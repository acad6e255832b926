package store

import (
	"context"
	"database/sql/driver"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/login"
)

// A commit waits for the disk, which is most of what a small transaction costs.
// That one of WriteSoon does not: everybody sees it at once, in every process, and
// it outlives a killed process. Only if the machine or the PostgreSQL server itself
// goes down within the next half second may it be lost, and then never alone: a
// commit that waits takes with it what was committed before. On SQLite the
// connection is told so for one transaction (synchronous=NORMAL of WAL mode), on
// PostgreSQL the transaction is (synchronous_commit, its manual §30.4).
type soonKey struct{}

func soon(ctx context.Context) context.Context { return context.WithValue(ctx, soonKey{}, true) }

func isSoon(ctx context.Context) bool { return ctx.Value(soonKey{}) != nil }

// WriteSoon is Write whose commit does not wait for the disk.
func (s *Store) WriteSoon(ctx context.Context, do func(login.Tx) error) error {
	return s.write(soon(ctx), func(t *tx) error { return do(t) })
}

// beginSoon are the statements that begin such a transaction on PostgreSQL.
const beginSoon = "BEGIN" + nextStatement + "SET LOCAL synchronous_commit TO off"

// soonPG goes into the FROM of a single statement, which is a transaction of its
// own, for the same.
const soonPG = "set_config('synchronous_commit', 'off', true)"

// oneSoon runs a single statement that does not wait for the disk. from is what
// its FROM needs for that; empty where nothing does.
func (s *Store) oneSoon(ctx context.Context, do func(db bun.IDB, from string) error) error {
	if s.pg {
		return do(s.writer, soonPG)
	}
	return s.once(soon(ctx), func(t *tx) error { return do(t.db, "") })
}

// beginSoon begins such a transaction on SQLite, where what a commit waits for
// can be changed only outside of one.
func (c *keptConn) beginSoon(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if err := c.pragma(ctx, "PRAGMA synchronous=NORMAL"); err != nil {
		return nil, err
	}
	tx, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	if err != nil {
		c.waitAgain()
		return nil, err
	}
	return soonTx{tx, c}, nil
}

func (c *keptConn) pragma(ctx context.Context, text string) error {
	_, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, text, nil)
	return err
}

// waitAgain has commits wait for the disk once more. A connection that cannot be
// told is given up.
func (c *keptConn) waitAgain() {
	if c.pragma(context.Background(), "PRAGMA synchronous=FULL") != nil {
		c.spoilt = true
	}
}

type soonTx struct {
	driver.Tx
	conn *keptConn
}

// Commit ends the transaction.
func (t soonTx) Commit() error {
	defer t.conn.waitAgain()
	return t.Tx.Commit()
}

// Rollback gives it up.
func (t soonTx) Rollback() error {
	defer t.conn.waitAgain()
	return t.Tx.Rollback()
}
