package sim

import (
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun/driver/sqliteshim"
)

// Beside looks at the database past the site, with nothing in between that
// breaks. It changes nothing.
type Beside struct {
	db   *sql.DB
	pg   bool
	kept map[string]*sql.Stmt // what was asked before, by its text
}

func openBeside(url string) (*Beside, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		db, err := sql.Open(sqliteshim.ShimName, "file:"+path+"?mode=ro&_pragma=busy_timeout(5000)")
		if err == nil {
			db.SetMaxOpenConns(1)
		}
		return &Beside{db: db, kept: map[string]*sql.Stmt{}}, err
	}
	conf, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	conf.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	db := stdlib.OpenDB(*conf)
	db.SetMaxOpenConns(1)
	return &Beside{db: db, pg: true, kept: map[string]*sql.Stmt{}}, nil
}

func (b *Beside) close() { _ = b.db.Close() }

// Rows reads rows as text, a slice each.
func (b *Beside) Rows(query string, args ...any) ([][]string, error) {
	if b.pg {
		for n := 1; strings.Contains(query, "?"); n++ {
			query = strings.Replace(query, "?", fmt.Sprintf("$%d", n), 1)
		}
	}
	asked, err := b.ask(query)
	if err != nil {
		return nil, err
	}
	rows, err := asked.Query(args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var list [][]string
	for rows.Next() {
		cells, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		row := make([]string, len(names))
		for i, c := range cells {
			row[i] = c.String
		}
		list = append(list, row)
	}
	return list, rows.Err()
}

// ask prepares a question, once.
func (b *Beside) ask(query string) (s *sql.Stmt, err error) {
	if s = b.kept[query]; s != nil {
		return s, nil
	}
	if s, err = b.db.Prepare(query); err == nil {
		b.kept[query] = s
	}
	return s, err
}

// One reads one cell; empty when there is no row.
func (b *Beside) One(query string, args ...any) (string, error) {
	list, err := b.Rows(query, args...)
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0][0], nil
}

// tables are all that hold something of the site.
var tables = strings.Fields("accounts credentials pendings ceremonies sessions browsers counters notes links settings events outbox " +
	"directory words totals days steps proven registrations outcomes keyset audit_head servers tries")

// Sum is a hash over every row of every table.
func (b *Beside) Sum() (string, error) {
	h := sha256.New()
	for _, table := range tables {
		what := "*"
		if table == "servers" { // names the machine
			what = "id, keys, lead, seen_at"
		}
		rows, err := b.Rows("SELECT " + what + " FROM " + table + " ORDER BY 1, 2")
		if err != nil {
			return "", err
		}
		for _, r := range rows {
			fmt.Fprintf(h, "%s %q\n", table, r)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
