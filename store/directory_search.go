package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
)

func list[T any](xs []T) any { return bun.List(xs) }

// condition is a part of a WHERE with its arguments.
type condition struct {
	sql  string
	args []any
}

// after is where a page begins, and the order with its limit.
func after(q directory.Query) (condition, string) {
	column, sign, down := sortColumns[q.Sort], ">", ""
	if q.Down {
		sign, down = "<", " DESC"
	}
	order := " ORDER BY " + column + down + ", account_id" + down + " LIMIT ?"
	switch {
	case q.After == "":
		return condition{sql: "1 = 1"}, order
	case column == "login_key":
		return condition{"login_key " + sign + " ?", []any{q.After}}, order
	}
	start := cursor(q)
	return condition{"(" + column + ", account_id) " + sign + " (?, ?)", []any{start.Created, start.ID}}, order
}

// search finds a text. If few words begin with it, they are looked up and
// sorted. A common text, or a small site, is searched account by account in
// order, a limited number at a time; more is where to continue.
func (s *Store) search(ctx context.Context, q directory.Query) (found []place, more string, count int, err error) {
	text := identity.SearchText(q.Text)
	switch {
	case q.Size <= walked:
	case q.Group != "":
		hits, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM members WHERE name = ? LIMIT ?) AS x", q.Group, narrow+1))
		if err != nil {
			return nil, "", 0, err
		}
		if hits <= narrow {
			return s.lookUp(ctx, q, condition{`searched LIKE ? ESCAPE '\'`, []any{like(text)}})
		}
	case q.Text != "":
		word := []byte(text[:min(len(text), maxWord)])
		hits, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM words WHERE word >= ? AND word < ? LIMIT ?) AS x",
			word, append(word, 0xff), narrow+1))
		if err != nil {
			return nil, "", 0, err
		}
		if hits <= narrow {
			return s.lookUp(ctx, q, condition{"account_id IN (SELECT account_id FROM words WHERE word >= ? AND word < ?)", []any{word, append(word, 0xff)}})
		}
	}
	return s.walk(ctx, q, text)
}

// lookUp reads the accounts of a condition that only few meet, and sorts them in
// memory.
func (s *Store) lookUp(ctx context.Context, q directory.Query, few condition) (found []place, more string, count int, err error) {
	scope := scopeOf(q)
	found, err = s.places(ctx, "SELECT "+placeColumns+" FROM directory WHERE "+few.sql+" AND "+scope.sql, append(few.args, scope.args...)...)
	if err != nil {
		return nil, "", 0, err
	}
	count = len(found)
	order := q.Sort
	slices.SortFunc(found, func(x, y place) int { return x.compare(y, order) })
	if q.Down {
		slices.Reverse(found)
	}
	if start := cursor(q); q.After != "" {
		found = slices.DeleteFunc(found, func(p place) bool {
			c := p.compare(start, order)
			return c == 0 || (c < 0) != q.Down
		})
	}
	return found[:min(len(found), q.Limit)], "", count, nil
}

// cursor is the place after which a page begins.
func cursor(q directory.Query) place {
	value, id, _ := strings.Cut(q.After, ",")
	n, _ := strconv.ParseInt(value, 10, 64) // after a changed cursor the page begins at some other place
	return place{ID: id, Login: q.After, Created: n, LastAt: n}
}

// walk goes through the accounts in order.
func (s *Store) walk(ctx context.Context, q directory.Query, text string) (found []place, more string, count int, err error) {
	first, order := after(q)
	inner := "(SELECT login_key, created_at, last_login_at, account_id, searched, bucket FROM directory WHERE " + first.sql + order + ") AS x"
	scope := scopeOf(q)
	where := ` WHERE searched LIKE ? ESCAPE '\' AND ` + scope.sql
	tail := append([]any{like(text)}, scope.args...)
	args := append(append(append([]any{}, first.args...), walked), tail...)
	if found, err = s.places(ctx, "SELECT "+placeColumns+" FROM "+inner+where+order, append(args, q.Limit)...); err != nil {
		return nil, "", 0, err
	}
	if q.Size <= walked {
		count, err = s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM directory"+where, tail...))
		return found, "", count, err
	}
	if len(found) == q.Limit {
		return found, "", -1, nil
	}
	last, err := s.places(ctx, "SELECT "+placeColumns+" FROM directory WHERE "+first.sql+order+" OFFSET ?", append(append([]any{}, first.args...), 1, walked-1)...)
	if len(last) == 1 {
		more = last[0].value(q.Sort)
	}
	return found, more, -1, err
}

// like is a pattern for a text anywhere in another.
func like(text string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(text) + "%"
}

// scopeOf is which accounts a query is about, whatever it searches.
func scopeOf(q directory.Query) condition {
	c := condition{"bucket IN (?)", []any{list(orNone(q.Buckets))}}
	if len(q.More) > 0 {
		c.sql = "(" + c.sql + " OR bucket IN (?) AND account_id IN (SELECT account_id FROM members WHERE name IN (?)))"
		c.args = append(c.args, list(q.More), list(q.Asked))
	}
	if q.Group != "" {
		c.sql += " AND account_id IN (SELECT account_id FROM members WHERE name = ?)"
		c.args = append(c.args, q.Group)
	}
	return c
}

// orNone gives a bucket that nobody is in where there is none: a list in SQL is
// never empty.
func orNone(buckets []directory.Bucket) []directory.Bucket {
	if len(buckets) == 0 {
		return []directory.Bucket{-1}
	}
	return buckets
}

const (
	maxWord  = 32 // bytes of a word that are kept and compared
	maxWords = 16 // words of one account; a longer name is found by its beginning
)

// searchText is what a search looks through.
func searchText(key, name string) string {
	return identity.SearchText(key) + "\n" + identity.SearchText(name)
}

// words are the places of a text where a word begins, each with what follows,
// so that "byron@ex" finds ada.byron@example.com.
func words(text string) (list [][]byte) {
	seen := map[string]bool{}
	for line := range strings.SplitSeq(text, "\n") {
		before := ' '
		for i, r := range line {
			begins := i == 0 || isWord(r) && !isWord(before)
			before = r
			word := line[i:min(len(line), i+maxWord)]
			if begins && !seen[word] && len(list) < maxWords {
				seen[word] = true
				list = append(list, []byte(word))
			}
		}
	}
	return list
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == utf8.RuneError }

// Idle counts those of a query who signed in last before a time.
func (s *Store) Idle(ctx context.Context, q directory.Query, before time.Time, limit int) (int, error) {
	scope := scopeOf(q)
	return s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM directory WHERE "+scope.sql+" AND last_login_at > 0 AND last_login_at < ? LIMIT ?) AS x",
		append(scope.args, at(before), limit)...))
}
