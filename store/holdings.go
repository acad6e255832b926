package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// holdingRow is one thing that an account has; the others are empty.
type holdingRow struct {
	Credential credentialRow `bun:"embed:c_"`
	Accepted   string
	Session    sessionRow `bun:"embed:s_"`
	Browser    browserRow `bun:"embed:b_"`
	Link       linkRow    `bun:"embed:l_"`
}

// holdingsSQL gives one row for each thing: the kind of thing that n names is
// joined, and all others are not.
func holdingsSQL(db *bun.DB) string {
	return "SELECT " + columnsOf[credentialRow](db, "c") + ", t.accepted, " + columnsOf[sessionRow](db, "s") + ", " + columnsOf[browserRow](db, "b") +
		", " + columnsOf[linkRow](db, "l") + " FROM (SELECT 1 AS n UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4) AS kind" +
		" LEFT JOIN credentials AS c ON kind.n = 1 AND c.account_id = ? LEFT JOIN steps AS t ON t.credential_id = c.id" +
		" LEFT JOIN sessions AS s ON kind.n = 2 AND s.account_id = ?" +
		" LEFT JOIN browsers AS b ON kind.n = 3 AND b.account_id = ? AND b.trusted = TRUE" +
		" LEFT JOIN links AS l ON kind.n = 4 AND l.account_id = ? AND l.purpose = ? AND l.expires_at > ?"
}

// Holdings is what an account has, in one query.
func (s *Store) Holdings(ctx context.Context, id string, now time.Time) (h login.Holdings, err error) {
	var rows []holdingRow
	if err := s.find(ctx, s.holdingsSQL, []any{id, id, id, id, identity.LinkChange, at(now)}, &rows); err != nil {
		return h, err
	}
	for _, r := range rows {
		switch {
		case r.Credential.ID != "":
			r.Credential.Accepted = r.Accepted
			h.Credentials = append(h.Credentials, r.Credential.credential())
		case r.Session.ID != "":
			h.Sessions = append(h.Sessions, r.Session.session())
		case r.Browser.ID != "":
			h.Browsers = append(h.Browsers, r.Browser.browser())
		case r.Link.TokenHash != "":
			h.Change = r.Link.link()
		}
	}
	slices.SortFunc(h.Credentials, func(a, b factors.Credential) int {
		return cmp.Or(a.Created.Compare(b.Created), strings.Compare(a.Name, b.Name))
	})
	slices.SortFunc(h.Sessions, func(a, b identity.Session) int {
		return cmp.Or(b.LastSeen.Compare(a.LastSeen), strings.Compare(a.ID, b.ID))
	})
	slices.SortFunc(h.Browsers, func(a, b identity.Browser) int {
		return cmp.Or(b.LastUsed.Compare(a.LastUsed), strings.Compare(a.ID, b.ID))
	})
	return h, nil
}
