package sitetest

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"
	"sync"
)

// Meter counts what a site asks of its database. It stands where the driver is
// called, so it sees what is really sent.
type Meter struct {
	mu   sync.Mutex
	bill Bill
}

// Bill is what something cost in the database.
type Bill struct {
	Texts  []string // what was sent, in order; begin and commit too
	Parsed []string // of these, what SQLite had to parse
	Kept   int      // transactions that changed a row and wait for the disk
}

// several lies between statements that are sent together.
const several = "\n;\n"

// Statements is how many statements there were, without those that begin and end
// a transaction.
func (b Bill) Statements() (n int) {
	for _, text := range b.Texts {
		for part := range strings.SplitSeq(text, several) {
			if !slices.ContainsFunc([]string{"BEGIN", "COMMIT", "ROLLBACK", "PRAGMA", "SET LOCAL"}, func(x string) bool { return strings.HasPrefix(part, x) }) {
				n++
			}
		}
	}
	return n
}

// Trips is how often a server had to be asked.
func (b Bill) Trips() int { return len(b.Texts) }

// With is both together.
func (b Bill) With(more Bill) Bill {
	return Bill{slices.Concat(b.Texts, more.Texts), slices.Concat(b.Parsed, more.Parsed), b.Kept + more.Kept}
}

// Take gives what was counted since the last time.
func (m *Meter) Take() Bill {
	m.mu.Lock()
	defer m.mu.Unlock()
	b := m.bill
	m.bill = Bill{}
	return b
}

func (m *Meter) count(text string, parsed, kept bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bill.Texts = append(m.bill.Texts, text)
	if parsed {
		m.bill.Parsed = append(m.bill.Parsed, text)
	}
	if kept {
		m.bill.Kept++
	}
}

// Between is for store.Between.
func (m *Meter) Between(c driver.Connector) driver.Connector { return metered{c, m} }

type metered struct {
	driver.Connector
	meter *Meter
}

// Connect opens a connection that is counted.
func (c metered) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &meteredConn{Conn: conn, meter: c.meter}, nil
}

type meteredConn struct {
	driver.Conn
	meter *Meter
	open  bool // a transaction
	wrote bool // and it changed something
	soon  bool // and does not wait for the disk
}

// note counts a statement. What changes something outside a transaction is one
// of its own.
func (c *meteredConn) note(text string, parsed, changes bool) {
	kept := changes && !c.open && !isSoon(text)
	switch {
	case strings.HasPrefix(text, "PRAGMA synchronous"): // of SQLite
		c.soon = strings.HasSuffix(text, "NORMAL")
		return
	case strings.HasPrefix(text, "BEGIN"):
		c.open, c.wrote, kept = true, changes, false
		c.soon = c.soon || isSoon(text)
	case changes:
		c.wrote = true
	}
	if strings.HasSuffix(text, "COMMIT") || strings.HasSuffix(text, "ROLLBACK") {
		kept = c.wrote && !c.soon && strings.HasSuffix(text, "COMMIT")
		c.open, c.wrote, c.soon = false, false, false
	}
	c.meter.count(text, parsed, kept)
}

// isSoon says whether a text for PostgreSQL has its transaction not wait for the
// disk.
func isSoon(text string) bool { return strings.Contains(text, "synchronous_commit") }

// writes says whether a text that gives rows changes something.
func writes(text string) bool {
	return strings.Contains(text, "INSERT ") || strings.Contains(text, "UPDATE ") && !strings.Contains(text, "FOR UPDATE") || strings.Contains(text, "DELETE ")
}

// ExecContext changes something.
func (c *meteredConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	r, err := c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
	c.note(text, true, some(r, err) || err == nil && strings.Contains(text, several) && writes(text))
	return r, err
}

func some(r driver.Result, err error) bool {
	if err != nil {
		return false
	}
	n, err := r.RowsAffected()
	return err == nil && n > 0
}

// QueryContext reads, or changes and reads.
func (c *meteredConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	r, err := c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
	c.note(text, true, writes(text))
	return r, err
}

// BeginTx begins a transaction.
func (c *meteredConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	t, err := c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
	c.note("BEGIN", false, false)
	return meteredTx{t, c}, err
}

// PrepareContext prepares a statement; what it is used for is counted then.
func (c *meteredConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	s, err := c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
	return &meteredStmt{s, c, text, true}, err
}

// ResetSession is asked before a connection is used again.
func (c *meteredConn) ResetSession(ctx context.Context) error {
	if r, ok := c.Conn.(driver.SessionResetter); ok {
		return r.ResetSession(ctx)
	}
	return nil
}

// IsValid is asked before a connection is put back.
func (c *meteredConn) IsValid() bool {
	v, ok := c.Conn.(driver.Validator)
	return !ok || v.IsValid()
}

type meteredTx struct {
	driver.Tx
	conn *meteredConn
}

// Commit ends a transaction.
func (t meteredTx) Commit() error {
	t.conn.note("COMMIT", false, false)
	return t.Tx.Commit()
}

// Rollback gives a transaction up.
func (t meteredTx) Rollback() error {
	t.conn.note("ROLLBACK", false, false)
	return t.Tx.Rollback()
}

type meteredStmt struct {
	driver.Stmt
	conn *meteredConn
	text string
	new  bool // not used yet
}

// ExecContext changes something.
func (s *meteredStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	r, err := s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
	s.conn.note(s.text, s.new, some(r, err))
	s.new = false
	return r, err
}

// QueryContext reads, or changes and reads.
func (s *meteredStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	r, err := s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	s.conn.note(s.text, s.new, writes(s.text))
	s.new = false
	return r, err
}
