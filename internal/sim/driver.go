package sim

import (
	"context"
	"database/sql/driver"
	"strings"
)

// Between puts the gate between database/sql and a driver.
func (g *Gate) Between(c driver.Connector) driver.Connector { return connector{c, g} }

type connector struct {
	driver.Connector
	gate *Gate
}

// Connect opens a connection.
func (c connector) Connect(ctx context.Context) (conn driver.Conn, err error) {
	err = c.gate.do(ctx, OpConnect, "", func() (err error) {
		conn, err = c.Connector.Connect(ctx)
		return err
	})
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, err
	}
	l := &line{Conn: conn, gate: c.gate}
	c.gate.opened(l)
	return l, nil
}

// line is a connection behind the gate. Both drivers have the methods with a
// context that are called here.
type line struct {
	driver.Conn
	gate *Gate
	tx   driver.Tx // the one that was begun last; rolling back what has ended does no harm
}

// Close closes it.
func (c *line) Close() error {
	c.gate.closed(c)
	return c.Conn.Close()
}

// op tells reading from writing by how a statement begins, and a commit by its
// end: on PostgreSQL it comes with what was written before it.
func op(sql string) Op {
	if strings.HasSuffix(sql, "COMMIT") {
		return OpCommit
	}
	word, _, _ := strings.Cut(strings.TrimSpace(sql), " ")
	switch strings.ToUpper(word) {
	case "SELECT", "PRAGMA", "WITH":
		return OpRead
	}
	return OpWrite
}

// PrepareContext prepares a statement.
func (c *line) PrepareContext(ctx context.Context, sql string) (driver.Stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, sql)
	if err != nil {
		return nil, err
	}
	return &stmt{s, c.gate, sql}, nil
}

// ExecContext changes something.
func (c *line) ExecContext(ctx context.Context, sql string, args []driver.NamedValue) (r driver.Result, err error) {
	c.begun(sql)
	err = c.gate.do(ctx, op(sql), sql, func() (err error) {
		r, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, sql, args)
		return err
	})
	return r, err
}

// QueryContext reads, or changes and reads.
func (c *line) QueryContext(ctx context.Context, sql string, args []driver.NamedValue) (r driver.Rows, err error) {
	c.begun(sql)
	err = c.gate.do(ctx, op(sql), sql, func() (err error) {
		r, err = c.Conn.(driver.QueryerContext).QueryContext(ctx, sql, args)
		return err
	})
	return rowsOr(r, err)
}

// begun notes a transaction that begins with its first statement, as on
// PostgreSQL.
func (c *line) begun(sql string) {
	if strings.HasPrefix(sql, "BEGIN") {
		c.tx = textTx{c.Conn}
	}
}

// textTx is a transaction that was begun by a statement.
type textTx struct{ conn driver.Conn }

// Commit commits.
func (t textTx) Commit() error { return t.say("COMMIT") }

// Rollback gives it up.
func (t textTx) Rollback() error { return t.say("ROLLBACK") }

func (t textTx) say(word string) error {
	_, err := t.conn.(driver.ExecerContext).ExecContext(context.Background(), word, nil)
	return err
}

// rowsOr closes rows whose answer does not arrive.
func rowsOr(r driver.Rows, err error) (driver.Rows, error) {
	if err != nil && r != nil {
		_ = r.Close()
		return nil, err
	}
	return r, err
}

// BeginTx begins a transaction.
func (c *line) BeginTx(ctx context.Context, o driver.TxOptions) (t driver.Tx, err error) {
	err = c.gate.do(ctx, OpBegin, "", func() (err error) {
		if t, err = c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o); err != nil {
			t = nil // and no pointer to nothing
		}
		return err
	})
	if err != nil {
		if t != nil {
			_ = t.Rollback()
		}
		return nil, err
	}
	c.tx = t
	return tx{t, c.gate, ctx}, nil
}

// ResetSession is asked before a connection is used again.
func (c *line) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

// IsValid is asked before a connection is put back.
func (c *line) IsValid() bool {
	v, ok := c.Conn.(driver.Validator)
	return !ok || v.IsValid()
}

// CheckNamedValue leaves arguments to the driver.
func (c *line) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.Conn.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

type tx struct {
	driver.Tx
	gate *Gate
	ctx  context.Context
}

// Commit commits. When it fails, nothing was kept.
func (t tx) Commit() error {
	done := false
	err := t.gate.do(t.ctx, OpCommit, "", func() error { done = true; return t.Tx.Commit() })
	if !done {
		_ = t.Tx.Rollback()
	}
	return err
}

type stmt struct {
	driver.Stmt
	gate *Gate
	sql  string
}

// ExecContext changes something.
func (s *stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (r driver.Result, err error) {
	err = s.gate.do(ctx, op(s.sql), s.sql, func() (err error) {
		r, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
		return err
	})
	return r, err
}

// QueryContext reads.
func (s *stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (r driver.Rows, err error) {
	err = s.gate.do(ctx, op(s.sql), s.sql, func() (err error) {
		r, err = s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
		return err
	})
	return rowsOr(r, err)
}
