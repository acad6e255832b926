package store

import (
	"context"
	"database/sql"
	"reflect"
	"strings"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// visitRow is what every signed-in request looks up. A new column of accounts
// is added to accountRow, and every look-up has it.
type visitRow struct {
	Session sessionRow `bun:"embed:s_"`
	Account accountRow `bun:"embed:a_"`
	Policy  sql.NullString
	Kept    bool
	Changes int64
}

// visitSQL is the look-up of every signed-in request.
func visitSQL(db *bun.DB) string {
	return "SELECT " + columnsOf[sessionRow](db, "s") + ", " + columnsOf[accountRow](db, "a") +
		", " + policySQL + ", EXISTS (SELECT 1 FROM outcomes WHERE session = s.token_hash) AS kept, CAST(" + changesSQL + " AS BIGINT) AS changes" +
		" FROM sessions AS s JOIN accounts AS a ON a.id = s.account_id WHERE s.token_hash = ?"
}

// policySQL reads the policy with something else.
const policySQL = "(SELECT value FROM settings WHERE key = 'policy') AS policy"

// columnsOf lists the columns of a row as a visitRow has them.
func columnsOf[R any](db *bun.DB, alias string) string {
	var list []string
	for _, f := range db.Table(reflect.TypeFor[R]()).Fields {
		list = append(list, alias+"."+f.Name+" AS "+alias+"_"+f.Name)
	}
	return strings.Join(list, ", ")
}

// Visit finds session, account and policy by the hash of a token, in one query.
func (s *Store) Visit(ctx context.Context, hash string) (login.Visited, error) {
	var r visitRow
	err := s.find(ctx, s.visitSQL, []any{hash}, &r)
	if err == nil && r.Session.ID == "" {
		err = identity.ErrNotFound
	}
	sess := r.Session.session()
	sess.Kept = r.Kept
	return login.Visited{Session: sess, Account: r.Account.account(), Policy: r.Policy.String, Changes: r.Changes}, err
}
