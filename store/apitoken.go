package store

import (
	"context"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
)

type apiTokenRow struct {
	bun.BaseModel `bun:"table:tokens"`
	ID            string `bun:",pk"`
	Name          string
	Scopes        string // joined by blanks
	AdminID       string `bun:",nullzero"`
	CreatedAt     stamp
	ExpiresAt     stamp
	UsedAt        stamp
}

func (r *apiTokenRow) token() identity.APIToken {
	t := identity.APIToken{ID: r.ID, Name: r.Name, AdminID: r.AdminID, Created: r.CreatedAt.Time(), Expires: r.ExpiresAt.Time(), Used: r.UsedAt.Time()}
	for s := range strings.FieldsSeq(r.Scopes) {
		t.Scopes = append(t.Scopes, identity.Scope(s))
	}
	return t
}

// Token finds a token of the JSON interface by its hash.
func (q query) Token(ctx context.Context, hash string) (identity.APIToken, error) {
	var r apiTokenRow
	err := q.db.NewSelect().Model(&r).Where("id = ?", hash).Scan(ctx)
	return r.token(), missing(err)
}

// Tokens lists the tokens of the JSON interface by name.
func (s *Store) Tokens(ctx context.Context) ([]identity.APIToken, error) {
	var rows []apiTokenRow
	err := s.reader.NewSelect().Model(&rows).Order("name").Scan(ctx)
	return mapRows(rows, (*apiTokenRow).token), err
}

// TouchToken notes when a token was used, if that was not noted since a time.
func (s *Store) TouchToken(ctx context.Context, hash string, now, since time.Time) error {
	return s.write(ctx, func(t *tx) error {
		_, err := t.db.NewRaw("UPDATE tokens SET used_at = ? WHERE id = ? AND used_at <= ?", at(now), hash, at(since)).Exec(ctx)
		return err
	})
}

// PutToken keeps a new token; false when there is one of its name.
func (x *act) PutToken(ctx context.Context, t identity.APIToken) (bool, error) {
	var scopes []string
	for _, s := range t.Scopes {
		scopes = append(scopes, string(s))
	}
	return changed(x.quietly().db.NewInsert().Model(&apiTokenRow{ID: t.ID, Name: t.Name, Scopes: strings.Join(scopes, " "), AdminID: t.AdminID,
		CreatedAt: at(t.Created), ExpiresAt: at(t.Expires)}).On("CONFLICT (name) DO NOTHING").Exec(ctx))
}

// DropToken revokes a token by its name; false when there is none.
func (x *act) DropToken(ctx context.Context, name string) (bool, error) {
	return changed(x.quietly().db.NewDelete().Table("tokens").Where("name = ?", name).Exec(ctx))
}

// DropTokensOf revokes the tokens that an admin made.
func (x *act) DropTokensOf(ctx context.Context, adminID string) error {
	_, err := x.quietly().db.NewDelete().Table("tokens").Where("admin_id = ?", adminID).Exec(ctx)
	return err
}
