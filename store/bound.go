package store

import (
	"database/sql/driver"
	"encoding/hex"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/uptrace/bun/schema"
)

// bun writes arguments into the text of a statement, so that every text is a new
// one and the database parses it anew, which takes longer than carrying it out. So
// marking has bun write each argument between two NULs, which neither a text nor
// a value can contain, and the connection (keptConn, pgConn) takes them out again and
// binds them: what is left is the same text each time. What our own texts say
// literally stays literal, as the conditions of partial indexes need it.
type marking struct {
	schema.Dialect
	tables *schema.Tables
}

// What begins an argument, behind the first NUL.
const (
	markText   = 's'
	markBytes  = 'x'
	markNumber = 'i'
)

func newMarking(d schema.Dialect) *marking {
	m := &marking{Dialect: d}
	m.tables = schema.NewTables(m)
	return m
}

// Tables are those that were seen with this dialect.
func (m *marking) Tables() *schema.Tables { return m.tables }

// OnTable has numbers in rows marked.
func (m *marking) OnTable(t *schema.Table) {
	m.Dialect.OnTable(t)
	for _, f := range t.Fields {
		if k := f.StructField.Type.Kind(); k >= reflect.Int && k <= reflect.Int64 {
			f.Append = func(gen schema.QueryGen, b []byte, v reflect.Value) []byte {
				return schema.AppendQueryAppender(gen, b, number(v.Int()))
			}
		}
	}
}

// AppendString marks a text. One that cannot be kept is an error, as in bun.
func (m *marking) AppendString(b []byte, s string) []byte {
	if strings.IndexByte(s, 0) >= 0 {
		return m.Dialect.AppendString(b, s)
	}
	if !utf8.ValidString(s) {
		s = string([]rune(s))
	}
	return append(append(append(b, 0, markText), s...), 0)
}

// AppendBytes marks bytes.
func (m *marking) AppendBytes(b, bytes []byte) []byte {
	if bytes == nil {
		return m.Dialect.AppendBytes(b, bytes)
	}
	return append(hex.AppendEncode(append(b, 0, markBytes), bytes), 0)
}

// number is an argument that differs from one statement to the next. Where a
// number is always the same, an int does.
type number int64

// AppendQuery writes a number into a statement.
func (n number) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	if _, marks := gen.Dialect().(*marking); marks {
		return append(strconv.AppendInt(append(b, 0, markNumber), int64(n), 10), 0), nil
	}
	return gen.Append(b, int64(n)), nil
}

// boundMax is how many arguments are bound at most. Longer texts are those of
// imports and repairs; SQLite binds 32,766.
const boundMax = 400

// unmarked is a text without its arguments, and these. A text with very many, and
// one that can bind none, comes with all written out.
func unmarked(marked string) (text string, args []driver.NamedValue) {
	parts := strings.Split(marked, "\x00") // text and argument in turn
	if len(parts) == 1 {
		return marked, nil
	}
	bind := len(parts) < 2*boundMax && binds(marked)
	var b strings.Builder
	for i, part := range parts {
		switch {
		case i%2 == 0:
			b.WriteString(part)
		case bind:
			b.WriteByte('?')
			args = append(args, driver.NamedValue{Ordinal: len(args) + 1, Value: value(part)})
		default:
			b.WriteString(literal(part))
		}
	}
	return b.String(), args
}

// binds says whether a statement takes arguments: those about the database as
// such do not.
func binds(text string) bool {
	for _, word := range []string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"} {
		if strings.HasPrefix(text, word) {
			return true
		}
	}
	return false
}

// value is a marked argument as the driver wants it.
func value(marked string) driver.Value {
	switch text := marked[1:]; marked[0] {
	case markNumber:
		n, _ := strconv.ParseInt(text, 10, 64) // it was written by us
		return n
	case markBytes:
		bytes, _ := hex.DecodeString(text)
		return bytes
	default:
		return text
	}
}

// literal is a marked argument as SQL.
func literal(marked string) string {
	switch text := marked[1:]; marked[0] {
	case markNumber:
		return " " + text // a minus before it makes no comment
	case markBytes:
		return "X'" + text + "'"
	default:
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
}
