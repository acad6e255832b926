package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// statement is one statement with its arguments.
type statement struct {
	text string
	args []any
}

// apart takes what batching put together apart again, and the arguments out of
// each. A statement that can take none, such as SET, has them written out.
func apart(marked string) (list []statement) {
	var s statement
	var b strings.Builder
	for i, part := range strings.Split(marked, "\x00") { // text and argument in turn
		switch {
		case i%2 == 1 && binds(b.String()):
			s.args = append(s.args, value(part))
			b.WriteString("$" + strconv.Itoa(len(s.args)))
			continue
		case i%2 == 1 && part[0] == markBytes:
			b.WriteString(`'\x` + part[1:] + `'`)
			continue
		case i%2 == 1:
			b.WriteString(literal(part))
			continue
		}
		for n, text := range strings.Split(part, nextStatement) {
			if n > 0 {
				list = append(list, statement{b.String(), s.args})
				s.args = nil
				b.Reset()
			}
			b.WriteString(text)
		}
	}
	return append(list, statement{b.String(), s.args})
}

// sent are the arguments as pgx wants them, and before them how to send the
// statement, where that is not as the connection does: one without arguments as it
// is, since it may be several, and a very long one without keeping it.
func (s statement) sent() []any {
	switch {
	case len(s.args) == 0:
		return []any{pgx.QueryExecModeSimpleProtocol}
	case len(s.args) >= boundMax:
		return append([]any{pgx.QueryExecModeExec}, s.args...)
	}
	return s.args
}

// pgRows are the rows of a statement.
type pgRows struct {
	rows    pgx.Rows
	more    bool             // whether there is a row to give
	answers pgx.BatchResults // where the statement was sent with others
	cancel  context.CancelFunc
}

// Columns names them.
func (r *pgRows) Columns() (names []string) {
	for _, f := range r.rows.FieldDescriptions() {
		names = append(names, f.Name)
	}
	return names
}

// Next gives a row.
func (r *pgRows) Next(row []driver.Value) error {
	if !r.more {
		return cmp.Or(r.rows.Err(), io.EOF)
	}
	values, err := r.rows.Values()
	if err != nil {
		return err
	}
	for i, v := range values {
		if row[i], err = plainValue(v); err != nil {
			return err
		}
	}
	r.more = r.rows.Next()
	return nil
}

// plainValue is a value as database/sql knows it.
func plainValue(v any) (driver.Value, error) {
	switch n := v.(type) {
	case int16:
		return int64(n), nil
	case int32:
		return int64(n), nil
	case uint32:
		return int64(n), nil
	case float32:
		return float64(n), nil
	case driver.Valuer:
		return n.Value()
	}
	return v, nil
}

// Close ends the statement, and gives what went wrong after its last row.
func (r *pgRows) Close() (err error) {
	defer r.cancel()
	if r.rows != nil {
		r.rows.Close()
		err = r.rows.Err()
	}
	if r.answers != nil {
		return cmp.Or(err, ended(r.answers, err))
	}
	return err
}
