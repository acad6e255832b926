package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
)

var _ accounts.Store = (*Store)(nil)

const (
	// walked is how many accounts one page of a search looks through. On a
	// site that has no more, every part of a word is found.
	walked = 10_000
	// narrow is how many finds of a search are read and sorted at once.
	narrow = 5_000
)

// CountAccounts counts all.
func (s *Store) CountAccounts(ctx context.Context) (int, error) {
	return s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM accounts"))
}

// sortColumns are what the list can be sorted by.
var sortColumns = map[string]string{"": "login_key", "login": "login_key", "created": "created_at", "last": "last_login_at"}

// place is one account in the order of the list.
type place struct {
	ID, Login       string
	Created, LastAt int64
}

// compare is the order of the list, upwards.
func (p place) compare(other place, sort string) int {
	switch sortColumns[sort] {
	case "created_at":
		return cmp.Or(cmp.Compare(p.Created, other.Created), strings.Compare(p.ID, other.ID))
	case "last_login_at":
		return cmp.Or(cmp.Compare(p.LastAt, other.LastAt), strings.Compare(p.ID, other.ID))
	}
	return strings.Compare(p.Login, other.Login)
}

const placeColumns = "account_id AS id, login_key AS login, created_at AS created, last_login_at AS last_at"

// placeNames is how placeColumns calls what is sorted by.
var placeNames = map[string]string{"login_key": "login", "created_at": "created", "last_login_at": "last_at"}

// value is what the list is sorted by, as a cursor holds it.
func (p place) value(sort string) string {
	switch sortColumns[sort] {
	case "created_at":
		return strconv.FormatInt(p.Created, 10) + "," + p.ID
	case "last_login_at":
		return strconv.FormatInt(p.LastAt, 10) + "," + p.ID
	}
	return p.Login
}

// Page reads one page of the list. Without a search it merges the buckets,
// each sorted by an index; with one see search.
func (s *Store) Page(ctx context.Context, q directory.Query) (directory.Page, error) {
	page := directory.Page{Count: q.Total}
	if len(q.Buckets)+len(q.More) == 0 {
		return page, nil
	}
	q.Limit++ // one more tells whether there is a next page
	var found []place
	var err error
	more := ""
	if q.Text == "" && q.Group == "" && len(q.More) == 0 {
		found, err = s.merge(ctx, q)
	} else {
		found, more, page.Count, err = s.search(ctx, q)
	}
	if err != nil {
		return page, err
	}
	if page.Count < 0 && q.Text == "" && q.Group == "" { // the buckets and the groups of the policy tell
		page.Count = q.Total
	}
	if page.Next, page.Partial = more, more != "" && len(found) < q.Limit; len(found) == q.Limit {
		found = found[:q.Limit-1]
		page.Next = found[len(found)-1].value(q.Sort)
	}
	page.Accounts, err = s.accountsOf(ctx, found)
	return page, err
}

// merge takes the first of each bucket and then the first of those. Only what
// the indexes hold is read.
func (s *Store) merge(ctx context.Context, q directory.Query) ([]place, error) {
	first, order := after(q)
	column := sortColumns[q.Sort]
	pick := "SELECT account_id, " + column + " FROM directory WHERE "
	give := "SELECT account_id AS id, " + column + " AS " + placeNames[column] + " FROM "
	if q.All {
		return s.places(ctx, give+"directory WHERE "+first.sql+order, append(first.args, q.Limit)...)
	}
	if s.pg { // one plan serves all buckets, where each part would be planned by itself
		args := append(append([]any{list(q.Buckets)}, first.args...), q.Limit, q.Limit)
		return s.places(ctx, give+"unnest(ARRAY[?]::bigint[]) AS v(n) CROSS JOIN LATERAL ("+pick+"bucket = v.n AND "+first.sql+order+") AS x"+order, args...)
	}
	var parts []string
	var args []any
	for _, b := range q.Buckets {
		parts = append(parts, "SELECT * FROM ("+pick+"bucket = ? AND "+first.sql+order+")")
		args = append(append(append(args, int(b)), first.args...), q.Limit)
	}
	return s.places(ctx, give+"("+strings.Join(parts, " UNION ALL ")+") AS x"+order, append(args, q.Limit)...)
}

func (s *Store) places(ctx context.Context, sql string, args ...any) (list []place, err error) {
	err = s.reader.NewRaw(sql, args...).Scan(ctx, &list)
	return list, err
}

// accountsOf reads the accounts of a page in the page's order.
func (s *Store) accountsOf(ctx context.Context, found []place) ([]identity.Account, error) {
	if len(found) == 0 {
		return nil, nil
	}
	ids, rank := make([]string, len(found)), map[string]int{}
	for i, p := range found {
		ids[i], rank[p.ID] = p.ID, i
	}
	var rows []accountRow
	err := s.reader.NewSelect().Model(&rows).Where("a.id IN (?)", list(ids)).Scan(ctx)
	slices.SortFunc(rows, func(x, y accountRow) int { return rank[x.ID] - rank[y.ID] })
	return mapRows(rows, (*accountRow).account), err
}
