package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// copyPage is how many rows are in memory at once, and copyArgs how many values a
// statement takes (SQLite: 32,766, SQLITE_MAX_VARIABLE_NUMBER).
const (
	copyPage = 1000
	copyArgs = 20_000
)

// primary are the columns of a table's key, in their order.
func (s *Store) primary(ctx context.Context, db bun.IDB, table string) (key []string, err error) {
	q := "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk"
	if s.pg {
		q = `SELECT k.column_name FROM information_schema.table_constraints AS c JOIN information_schema.key_column_usage AS k
			ON k.constraint_schema = c.constraint_schema AND k.constraint_name = c.constraint_name
			WHERE c.table_schema = current_schema() AND c.table_name = ? AND c.constraint_type = 'PRIMARY KEY' ORDER BY k.ordinal_position`
	}
	err = db.NewRaw(q, table).Scan(ctx, &key)
	if err == nil && len(key) == 0 {
		err = fmt.Errorf("the table %s has no key", table)
	}
	return key, err
}

// copied is a table on its way.
type copied struct {
	name                   string
	columns, key, booleans []string
	pg                     bool // the target
}

// booleans are a table's columns of truth values, which SQLite keeps as numbers.
func (s *Store) booleans(ctx context.Context, db bun.IDB, table string) (list []string, err error) {
	q := "SELECT name FROM pragma_table_info(?) WHERE lower(type) = 'boolean'"
	if s.pg {
		q = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ? AND data_type = 'boolean'"
	}
	err = db.NewRaw(q, table).Scan(ctx, &list)
	return list, err
}

// fit changes a row to what the target keeps. SQLite gives a value of no bytes as
// none; what is NULL is no value of bytes at all.
func (t copied) fit(row []any) {
	for i, c := range t.columns {
		switch v := row[i].(type) {
		case []byte:
			if v == nil {
				row[i] = []byte{}
			}
		case int64:
			if t.pg && slices.Contains(t.booleans, c) {
				row[i] = v != 0
			}
		case bool:
			if !t.pg {
				row[i] = map[bool]int64{true: 1}[v]
			}
		}
	}
}

// takeTable copies a table page by page in the order of its key.
func (s *Store) takeTable(ctx context.Context, from query, w bun.Tx, t copied) (n int, err error) {
	p := Progress{Table: t.name}
	if p.Total, err = counted(ctx, from.db, "SELECT count(*) FROM "+t.name); err != nil {
		return 0, err
	}
	if _, err := w.NewRaw("DELETE FROM " + t.name).Exec(ctx); err != nil {
		return 0, err
	}
	for last := []any(nil); ; {
		rows, err := t.page(ctx, from, last)
		if err != nil {
			return n, err
		}
		if len(rows) == 0 {
			break
		}
		for part := range slices.Chunk(rows, copyArgs/len(t.columns)) {
			if err := t.insert(ctx, w, part); err != nil {
				return n, err
			}
		}
		last = last[:0]
		for _, k := range t.key {
			last = append(last, rows[len(rows)-1][slices.Index(t.columns, k)])
		}
		n += len(rows)
		p.Done = n
		s.tell(p)
	}
	there, err := counted(ctx, w, "SELECT count(*) FROM "+t.name)
	if err == nil && (there != n || there != p.Total) {
		err = fmt.Errorf("%d rows were read of %d, and %d are in the copy", n, p.Total, there)
	}
	return n, err
}

// page reads the rows after one.
func (t copied) page(ctx context.Context, from query, after []any) (list [][]any, err error) {
	key := strings.Join(t.key, ", ")
	where := ""
	if len(after) > 0 {
		where = " WHERE (" + key + ") > (" + marks(len(after)) + ")"
	}
	rows, err := from.db.QueryContext(ctx, "SELECT "+strings.Join(t.columns, ", ")+" FROM "+t.name+where+" ORDER BY "+key+fmt.Sprintf(" LIMIT %d", copyPage), after...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		row := make([]any, len(t.columns))
		to := make([]any, len(row))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		t.fit(row)
		list = append(list, row)
	}
	return list, rows.Err()
}

func (t copied) insert(ctx context.Context, w bun.Tx, rows [][]any) error {
	one := "(" + marks(len(t.columns)) + ")"
	var args []any
	for _, r := range rows {
		args = append(args, r...)
	}
	_, err := w.NewRaw("INSERT INTO "+t.name+" ("+strings.Join(t.columns, ", ")+") VALUES "+one+strings.Repeat(", "+one, len(rows)-1), args...).Exec(ctx)
	return err
}

// marks are n places for values.
func marks(n int) string { return "?" + strings.Repeat(", ?", n-1) }
