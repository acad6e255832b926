package store

import (
	"context"
	"database/sql/driver"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/uptrace/bun"
)

// parsing counts what is prepared on the connections of a database.
type parsing struct {
	driver.Connector
	n *atomic.Int64
}

func (p parsing) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := p.Connector.Connect(ctx)
	return parsingConn{conn, p.n}, err
}

type parsingConn struct {
	driver.Conn
	n *atomic.Int64
}

func (c parsingConn) PrepareContext(ctx context.Context, text string) (driver.Stmt, error) {
	c.n.Add(1)
	return c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, text)
}

func (c parsingConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
}

func (c parsingConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

func (c parsingConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	return c.Conn.(driver.ConnBeginTx).BeginTx(ctx, o)
}

type thing struct {
	bun.BaseModel `bun:"table:things"`
	ID            int64 `bun:",pk"`
	Text          string
	Data          []byte
	Day           stamp
}

// things is a database with one connection and one table.
func things(t *testing.T) (db *bun.DB, path string, parsed *atomic.Int64) {
	t.Helper()
	parsed, path = &atomic.Int64{}, filepath.Join(t.TempDir(), "things.db")
	ctx := Between(t.Context(), func(c driver.Connector) driver.Connector { return parsing{c, parsed} })
	db, err := openPool(ctx, writerDSN(path), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	must(t, db, "CREATE TABLE things (id INTEGER PRIMARY KEY, text TEXT NOT NULL, data BLOB, day INTEGER NOT NULL)")
	return db, path, parsed
}

func must(t *testing.T, db bun.IDB, text string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), text, args...); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

func put(t *testing.T, db bun.IDB, x ...thing) {
	t.Helper()
	if _, err := db.NewInsert().Model(&x).Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// What is bound is found again as it was given, whatever it looks like, and in
// any number.
func TestArgumentsArriveAsTheyWereGiven(t *testing.T) {
	t.Parallel()
	db, _, _ := things(t)
	for i, x := range []thing{
		{Text: "it's \"quoted\" ? -- ; $1 \\ \x01 i5"}, {Text: "", Data: []byte{}}, {Text: "ü€\U0001f600", Data: []byte{0, 'x', 0, 255, '\''}},
		{Text: "1", Day: -5}, {Text: "NULL", Day: 1<<62 + 1},
	} {
		x.ID = int64(i - 2)
		put(t, db, x)
		var got thing
		err := db.NewSelect().Model(&got).Where("id = ? AND text = ? AND day = ? AND id - ? = 0", number(x.ID), x.Text, x.Day, number(x.ID)).Scan(t.Context())
		if err != nil || got.Text != x.Text || string(got.Data) != string(x.Data) || (got.Data == nil) != (x.Data == nil) || got.Day != x.Day {
			t.Errorf("%+v came back as %+v: %v", x, got, err)
		}
	}
	if _, err := db.NewInsert().Model(&thing{ID: 50, Text: "a\x00b"}).Exec(t.Context()); err == nil {
		t.Error("a text with a NUL was kept")
	}
	many := make([]thing, 20_000)
	for i := range many {
		many[i] = thing{ID: int64(100 + i), Text: fmt.Sprintf("it's %d", i), Data: []byte{byte(i), 0}, Day: -1}
	}
	put(t, db, many...)
	n, err := db.NewSelect().Table("things").Where("id >= 100 AND day - ? = 0 AND text LIKE ?", number(-1), "it's %").Count(t.Context())
	if err != nil || n != int64(len(many)) {
		t.Errorf("%d of %d: %v", n, len(many), err)
	}
}

// A statement is parsed once for each connection, and stays right when another
// connection changes the table.
func TestStatementsAreParsedOnce(t *testing.T) {
	t.Parallel()
	db, path, parsed := things(t)
	read := func() (n int) {
		for id := range int64(10) {
			rows := []thing{}
			if err := db.NewRaw("SELECT * FROM things WHERE text = ? AND id <= ?", "a", number(id)).Scan(t.Context(), &rows); err != nil {
				t.Fatal(err)
			}
			n += len(rows)
		}
		return n
	}
	before := parsed.Load()
	for id := range int64(10) {
		put(t, db, thing{ID: id, Text: "a"})
	}
	if n := read(); n != 55 || parsed.Load()-before != 2 {
		t.Fatalf("%d rows; %d statements were parsed instead of 2", n, parsed.Load()-before)
	}
	other, err := openPool(t.Context(), writerDSN(path), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	must(t, other, "ALTER TABLE things RENAME TO old")
	must(t, other, "CREATE TABLE things (day INTEGER NOT NULL DEFAULT 0, id INTEGER PRIMARY KEY, data BLOB, text TEXT NOT NULL)")
	must(t, other, "INSERT INTO things (id, text, day) SELECT id, text, 7 FROM old WHERE id < 5")
	if n := read(); n != 40 {
		t.Errorf("%d rows of the new table instead of 40", n)
	}
	var got thing
	if err := db.NewRaw("SELECT * FROM things WHERE text = ? AND id <= ?", "a", number(0)).Scan(t.Context(), &got); err != nil || got.Day != 7 || got.Text != "a" {
		t.Errorf("%+v: %v", got, err)
	}
	must(t, other, "DROP TABLE things")
	if err := db.NewRaw("SELECT * FROM things WHERE text = ? AND id <= ?", "a", number(0)).Scan(t.Context(), &got); err == nil || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("a table that is gone: %v", err)
	}
}

// The same statement may be asked while its rows are still read, and no more are
// kept than were meant to be.
func TestStatementsInsideEachOther(t *testing.T) {
	t.Parallel()
	db, _, _ := things(t)
	for id := range int64(30) {
		put(t, db, thing{ID: id, Text: "a"})
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var count func(below int64) int
	count = func(below int64) (n int) {
		rows, err := tx.QueryContext(t.Context(), "SELECT id FROM things WHERE id < ? ORDER BY id", number(below))
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			n += 1 + count(id)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := count(6); n != 63 {
		t.Errorf("%d instead of 63", n)
	}
	must(t, tx, "UPDATE things SET text = ? WHERE id = ?", "b", number(3))
	for i := range 2 * keptStatements {
		must(t, tx, fmt.Sprintf("UPDATE things SET day = %d WHERE id = ?", i), number(1))
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	conn, err := db.DB.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.Raw(func(c any) error {
		if k := c.(*keptConn); k.order.Len() != keptStatements || len(k.by) != keptStatements {
			t.Errorf("%d statements are kept, %d by their text", k.order.Len(), len(k.by))
		}
		return nil
	})
}
