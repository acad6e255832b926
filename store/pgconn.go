package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgConn is a connection to PostgreSQL. It takes the arguments out that marking
// marked, keeps statements prepared by their text, and sends those that batching
// put together in one round trip.
type pgConn struct {
	*stdlib.Conn
	patience time.Duration // how long a statement may take on the server
}

// silence is how much longer than its patience a server may say nothing, before
// it is given up.
const silence = 5 * time.Second

// begin makes the settings of an address, as a libpq client does when it connects;
// a pooler would refuse most of them there. It says whether there is a pooler: then
// the number of the server is not the one that the connection began with, the next
// transaction may be on another one, and nothing can stay prepared.
func (c *pgConn) begin(ctx context.Context, settings map[string]string) (pooled bool, err error) {
	settings = maps.Clone(settings)
	if settings == nil {
		settings = map[string]string{}
	}
	// A query whose caller went away runs on, so the server must end it.
	settings["statement_timeout"] = strconv.FormatInt(c.patience.Milliseconds(), 10)
	question, args := "SELECT pg_backend_pid()", []any{pgx.QueryExecModeSimpleProtocol}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		question += fmt.Sprintf(", set_config($%d, $%d, false)", len(args), len(args)+1)
		args = append(args, name, settings[name])
	}
	rows, err := c.Conn.Conn().Query(ctx, question, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if rows.Next() {
		pooled = string(rows.RawValues()[0]) != strconv.FormatUint(uint64(c.Conn.Conn().PgConn().PID()), 10)
	}
	rows.Close()
	return pooled, rows.Err()
}

// ExecContext changes something.
func (c *pgConn) ExecContext(ctx context.Context, marked string, args []driver.NamedValue) (driver.Result, error) {
	if len(args) > 0 {
		return nil, errArguments
	}
	ctx, cancel := context.WithTimeout(ctx, c.patience+silence)
	defer cancel()
	tag, err := c.exec(ctx, apart(marked))
	return driver.RowsAffected(tag.RowsAffected()), c.bad(err)
}

func (c *pgConn) exec(ctx context.Context, list []statement) (tag pgconn.CommandTag, err error) {
	last := list[len(list)-1]
	if len(list) == 1 {
		tag, err = c.Conn.Conn().Exec(ctx, last.text, last.sent()...)
	} else {
		answers := c.send(ctx, list)
		for i := 0; i < len(list) && err == nil; i++ {
			tag, err = answers.Exec()
		}
		err = cmp.Or(err, ended(answers, err))
	}
	if err == nil && last.text == "COMMIT" && tag.String() != "COMMIT" {
		err = errRolledBack
	}
	return tag, err
}

// errRolledBack is the answer to the commit of a transaction in which a statement
// failed.
var errRolledBack = errors.New("the transaction was rolled back instead")

// QueryContext reads, or changes and reads.
func (c *pgConn) QueryContext(ctx context.Context, marked string, args []driver.NamedValue) (driver.Rows, error) {
	if len(args) > 0 {
		return nil, errArguments
	}
	ctx, cancel := context.WithTimeout(ctx, c.patience+silence)
	r := &pgRows{cancel: cancel}
	err := c.query(ctx, apart(marked), r)
	if err == nil { // only now the columns are known
		r.more = r.rows.Next()
		err = r.rows.Err()
	}
	if err != nil {
		_ = r.Close()
		return nil, c.bad(err)
	}
	return r, nil
}

func (c *pgConn) query(ctx context.Context, list []statement, r *pgRows) (err error) {
	last := len(list) - 1
	if last == 0 {
		r.rows, err = c.Conn.Conn().Query(ctx, list[0].text, list[0].sent()...)
		return err
	}
	r.answers = c.send(ctx, list)
	for range last {
		if _, err := r.answers.Exec(); err != nil {
			return err
		}
	}
	r.rows, err = r.answers.Query()
	return err
}

// send sends several statements at once.
func (c *pgConn) send(ctx context.Context, list []statement) pgx.BatchResults {
	var b pgx.Batch
	for _, s := range list {
		b.Queue(s.text, s.args...)
	}
	return c.Conn.Conn().SendBatch(ctx, &b)
}

// ended waits for the answers that nobody reads any more. Their error is the first
// one once more.
func ended(answers pgx.BatchResults, before error) error {
	if err := answers.Close(); before == nil {
		return err
	}
	return nil
}

// bad is the error by which database/sql takes another connection, where nothing of
// the statement was sent.
func (c *pgConn) bad(err error) error {
	if err != nil && pgconn.SafeToRetry(err) {
		return driver.ErrBadConn
	}
	return err
}

// IsValid is asked before a connection is put back.
func (c *pgConn) IsValid() bool { return !c.Conn.Conn().IsClosed() }

// BeginTx begins a transaction.
func (c *pgConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	text := "BEGIN"
	if level := sql.IsolationLevel(o.Isolation); level != sql.LevelDefault {
		text += " ISOLATION LEVEL " + strings.ToUpper(level.String())
	}
	if o.ReadOnly {
		text += " READ ONLY"
	}
	_, err := c.ExecContext(ctx, text, nil)
	return pgTx{c}, err
}

type pgTx struct{ conn *pgConn }

// Commit ends a transaction, whoever still waits for it.
func (t pgTx) Commit() error {
	_, err := t.conn.ExecContext(context.Background(), "COMMIT", nil)
	return err
}

// Rollback takes a transaction back.
func (t pgTx) Rollback() error {
	_, err := t.conn.ExecContext(context.Background(), "ROLLBACK", nil)
	return err
}

// sqlState is PostgreSQL's code for what went wrong (its manual, appendix A);
// empty where it says nothing.
func sqlState(err error) string {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return said.Code
	}
	return ""
}
