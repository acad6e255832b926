package store

import (
	"time"

	"github.com/uptrace/bun/schema"
)

// stamp is a time as it is kept: microseconds since 1970, 0 for never.
type stamp int64

func at(t time.Time) stamp {
	if t.IsZero() {
		return 0
	}
	return stamp(t.UnixMicro())
}

// AppendQuery writes a time into a statement.
func (s stamp) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	return number(s).AppendQuery(gen, b)
}

// Time gives the time back.
func (s stamp) Time() time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.UnixMicro(int64(s)).UTC()
}

func mapRows[R, T any](rows []R, f func(*R) T) []T {
	list := make([]T, len(rows))
	for i := range rows {
		list[i] = f(&rows[i])
	}
	return list
}
