package store

import (
	queue "container/list"
	"context"
	"database/sql/driver"
	"sync"
)

// keptStatements is how many statements a connection keeps prepared: a few more
// than the store has.
const keptStatements = 250

// keeping opens connections that bind what marking marked, and keep the
// statements prepared, so that SQLite parses each text once.
type keeping struct{ driver.Connector }

// Connect opens one.
func (k keeping) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &keptConn{Conn: conn, order: queue.New(), by: map[string]*queue.Element{}}, nil
}

// keptConn is one connection with its statements. One that is in use is not in
// the list: whoever asks the same meanwhile prepares a second one.
type keptConn struct {
	driver.Conn
	mu    sync.Mutex  // rows may be closed beside a statement of the same connection
	order *queue.List // of *keptStmt, used last first
	by    map[string]*queue.Element

	spoilt bool // its commits may not wait for the disk any more
}

type keptStmt struct {
	driver.Stmt
	text string
}

// take finds a statement or prepares it. SQLite prepares by itself anew what was
// prepared before a migration.
func (c *keptConn) take(ctx context.Context, text string) (*keptStmt, error) {
	c.mu.Lock()
	e := c.by[text]
	if e != nil {
		c.order.Remove(e)
		delete(c.by, text)
	}
	c.mu.Unlock()
	if e != nil {
		return e.Value.(*keptStmt), nil
	}
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return &keptStmt{s, text}, nil
}

// put keeps a statement that is done; of two with the same text, one.
func (c *keptConn) put(s *keptStmt) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil || c.by[s.text] != nil {
		return s.Close()
	}
	c.by[s.text] = c.order.PushFront(s)
	if c.order.Len() <= keptStatements {
		return nil
	}
	last := c.order.Remove(c.order.Back()).(*keptStmt)
	delete(c.by, last.text)
	return last.Close()
}

// ExecContext changes something.
func (c *keptConn) ExecContext(ctx context.Context, marked string, given []driver.NamedValue) (driver.Result, error) {
	text, args := unmarked(marked)
	if len(args) == 0 {
		return c.Conn.(driver.ExecerContext).ExecContext(ctx, text, given)
	}
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	r, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	if err != nil {
		_ = s.Close() // what went wrong is said already
		return nil, err
	}
	return r, c.put(s)
}

// QueryContext reads, or changes and reads.
func (c *keptConn) QueryContext(ctx context.Context, marked string, given []driver.NamedValue) (driver.Rows, error) {
	text, args := unmarked(marked)
	if len(args) == 0 {
		return c.Conn.(driver.QueryerContext).QueryContext(ctx, text, given)
	}
	s, err := c.take(ctx, text)
	if err != nil {
		return nil, err
	}
	rows, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return &keptRows{rows, c, s}, nil
}

// keptRows give their statement back when they are closed.
type keptRows struct {
	driver.Rows
	conn *keptConn
	stmt *keptStmt
}

// Close ends the statement.
func (r *keptRows) Close() error {
	if r.stmt == nil {
		return nil
	}
	s := r.stmt
	r.stmt = nil
	if err := r.Rows.Close(); err != nil {
		_ = s.Close()
		return err
	}
	return r.conn.put(s)
}

// Close closes the connection and its statements.
func (c *keptConn) Close() error {
	c.mu.Lock()
	for e := c.order.Front(); e != nil; e = e.Next() {
		_ = e.Value.(*keptStmt).Close() // the connection goes with them
	}
	c.by, c.order = nil, queue.New()
	c.mu.Unlock()
	return c.Conn.Close()
}

// PrepareContext prepares a statement for somebody who keeps it.
func (c *keptConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
}

// BeginTx begins a transaction.
func (c *keptConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if isSoon(ctx) {
		return c.beginSoon(ctx, o)
	}
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

// Ping asks whether the database is there.
func (c *keptConn) Ping(ctx context.Context) error {
	if p, ok := c.Conn.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

// ResetSession is asked before a connection is used again.
func (c *keptConn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

// IsValid is asked before a connection is put back.
func (c *keptConn) IsValid() bool {
	v, ok := c.Conn.(driver.Validator)
	return !c.spoilt && (!ok || v.IsValid())
}
