package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"strings"
)

// What a transaction on PostgreSQL costs is its round trips. So a statement that
// gives nothing back waits for the next one that does, and both are sent at once:
// BEGIN, INSERT, UPDATE and DELETE cost no trip of their own, and the last of them
// goes with COMMIT. Their order stays. What goes wrong in one that waited is the
// error of the statement that it was sent with; the transaction is given up by
// the server all the same. Whoever asks how many rows a statement changed has it
// sent at once.
type batching struct{ driver.Connector }

// Connect opens a connection.
func (b batching) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := b.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &batchConn{Conn: conn}, nil
}

// batchConn is one connection.
type batchConn struct {
	driver.Conn
	open    bool     // a transaction was begun, perhaps not sent yet
	waiting []string // what the next statement takes along
	size    int      // of it, in bytes
	sent    int      // how often something was sent
	lost    bool     // nobody knows what state the connection is in
}

const (
	nextStatement = "\n;\n" // a comment at the end of one ends before the next
	batchMax      = 1 << 16 // bytes that wait at most
)

// errSentBefore is the fault of whoever asks too late how many rows a statement
// changed.
var errSentBefore = errors.New("a statement was sent together with others before it was asked how many rows it changed")

// with is a text with what waits before it, for being sent now.
func (c *batchConn) with(text string) string {
	if len(c.waiting) > 0 {
		text = strings.Join(append(c.waiting, text), nextStatement)
	}
	c.waiting, c.size = nil, 0
	c.sent++
	return text
}

// waits says whether a statement gives nothing back.
func waits(text string) bool {
	word, _, _ := strings.Cut(text, " ")
	switch word {
	case "INSERT", "UPDATE", "DELETE", "WITH":
		return !strings.Contains(text, " RETURNING ")
	}
	return false
}

func (c *batchConn) exec(ctx context.Context, text string) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, c.with(text), nil)
}

// ExecContext changes something. bun has written the arguments into the text.
func (c *batchConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	if !c.open {
		return c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
	}
	if len(args) > 0 {
		return nil, errArguments
	}
	if !waits(text) || c.size+len(text) > batchMax {
		return c.exec(ctx, text)
	}
	c.waiting = append(c.waiting, text)
	c.size += len(text)
	return &laterResult{c, ctx, c.sent, len(c.waiting)}, nil
}

// errArguments is the fault of whoever gives arguments apart from their
// statement in a transaction.
var errArguments = errors.New("arguments are written into the statement")

// QueryContext reads, or changes and reads.
func (c *batchConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	if c.open {
		if len(args) > 0 {
			return nil, errArguments
		}
		text = c.with(text)
	}
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

// laterResult is of a statement that may not be sent yet.
type laterResult struct {
	conn  *batchConn
	ctx   context.Context
	sent  int // when it was put with those that wait
	place int // among them
}

// LastInsertId is not known to PostgreSQL.
func (r *laterResult) LastInsertId() (int64, error) { return driver.ResultNoRows.LastInsertId() }

// RowsAffected sends the statement, which must be the last one.
func (r *laterResult) RowsAffected() (int64, error) {
	c := r.conn
	if c.sent != r.sent || len(c.waiting) != r.place {
		return 0, errSentBefore
	}
	text := c.waiting[r.place-1]
	c.waiting = c.waiting[:r.place-1]
	done, err := c.exec(r.ctx, text)
	if err != nil {
		return 0, err
	}
	return done.RowsAffected()
}

// BeginTx begins a transaction with its first statement.
func (c *batchConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if o != (driver.TxOptions{}) {
		return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	}
	if !c.IsValid() {
		return nil, driver.ErrBadConn
	}
	c.open, c.waiting, c.sent = true, []string{"BEGIN"}, 0
	if isSoon(ctx) {
		c.waiting[0] = beginSoon
	}
	return batchTx{c}, nil
}

type batchTx struct{ conn *batchConn }

// Commit sends what waits and commits. A transaction in which nothing was sent
// and nothing waits never was.
func (t batchTx) Commit() error {
	c := t.conn
	if c.sent == 0 && len(c.waiting) == 1 {
		return t.Rollback()
	}
	_, err := c.exec(context.Background(), "COMMIT")
	if err != nil { // of something that waited, perhaps: then the transaction is still open
		return errors.Join(err, t.Rollback())
	}
	c.open = false
	return nil
}

// Rollback gives the transaction up.
func (t batchTx) Rollback() error {
	c := t.conn
	begun := c.sent > 0
	c.open, c.waiting, c.size = false, nil, 0
	if !begun {
		return nil
	}
	_, err := c.Conn.(driver.ExecerContext).ExecContext(context.Background(), "ROLLBACK", nil)
	c.lost = c.lost || err != nil
	return err
}

// PrepareContext prepares a statement.
func (c *batchConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	if c.open {
		return nil, errArguments
	}
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
}

// Ping asks whether the server is there.
func (c *batchConn) Ping(ctx context.Context) error {
	if p, ok := c.Conn.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

// ResetSession is asked before a connection is used again.
func (c *batchConn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok && !c.lost {
		return r.ResetSession(ctx)
	}
	if c.lost {
		return driver.ErrBadConn
	}
	return nil
}

// IsValid is asked before a connection is put back.
func (c *batchConn) IsValid() bool {
	v, ok := c.Conn.(driver.Validator)
	return !c.lost && (!ok || v.IsValid())
}
